import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concatBytes, fromHex, toHex, utf8Encode } from '../bytes.js';
import { loadCrypto } from '../crypto/index.js';
import { ArgumentError, FormatError, PyrgosError } from '../errors.js';
import v from '../../../../vectors/01/signing.json' with { type: 'json' };
import {
  openSigned,
  PublicSigningKey,
  SecretSigningKey,
  signAttached,
  signDetached,
  SigningKeyPair,
  SigningPrivateKeyAndPublicHash,
  verifyDetached,
} from './signing-key.js';

const crypto = await loadCrypto();
const decoders: Record<string, (bytes: Uint8Array) => { encode(): Uint8Array }> = {
  PublicSigningKey: (bytes) => PublicSigningKey.decode(bytes),
  SecretSigningKey: (bytes) => SecretSigningKey.decode(bytes),
  SigningKeyPair: (bytes) => SigningKeyPair.decode(crypto, bytes),
  SigningPrivateKeyAndPublicHash: (bytes) => SigningPrivateKeyAndPublicHash.decode(bytes),
};

describe.each(v.valid)('vector of seed $seed', (vector) => {
  const pair = SigningKeyPair.fromSeed(crypto, fromHex(vector.seed));

  test('public key', () => {
    expect(toHex(pair.publicKey.bytes)).toBe(vector.publicKey);
    expect(toHex(pair.publicKey.encode())).toBe(vector.publicKeyCbor);
    expect(String(pair.publicKey)).toBe(vector.publicKeyText);
    expect(JSON.stringify(pair.publicKey)).toBe(JSON.stringify(vector.publicKeyText));
    expect(PublicSigningKey.parse(vector.publicKeyText).equals(pair.publicKey)).toBe(true);
    expect(PublicSigningKey.decode(fromHex(vector.publicKeyCbor)).equals(pair.publicKey)).toBe(true);
  });

  test('secret key, pair and signer', () => {
    expect(toHex(pair.secretKey.encode())).toBe(vector.secretKeyCbor);
    expect(SecretSigningKey.decode(fromHex(vector.secretKeyCbor)).equals(pair.secretKey)).toBe(true);
    expect(pair.secretKey.isConsistent(crypto)).toBe(true);
    expect(pair.format()).toBe(vector.keyPairText);
    expect(SigningKeyPair.parse(crypto, vector.keyPairText).equals(pair)).toBe(true);
    expect(toHex(pair.signer.encode())).toBe(vector.signerCbor);
    expect(SigningPrivateKeyAndPublicHash.decode(fromHex(vector.signerCbor)).equals(pair.signer)).toBe(true);
  });

  test('signatures', () => {
    const message = fromHex(vector.message);
    expect(toHex(signAttached(crypto, pair.secretKey, message))).toBe(vector.signed);
    expect(toHex(openSigned(crypto, pair.publicKey, fromHex(vector.signed)))).toBe(vector.message);
    expect(toHex(signAttached(crypto, pair.secretKey, crypto.sha256(message)))).toBe(vector.blockWriteSignature);
    const detached = signDetached(crypto, pair.secretKey, message);
    expect(toHex(detached)).toBe(vector.signed.slice(0, 128));
    expect(verifyDetached(crypto, pair.publicKey, detached, message)).toBe(true);
    expect(verifyDetached(crypto, pair.publicKey, detached.slice(1), message)).toBe(false);
    expect(verifyDetached(crypto, pair.publicKey, detached, utf8Encode('hellp'))).toBe(false);
  });
});

test.each(v.invalid)('$format is refused: $reason', ({ format, cbor }) => {
  expect(() => decoders[format]?.(fromHex(cbor))).toThrow(FormatError);
});

const pair = SigningKeyPair.generate(crypto);

test('a changed signed message does not open, whichever byte changes', () => {
  const signed = signAttached(crypto, pair.secretKey, utf8Encode('attack at dawn'));
  for (let i = 0; i < signed.length; i++) {
    const changed = signed.slice();
    changed[i] = (changed[i] ?? 0) ^ 1;
    expect(() => openSigned(crypto, pair.publicKey, changed)).toThrow(expect.objectContaining({ code: 'crypto.signature' }));
  }
});

test.each([0, 1, 63])('an attached signature of %i bytes is too short', (length) => {
  expect(() => openSigned(crypto, pair.publicKey, new Uint8Array(length))).toThrow(expect.objectContaining({ code: 'crypto.signature' }));
});

test('an empty message can be signed', () => {
  expect(openSigned(crypto, pair.publicKey, signAttached(crypto, pair.secretKey, new Uint8Array()))).toEqual(new Uint8Array());
});

test('a secret key with the public half of another one is seen as inconsistent and does not sign', () => {
  const other = SigningKeyPair.generate(crypto);
  const mixed = SecretSigningKey.of(concatBytes(pair.secretKey.bytes.subarray(0, 32), other.publicKey.bytes));
  expect(mixed.isConsistent(crypto)).toBe(false);
  expect(() => signDetached(crypto, mixed, new Uint8Array(3))).toThrow(ArgumentError);
});

test('arguments are checked', () => {
  const other = SigningKeyPair.generate(crypto);
  expect(() => SigningPrivateKeyAndPublicHash.of(other.publicKey.hash, pair.secretKey)).toThrow(ArgumentError);
  expect(() => PublicSigningKey.of(new Uint8Array(31))).toThrow(ArgumentError);
  expect(() => SecretSigningKey.of(new Uint8Array(63))).toThrow(ArgumentError);
  expect(() => SigningKeyPair.fromSeed(crypto, new Uint8Array(33))).toThrow(ArgumentError);
  expect(() => signDetached(crypto, pair.secretKey, 'text' as never)).toThrow(ArgumentError);
  expect(() => signDetached(crypto, pair as never, new Uint8Array())).toThrow(ArgumentError);
  expect(() => openSigned(crypto, pair as never, new Uint8Array(64))).toThrow(ArgumentError);
  expect(() => openSigned(crypto, pair.publicKey, 'text' as never)).toThrow(ArgumentError);
  const text = v.valid[0]?.publicKeyText ?? '';
  for (const bad of ['', text.slice(1), `${text}=`, ` ${text}`, `-${text.slice(1)}`, `${text.slice(1)}=`, ' '.repeat(48)]) {
    expect(() => PublicSigningKey.parse(bad)).toThrow(FormatError);
  }
  expect(() => PublicSigningKey.parse(5 as never)).toThrow(ArgumentError);
});

test('keys do not change with the arrays they were made of', () => {
  const bytes = pair.publicKey.bytes.slice();
  const key = PublicSigningKey.of(bytes);
  bytes.fill(0);
  expect(key.equals(pair.publicKey)).toBe(true);
});

test('decoders give an error of the family or a value that re-encodes identically', () => {
  const valid = [pair.publicKey.encode(), pair.secretKey.encode(), pair.encode(), pair.signer.encode()];
  const mutated = fc
    .tuple(fc.constantFrom(...valid), fc.nat(), fc.integer({ min: 1, max: 255 }))
    .map(([bytes, at, mask]) => bytes.map((byte, i) => (i === at % bytes.length ? byte ^ mask : byte)));
  fc.assert(
    fc.property(fc.oneof(mutated, fc.uint8Array({ maxLength: 80 })), (bytes) => {
      for (const decode of Object.values(decoders)) {
        try {
          expect(decode(bytes).encode()).toEqual(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(PyrgosError);
        }
      }
    }),
    { numRuns: 100 },
  );
});
