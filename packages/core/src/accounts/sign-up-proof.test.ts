import { expect, test } from 'vitest';
import { fromHex, toHex } from '../bytes.js';
import { loadCrypto } from '../crypto/index.js';
import { ProofOfWork, satisfiesDifficulty } from '../keys/proof-of-work.js';
import v from '../../../../vectors/05/proof-of-work.json' with { type: 'json' };

const crypto = await loadCrypto();

test.each(v.hashes)('difficulty $difficulty, $start…: $satisfied', ({ difficulty, start, satisfied }) => {
  const hash = new Uint8Array(32).fill(0xff);
  hash.set(fromHex(start));
  expect(satisfiesDifficulty(hash, difficulty)).toBe(satisfied);
});

test.each(v.searches)('search at difficulty $difficulty gives $prefix', async ({ data, difficulty, prefix, hash, cbor }) => {
  const proof = await ProofOfWork.search(crypto, fromHex(data), difficulty);
  expect(toHex(proof.prefix)).toBe(prefix);
  expect(proof.check(crypto, fromHex(data), difficulty)).toBe(true);
  if (hash !== undefined) expect(toHex(crypto.sha256(fromHex(prefix + data)))).toBe(hash);
  if (cbor !== undefined) expect(toHex(proof.encode())).toBe(cbor);
});

test('the proof that proves nothing, and the first one', () => {
  expect(toHex(ProofOfWork.empty().encode())).toBe(v.empty);
  expect(toHex(ProofOfWork.of(new Uint8Array(8)).encode())).toBe(v.zeroPrefix);
});
