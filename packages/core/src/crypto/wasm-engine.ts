import { blake2b } from '@noble/hashes/blake2.js';
import { blake3 } from '@noble/hashes/blake3.js';
import { constantTimeEqual } from '../bytes.js';
import type { CryptoEngine, HashEngine } from './engine.js';
import { hmacFromSha256 } from './hmac.js';
import { mlKemEngine } from './ml-kem.js';
import { webRandomBytes } from './random.js';
import { loadCurves } from './wasm/curves.js';
import { loadWasmKernels } from './wasm/kernels.js';

/**
 * The back end of browsers, and of Node without the native module: our own SIMD kernels for bulk data, libsodium's WASM code for the
 * curves. `hashes` lends it the host's SHA-256 where there is a faster one. CryptoError `crypto.unavailable` without WASM or SIMD.
 */
export async function loadWasmEngine(scrypt: CryptoEngine['scrypt'], hashes?: HashEngine): Promise<CryptoEngine> {
  const [kernels, curves] = await Promise.all([loadWasmKernels(), loadCurves()]);
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
    secretboxOpen: kernels.secretboxOpen,
    ...curves,
    ed25519Sign: (message, secretKey) =>
      constantTimeEqual(curves.ed25519PublicKey(secretKey.subarray(0, 32)), secretKey.subarray(32))
        ? curves.ed25519Sign(message, secretKey)
        : undefined,
    blake2b: (data, length) => blake2b(data, { dkLen: length }),
    blake3: (data) => blake3(data),
    scrypt,
  };
}
