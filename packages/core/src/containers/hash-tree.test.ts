import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fromHex, toHex } from '../bytes.js';
import { loadCrypto } from '../crypto/index.js';
import { ArgumentError, FormatError, LimitError, PyrgosError } from '../errors.js';
import v from '../../../../vectors/01/hash-tree.json' with { type: 'json' };
import { ChunkHashList, HashBranch, HashTree, RootHash } from './hash-tree.js';

const crypto = await loadCrypto();

function repeated(leaf: Uint8Array, count: number): Uint8Array {
  const leaves = new Uint8Array(leaf.length * count);
  for (let i = 0; i < count; i++) leaves.set(leaf, i * leaf.length);
  return leaves;
}

/** Leaf i holds i in its first bytes. */
function numbered(count: number): Uint8Array {
  const leaves = new Uint8Array(32 * count);
  for (let i = 0; i < count; i++) new DataView(leaves.buffer).setUint32(32 * i, i);
  return leaves;
}

test.each(v.valid)('$count leaves of $leaf', ({ leaf, count, root, levels, branch0, tree: treeCbor }) => {
  const tree = HashTree.build(crypto, repeated(fromHex(leaf), count));
  expect(String(tree.root)).toBe(root);
  expect(tree.levels.map((lists) => lists.length)).toEqual(levels);
  if (branch0 !== undefined) {
    expect(toHex(tree.branch(0).encode())).toBe(branch0);
    expect(HashBranch.decode(fromHex(branch0)).equals(tree.branch(0))).toBe(true);
  }
  if (treeCbor !== undefined) {
    expect(toHex(tree.encode())).toBe(treeCbor);
    expect(HashTree.decode(fromHex(treeCbor)).equals(tree)).toBe(true);
  }
});

test.each(v.invalid)('$format refused: $reason', ({ format, cbor }) => {
  const kind = format === 'HashTree' ? HashTree : HashBranch;
  expect(() => kind.decode(fromHex(cbor))).toThrow(FormatError);
});

describe('branches', () => {
  const tree = HashTree.build(crypto, numbered(2048 + 5));

  test('are the lists above a chunk', () => {
    expect(tree.levels.map((lists) => lists.length)).toEqual([3, 1, 0]);
    const branch = tree.branch(1024);
    expect(branch.levels.length).toBe(2);
    expect(branch.levels[0]?.at(3)).toEqual(numbered(1028).subarray(32 * 1027));
    expect(branch.levels[1]?.length).toBe(3);
    expect(branch.levels[1]?.at(1)).toEqual(crypto.sha256(tree.levels[0]?.[1]?.encode() ?? new Uint8Array()));
    expect(tree.branch(2048).levels[0]?.length).toBe(5);
    expect(tree.branch(1024 * 3).levels).toEqual([]);
  });

  test('give the tree again', () => {
    const rebuilt = HashTree.fromBranches([0, 1024, 2048].map((index) => HashBranch.decode(tree.branch(index).encode())));
    expect(rebuilt.equals(tree)).toBe(true);
    expect(rebuilt.isConsistent(crypto)).toBe(true);
    expect(HashTree.fromBranches([tree.branch(0)]).isConsistent(crypto)).toBe(false);
    expect(() => HashTree.fromBranches([])).toThrow(ArgumentError);
  });
});

test('a tree with a false root or leaf is inconsistent', () => {
  const tree = HashTree.build(crypto, numbered(3));
  expect(tree.isConsistent(crypto)).toBe(true);
  const bytes = tree.encode();
  for (const at of [10, bytes.length - 20]) {
    expect(HashTree.decode(bytes.map((byte, i) => (i === at ? byte ^ 1 : byte))).isConsistent(crypto)).toBe(false);
  }
});

test('arguments and limits are checked', () => {
  for (const leaves of [new Uint8Array(), new Uint8Array(33)]) expect(() => HashTree.build(crypto, leaves)).toThrow(ArgumentError);
  expect(ChunkHashList.of(new Uint8Array(32_768)).length).toBe(1024);
  expect(() => ChunkHashList.of(new Uint8Array(32_800))).toThrow(LimitError);
  expect(() => ChunkHashList.of(new Uint8Array(31))).toThrow(ArgumentError);
  expect(() => ChunkHashList.of(new Uint8Array(32)).at(1)).toThrow(ArgumentError);
  expect(() => RootHash.of(new Uint8Array(31))).toThrow(ArgumentError);
  const list = ChunkHashList.of(new Uint8Array(32));
  expect(() => HashBranch.of(RootHash.of(new Uint8Array(32)), [list, list, list, list])).toThrow(LimitError);
  expect(() => HashTree.build(crypto, numbered(1)).branch(-1)).toThrow(ArgumentError);
});

test('any number of leaves survives its encodings', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 3000 }), (count) => {
      const tree = HashTree.build(crypto, numbered(count));
      expect(HashTree.decode(tree.encode()).equals(tree)).toBe(true);
      const branches = Array.from({ length: Math.ceil(count / 1024) }, (_, k) => tree.branch(1024 * k));
      expect(HashTree.fromBranches(branches).equals(tree)).toBe(true);
    }),
    { numRuns: 20 },
  );
});

test('the decoders give an error of the family or a value that re-encodes identically', () => {
  const tree = HashTree.build(crypto, numbered(2));
  const mutated = fc
    .tuple(fc.constantFrom(tree.encode(), tree.branch(0).encode()), fc.nat(), fc.integer({ min: 1, max: 255 }))
    .map(([bytes, at, mask]) => bytes.map((byte, i) => (i === at % bytes.length ? byte ^ mask : byte)))
    // A renamed optional level is an unknown key and is dropped.
    .filter((bytes) => /6c31a1/.test(toHex(bytes)) || bytes.length > 150);
  fc.assert(
    fc.property(fc.oneof(mutated, fc.uint8Array({ maxLength: 60 })), (bytes) => {
      for (const kind of [HashTree, HashBranch]) {
        try {
          const value = kind.decode(bytes);
          if (kind === HashTree || toHex(bytes).includes('626c31a1')) expect(value.encode()).toEqual(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(PyrgosError);
        }
      }
    }),
  );
});
