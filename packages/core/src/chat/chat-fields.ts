import { isWellFormed } from '../bytes.js';
import { CborFields } from '../codec/cbor-fields.js';
import type { CborValue } from '../codec/cbor-value.js';
import { ArgumentError } from '../errors.js';
import { PublicKeyHash } from '../keys/public-key-hash.js';

/** The fields of a map of this layer. */
export function chatMap(where: string, value: CborValue | undefined): CborFields {
  return CborFields.map('format.chat', where, value);
}

/** The elements of a list of this layer. */
export function chatList(where: string, value: CborValue | undefined, minimum = 0): CborFields {
  return CborFields.list('format.chat', where, value, minimum);
}

/** The hash of a key, a link that must be present. */
export function keyHashField(fields: CborFields, key: string | number): PublicKeyHash {
  return PublicKeyHash.fromCid(fields.link(key), fields.path(key));
}

/** Requires text that CBOR can hold; otherwise an ArgumentError for `field`. */
export function assertWellFormed(field: string, text: unknown): asserts text is string {
  if (typeof text !== 'string') throw new ArgumentError(field, 'must be a string');
  if (!isWellFormed(text)) throw new ArgumentError(field, 'contains an unpaired surrogate');
}
