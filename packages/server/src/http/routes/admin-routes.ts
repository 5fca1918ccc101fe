import { cborMap } from '@pyrgos/core/codec';
import { cid, hex, keyHash, required } from '../parameters.js';
import { cborReply } from '../reply.js';
import type { Handler, RouteTable } from './route.js';

/** Administration below `/peergos/v0/admin/` (chapter 02 section 12). */
export const adminRoutes: RouteTable = new Map<string, Handler>([
  [
    'version',
    ({ services }) => {
      const { version, source } = services.admin.version();
      return cborReply(
        cborMap([
          ['v', version],
          ['s', source],
        ]),
      );
    },
  ],
  ['signups', async ({ services }) => cborReply((await services.admin.signups()).toCbor())],
  ['waitlist', async ({ exchange, services }) => cborReply(await services.admin.joinWaitList(required(exchange.query, 'email')))],
  [
    'pending',
    async ({ exchange: { query }, services }) => {
      const requests = await services.admin.pending(keyHash(query, 'admin'), cid(query, 'instance'), hex(query, 'auth'));
      return cborReply(requests.map((request) => request.toCbor()));
    },
  ],
  [
    'approve',
    async ({ exchange: { query }, services }) =>
      cborReply(await services.admin.approve(keyHash(query, 'admin'), cid(query, 'instance'), hex(query, 'req'))),
  ],
]);
