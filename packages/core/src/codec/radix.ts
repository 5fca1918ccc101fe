import { assertBytes } from '../bytes.js';
import { ArgumentError, FormatError, LimitError } from '../errors.js';
import { MAX_MULTIBASE_LENGTH } from '../limits.js';

/** Five digits per limb: 58^5 < 2^30, so a limb times 2^16 (and a 16-bit limb times 58^5) stays a safe integer. */
const LIMB_DIGITS = 5;

/** A positional number base without bit boundaries, like base58: the whole byte string is one big number. */
export interface Radix {
  /** For messages. */
  readonly name: string;
  readonly alphabet: string;
  /** Digit value of an ASCII code, -1 for all others. */
  readonly digitOf: Int8Array;
}

/** Digit values of the characters of `alphabet` by ASCII code; -1 for all other codes. */
export function digitTable(alphabet: string): Int8Array {
  const table = new Int8Array(128).fill(-1);
  for (let i = 0; i < alphabet.length; i++) table[alphabet.charCodeAt(i)] = i;
  return table;
}

/** Describes a base of at most 58 ASCII digits. */
export function createRadix(name: string, alphabet: string): Radix {
  return { name, alphabet, digitOf: digitTable(alphabet) };
}

function checkLength(radix: Radix, length: number): void {
  if (length > MAX_MULTIBASE_LENGTH) throw new LimitError(`${radix.name} text length`, length, MAX_MULTIBASE_LENGTH);
}

/** Digits of `bytes`; each leading zero byte is one leading zero digit. LimitError when the text would exceed MAX_MULTIBASE_LENGTH. */
export function encodeRadix(radix: Radix, bytes: Uint8Array): string {
  assertBytes('bytes', bytes);
  const base = radix.alphabet.length;
  let zeros = 0;
  while (zeros < bytes.length && bytes[zeros] === 0) zeros++;
  // n significant bytes are a number of at least 256^(n-1); refusing by this bound avoids quadratic work for nothing.
  checkLength(radix, zeros + Math.floor((Math.max(0, bytes.length - zeros - 1) * Math.log(256)) / Math.log(base)));
  const limbSize = base ** LIMB_DIGITS;
  const limbs: number[] = [];
  for (let i = zeros; i < bytes.length; i += 2) {
    const pair = i + 1 < bytes.length;
    const factor = pair ? 0x10000 : 0x100;
    let carry = pair ? ((bytes[i] as number) << 8) | (bytes[i + 1] as number) : (bytes[i] as number);
    for (let j = 0; j < limbs.length; j++) {
      const value = (limbs[j] as number) * factor + carry;
      carry = Math.floor(value / limbSize);
      limbs[j] = value - carry * limbSize;
    }
    if (carry > 0) limbs.push(carry);
  }
  const groups: string[] = [];
  for (let j = limbs.length - 1; j >= 0; j--) {
    let limb = limbs[j] as number;
    let digits = '';
    for (let k = 0; k < LIMB_DIGITS && (j < limbs.length - 1 || limb > 0); k++) {
      digits = radix.alphabet.charAt(limb % base) + digits;
      limb = Math.floor(limb / base);
    }
    groups.push(digits);
  }
  const text = radix.alphabet.charAt(0).repeat(zeros) + groups.join('');
  checkLength(radix, text.length);
  return text;
}

/** Inverse of {@link encodeRadix}. FormatError `format.multibase` for another character. */
export function decodeRadix(radix: Radix, text: string): Uint8Array<ArrayBuffer> {
  if (typeof text !== 'string') throw new ArgumentError('text', 'must be a string');
  checkLength(radix, text.length);
  const base = radix.alphabet.length;
  const zero = radix.alphabet.charCodeAt(0);
  let zeros = 0;
  while (zeros < text.length && text.charCodeAt(zeros) === zero) zeros++;
  const limbs: number[] = []; // 16 bits each, least significant first
  for (let i = zeros; i < text.length; i += LIMB_DIGITS) {
    let carry = 0;
    let factor = 1;
    for (let k = i; k < Math.min(i + LIMB_DIGITS, text.length); k++) {
      const digit = radix.digitOf[text.charCodeAt(k)] ?? -1;
      if (digit < 0) throw new FormatError('format.multibase', `character ${k}`, `is no ${radix.name} digit`);
      carry = carry * base + digit;
      factor *= base;
    }
    for (let j = 0; j < limbs.length; j++) {
      const value = (limbs[j] as number) * factor + carry;
      carry = Math.floor(value / 0x10000);
      limbs[j] = value - carry * 0x10000;
    }
    while (carry > 0) {
      limbs.push(carry % 0x10000);
      carry = Math.floor(carry / 0x10000);
    }
  }
  const magnitude: number[] = [];
  for (const limb of limbs) magnitude.push(limb & 255, limb >> 8);
  while (magnitude.length > 0 && magnitude[magnitude.length - 1] === 0) magnitude.pop();
  const out = new Uint8Array(zeros + magnitude.length);
  for (let i = 0; i < magnitude.length; i++) out[out.length - 1 - i] = magnitude[i] as number;
  return out;
}
