import type { Cid } from '@pyrgos/core/codec';
import { BLOCK_CACHE_SIZE, MAX_CACHED_BLOCK_SIZE } from '@pyrgos/core/limits';
import { ByteLru } from './byte-lru.js';

/**
 * A place for verified blocks, in memory or on a disk. It is told verified bytes only, and may forget or refuse any of them. Whoever reads
 * from it verifies again, so a damaged one costs a request, never wrong data. Blocks are ciphertext, but whoever sees them learns which
 * ones were read. None of the methods rejects.
 */
export interface BlockCache {
  /** Whether a block of this many bytes would be kept. */
  accepts(size: number): boolean;
  /** Whether the block is (most probably) here. */
  has(cid: Cid): boolean | Promise<boolean>;
  /** The bytes, or undefined. Never modify them. */
  get(cid: Cid): Uint8Array | undefined | Promise<Uint8Array | undefined>;
  /** Keeps a block; the array is the cache's from now on. */
  put(cid: Cid, bytes: Uint8Array): void | Promise<void>;
}

/** Small blocks in memory (nodes, trees): bounded in bytes, least recently used first out. */
export class MemoryBlockCache implements BlockCache {
  private readonly blocks: ByteLru<Uint8Array>;

  /** `capacity` in bytes; blocks above `maxBlockSize` are not kept. */
  constructor(
    capacity: number = BLOCK_CACHE_SIZE,
    private readonly maxBlockSize: number = MAX_CACHED_BLOCK_SIZE,
  ) {
    this.blocks = new ByteLru(capacity);
  }

  /** Bytes in the cache; at most the capacity. */
  get size(): number {
    return this.blocks.size;
  }

  accepts(size: number): boolean {
    return size <= this.maxBlockSize && size < this.blocks.capacity;
  }

  has(cid: Cid): boolean {
    return this.blocks.get(cid.key) !== undefined;
  }

  get(cid: Cid): Uint8Array | undefined {
    return this.blocks.get(cid.key);
  }

  put(cid: Cid, bytes: Uint8Array): void {
    if (this.accepts(bytes.length)) this.blocks.set(cid.key, bytes, bytes.length);
  }
}
