import { arbitraryBytes } from '@pyrgos/testkit/arbitraries';
import * as fc from 'fast-check';
import { base16 } from 'multiformats/bases/base16';
import { base32, base32hex, base32hexupper, base32upper } from 'multiformats/bases/base32';
import { base36 } from 'multiformats/bases/base36';
import { base58btc } from 'multiformats/bases/base58';
import { base64, base64pad } from 'multiformats/bases/base64';
import { describe, expect, test } from 'vitest';
import v from '../../../../vectors/01/multibase.json' with { type: 'json' };
import { fromHex, toHex } from '../bytes.js';
import { ArgumentError, FormatError } from '../errors.js';
import { decodeBase32, encodeBase32 } from './base32.js';
import { decodeBase36, encodeBase36 } from './base36.js';
import { decodeBase58, encodeBase58 } from './base58.js';
import { decodeBase64, decodeBase64Unpadded, encodeBase64, encodeBase64Unpadded } from './base64.js';
import { decodeMultibase, encodeMultibase, type MultibasePrefix } from './multibase.js';

const oracles = {
  z: base58btc,
  f: base16,
  b: base32,
  B: base32upper,
  v: base32hex,
  V: base32hexupper,
  k: base36,
  m: base64,
  M: base64pad,
} as const;
const prefixes = Object.keys(oracles) as MultibasePrefix[];

describe('vectors', () => {
  test.each(v.valid)('$text', ({ text, bytes }) => {
    expect(toHex(decodeMultibase(text))).toBe(bytes);
    expect(encodeMultibase(text.charAt(0) as MultibasePrefix, fromHex(bytes))).toBe(text);
  });

  test.each(v.roundTrips)('%s', (text) => {
    expect(encodeMultibase(text.charAt(0) as MultibasePrefix, decodeMultibase(text))).toBe(text);
  });

  test.each(v.invalid)('refused: $reason', ({ text }) => {
    expect(() => decodeMultibase(text)).toThrow(expect.objectContaining({ constructor: FormatError, code: 'format.multibase' }));
  });

  test('prefixes that are known but not supported say so', () => {
    for (const prefix of ['1', '0', '7', '9', 'Z']) expect(() => decodeMultibase(`${prefix}11`)).toThrow('known but not supported');
    expect(() => decodeMultibase('u11')).toThrow('is unknown');
  });
});

describe.each(prefixes)('base %s', (prefix) => {
  test('bytes survive, and the text agrees with multiformats', () => {
    fc.assert(
      fc.property(arbitraryBytes(80), (bytes) => {
        const text = encodeMultibase(prefix, bytes);
        expect(text).toBe(oracles[prefix].encode(bytes));
        expect(decodeMultibase(text)).toEqual(Uint8Array.from(bytes));
        expect(oracles[prefix].decode(text)).toEqual(Uint8Array.from(bytes));
      }),
      { numRuns: 100 },
    );
  });

  test('leading zeros of every length', () => {
    for (let length = 0; length < 32; length++) {
      for (const tail of [[], [1], [0xff, 0]]) {
        const bytes = Uint8Array.from([...new Uint8Array(length), ...tail]);
        expect(decodeMultibase(encodeMultibase(prefix, bytes))).toEqual(bytes);
      }
    }
  });

  test('two-byte inputs with a high first byte', () => {
    for (let high = 0x80; high <= 0xff; high++) {
      const bytes = Uint8Array.of(high, 1);
      expect(decodeMultibase(encodeMultibase(prefix, bytes))).toEqual(bytes);
    }
  });

  test('what is accepted is the only text', () => {
    const digits = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ+/=';
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...Array.from(digits), 'a', '1'), { maxLength: 9 }), (list) => {
        const text = prefix + list.join('');
        let bytes: Uint8Array;
        try {
          bytes = decodeMultibase(text);
        } catch (error) {
          expect(error).toBeInstanceOf(FormatError);
          return;
        }
        expect(encodeMultibase(prefix, bytes)).toBe(text);
      }),
    );
    for (const bytes of [Uint8Array.of(1), Uint8Array.of(0xff, 0x80), new Uint8Array(5).fill(0x5a)]) {
      const text = encodeMultibase(prefix, bytes);
      // Every other last character is refused or means other bytes.
      for (const digit of digits) {
        const changed = text.slice(0, -1) + digit;
        if (changed === text) continue;
        try {
          expect(decodeMultibase(changed)).not.toEqual(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(FormatError);
        }
      }
    }
  });

  test('a character outside ASCII is no digit', () => {
    for (const character of ['\u0100', '\u017f', '\u212a', '\u0663', '\u{1d7d8}', '\u0000', '\ufeff', '\u0131']) {
      expect(() => decodeMultibase(`${prefix}${character}${character}`)).toThrow(FormatError);
    }
  });

  test('a long input in pieces of every kind', () => {
    const bytes = Uint8Array.from({ length: 1000 }, (_, i) => (i * i * 31) & 255);
    expect(encodeMultibase(prefix, bytes)).toBe(oracles[prefix].encode(bytes));
    expect(decodeMultibase(encodeMultibase(prefix, bytes))).toEqual(bytes);
  });
});

describe('plain bases', () => {
  test('are the texts without the prefix', () => {
    fc.assert(
      fc.property(arbitraryBytes(40), (bytes) => {
        const texts = [
          [encodeBase58, decodeBase58, 'z'],
          [encodeBase36, decodeBase36, 'k'],
          [encodeBase64, decodeBase64, 'M'],
          [encodeBase64Unpadded, decodeBase64Unpadded, 'm'],
          [encodeBase32, decodeBase32, 'b'],
        ] as const;
        for (const [encode, decode, prefix] of texts) {
          const text = encode(bytes);
          expect(prefix + text).toBe(encodeMultibase(prefix, bytes));
          expect(decode(text)).toEqual(Uint8Array.from(bytes));
        }
      }),
      { numRuns: 50 },
    );
  });

  test('the alphabets of base32', () => {
    const bytes = fromHex('666f6f626172ff');
    expect(encodeBase32(fromHex('666f6f626172'), 'upper')).toBe('MZXW6YTBOI');
    for (const [alphabet, prefix] of [
      ['lower', 'b'],
      ['upper', 'B'],
      ['hexLower', 'v'],
      ['hexUpper', 'V'],
    ] as const) {
      expect(prefix + encodeBase32(bytes, alphabet)).toBe(encodeMultibase(prefix, bytes));
      expect(decodeBase32(encodeBase32(bytes, alphabet), alphabet)).toEqual(bytes);
    }
    expect(() => encodeBase32(bytes, 'constructor' as never)).toThrow(ArgumentError);
    expect(() => decodeBase32('a', undefined as never)).toThrow(FormatError);
  });

  test('base58 examples', () => {
    for (const [bytes, text] of [
      ['', ''],
      ['00', '1'],
      ['0000', '11'],
      ['01', '2'],
      ['ff', '5Q'],
    ] as const) {
      expect(encodeBase58(fromHex(bytes))).toBe(text);
      expect(toHex(decodeBase58(text))).toBe(bytes);
    }
  });
});

test('arguments are checked', () => {
  expect(() => encodeMultibase('u' as never, new Uint8Array())).toThrow(ArgumentError);
  expect(() => encodeMultibase('Z' as never, new Uint8Array())).toThrow(ArgumentError);
  expect(() => encodeMultibase('z', 'x' as never)).toThrow(ArgumentError);
  expect(() => decodeMultibase(1 as never)).toThrow(ArgumentError);
  for (const encode of [encodeBase32, encodeBase36, encodeBase58, encodeBase64, encodeBase64Unpadded]) {
    expect(() => encode([1] as never)).toThrow(ArgumentError);
  }
  for (const decode of [decodeBase32, decodeBase36, decodeBase58, decodeBase64, decodeBase64Unpadded]) {
    expect(() => decode(Uint8Array.of(49) as never)).toThrow(ArgumentError);
  }
});
