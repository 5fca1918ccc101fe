import * as fc from 'fast-check';
import { constantRandom, scriptedRandom } from '@pyrgos/testkit/random';
import { describe, expect, test } from 'vitest';
import { concatBytes, fromHex, toHex } from '../bytes.js';
import { encodeCbor } from '../codec/cbor-encode.js';
import { loadCrypto } from '../crypto/index.js';
import { withRandomSource } from '../crypto/provider.js';
import { ArgumentError, CryptoError, FormatError, PyrgosError } from '../errors.js';
import boxing from '../../../../vectors/01/boxing.json' with { type: 'json' };
import hybrid from '../../../../vectors/01/hybrid.json' with { type: 'json' };
import {
  BoxingKeyPair,
  Curve25519PublicKey,
  Curve25519SecretKey,
  decodePublicBoxingKey,
  decodeSecretBoxingKey,
  HybridPublicKey,
  HybridSecretKey,
} from './boxing-key.js';
import { boxFor, openBox } from './hybrid-box.js';
import { hkdfKey } from './hkdf.js';

const crypto = await loadCrypto();
const fixed = withRandomSource(crypto, constantRandom(0x24));
const pair1 = BoxingKeyPair.of(crypto, Curve25519SecretKey.of(new Uint8Array(32).fill(0x11)));
const pair2 = BoxingKeyPair.of(crypto, Curve25519SecretKey.of(new Uint8Array(32).fill(0x22)));
const hybridA = BoxingKeyPair.generateHybrid(crypto);
const hybridB = BoxingKeyPair.generateHybrid(crypto);
const sha = (bytes: Uint8Array): string => toHex(crypto.sha256(bytes));

test.each(boxing.valid.filter((vector) => vector.format === 'key'))('Curve25519 key $public', (vector) => {
  const secret = Curve25519SecretKey.of(fromHex(vector.secret ?? ''));
  const publicKey = secret.publicKey(crypto);
  expect(toHex(publicKey.bytes)).toBe(vector.public);
  expect(toHex(publicKey.encode())).toBe(vector.cbor);
  expect(decodePublicBoxingKey(fromHex(vector.cbor ?? '')).equals(publicKey)).toBe(true);
  expect(decodeSecretBoxingKey(secret.encode()).equals(secret)).toBe(true);
});

test.each(boxing.valid.filter((vector) => vector.format === 'message'))('box of $plaintext', (vector) => {
  const message = boxFor(fixed, pair2.publicKey, pair1.secretKey, fromHex(vector.plaintext ?? ''));
  expect(toHex(message)).toBe(vector.message);
  expect(toHex(openBox(crypto, pair2.secretKey, pair1.publicKey, message))).toBe(vector.plaintext);
});

test.each(boxing.invalid.filter(({ format }) => format.endsWith('BoxingKey')))('$format refused: $reason', ({ format, cbor }) => {
  const decode = format === 'PublicBoxingKey' ? decodePublicBoxingKey : decodeSecretBoxingKey;
  expect(() => decode(fromHex(cbor))).toThrow(FormatError);
});

describe.each(hybrid.valid)('hybrid vector', (vector) => {
  const mlKem = crypto.mlKemKeyPair(fromHex(vector.d), fromHex(vector.z));
  const recipientSecret = HybridSecretKey.of(Curve25519SecretKey.of(fromHex(vector.recipientCurveSecret)), mlKem.secretKey);
  const recipient = BoxingKeyPair.of(crypto, recipientSecret);
  const sender = BoxingKeyPair.of(
    crypto,
    HybridSecretKey.of(
      Curve25519SecretKey.of(fromHex(vector.senderCurveSecret)),
      hybridA.secretKey.type === 2 ? hybridA.secretKey.mlKem : new Uint8Array(),
    ),
  );

  test('ML-KEM', () => {
    expect(sha(mlKem.publicKey)).toBe(vector.encapsulationKeySha256);
    expect(sha(mlKem.secretKey)).toBe(vector.decapsulationKeySha256);
    const { ciphertext, sharedSecret } = crypto.mlKemEncapsulate(mlKem.publicKey, fromHex(vector.m));
    expect(sha(ciphertext)).toBe(vector.ciphertextSha256);
    expect(toHex(sharedSecret)).toBe(vector.sharedSecret);
    expect(toHex(crypto.mlKemDecapsulate(ciphertext, mlKem.secretKey))).toBe(vector.sharedSecret);
    const changed = ciphertext.slice();
    changed[5] = (changed[5] ?? 0) ^ 1;
    expect(toHex(crypto.mlKemDecapsulate(changed, mlKem.secretKey))).toBe(vector.implicitRejection);
    expect(toHex(hkdfKey(crypto, concatBytes(fromHex(vector.curveSecret), sharedSecret)))).toBe(vector.k);
  });

  test('keys', () => {
    expect(recipient.publicKey).toBeInstanceOf(HybridPublicKey);
    const publicCbor = recipient.publicKey.encode();
    expect(publicCbor.length).toBe(vector.publicKeySize);
    expect(toHex(publicCbor).startsWith(vector.publicKeyStart)).toBe(true);
    expect(sha(publicCbor)).toBe(vector.publicKeySha256);
    expect(String(recipient.publicKey.hash(crypto))).toBe(vector.publicKeyCid);
    expect(decodePublicBoxingKey(publicCbor).equals(recipient.publicKey)).toBe(true);
    expect(toHex(recipient.publicKey.curve25519.bytes)).toBe(toHex(recipientSecret.curve25519.publicKey(crypto).bytes));
    const secretCbor = recipientSecret.encode();
    expect(secretCbor.length).toBe(vector.secretKeySize);
    expect(toHex(secretCbor).startsWith(vector.secretKeyStart)).toBe(true);
    expect(sha(secretCbor)).toBe(vector.secretKeySha256);
    expect(decodeSecretBoxingKey(secretCbor).equals(recipientSecret)).toBe(true);
    expect((recipient.publicKey as HybridPublicKey).mlKem).toEqual(mlKem.publicKey);
  });

  test('message', () => {
    const random = scriptedRandom(fromHex(vector.curveSecret), fromHex(vector.m), fromHex(vector.boxNonce), fromHex(vector.nonce));
    const message = boxFor(withRandomSource(crypto, random), recipient.publicKey, sender.secretKey, fromHex(vector.plaintext));
    expect(message.length).toBe(vector.messageSize);
    expect(toHex(message).includes(`61635848${vector.c}`)).toBe(true);
    expect(toHex(message).includes(`616955${vector.i}`)).toBe(true);
    expect(sha(message)).toBe(vector.messageSha256);
    expect(toHex(openBox(crypto, recipient.secretKey, sender.publicKey, message))).toBe(vector.plaintext);
  });
});

test.each(hybrid.invalid)('hybrid message refused: $reason', ({ message }) => {
  expect(() => openBox(crypto, hybridA.secretKey, hybridB.publicKey, fromHex(message))).toThrow(FormatError);
});

test('types must match', () => {
  const text = new Uint8Array(3);
  expect(() => boxFor(crypto, hybridA.publicKey, pair1.secretKey, text)).toThrow(ArgumentError);
  expect(() => boxFor(crypto, pair1.publicKey, hybridA.secretKey, text)).toThrow(ArgumentError);
  const curveMessage = boxFor(crypto, pair1.publicKey, pair2.secretKey, text);
  const hybridMessage = boxFor(crypto, hybridA.publicKey, hybridB.secretKey, text);
  expect(() => openBox(crypto, pair1.secretKey, hybridB.publicKey, curveMessage)).toThrow(CryptoError);
  expect(() => openBox(crypto, hybridA.secretKey, pair2.publicKey, hybridMessage)).toThrow(CryptoError);
  expect(BoxingKeyPair.generateFor(crypto, hybridA.publicKey).publicKey.type).toBe(2);
  expect(BoxingKeyPair.generateFor(crypto, pair1.publicKey).publicKey.type).toBe(1);
});

test('a message for another key, from another key or too short does not open', () => {
  for (const [from, to, third] of [
    [pair1, pair2, BoxingKeyPair.generateCurve25519(crypto)],
    [hybridA, hybridB, BoxingKeyPair.generateHybrid(crypto)],
  ] as const) {
    const message = boxFor(crypto, to.publicKey, from.secretKey, new Uint8Array(5));
    const refused = expect.objectContaining({ code: 'crypto.authentication' });
    expect(() => openBox(crypto, third.secretKey, from.publicKey, message)).toThrow(refused);
    expect(() => openBox(crypto, to.secretKey, third.publicKey, message)).toThrow(refused);
    expect(openBox(crypto, to.secretKey, from.publicKey, message)).toEqual(new Uint8Array(5));
  }
  expect(() => openBox(crypto, pair1.secretKey, pair2.publicKey, new Uint8Array(39))).toThrow(CryptoError);
});

test('every changed byte of a box is noticed', () => {
  const plaintext = new Uint8Array(20).fill(7);
  const curveMessage = boxFor(crypto, pair2.publicKey, pair1.secretKey, plaintext);
  for (let i = 0; i < curveMessage.length; i++) {
    const changed = curveMessage.map((byte, at) => (at === i ? byte ^ 0x80 : byte));
    expect(() => openBox(crypto, pair2.secretKey, pair1.publicKey, changed)).toThrow(CryptoError);
  }
  const message = boxFor(crypto, hybridB.publicKey, hybridA.secretKey, plaintext);
  fc.assert(
    fc.property(fc.nat({ max: message.length - 1 }), fc.integer({ min: 1, max: 255 }), (i, mask) => {
      const changed = message.map((byte, at) => (at === i ? byte ^ mask : byte));
      expect(() => openBox(crypto, hybridB.secretKey, hybridA.publicKey, changed)).toThrow(PyrgosError);
    }),
    { numRuns: 40 },
  );
});

test('boxes of any length open again', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 2000 }), (plaintext) => {
      const message = boxFor(crypto, pair2.publicKey, pair1.secretKey, plaintext);
      expect(message.length).toBe(plaintext.length + 40);
      expect(openBox(crypto, pair2.secretKey, pair1.publicKey, message)).toEqual(plaintext);
    }),
    { numRuns: 50 },
  );
});

test('hostile public keys are an error of the family, never a weak message', () => {
  const lowOrder = Curve25519PublicKey.of(new Uint8Array(32));
  expect(() => boxFor(crypto, lowOrder, pair1.secretKey, new Uint8Array(3))).toThrow(CryptoError);
  expect(() => openBox(crypto, pair1.secretKey, lowOrder, new Uint8Array(50))).toThrow(CryptoError);
  const notReduced = HybridPublicKey.of(pair1.publicKey.curve25519, new Uint8Array(1568).fill(0xff));
  expect(() => boxFor(crypto, notReduced, hybridA.secretKey, new Uint8Array(3))).toThrow(PyrgosError);
});

test('a pair whose halves do not belong together is refused', () => {
  for (const pair of [pair1, hybridA]) expect(BoxingKeyPair.decode(crypto, pair.encode()).equals(pair)).toBe(true);
  for (const [publicKey, secretKey] of [
    [pair1.publicKey, pair2.secretKey],
    [hybridA.publicKey, hybridB.secretKey],
    [pair1.publicKey, hybridA.secretKey],
    [hybridA.publicKey, pair1.secretKey],
  ] as const) {
    expect(() => BoxingKeyPair.decode(crypto, encodeCbor([publicKey.toCbor(), secretKey.toCbor()]))).toThrow(FormatError);
  }
});

test('arguments are checked', () => {
  expect(() => Curve25519PublicKey.of(new Uint8Array(31))).toThrow(ArgumentError);
  expect(() => Curve25519SecretKey.of(new Uint8Array(33))).toThrow(ArgumentError);
  expect(() => HybridPublicKey.of(Curve25519PublicKey.of(new Uint8Array(32)), new Uint8Array(1567))).toThrow(ArgumentError);
  expect(() => HybridSecretKey.of(Curve25519SecretKey.of(new Uint8Array(32)), new Uint8Array(3167))).toThrow(ArgumentError);
  expect(() => HybridPublicKey.of(pair1.secretKey as never, new Uint8Array(1568))).toThrow(ArgumentError);
  expect(() => boxFor(crypto, pair1.secretKey as never, pair1.secretKey, new Uint8Array())).toThrow(ArgumentError);
  expect(() => openBox(crypto, pair1.secretKey, pair1.secretKey as never, new Uint8Array(50))).toThrow(ArgumentError);
  expect(() => boxFor(crypto, pair1.publicKey, pair1.secretKey, 'text' as never)).toThrow(ArgumentError);
});

test('decoders give an error of the family or a value that re-encodes identically', () => {
  const valid = [pair1.publicKey.encode(), pair1.secretKey.encode(), hybridA.publicKey.encode()];
  const mutated = fc
    .tuple(fc.constantFrom(...valid), fc.nat(40), fc.integer({ min: 1, max: 255 }))
    .map(([bytes, at, mask]) => bytes.map((byte, i) => (i === at % bytes.length ? byte ^ mask : byte)));
  fc.assert(
    fc.property(fc.oneof(mutated, fc.uint8Array({ maxLength: 60 })), (bytes) => {
      for (const decode of [decodePublicBoxingKey, decodeSecretBoxingKey]) {
        try {
          expect(decode(bytes).encode()).toEqual(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(PyrgosError);
        }
      }
    }),
  );
});
