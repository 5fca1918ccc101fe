import { decodeCbor } from '@pyrgos/core/codec';
import { loadCrypto } from '@pyrgos/core/crypto';
import { SigningKeyPair } from '@pyrgos/core/keys';
import { expect, test } from 'vitest';
import { ManualClock } from '../../../test/commit-world.js';
import { RequestSigner } from './request-signer.js';

const crypto = await loadCrypto();
const { signer: keys } = SigningKeyPair.fromSeed(crypto, new Uint8Array(32));

test('every time is later than the one before, also when the clock is put right by some seconds, and a clock that was far ahead is forgotten', () => {
  const clock = new ManualClock();
  const signer = new RequestSigner(crypto, clock);
  // Behind the signature.
  const next = (): unknown => decodeCbor(signer.signedTime(keys.secretKey).subarray(64));
  const start = clock.time;
  expect([next(), next()]).toEqual([start, start + 1]);
  clock.time -= 5000;
  expect(next()).toBe(start + 2);
  clock.time = start + 86_400_000;
  expect(next()).toBe(start + 86_400_000);
  clock.time = start + 10_000;
  expect([next(), next()]).toEqual([start + 10_000, start + 10_001]);
});
