import { assertMethods, assertObject } from '../arguments.js';
import { assertBytes, assertInteger } from '../bytes.js';

/**
 * The crypto engine: one interface, three back ends (`native`, `wasm`, `portable`), the same contract suite for all.
 *
 * Every operation checks types, lengths and ranges first (ArgumentError naming the field). Inputs are never kept, nor modified but by
 * the one operation that says so. Outputs are fresh arrays owned by the caller. Operations are synchronous except where a thread may change; for bulk
 * data use the pool (pool.ts).
 */

/** Most bytes that a {@link RandomSource} is asked for at once; Web Crypto has the same bound. */
export const MAX_RANDOM_BYTES = 65_536;

/** A source of cryptographically secure random bytes. Tests pin it. */
export interface RandomSource {
  /** `length` fresh random bytes, 0 to MAX_RANDOM_BYTES. */
  randomBytes(length: number): Uint8Array;
}

/** A running SHA-256. */
export interface Sha256Stream {
  /** Adds bytes. Returns itself for chaining. ArgumentError after digest(). */
  update(data: Uint8Array): this;
  /** The 32-byte hash. May be called once. */
  digest(): Uint8Array;
}

/** What content addressing needs from the engine. */
export interface Hasher {
  /** SHA-256, 32 bytes. */
  sha256(data: Uint8Array): Uint8Array;
  /** SHA-256 of each input, in order; faster than a loop where the engine allows. */
  sha256Many(inputs: readonly Uint8Array[]): Uint8Array[];
  /** A streaming SHA-256. */
  createSha256(): Sha256Stream;
}

/** scrypt cost parameters (chapter 01 section 9.6). */
export interface ScryptParameters {
  /** log2 of N, 1 to MAX_SCRYPT_LOG_N. */
  readonly logN: number;
  /** Block size r, 1 to 32. */
  readonly r: number;
  /** Parallelism p, 1 to 16. */
  readonly p: number;
  /** Output length in bytes, 1 to 1024. */
  readonly length: number;
}

/** Cancel and progress of a long computation. */
export interface ComputationOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called with a fraction that rises from 0 to 1; at most about 100 times. */
  readonly onProgress?: ((fraction: number) => void) | undefined;
}

/** An Ed25519 key pair in NaCl layout: `secretKey` is seed(32) || publicKey(32). */
export interface Ed25519KeyPair {
  readonly publicKey: Uint8Array;
  readonly secretKey: Uint8Array;
}

/** An ML-KEM-1024 key pair: `publicKey` 1568 bytes, `secretKey` the expanded 3168 bytes (chapter 01 section 13.1). */
export interface MlKemKeyPair {
  readonly publicKey: Uint8Array;
  readonly secretKey: Uint8Array;
}

/** The name of a back end. */
export type CryptoBackend = 'native' | 'wasm' | 'portable';

/** All cryptographic operations of the protocol (chapter 01 sections 9 to 13). */
export interface CryptoProvider extends Hasher, RandomSource {
  readonly backend: CryptoBackend;

  /** secretbox: XSalsa20-Poly1305, mac(16) || ciphertext. key 32, nonce 24 bytes (section 12.1). */
  secretboxSeal(plaintext: Uint8Array, nonce: Uint8Array, key: Uint8Array): Uint8Array;
  /**
   * The same without memory for the result: `boxed` is 16 bytes of any content and the plaintext, and becomes mac(16) || ciphertext. The one
   * operation that changes what it is given. ArgumentError for fewer than 16 bytes.
   */
  secretboxSealInPlace(boxed: Uint8Array, nonce: Uint8Array, key: Uint8Array): void;
  /** Opens a secretbox; CryptoError `crypto.authentication` on a wrong MAC or fewer than 16 bytes. */
  secretboxOpen(boxed: Uint8Array, nonce: Uint8Array, key: Uint8Array): Uint8Array;

  /** The Curve25519 public key of a 32-byte secret. */
  curve25519PublicKey(secretKey: Uint8Array): Uint8Array;
  /** crypto_box: X25519 + HSalsa20 + secretbox, mac(16) || ciphertext (section 13.2). CryptoError `crypto.authentication` for a low-order peer. */
  boxSeal(plaintext: Uint8Array, nonce: Uint8Array, theirPublicKey: Uint8Array, ourSecretKey: Uint8Array): Uint8Array;
  /** Opens a crypto_box; CryptoError `crypto.authentication` when it does not open, or for a low-order peer. */
  boxOpen(boxed: Uint8Array, nonce: Uint8Array, theirPublicKey: Uint8Array, ourSecretKey: Uint8Array): Uint8Array;

  /** Ed25519 key pair of a 32-byte seed (section 10.1). */
  ed25519KeyPair(seed: Uint8Array): Ed25519KeyPair;
  /** Detached signature, 64 bytes. ArgumentError when the public half of the 64-byte secret key does not match its seed. */
  ed25519Sign(message: Uint8Array, secretKey: Uint8Array): Uint8Array;
  /**
   * Whether a detached signature is valid under the one Pyrgos rule (docs/decisions/002-ed25519-rule.md): S < L, A and R canonical
   * and not of small order, and the cofactorless equation holds. False for a signature or key of any wrong shape except a wrong
   * type or length, which is an ArgumentError.
   */
  ed25519Verify(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean;

  /** HMAC-SHA-256, 32 bytes; a key of any length (section 9.2). */
  hmacSha256(key: Uint8Array, data: Uint8Array): Uint8Array;
  /** BLAKE2b, unkeyed, `length` 1 to 64 bytes (section 9.4). */
  blake2b(data: Uint8Array, length: number): Uint8Array;
  /** BLAKE3, 32 bytes (section 9.5). */
  blake3(data: Uint8Array): Uint8Array;

  /** scrypt on another thread where there is one. AbortedError when cancelled; LimitError above MAX_SCRYPT_MEMORY. */
  scrypt(password: Uint8Array, salt: Uint8Array, parameters: ScryptParameters, options?: ComputationOptions): Promise<Uint8Array>;

  /** ML-KEM-1024 key generation from d(32) and z(32) (FIPS 203; section 13.1). */
  mlKemKeyPair(d: Uint8Array, z: Uint8Array): MlKemKeyPair;
  /** Encapsulates with randomness m(32): ciphertext 1568, sharedSecret 32 bytes. ArgumentError for a key that FIPS 203 section 7.2 forbids. */
  mlKemEncapsulate(publicKey: Uint8Array, m: Uint8Array): { readonly ciphertext: Uint8Array; readonly sharedSecret: Uint8Array };
  /**
   * Decapsulates; implicit rejection, so a corrupted ciphertext gives another secret, not an error. ArgumentError for a secret key that is
   * inconsistent in itself (FIPS 203 section 7.3).
   */
  mlKemDecapsulate(ciphertext: Uint8Array, secretKey: Uint8Array): Uint8Array;
}

/** The same engine with another random source; for tests that pin randomness. ArgumentError when it gives anything but what it is asked. */
export function withRandomSource(crypto: CryptoProvider, random: RandomSource): CryptoProvider {
  assertObject('crypto', crypto);
  assertMethods('random', random, 'randomBytes');
  const randomBytes = (length: number): Uint8Array => {
    assertInteger('length', length, 0, MAX_RANDOM_BYTES);
    const bytes = random.randomBytes(length);
    assertBytes('random.randomBytes()', bytes, length);
    return bytes;
  };
  return Object.create(crypto, { randomBytes: { value: randomBytes, enumerable: true } }) as CryptoProvider;
}
