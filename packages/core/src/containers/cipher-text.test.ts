import * as fc from 'fast-check';
import { constantRandom } from '@pyrgos/testkit/random';
import { describe, expect, test } from 'vitest';
import { concatBytes, fromHex, toHex } from '../bytes.js';
import { type CborValue, decodeCbor, encodeCbor } from '../codec/index.js';
import { loadCrypto } from '../crypto/index.js';
import { withRandomSource } from '../crypto/provider.js';
import { ArgumentError, FormatError, PyrgosError } from '../errors.js';
import { SecretSigningKey, SigningKeyPair, SigningPrivateKeyAndPublicHash } from '../keys/signing-key.js';
import { SymmetricKey } from '../keys/symmetric-key.js';
import v from '../../../../vectors/01/symmetric.json' with { type: 'json' };
import { CipherText } from './cipher-text.js';
import { PaddedCipherText, PaddingBlock } from './padded-cipher-text.js';
import { SymmetricLink, SymmetricLinkToSigner } from './symmetric-link.js';

const crypto = await loadCrypto();
const fixed = withRandomSource(crypto, constantRandom(0x24));
const key = SymmetricKey.of(new Uint8Array(32).fill(1));
const other = SymmetricKey.of(new Uint8Array(32).fill(2));

describe.each(v.valid.filter(({ cbor, plaintext }) => cbor !== undefined && plaintext !== undefined))('vector $format', (vector) => {
  const plaintext = decodeCbor(fromHex(vector.plaintext ?? ''));
  const cbor = fromHex(vector.cbor ?? '');

  test('is written and read', () => {
    switch (vector.format) {
      case 'CipherText': {
        const sealed = CipherText.seal(fixed, key, plaintext);
        expect(toHex(sealed.encode())).toBe(vector.cbor);
        expect(CipherText.decode(cbor).equals(sealed)).toBe(true);
        expect(CipherText.decode(cbor).open(crypto, key)).toEqual(plaintext);
        return;
      }
      case 'SymmetricLink': {
        const target = SymmetricKey.fromCbor(plaintext);
        const link = SymmetricLink.create(fixed, key, target);
        expect(toHex(link.encode())).toBe(vector.cbor);
        expect(SymmetricLink.decode(cbor).equals(link)).toBe(true);
        expect(SymmetricLink.decode(cbor).target(crypto, key).equals(target)).toBe(true);
        return;
      }
      case 'SymmetricLinkToSigner': {
        const target = SigningPrivateKeyAndPublicHash.fromCbor(plaintext);
        const link = SymmetricLinkToSigner.create(fixed, key, target);
        expect(toHex(link.encode())).toBe(vector.cbor);
        expect(SymmetricLinkToSigner.decode(cbor).equals(link)).toBe(true);
        expect(SymmetricLinkToSigner.decode(cbor).target(crypto, key).equals(target)).toBe(true);
        return;
      }
      case 'PaddedCipherText': {
        const sealed = PaddedCipherText.seal(fixed, key, plaintext, vector.blockSize ?? 0);
        expect(toHex(sealed.encode())).toBe(vector.cbor);
        expect(PaddedCipherText.decode(cbor).equals(sealed)).toBe(true);
        expect(PaddedCipherText.decode(cbor).open(crypto, key)).toEqual(plaintext);
        return;
      }
      default:
        expect.unreachable(vector.format);
    }
  });
});

test.each(v.invalid.filter(({ format }) => format === 'CipherText'))('refused: $reason', ({ cbor }) => {
  for (const kind of [CipherText, PaddedCipherText, SymmetricLink, SymmetricLinkToSigner]) {
    expect(() => kind.decode(fromHex(cbor))).toThrow(FormatError);
  }
});

test('the padded length is the next multiple, an exact multiple gets no more', () => {
  for (const blockSize of Object.values(PaddingBlock)) {
    for (const [cborLength, blocks] of [
      [1, 1],
      [blockSize - 1, 1],
      [blockSize, 1],
      [blockSize + 1, 2],
    ] as const) {
      const text = 'x'.repeat(cborLength - encodeCbor('x'.repeat(cborLength)).length + cborLength);
      if (encodeCbor(text).length !== cborLength) continue;
      const sealed = PaddedCipherText.seal(crypto, key, text, blockSize);
      expect((sealed.toCbor() as readonly Uint8Array[])[1]?.length).toBe(16 + blocks * blockSize);
      expect(sealed.open(crypto, key)).toBe(text);
    }
  }
});

test('another key does not open, and the content must be what the link promises', () => {
  const refused = expect.objectContaining({ code: 'crypto.authentication' });
  expect(() => CipherText.seal(crypto, key, 1).open(crypto, other)).toThrow(refused);
  expect(() => SymmetricLink.create(crypto, key, other).target(crypto, other)).toThrow(refused);
  const text = CipherText.seal(crypto, key, 'no key').encode();
  expect(() => SymmetricLink.decode(text).target(crypto, key)).toThrow(FormatError);
  expect(() => SymmetricLinkToSigner.decode(text).target(crypto, key)).toThrow(FormatError);
  const nonce = new Uint8Array(24);
  const noCbor = encodeCbor([nonce, crypto.secretboxSeal(Uint8Array.of(0xff), nonce, key.bytes)]);
  expect(() => CipherText.decode(noCbor).open(crypto, key)).toThrow(FormatError);
});

test('a signer whose halves do not belong together is refused', () => {
  const pair = SigningKeyPair.generate(crypto);
  const mixed = SecretSigningKey.of(concatBytes(new Uint8Array(32).fill(3), pair.publicKey.bytes));
  const link = SymmetricLinkToSigner.create(crypto, key, SigningPrivateKeyAndPublicHash.of(pair.publicKey.hash, mixed));
  expect(() => link.target(crypto, key)).toThrow(FormatError);
});

test('nonces are fresh', () => {
  expect(CipherText.seal(crypto, key, 1).equals(CipherText.seal(crypto, key, 1))).toBe(false);
});

test('arguments are checked', () => {
  expect(() => CipherText.seal(crypto, key.bytes as never, 1)).toThrow(ArgumentError);
  expect(() => CipherText.seal(crypto, key, 1).open(crypto, key.bytes as never)).toThrow(ArgumentError);
  expect(() => SymmetricLink.create(crypto, key, 'key' as never)).toThrow(ArgumentError);
  expect(() => SymmetricLinkToSigner.create(crypto, key, key as never)).toThrow(ArgumentError);
  for (const blockSize of [0, -1, 1.5, 2 ** 20]) expect(() => PaddedCipherText.seal(crypto, key, 1, blockSize)).toThrow(ArgumentError);
});

const values: fc.Arbitrary<CborValue> = fc.oneof(
  fc.uint8Array({ maxLength: 300 }),
  fc.string({ unit: 'grapheme', maxLength: 50 }),
  fc.maxSafeInteger(),
  fc.array(fc.boolean(), { maxLength: 20 }),
);

test('any value opens again, in any padding', () => {
  fc.assert(
    fc.property(values, fc.integer({ min: 1, max: 600 }), (value, blockSize) => {
      expect(encodeCbor(CipherText.seal(crypto, key, value).open(crypto, key))).toEqual(encodeCbor(value));
      const read = PaddedCipherText.decode(PaddedCipherText.seal(crypto, key, value, blockSize).encode());
      expect(encodeCbor(read.open(crypto, key))).toEqual(encodeCbor(value));
    }),
    { numRuns: 100 },
  );
});

test('every changed byte is noticed; the decoder re-encodes what it accepts', () => {
  const valid = CipherText.seal(crypto, key, 'some text').encode();
  for (let at = 0; at < valid.length; at++) {
    const changed = valid.map((byte, i) => (i === at ? byte ^ 0x41 : byte));
    expect(() => {
      const read = CipherText.decode(changed);
      expect(read.encode()).toEqual(changed);
      read.open(crypto, key);
    }).toThrow(PyrgosError);
  }
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
      try {
        expect(CipherText.decode(bytes).encode()).toEqual(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(PyrgosError);
      }
    }),
  );
});
