import { assertOptionalInstance } from '../arguments.js';
import type { CborValue } from '../codec/cbor-value.js';
import { Cid, decodeCid } from '../codec/cid.js';
import { FormatError } from '../errors.js';

/** A target that may be absent; absent is what the protocol calls EMPTY (chapter 03 section 2.1). */
export type MaybeCid = Cid | undefined;

/** The CBOR form: the raw CID bytes as byte string (not a link), or null for EMPTY (chapter 03 section 2.1). */
export function maybeMultihashToCbor(cid: MaybeCid): CborValue {
  assertOptionalInstance('cid', cid, Cid);
  return cid === undefined ? null : cid.bytes;
}

/** Reads the CBOR form; version 0 CIDs are `legacy: read only`. FormatError `format.pointer` for anything else, a link included. */
export function maybeMultihashFromCbor(value: CborValue | undefined, where = 'MaybeMultihash'): MaybeCid {
  if (value === null) return undefined;
  if (!(value instanceof Uint8Array)) throw new FormatError('format.pointer', where, 'must be null or a byte string');
  try {
    return decodeCid(value);
  } catch (error) {
    throw new FormatError('format.pointer', where, 'must hold a binary CID', { cause: error });
  }
}

/** Equality of two targets; version and codec count (chapter 03 section 2.6 step 6). */
export function equalTargets(a: MaybeCid, b: MaybeCid): boolean {
  assertOptionalInstance('a', a, Cid);
  assertOptionalInstance('b', b, Cid);
  return a === undefined ? b === undefined : a.equals(b);
}
