import { concatBytes } from '@pyrgos/core/bytes';
import { type CryptoProvider, loadCrypto } from '@pyrgos/core/crypto';
import { createCryptoPool, createInlinePool, type CryptoPool } from '@pyrgos/core/crypto/pool';
import { CryptoError } from '@pyrgos/core/errors';
import { SigningKeyPair } from '@pyrgos/core/keys';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { SIGNATURES_PER_STEP } from '../limits.js';
import { SignatureChecks } from './signature-checks.js';

let crypto: CryptoProvider;
let keys: SigningKeyPair;
let checks: SignatureChecks | undefined;

beforeAll(async () => {
  crypto = await loadCrypto();
  keys = SigningKeyPair.generate(crypto);
});

afterEach(async () => checks?.close());

const many = 5 * SIGNATURES_PER_STEP + 3;

function upload(count: number): { readonly blocks: Uint8Array[]; readonly signatures: Uint8Array[] } {
  const blocks = Array.from({ length: count }, (_, i) => Uint8Array.of(i & 255, i >> 8, 7));
  const signatures = blocks.map((block) => {
    const digest = crypto.sha256(block);
    return concatBytes(crypto.ed25519Sign(digest, keys.secretKey.bytes), digest);
  });
  return { blocks, signatures };
}

const refused = { code: 'denied.block', message: 'Invalid signature for block!' };

describe.each<[string, () => (() => CryptoPool) | undefined]>([
  ['on this thread', () => undefined],
  ['with a worker', () => () => createCryptoPool({ size: 1 })],
  ['with workers that cannot be started', () => () => ({ ...createInlinePool(crypto), size: 2, ed25519VerifyMany: dead })],
])('checking signatures of an upload %s (chapter 02 section 5.4)', (_name, pool) => {
  test.each([1, SIGNATURES_PER_STEP, SIGNATURES_PER_STEP + 1, many])('%d right ones: the digests, in order', async (count) => {
    checks = new SignatureChecks({ crypto, createPool: pool() });
    const { blocks, signatures } = upload(count);
    expect(await checks.check(keys.publicKey, blocks, signatures)).toEqual(crypto.sha256Many(blocks));
  });

  test('one wrong one among many, wherever it is', async () => {
    checks = new SignatureChecks({ crypto, createPool: pool() });
    const { blocks, signatures } = upload(many);
    for (const wrong of [0, SIGNATURES_PER_STEP, 2 * SIGNATURES_PER_STEP + 5, many - 1]) {
      for (const at of [3, 40, 70]) {
        const given = signatures.map((signature, i) =>
          i === wrong ? signature.map((byte, k) => (k === at ? byte ^ 1 : byte)) : signature,
        );
        await expect(checks.check(keys.publicKey, blocks, given)).rejects.toMatchObject(refused);
      }
    }
    await expect(checks.check(SigningKeyPair.generate(crypto).publicKey, blocks, signatures)).rejects.toMatchObject(refused);
    expect(await checks.check(keys.publicKey, blocks, signatures)).toHaveLength(many);
  });

  test('many uploads at a time, each with its own outcome', async () => {
    const shared = new SignatureChecks({ crypto, createPool: pool() });
    checks = shared;
    const { blocks, signatures } = upload(many);
    const swapped = [...signatures.slice(1), signatures[0] ?? new Uint8Array(0)];
    const tries = Array.from({ length: 8 }, async (_, i) => shared.check(keys.publicKey, blocks, i % 3 === 1 ? swapped : signatures));
    const outcomes = await Promise.allSettled(tries);
    expect(outcomes.map(({ status }) => status)).toEqual(tries.map((_, i) => (i % 3 === 1 ? 'rejected' : 'fulfilled')));
  });

  test('after it was closed: on this thread', async () => {
    checks = new SignatureChecks({ crypto, createPool: pool() });
    const { blocks, signatures } = upload(many);
    await checks.check(keys.publicKey, blocks, signatures);
    await checks.close();
    expect(await checks.check(keys.publicKey, blocks, signatures)).toHaveLength(many);
  });
});

async function dead(): Promise<boolean[]> {
  throw new CryptoError('crypto.worker', 'no worker');
}

test('a worker that says too little is not believed', async () => {
  checks = new SignatureChecks({ crypto, createPool: () => ({ ...createInlinePool(crypto), size: 1, ed25519VerifyMany: async () => [] }) });
  const { blocks, signatures } = upload(many);
  await expect(checks.check(keys.publicKey, blocks, signatures)).rejects.toMatchObject(refused);
});
