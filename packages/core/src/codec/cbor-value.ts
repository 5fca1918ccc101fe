import { assertIterable, assertString } from '../arguments.js';
import { ArgumentError } from '../errors.js';
import { cborKeyOrder } from './cbor-key-order.js';
import type { Cid } from './cid.js';

/**
 * A value of the CBOR profile (chapter 01 section 2.1).
 *
 * Integers are `number` when they are safe integers and `bigint` otherwise (signed 64 bit). Byte strings that come out of the
 * decoder are views into its input: copy what outlives the input. Maps are Map objects because their keys can be chosen by peers.
 */
export type CborValue = number | bigint | boolean | null | string | Uint8Array | Cid | readonly CborValue[] | CborMap;

/** A CBOR map: text keys, any insertion order, written in the order of {@link compareCborKeys}. */
export type CborMap = ReadonlyMap<string, CborValue>;

/** Map key order: length in UTF-16 code units, then code units (chapter 01 section 2.3). */
export function compareCborKeys(a: string, b: string): number {
  assertString('a', a);
  assertString('b', b);
  return cborKeyOrder(a, b);
}

/** Builds a CborMap, leaving out entries whose value is undefined: absent optional fields are never written as null. */
export function cborMap(entries: Iterable<readonly [string, CborValue | undefined]>): Map<string, CborValue> {
  assertIterable('entries', entries);
  const map = new Map<string, CborValue>();
  for (const entry of entries) {
    if (!Array.isArray(entry)) throw new ArgumentError('entries', 'must be an iterable of keys and values');
    const [key, value] = entry as readonly [string, CborValue | undefined];
    assertString('key', key);
    if (value !== undefined) map.set(key, value);
  }
  return map;
}

/** Something that has a CBOR form. */
export interface ToCbor {
  /** The CBOR form; encode it with {@link encodeCbor}. */
  toCbor(): CborValue;
}
