import { assertMethods } from '../arguments.js';
import { assertBytes, concatBytes, constantTimeEqual, copyBytes, equalBytes } from '../bytes.js';
import { encodeBase58 } from '../codec/base58.js';
import { decodeCbor } from '../codec/cbor-decode.js';
import { encodeCbor } from '../codec/cbor-encode.js';
import { CborFields } from '../codec/cbor-fields.js';
import { cborMap, type CborValue, type ToCbor } from '../codec/cbor-value.js';
import { decodeMultibase } from '../codec/multibase.js';
import { isAcceptableEd25519PublicKey } from '../crypto/ed25519-rule.js';
import type { CryptoProvider } from '../crypto/provider.js';
import { drawRandomBytes } from '../crypto/random.js';
import { ArgumentError, CryptoError, FormatError } from '../errors.js';
import { PublicKeyHash } from './public-key-hash.js';
import { Secret } from './secret.js';

/** Bytes of an Ed25519 public key. */
export const SIGNING_PUBLIC_KEY_SIZE = 32;
/** Bytes of an Ed25519 secret key in NaCl layout: seed(32) || publicKey(32). */
export const SIGNING_SECRET_KEY_SIZE = 64;
/** Bytes of an Ed25519 seed. */
export const SIGNING_SEED_SIZE = 32;
/** Bytes of an Ed25519 signature, the start of every attached signature (chapter 01 section 10.2). */
export const SIGNATURE_SIZE = 64;
/** The only signing key type: Ed25519 (chapter 01 section 1). */
const TYPE_ED25519 = 1;

function keyBytes(value: CborValue, where: string, size: number): Uint8Array {
  const fields = CborFields.list('format.key', where, value, 2);
  if (fields.integer(0) !== TYPE_ED25519) return fields.fail(0, 'unknown signing key type');
  return fields.bytes(1, size);
}

/** A public Ed25519 key (chapter 01 section 10.1). Keys of small order and non-canonical keys do not exist as values of this class. */
export class PublicSigningKey implements ToCbor {
  private cachedHash: PublicKeyHash | undefined;

  private constructor(
    /** The 32 key bytes; never modify them. */
    readonly bytes: Uint8Array,
  ) {}

  /** Copies 32 key bytes. FormatError `format.key` for a non-canonical or small-order point. */
  static of(bytes: Uint8Array, where = 'PublicSigningKey'): PublicSigningKey {
    assertBytes('bytes', bytes, SIGNING_PUBLIC_KEY_SIZE);
    if (!isAcceptableEd25519PublicKey(bytes)) {
      throw new FormatError('format.key', where, 'is not a canonical Ed25519 point of large order');
    }
    return new PublicSigningKey(copyBytes(bytes));
  }

  /** Reads `[1, bytes(32)]`. */
  static fromCbor(value: CborValue, where = 'PublicSigningKey'): PublicSigningKey {
    return PublicSigningKey.of(keyBytes(value, where, SIGNING_PUBLIC_KEY_SIZE), where);
  }

  /** Reads the CBOR bytes; anything after the item is an error. */
  static decode(bytes: Uint8Array): PublicSigningKey {
    return PublicSigningKey.fromCbor(decodeCbor(bytes));
  }

  /** Parses the text form: standard base64 of the CBOR. */
  static parse(text: string): PublicSigningKey {
    if (typeof text !== 'string') throw new ArgumentError('text', 'must be a string');
    // 36 bytes are exactly 48 digits, so there is never any padding, and every text of this shape is canonical.
    if (!/^[A-Za-z0-9+/]{48}$/.test(text)) throw new FormatError('format.key', 'PublicSigningKey', 'must be 48 base64 digits');
    return PublicSigningKey.decode(Uint8Array.from(atob(text), (digit) => digit.charCodeAt(0)));
  }

  /** The identity hash that names this key (section 11.2). */
  get hash(): PublicKeyHash {
    this.cachedHash ??= PublicKeyHash.ofInlineKey(this.encode());
    return this.cachedHash;
  }

  /** Value equality. */
  equals(other: PublicSigningKey | undefined): boolean {
    return other instanceof PublicSigningKey && equalBytes(this.bytes, other.bytes);
  }

  /** The list `[1, bytes]`. */
  toCbor(): CborValue {
    return [TYPE_ED25519, this.bytes];
  }

  /** The CBOR bytes, 36. */
  encode(): Uint8Array {
    return encodeCbor(this.toCbor());
  }

  /** The text form: standard base64 of the CBOR. */
  toString(): string {
    return btoa(String.fromCharCode(...this.encode()));
  }

  /** The text form, for JSON and logs. */
  toJSON(): string {
    return this.toString();
  }
}

/** A secret Ed25519 key in NaCl layout, seed(32) || publicKey(32) (chapter 01 section 10.1). */
export class SecretSigningKey extends Secret implements ToCbor {
  protected readonly secretKind: string = 'SecretSigningKey';

  readonly #bytes: Uint8Array;

  private constructor(
    bytes: Uint8Array,
    /** The public half as the key itself states it; see {@link SecretSigningKey.isConsistent}. */
    readonly publicKey: PublicSigningKey,
  ) {
    super();
    this.#bytes = bytes;
  }

  /** The 64 secret bytes; never modify them. */
  get bytes(): Uint8Array {
    return this.#bytes;
  }

  /** Copies 64 key bytes. FormatError when the public half is no acceptable public key. */
  static of(bytes: Uint8Array, where = 'SecretSigningKey'): SecretSigningKey {
    assertBytes('bytes', bytes, SIGNING_SECRET_KEY_SIZE);
    return new SecretSigningKey(copyBytes(bytes), PublicSigningKey.of(bytes.subarray(SIGNING_SEED_SIZE), where));
  }

  /**
   * Reads `[1, bytes(64)]`. Whether the halves belong together takes a computation: {@link SecretSigningKey.isConsistent}; signing
   * with a key whose halves do not match fails.
   */
  static fromCbor(value: CborValue, where = 'SecretSigningKey'): SecretSigningKey {
    return SecretSigningKey.of(keyBytes(value, where, SIGNING_SECRET_KEY_SIZE), where);
  }

  /** Reads the CBOR bytes; anything after the item is an error. */
  static decode(bytes: Uint8Array): SecretSigningKey {
    return SecretSigningKey.fromCbor(decodeCbor(bytes));
  }

  /** Whether the public half is the one that the seed gives. */
  isConsistent(crypto: CryptoProvider): boolean {
    assertMethods('crypto', crypto, 'ed25519KeyPair');
    return constantTimeEqual(crypto.ed25519KeyPair(this.bytes.slice(0, SIGNING_SEED_SIZE)).publicKey, this.publicKey.bytes);
  }

  /** Value equality in constant time. */
  equals(other: SecretSigningKey | undefined): boolean {
    return other instanceof SecretSigningKey && constantTimeEqual(this.bytes, other.bytes);
  }

  /** The list `[1, bytes]`. */
  toCbor(): CborValue {
    return [TYPE_ED25519, this.bytes];
  }

  /** The CBOR bytes, 68. */
  encode(): Uint8Array {
    return encodeCbor(this.toCbor());
  }
}

/** A public and a secret signing key that belong together (chapter 01 section 10.1). */
export class SigningKeyPair extends Secret implements ToCbor {
  protected readonly secretKind: string = 'SigningKeyPair';

  private constructor(
    readonly publicKey: PublicSigningKey,
    readonly secretKey: SecretSigningKey,
  ) {
    super();
  }

  /** A fresh random pair. */
  static generate(crypto: CryptoProvider): SigningKeyPair {
    return SigningKeyPair.fromSeed(crypto, drawRandomBytes(crypto, SIGNING_SEED_SIZE));
  }

  /** The pair of a 32-byte seed. */
  static fromSeed(crypto: CryptoProvider, seed: Uint8Array): SigningKeyPair {
    assertMethods('crypto', crypto, 'ed25519KeyPair');
    assertBytes('seed', seed, SIGNING_SEED_SIZE);
    const secretKey = SecretSigningKey.of(crypto.ed25519KeyPair(seed).secretKey);
    return new SigningKeyPair(secretKey.publicKey, secretKey);
  }

  /** Reads `[public, secret]`. FormatError when the two do not belong together or the public half does not match the seed. */
  static fromCbor(crypto: CryptoProvider, value: CborValue, where = 'SigningKeyPair'): SigningKeyPair {
    const fields = CborFields.list('format.key', where, value, 2);
    const publicKey = PublicSigningKey.fromCbor(fields.list(0), fields.path(0));
    const secretKey = SecretSigningKey.fromCbor(fields.list(1), fields.path(1));
    if (!publicKey.equals(secretKey.publicKey)) return fields.fail(1, 'does not belong to the public key');
    if (!secretKey.isConsistent(crypto)) return fields.fail(1, 'public half does not match the seed');
    return new SigningKeyPair(publicKey, secretKey);
  }

  /** Reads the CBOR bytes; anything after the item is an error. */
  static decode(crypto: CryptoProvider, bytes: Uint8Array): SigningKeyPair {
    return SigningKeyPair.fromCbor(crypto, decodeCbor(bytes));
  }

  /** Parses the secret text form: multibase of the CBOR. */
  static parse(crypto: CryptoProvider, text: string): SigningKeyPair {
    return SigningKeyPair.decode(crypto, decodeMultibase(text));
  }

  /** The secret key with the hash of the public one: what signs. */
  get signer(): SigningPrivateKeyAndPublicHash {
    return SigningPrivateKeyAndPublicHash.of(this.publicKey.hash, this.secretKey);
  }

  /** Value equality. */
  equals(other: SigningKeyPair | undefined): boolean {
    return other instanceof SigningKeyPair && this.secretKey.equals(other.secretKey);
  }

  /** The list `[public, secret]`. */
  toCbor(): CborValue {
    return [this.publicKey.toCbor(), this.secretKey.toCbor()];
  }

  /** The CBOR bytes. */
  encode(): Uint8Array {
    return encodeCbor(this.toCbor());
  }

  /** The secret text form, `z…`. */
  format(): string {
    return `z${encodeBase58(this.encode())}`;
  }
}

/** A secret signing key and the hash that names its public key (chapter 01 section 10.1): the right to write. */
export class SigningPrivateKeyAndPublicHash extends Secret implements ToCbor {
  protected readonly secretKind: string = 'SigningPrivateKeyAndPublicHash';

  private constructor(
    readonly publicKeyHash: PublicKeyHash,
    readonly secretKey: SecretSigningKey,
  ) {
    super();
  }

  /** Pairs a hash and a key. ArgumentError when the hash inlines another key. */
  static of(publicKeyHash: PublicKeyHash, secretKey: SecretSigningKey): SigningPrivateKeyAndPublicHash {
    if (!(publicKeyHash instanceof PublicKeyHash)) throw new ArgumentError('publicKeyHash', 'must be a PublicKeyHash');
    if (!(secretKey instanceof SecretSigningKey)) throw new ArgumentError('secretKey', 'must be a SecretSigningKey');
    if (!mayBelongTogether(publicKeyHash, secretKey)) throw new ArgumentError('secretKey', 'does not belong to the public key hash');
    return new SigningPrivateKeyAndPublicHash(publicKeyHash, secretKey);
  }

  /** Reads the map `{"p", "s"}`. FormatError when the hash inlines another key than the secret one's public half. */
  static fromCbor(value: CborValue, where = 'SigningPrivateKeyAndPublicHash'): SigningPrivateKeyAndPublicHash {
    const fields = CborFields.map('format.key', where, value);
    const publicKeyHash = PublicKeyHash.fromCid(fields.link('p'), fields.path('p'));
    const secretKey = SecretSigningKey.fromCbor(fields.list('s'), fields.path('s'));
    if (!mayBelongTogether(publicKeyHash, secretKey)) return fields.fail('s', 'does not belong to the public key hash');
    return new SigningPrivateKeyAndPublicHash(publicKeyHash, secretKey);
  }

  /** Reads the CBOR bytes; anything after the item is an error. */
  static decode(bytes: Uint8Array): SigningPrivateKeyAndPublicHash {
    return SigningPrivateKeyAndPublicHash.fromCbor(decodeCbor(bytes));
  }

  /** Value equality. */
  equals(other: SigningPrivateKeyAndPublicHash | undefined): boolean {
    return (
      other instanceof SigningPrivateKeyAndPublicHash &&
      this.publicKeyHash.equals(other.publicKeyHash) &&
      this.secretKey.equals(other.secretKey)
    );
  }

  /** The map `{"p", "s"}`. */
  toCbor(): CborValue {
    return cborMap([
      ['p', this.publicKeyHash.toCbor()],
      ['s', this.secretKey.toCbor()],
    ]);
  }

  /** The CBOR bytes. */
  encode(): Uint8Array {
    return encodeCbor(this.toCbor());
  }
}

/** Short name of {@link SigningPrivateKeyAndPublicHash}: what "signer" means everywhere. */
export type Signer = SigningPrivateKeyAndPublicHash;

/** Whether the hash can name the key; a sha2-256 hash (`legacy: read only`) is not decided here. */
function mayBelongTogether(hash: PublicKeyHash, secretKey: SecretSigningKey): boolean {
  const inline = hash.inlineKey;
  return inline === undefined || equalBytes(inline, secretKey.publicKey.encode());
}

/** signature(64) of exactly the bytes of `message` (section 10.2). */
export function signDetached(crypto: CryptoProvider, secretKey: SecretSigningKey, message: Uint8Array): Uint8Array {
  assertMethods('crypto', crypto, 'ed25519Sign');
  if (!(secretKey instanceof SecretSigningKey)) throw new ArgumentError('secretKey', 'must be a SecretSigningKey');
  assertBytes('message', message);
  return crypto.ed25519Sign(message, secretKey.bytes);
}

/** signature(64) || message: the default form of the protocol (section 10.2). */
export function signAttached(crypto: CryptoProvider, secretKey: SecretSigningKey, message: Uint8Array): Uint8Array {
  return concatBytes(signDetached(crypto, secretKey, message), message);
}

/** Whether `signature` is a valid signature of `message`. False for a signature of another length than 64. */
export function verifyDetached(crypto: CryptoProvider, publicKey: PublicSigningKey, signature: Uint8Array, message: Uint8Array): boolean {
  assertMethods('crypto', crypto, 'ed25519Verify');
  if (!(publicKey instanceof PublicSigningKey)) throw new ArgumentError('publicKey', 'must be a PublicSigningKey');
  assertBytes('signature', signature);
  assertBytes('message', message);
  return signature.length === SIGNATURE_SIZE && crypto.ed25519Verify(signature, message, publicKey.bytes);
}

/**
 * Verifies an attached signature and returns a copy of the message. CryptoError `crypto.signature` when it is too short or invalid.
 * The caller must compare or parse the message: a valid signature over other bytes is not acceptable (section 10.2).
 */
export function openSigned(crypto: CryptoProvider, publicKey: PublicSigningKey, signed: Uint8Array): Uint8Array {
  assertBytes('signed', signed);
  // Copied first, and not with slice(): that of a Node Buffer is a view, and what was verified must not change any more.
  const [signature, message] = [copyBytes(signed.subarray(0, SIGNATURE_SIZE)), copyBytes(signed.subarray(SIGNATURE_SIZE))];
  if (!verifyDetached(crypto, publicKey, signature, message)) {
    throw new CryptoError('crypto.signature', 'the signature is not valid for this key');
  }
  return message;
}
