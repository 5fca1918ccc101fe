import * as fc from 'fast-check';
import { constantRandom } from '@pyrgos/testkit/random';
import { describe, expect, test } from 'vitest';
import { fromHex, toHex } from '../bytes.js';
import { decodeCbor, encodeCbor } from '../codec/index.js';
import { loadCrypto } from '../crypto/index.js';
import { withRandomSource } from '../crypto/provider.js';
import { ArgumentError, CryptoError, FormatError, PyrgosError } from '../errors.js';
import { BoxingKeyPair, Curve25519SecretKey } from '../keys/boxing-key.js';
import v from '../../../../vectors/01/boxing.json' with { type: 'json' };
import { AsymmetricCipherText, PaddedAsymmetricCipherText, SourcedAsymmetricCipherText } from './asymmetric-cipher-text.js';
import { PaddingBlock } from './padded-cipher-text.js';

const crypto = await loadCrypto();
const fixed = withRandomSource(crypto, constantRandom(0x24));
const pair1 = BoxingKeyPair.of(crypto, Curve25519SecretKey.of(new Uint8Array(32).fill(0x11)));
const pair2 = BoxingKeyPair.of(crypto, Curve25519SecretKey.of(new Uint8Array(32).fill(0x22)));
const hybrid1 = BoxingKeyPair.generateHybrid(crypto);
const hybrid2 = BoxingKeyPair.generateHybrid(crypto);

test.each(v.valid.filter(({ format }) => format.endsWith('AsymmetricCipherText')))('vector $format', (vector) => {
  const plaintext = decodeCbor(fromHex(vector.plaintext ?? ''));
  const cbor = fromHex(vector.cbor ?? '');
  if (vector.format === 'PaddedAsymmetricCipherText') {
    const sealed = PaddedAsymmetricCipherText.seal(fixed, pair2.publicKey, pair1.secretKey, plaintext, vector.blockSize ?? 0);
    expect(toHex(sealed.encode())).toBe(vector.cbor);
    const read = PaddedAsymmetricCipherText.decode(cbor);
    expect(read.equals(sealed)).toBe(true);
    expect(read.open(crypto, pair2.secretKey, pair1.publicKey)).toEqual(plaintext);
  } else {
    const sealed = SourcedAsymmetricCipherText.seal(fixed, pair2.publicKey, pair1, plaintext);
    expect(toHex(sealed.encode())).toBe(vector.cbor);
    const read = SourcedAsymmetricCipherText.decode(cbor);
    expect(read.equals(sealed)).toBe(true);
    expect(read.sender.equals(pair1.publicKey)).toBe(true);
    expect(read.open(crypto, pair2.secretKey)).toEqual(plaintext);
  }
});

test.each(v.invalid.filter(({ format }) => format.endsWith('CipherText')))('$format refused: $reason', ({ format, cbor }) => {
  const kinds = format === 'AsymmetricCipherText' ? [AsymmetricCipherText, PaddedAsymmetricCipherText] : [SourcedAsymmetricCipherText];
  for (const kind of kinds) expect(() => kind.decode(fromHex(cbor))).toThrow(FormatError);
});

describe.each([
  ['Curve25519', pair1, pair2],
  ['hybrid', hybrid1, hybrid2],
] as const)('%s', (_name, from, to) => {
  test('values open again', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 700 }), (value) => {
        const plain = AsymmetricCipherText.decode(AsymmetricCipherText.seal(crypto, to.publicKey, from.secretKey, value).encode());
        expect(plain.open(crypto, to.secretKey, from.publicKey)).toEqual(value);
        const padded = PaddedAsymmetricCipherText.seal(crypto, to.publicKey, from.secretKey, value, PaddingBlock.followRequest);
        expect(PaddedAsymmetricCipherText.decode(padded.encode()).open(crypto, to.secretKey, from.publicKey)).toEqual(value);
        const sourced = SourcedAsymmetricCipherText.seal(crypto, to.publicKey, from, value);
        expect(SourcedAsymmetricCipherText.decode(sourced.encode()).open(crypto, to.secretKey)).toEqual(value);
      }),
      { numRuns: 8 },
    );
  });

  test('padding hides the length', () => {
    const size = (length: number): number =>
      PaddedAsymmetricCipherText.seal(crypto, to.publicKey, from.secretKey, new Uint8Array(length), 512).message.length;
    expect(size(0)).toBe(size(509));
    expect(size(510)).toBe(size(0) + 512);
  });

  test('changed bytes are noticed', () => {
    const valid = SourcedAsymmetricCipherText.seal(crypto, to.publicKey, from, 'text').encode();
    fc.assert(
      fc.property(fc.nat({ max: valid.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, mask) => {
        const changed = valid.map((byte, i) => (i === at ? byte ^ mask : byte));
        try {
          const read = SourcedAsymmetricCipherText.decode(changed);
          expect(read.encode()).toEqual(changed);
          // The sender's ML-KEM part plays no role in opening (section 13.3), and the top bit of a Curve25519 key is ignored.
          const sameCurve = read.sender.curve25519.bytes.every(
            (byte, i) => ((byte ^ (from.publicKey.curve25519.bytes[i] ?? 0)) & (i === 31 ? 0x7f : 0xff)) === 0,
          );
          if (sameCurve && read.cipherText.equals(SourcedAsymmetricCipherText.decode(valid).cipherText)) return;
          read.open(crypto, to.secretKey);
        } catch (error) {
          expect(error).toBeInstanceOf(PyrgosError);
          return;
        }
        expect.unreachable('a changed message opened');
      }),
      { numRuns: 40 },
    );
  });
});

test('the claimed sender must fit the recipient', () => {
  const message = SourcedAsymmetricCipherText.seal(crypto, hybrid2.publicKey, hybrid1, 1);
  expect(() => message.open(crypto, pair2.secretKey)).toThrow(CryptoError);
});

test('arguments are checked', () => {
  expect(() => AsymmetricCipherText.seal(crypto, hybrid1.publicKey, pair1.secretKey, 1)).toThrow(ArgumentError);
  expect(() => SourcedAsymmetricCipherText.seal(crypto, pair1.publicKey, pair1.secretKey as never, 1)).toThrow(ArgumentError);
});

test('a plaintext that is no CBOR is an error of the family', () => {
  const nonce = new Uint8Array(24);
  const boxed = crypto.boxSeal(Uint8Array.of(0xff), nonce, pair2.publicKey.curve25519.bytes, pair1.secretKey.curve25519.bytes);
  const message = new Uint8Array([...boxed, ...nonce]);
  expect(() => AsymmetricCipherText.decode(encodeCbor(message)).open(crypto, pair2.secretKey, pair1.publicKey)).toThrow(FormatError);
});

test('the decoders re-encode what they accept', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
      for (const kind of [AsymmetricCipherText, PaddedAsymmetricCipherText, SourcedAsymmetricCipherText]) {
        try {
          expect(kind.decode(bytes).encode()).toEqual(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(PyrgosError);
        }
      }
    }),
  );
});
