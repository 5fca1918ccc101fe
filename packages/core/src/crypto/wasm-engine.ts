import { blake2b } from '@noble/hashes/blake2.js';
import { blake3 } from '@noble/hashes/blake3.js';
import { constantTimeEqual } from '../bytes.js';
import type { CryptoEngine, HashEngine } from './engine.js';
import { hmacFromSha256 } from './hmac.js';
import { mlKemEngine } from './ml-kem.js';
import { webRandomBytes } from './random.js';
import { loadWasmKernels } from './wasm/kernels.js';

/**
 * The back end of browsers, and of Node without the native module: our own SIMD kernels for bulk data, libsodium's WASM build for the
 * curves. `hashes` lends it the host's SHA-256 where there is a faster one. CryptoError `crypto.unavailable` without WASM or SIMD.
 */
export async function loadWasmEngine(scrypt: CryptoEngine['scrypt'], hashes?: HashEngine): Promise<CryptoEngine> {
  // The kernels first: where WASM is forbidden they fail at once, and libsodium is neither fetched nor started.
  const kernels = await loadWasmKernels();
  const { default: sodium } = await import('libsodium-wrappers');
  await sodium.ready;
  const publicKeyOf = (seed: Uint8Array): Uint8Array => {
    const pair = sodium.crypto_sign_seed_keypair(seed);
    pair.privateKey.fill(0);
    return pair.publicKey;
  };
  const own: HashEngine = {
    sha256: kernels.sha256,
    sha256Many: kernels.sha256Many,
    createSha256: kernels.createSha256,
    hmacSha256: (key, data) => hmacFromSha256(kernels.createSha256, key, data),
  };
  return {
    backend: 'wasm',
    ...(hashes ?? own),
    ...mlKemEngine,
    randomBytes: webRandomBytes,
    secretboxSeal: kernels.secretboxSeal,
    secretboxSealInPlace: kernels.secretboxSealInPlace,
    secretboxOpen: kernels.secretboxOpen,
    curve25519PublicKey: (secretKey) => sodium.crypto_scalarmult_base(secretKey),
    x25519: (secretKey, publicKey) => {
      try {
        return sodium.crypto_scalarmult(secretKey, publicKey);
      } catch {
        return undefined;
      }
    },
    ed25519PublicKey: publicKeyOf,
    ed25519Sign: (message, secretKey) =>
      constantTimeEqual(publicKeyOf(secretKey.subarray(0, 32)), secretKey.subarray(32))
        ? sodium.crypto_sign_detached(message, secretKey)
        : undefined,
    ed25519Verify: (signature, message, publicKey) => sodium.crypto_sign_verify_detached(signature, message, publicKey),
    // libsodium makes 16 bytes or more; shorter outputs go through JavaScript.
    blake2b: (data, length) =>
      length >= sodium.crypto_generichash_BYTES_MIN ? sodium.crypto_generichash(length, data, null) : blake2b(data, { dkLen: length }),
    blake3: (data) => blake3(data),
    scrypt,
  };
}
