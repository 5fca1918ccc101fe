import { decodeMultiWriterCommit } from '@pyrgos/core/model';
import { MAX_MULTI_WRITER_COMMIT_SIZE } from '@pyrgos/core/limits';
import { MAX_POINTER_BODY_SIZE } from '../../limits.js';
import { keyHash } from '../parameters.js';
import { booleanReply, bytesReply } from '../reply.js';
import type { Handler, RouteTable } from './route.js';

/** Mutable pointers below `/peergos/v0/mutable/` (chapter 02 section 7). */
export const pointerRoutes: RouteTable = new Map<string, Handler>([
  [
    'getPointer',
    async ({ exchange: { query }, services }) => {
      const signed = await services.pointers.getPointer(keyHash(query, 'owner'), keyHash(query, 'writer'));
      return bytesReply(signed ?? new Uint8Array());
    },
  ],
  [
    'setPointer',
    async ({ exchange, services }) => {
      const owner = keyHash(exchange.query, 'owner');
      const writer = keyHash(exchange.query, 'writer');
      return booleanReply(await services.pointers.setPointer(owner, writer, await exchange.body(MAX_POINTER_BODY_SIZE)));
    },
  ],
  [
    'setPointers',
    async ({ exchange, services }) => {
      const owner = keyHash(exchange.query, 'owner');
      const updates = decodeMultiWriterCommit(await exchange.body(MAX_MULTI_WRITER_COMMIT_SIZE));
      return booleanReply(await services.pointers.setPointers(owner, updates));
    },
  ],
]);
