import { assertBytesList } from '../arguments.js';
import { assertBytes, assertInteger, concatBytes, constantTimeEqual } from '../bytes.js';
import { ArgumentError, CryptoError, throwIfAborted } from '../errors.js';
import { boxKey } from './box-key.js';
import { isAcceptableEd25519PublicKey, isAcceptableEd25519Signature } from './ed25519-rule.js';
import type { CryptoEngine } from './engine.js';
import { type CryptoProvider, MAX_RANDOM_BYTES } from './provider.js';
import { assertComputationOptions, assertScryptParameters } from './scrypt-parameters.js';

const MAC = 16;
const NONCE = 24;
const KEY = 32;
const ML_KEM = { publicKey: 1568, secretKey: 3168, ciphertext: 1568 } as const;

function authenticationFailed(what: string): CryptoError {
  return new CryptoError('crypto.authentication', `${what} does not open: the key is wrong or the data was changed`);
}

/** What X25519 gives for a public key of low order: a secret that everybody knows. */
const allZero = new Uint8Array(KEY);

function sharedBoxKey(engine: CryptoEngine, theirPublicKey: Uint8Array, ourSecretKey: Uint8Array): Uint8Array {
  const shared = engine.x25519(ourSecretKey, theirPublicKey);
  if (shared === undefined || constantTimeEqual(shared, allZero)) {
    throw new CryptoError('crypto.authentication', 'the public key is of low order');
  }
  try {
    return boxKey(shared);
  } finally {
    shared.fill(0);
  }
}

/** An engine behind the checks that every back end shares: types, lengths, ranges, the Ed25519 rule, typed errors. */
export function createCheckedProvider(engine: CryptoEngine): CryptoProvider {
  const checkBox = (nonce: Uint8Array, theirPublicKey: Uint8Array, ourSecretKey: Uint8Array): void => {
    assertBytes('nonce', nonce, NONCE);
    assertBytes('theirPublicKey', theirPublicKey, KEY);
    assertBytes('ourSecretKey', ourSecretKey, KEY);
  };
  return {
    backend: engine.backend,
    randomBytes(length) {
      assertInteger('length', length, 0, MAX_RANDOM_BYTES);
      return engine.randomBytes(length);
    },
    sha256(data) {
      assertBytes('data', data);
      return engine.sha256(data);
    },
    sha256Many(inputs) {
      assertBytesList('inputs', inputs);
      return engine.sha256Many(inputs);
    },
    createSha256: () => {
      const stream = engine.createSha256();
      let done = false;
      return {
        update(data) {
          assertBytes('data', data);
          if (done) throw new ArgumentError('data', 'cannot be added after digest()');
          stream.update(data);
          return this;
        },
        digest() {
          if (done) throw new ArgumentError('digest', 'may be called once only');
          done = true;
          return stream.digest();
        },
      };
    },
    secretboxSeal(plaintext, nonce, key) {
      assertBytes('plaintext', plaintext);
      assertBytes('nonce', nonce, NONCE);
      assertBytes('key', key, KEY);
      return engine.secretboxSeal(plaintext, nonce, key);
    },
    secretboxSealInPlace(boxed, nonce, key) {
      assertBytes('boxed', boxed);
      if (boxed.length < MAC) throw new ArgumentError('boxed', `must have room for the MAC, ${MAC} bytes`);
      assertBytes('nonce', nonce, NONCE);
      assertBytes('key', key, KEY);
      if (boxed.buffer instanceof ArrayBuffer) engine.secretboxSealInPlace(boxed, nonce, key);
      else boxed.set(engine.secretboxSeal(boxed.subarray(MAC), nonce, key));
    },
    secretboxOpen(boxed, nonce, key) {
      assertBytes('boxed', boxed);
      assertBytes('nonce', nonce, NONCE);
      assertBytes('key', key, KEY);
      const plaintext = boxed.length < MAC ? undefined : engine.secretboxOpen(boxed, nonce, key);
      if (plaintext === undefined) throw authenticationFailed('secretbox');
      return plaintext;
    },
    curve25519PublicKey(secretKey) {
      assertBytes('secretKey', secretKey, KEY);
      return engine.curve25519PublicKey(secretKey);
    },
    boxSeal(plaintext, nonce, theirPublicKey, ourSecretKey) {
      assertBytes('plaintext', plaintext);
      checkBox(nonce, theirPublicKey, ourSecretKey);
      const key = sharedBoxKey(engine, theirPublicKey, ourSecretKey);
      try {
        return engine.secretboxSeal(plaintext, nonce, key);
      } finally {
        key.fill(0);
      }
    },
    boxOpen(boxed, nonce, theirPublicKey, ourSecretKey) {
      assertBytes('boxed', boxed);
      checkBox(nonce, theirPublicKey, ourSecretKey);
      const key = sharedBoxKey(engine, theirPublicKey, ourSecretKey);
      try {
        const plaintext = boxed.length < MAC ? undefined : engine.secretboxOpen(boxed, nonce, key);
        if (plaintext === undefined) throw authenticationFailed('box');
        return plaintext;
      } finally {
        key.fill(0);
      }
    },
    ed25519KeyPair(seed) {
      assertBytes('seed', seed, KEY);
      const publicKey = engine.ed25519PublicKey(seed);
      return { publicKey, secretKey: concatBytes(seed, publicKey) };
    },
    ed25519Sign(message, secretKey) {
      assertBytes('message', message);
      assertBytes('secretKey', secretKey, 64);
      const signature = engine.ed25519Sign(message, secretKey);
      if (signature === undefined) throw new ArgumentError('secretKey', 'has a public half that does not match its seed');
      return signature;
    },
    ed25519Verify(signature, message, publicKey) {
      assertBytes('signature', signature, 64);
      assertBytes('message', message);
      assertBytes('publicKey', publicKey, KEY);
      return (
        isAcceptableEd25519PublicKey(publicKey) &&
        isAcceptableEd25519Signature(signature) &&
        engine.ed25519Verify(signature, message, publicKey)
      );
    },
    hmacSha256(key, data) {
      assertBytes('key', key);
      assertBytes('data', data);
      return engine.hmacSha256(key, data);
    },
    blake2b(data, length) {
      assertBytes('data', data);
      assertInteger('length', length, 1, 64);
      return engine.blake2b(data, length);
    },
    blake3(data) {
      assertBytes('data', data);
      return engine.blake3(data);
    },
    async scrypt(password, salt, parameters, options = {}) {
      assertBytes('password', password);
      assertBytes('salt', salt);
      assertScryptParameters(parameters);
      assertComputationOptions(options);
      throwIfAborted(options.signal, 'the key derivation');
      return engine.scrypt(password, salt, parameters, options);
    },
    mlKemKeyPair(d, z) {
      assertBytes('d', d, KEY);
      assertBytes('z', z, KEY);
      return engine.mlKemKeyPair(d, z);
    },
    mlKemEncapsulate(publicKey, m) {
      assertBytes('publicKey', publicKey, ML_KEM.publicKey);
      assertBytes('m', m, KEY);
      return engine.mlKemEncapsulate(publicKey, m);
    },
    mlKemDecapsulate(ciphertext, secretKey) {
      assertBytes('ciphertext', ciphertext, ML_KEM.ciphertext);
      assertBytes('secretKey', secretKey, ML_KEM.secretKey);
      return engine.mlKemDecapsulate(ciphertext, secretKey);
    },
  };
}
