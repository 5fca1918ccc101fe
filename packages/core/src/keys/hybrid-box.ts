import { assertMethods } from '../arguments.js';
import { assertBytes, concatBytes } from '../bytes.js';
import { decodeCbor } from '../codec/cbor-decode.js';
import { encodeCbor } from '../codec/cbor-encode.js';
import { CborFields } from '../codec/cbor-fields.js';
import { cborMap } from '../codec/cbor-value.js';
import type { CryptoProvider } from '../crypto/provider.js';
import { drawRandomBytes } from '../crypto/random.js';
import { ArgumentError, CryptoError } from '../errors.js';
import {
  type Curve25519PublicKey,
  type Curve25519SecretKey,
  HybridPublicKey,
  HybridSecretKey,
  isPublicBoxingKey,
  isSecretBoxingKey,
  ML_KEM_CIPHERTEXT_SIZE,
  type PublicBoxingKey,
  type SecretBoxingKey,
} from './boxing-key.js';
import { hkdfKey } from './hkdf.js';
import { MAC_SIZE, NONCE_SIZE } from './symmetric-key.js';

const CURVE_SECRET_SIZE = 32;
/** Bytes of the Curve25519 box of the 32-byte curve secret. */
const CURVE_BOX_SIZE = MAC_SIZE + CURVE_SECRET_SIZE + NONCE_SIZE;
/** Bytes of the randomness of one ML-KEM encapsulation. */
const ENCAPSULATION_RANDOM_SIZE = 32;

function curveBoxSeal(
  crypto: CryptoProvider,
  recipient: Curve25519PublicKey,
  sender: Curve25519SecretKey,
  plaintext: Uint8Array,
): Uint8Array {
  const nonce = drawRandomBytes(crypto, NONCE_SIZE);
  return concatBytes(crypto.boxSeal(plaintext, nonce, recipient.bytes, sender.bytes), nonce);
}

function curveBoxOpen(
  crypto: CryptoProvider,
  recipient: Curve25519SecretKey,
  sender: Curve25519PublicKey,
  message: Uint8Array,
): Uint8Array {
  const split = message.length - NONCE_SIZE;
  if (split < MAC_SIZE) throw new CryptoError('crypto.authentication', 'the boxed message is too short');
  return crypto.boxOpen(message.subarray(0, split), message.subarray(split), sender.bytes, recipient.bytes);
}

function hybridSeal(crypto: CryptoProvider, recipient: HybridPublicKey, sender: HybridSecretKey, plaintext: Uint8Array): Uint8Array {
  const curveSecret = drawRandomBytes(crypto, CURVE_SECRET_SIZE);
  const encapsulated = crypto.mlKemEncapsulate(recipient.mlKem, drawRandomBytes(crypto, ENCAPSULATION_RANDOM_SIZE));
  const key = hkdfKey(crypto, concatBytes(curveSecret, encapsulated.sharedSecret));
  const curveBox = curveBoxSeal(crypto, recipient.curve25519, sender.curve25519, curveSecret);
  const nonce = drawRandomBytes(crypto, NONCE_SIZE);
  return encodeCbor(
    cborMap([
      ['c', curveBox],
      ['i', crypto.secretboxSeal(plaintext, nonce, key)],
      ['m', encapsulated.ciphertext],
      ['n', nonce],
    ]),
  );
}

function hybridOpen(crypto: CryptoProvider, recipient: HybridSecretKey, sender: HybridPublicKey, message: Uint8Array): Uint8Array {
  const fields = CborFields.map('format.container', 'HybridCipherText', decodeCbor(message));
  const curveBox = fields.bytes('c', CURVE_BOX_SIZE);
  const inner = fields.bytes('i');
  const encapsulated = fields.bytes('m', ML_KEM_CIPHERTEXT_SIZE);
  const nonce = fields.bytes('n', NONCE_SIZE);
  const curveSecret = curveBoxOpen(crypto, recipient.curve25519, sender.curve25519, curveBox);
  const sharedSecret = crypto.mlKemDecapsulate(encapsulated, recipient.mlKem);
  return crypto.secretboxOpen(inner, nonce, hkdfKey(crypto, concatBytes(curveSecret, sharedSecret)));
}

/**
 * Encrypts `plaintext` for `recipient` and authenticates it with the sender's secret key: NaCl box || nonce for Curve25519 (chapter
 * 01 section 13.2), a CBOR map for hybrid keys (section 13.3). Both keys must have one type: ArgumentError otherwise, see
 * `BoxingKeyPair.generateFor`. A low-order recipient key is a CryptoError.
 */
export function boxFor(crypto: CryptoProvider, recipient: PublicBoxingKey, sender: SecretBoxingKey, plaintext: Uint8Array): Uint8Array {
  assertMethods('crypto', crypto, 'boxSeal', 'mlKemEncapsulate', 'hmacSha256', 'secretboxSeal');
  if (!isPublicBoxingKey(recipient)) throw new ArgumentError('recipient', 'must be a public boxing key');
  if (!isSecretBoxingKey(sender)) throw new ArgumentError('sender', 'must be a secret boxing key');
  assertBytes('plaintext', plaintext);
  if (recipient instanceof HybridPublicKey) {
    if (!(sender instanceof HybridSecretKey)) throw new ArgumentError('sender', 'must be a hybrid key like the recipient');
    return hybridSeal(crypto, recipient, sender, plaintext);
  }
  if (sender instanceof HybridSecretKey) throw new ArgumentError('sender', 'must be a Curve25519 key like the recipient');
  return curveBoxSeal(crypto, recipient, sender, plaintext);
}

/**
 * Opens a message of {@link boxFor}. CryptoError `crypto.authentication` when it does not open or the types of the keys differ (the
 * sender's key comes from the peer), FormatError `format.container` or `format.cbor` for a malformed hybrid message.
 */
export function openBox(crypto: CryptoProvider, recipient: SecretBoxingKey, sender: PublicBoxingKey, message: Uint8Array): Uint8Array {
  assertMethods('crypto', crypto, 'boxOpen', 'mlKemDecapsulate', 'hmacSha256', 'secretboxOpen');
  if (!isSecretBoxingKey(recipient)) throw new ArgumentError('recipient', 'must be a secret boxing key');
  if (!isPublicBoxingKey(sender)) throw new ArgumentError('sender', 'must be a public boxing key');
  assertBytes('message', message);
  if (recipient instanceof HybridSecretKey) {
    if (!(sender instanceof HybridPublicKey)) throw typeMismatch();
    return hybridOpen(crypto, recipient, sender, message);
  }
  if (sender instanceof HybridPublicKey) throw typeMismatch();
  return curveBoxOpen(crypto, recipient, sender, message);
}

function typeMismatch(): CryptoError {
  return new CryptoError('crypto.authentication', 'the boxing keys of sender and recipient have different types');
}
