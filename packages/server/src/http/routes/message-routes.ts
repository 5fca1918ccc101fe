import { MAX_SERVER_MESSAGE_BODY_SIZE } from '../../limits.js';
import { hex, required } from '../parameters.js';
import { cborReply } from '../reply.js';
import type { Handler, RouteTable } from './route.js';

/** Messages between users and operators below `/peergos/v0/server-message/` (chapter 02 section 13). */
export const messageRoutes: RouteTable = new Map<string, Handler>([
  [
    'retrieve',
    async ({ exchange: { query }, services }) => {
      const messages = await services.messages.retrieve(required(query, 'username'), hex(query, 'auth'));
      return cborReply(messages.map((message) => message.toCbor()));
    },
  ],
  [
    'send',
    async ({ exchange, services }) => {
      const username = required(exchange.query, 'username');
      await services.messages.send(username, await exchange.body(MAX_SERVER_MESSAGE_BODY_SIZE));
      return cborReply(true);
    },
  ],
]);
