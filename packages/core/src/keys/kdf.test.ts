import * as fc from 'fast-check';
import { constantRandom } from '@pyrgos/testkit/random';
import { expect, test } from 'vitest';
import { fromHex, toHex } from '../bytes.js';
import { loadCrypto } from '../crypto/index.js';
import { ArgumentError, FormatError, PyrgosError } from '../errors.js';
import { MAX_SCRYPT_LOG_N, MIN_SCRYPT_LOG_N } from '../limits.js';
import v from '../../../../vectors/01/kdf.json' with { type: 'json' };
import { generateSalt, hashToKeyBytes, hkdfKey } from './kdf.js';
import {
  decodeSecretGenerationAlgorithm,
  RandomSecretGeneration,
  ScryptSecretGeneration,
  type SecretOutputLength,
} from './secret-generation-algorithm.js';

const crypto = await loadCrypto();
const ofKind = (kind: string): typeof v.valid => v.valid.filter((vector) => vector.kind === kind);

test.each(ofKind('hkdfKey'))('hkdfKey of $ikm', ({ ikm, out }) => {
  expect(toHex(hkdfKey(crypto, fromHex(ikm ?? '')))).toBe(out);
});

test.each(ofKind('algorithm'))('parameters $cbor', ({ m, c, o, s, cbor }) => {
  const algorithm = ScryptSecretGeneration.of({
    logN: m ?? 0,
    r: c ?? 0,
    length: (o ?? 0) as SecretOutputLength,
    extraSalt: s ?? '',
  });
  expect(toHex(algorithm.encode())).toBe(cbor);
  expect(algorithm.equals(decodeSecretGenerationAlgorithm(fromHex(cbor ?? '')))).toBe(true);
});

test.each(ofKind('hashToKeyBytes'))('scrypt of $password with m $m', async ({ salt, password, m, o, out }) => {
  const algorithm = ScryptSecretGeneration.of({ logN: m ?? 0, length: (o ?? 0) as SecretOutputLength });
  expect(toHex(await hashToKeyBytes(crypto, salt ?? '', password ?? '', algorithm))).toBe(out);
});

test.each(v.invalid)('refused: $reason', ({ cbor }) => {
  expect(() => decodeSecretGenerationAlgorithm(fromHex(cbor))).toThrow(FormatError);
});

test('a missing extra salt is the empty text and is written again', () => {
  const algorithm = decodeSecretGenerationAlgorithm(fromHex('a5616308616d11616f1840617001647479706501'));
  expect(algorithm.equals(ScryptSecretGeneration.of())).toBe(true);
  expect(toHex(algorithm.encode())).toBe('a6616308616d11616f1840617001617360647479706501');
});

test('the random algorithm', () => {
  const algorithm = new RandomSecretGeneration();
  expect(toHex(algorithm.encode())).toBe('a1647479706500');
  expect(decodeSecretGenerationAlgorithm(algorithm.encode()).equals(algorithm)).toBe(true);
  expect(algorithm.equals(ScryptSecretGeneration.of())).toBe(false);
});

test('limits of our own choice', () => {
  expect(ScryptSecretGeneration.of({ logN: MIN_SCRYPT_LOG_N }).logN).toBe(15);
  expect(ScryptSecretGeneration.of({ logN: MAX_SCRYPT_LOG_N }).logN).toBe(20);
  expect(ScryptSecretGeneration.of({ logN: 18, r: 32 }).r).toBe(32);
  for (const choice of [
    { logN: 14 },
    { logN: 21 },
    { r: 0 },
    { r: 33 },
    { logN: 20, r: 9 },
    { logN: 19, r: 17 },
    { length: 33 as never },
    { extraSalt: '\udc00' },
  ]) {
    expect(() => ScryptSecretGeneration.of(choice)).toThrow(ArgumentError);
  }
});

test('generated salts are 64 lower-case hex digits', () => {
  expect(generateSalt(constantRandom(0xab))).toBe('ab'.repeat(32));
  expect(generateSalt(crypto)).toMatch(/^[0-9a-f]{64}$/);
});

test('arguments are checked', async () => {
  const algorithm = ScryptSecretGeneration.of({ logN: 15 });
  await expect(hashToKeyBytes(crypto, 's', 'p', new RandomSecretGeneration() as never)).rejects.toThrow(ArgumentError);
  await expect(hashToKeyBytes(crypto, '\ud800', 'p', algorithm)).rejects.toThrow(ArgumentError);
  await expect(hashToKeyBytes(crypto, 's', '\ud800', algorithm)).rejects.toThrow(ArgumentError);
  expect(() => hkdfKey(crypto, 'text' as never)).toThrow(ArgumentError);
});

test('the decoder gives an error of the family or a value that re-encodes identically', () => {
  const valid = ScryptSecretGeneration.of({ extraSalt: 'abc' }).encode();
  const mutated = fc
    .tuple(fc.nat({ max: valid.length - 1 }), fc.integer({ min: 1, max: 255 }))
    .map(([at, mask]) => valid.map((byte, i) => (i === at ? byte ^ mask : byte)));
  fc.assert(
    fc.property(fc.oneof(mutated, fc.uint8Array({ maxLength: 40 })), (bytes) => {
      try {
        const algorithm = decodeSecretGenerationAlgorithm(bytes);
        // Type 0 ignores all other fields, and a renamed `s` is an unknown key: both are dropped.
        if (algorithm instanceof ScryptSecretGeneration && algorithm.extraSalt !== '') expect(algorithm.encode()).toEqual(bytes);
        expect(decodeSecretGenerationAlgorithm(algorithm.encode()).equals(algorithm)).toBe(true);
      } catch (error) {
        expect(error).toBeInstanceOf(PyrgosError);
      }
    }),
  );
});
