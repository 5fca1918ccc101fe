import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { fromHex, toHex } from '../bytes.js';
import { loadCrypto } from '../crypto/index.js';
import { ArgumentError, FormatError, PyrgosError } from '../errors.js';
import v from '../../../../vectors/01/symmetric.json' with { type: 'json' };
import { SymmetricKey } from './symmetric-key.js';

const crypto = await loadCrypto();

test.each(v.valid.filter((vector) => vector.format === 'SymmetricKey'))('vector $cbor', ({ key, isDirty, cbor }) => {
  const value = SymmetricKey.of(fromHex(key ?? ''), isDirty);
  expect(toHex(value.encode())).toBe(cbor);
  const read = SymmetricKey.decode(fromHex(cbor ?? ''));
  expect(read.equals(value)).toBe(true);
  expect(read.isDirty).toBe(isDirty);
});

test.each(v.invalid.filter((vector) => vector.format === 'SymmetricKey'))('refused: $reason', ({ cbor }) => {
  expect(() => SymmetricKey.decode(fromHex(cbor))).toThrow(FormatError);
});

test.each(v.valid.filter((vector) => vector.format === 'secretbox'))('secretbox of "$plaintext"', ({ key, nonce, plaintext, boxed }) => {
  const [k, n, p] = [fromHex(key ?? ''), fromHex(nonce ?? ''), fromHex(plaintext ?? '')];
  expect(toHex(crypto.secretboxSeal(p, n, k))).toBe(boxed);
  expect(crypto.secretboxOpen(fromHex(boxed ?? ''), n, k)).toEqual(p);
});

test('the mark is part of equality and of the serialisation', () => {
  const clean = SymmetricKey.generate(crypto);
  const dirty = clean.toDirty();
  expect(clean.isDirty).toBe(false);
  expect(dirty.isDirty).toBe(true);
  expect(dirty.equals(clean)).toBe(false);
  expect(dirty.toDirty()).toBe(dirty);
  expect(dirty.encode()).not.toEqual(clean.encode());
  expect(clean.equals(undefined)).toBe(false);
});

test('arguments are checked and arrays are copied', () => {
  expect(() => SymmetricKey.of(new Uint8Array(31))).toThrow(ArgumentError);
  expect(() => SymmetricKey.of(new Uint8Array(32), 1 as never)).toThrow(ArgumentError);
  const bytes = new Uint8Array(32);
  const key = SymmetricKey.of(bytes);
  bytes.fill(9);
  expect(key.equals(SymmetricKey.of(new Uint8Array(32)))).toBe(true);
});

test('the decoder gives an error of the family or a value that re-encodes identically', () => {
  const valid = SymmetricKey.generate(crypto).encode();
  const mutated = fc
    .tuple(fc.nat({ max: valid.length - 1 }), fc.integer({ min: 1, max: 255 }))
    .map(([at, mask]) => valid.map((byte, i) => (i === at ? byte ^ mask : byte)));
  fc.assert(
    fc.property(fc.oneof(mutated, fc.uint8Array({ maxLength: 60 })), (bytes) => {
      try {
        expect(SymmetricKey.decode(bytes).encode()).toEqual(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(PyrgosError);
      }
    }),
  );
});
