import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fromHex, toHex } from '../bytes.js';
import type { Cid } from '../codec/cid.js';
import { decodeCbor } from '../codec/index.js';
import { loadCrypto } from '../crypto/index.js';
import { ArgumentError, FormatError, PyrgosError } from '../errors.js';
import v from '../../../../vectors/01/fingerprint.json' with { type: 'json' };
import { computeFingerprint, FingerprintPair } from './fingerprint.js';
import { PublicKeyHash } from './public-key-hash.js';

const crypto = await loadCrypto();
const hashOf = (cbor: string): PublicKeyHash => PublicKeyHash.fromCid(decodeCbor(fromHex(cbor)) as Cid);

describe.each(v.valid)('vector of $own.name and $friend.name', (vector) => {
  const own = computeFingerprint(crypto, vector.own.name, vector.own.keys.map(hashOf));
  const friend = computeFingerprint(crypto, vector.friend.name, vector.friend.keys.map(hashOf));
  const pair = FingerprintPair.of(own, friend);

  test('forms', () => {
    expect(pair.display).toBe(vector.display);
    expect(toHex(pair.encode())).toBe(vector.cbor);
    expect(String(pair)).toBe(vector.cbor);
    expect(FingerprintPair.parse(vector.cbor).equals(pair)).toBe(true);
    expect(FingerprintPair.parse(vector.cbor.toUpperCase()).equals(pair)).toBe(true);
  });

  test('both sides see the same digits, and their codes match', () => {
    const other = FingerprintPair.of(friend, own);
    expect(other.display).toBe(pair.display);
    expect(pair.matches(other)).toBe(true);
    expect(pair.matches(pair)).toBe(false);
    const nextVersion = FingerprintPair.decode(fromHex(String(other).replace(/01$/, '02')));
    expect(pair.matches(nextVersion)).toBe(false);
  });

  test('the order of keys does not matter, the set and the name do', () => {
    const keys = [...vector.own.keys, ...vector.friend.keys].map(hashOf);
    const both = computeFingerprint(crypto, 'alice', keys);
    expect(computeFingerprint(crypto, 'alice', keys.toReversed())).toEqual(both);
    expect(computeFingerprint(crypto, 'alic', keys)).not.toEqual(both);
    expect(both).not.toEqual(own);
  });
});

test.each(v.invalid)('refused: $reason', ({ cbor }) => {
  expect(() => FingerprintPair.parse(cbor)).toThrow(FormatError);
});

test('the digits of small numbers are padded', () => {
  const one = new Uint8Array(32);
  one[0] = 7;
  expect(FingerprintPair.of(one, new Uint8Array(32)).display).toBe(`${'0'.repeat(30)}00007${'0'.repeat(25)}`);
});

test('arguments are checked', () => {
  expect(() => computeFingerprint(crypto, '\ud800', [])).toThrow(ArgumentError);
  expect(() => computeFingerprint(crypto, 'a', ['z' as never])).toThrow(ArgumentError);
  expect(() => FingerprintPair.of(new Uint8Array(31), new Uint8Array(32))).toThrow(ArgumentError);
  for (const text of ['', 'a', 'zz', '00'.repeat(300)]) expect(() => FingerprintPair.parse(text)).toThrow(FormatError);
});

test('the decoder gives an error of the family or a value that re-encodes identically', () => {
  const valid = FingerprintPair.of(new Uint8Array(32), new Uint8Array(32)).encode();
  const mutated = fc
    .tuple(fc.nat({ max: valid.length - 1 }), fc.integer({ min: 1, max: 255 }))
    .map(([at, mask]) => valid.map((byte, i) => (i === at ? byte ^ mask : byte)));
  fc.assert(
    fc.property(fc.oneof(mutated, fc.uint8Array({ maxLength: 60 })), (bytes) => {
      try {
        expect(FingerprintPair.decode(bytes).encode()).toEqual(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(PyrgosError);
      }
    }),
  );
});
