import { fromHex } from '@pyrgos/core/bytes';
import { type Cid, parseCid, parsePeerId } from '@pyrgos/core/codec';
import { FormatError, LimitError } from '@pyrgos/core/errors';
import { BatWithId, PublicKeyHash } from '@pyrgos/core/keys';
import { BoundedMap } from '../blocks/bounded-map.js';
import { KNOWN_IDENTITIES, MAX_CID_TEXT } from '../limits.js';
import type { Query } from './query.js';

/** The text of the reference for a missing `owner` and other mandatory parameters (chapter 02 section 5). */
function missing(name: string): never {
  throw new FormatError('format.request', '', name === 'owner' ? 'No value present' : `Missing parameter: ${name}`);
}

/** A mandatory parameter. FormatError `format.request` when it is absent. */
export function required(query: Query, name: string): string {
  return query.get(name) ?? missing(name);
}

/** Decoding base58 takes a time that grows with the square of the length, so this is looked at first. */
function short(name: string, text: string): string {
  if (text.length > MAX_CID_TEXT) throw new LimitError(`length of ${name}`, text.length, MAX_CID_TEXT);
  return text;
}

/** Each call of a user names the same few keys. Values are immutable. */
const keyHashes = new BoundedMap<PublicKeyHash>(KNOWN_IDENTITIES);

/** A mandatory hash of a public key, for instance `owner`. LimitError beyond MAX_CID_TEXT characters, as for every CID. */
export function keyHash(query: Query, name: string): PublicKeyHash {
  const text = short(name, required(query, name));
  const known = keyHashes.get(text);
  if (known !== undefined) return known;
  const hash = PublicKeyHash.parse(text);
  keyHashes.set(text, hash);
  return hash;
}

/** A mandatory CID in text form. */
export function cid(query: Query, name: string): Cid {
  return parseCid(short(name, required(query, name)));
}

/** A mandatory peer id, in either of its text forms. */
export function peerId(query: Query, name: string): Cid {
  return parsePeerId(short(name, required(query, name)));
}

/** The CID in the first `arg`, and its canonical text for the ETag. */
export function cidArgument(query: Query): { readonly cid: Cid; readonly text: string } {
  const text = short('arg', query.args[0] ?? missing('arg'));
  const cid = parseCid(text);
  // Base58 has one form only, and writing it costs more than all the rest of a small answer.
  return { cid, text: text.startsWith('z') || cid.version === 0 ? text : cid.toString() };
}

/** A mandatory parameter in hex. */
export function hex(query: Query, name: string): Uint8Array {
  return fromHex(required(query, name), name);
}

/** An optional BAT with its id, in multibase (chapter 02 section 5.5). */
export function optionalBat(query: Query): BatWithId | undefined {
  const text = query.get('bat');
  return text === undefined ? undefined : BatWithId.parse(text);
}

/** An optional `true` or `false`; anything else, and absence, is false, as the reference reads it. */
export function flag(query: Query, name: string): boolean {
  return query.get(name)?.toLowerCase() === 'true';
}

/** A mandatory decimal integer of 64 bits with a sign. */
export function int64(name: string, text: string): bigint {
  if (!/^-?[0-9]{1,19}$/u.test(text)) throw new FormatError('format.request', name, 'must be a decimal integer');
  const value = BigInt(text);
  if (value !== BigInt.asIntN(64, value)) throw new FormatError('format.request', name, 'must fit in 64 bits');
  return value;
}
