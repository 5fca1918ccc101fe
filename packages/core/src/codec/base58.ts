import { assertBytes } from '../bytes.js';
import { ArgumentError, FormatError, LimitError } from '../errors.js';
import { MAX_MULTIBASE_LENGTH } from '../limits.js';

const ALPHABET = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';
/** Five base58 digits per limb: 58^5 < 2^30, so a limb times 2^16 stays a safe integer. */
const LIMB_DIGITS = 5;
const LIMB = 58 ** LIMB_DIGITS;

const digitOf = new Int8Array(128).fill(-1);
for (let i = 0; i < ALPHABET.length; i++) digitOf[ALPHABET.charCodeAt(i)] = i;

/** base58btc without prefix (chapter 01 section 6). LimitError when the text would exceed MAX_MULTIBASE_LENGTH. */
export function encodeBase58(bytes: Uint8Array): string {
  assertBytes('bytes', bytes);
  if (bytes.length > (MAX_MULTIBASE_LENGTH * 5) / 7) {
    throw new LimitError('base58 input length', bytes.length, Math.floor((MAX_MULTIBASE_LENGTH * 5) / 7));
  }
  let zeros = 0;
  while (zeros < bytes.length && bytes[zeros] === 0) zeros++;
  const limbs: number[] = [];
  for (let i = zeros; i < bytes.length; i += 2) {
    const pair = i + 1 < bytes.length;
    const factor = pair ? 0x10000 : 0x100;
    let carry = pair ? ((bytes[i] as number) << 8) | (bytes[i + 1] as number) : (bytes[i] as number);
    for (let j = 0; j < limbs.length; j++) {
      const value = (limbs[j] as number) * factor + carry;
      carry = Math.floor(value / LIMB);
      limbs[j] = value - carry * LIMB;
    }
    if (carry > 0) limbs.push(carry);
  }
  let text = '';
  for (let j = 0; j < limbs.length; j++) {
    let limb = limbs[j] as number;
    let digits = '';
    for (let k = 0; k < LIMB_DIGITS && (j < limbs.length - 1 || limb > 0); k++) {
      digits = (ALPHABET[limb % 58] as string) + digits;
      limb = Math.floor(limb / 58);
    }
    text = digits + text;
  }
  return '1'.repeat(zeros) + text;
}

/** Inverse of {@link encodeBase58}. FormatError `format.multibase` for another character. */
export function decodeBase58(text: string): Uint8Array<ArrayBuffer> {
  if (typeof text !== 'string') throw new ArgumentError('text', 'must be a string');
  if (text.length > MAX_MULTIBASE_LENGTH) throw new LimitError('base58 text length', text.length, MAX_MULTIBASE_LENGTH);
  let zeros = 0;
  while (zeros < text.length && text[zeros] === '1') zeros++;
  // 16-bit limbs, least significant first: 2^16 * 58^5 stays a safe integer.
  const limbs: number[] = [];
  for (let i = zeros; i < text.length; i += LIMB_DIGITS) {
    let carry = 0;
    let factor = 1;
    for (let k = i; k < Math.min(i + LIMB_DIGITS, text.length); k++) {
      const code = text.charCodeAt(k);
      const digit = code < 128 ? (digitOf[code] as number) : -1;
      if (digit < 0) throw new FormatError('format.multibase', `character ${k}`, 'is no base58 digit');
      carry = carry * 58 + digit;
      factor *= 58;
    }
    for (let j = 0; j < limbs.length; j++) {
      const value = (limbs[j] as number) * factor + carry;
      limbs[j] = value % 0x10000;
      carry = Math.floor(value / 0x10000);
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
