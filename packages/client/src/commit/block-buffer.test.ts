import { Cid, CidCodec, encodeCbor } from '@pyrgos/core/codec';
import { NotFoundError } from '@pyrgos/core/errors';
import type { PublicKeyHash } from '@pyrgos/core/keys';
import { MAX_BLOCK_SIZE } from '@pyrgos/core/limits';
import { beforeAll, describe, expect, test } from 'vitest';
import { CommitWorld, outcome } from '../../test/commit-world.js';
import { BlockBuffer } from './block-buffer.js';
import { DroppedBlocks } from './dropped-blocks.js';

let world: CommitWorld;
let a: PublicKeyHash;
let b: PublicKeyHash;

beforeAll(async () => {
  world = await CommitWorld.create();
  a = world.signer(1).publicKeyHash;
  b = world.signer(2).publicKeyHash;
});

function buffer(dropped?: DroppedBlocks): BlockBuffer {
  return new BlockBuffer({ getBlock: () => Promise.reject(new NotFoundError('not-found.block', 'x')) }, world.crypto, dropped);
}

const raw = (n: number): Uint8Array => new Uint8Array(5).fill(n);
const texts = (cids: readonly { readonly cid: Cid }[]): string[] => cids.map(({ cid }) => cid.toString());

describe('BlockBuffer', () => {
  test('serves what it holds and asks the source for the rest', async () => {
    const source = { getBlock: () => Promise.resolve(raw(9)) };
    const blocks = new BlockBuffer(source, world.crypto);
    const cid = blocks.putCbor(a, encodeCbor(['x']));
    expect(cid.codec).toBe(CidCodec.dagCbor);
    expect(blocks.putRaw(a, raw(1)).codec).toBe(CidCodec.raw);
    expect(await blocks.getBlock(cid, { owner: a })).toEqual(encodeCbor(['x']));
    expect(await blocks.getBlock(world.owner.cid, { owner: a })).toEqual(raw(9));
    expect(blocks.find(cid)?.isRaw).toBe(false);
    expect(blocks.size).toBe(encodeCbor(['x']).length + 5);
  });

  test('remembers every writer of one block and counts it once', () => {
    const blocks = buffer();
    const cid = blocks.sinkFor(a).putCbor(encodeCbor([]));
    blocks.sinkFor(b).putCbor(encodeCbor([]));
    blocks.sinkFor(a).putCbor(encodeCbor([]));
    expect(blocks.find(cid)?.writers).toEqual([a, b]);
    expect(blocks.count).toBe(1);
    expect(blocks.size).toBe(1);
  });

  test('follows links through buffered blocks only, in insertion order, and never into raw blocks', () => {
    const blocks = buffer();
    const fragment = blocks.putRaw(a, raw(1));
    blocks.putRaw(a, raw(2));
    const chunk = blocks.putCbor(a, encodeCbor([fragment, a.cid]));
    const elsewhere = Cid.ofSha256(world.crypto.sha256(raw(7)), CidCodec.raw);
    const root = blocks.putCbor(a, encodeCbor([chunk, fragment, elsewhere]));
    expect(texts(blocks.reachableFrom(root).blocks)).toEqual([fragment, chunk, root].map(String));
    expect(blocks.reachableFrom(root).exits).toEqual([elsewhere.key]);
    expect(blocks.reachableFrom(a.cid).blocks).toEqual([]);
  });

  test('drops what only replaced versions reach, and keeps what none has linked to yet', () => {
    const blocks = buffer();
    const [kept, old, loose] = [1, 2, 3].map((n) => blocks.putRaw(a, raw(n)));
    const replaced = blocks.putCbor(a, encodeCbor([kept!, old!]));
    const root = blocks.putCbor(a, encodeCbor([kept!]));
    blocks.dropReplaced([replaced], blocks.reachableFrom(root).blocks);
    expect([kept!, old!, loose!, replaced, root].map((cid) => blocks.find(cid) !== undefined)).toEqual([true, false, true, false, true]);
    expect(blocks.size).toBe(5 + 5 + encodeCbor([kept!]).length);
    blocks.stored([{ cid: kept! }, { cid: old! }]);
    expect(blocks.size).toBe(5 + encodeCbor([kept!]).length);
    blocks.clear();
    expect([blocks.count, blocks.size]).toEqual([0, 0]);
  });

  test('remembers what it drops, but not what is stored', () => {
    const dropped = new DroppedBlocks();
    const blocks = buffer(dropped);
    const [one, two] = [blocks.putRaw(a, raw(1)), blocks.putRaw(a, raw(2))];
    blocks.stored([{ cid: one }]);
    blocks.clear();
    expect([dropped.has(one), dropped.has(two)]).toEqual([false, true]);
    blocks.putRaw(a, raw(2));
    blocks.stored([{ cid: two }]);
    expect(dropped.count).toBe(0);
    // A malformed block is nobody's problem until it is used.
    const junk = blocks.putCbor(a, Uint8Array.of(0xff));
    expect(() => blocks.reachableFrom(junk)).toThrow('dag-cbor');
    blocks.clear();
    expect(dropped.has(junk)).toBe(true);
  });

  test('takes nothing after the end of its operation', () => {
    const blocks = buffer();
    const sink = blocks.sinkFor(a);
    blocks.putRaw(a, raw(1));
    blocks.close();
    expect(blocks.count).toBe(0);
    expect(() => sink.putCbor(encodeCbor(['x']))).toThrow('has ended');
  });

  test('refuses blocks above the limit and arguments of wrong types', async () => {
    const blocks = buffer();
    blocks.putRaw(a, new Uint8Array(MAX_BLOCK_SIZE));
    expect(() => blocks.putRaw(a, new Uint8Array(MAX_BLOCK_SIZE + 1))).toThrow('block size');
    expect(() => blocks.putRaw('x' as unknown as PublicKeyHash, raw(1))).toThrow('writer');
    expect(() => blocks.putRaw(a, 'x' as unknown as Uint8Array)).toThrow('bytes');
    expect(() => blocks.sinkFor('x' as unknown as PublicKeyHash)).toThrow('writer');
    expect(() => blocks.find('x' as unknown as Cid)).toThrow('cid');
    expect(await outcome(blocks.getBlock(a.cid, { owner: a }))).toBe('not-found.block');
  });
});
