import { BlindFollowRequest } from '@pyrgos/core/accounts';
import { DataFrameWriter, encodeCbor } from '@pyrgos/core/codec';
import { MAX_FOLLOW_REQUEST_BODY_SIZE, MAX_SIGNED_FOLLOW_REQUEST_BODY_SIZE } from '../../limits.js';
import { hex, keyHash } from '../parameters.js';
import { booleanReply, framedReply } from '../reply.js';
import type { Handler, RouteTable } from './route.js';

/** Follow requests below `/peergos/v0/social/` (chapter 02 section 9). */
export const socialRoutes: RouteTable = new Map<string, Handler>([
  [
    'followRequest',
    async ({ exchange, services }) => {
      const owner = keyHash(exchange.query, 'owner');
      const request = BlindFollowRequest.decode(await exchange.body(MAX_FOLLOW_REQUEST_BODY_SIZE));
      return booleanReply(await services.social.sendFollowRequest(owner, request, exchange.client));
    },
  ],
  [
    'getFollowRequests',
    async ({ exchange: { query }, services }) => {
      const requests = await services.social.getFollowRequests(keyHash(query, 'owner'), hex(query, 'auth'));
      return framedReply(new DataFrameWriter().writeBytes(encodeCbor(requests.map((request) => request.toCbor()))));
    },
  ],
  [
    'removeFollowRequest',
    async ({ exchange, services }) => {
      const owner = keyHash(exchange.query, 'owner');
      return booleanReply(await services.social.removeFollowRequest(owner, await exchange.body(MAX_SIGNED_FOLLOW_REQUEST_BODY_SIZE)));
    },
  ],
]);
