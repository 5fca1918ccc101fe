import * as nodeCrypto from 'node:crypto';
import { blake2b } from '@noble/hashes/blake2.js';
import { blake3 } from '@noble/hashes/blake3.js';
import { constantTimeEqual, copyBytes } from '../bytes.js';
import type { CryptoEngine, HashEngine } from './engine.js';
import { mlKemEngine } from './ml-kem.js';
import type { Sha256Stream } from './provider.js';

/** A fresh array that owns its memory and was not filled with zeros first: for outputs that are written in full. */
function allocate(length: number): Uint8Array {
  return new Uint8Array(Buffer.allocUnsafeSlow(length).buffer);
}

/** A plain array with memory of its own; Node's small buffers share a pool. */
function own(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer);
}

/** One call is cheaper than a Hash object, where Node (20.12 and later) has it. */
const oneShotHash: typeof nodeCrypto.hash | undefined = nodeCrypto.hash;

function sha256(data: Uint8Array): Uint8Array {
  return own(oneShotHash === undefined ? nodeCrypto.createHash('sha256').update(data).digest() : oneShotHash('sha256', data, 'buffer'));
}

/** SHA-256 and HMAC of node:crypto. */
export const nodeHashes: HashEngine = {
  sha256,
  sha256Many: (inputs) => inputs.map((input) => sha256(input)),
  createSha256: (): Sha256Stream => {
    const hash = nodeCrypto.createHash('sha256');
    return {
      update(data) {
        hash.update(data);
        return this;
      },
      digest: () => own(hash.digest()),
    };
  },
  hmacSha256: (key, data) => own(nodeCrypto.createHmac('sha256', key).update(data).digest()),
};

/** The functions of sodium-native that we use. Results are written into the first argument; a refusal throws or returns false. */
interface SodiumNative {
  readonly crypto_secretbox_easy: (out: Uint8Array, message: Uint8Array, nonce: Uint8Array, key: Uint8Array) => void;
  readonly crypto_secretbox_open_easy: (out: Uint8Array, boxed: Uint8Array, nonce: Uint8Array, key: Uint8Array) => boolean;
  readonly crypto_scalarmult_base: (out: Uint8Array, secretKey: Uint8Array) => void;
  readonly crypto_scalarmult: (out: Uint8Array, secretKey: Uint8Array, publicKey: Uint8Array) => void;
  readonly crypto_sign_seed_keypair: (publicKey: Uint8Array, secretKey: Uint8Array, seed: Uint8Array) => void;
  readonly crypto_sign_detached: (out: Uint8Array, message: Uint8Array, secretKey: Uint8Array) => void;
  readonly crypto_sign_verify_detached: (signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array) => boolean;
  readonly crypto_generichash: (out: Uint8Array, data: Uint8Array) => void;
  readonly crypto_generichash_BYTES_MIN: number;
  readonly randombytes_buf: (out: Uint8Array) => void;
}

/** What the native module can read: given memory shared with other threads, some of its functions answer nothing at all. */
function unshared(data: Uint8Array): Uint8Array {
  return data.buffer instanceof ArrayBuffer ? data : copyBytes(data);
}

function publicKeyOf(sodium: SodiumNative, seed: Uint8Array): Uint8Array {
  const publicKey = new Uint8Array(32);
  const secretKey = new Uint8Array(64);
  sodium.crypto_sign_seed_keypair(publicKey, secretKey, unshared(seed));
  secretKey.fill(0);
  return publicKey;
}

/** The fastest back end in Node: libsodium as a native module, node:crypto for hashes. Rejects when the optional module is missing. */
export async function loadNativeEngine(scrypt: CryptoEngine['scrypt']): Promise<CryptoEngine> {
  // A variable, so that neither the compiler nor a bundler insists on the optional module.
  const name = 'sodium-native';
  const { default: sodium } = (await import(name)) as { readonly default: SodiumNative };
  return {
    backend: 'native',
    ...nodeHashes,
    ...mlKemEngine,
    // From the same system call as node:crypto, in a third of the time: each small file takes fifteen keys and nonces.
    randomBytes: (length) => {
      const out = new Uint8Array(length);
      if (length > 0) sodium.randombytes_buf(out);
      return out;
    },
    secretboxSeal: (plaintext, nonce, key) => {
      const out = allocate(plaintext.length + 16);
      sodium.crypto_secretbox_easy(out, unshared(plaintext), unshared(nonce), unshared(key));
      return out;
    },
    secretboxSealInPlace: (boxed, nonce, key) =>
      // libsodium allows it when the message lies exactly where its ciphertext goes.
      sodium.crypto_secretbox_easy(boxed, boxed.subarray(16), unshared(nonce), unshared(key)),
    secretboxOpen: (boxed, nonce, key) => {
      const out = allocate(boxed.length - 16);
      return sodium.crypto_secretbox_open_easy(out, unshared(boxed), unshared(nonce), unshared(key)) ? out : undefined;
    },
    curve25519PublicKey: (secretKey) => {
      const out = new Uint8Array(32);
      sodium.crypto_scalarmult_base(out, unshared(secretKey));
      return out;
    },
    x25519: (secretKey, publicKey) => {
      const out = new Uint8Array(32);
      try {
        sodium.crypto_scalarmult(out, unshared(secretKey), unshared(publicKey));
      } catch {
        return undefined;
      }
      return out;
    },
    ed25519PublicKey: (seed) => publicKeyOf(sodium, seed),
    ed25519Sign: (message, secretKey) => {
      if (!constantTimeEqual(publicKeyOf(sodium, secretKey.subarray(0, 32)), secretKey.subarray(32))) return undefined;
      const out = new Uint8Array(64);
      sodium.crypto_sign_detached(out, unshared(message), unshared(secretKey));
      return out;
    },
    ed25519Verify: (signature, message, publicKey) =>
      sodium.crypto_sign_verify_detached(unshared(signature), unshared(message), unshared(publicKey)),
    // libsodium makes 16 bytes or more; shorter outputs go through JavaScript.
    blake2b: (data, length) => {
      if (length < sodium.crypto_generichash_BYTES_MIN) return blake2b(data, { dkLen: length });
      const out = new Uint8Array(length);
      sodium.crypto_generichash(out, unshared(data));
      return out;
    },
    blake3: (data) => blake3(data),
    scrypt,
  };
}
