import { arbitraryCbor } from '@pyrgos/testkit/arbitraries';
import { type DecodeOptions, decode, encode, type EncodeOptions } from 'cborg';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { equalBytes, fromHex, toHex } from '../bytes.js';
import { FormatError } from '../errors.js';
import { decodeCbor } from './cbor-decode.js';
import { encodeCbor } from './cbor-encode.js';
import { compareCborKeys, type CborValue } from './cbor-value.js';

type Key = { readonly value: string };
const keyOf = (entry: unknown): string => {
  const [key] = entry as [Key | Key[]];
  return (Array.isArray(key) ? key[0] : key)?.value ?? '';
};
const encodeOptions: EncodeOptions = { mapSorter: (a, b) => compareCborKeys(keyOf(a), keyOf(b)) };
const decodeOptions: DecodeOptions = {
  useMaps: true,
  strict: true,
  allowIndefinite: false,
  allowUndefined: false,
  allowInfinity: false,
  allowNaN: false,
  rejectDuplicateMapKeys: true,
};

/** cborg drops a byte order mark at the start of text, so such values cannot be compared. */
const hasByteOrderMark = (bytes: Uint8Array): boolean => toHex(bytes).includes('efbbbf');

/** Differential tests against cborg on what both can say: everything but links, with our order of keys. */
describe('cborg', () => {
  test('writes the same bytes', () => {
    fc.assert(
      fc.property(arbitraryCbor({ links: false }), (value) => {
        expect(toHex(encode(value, encodeOptions))).toBe(toHex(encodeCbor(value)));
      }),
    );
  });

  test('reads what we write', () => {
    fc.assert(
      fc.property(arbitraryCbor({ links: false }), (value) => {
        const bytes = encodeCbor(value);
        fc.pre(!hasByteOrderMark(bytes));
        expect(toHex(encode(decode(bytes, decodeOptions), encodeOptions))).toBe(toHex(bytes));
      }),
    );
  });

  const mutated = fc
    .tuple(arbitraryCbor({ links: false, maxDepth: 3 }), fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 2 }))
    .map(([value, changes]) => {
      const bytes = encodeCbor(value);
      for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
      return bytes;
    });

  test('accepts a mutated input if and only if we do, apart from its known leniencies', () => {
    fc.assert(
      fc.property(fc.oneof(mutated, fc.uint8Array({ maxLength: 10 })), (bytes) => {
        fc.pre(!hasByteOrderMark(bytes));
        let ours: CborValue | undefined;
        try {
          ours = decodeCbor(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(FormatError);
        }
        let theirs: unknown;
        try {
          theirs = decode(bytes, decodeOptions);
        } catch {
          theirs = undefined;
        }
        if (ours !== undefined) {
          expect(toHex(encode(theirs, encodeOptions))).toBe(toHex(bytes));
          return;
        }
        if (theirs === undefined) return;
        // They accepted and we did not: unsorted keys, replaced UTF-8, floats, keys that are not text. None survives re-encoding in our profile.
        let again: Uint8Array | undefined;
        try {
          again = encodeCbor(theirs as CborValue);
        } catch {
          again = undefined;
        }
        expect(again !== undefined && equalBytes(again, bytes)).toBe(false);
      }),
    );
  });

  test('has another order of keys by default, which is why it cannot be our codec', () => {
    const map = new Map([
      ['aa', 1],
      ['é', 2],
    ]);
    expect(toHex(encodeCbor(map))).toBe('a262c3a9026261 6101'.replace(' ', ''));
    expect(decode(fromHex('a26162016161f6'), { useMaps: true })).toEqual(
      new Map<string, unknown>([
        ['b', 1],
        ['a', null],
      ]),
    );
  });
});
