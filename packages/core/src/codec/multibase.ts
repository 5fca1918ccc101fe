import { assertBytes, fromHex, toHex } from '../bytes.js';
import { ArgumentError, FormatError, LimitError } from '../errors.js';
import { MAX_MULTIBASE_LENGTH } from '../limits.js';
import { decodeBase32, encodeBase32 } from './base32.js';
import { decodeBase36, encodeBase36 } from './base36.js';
import { decodeBase58, encodeBase58 } from './base58.js';
import { decodeBase64, decodeBase64Unpadded, encodeBase64, encodeBase64Unpadded } from './base64.js';

/**
 * The multibase prefixes that Pyrgos reads and writes (chapter 01 section 6): `z` base58btc, `f` base16 lower, `b`/`B` base32
 * lower/upper, `v`/`V` base32hex lower/upper, `k` base36 lower, `m` base64 unpadded, `M` base64 padded. CIDs are always written with `z`.
 */
export type MultibasePrefix = 'z' | 'f' | 'b' | 'B' | 'v' | 'V' | 'k' | 'm' | 'M';

interface Base {
  /** Most bytes that one character can stand for, to refuse over-long output before building it. */
  readonly bytesPerCharacter: number;
  readonly encode: (bytes: Uint8Array) => string;
  readonly decode: (text: string) => Uint8Array<ArrayBuffer>;
}

function decodeBase16(text: string): Uint8Array<ArrayBuffer> {
  if (text.length % 2 !== 0) throw new FormatError('format.multibase', '', 'base16 text must have an even number of digits');
  const bad = /[^0-9a-f]/u.exec(text);
  if (bad !== null) throw new FormatError('format.multibase', `character ${bad.index}`, 'is no lower-case base16 digit');
  return fromHex(text);
}

const bases: ReadonlyMap<string, Base> = new Map<MultibasePrefix, Base>([
  ['z', { bytesPerCharacter: 1, encode: encodeBase58, decode: decodeBase58 }],
  ['f', { bytesPerCharacter: 1 / 2, encode: toHex, decode: decodeBase16 }],
  ['b', { bytesPerCharacter: 5 / 8, encode: (bytes) => encodeBase32(bytes, 'lower'), decode: (text) => decodeBase32(text, 'lower') }],
  ['B', { bytesPerCharacter: 5 / 8, encode: (bytes) => encodeBase32(bytes, 'upper'), decode: (text) => decodeBase32(text, 'upper') }],
  ['v', { bytesPerCharacter: 5 / 8, encode: (bytes) => encodeBase32(bytes, 'hexLower'), decode: (text) => decodeBase32(text, 'hexLower') }],
  ['V', { bytesPerCharacter: 5 / 8, encode: (bytes) => encodeBase32(bytes, 'hexUpper'), decode: (text) => decodeBase32(text, 'hexUpper') }],
  ['k', { bytesPerCharacter: 1, encode: encodeBase36, decode: decodeBase36 }],
  ['m', { bytesPerCharacter: 3 / 4, encode: encodeBase64Unpadded, decode: decodeBase64Unpadded }],
  ['M', { bytesPerCharacter: 3 / 4, encode: encodeBase64, decode: decodeBase64 }],
]);

/** Prefixes that the standard assigns and the protocol names, but that nobody may use. */
const unsupported: ReadonlyMap<string, string> = new Map([
  ['1', 'base1'],
  ['0', 'base2'],
  ['7', 'base8'],
  ['9', 'base10'],
  ['Z', 'base58flickr'],
]);

/**
 * Multibase text of `bytes`: the prefix and the digits. ArgumentError for a prefix that is not a {@link MultibasePrefix}, LimitError
 * when the text would be longer than MAX_MULTIBASE_LENGTH.
 */
export function encodeMultibase(base: MultibasePrefix, bytes: Uint8Array): string {
  assertBytes('bytes', bytes);
  const { bytesPerCharacter, encode } = bases.get(base) ?? unknownBase();
  const atLeast = Math.ceil(bytes.length / bytesPerCharacter) + 1;
  if (atLeast > MAX_MULTIBASE_LENGTH) throw new LimitError('multibase text length', atLeast, MAX_MULTIBASE_LENGTH);
  const text = base + encode(bytes);
  if (text.length > MAX_MULTIBASE_LENGTH) throw new LimitError('multibase text length', text.length, MAX_MULTIBASE_LENGTH);
  return text;
}

function unknownBase(): never {
  throw new ArgumentError('base', 'must be one of the prefixes z f b B v V k m M');
}

/**
 * Bytes of multibase text. Only the canonical form is accepted: what comes out gives the same text again with the same prefix.
 * FormatError `format.multibase` for the empty text, an unknown or unsupported prefix, or a wrong digit; LimitError for a text longer
 * than MAX_MULTIBASE_LENGTH.
 */
export function decodeMultibase(text: string): Uint8Array<ArrayBuffer> {
  if (typeof text !== 'string') throw new ArgumentError('text', 'must be a string');
  if (text.length > MAX_MULTIBASE_LENGTH) throw new LimitError('multibase text length', text.length, MAX_MULTIBASE_LENGTH);
  if (text === '') throw new FormatError('format.multibase', '', 'text is empty');
  const prefix = text.charAt(0);
  const base = bases.get(prefix);
  if (base !== undefined) return base.decode(text.slice(1));
  const name = unsupported.get(prefix);
  throw new FormatError('format.multibase', 'prefix', name === undefined ? 'is unknown' : `${name} is known but not supported`);
}
