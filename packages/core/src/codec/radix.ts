import { assertBytes } from '../bytes.js';
import { ArgumentError, FormatError, LimitError } from '../errors.js';
import { MAX_MULTIBASE_LENGTH } from '../limits.js';
import { asciiText } from './ascii-text.js';

/** Digits in a limb of text that is being made: 58^6 times 2^16, the place value of two bytes, is below 2^52 and so exact. */
const LIMB_DIGITS = 6;
/** Digits that are read at once: 58^4 is smaller than the limbs of bytes below, which keeps their carries bounded, and the product is exact. */
const READ_DIGITS = 4;
/** A limb of bytes that are being made: three of them. */
const BYTE_LIMB = 0x1000000;
const DIGIT_ZERO = 0;

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
  const limbs = new LazyLimbs(limbSize, Math.ceil(((bytes.length - zeros) * Math.log(256)) / Math.log(limbSize)));
  let i = zeros;
  if ((bytes.length - zeros) % 2 === 1) limbs.multiplyAdd(1, bytes[i++] as number);
  for (; i < bytes.length; i += 2) limbs.multiplyAdd(0x10000, ((bytes[i] as number) << 8) | (bytes[i + 1] as number));
  // Least significant first, as many digits as whole limbs have.
  const whole = limbs.normalised();
  const digits = new Uint8Array(whole.length * LIMB_DIGITS);
  for (let j = 0; j < whole.length; j++) {
    let rest = whole[j] as number;
    for (let k = 0; k < LIMB_DIGITS; k++) {
      const quotient = Math.floor(rest / base);
      digits[j * LIMB_DIGITS + k] = rest - quotient * base;
      rest = quotient;
    }
  }
  let count = digits.length;
  while (count > 0 && digits[count - 1] === DIGIT_ZERO) count--;
  checkLength(radix, zeros + count);
  const codes = new Uint8Array(zeros + count).fill(radix.alphabet.charCodeAt(DIGIT_ZERO), 0, zeros);
  for (let at = zeros; count > 0;) codes[at++] = radix.alphabet.charCodeAt(digits[--count] as number);
  return asciiText(codes);
}

/** Inverse of {@link encodeRadix}. FormatError `format.multibase` for another character. */
export function decodeRadix(radix: Radix, text: string): Uint8Array<ArrayBuffer> {
  if (typeof text !== 'string') throw new ArgumentError('text', 'must be a string');
  checkLength(radix, text.length);
  const base = radix.alphabet.length;
  const zero = radix.alphabet.charCodeAt(0);
  let zeros = 0;
  while (zeros < text.length && text.charCodeAt(zeros) === zero) zeros++;
  const length = text.length - zeros;
  const limbs = new LazyLimbs(BYTE_LIMB, Math.ceil((length * Math.log(base)) / Math.log(BYTE_LIMB)));
  const group = (from: number, to: number): number => {
    let value = 0;
    for (let k = from; k < to; k++) {
      const digit = radix.digitOf[text.charCodeAt(k)] ?? -1;
      if (digit < 0) throw new FormatError('format.multibase', `character ${k}`, `is no ${radix.name} digit`);
      value = value * base + digit;
    }
    return value;
  };
  const factor = base ** READ_DIGITS;
  let i = zeros + (length % READ_DIGITS);
  limbs.multiplyAdd(1, group(zeros, i));
  for (; i < text.length; i += READ_DIGITS) limbs.multiplyAdd(factor, group(i, i + READ_DIGITS));
  const whole = limbs.normalised();
  const magnitude = new Uint8Array(whole.length * 3);
  for (let j = 0; j < whole.length; j++) {
    const limb = whole[j] as number;
    magnitude[3 * j] = limb;
    magnitude[3 * j + 1] = limb >> 8;
    magnitude[3 * j + 2] = limb >> 16;
  }
  let count = magnitude.length;
  while (count > 0 && magnitude[count - 1] === 0) count--;
  const out = new Uint8Array(zeros + count);
  for (let at = zeros; count > 0;) out[at++] = magnitude[--count] as number;
  return out;
}

/**
 * A large number in limbs, least significant first, whose carries are moved up by one limb only at each step: so no limb has to wait for the
 * one below it, which makes a step several times as fast. Limbs may be a little below zero or above their size until they are normalised.
 */
class LazyLimbs {
  /** Limbs in use. */
  private length = 0;
  private readonly limbs: Float64Array;
  private readonly inverse: number;

  /** `size` times the factors of {@link multiplyAdd} is below 2^52; `count` limbs are enough for the result. */
  constructor(
    private readonly size: number,
    count: number,
  ) {
    // The top limb may pass some of its value on before it is full.
    this.limbs = new Float64Array(count + 3);
    this.inverse = 1 / size;
  }

  /** Multiplies with a factor smaller than a limb and adds a number smaller than that. */
  multiplyAdd(factor: number, summand: number): void {
    const { limbs, size, inverse } = this;
    // What is left of the limb above, whose carry out is stored already.
    let above = 0;
    for (let j = this.length - 1; j >= 0; j--) {
      const value = (limbs[j] as number) * factor;
      // Off by one at most, and exact together with the rest that stays.
      const carry = Math.floor(value * inverse);
      limbs[j + 1] = above + carry;
      above = value - carry * size;
    }
    limbs[0] = above + summand;
    if (limbs[this.length] !== 0) this.length++;
  }

  /** The limbs in use, each in its range. */
  normalised(): Float64Array {
    const { limbs, size } = this;
    let carry = 0;
    for (let j = 0; j < this.length || carry > 0; j++) {
      const value = (limbs[j] as number) + carry;
      carry = Math.floor(value / size);
      limbs[j] = value - carry * size;
      this.length = Math.max(this.length, j + 1);
    }
    return limbs.subarray(0, this.length);
  }
}
