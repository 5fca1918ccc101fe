import { xsalsa20poly1305 } from '@noble/ciphers/salsa.js';
import { ed25519, x25519 } from '@noble/curves/ed25519.js';
import { blake2b } from '@noble/hashes/blake2.js';
import { blake3 } from '@noble/hashes/blake3.js';
import { hmac } from '@noble/hashes/hmac.js';
import { sha256, sha512 } from '@noble/hashes/sha2.js';
import { concatBytes, constantTimeEqual, copyBytes, equalBytes } from '../bytes.js';
import type { CryptoEngine, HashEngine } from './engine.js';
import { mlKemEngine } from './ml-kem.js';
import type { Sha256Stream } from './provider.js';
import { webRandomBytes } from './random.js';

/** SHA-256 and HMAC in plain JavaScript. */
export const portableHashes: HashEngine = {
  sha256: (data) => sha256(data),
  sha256Many: (inputs) => inputs.map((input) => sha256(input)),
  createSha256: (): Sha256Stream => {
    const hash = sha256.create();
    return {
      update(data) {
        hash.update(data);
        return this;
      },
      digest: () => hash.digest(),
    };
  },
  hmacSha256: (key, data) => hmac(sha256, key, data),
};

function littleEndianNumber(bytes: Uint8Array): bigint {
  let value = 0n;
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i] as number);
  return value;
}

/** R' = S·B - k·A, compared with R by its encoding. The library's own verify multiplies by the cofactor and so accepts more. */
function verifyCofactorless(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean {
  const { Point } = ed25519;
  const claimedR = signature.subarray(0, 32);
  let keyPoint: InstanceType<typeof Point>;
  try {
    keyPoint = Point.fromBytes(publicKey, false);
  } catch {
    return false;
  }
  const challenge = littleEndianNumber(sha512(concatBytes(claimedR, publicKey, message))) % Point.Fn.ORDER;
  const fixed = Point.BASE.multiplyUnsafe(littleEndianNumber(signature.subarray(32)));
  return equalBytes(fixed.subtract(keyPoint.multiplyUnsafe(challenge)).toBytes(), claimedR);
}

/** RFC 8032 section 5.1.6. The library's own sign derives the public key once more, which is half of the work. */
function signWithSeed(message: Uint8Array, secretKey: Uint8Array): Uint8Array | undefined {
  const { Point } = ed25519;
  const { prefix, scalar, pointBytes } = ed25519.utils.getExtendedPublicKey(secretKey.slice(0, 32));
  try {
    if (!constantTimeEqual(pointBytes, secretKey.subarray(32))) return undefined;
    const nonce = littleEndianNumber(sha512(concatBytes(prefix, message))) % Point.Fn.ORDER;
    const commitment = Point.BASE.multiply(nonce).toBytes();
    const challenge = littleEndianNumber(sha512(concatBytes(commitment, pointBytes, message))) % Point.Fn.ORDER;
    return concatBytes(commitment, Point.Fn.toBytes((nonce + challenge * scalar) % Point.Fn.ORDER));
  } finally {
    prefix.fill(0);
  }
}

/** Curve operations in plain JavaScript; big integers, so neither fast nor constant time. */
const portableCurves: Pick<CryptoEngine, 'curve25519PublicKey' | 'x25519' | 'ed25519PublicKey' | 'ed25519Sign' | 'ed25519Verify'> = {
  curve25519PublicKey: (secretKey) => x25519.getPublicKey(secretKey),
  x25519: (secretKey, publicKey) => {
    try {
      return x25519.getSharedSecret(secretKey, publicKey);
    } catch {
      return undefined;
    }
  },
  ed25519PublicKey: (seed) => ed25519.getPublicKey(seed),
  ed25519Sign: signWithSeed,
  ed25519Verify: verifyCofactorless,
};

/** The back end that runs everywhere, in plain JavaScript. `hashes` lends it a faster SHA-256 where the host has one. */
export function createPortableEngine(scrypt: CryptoEngine['scrypt'], hashes: HashEngine = portableHashes): CryptoEngine {
  return {
    backend: 'portable',
    ...hashes,
    ...portableCurves,
    ...mlKemEngine,
    randomBytes: webRandomBytes,
    // The library answers with a window into a larger buffer; callers get memory of their own, so that it can be transferred.
    secretboxSeal: (plaintext, nonce, key) => copyBytes(xsalsa20poly1305(key, nonce).encrypt(plaintext)),
    secretboxSealInPlace: (boxed, nonce, key) => boxed.set(xsalsa20poly1305(key, nonce).encrypt(boxed.subarray(16))),
    secretboxOpen: (boxed, nonce, key) => {
      let window: Uint8Array;
      try {
        window = xsalsa20poly1305(key, nonce).decrypt(boxed);
      } catch {
        return undefined;
      }
      const plaintext = copyBytes(window);
      window.fill(0);
      return plaintext;
    },
    blake2b: (data, length) => blake2b(data, { dkLen: length }),
    blake3: (data) => blake3(data),
    scrypt,
  };
}
