import { describe, expect, test } from 'vitest';
import { fromHex, toHex } from '../bytes.js';
import { encodeCbor } from '../codec/cbor-encode.js';
import { PaddedAsymmetricCipherText } from '../containers/asymmetric-cipher-text.js';
import { loadCrypto } from '../crypto/index.js';
import { ArgumentError, FormatError, LimitError } from '../errors.js';
import { BoxingKeyPair, Curve25519SecretKey } from '../keys/boxing-key.js';
import v from '../../../../vectors/02/follow-request.json' with { type: 'json' };
import { BlindFollowRequest, MAX_FOLLOW_REQUEST_SIZE } from './blind-follow-request.js';

const crypto = await loadCrypto();

describe('vectors', () => {
  test('a rejection', () => {
    const request = BlindFollowRequest.decode(fromHex(v.cbor));
    expect(toHex(request.encode())).toBe(v.cbor);
    expect(request.encode()).toHaveLength(v.length);
    const recipient = Curve25519SecretKey.of(fromHex(v.recipientSecret));
    expect(toHex(recipient.publicKey(crypto).bytes)).toBe(v.recipientPublic);
    expect(toHex(encodeCbor(request.cipherText.open(crypto, recipient, request.ephemeralKey)))).toBe(v.plaintext);
  });

  test.each(v.invalid)('refused: $reason', ({ cbor }) => {
    expect(() => BlindFollowRequest.decode(fromHex(cbor))).toThrow(FormatError);
  });
});

test('a hybrid request has the size of the chapter', () => {
  const recipient = BoxingKeyPair.generateHybrid(crypto);
  const sender = BoxingKeyPair.generateHybrid(crypto);
  const cipherText = PaddedAsymmetricCipherText.seal(crypto, recipient.publicKey, sender.secretKey, 'hello', 512);
  const request = BlindFollowRequest.of(cipherText, sender.publicKey);
  expect(request.encode()).toHaveLength(3836);
  const read = BlindFollowRequest.decode(request.encode());
  expect(read.equals(request)).toBe(true);
  expect(read.cipherText.open(crypto, recipient.secretKey, read.ephemeralKey)).toBe('hello');
});

test('MAX_FOLLOW_REQUEST_SIZE', () => {
  const { publicKey } = BoxingKeyPair.generateCurve25519(crypto);
  const sized = (size: number): BlindFollowRequest =>
    BlindFollowRequest.of(PaddedAsymmetricCipherText.fromCbor(new Uint8Array(size)), publicKey);
  const overhead = sized(1000).encode().length - 1000;
  const largest = sized(MAX_FOLLOW_REQUEST_SIZE - overhead);
  expect(largest.encode()).toHaveLength(MAX_FOLLOW_REQUEST_SIZE);
  expect(BlindFollowRequest.decode(largest.encode()).equals(largest)).toBe(true);
  expect(() => sized(MAX_FOLLOW_REQUEST_SIZE - overhead + 1)).toThrow(LimitError);
  expect(() => BlindFollowRequest.decode(new Uint8Array(MAX_FOLLOW_REQUEST_SIZE + 1))).toThrow(LimitError);
});

test('arguments are checked', () => {
  const { publicKey, secretKey } = BoxingKeyPair.generateCurve25519(crypto);
  const cipherText = PaddedAsymmetricCipherText.seal(crypto, publicKey, secretKey, 1, 512);
  expect(() => BlindFollowRequest.of(new Uint8Array() as never, publicKey)).toThrow(ArgumentError);
  expect(() => BlindFollowRequest.of(cipherText, secretKey as never)).toThrow(ArgumentError);
  expect(() => BlindFollowRequest.decode('a0' as never)).toThrow(ArgumentError);
});
