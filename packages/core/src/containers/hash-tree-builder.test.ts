import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import v from '../../../../vectors/01/hash-tree.json' with { type: 'json' };
import { fromHex } from '../bytes.js';
import { loadCrypto } from '../crypto/index.js';
import { ArgumentError } from '../errors.js';
import { HashTree } from './hash-tree.js';
import { HashTreeBuilder } from './hash-tree-builder.js';

const crypto = await loadCrypto();

function numbered(count: number): Uint8Array {
  const leaves = new Uint8Array(32 * count);
  for (let i = 0; i < count; i++) new DataView(leaves.buffer).setUint32(32 * i, i);
  return leaves;
}

/** The tree of numbered leaves, some of them replaced. */
function treeOf(count: number, ...changed: readonly number[]): HashTree {
  const leaves = numbered(count);
  for (const index of changed) leaves[32 * index + 31] = 1;
  return HashTree.build(crypto, leaves);
}

test('vectors: the tree of a file, and of an empty one', () => {
  expect(String(new HashTreeBuilder(crypto).addChunk(new Uint8Array()).build().root)).toBe(v.valid[0]?.root);
  expect(String(new HashTreeBuilder(crypto).addChunk(new TextEncoder().encode('hello')).build().root)).toBe(v.valid[1]?.root);
});

test.each(v.valid.filter(({ count }) => count <= 2048))('vectors: $count leaves', ({ leaf, count, root }) => {
  const builder = new HashTreeBuilder(crypto);
  for (let i = 0; i < count; i++) builder.addLeaf(fromHex(leaf));
  expect(String(builder.build().root)).toBe(root);
});

test('leaf by leaf is as all at once, at any moment', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 3000 }), (count) => {
      const leaves = numbered(count);
      const builder = new HashTreeBuilder(crypto);
      for (let i = 0; i < count; i++) {
        builder.addLeaf(leaves.subarray(32 * i, 32 * (i + 1)));
        if (i === count >> 1) expect(builder.build().equals(HashTree.build(crypto, leaves.subarray(0, 32 * (i + 1))))).toBe(true);
      }
      expect(builder.leafCount).toBe(count);
      expect(builder.build().equals(HashTree.build(crypto, leaves))).toBe(true);
    }),
    { numRuns: 20 },
  );
});

test('a tree that was built does not change when more is added', () => {
  const builder = new HashTreeBuilder(crypto).addLeaf(numbered(1));
  const tree = builder.build();
  const before = tree.encode();
  builder.addLeaf(new Uint8Array(32).fill(1));
  expect(tree.encode()).toEqual(before);
});

describe('leaves of a tree', () => {
  const tree = treeOf(2050);

  test('are counted and read', () => {
    expect(tree.leafCount).toBe(2050);
    for (const index of [0, 1023, 1024, 2049]) expect(tree.leaf(index)).toEqual(numbered(index + 1).slice(32 * index));
    expect(tree.leaf(2050)).toBeUndefined();
    expect(tree.leaf(10_000)).toBeUndefined();
    expect(() => tree.leaf(-1)).toThrow(ArgumentError);
  });

  test('that changed are found', () => {
    expect([...tree.changedChunks(tree)]).toEqual([]);
    expect([...treeOf(2050, 0, 1023, 1024, 2049).changedChunks(tree)]).toEqual([0, 1023, 1024, 2049]);
    expect([...treeOf(2053, 5).changedChunks(tree)]).toEqual([5, 2050, 2051, 2052]);
    expect([...treeOf(3, 1).changedChunks(tree)]).toEqual([1]);
    expect([...treeOf(1025).changedChunks(treeOf(1))]).toEqual(Array.from({ length: 1024 }, (_, i) => i + 1));
  });
});

test('arguments are checked', () => {
  expect(() => new HashTreeBuilder(crypto).build()).toThrow(ArgumentError);
  expect(() => new HashTreeBuilder(crypto).addLeaf(new Uint8Array(31))).toThrow(ArgumentError);
  expect(() => new HashTreeBuilder({} as typeof crypto)).toThrow(ArgumentError);
  expect(() => [...treeOf(1).changedChunks({} as HashTree)]).toThrow(ArgumentError);
});
