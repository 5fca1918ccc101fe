import { arbitraryBytes } from '@pyrgos/testkit/arbitraries';
import * as fc from 'fast-check';
import { base36 } from 'multiformats/bases/base36';
import { base58btc } from 'multiformats/bases/base58';
import { describe, expect, test } from 'vitest';
import { fromHex, toHex } from '../bytes.js';
import { decodeBase36, encodeBase36 } from './base36.js';
import { decodeBase58, encodeBase58 } from './base58.js';
import { createRadix, decodeRadix, encodeRadix } from './radix.js';

/** The big-endian bytes of a number. */
function bytesOf(value: bigint): Uint8Array {
  const hex = value === 0n ? '' : value.toString(16);
  return fromHex(hex.length % 2 === 0 ? hex : `0${hex}`);
}

const bases = [
  {
    name: 'base58',
    size: 58n,
    encode: encodeBase58,
    decode: decodeBase58,
    oracle: { encode: (bytes: Uint8Array) => base58btc.encode(bytes).slice(1), decode: (text: string) => base58btc.decode(`z${text}`) },
  },
  {
    name: 'base36',
    size: 36n,
    encode: encodeBase36,
    decode: decodeBase36,
    oracle: { encode: (bytes: Uint8Array) => base36.encode(bytes).slice(1), decode: (text: string) => base36.decode(`k${text}`) },
  },
] as const;

describe.each(bases)('$name', ({ encode, decode, oracle, size }) => {
  const agree = (bytes: Uint8Array): void => {
    const text = oracle.encode(bytes);
    expect(encode(bytes)).toBe(text);
    expect(decode(text)).toEqual(Uint8Array.from(bytes));
  };

  test('agrees with multiformats on long inputs, too', () => {
    fc.assert(fc.property(arbitraryBytes(700), agree), { numRuns: 150 });
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 2000, maxLength: 3000 }), (bytes) => agree(bytes)),
      { numRuns: 5 },
    );
  });

  // Where carries run through many limbs, and where a limb is all but full.
  test('agrees with multiformats around powers of the base and of two', () => {
    for (let exponent = 0n; exponent < 140n; exponent++) {
      for (const power of [size ** exponent, 2n ** (8n * exponent), 2n ** (24n * exponent), size ** (6n * exponent)]) {
        for (const value of [power - 1n, power, power + 1n]) agree(bytesOf(value));
      }
    }
  });

  test('agrees with multiformats on bytes that are all alike', () => {
    for (const byte of [0, 1, 0x7f, 0x80, 0xff]) {
      for (const length of [1, 2, 3, 4, 5, 6, 7, 8, 31, 32, 33, 34, 64, 129, 1000]) {
        agree(new Uint8Array(length).fill(byte));
        agree(Uint8Array.from([0, 0, ...new Uint8Array(length).fill(byte)]));
        agree(Uint8Array.from([1, ...new Uint8Array(length).fill(byte)]));
      }
    }
  });
});

test('a base that is a power of two has its digits at bit boundaries', () => {
  const hex = createRadix('hexadecimal', '0123456789abcdef');
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 200 }), (tail) => {
      const bytes = Uint8Array.from([0x10, ...tail]);
      const text = toHex(bytes);
      expect(encodeRadix(hex, bytes)).toBe(text);
      expect(decodeRadix(hex, text)).toEqual(bytes);
    }),
  );
});
