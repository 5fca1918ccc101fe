import { expect, test } from 'vitest';
import { fromHex, toHex } from '../bytes.js';
import { loadCrypto } from '../crypto/index.js';
import { SIGNED_REQUEST_WINDOW, SignedRequest, signNow, verifySignedTime } from '../keys/signed-request.js';
import { SigningKeyPair } from '../keys/signing-key.js';
import v from '../../../../vectors/05/request-auth.json' with { type: 'json' };

const crypto = await loadCrypto();

test.each(v.valid)('$kind of $seed', ({ kind, seed, path, time, cbor, signed }) => {
  const { secretKey, publicKey } = SigningKeyPair.fromSeed(crypto, fromHex(seed));
  const check = { now: time, allowedSeconds: SIGNED_REQUEST_WINDOW.normal };
  expect(signed.slice(128)).toBe(cbor);
  if (kind === 'signNow') {
    expect(toHex(signNow(crypto, secretKey, time))).toBe(signed);
    expect(verifySignedTime(crypto, publicKey, fromHex(signed), check)).toBe(time);
  } else {
    const request = SignedRequest.of(path ?? '', time);
    expect(request.signToHex(crypto, secretKey)).toBe(signed);
    expect(SignedRequest.verify(crypto, publicKey, fromHex(signed), { ...check, path: path ?? '' }).equals(request)).toBe(true);
  }
});
