import { assertBytes, assertInteger } from '../bytes.js';
import { ArgumentError, FormatError } from '../errors.js';

/** Bytes of an unsigned varint (chapter 01 section 3). `value` is a safe integer or a bigint, 0 to 2^63 - 1; else an ArgumentError. */
export function encodeVarint(value: number | bigint): Uint8Array<ArrayBuffer> {
  if (typeof value !== 'bigint') {
    assertInteger('value', value, 0, Number.MAX_SAFE_INTEGER);
    if (value < 0x80) return Uint8Array.of(value);
  }
  let rest = BigInt(value);
  if (rest < 0n || rest >= 2n ** 63n) throw new ArgumentError('value', 'must be from 0 to 2^63 - 1');
  const out: number[] = [];
  while (rest >= 0x80n) {
    out.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  out.push(Number(rest));
  return Uint8Array.from(out);
}

/**
 * Reads an unsigned varint at `start`: at most 10 bytes, minimal, at most 2^63 - 1. Returns the value as bigint and the offset after it.
 * FormatError `format.varint` otherwise.
 */
export function decodeVarint(input: Uint8Array, start = 0): { readonly value: bigint; readonly end: number } {
  assertBytes('input', input);
  assertInteger('start', start, 0, input.length);
  let value = 0n;
  for (let i = 0; i < 9; i++) {
    const byte = input[start + i];
    if (byte === undefined) throw new FormatError('format.varint', `byte ${start + i}`, 'input ends inside a varint');
    value |= BigInt(byte & 0x7f) << BigInt(7 * i);
    if (byte < 0x80) {
      if (byte === 0 && i > 0) throw new FormatError('format.varint', `byte ${start + i}`, 'varint is not minimal');
      return { value, end: start + i + 1 };
    }
  }
  // Nine groups hold 63 bits; a tenth can only set bit 63 or be a non-minimal zero.
  throw new FormatError('format.varint', `byte ${start}`, 'varint exceeds 2^63 - 1');
}

/** Like {@link decodeVarint} for values that must stay below 2^53: lengths, codes, versions. */
export function decodeSmallVarint(input: Uint8Array, start = 0): { readonly value: number; readonly end: number } {
  assertBytes('input', input);
  assertInteger('start', start, 0, input.length);
  const first = input[start];
  if (first !== undefined && first < 0x80) return { value: first, end: start + 1 };
  const { value, end } = decodeVarint(input, start);
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new FormatError('format.varint', `byte ${start}`, 'varint exceeds 2^53 - 1');
  return { value: Number(value), end };
}
