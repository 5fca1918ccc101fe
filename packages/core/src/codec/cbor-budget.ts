import { CBOR_BYTES_PER_ITEM, MAX_CBOR_ITEMS } from '../limits.js';

/**
 * Most items (values, map keys, and the tags of links) that `size` bytes of CBOR may hold. One byte can be an item, and an item in memory takes up to 200
 * bytes; large real data has one for every 14 bytes or more.
 */
export function mostCborItems(size: number): number {
  return MAX_CBOR_ITEMS + Math.floor(size / CBOR_BYTES_PER_ITEM);
}
