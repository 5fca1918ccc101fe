import { Cid, CidCodec } from '@pyrgos/core/codec';
import {
  MAX_CBOR_BATCH_SIZE,
  MAX_CBOR_BLOCKS_PER_BATCH,
  MAX_RAW_BLOCKS_PER_BATCH,
  MAX_UPLOADS_IN_FLIGHT,
  SMALL_RAW_BLOCK_SIZE,
} from '@pyrgos/core/limits';
import type { BlockStore } from '@pyrgos/core/store';
import { describe, expect, test } from 'vitest';
import { CommitWorld, networkError, outcome } from '../../test/commit-world.js';
import type { BufferedBlock } from './block-buffer.js';
import { planUploads, uploadBatches } from './upload.js';

const world = await CommitWorld.create();
const signer = world.identity;
let counter = 0;

/** A block of a given size; its CID is unique but not that of its bytes. */
function block(size: number, isRaw: boolean): BufferedBlock {
  const id = world.crypto.sha256(new TextEncoder().encode(String(counter++)));
  const cid = Cid.ofSha256(id, isRaw ? CidCodec.raw : CidCodec.dagCbor);
  return { cid, bytes: new Uint8Array(size), isRaw, writers: [signer.publicKeyHash] };
}

const blocks = (count: number, size: number, isRaw: boolean): BufferedBlock[] => Array.from({ length: count }, () => block(size, isRaw));
const plan = (list: readonly BufferedBlock[]): number[] => planUploads(signer, list).map((batch) => batch.blocks.length);

describe('planUploads', () => {
  test('large raw, small raw, dag-cbor, in this order', () => {
    const [cbor, small, large] = [block(1, false), block(SMALL_RAW_BLOCK_SIZE - 1, true), block(SMALL_RAW_BLOCK_SIZE, true)];
    expect(planUploads(signer, [cbor, small, large]).map((batch) => batch.blocks)).toEqual([[large], [small], [cbor]]);
    expect(plan([])).toEqual([]);
  });

  test('raw batches hold 50 blocks', () => {
    expect(plan(blocks(MAX_RAW_BLOCKS_PER_BATCH, 1, true))).toEqual([50]);
    expect(plan(blocks(MAX_RAW_BLOCKS_PER_BATCH + 1, 1, true))).toEqual([50, 1]);
  });

  test('dag-cbor batches hold 1000 blocks and 1 MiB', () => {
    expect(plan(blocks(MAX_CBOR_BLOCKS_PER_BATCH, 1, false))).toEqual([1000]);
    expect(plan(blocks(MAX_CBOR_BLOCKS_PER_BATCH + 1, 1, false))).toEqual([1000, 1]);
    expect(plan([block(MAX_CBOR_BATCH_SIZE - 1, false), block(1, false)])).toEqual([2]);
    expect(plan([block(MAX_CBOR_BATCH_SIZE - 1, false), block(2, false)])).toEqual([1, 1]);
    expect(plan([block(MAX_CBOR_BATCH_SIZE + 100, false), block(1, false)])).toEqual([1, 1]);
  });
});

describe('uploadBatches', () => {
  /** A store that notes what is in flight and fails when told to. */
  function store(fail: (call: number) => boolean): { store: BlockStore; most: () => number; calls: () => number } {
    let [inFlight, most, calls] = [0, 0, 0];
    const putBlocks = async (_o: unknown, _w: unknown, _b: unknown, _t: unknown, signal?: AbortSignal): Promise<void> => {
      const call = ++calls;
      most = Math.max(most, ++inFlight);
      for (let i = 0; i < 5; i++) await Promise.resolve();
      inFlight--;
      if (signal?.aborted === true) throw new Error('was cancelled');
      if (fail(call)) throw networkError();
    };
    return { store: { ...world.server.blocks, putBlocks } as unknown as BlockStore, most: () => most, calls: () => calls };
  }
  const target = (to: BlockStore): Parameters<typeof uploadBatches>[1] => ({
    owner: world.owner,
    store: to,
    crypto: world.crypto,
    transaction: 't',
  });
  const batches = (count: number): ReturnType<typeof planUploads> =>
    Array.from({ length: count }, () => planUploads(signer, [block(1, false)])).flat();

  test('has at most four batches in flight', async () => {
    const server = store(() => false);
    await uploadBatches(batches(11), target(server.store));
    expect([server.most(), server.calls()]).toEqual([MAX_UPLOADS_IN_FLIGHT, 11]);
    await uploadBatches([], target(server.store));
  });

  test('stops at the first failure and reports that one', async () => {
    const server = store((call) => call === 2);
    expect(await outcome(uploadBatches(batches(11), target(server.store)))).toBe('network');
    expect(server.calls()).toBeLessThan(7);
  });

  test('stops when cancelled', async () => {
    const controller = new AbortController();
    const server = store((call) => {
      if (call === 1) controller.abort();
      return false;
    });
    await expect(uploadBatches(batches(11), target(server.store), controller.signal)).rejects.toThrow('cancelled');
    expect(server.calls()).toBeLessThan(9);
    expect(await outcome(uploadBatches(batches(1), target(server.store), controller.signal))).toBe('aborted');
  });
});
