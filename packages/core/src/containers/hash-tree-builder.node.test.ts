import { expect, test } from 'vitest';
import { concatBytes, toHex } from '../bytes.js';
import { encodeCbor } from '../codec/cbor-encode.js';
import { loadCrypto } from '../crypto/index.js';
import { ChunkHashList } from './hash-tree.js';
import { HashTreeBuilder } from './hash-tree-builder.js';

const crypto = await loadCrypto();

// In Node only: it takes some 700 MB.
test('more than 7 * 1024^2 leaves, 35 TiB of a file (chapter 04 sections 8.1 and 27)', () => {
  const leaf = crypto.sha256(new Uint8Array());
  const builder = new HashTreeBuilder(crypto);
  const count = 7 * 1024 ** 2;
  for (let i = 0; i < count; i++) builder.addLeaf(leaf);
  /** The hash of a list that holds one hash many times. */
  const listOf = (hash: Uint8Array, length: number): ChunkHashList => {
    const hashes = new Uint8Array(32 * length);
    for (let i = 0; i < length; i++) hashes.set(hash, 32 * i);
    return ChunkHashList.of(hashes);
  };
  const first = listOf(leaf, 1024);
  const second = listOf(crypto.sha256(first.encode()), 1024);
  const third = listOf(crypto.sha256(second.encode()), 7);
  const rootOf = (top: ChunkHashList): string => toHex(crypto.sha256(encodeCbor([top.toCbor()])));
  const tree = builder.build();
  expect(tree.levels.map((lists) => lists.length)).toEqual([7168, 7, 1]);
  expect(toHex(tree.root.hash)).toBe(rootOf(third));
  // One more, and all levels grow.
  const larger = builder.addLeaf(leaf).build();
  expect(larger.levels.map((lists) => lists.length)).toEqual([7169, 8, 1]);
  const last = listOf(crypto.sha256(listOf(leaf, 1).encode()), 1);
  const top = ChunkHashList.of(concatBytes(third.hashes, crypto.sha256(last.encode())));
  expect(toHex(larger.root.hash)).toBe(rootOf(top));
  const branch = larger.branch(count);
  expect(branch.levels.map(({ length }) => length)).toEqual([1, 1, 8]);
  expect(branch.levels[2]!.equals(top)).toBe(true);
  expect(larger.leafCount).toBe(count + 1);
}, 60_000);
