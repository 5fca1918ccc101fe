import { describe, expect, test } from 'vitest';
import { fromHex, toHex } from '../bytes.js';
import { encodeCbor } from '../codec/cbor-encode.js';
import { loadCrypto } from '../crypto/index.js';
import { ArgumentError, CryptoError, FormatError, LimitError } from '../errors.js';
import { SigningKeyPair } from '../keys/signing-key.js';
import { MAX_PAYMENT_PROOF_SIZE, MAX_PAYMENT_TEXT_LENGTH, MAX_SIGNED_SPACE_REQUEST_SIZE } from '../limits.js';
import v from '../../../../vectors/05/space.json' with { type: 'json' };
import { AllowedSignups } from './allowed-signups.js';
import { PaymentProperties } from './payment-properties.js';
import { LabelledSignedSpaceRequest, SpaceRequest } from './space-request.js';

const crypto = await loadCrypto();
const alice = SigningKeyPair.fromSeed(crypto, fromHex(v.request.seed));

describe('vectors', () => {
  test('space request', () => {
    const { username, bytes, time } = v.request;
    const request = SpaceRequest.of({ username, bytes, time });
    expect(toHex(request.encode())).toBe(v.request.cbor);
    const signed = request.sign(crypto, alice.secretKey);
    expect(toHex(signed)).toBe(v.request.signature + v.request.cbor);
    expect(SpaceRequest.open(crypto, alice.publicKey, signed).equals(request)).toBe(true);
  });

  test('a large one, with its label', () => {
    const { seed, username, bytes, time } = v.largeRequest;
    const pair = SigningKeyPair.fromSeed(crypto, fromHex(seed));
    const signed = SpaceRequest.of({ username, bytes, time }).sign(crypto, pair.secretKey);
    const hex = toHex(signed);
    expect([hex.startsWith(v.largeRequest.signedStart), hex.endsWith(v.largeRequest.signedEnd)]).toEqual([true, true]);
    const labelled = LabelledSignedSpaceRequest.of(username, signed);
    const cbor = toHex(labelled.encode());
    expect([cbor.startsWith(v.largeRequest.labelledStart), cbor.endsWith(v.largeRequest.labelledEnd)]).toEqual([true, true]);
    expect(LabelledSignedSpaceRequest.decode(labelled.encode()).equals(labelled)).toBe(true);
  });

  test.each(v.payment)('payment properties of $freeQuota bytes', ({ freeQuota, cbor }) => {
    const properties = PaymentProperties.of({ freeQuota });
    expect(toHex(properties.encode())).toBe(cbor);
    expect(PaymentProperties.decode(fromHex(cbor)).equals(properties)).toBe(true);
  });

  test('allowed sign-ups', () => {
    const { free, paid, cbor } = v.allowedSignups;
    expect(toHex(AllowedSignups.of({ free, paid }).encode())).toBe(cbor);
    expect(AllowedSignups.decode(fromHex(cbor))).toMatchObject({ free, paid });
  });

  const decoders = new Map<string, (bytes: Uint8Array) => unknown>([
    ['SpaceRequest', SpaceRequest.decode],
    ['LabelledSignedSpaceRequest', LabelledSignedSpaceRequest.decode],
    ['PaymentProperties', PaymentProperties.decode],
    ['AllowedSignups', AllowedSignups.decode],
  ]);
  test.each(v.invalid)('refused $kind: $reason', ({ kind, cbor }) => {
    expect(() => decoders.get(kind)?.(fromHex(cbor))).toThrow(FormatError);
  });
});

test('absent fields have defaults', () => {
  const request = encodeCbor(
    new Map<string, string | number>([
      ['s', 1],
      ['t', 2],
      ['u', 'a'],
    ]),
  );
  expect(SpaceRequest.decode(request)).toMatchObject({ annual: false, paymentProof: undefined });
  const properties = encodeCbor(
    new Map([
      ['freeQuota', 1],
      ['desiredQuota', 2],
    ]),
  );
  expect(PaymentProperties.decode(properties)).toMatchObject({ annual: false, nextCharge: 0, url: undefined, expiry: undefined });
});

test('all payment properties survive', () => {
  const parts = {
    freeQuota: 1,
    desiredQuota: 2,
    annual: true,
    nextCharge: 500,
    url: 'https://pay/?a=1',
    clientSecret: 's',
    error: 'no',
    expiry: 9,
  };
  const properties = PaymentProperties.of(parts);
  const read = PaymentProperties.decode(properties.encode());
  expect(read).toMatchObject(parts);
  expect(read.equals(properties)).toBe(true);
  expect(read.equals(PaymentProperties.of({ ...parts, expiry: 8 }))).toBe(false);
});

test('a request that somebody else signed, or nobody', () => {
  const signed = SpaceRequest.of({ username: 'alice', bytes: 1, time: 2 }).sign(crypto, alice.secretKey);
  expect(() => SpaceRequest.open(crypto, SigningKeyPair.generate(crypto).publicKey, signed)).toThrow(CryptoError);
  expect(() => SpaceRequest.open(crypto, alice.publicKey, signed.subarray(0, 50))).toThrow(CryptoError);
  expect(() => SpaceRequest.open(crypto, alice.publicKey, signed.with(80, 1))).toThrow(CryptoError);
});

describe('limits', () => {
  test('MAX_PAYMENT_PROOF_SIZE', () => {
    const sized = (size: number): SpaceRequest => SpaceRequest.of({ username: 'a', bytes: 1, time: 2, paymentProof: new Uint8Array(size) });
    const largest = sized(MAX_PAYMENT_PROOF_SIZE);
    expect(SpaceRequest.decode(largest.encode()).equals(largest)).toBe(true);
    expect(() => sized(MAX_PAYMENT_PROOF_SIZE + 1)).toThrow(ArgumentError);
  });

  test('MAX_SIGNED_SPACE_REQUEST_SIZE', () => {
    const sized = (size: number): LabelledSignedSpaceRequest => LabelledSignedSpaceRequest.of('a', new Uint8Array(size));
    const largest = sized(MAX_SIGNED_SPACE_REQUEST_SIZE);
    expect(LabelledSignedSpaceRequest.decode(largest.encode()).equals(largest)).toBe(true);
    expect(() => sized(MAX_SIGNED_SPACE_REQUEST_SIZE + 1)).toThrow(ArgumentError);
    expect(() => SpaceRequest.open(crypto, alice.publicKey, new Uint8Array(MAX_SIGNED_SPACE_REQUEST_SIZE))).toThrow(CryptoError);
    expect(() => SpaceRequest.open(crypto, alice.publicKey, new Uint8Array(MAX_SIGNED_SPACE_REQUEST_SIZE + 1))).toThrow(LimitError);
  });

  test('MAX_PAYMENT_TEXT_LENGTH', () => {
    const sized = (length: number): PaymentProperties => PaymentProperties.of({ freeQuota: 0, error: 'a'.repeat(length) });
    const largest = sized(MAX_PAYMENT_TEXT_LENGTH);
    expect(PaymentProperties.decode(largest.encode()).equals(largest)).toBe(true);
    expect(() => sized(MAX_PAYMENT_TEXT_LENGTH + 1)).toThrow(ArgumentError);
  });
});

test('arguments are checked', () => {
  const good = { username: 'a', bytes: 1, time: 2 };
  for (const bad of [{ username: 'a b' }, { bytes: -1 }, { time: 1.5 }, { annual: 1 as never }, { paymentProof: 'x' as never }]) {
    expect(() => SpaceRequest.of({ ...good, ...bad })).toThrow(ArgumentError);
  }
  for (const bad of [{ freeQuota: -1 }, { url: '\ud800' }, { expiry: 'x' as never }, { nextCharge: -1 }, { annual: 0 as never }]) {
    expect(() => PaymentProperties.of({ freeQuota: 1, ...bad })).toThrow(ArgumentError);
  }
  expect(() => LabelledSignedSpaceRequest.of('a', new Uint8Array(64))).toThrow(ArgumentError);
  expect(() => AllowedSignups.of({ free: true, paid: undefined as never })).toThrow(ArgumentError);
});
