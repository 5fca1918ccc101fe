import { equalBytes } from '@pyrgos/core/bytes';
import { ChunkHashList, type HashBranch, HashTree, HashTreeBuilder } from '@pyrgos/core/containers';
import type { Hasher } from '@pyrgos/core/crypto';

const HASH_SIZE = 32;
/** Chunks between two that store a branch, and between two branches of a level per branch of the next (chapter 04 section 8.3). */
const INTERVAL = 1024;

/** What does not fit. */
export interface HashMismatch {
  /** The first chunk whose hash is another one; undefined when only what lies above the chunks is wrong. */
  readonly chunk: number | undefined;
}

/**
 * Compares the content hash tree that a file stores (chapter 04 section 8) with its content, chunk by chunk. Keeps 32 KiB, and 32 bytes for
 * every 5 GiB: not the hashes of all chunks, nor what the file stores of them.
 */
export class StoredHashCheck {
  /** The hashes of the chunks since the last one that stores a branch. */
  private readonly leaves = new Uint8Array(HASH_SIZE * INTERVAL);
  private leafCount = 0;
  private readonly lists: HashTreeBuilder;
  /** The branch that is stored at the beginning of the list that is being filled. */
  private branch: HashBranch | undefined;
  /** Branches with lists of level 2 and 3 that count: one for every 5 TiB. */
  private readonly upper = new Map<number, HashBranch>();
  private mismatch: HashMismatch | undefined;

  /** `first` is what chunk 0 stores: without it a file has no tree, whatever is in later chunks. */
  constructor(
    private readonly hasher: Hasher,
    private readonly first: HashBranch,
  ) {
    this.lists = new HashTreeBuilder(hasher);
  }

  /** Adds the SHA-256 of the next chunk, and what that chunk stores. */
  add(hash: Uint8Array, stored: HashBranch | undefined): void {
    if (this.leafCount === INTERVAL) this.closeList();
    if (this.leafCount === 0) this.begin(stored);
    this.leaves.set(hash, HASH_SIZE * this.leafCount);
    this.leafCount++;
  }

  /** What is wrong, after the last chunk. Call it once. */
  finish(): HashMismatch | undefined {
    const { hasher, first } = this;
    const isOneList = this.lists.leafCount === 0;
    const only = this.leaves.subarray(0, HASH_SIZE * this.leafCount);
    this.closeList();
    // The hashes of lists are the leaves of the tree above them, which has the same root.
    const above = isOneList ? undefined : this.lists.build();
    const root = (above ?? HashTree.build(hasher, only)).root;
    if (!root.equals(first.root)) this.mismatch ??= { chunk: undefined };
    for (const [index, { levels }] of this.upper) {
      const [, second, third] = levels;
      const at = index / INTERVAL ** 2;
      const isWrong =
        (second !== undefined && !second.equals(above?.levels[0]?.[at])) ||
        (third !== undefined && at % INTERVAL === 0 && !third.equals(above?.levels[1]?.[at / INTERVAL]));
      if (isWrong) this.mismatch ??= { chunk: undefined };
    }
    return this.mismatch;
  }

  private begin(stored: HashBranch | undefined): void {
    const index = this.lists.leafCount * INTERVAL;
    this.branch = stored;
    if (stored === undefined) return;
    if (!stored.root.equals(this.first.root)) this.mismatch ??= { chunk: undefined };
    if (index % INTERVAL ** 2 === 0) this.upper.set(index, stored);
  }

  private closeList(): void {
    const start = this.lists.leafCount * INTERVAL;
    const list = ChunkHashList.of(this.leaves.subarray(0, HASH_SIZE * this.leafCount));
    const stored = this.branch?.levels[0];
    if (stored !== undefined && !list.equals(stored)) this.mismatch = earlier(this.mismatch, start + firstDifference(list, stored));
    this.lists.addLeaf(this.hasher.sha256(list.encode()));
    this.leafCount = 0;
  }
}

/** The mismatch that names a chunk says more. */
function earlier(known: HashMismatch | undefined, chunk: number): HashMismatch {
  return known?.chunk === undefined ? { chunk } : known;
}

function firstDifference(list: ChunkHashList, stored: ChunkHashList): number {
  const length = Math.min(list.length, stored.length);
  for (let i = 0; i < length; i++) if (!equalBytes(list.at(i), stored.at(i))) return i;
  return length;
}
