import { assertBytes } from '../bytes.js';
import { ArgumentError, FormatError } from '../errors.js';
import { asciiText } from './ascii-text.js';
import { digitTable } from './radix.js';

/** A base of RFC 4648 whose digits are groups of bits: base32 (5 bits), base64 (6 bits). */
export interface BitGroups {
  /** For messages. */
  readonly name: string;
  readonly alphabet: string;
  /** Bits per digit. */
  readonly bits: number;
  /** Digit value of an ASCII code, -1 for all others. */
  readonly digitOf: Int8Array;
}

/** Describes a base of 2^bits ASCII digits. */
export function createBitGroups(name: string, bits: number, alphabet: string): BitGroups {
  return { name, alphabet, bits, digitOf: digitTable(alphabet) };
}

/** The digits of `bytes`, most significant bit first, unpadded. Linear in the length. */
export function encodeBitGroups(base: BitGroups, bytes: Uint8Array): string {
  assertBytes('bytes', bytes);
  const mask = (1 << base.bits) - 1;
  const codes = new Uint8Array(Math.ceil((bytes.length * 8) / base.bits));
  let count = 0;
  let pending = 0;
  let pendingBits = 0;
  for (const byte of bytes) {
    pending = ((pending << 8) | byte) & 0xffff;
    pendingBits += 8;
    while (pendingBits >= base.bits) {
      pendingBits -= base.bits;
      codes[count++] = base.alphabet.charCodeAt((pending >> pendingBits) & mask);
    }
  }
  if (pendingBits > 0) codes[count] = base.alphabet.charCodeAt((pending << (base.bits - pendingBits)) & mask);
  return asciiText(codes);
}

/**
 * Inverse of {@link encodeBitGroups}; accepts only what that function writes. FormatError `format.multibase` for another character,
 * an impossible length, or left-over bits that are not zero.
 */
export function decodeBitGroups(base: BitGroups, text: string): Uint8Array<ArrayBuffer> {
  if (typeof text !== 'string') throw new ArgumentError('text', 'must be a string');
  const surplus = (text.length * base.bits) % 8;
  if (surplus >= base.bits) throw new FormatError('format.multibase', '', `no ${base.name} text has ${text.length} digits`);
  const out = new Uint8Array((text.length * base.bits - surplus) / 8);
  let written = 0;
  let pending = 0;
  let pendingBits = 0;
  for (let i = 0; i < text.length; i++) {
    const digit = base.digitOf[text.charCodeAt(i)] ?? -1;
    if (digit < 0) throw new FormatError('format.multibase', `character ${i}`, `is no ${base.name} digit`);
    pending = ((pending << base.bits) | digit) & 0xffff;
    pendingBits += base.bits;
    if (pendingBits >= 8) {
      pendingBits -= 8;
      out[written++] = pending >> pendingBits;
    }
  }
  if ((pending & ((1 << pendingBits) - 1)) !== 0) {
    throw new FormatError('format.multibase', `character ${text.length - 1}`, `${base.name} text ends in bits that are not zero`);
  }
  return out;
}
