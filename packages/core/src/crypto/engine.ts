import type { ComputationOptions, CryptoBackend, MlKemKeyPair, RandomSource, ScryptParameters, Sha256Stream } from './provider.js';

/** SHA-256 and HMAC of one engine; Node lends its own to the WASM and portable back ends. */
export interface HashEngine {
  readonly sha256: (data: Uint8Array) => Uint8Array;
  readonly sha256Many: (inputs: readonly Uint8Array[]) => Uint8Array[];
  readonly createSha256: () => Sha256Stream;
  readonly hmacSha256: (key: Uint8Array, data: Uint8Array) => Uint8Array;
}

/**
 * The raw operations of one back end. Arguments are already checked (checked-provider.ts); a forgery is undefined or false, never an
 * exception. Functions, not methods: an engine has no state that `this` could lose.
 */
export interface CryptoEngine extends HashEngine, RandomSource {
  readonly backend: CryptoBackend;
  readonly secretboxSeal: (plaintext: Uint8Array, nonce: Uint8Array, key: Uint8Array) => Uint8Array;
  /** `boxed` is room for the MAC, 16 bytes, and the plaintext; it becomes the secretbox. Its memory is not shared with other threads. */
  readonly secretboxSealInPlace: (boxed: Uint8Array, nonce: Uint8Array, key: Uint8Array) => void;
  readonly secretboxOpen: (boxed: Uint8Array, nonce: Uint8Array, key: Uint8Array) => Uint8Array | undefined;
  readonly curve25519PublicKey: (secretKey: Uint8Array) => Uint8Array;
  /** The raw X25519 shared secret. For a low-order public key undefined or zeros; the shared code refuses both. */
  readonly x25519: (secretKey: Uint8Array, publicKey: Uint8Array) => Uint8Array | undefined;
  readonly ed25519PublicKey: (seed: Uint8Array) => Uint8Array;
  /**
   * `secretKey` is seed || publicKey; undefined, and no signature at all, when the public half is not that of the seed: two signatures of
   * one message under different public halves reveal the secret scalar.
   */
  readonly ed25519Sign: (message: Uint8Array, secretKey: Uint8Array) => Uint8Array | undefined;
  /** The cofactorless equation; the rest of the rule is checked before (ed25519-rule.ts). */
  readonly ed25519Verify: (signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array) => boolean;
  readonly blake2b: (data: Uint8Array, length: number) => Uint8Array;
  readonly blake3: (data: Uint8Array) => Uint8Array;
  readonly scrypt: (
    password: Uint8Array,
    salt: Uint8Array,
    parameters: ScryptParameters,
    options: ComputationOptions,
  ) => Promise<Uint8Array>;
  readonly mlKemKeyPair: (d: Uint8Array, z: Uint8Array) => MlKemKeyPair;
  readonly mlKemEncapsulate: (
    publicKey: Uint8Array,
    m: Uint8Array,
  ) => { readonly ciphertext: Uint8Array; readonly sharedSecret: Uint8Array };
  readonly mlKemDecapsulate: (ciphertext: Uint8Array, secretKey: Uint8Array) => Uint8Array;
}

/** How to load each back end that a platform knows, best first (backends.node.ts, backends.browser.ts). */
export type BackendLoaders = ReadonlyMap<CryptoBackend, () => Promise<CryptoEngine>>;
