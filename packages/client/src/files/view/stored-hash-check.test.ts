import { ChunkHashList, HashBranch, HashTree, RootHash } from '@pyrgos/core/containers';
import { loadCrypto } from '@pyrgos/core/crypto';
import { describe, expect, test } from 'vitest';
import { type HashMismatch, StoredHashCheck } from './stored-hash-check.js';

const crypto = await loadCrypto();

/** Leaf i holds i in its first bytes. */
function numbered(count: number): Uint8Array {
  const leaves = new Uint8Array(32 * count);
  const view = new DataView(leaves.buffer);
  for (let i = 0; i < count; i++) view.setUint32(32 * i, i);
  return leaves;
}

/** What the check says of these leaves in a file that stores these branches. */
function checked(leaves: Uint8Array, branchOf: (index: number) => HashBranch | undefined): HashMismatch | undefined {
  const check = new StoredHashCheck(crypto, branchOf(0)!);
  for (let i = 0; i < leaves.length / 32; i++) {
    // What other chunks store counts for nothing (chapter 04 section 8.3).
    check.add(leaves.subarray(32 * i, 32 * i + 32), i % 1024 === 0 || i < 3 ? branchOf(i) : undefined);
  }
  return check.finish();
}

const otherRoot = RootHash.of(new Uint8Array(32).fill(9));

/** The same branch with one list replaced. */
function withList({ root, levels }: HashBranch, level: number): HashBranch {
  return HashBranch.of(root, levels.toSpliced(level, 1, ChunkHashList.of(new Uint8Array(32).fill(1))));
}

describe('stored hash trees (chapter 04 section 8)', () => {
  test.each([1, 2, 1023, 1024, 1025, 2048, 2050])('of %i chunks fit when they are those of the content', (count) => {
    const leaves = numbered(count);
    const tree = HashTree.build(crypto, leaves);
    expect(checked(leaves, (index) => tree.branch(index))).toBeUndefined();
    expect(checked(leaves, () => HashBranch.of(tree.root, []))).toBeUndefined();
    const changed = leaves.slice();
    changed[32 * (count - 1) + 20] = 1;
    expect(checked(changed, (index) => tree.branch(index))).toEqual({ chunk: count - 1 });
    expect(checked(changed, () => HashBranch.of(tree.root, []))).toEqual({ chunk: undefined });
    if (count > 1) expect(checked(leaves.subarray(32), (index) => tree.branch(index))).toEqual({ chunk: 0 });
    expect(checked(leaves, (index) => HashBranch.of(otherRoot, tree.branch(index).levels))).toEqual({ chunk: undefined });
  });

  test('of later chunks are looked at, too, where they count', () => {
    const leaves = numbered(3000);
    const tree = HashTree.build(crypto, leaves);
    const only = (at: number, branch: HashBranch | undefined) => (index: number) => (index === at ? branch : tree.branch(index));
    expect(checked(leaves, only(1024, undefined))).toBeUndefined();
    expect(checked(leaves, only(1, withList(tree.branch(0), 0)))).toBeUndefined();
    expect(checked(leaves, only(2048, withList(tree.branch(2048), 0)))).toEqual({ chunk: 2048 });
    expect(checked(leaves, only(2048, HashBranch.of(otherRoot, [])))).toEqual({ chunk: undefined });
    expect(checked(leaves, only(0, withList(tree.branch(0), 1)))).toEqual({ chunk: undefined });
    // Readers take level 2 from one branch in 1024.
    expect(checked(leaves, only(1024, withList(tree.branch(1024), 1)))).toBeUndefined();
  });

  test('of three levels', () => {
    const leaves = numbered(1024 ** 2 + 1500);
    const tree = HashTree.build(crypto, leaves);
    expect(tree.levels.map((lists) => lists.length)).toEqual([1026, 2, 1]);
    const only = (at: number, branch: HashBranch) => (index: number) => (index === at ? branch : tree.branch(index));
    expect(checked(leaves, (index) => tree.branch(index))).toBeUndefined();
    expect(checked(leaves, only(1024 ** 2, withList(tree.branch(1024 ** 2), 1)))).toEqual({ chunk: undefined });
    expect(checked(leaves, only(0, withList(tree.branch(0), 2)))).toEqual({ chunk: undefined });
    expect(checked(leaves, only(1024 ** 2, withList(tree.branch(1024 ** 2), 2)))).toBeUndefined();
  });
});
