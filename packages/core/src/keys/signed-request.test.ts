import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fromHex, toHex } from '../bytes.js';
import { encodeCbor } from '../codec/cbor-encode.js';
import { loadCrypto } from '../crypto/index.js';
import { ArgumentError, FormatError, PyrgosError } from '../errors.js';
import v from '../../../../vectors/01/signed-request.json' with { type: 'json' };
import { SIGNED_REQUEST_WINDOW, SignedRequest, signNow, verifySignedTime } from './signed-request.js';
import { signAttached, SigningKeyPair } from './signing-key.js';

const crypto = await loadCrypto();
const pair = SigningKeyPair.generate(crypto);

test.each(v.valid)('vector $kind', ({ kind, seed, path, time, cbor, signed }) => {
  const { secretKey, publicKey } = SigningKeyPair.fromSeed(crypto, fromHex(seed));
  const check = { now: time, allowedSeconds: SIGNED_REQUEST_WINDOW.normal };
  if (kind === 'signNow') {
    expect(toHex(signNow(crypto, secretKey, time))).toBe(signed);
    expect(signed.endsWith(cbor)).toBe(true);
    expect(verifySignedTime(crypto, publicKey, fromHex(signed), check)).toBe(time);
    return;
  }
  const request = SignedRequest.of(path ?? '', time);
  expect(toHex(request.encode())).toBe(cbor);
  expect(request.signToHex(crypto, secretKey)).toBe(signed);
  expect(SignedRequest.verify(crypto, publicKey, fromHex(signed), { ...check, path: path ?? '' }).equals(request)).toBe(true);
});

test.each(v.invalid)('refused: $reason', ({ cbor }) => {
  expect(() => SignedRequest.decode(fromHex(cbor))).toThrow(FormatError);
});

describe('check', () => {
  const time = 1_705_311_000_000;
  const path = 'peergos/v0/login/listMfa';
  const signed = SignedRequest.of(path, time).sign(crypto, pair.secretKey);
  const verify = (fields: object = {}): SignedRequest =>
    SignedRequest.verify(crypto, pair.publicKey, signed, { path, now: time, allowedSeconds: 300, ...fields });

  test('the window holds in both directions', () => {
    for (const now of [time - 300_000, time, time + 300_000]) expect(verify({ now }).time).toBe(time);
    for (const now of [time - 300_001, time + 300_001]) {
      expect(() => verify({ now })).toThrow(
        expect.objectContaining({ code: 'denied.stale', message: expect.stringMatching(/^Stale auth time/) }),
      );
      expect(() => verifySignedTime(crypto, pair.publicKey, signNow(crypto, pair.secretKey, time), { now, allowedSeconds: 300 })).toThrow(
        expect.objectContaining({ code: 'denied.stale' }),
      );
    }
  });

  test('another path, another key and changed bytes are refused', () => {
    expect(() => verify({ path: 'peergos/v0/login/setMfa' })).toThrow(expect.objectContaining({ code: 'denied.proof' }));
    const other = SigningKeyPair.generate(crypto).publicKey;
    const refused = expect.objectContaining({ code: 'crypto.signature' });
    expect(() => SignedRequest.verify(crypto, other, signed, { path, now: time, allowedSeconds: 300 })).toThrow(refused);
    const changed = signed.map((byte, i) => (i === signed.length - 1 ? byte ^ 1 : byte));
    expect(() => SignedRequest.verify(crypto, pair.publicKey, changed, { path, now: time, allowedSeconds: 300 })).toThrow(refused);
  });

  test('a validly signed value of another form is refused', () => {
    const time64 = signAttached(crypto, pair.secretKey, encodeCbor(2n ** 60n));
    expect(() => verifySignedTime(crypto, pair.publicKey, time64, { now: time, allowedSeconds: 300 })).toThrow(FormatError);
    expect(() => verifySignedTime(crypto, pair.publicKey, signed, { now: time, allowedSeconds: 300 })).toThrow(FormatError);
    const proof = signNow(crypto, pair.secretKey, time);
    expect(() => SignedRequest.verify(crypto, pair.publicKey, proof, { path, now: time, allowedSeconds: 300 })).toThrow(FormatError);
  });
});

test('arguments are checked', () => {
  for (const path of ['/a', 'a?b', 5 as never]) expect(() => SignedRequest.of(path, 0)).toThrow(ArgumentError);
  expect(() => SignedRequest.of('a', -1)).toThrow(ArgumentError);
  expect(() => signNow(crypto, pair.secretKey, 1.5)).toThrow(ArgumentError);
});

test('the decoder gives an error of the family or a value that re-encodes identically', () => {
  const valid = SignedRequest.of('peergos/v0/bats', 1_705_311_000_000).encode();
  const mutated = fc
    .tuple(fc.nat({ max: valid.length - 1 }), fc.integer({ min: 1, max: 255 }))
    .map(([at, mask]) => valid.map((byte, i) => (i === at ? byte ^ mask : byte)));
  fc.assert(
    fc.property(fc.oneof(mutated, fc.uint8Array({ maxLength: 60 })), (bytes) => {
      try {
        expect(SignedRequest.decode(bytes).encode()).toEqual(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(PyrgosError);
      }
    }),
  );
});
