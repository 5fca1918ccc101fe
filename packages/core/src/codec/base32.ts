import { ArgumentError } from '../errors.js';
import { type BitGroups, createBitGroups, decodeBitGroups, encodeBitGroups } from './bit-groups.js';

/** The alphabets of RFC 4648 base32 and base32hex in either case; never padded. */
export type Base32Alphabet = 'lower' | 'upper' | 'hexLower' | 'hexUpper';

const UPPER = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const HEX_UPPER = '0123456789ABCDEFGHIJKLMNOPQRSTUV';

const bases: Readonly<Record<Base32Alphabet, BitGroups>> = {
  lower: createBitGroups('base32', 5, UPPER.toLowerCase()),
  upper: createBitGroups('base32', 5, UPPER),
  hexLower: createBitGroups('base32hex', 5, HEX_UPPER.toLowerCase()),
  hexUpper: createBitGroups('base32hex', 5, HEX_UPPER),
};

function baseOf(alphabet: Base32Alphabet): BitGroups {
  if (typeof alphabet !== 'string' || !Object.hasOwn(bases, alphabet))
    throw new ArgumentError('alphabet', 'must be lower, upper, hexLower or hexUpper');
  return bases[alphabet];
}

/** base32 without padding and without prefix (chapter 01 section 6). */
export function encodeBase32(bytes: Uint8Array, alphabet: Base32Alphabet = 'lower'): string {
  return encodeBitGroups(baseOf(alphabet), bytes);
}

/**
 * Inverse of {@link encodeBase32}; accepts only what that writes: the one case, no padding, zero trailing bits. FormatError
 * `format.multibase` otherwise.
 */
export function decodeBase32(text: string, alphabet: Base32Alphabet = 'lower'): Uint8Array<ArrayBuffer> {
  return decodeBitGroups(baseOf(alphabet), text);
}
