import { flag, hex, keyHash } from '../parameters.js';
import { cborReply } from '../reply.js';
import type { Handler, RouteTable } from './route.js';

/** Usage, quota and space requests below `/peergos/v0/storage/` (chapter 02 section 11). */
export const spaceRoutes: RouteTable = new Map<string, Handler>([
  [
    'usage',
    async ({ exchange: { query }, services }) =>
      cborReply(await services.space.usage(keyHash(query, 'owner'), hex(query, 'auth'), flag(query, 'local'))),
  ],
  [
    'quota',
    async ({ exchange: { query }, services }) => cborReply(await services.space.quota(keyHash(query, 'owner'), hex(query, 'auth'))),
  ],
  [
    'payment-properties',
    async ({ exchange: { query }, services }) => {
      const properties = await services.space.paymentProperties(
        keyHash(query, 'owner'),
        flag(query, 'new-client-secret'),
        hex(query, 'auth'),
      );
      return cborReply(properties.toCbor());
    },
  ],
  [
    'request',
    async ({ exchange: { query }, services }) =>
      cborReply((await services.space.requestSpace(keyHash(query, 'owner'), hex(query, 'req'))).toCbor()),
  ],
]);
