import { ArgumentError, LimitError } from '../errors.js';
import { MAX_CBOR_DEPTH } from '../limits.js';
import type { CborMap, CborValue } from './cbor-value.js';
import { Cid } from './cid.js';

/**
 * All links of a value, depth first: map values in key order, list elements in order; identity CIDs included (chapter 01 section
 * 2.8). The value must come from the decoder, whose maps are in key order. LimitError beyond MAX_CBOR_DEPTH.
 */
export function linksOf(value: CborValue): Cid[] {
  const out: Cid[] = [];
  collect(value, out, 0);
  return out;
}

function collect(value: CborValue, out: Cid[], depth: number): void {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return;
  if (depth > MAX_CBOR_DEPTH) throw new LimitError('CBOR nesting depth', depth, MAX_CBOR_DEPTH);
  if (value instanceof Cid) out.push(value);
  else if (Array.isArray(value)) for (const item of value as readonly CborValue[]) collect(item, out, depth + 1);
  else if (value instanceof Map) for (const item of (value as CborMap).values()) collect(item, out, depth + 1);
  else throw new ArgumentError('value', 'an object has no CBOR form; use a Map');
}
