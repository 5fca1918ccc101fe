import { ArgumentError } from './errors.js';

const encoder = new TextEncoder();
const strictDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Whether the memory of an empty array was given to another thread or cut off: then its bytes are lost, not none. */
function isLost(empty: Uint8Array): boolean {
  try {
    // Like nearly all methods it refuses such arrays, and it allocates nothing. Node 20 has no other way to tell.
    empty.at(0);
    return false;
  } catch {
    return true;
  }
}

/**
 * Requires a Uint8Array (of exactly `length` bytes if given); otherwise an ArgumentError for `field`. So is one whose memory is gone
 * (transferred, or a buffer that shrank): its length is 0, and to hash or sign it would be to hash or sign nothing.
 */
export function assertBytes(field: string, value: unknown, length?: number): asserts value is Uint8Array {
  // An object with the right prototype but no bytes is none: isView() looks at the thing itself.
  if (!(value instanceof Uint8Array) || !ArrayBuffer.isView(value)) throw new ArgumentError(field, 'must be a Uint8Array');
  if (value.length === 0 && isLost(value)) throw new ArgumentError(field, 'has lost its memory: it was given away before');
  if (length !== undefined && value.length !== length) {
    throw new ArgumentError(field, `must be ${length} bytes, got ${value.length}`, { actual: value.length });
  }
}

/** Requires a safe integer in [min, max]; otherwise an ArgumentError for `field`. */
export function assertInteger(field: string, value: unknown, min: number, max: number): asserts value is number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < min || value > max) {
    throw new ArgumentError(field, `must be an integer from ${min} to ${max}`);
  }
}

/**
 * A copy with memory of its own. Not `slice()`: on Node's Buffer that returns a view, which changes when the caller reuses the buffer.
 */
export function copyBytes(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  assertBytes('bytes', bytes);
  return new Uint8Array(bytes);
}

/**
 * The same bytes in memory that no other thread has, as `Blob`, `fetch` and `crypto.subtle` want them: a view of shared memory is copied,
 * everything else comes back as it is.
 */
export function unsharedBytes(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  assertBytes('bytes', bytes);
  return isUnshared(bytes) ? bytes : new Uint8Array(bytes);
}

function isUnshared(bytes: Uint8Array): bytes is Uint8Array<ArrayBuffer> {
  return bytes.buffer instanceof ArrayBuffer;
}

/** Gives what is missing the code 0; never happens for a byte string that is long enough. */
const fromCodes = String.fromCharCode as (...codes: readonly (number | undefined)[]) => string;

/**
 * A string that is equal exactly for equal byte strings: one character for each byte. For use as a key of a Map or Set, not for printing.
 * For short byte strings only, such as hashes: at most some thousand bytes.
 */
export function byteKey(bytes: Uint8Array): string {
  assertBytes('bytes', bytes);
  const b = bytes;
  // Written out, because bulk uploads make hundreds of thousands of keys, and a spread takes twenty times as long and ten times the memory.
  switch (b.length) {
    case 32:
      // prettier-ignore
      return fromCodes(
        b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15], b[16], b[17],
        b[18], b[19], b[20], b[21], b[22], b[23], b[24], b[25], b[26], b[27], b[28], b[29], b[30], b[31],
      );
    case 36:
      // prettier-ignore
      return fromCodes(
        b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15], b[16], b[17],
        b[18], b[19], b[20], b[21], b[22], b[23], b[24], b[25], b[26], b[27], b[28], b[29], b[30], b[31], b[32], b[33], b[34], b[35],
      );
    default:
      return String.fromCharCode(...b);
  }
}

/** Concatenates byte strings into a new array. */
export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  let length = 0;
  for (const part of parts) {
    assertBytes('part', part);
    length += part.length;
  }
  const out = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    out.set(part, offset);
    offset += part.length;
  }
  return out;
}

function assertPair(a: unknown, b: unknown): void {
  assertBytes('a', a);
  assertBytes('b', b);
}

/** Equality of public byte strings; returns early, so never use it on secrets (see {@link constantTimeEqual}). */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  assertPair(a, b);
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Equality that takes the same time for all inputs of one length. The length itself is not secret. */
export function constantTimeEqual(a: Uint8Array, b: Uint8Array): boolean {
  assertPair(a, b);
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= (a[i] as number) ^ (b[i] as number);
  return difference === 0;
}

/** Order of keys in sorted maps: length first, then unsigned bytes (chapter 01 section 4, chapter 03 section 4.3). */
export function compareLengthThenUnsigned(a: Uint8Array, b: Uint8Array): number {
  assertPair(a, b);
  if (a.length !== b.length) return a.length - b.length;
  for (let i = 0; i < a.length; i++) {
    const difference = (a[i] as number) - (b[i] as number);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Order of hashes in sorted sets: length first, then signed bytes (chapter 01 section 4). */
export function compareLengthThenSigned(a: Uint8Array, b: Uint8Array): number {
  assertPair(a, b);
  if (a.length !== b.length) return a.length - b.length;
  for (let i = 0; i < a.length; i++) {
    const difference = (((a[i] as number) << 24) >> 24) - (((b[i] as number) << 24) >> 24);
    if (difference !== 0) return difference;
  }
  return 0;
}

const hexDigits = Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, '0'));

/** Lower-case hex. */
export function toHex(bytes: Uint8Array): string {
  assertBytes('bytes', bytes);
  let out = '';
  for (const byte of bytes) out += hexDigits[byte] as string;
  return out;
}

function hexValue(code: number): number {
  if (code >= 48 && code <= 57) return code - 48;
  if (code >= 97 && code <= 102) return code - 87;
  if (code >= 65 && code <= 70) return code - 55;
  return -1;
}

/** Parses hex of either case; an odd length or another character is an ArgumentError for `field`. */
export function fromHex(hex: string, field = 'hex'): Uint8Array<ArrayBuffer> {
  if (typeof hex !== 'string') throw new ArgumentError(field, 'must be a string');
  if (hex.length % 2 !== 0) throw new ArgumentError(field, 'must have an even number of hex digits');
  const out = new Uint8Array(hex.length / 2);
  for (let i = 0; i < out.length; i++) {
    const high = hexValue(hex.charCodeAt(2 * i));
    const low = hexValue(hex.charCodeAt(2 * i + 1));
    if (high < 0 || low < 0) throw new ArgumentError(field, `has a character that is no hex digit near ${2 * i}`);
    out[i] = (high << 4) | low;
  }
  return out;
}

/** UTF-8 of `text`; an unpaired surrogate is an ArgumentError, never silently replaced (chapter 01 section 2.2). */
export function utf8Encode(text: string, field = 'text'): Uint8Array<ArrayBuffer> {
  if (typeof text !== 'string') throw new ArgumentError(field, 'must be a string');
  if (!isWellFormed(text)) throw new ArgumentError(field, 'contains an unpaired surrogate');
  return encoder.encode(text);
}

/** Text of strict UTF-8, or undefined when the bytes are not valid UTF-8. A leading byte order mark is kept. */
export function utf8Decode(bytes: Uint8Array): string | undefined {
  assertBytes('bytes', bytes);
  try {
    return strictDecoder.decode(bytes);
  } catch {
    return undefined;
  }
}

/** Whether `text` has no unpaired surrogate. */
export function isWellFormed(text: string): boolean {
  if (typeof text !== 'string') throw new ArgumentError('text', 'must be a string');
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0xd800 || unit > 0xdfff) continue;
    if (unit > 0xdbff) return false;
    const next = text.charCodeAt(i + 1);
    if (!(next >= 0xdc00 && next <= 0xdfff)) return false;
    i++;
  }
  return true;
}
