import { describe, expect, test } from 'vitest';
import { encodeCbor } from '../codec/cbor-encode.js';
import type { CborValue } from '../codec/cbor-value.js';
import { Cid, CidCodec } from '../codec/cid.js';
import { loadCrypto } from '../crypto/index.js';
import { ArgumentError, FormatError, LimitError } from '../errors.js';
import { SigningKeyPair } from '../keys/signing-key.js';
import type { BlockSource } from '../store/block-store.js';
import { MemoryBlocks } from './memory-blocks.js';
import { followedLinks, reachableBlocks, type ReachableOptions } from './reachable.js';

const crypto = await loadCrypto();
const owner = SigningKeyPair.fromSeed(crypto, new Uint8Array(32).fill(1)).publicKey.hash;
const context = { owner };

/** Blocks, and the list of those that were read. */
function world() {
  const blocks = new MemoryBlocks(crypto);
  const reads: string[] = [];
  const source: BlockSource = {
    getBlock: async (cid) => {
      reads.push(cid.toString());
      return blocks.getBlock(cid);
    },
  };
  const put = (value: CborValue): Cid => blocks.putCbor(encodeCbor(value));
  const walk = async (roots: readonly Cid[], options?: ReachableOptions): Promise<string[]> => {
    const out: string[] = [];
    for await (const cid of reachableBlocks(roots, source, context, options)) out.push(cid.toString());
    return out;
  };
  return { blocks, reads, put, walk };
}

describe('reachableBlocks', () => {
  test('follows links in lists and maps, each block once', async () => {
    const { put, walk, reads } = world();
    const leaf = put('leaf');
    const middle = put(new Map([['a', leaf]]));
    const root = put([middle, [leaf, new Map([['b', middle]])]]);
    put('not linked');
    expect((await walk([root, leaf, root])).toSorted()).toEqual([root, middle, leaf].map(String).toSorted());
    expect(reads).toHaveLength(3);
  });

  test('skips identity CIDs and never loads raw blocks', async () => {
    const { put, walk, reads, blocks } = world();
    const raw = blocks.putRaw(encodeCbor([put('looks like a link')]));
    const root = put([owner.cid, raw]);
    expect((await walk([root, owner.cid])).toSorted()).toEqual([root, raw].map(String).toSorted());
    expect(reads).toEqual([root.toString()]);
    expect(followedLinks(raw, await blocks.getBlock(raw))).toEqual([]);
  });

  test('a deep chain and a wide block are no problem', async () => {
    const { put, walk } = world();
    let chain = put(0);
    for (let i = 1; i < 3000; i++) chain = put([chain, i]);
    const wide = put(Array.from({ length: 1000 }, (_, i) => put(`leaf ${i}`)));
    expect(await walk([chain])).toHaveLength(3000);
    expect(await walk([wide])).toHaveLength(1001);
  });

  test('a missing block is an error, or yielded without its links', async () => {
    const { put, walk } = world();
    const missing = Cid.ofSha256(new Uint8Array(32), CidCodec.dagCbor);
    const root = put([missing]);
    await expect(walk([root])).rejects.toMatchObject({ code: 'not-found.block' });
    expect(await walk([root], { onMissing: 'skip' })).toEqual([root, missing].map(String));
  });

  test('a block that is no CBOR is a format error', async () => {
    const { blocks, walk } = world();
    await expect(walk([blocks.putCbor(Uint8Array.of(0xff))])).rejects.toBeInstanceOf(FormatError);
  });

  test('links around text are followed', async () => {
    const { blocks, put, walk } = world();
    const leaf = put('leaf');
    const text = encodeCbor(leaf.toString());
    const root = blocks.putCbor(Uint8Array.from([0x81, 0xd8, 0x2a, ...text]));
    expect(await walk([root])).toEqual([root, leaf].map(String));
  });

  test('the number of blocks is limited', async () => {
    const { put, walk } = world();
    const root = put([put(1), put(2)]);
    expect(await walk([root], { maxBlocks: 3 })).toHaveLength(3);
    await expect(walk([root], { maxBlocks: 2 })).rejects.toBeInstanceOf(LimitError);
    await expect(walk([root], { maxBlocks: 0 })).rejects.toBeInstanceOf(ArgumentError);
    await expect(walk([root], { onMissing: 'x' as never })).rejects.toBeInstanceOf(ArgumentError);
  });

  test('a cancelled walk stops', async () => {
    const { put, blocks } = world();
    const walk = reachableBlocks([put(1)], blocks, { ...context, signal: AbortSignal.abort() });
    await expect(walk.next()).rejects.toMatchObject({ code: 'aborted' });
  });
});
