import { assertMethods } from '../arguments.js';
import { assertBytes } from '../bytes.js';
import type { Hasher } from '../crypto/provider.js';
import { ArgumentError, LimitError } from '../errors.js';
import { MAX_HASH_TREE_LEAVES } from '../limits.js';
import { HashTree } from './hash-tree.js';

const HASH_SIZE = 32;
const FIRST_CAPACITY = 64 * HASH_SIZE;

/** Builds a {@link HashTree} chunk by chunk, in order (chapter 04 section 8.1). Keeps 32 bytes for each. */
export class HashTreeBuilder {
  private leaves = new Uint8Array(FIRST_CAPACITY);
  private length = 0;

  /** Hashes with `hasher`. */
  constructor(private readonly hasher: Hasher) {
    assertMethods('hasher', hasher, 'sha256');
  }

  /** Chunks so far. */
  get leafCount(): number {
    return this.length / HASH_SIZE;
  }

  /** Adds the plaintext of the next chunk: exactly the bytes of the file, without padding. */
  addChunk(chunk: Uint8Array): this {
    assertBytes('chunk', chunk);
    return this.addLeaf(this.hasher.sha256(chunk));
  }

  /** Adds the SHA-256 of the next chunk. LimitError beyond MAX_HASH_TREE_LEAVES. */
  addLeaf(hash: Uint8Array): this {
    assertBytes('hash', hash, HASH_SIZE);
    if (this.leafCount >= MAX_HASH_TREE_LEAVES) throw new LimitError('hash tree leaves', this.leafCount + 1, MAX_HASH_TREE_LEAVES);
    if (this.length === this.leaves.length) {
      const larger = new Uint8Array(2 * this.leaves.length);
      larger.set(this.leaves);
      this.leaves = larger;
    }
    this.leaves.set(hash, this.length);
    this.length += HASH_SIZE;
    return this;
  }

  /** The tree of the chunks so far; more may be added afterwards. ArgumentError without any: an empty file has one, empty chunk. */
  build(): HashTree {
    if (this.length === 0) throw new ArgumentError('leaves', 'must not be empty');
    return HashTree.build(this.hasher, this.leaves.subarray(0, this.length));
  }
}
