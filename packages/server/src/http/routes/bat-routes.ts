import { Bat } from '@pyrgos/core/keys';
import { cid, hex, required } from '../parameters.js';
import { cborReply } from '../reply.js';
import type { Handler, RouteTable } from './route.js';

/** The BAT store below `/peergos/v0/bats/` (chapter 02 section 6). */
export const batRoutes: RouteTable = new Map<string, Handler>([
  [
    'getUserBats',
    async ({ exchange: { query }, services }) => {
      const bats = await services.bats.list(required(query, 'username'), hex(query, 'auth'));
      return cborReply(bats.map((bat) => bat.toCbor()));
    },
  ],
  [
    'addBat',
    async ({ exchange: { query }, services }) => {
      const bat = Bat.parse(required(query, 'bat'));
      await services.bats.add(required(query, 'username'), cid(query, 'batid'), bat, hex(query, 'auth'));
      return cborReply(true);
    },
  ],
]);
