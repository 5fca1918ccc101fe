import { decodeWatchRequest, encodeWatchAnswer } from '@pyrgos/core/api';
import { MAX_WATCH_BODY_SIZE } from '../../limits.js';
import { bytesReply, emptyReply } from '../reply.js';
import type { Handler, RouteTable } from './route.js';

/** What this server offers beyond the protocol, below `/peergos/v0/pyrgos/` (chapter 02 section 24). */
export const watchRoutes: RouteTable = new Map<string, Handler>([
  [
    'watch',
    async ({ exchange, services }) => {
      // Nothing that waits may be fetched by what only follows an address.
      if (exchange.method !== 'POST') return emptyReply(405, { allow: 'POST' });
      const { client } = exchange;
      // Nothing here holds the request while it waits.
      const waiting = services.watches.watch(decodeWatchRequest(await exchange.body(MAX_WATCH_BODY_SIZE)), {
        client,
        signal: exchange.standAside(),
      });
      return bytesReply(encodeWatchAnswer(await waiting), { 'cache-control': 'no-store' });
    },
  ],
]);
