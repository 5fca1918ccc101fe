import { whenAborted } from '@pyrgos/core/abort';
import type { CryptoProvider } from '@pyrgos/core/crypto';
import { AbortedError } from '@pyrgos/core/errors';
import { type PublicKeyHash, signAttached, type Signer } from '@pyrgos/core/keys';
import {
  MAX_CBOR_BATCH_SIZE,
  MAX_CBOR_BLOCKS_PER_BATCH,
  MAX_RAW_BLOCKS_PER_BATCH,
  MAX_UPLOADS_IN_FLIGHT,
  SMALL_RAW_BLOCK_SIZE,
} from '@pyrgos/core/limits';
import type { BlockStore } from '@pyrgos/core/store';
import type { BufferedBlock } from './block-buffer.js';

/** Blocks that one request carries: one writer, all raw or all dag-cbor. */
export interface UploadBatch {
  readonly signer: Signer;
  readonly blocks: readonly BufferedBlock[];
}

function cut(blocks: readonly BufferedBlock[], maxBlocks: number, maxBytes: number): BufferedBlock[][] {
  const batches: BufferedBlock[][] = [];
  let bytes = 0;
  let open: BufferedBlock[] | undefined;
  for (const block of blocks) {
    if (open === undefined || open.length >= maxBlocks || bytes + block.bytes.length > maxBytes) {
      batches.push((open = []));
      bytes = 0;
    }
    open.push(block);
    bytes += block.bytes.length;
  }
  return batches;
}

/** Batches of one writer: large raw blocks, small raw blocks, dag-cbor blocks (chapter 03 section 11.5). */
export function planUploads(signer: Signer, blocks: readonly BufferedBlock[]): UploadBatch[] {
  const isLarge = (block: BufferedBlock): boolean => block.bytes.length >= SMALL_RAW_BLOCK_SIZE;
  const raw = blocks.filter((block) => block.isRaw);
  return [
    ...cut(raw.filter(isLarge), MAX_RAW_BLOCKS_PER_BATCH, Infinity),
    ...cut(
      raw.filter((block) => !isLarge(block)),
      MAX_RAW_BLOCKS_PER_BATCH,
      Infinity,
    ),
    ...cut(
      blocks.filter((block) => !block.isRaw),
      MAX_CBOR_BLOCKS_PER_BATCH,
      MAX_CBOR_BATCH_SIZE,
    ),
  ].map((batch) => ({ signer, blocks: batch }));
}

/** Where uploads go. */
export interface UploadTarget {
  readonly owner: PublicKeyHash;
  readonly store: BlockStore;
  readonly crypto: CryptoProvider;
  readonly transaction: string;
}

/**
 * Signs and uploads batches in order, at most four in flight. When it returns, all blocks are stored; when one batch fails, the others in
 * flight are cancelled and waited for, and the first error is thrown.
 */
export async function uploadBatches(batches: readonly UploadBatch[], target: UploadTarget, signal?: AbortSignal): Promise<void> {
  const { owner, store, crypto, transaction } = target;
  const controller = new AbortController();
  const abort = (): void => controller.abort(signal?.reason);
  const stopListening = whenAborted(signal, abort);
  const failures: unknown[] = [];
  const queue = batches.values();
  const work = async (): Promise<void> => {
    for (const { signer, blocks } of queue) {
      if (signal?.aborted === true) failures.push(new AbortedError('uploading blocks', signal));
      if (failures.length > 0) return;
      try {
        const signed = blocks.map(({ cid, bytes }) => ({
          cid,
          bytes,
          // The digest in the CID is the SHA-256 of the bytes: the buffer computed it.
          signature: signAttached(crypto, signer.secretKey, cid.multihash.digest),
        }));
        await store.putBlocks(owner, signer.publicKeyHash, signed, transaction, controller.signal);
      } catch (error) {
        failures.push(error);
        abort();
        return;
      }
    }
  };
  try {
    await Promise.all(Array.from({ length: Math.min(MAX_UPLOADS_IN_FLIGHT, batches.length) }, work));
  } finally {
    stopListening();
  }
  if (failures.length > 0) throw failures[0];
}
