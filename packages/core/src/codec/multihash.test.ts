import { arbitraryMultihash } from '@pyrgos/testkit/arbitraries';
import * as fc from 'fast-check';
import { digest as oracle } from 'multiformats';
import { describe, expect, test } from 'vitest';
import v from '../../../../vectors/01/multihash.json' with { type: 'json' };
import { concatBytes, fromHex, toHex } from '../bytes.js';
import { ArgumentError, FormatError } from '../errors.js';
import { compareMultihashes, decodeMultihash, decodeMultihashPrefix, Multihash, MultihashCode, parseMultihash } from './multihash.js';

describe('vectors', () => {
  test.each(v.valid)('$name', ({ code, digest, bytes, text }) => {
    const hash = Multihash.create(code, fromHex(digest));
    expect(toHex(hash.bytes)).toBe(bytes);
    expect(hash.isIdentity).toBe(code === 0);
    expect(decodeMultihash(fromHex(bytes)).equals(hash)).toBe(true);
    if (text === undefined) return;
    expect(hash.toString()).toBe(text);
    expect(parseMultihash(text).equals(hash)).toBe(true);
  });

  test.each(v.invalid)('refused: $reason', ({ bytes }) => {
    expect(() => decodeMultihash(fromHex(bytes))).toThrow(FormatError);
  });

  test('order', () => {
    const known = v.order.filter((bytes) => !bytes.startsWith('41'));
    const hashes = known.map((bytes) => decodeMultihash(fromHex(bytes)));
    for (const start of [[...hashes].reverse(), [...hashes.slice(2), ...hashes.slice(0, 2)]]) {
      expect(start.sort(compareMultihashes).map((hash) => toHex(hash.bytes))).toEqual(known);
    }
  });
});

test('a multihash survives, also with bytes around it', () => {
  fc.assert(
    fc.property(arbitraryMultihash(), fc.uint8Array({ maxLength: 3 }), fc.uint8Array({ maxLength: 3 }), (hash, before, after) => {
      const { value, end } = decodeMultihashPrefix(concatBytes(before, hash.bytes, after), before.length);
      expect(value.equals(hash)).toBe(true);
      expect(end).toBe(before.length + hash.bytes.length);
      expect(parseMultihash(hash.toString()).equals(hash)).toBe(true);
      if (after.length > 0) expect(() => decodeMultihash(concatBytes(hash.bytes, after))).toThrow(FormatError);
    }),
  );
});

test('agrees with multiformats', () => {
  fc.assert(
    fc.property(arbitraryMultihash(), (hash) => {
      expect(hash.bytes).toEqual(oracle.create(hash.code, hash.digest).bytes);
      expect(oracle.decode(hash.bytes).digest).toEqual(hash.digest);
    }),
  );
});

test('what is accepted is the only encoding', () => {
  fc.assert(
    fc.property(
      fc.tuple(fc.constantFrom(0x00, 0x12, 0x13, 0x1e, 0x80), fc.nat(255), fc.uint8Array({ maxLength: 66 })),
      ([code, length, rest]) => {
        const bytes = concatBytes(Uint8Array.of(code, length), rest);
        try {
          expect(decodeMultihash(bytes).bytes).toEqual(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(FormatError);
        }
      },
    ),
  );
});

test('a hash keeps its own copy of the digest', () => {
  const digest = new Uint8Array(32);
  const hash = Multihash.sha256(digest);
  digest.fill(1);
  expect(hash.digest).toEqual(new Uint8Array(32));
  const input = hash.bytes.slice();
  const decoded = decodeMultihash(input);
  input.fill(1);
  expect(decoded.equals(hash)).toBe(true);
});

test('equality and order are of values', () => {
  const a = Multihash.sha256(new Uint8Array(32));
  expect(a.equals(Multihash.create(MultihashCode.blake3, new Uint8Array(32)))).toBe(false);
  expect(a.equals(Multihash.create(MultihashCode.identity, new Uint8Array(32)))).toBe(false);
  expect(a.equals(Multihash.sha256(new Uint8Array(32).fill(1)))).toBe(false);
  expect(a.equals(undefined as never)).toBe(false);
  expect(compareMultihashes(a, Multihash.sha256(new Uint8Array(32)))).toBe(0);
  expect(compareMultihashes(a, Multihash.create(MultihashCode.identity, new Uint8Array(32)))).toBeGreaterThan(0);
});

test('arguments are checked', () => {
  expect(() => Multihash.create(0x12, 'x' as never)).toThrow(ArgumentError);
  expect(() => Multihash.create('18' as never, new Uint8Array(32))).toThrow(FormatError);
  expect(() => Multihash.create(-1, new Uint8Array(32))).toThrow(FormatError);
  expect(() => Multihash.sha256(new Uint8Array(31))).toThrow(FormatError);
  expect(() => decodeMultihash([0, 0] as never)).toThrow(ArgumentError);
  expect(() => decodeMultihashPrefix([0, 0] as never)).toThrow(ArgumentError);
  expect(() => decodeMultihashPrefix(Uint8Array.of(0, 0), 3)).toThrow(ArgumentError);
  expect(() => parseMultihash(1 as never)).toThrow(ArgumentError);
});
