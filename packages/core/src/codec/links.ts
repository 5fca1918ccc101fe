import type { CborMap, CborValue } from './cbor-value.js';
import { Cid } from './cid.js';

/**
 * All links of a value, depth first: map values in key order, list elements in order; identity CIDs included (chapter 01 section
 * 2.8). The value must come from the decoder, whose maps are in key order.
 */
export function linksOf(value: CborValue): Cid[] {
  const out: Cid[] = [];
  collect(value, out);
  return out;
}

function collect(value: CborValue, out: Cid[]): void {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return;
  if (value instanceof Cid) out.push(value);
  else if (Array.isArray(value)) for (const item of value as readonly CborValue[]) collect(item, out);
  else for (const item of (value as CborMap).values()) collect(item, out);
}
