import { describe, expect, test } from 'vitest';
import { fromHex, toHex } from '../bytes.js';
import { BlindFollowRequest } from '../accounts/blind-follow-request.js';
import { PaddedAsymmetricCipherText } from '../containers/asymmetric-cipher-text.js';
import { loadCrypto } from '../crypto/index.js';
import { ArgumentError, CryptoError, FormatError } from '../errors.js';
import { BoxingKeyPair, Curve25519SecretKey, HybridPublicKey } from '../keys/boxing-key.js';
import { SymmetricKey } from '../keys/symmetric-key.js';
import { AbsoluteCapability } from '../model/absolute-capability.js';
import { EntryPoint } from '../model/user-static-data.js';
import blind from '../../../../vectors/02/follow-request.json' with { type: 'json' };
import v from '../../../../vectors/06/follow-request.json' with { type: 'json' };
import { FollowRequest } from './follow-request.js';

const crypto = await loadCrypto();
const readOnly = AbsoluteCapability.decode(fromHex(v.readOnly));

test('the capabilities of the chapter', () => {
  expect(toHex(readOnly.encode())).toBe(v.readOnly);
  expect(toHex(AbsoluteCapability.null().encode())).toBe(v.null);
  expect(AbsoluteCapability.decode(fromHex(v.null)).isNull).toBe(true);
});

describe('vectors', () => {
  test.each(v.valid)('$name', ({ cbor, key, grantsAccess, length }) => {
    const read = FollowRequest.decode(fromHex(cbor));
    expect(read.entryPoint?.ownerName).toBe('alice');
    expect(read.grantsAccess).toBe(grantsAccess);
    expect(read.key === undefined ? undefined : toHex(read.key.bytes)).toBe(key);
    const capability = grantsAccess ? readOnly : AbsoluteCapability.null();
    const made = FollowRequest.of(EntryPoint.of(capability, 'alice'), key === undefined ? undefined : SymmetricKey.of(fromHex(key)));
    expect(made.equals(read)).toBe(true);
    expect(made.encode()).toHaveLength(length);
    expect(toHex(made.encode())).toBe(cbor);
    expect(String(read) + JSON.stringify(read)).not.toMatch(/5555|7777/u);
  });

  test.each(v.invalid)('refused: $reason', ({ cbor }) => {
    expect(() => FollowRequest.decode(fromHex(cbor))).toThrow(FormatError);
  });

  test('the posted rejection', () => {
    const request = FollowRequest.open(
      crypto,
      Curve25519SecretKey.of(fromHex(blind.recipientSecret)),
      BlindFollowRequest.decode(fromHex(blind.cbor)),
    );
    expect(request.entryPoint?.ownerName).toBe('alice');
    expect(request.grantsAccess).toBe(false);
    expect(request.key).toBeUndefined();
  });
});

test('a request without entry point is read, so that it can be dropped', () => {
  const request = FollowRequest.decode(fromHex('a0'));
  expect(request.entryPoint).toBeUndefined();
  expect(request.grantsAccess).toBe(false);
  expect(toHex(request.encode())).toBe('a0');
});

test('unknown fields are ignored', () => {
  expect(toHex(FollowRequest.decode(fromHex('a1617a01')).encode())).toBe('a0');
});

describe.each([
  ['Curve25519', () => BoxingKeyPair.generateCurve25519(crypto), () => BoxingKeyPair.generateHybrid(crypto), 596],
  ['hybrid', () => BoxingKeyPair.generateHybrid(crypto), () => BoxingKeyPair.generateCurve25519(crypto), 3836],
] as const)('%s keys', (_, generate, generateOther, size) => {
  const recipient = generate();
  const request = FollowRequest.of(EntryPoint.of(readOnly, 'alice'), SymmetricKey.generate(crypto));

  test('sealed, posted, opened', () => {
    const posted = request.seal(crypto, recipient.publicKey).encode();
    expect(posted).toHaveLength(size);
    const received = BlindFollowRequest.decode(posted);
    expect(received.ephemeralKey instanceof HybridPublicKey).toBe(recipient.publicKey instanceof HybridPublicKey);
    expect(received.ephemeralKey.equals(recipient.publicKey)).toBe(false);
    expect(FollowRequest.open(crypto, recipient.secretKey, received).equals(request)).toBe(true);
  });

  test('the longest name fits into the same size', () => {
    const long = FollowRequest.of(EntryPoint.of(readOnly, 'a'.repeat(64)), SymmetricKey.generate(crypto));
    expect(long.seal(crypto, recipient.publicKey).encode()).toHaveLength(size);
  });

  test('nobody else opens it', () => {
    const posted = request.seal(crypto, recipient.publicKey);
    expect(() => FollowRequest.open(crypto, generate().secretKey, posted)).toThrow(CryptoError);
    expect(() => FollowRequest.open(crypto, generateOther().secretKey, posted)).toThrow(CryptoError);
  });

  test('a request that holds something else is a typed error', () => {
    const sender = generate();
    const cipherText = PaddedAsymmetricCipherText.seal(crypto, recipient.publicKey, sender.secretKey, 'hello', 512);
    const posted = BlindFollowRequest.of(cipherText, sender.publicKey);
    expect(() => FollowRequest.open(crypto, recipient.secretKey, posted)).toThrow(FormatError);
  });
});

test('arguments are checked', () => {
  const entry = EntryPoint.of(readOnly, 'alice');
  const writable = AbsoluteCapability.of({ ...readOnly, rBaseKey: readOnly.rBaseKey, wBaseKey: readOnly.rBaseKey });
  expect(() => FollowRequest.of(readOnly as never)).toThrow(ArgumentError);
  expect(() => FollowRequest.of(EntryPoint.of(readOnly, '.shared'))).toThrow(ArgumentError);
  expect(() => FollowRequest.of(EntryPoint.of(writable, 'alice'))).toThrow(ArgumentError);
  expect(() => FollowRequest.of(entry, new Uint8Array(32) as never)).toThrow(ArgumentError);
  expect(() => FollowRequest.open(crypto, BoxingKeyPair.generateCurve25519(crypto).secretKey, entry as never)).toThrow(ArgumentError);
  expect(() => FollowRequest.of(entry).seal(crypto, undefined as never)).toThrow(ArgumentError);
});
