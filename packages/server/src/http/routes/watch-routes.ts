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
      const request = decodeWatchRequest(await exchange.body(MAX_WATCH_BODY_SIZE));
      const { client } = exchange;
      const signal = exchange.standAside();
      return bytesReply(encodeWatchAnswer(await services.watches.watch(request, { client, signal })), { 'cache-control': 'no-store' });
    },
  ],
]);
