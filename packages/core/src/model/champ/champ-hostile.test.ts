import { describe, expect, test } from 'vitest';
import { type CborValue, type Cid, encodeCbor } from '../../codec/index.js';
import { loadCrypto } from '../../crypto/index.js';
import { AbortedError, FormatError } from '../../errors.js';
import { SigningKeyPair } from '../../keys/signing-key.js';
import type { BlockReadContext, BlockSink, BlockSource } from '../../store/block-store.js';
import { inodeChampOptions } from '../directory-inode.js';
import { Inode } from '../inode.js';
import { InodeFileSystem } from '../inode-filesystem.js';
import { MemoryBlocks } from '../memory-blocks.js';
import { directOwnedKeys } from '../owned-keys.js';
import { WriterData } from '../writer-data.js';
import { Champ } from './champ.js';
import { type ChampDifference, diffChamps, mergeChamps } from './champ-diff.js';

/** Trees that no writer makes: small to store, and without care endless to walk. */

const crypto = await loadCrypto();
const owner = SigningKeyPair.fromSeed(crypto, new Uint8Array(32).fill(1)).publicKey.hash;
const context = { owner };
const empty = new Uint8Array();

/** Blocks that count how often they are read. */
class CountedBlocks implements BlockSource, BlockSink {
  reads = 0;
  private readonly blocks = new MemoryBlocks(crypto);

  get size(): number {
    return this.blocks.size;
  }

  putCbor(bytes: Uint8Array): Cid {
    return this.blocks.putCbor(bytes);
  }

  async getBlock(cid: Cid): Promise<Uint8Array> {
    this.reads++;
    return this.blocks.getBlock(cid);
  }
}

/** A node with these children, slot 0 first; undefined leaves a slot unused. */
function putNode(blocks: BlockSink, children: readonly (Cid | undefined)[]): Cid {
  const bitmap = children.reduce((bits, child, slot) => (child === undefined ? bits : bits | (1 << slot)), 0);
  return blocks.putCbor(
    encodeCbor([empty, bitmap === 0 ? empty : Uint8Array.of(bitmap), children.filter((child) => child !== undefined).toReversed()]),
  );
}

/** A node with one mapping per given key; the keys belong into different slots. */
function putLeaf(blocks: BlockSink, slot: number, key: Uint8Array, value: CborValue = 1): Cid {
  return blocks.putCbor(encodeCbor([Uint8Array.of(1 << slot), empty, [[key, value]]]));
}

/** `levels` nodes, in each of which all eight slots refer to the next: 8^levels paths. */
function tower(blocks: BlockSink, levels: number, bottom: Cid): Cid {
  let top = bottom;
  for (let i = 0; i < levels; i++) top = putNode(blocks, Array(8).fill(top) as Cid[]);
  return top;
}

async function differences(
  left: Cid | undefined,
  right: Cid | undefined,
  source: BlockSource,
  given: BlockReadContext = context,
): Promise<ChampDifference[]> {
  const out: ChampDifference[] = [];
  for await (const difference of diffChamps(left, right, source, given)) out.push(difference);
  return out;
}

describe('a tower of nodes that each refer eight times to the next', () => {
  const blocks = new CountedBlocks();
  const top = tower(blocks, 31, putNode(blocks, []));

  test('iteration and size read each block once', async () => {
    const champ = Champ.open(top, blocks, context);
    blocks.reads = 0;
    expect(await champ.size()).toBe(0);
    expect(blocks.reads).toBe(blocks.size);
    expect(await champ.entries().next()).toEqual({ done: true, value: undefined });
    expect(blocks.reads).toBe(2 * blocks.size);
  });

  test('comparing with nothing, and merging, reads each block at most twice', async () => {
    blocks.reads = 0;
    expect(await differences(undefined, top, blocks)).toEqual([]);
    expect(await differences(top, undefined, blocks)).toEqual([]);
    expect(blocks.reads).toBeLessThanOrEqual(4 * blocks.size);
    blocks.reads = 0;
    const merged = await mergeChamps({ base: undefined, ours: top, remote: putNode(blocks, [top]) }, blocks, context).catch(
      (error: unknown) => error,
    );
    // One level more than a tree may have.
    expect(merged).toBeInstanceOf(FormatError);
    const ours = tower(blocks, 30, putNode(blocks, []));
    expect((await mergeChamps({ base: undefined, ours, remote: putNode(blocks, [ours]) }, blocks, context)).rootCid).toEqual(ours);
    expect(blocks.reads).toBeLessThanOrEqual(8 * blocks.size);
  });

  test('owned keys and public directories', async () => {
    blocks.reads = 0;
    const lookup = { hasher: crypto, blocks, context };
    for await (const key of directOwnedKeys(crypto, owner, WriterData.of(owner, { owned: top }), lookup)) expect(key).toBeUndefined();
    const environment = { hasher: crypto, source: blocks, sink: blocks, context };
    const directories = Champ.empty(blocks, context, inodeChampOptions(environment));
    const low = tower(blocks, 30, putNode(blocks, []));
    await directories.put(Inode.root.encode(), undefined, [empty, Uint8Array.of(255), Array(8).fill(low) as Cid[]]);
    const root = blocks.putCbor(
      encodeCbor(
        new Map<string, CborValue>([
          ['c', 1],
          ['r', directories.flush(blocks)],
        ]),
      ),
    );
    const files = await InodeFileSystem.open(environment, root);
    for await (const entry of files.listDirectory('/')) expect(entry).toBeUndefined();
    expect(blocks.reads).toBeLessThanOrEqual(3 * blocks.size);
  });
});

test('many different nodes without mappings, paired in every way: the work grows with their number, not with that of the pairs', async () => {
  const blocks = new CountedBlocks();
  // Each level has 12 nodes, each of which refers to eight of the next level; the two sides have no node in common.
  const side = (salt: number): Cid => {
    let level = Array.from({ length: 12 }, (_, i) => blocks.putCbor(encodeCbor([empty, empty, [], salt, i])));
    for (let depth = 0; depth < 20; depth++) {
      const below = level;
      level = below.map((_, i) =>
        putNode(
          blocks,
          Array.from({ length: 8 }, (_, slot) => below[(i * 5 + slot * (salt + 1) + depth) % 12]),
        ),
      );
    }
    return level[0]!;
  };
  const [left, right] = [side(1), side(2)];
  blocks.reads = 0;
  expect(await differences(left, right, blocks)).toEqual([]);
  expect(blocks.reads).toBeLessThanOrEqual(2 * blocks.size);
});

describe('a node with mappings occurs twice', () => {
  const blocks = new CountedBlocks();
  // The mapping belongs to the path 0, 0.
  const leaf = putLeaf(blocks, 0, Uint8Array.of(0));

  test('iteration and comparison refuse it', async () => {
    const root = putNode(blocks, [leaf, leaf]);
    await expect(Champ.open(root, blocks, context).size()).rejects.toBeInstanceOf(FormatError);
    await expect(differences(undefined, root, blocks)).rejects.toBeInstanceOf(FormatError);
    await expect(differences(root, undefined, blocks)).rejects.toBeInstanceOf(FormatError);
    expect(await Champ.open(root, blocks, context).get(Uint8Array.of(0))).toBe(1);
  });

  test('also far below nodes that hold nothing themselves', async () => {
    const high = tower(blocks, 28, leaf);
    blocks.reads = 0;
    await expect(Champ.open(high, blocks, context).size()).rejects.toBeInstanceOf(FormatError);
    await expect(differences(undefined, high, blocks)).rejects.toBeInstanceOf(FormatError);
    expect(blocks.reads).toBeLessThan(4 * blocks.size);
  });

  test('also when it was passed over at its first path, because both sides have it there', async () => {
    // What is below the hollow node belongs to the path 1, 0, 0, and both sides have it at 0, 0 as well.
    const inner = putLeaf(blocks, 0, Uint8Array.of(1));
    const hollow = putNode(blocks, [inner]);
    const other = putNode(blocks, [inner, putNode(blocks, [])]);
    const left = putNode(blocks, [hollow, hollow]);
    const right = putNode(blocks, [other]);
    for (const [one, two] of [
      [left, right],
      [right, left],
    ]) {
      await expect(differences(one, two, blocks)).rejects.toMatchObject({ code: 'format.champ' });
    }
  });
});

test('repeated empty subtrees beside mappings hide none of them', async () => {
  const blocks = new CountedBlocks();
  const hollow = tower(blocks, 5, putNode(blocks, []));
  const leafAt = (slot: number): Cid => putLeaf(blocks, 0, Uint8Array.of(slot), slot);
  const left = putNode(blocks, [hollow, leafAt(1), hollow, undefined, hollow, leafAt(5), undefined, hollow]);
  const right = putNode(blocks, [leafAt(0), leafAt(1), leafAt(2), hollow, undefined, hollow, leafAt(6), hollow]);
  const found = (await differences(left, right, blocks)).map(({ key, left: before, right: after }) => [key[0], before, after]);
  expect(found.toSorted((a, b) => Number(a[0]) - Number(b[0]))).toEqual([
    [0, undefined, 0],
    [2, undefined, 2],
    [5, 5, undefined],
    [6, undefined, 6],
  ]);
  expect(await Champ.open(right, blocks, context).size()).toBe(4);
});

describe('more mappings in a slot than fit', () => {
  const slotOf = (count: number): Uint8Array =>
    encodeCbor([Uint8Array.of(1), empty, [Array.from({ length: count }, (_, i) => [Uint8Array.of(0, i), i]).flat()]]);

  test.each([
    [4, {}],
    [16, { maxInline: 16 }],
    [1, { maxInline: 1 }],
  ])('%i are read, one more is refused', async (most, options) => {
    const blocks = new MemoryBlocks(crypto);
    const full = Champ.open(blocks.putCbor(slotOf(most)), blocks, context, options);
    expect(await full.size()).toBe(most);
    const over = Champ.open(blocks.putCbor(slotOf(most + 1)), blocks, context, options);
    await expect(over.size()).rejects.toMatchObject({ code: 'format.champ' });
    await expect(over.get(Uint8Array.of(0, 0))).rejects.toBeInstanceOf(FormatError);
  });
});

test('a merge stops when it is cancelled', async () => {
  const blocks = new CountedBlocks();
  const base = Champ.empty(blocks, context).flush(blocks);
  const change = async (salt: number): Promise<Cid> => {
    const champ = Champ.open(base, blocks, context);
    for (let i = 0; i < 200; i++) await champ.put(crypto.sha256(Uint8Array.of(i, salt)), undefined, i);
    return champ.flush(blocks);
  };
  const [ours, remote] = [await change(1), await change(2)];
  const controller = new AbortController();
  const stopping: BlockSource = {
    getBlock: async (cid) => {
      if (blocks.reads > 10) controller.abort();
      return blocks.getBlock(cid);
    },
  };
  blocks.reads = 0;
  const merging = mergeChamps({ base, ours, remote }, stopping, { owner, signal: controller.signal });
  await expect(merging).rejects.toBeInstanceOf(AbortedError);
  expect(blocks.reads).toBeLessThan(15);
});

describe('a sink that fails half-way', () => {
  const failingAfter = (count: number, sink: BlockSink): BlockSink => {
    let left = count;
    return {
      putCbor: (bytes) => {
        if (left-- === 0) throw new RangeError('disk full');
        return sink.putCbor(bytes);
      },
    };
  };

  test.each([0, 1, 5, 8])('flush after %i blocks: the next one saves the whole tree', async (count) => {
    const champ = Champ.empty(new MemoryBlocks(crypto), context);
    for (let i = 0; i < 60; i++) await champ.put(crypto.sha256(Uint8Array.of(i)), undefined, i);
    expect(() => champ.flush(failingAfter(count, new MemoryBlocks(crypto)))).toThrow(RangeError);
    expect(champ.rootCid).toBeUndefined();
    const blocks = new MemoryBlocks(crypto);
    expect(await Champ.open(champ.flush(blocks), blocks, context).size()).toBe(60);
  });

  test('the embedded form as well', async () => {
    const champ = Champ.empty(new MemoryBlocks(crypto), context);
    for (let i = 0; i < 60; i++) await champ.put(crypto.sha256(Uint8Array.of(i)), undefined, i);
    await expect(champ.toCbor(failingAfter(3, new MemoryBlocks(crypto)))).rejects.toThrow(RangeError);
    const blocks = new MemoryBlocks(crypto);
    expect(await Champ.fromCbor(await champ.toCbor(blocks), blocks, context).size()).toBe(60);
  });

  test('a sink that answers nonsense is refused', async () => {
    const champ = Champ.empty(new MemoryBlocks(crypto), context);
    await champ.put(Uint8Array.of(1), undefined, 1);
    const sink = { putCbor: () => 'zdpu' as unknown as Cid };
    expect(() => champ.flush(sink)).toThrow(expect.objectContaining({ code: 'argument' }));
    expect(champ.rootCid).toBeUndefined();
  });
});
