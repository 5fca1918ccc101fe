import { type Cid, CidCodec, encodeCbor } from '@pyrgos/core/codec';
import { NotFoundError } from '@pyrgos/core/errors';
import type { PublicKeyHash } from '@pyrgos/core/keys';
import { MAX_BLOCK_SIZE } from '@pyrgos/core/limits';
import { beforeAll, describe, expect, test } from 'vitest';
import { CommitWorld, outcome } from '../../test/commit-world.js';
import { BlockBuffer } from './index.js';

let world: CommitWorld;
let a: PublicKeyHash;
let b: PublicKeyHash;

beforeAll(async () => {
  world = await CommitWorld.create();
  a = world.signer(1).publicKeyHash;
  b = world.signer(2).publicKeyHash;
});

function buffer(): BlockBuffer {
  return new BlockBuffer({ getBlock: () => Promise.reject(new NotFoundError('not-found.block', 'x')) }, world.crypto);
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
    const missing = world.crypto.sha256(raw(7));
    const root = blocks.putCbor(a, encodeCbor([chunk, fragment]));
    expect(missing.length).toBe(32);
    expect(texts(blocks.reachableFrom(root))).toEqual([fragment, chunk, root].map(String));
    expect(blocks.reachableFrom(a.cid)).toEqual([]);
  });

  test('collects what no root reaches', () => {
    const blocks = buffer();
    const fragment = blocks.putRaw(a, raw(1));
    const loose = blocks.putRaw(a, raw(2));
    const root = blocks.putCbor(a, encodeCbor([fragment]));
    blocks.retainReachable([root, root]);
    expect(blocks.find(loose)).toBe(undefined);
    expect(blocks.count).toBe(2);
    expect(blocks.size).toBe(5 + encodeCbor([fragment]).length);
    blocks.drop([{ cid: fragment }, { cid: loose }]);
    expect(blocks.size).toBe(encodeCbor([fragment]).length);
    blocks.clear();
    expect([blocks.count, blocks.size]).toEqual([0, 0]);
  });

  test('refuses blocks above the limit and arguments of wrong types', async () => {
    const blocks = buffer();
    blocks.putRaw(a, new Uint8Array(MAX_BLOCK_SIZE));
    expect(() => blocks.putRaw(a, new Uint8Array(MAX_BLOCK_SIZE + 1))).toThrow('block size');
    expect(() => blocks.putRaw('x' as unknown as PublicKeyHash, raw(1))).toThrow('writer');
    expect(() => blocks.putRaw(a, 'x' as unknown as Uint8Array)).toThrow('bytes');
    expect(await outcome(blocks.getBlock(a.cid, { owner: a }))).toBe('not-found.block');
  });
});
