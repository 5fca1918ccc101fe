import { xsalsa20poly1305 } from '@noble/ciphers/salsa.js';
import { ed25519, x25519 } from '@noble/curves/ed25519.js';
import { blake2b } from '@noble/hashes/blake2.js';
import { blake3 } from '@noble/hashes/blake3.js';
import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { cryptoProviderContract, type CryptoReference } from '@pyrgos/testkit/contracts/crypto-provider';
import { describe, expect, test } from 'vitest';
import { backendLoaders } from '#crypto-backends';
import ed25519Vectors from '../../../../vectors/01/ed25519-verification.json' with { type: 'json' };
import primitives from '../../../../vectors/01/primitives.json' with { type: 'json' };
import { concatBytes, equalBytes } from '../bytes.js';
import { createCheckedProvider } from './checked-provider.js';
import { loadCrypto, type CryptoProvider } from './index.js';
import { createPortableEngine } from './portable-engine.js';
import { scryptInline } from './scrypt-inline.js';
import { loadWasmEngine } from './wasm-engine.js';

/** The libraries of the portable back end, called directly. */
const reference: CryptoReference = {
  secretboxSeal: (plaintext, nonce, key) => xsalsa20poly1305(key, nonce).encrypt(plaintext),
  sha256: (data) => sha256(data),
  hmacSha256: (key, data) => hmac(sha256, key, data),
  blake2b: (data, length) => blake2b(data, { dkLen: length }),
  blake3: (data) => blake3(data),
  curve25519PublicKey: (secretKey) => x25519.getPublicKey(secretKey),
  ed25519KeyPair: (seed) => {
    const publicKey = ed25519.getPublicKey(seed);
    return { publicKey, secretKey: concatBytes(seed, publicKey) };
  },
  ed25519Sign: (message, secretKey) => ed25519.sign(message, secretKey.slice(0, 32)),
};

const vectors = { primitives, ed25519: ed25519Vectors };
/** Without the scrypt vectors that take a second: all back ends have the same scrypt. */
const quickVectors = {
  ...vectors,
  primitives: { ...primitives, valid: primitives.valid.filter(({ logN }) => logN === undefined || logN < 15) },
};

for (const [index, backend] of [...backendLoaders.keys()].entries()) {
  cryptoProviderContract(
    `${backend}, as loaded here`,
    async () => loadCrypto({ backend }),
    index === 0 ? vectors : quickVectors,
    reference,
  );
}

// Without the hashes that Node lends them, as in browsers.
cryptoProviderContract('wasm alone', async () => createCheckedProvider(await loadWasmEngine(scryptInline)), quickVectors, reference);
cryptoProviderContract('portable alone', async () => createCheckedProvider(createPortableEngine(scryptInline)), quickVectors, reference);

describe('back ends among each other', () => {
  const loadAll = async (): Promise<CryptoProvider[]> =>
    Promise.all(Array.from(backendLoaders.keys(), async (backend) => loadCrypto({ backend })));

  test('what one seals, signs or encapsulates, every other opens, verifies and decapsulates', async () => {
    const providers = await loadAll();
    for (const one of providers) {
      const message = one.randomBytes(1 + (one.randomBytes(1).at(0) ?? 0));
      const [nonce, key, other] = [one.randomBytes(24), one.randomBytes(32), one.randomBytes(32)];
      const boxed = one.secretboxSeal(message, nonce, key);
      const sealed = one.boxSeal(message, nonce, one.curve25519PublicKey(other), key);
      const signer = one.ed25519KeyPair(key);
      const signature = one.ed25519Sign(message, signer.secretKey);
      const kem = one.mlKemKeyPair(key, other);
      const capsule = one.mlKemEncapsulate(kem.publicKey, key);
      for (const two of providers) {
        expect(equalBytes(two.secretboxOpen(boxed, nonce, key), message)).toBe(true);
        expect(equalBytes(two.boxOpen(sealed, nonce, two.curve25519PublicKey(key), other), message)).toBe(true);
        expect(two.ed25519Verify(signature, message, signer.publicKey)).toBe(true);
        expect(two.mlKemDecapsulate(capsule.ciphertext, kem.secretKey)).toEqual(capsule.sharedSecret);
      }
    }
  });

  test('random key, signature and message bytes get one verdict', async () => {
    const providers = await loadAll();
    const source = await loadCrypto();
    const signer = source.ed25519KeyPair(source.randomBytes(32));
    const message = source.randomBytes(40);
    const signature = source.ed25519Sign(message, signer.secretKey);
    for (let i = 0; i < 40; i++) {
      const candidate =
        i % 2 === 0 ? source.randomBytes(64) : concatBytes(signature.subarray(0, 32), source.randomBytes(31), new Uint8Array(1));
      const publicKey = i % 3 === 0 ? source.randomBytes(32) : signer.publicKey;
      const verdicts = providers.map((provider) => provider.ed25519Verify(candidate, message, publicKey));
      expect(verdicts).toEqual(providers.map(() => false));
    }
  });
});
