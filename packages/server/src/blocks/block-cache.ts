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

  /** The block under a key. */
  get(key: string): CachedBlock | undefined {
    return this.blocks.get(key);
  }

  /** Keeps a copy of a block if it is small. */
  add(key: string, bytes: Uint8Array, access: BlockAccess): void {
    if (bytes.length <= MAX_BLOCK_CACHE_ENTRY_SIZE) this.blocks.set(key, { bytes: copyBytes(bytes), access });
  }

  /** Forgets a block that was deleted. */
  delete(key: string): void {
    this.blocks.delete(key);
  }
}
