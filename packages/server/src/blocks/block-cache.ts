import { copyBytes } from '@pyrgos/core/bytes';
import { BLOCK_CACHE_ENTRIES, MAX_BLOCK_CACHE_ENTRY_SIZE } from '../limits.js';
import type { BlockAccess } from './block-metadata.js';
import { BoundedMap } from './bounded-map.js';

/** A cached block. */
export interface CachedBlock {
  /** Never given out: copy it. */
  readonly bytes: Uint8Array;
  readonly access: BlockAccess;
}

/**
 * The small blocks that were used last (chapter 08 section 1.4). It checks nothing: the BAT ids are kept too, so that each hit
 * is checked like a read.
 */
export class BlockCache {
  private readonly blocks = new BoundedMap<CachedBlock>(BLOCK_CACHE_ENTRIES);
  /** The memory of the block that was forgotten last, for the next one: fresh arrays cost more than what is done with them. */
  private spare: Uint8Array = new Uint8Array(0);

  /** The block under a key. */
  get(key: string): CachedBlock | undefined {
    return this.blocks.get(key);
  }

  /** Keeps a copy of a block if it is small. */
  add(key: string, bytes: Uint8Array, access: BlockAccess): void {
    const { length } = bytes;
    if (length > MAX_BLOCK_CACHE_ENTRY_SIZE) return;
    const { spare } = this;
    const fits = length <= spare.length && spare.length <= 2 * length;
    if (fits) spare.set(bytes);
    const forgotten = this.blocks.set(key, { bytes: fits ? spare.subarray(0, length) : copyBytes(bytes), access });
    if (fits) this.spare = new Uint8Array(0);
    if (forgotten !== undefined) this.spare = new Uint8Array(forgotten.bytes.buffer);
  }

  /** Forgets a block that was deleted. */
  delete(key: string): void {
    this.blocks.delete(key);
  }
}
