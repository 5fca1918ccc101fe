import * as fc from 'fast-check';
import { varint as oracle } from 'multiformats';
import { describe, expect, test } from 'vitest';
import v from '../../../../vectors/01/varint.json' with { type: 'json' };
import { concatBytes, fromHex, toHex } from '../bytes.js';
import { ArgumentError, FormatError } from '../errors.js';
import { decodeSmallVarint, decodeVarint, encodeVarint } from './varint.js';

const expectFormatError = (work: () => unknown): void =>
  expect(work).toThrow(expect.objectContaining({ constructor: FormatError, code: 'format.varint' }));

describe('vectors', () => {
  test.each(v.valid)('$value', ({ value, bytes }) => {
    expect(toHex(encodeVarint(BigInt(value)))).toBe(bytes);
    expect(decodeVarint(fromHex(bytes))).toEqual({ value: BigInt(value), end: bytes.length / 2 });
  });

  test.each(v.invalid)('refused: $reason', ({ bytes }) => {
    expectFormatError(() => decodeVarint(fromHex(bytes)));
    expectFormatError(() => decodeSmallVarint(fromHex(bytes)));
  });
});

test('a value survives at any offset', () => {
  fc.assert(
    fc.property(
      fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }),
      fc.uint8Array({ maxLength: 3 }),
      fc.uint8Array({ maxLength: 3 }),
      (value, before, after) => {
        const bytes = encodeVarint(value);
        const input = concatBytes(before, bytes, after);
        expect(decodeVarint(input, before.length)).toEqual({ value, end: before.length + bytes.length });
      },
    ),
  );
});

test('what is accepted is the only encoding', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.constantFrom(0, 1, 0x7f, 0x80, 0x81, 0xff), fc.nat(255)), { maxLength: 11 }), (list) => {
      const bytes = Uint8Array.from(list);
      try {
        const { value, end } = decodeVarint(bytes);
        expect(encodeVarint(value)).toEqual(bytes.subarray(0, end));
      } catch (error) {
        expect(error).toBeInstanceOf(FormatError);
      }
    }),
  );
});

test('agrees with multiformats', () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), (value) => {
      const expected = oracle.encodeTo(value, new Uint8Array(oracle.encodingLength(value)));
      expect(encodeVarint(value)).toEqual(expected);
      expect(encodeVarint(BigInt(value))).toEqual(expected);
      expect(decodeSmallVarint(expected)).toEqual({ value, end: expected.length });
    }),
  );
});

test('small varints stay below 2^53', () => {
  expect(decodeSmallVarint(encodeVarint(2n ** 53n - 1n)).value).toBe(Number.MAX_SAFE_INTEGER);
  expectFormatError(() => decodeSmallVarint(encodeVarint(2n ** 53n)));
});

test.each([-1, 0.5, Number.NaN, 2 ** 53, -1n, 2n ** 63n, '1', null, undefined])('%s has no encoding', (value) => {
  expect(() => encodeVarint(value as number)).toThrow(ArgumentError);
});

test('arguments are checked', () => {
  for (const decode of [decodeVarint, decodeSmallVarint]) {
    expect(() => decode([1] as never)).toThrow(ArgumentError);
    expect(() => decode('\u0001' as never)).toThrow(ArgumentError);
    expect(() => decode(Uint8Array.of(1), 2)).toThrow(ArgumentError);
    expect(() => decode(Uint8Array.of(1), -1)).toThrow(ArgumentError);
    expect(() => decode(Uint8Array.of(1), 0.5)).toThrow(ArgumentError);
  }
});
