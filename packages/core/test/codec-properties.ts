import { arbitraryCbor } from '@pyrgos/testkit/arbitraries';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type CborMap, decodeCbor, encodeCbor } from '../src/codec/index.js';
import { PyrgosError } from '../src/errors.js';

/** A value of a format. */
export interface CodecValue {
  encode(): Uint8Array;
  equals(other: never): boolean;
}

/** A format under test. */
export interface Codec {
  readonly values: fc.Arbitrary<CodecValue>;
  readonly decode: (input: Uint8Array) => CodecValue;
  /** Whether anything that is accepted is written again byte for byte: formats that keep what they do not know. */
  readonly keepsAll?: boolean;
}

/** Or undefined. */
export function maybe<T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> {
  return fc.option(value, { nil: undefined });
}

/** Damages bytes: overwrites one, cuts, inserts one. */
export function damaged(original: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Uint8Array> {
  return fc.tuple(original, fc.nat(), fc.nat({ max: 255 }), fc.constantFrom('set', 'cut', 'insert')).map(([input, at, byte, kind]) => {
    const index = input.length === 0 ? 0 : at % input.length;
    if (kind === 'cut') return input.slice(0, index);
    if (kind === 'insert') return Uint8Array.from([...input.subarray(0, index), byte, ...input.subarray(index)]);
    return input.length === 0 ? input : input.with(index, byte);
  });
}

/** Replaces one field or element of the outermost map or list, or adds one. */
export function altered(original: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Uint8Array> {
  return fc.tuple(original, fc.nat(), fc.boolean(), arbitraryCbor({})).map(([input, at, add, value]) => {
    const decoded = decodeCbor(input);
    if (Array.isArray(decoded)) {
      return encodeCbor(add || decoded.length === 0 ? [...decoded, value] : decoded.with(at % decoded.length, value));
    }
    if (!(decoded instanceof Map)) return encodeCbor(value);
    const keys = [...(decoded as CborMap).keys()];
    return encodeCbor(new Map([...(decoded as CborMap), [add ? 'new' : (keys[at % keys.length] ?? 'new'), value] as const]));
  });
}

/** What we write is read again, and anything else is refused in an orderly way. */
export function describeCodecs(codecs: Readonly<Record<string, Codec>>): void {
  describe.each(Object.entries(codecs))('%s', (_name, { values, decode, keepsAll }) => {
    test('survives', () => {
      fc.assert(
        fc.property(values, (value) => {
          const encoded = value.encode();
          const read = decode(encoded.slice());
          expect(read.equals(value as never)).toBe(true);
          expect(value.equals(read as never)).toBe(true);
          expect(read.encode()).toEqual(encoded);
          expect(value.equals({} as never)).toBe(false);
          expect(value.equals(undefined as never)).toBe(false);
        }),
        { numRuns: 60 },
      );
    });

    test('anything else is a typed error, or reads as a value that survives', () => {
      const original = values.map((value) => value.encode());
      const input = fc.oneof(
        fc.uint8Array({ maxLength: 40 }),
        arbitraryCbor({}).map((value) => encodeCbor(value)),
        damaged(original),
        altered(original),
      );
      fc.assert(
        fc.property(input, (candidate) => {
          let read: CodecValue;
          try {
            read = decode(candidate);
          } catch (error) {
            expect(error).toBeInstanceOf(PyrgosError);
            expect((error as PyrgosError).code).not.toBe('internal');
            return;
          }
          const encoded = read.encode();
          if (keepsAll === true) expect(encoded).toEqual(candidate);
          expect(decode(encoded).encode()).toEqual(encoded);
          expect(decode(encoded).equals(read as never)).toBe(true);
        }),
        { numRuns: 200 },
      );
    });
  });
}
