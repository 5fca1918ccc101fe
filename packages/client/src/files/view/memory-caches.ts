import { BLOCK_CACHE_SIZE, LISTING_CACHE_SIZE, NODE_CACHE_SIZE } from '@pyrgos/core/limits';
import { MemoryBlockCache } from './block-cache.js';
import { ListingCache } from './listing-cache.js';
import { NodeCache } from './node-cache.js';

/** Bytes of all caches in memory together, unless told otherwise. */
export const DEFAULT_CACHE_BYTES: number = BLOCK_CACHE_SIZE + NODE_CACHE_SIZE + LISTING_CACHE_SIZE;

/** Caches in memory that take at most `bytes` together, each its share. 0 keeps nothing. */
export function memoryCaches(bytes: number = DEFAULT_CACHE_BYTES): { readonly blockCache: MemoryBlockCache; readonly nodes: NodeCache } {
  const share = (size: number): number => Math.floor((bytes / DEFAULT_CACHE_BYTES) * size);
  return {
    blockCache: new MemoryBlockCache(share(BLOCK_CACHE_SIZE)),
    nodes: new NodeCache(share(NODE_CACHE_SIZE), new ListingCache(share(LISTING_CACHE_SIZE))),
  };
}
