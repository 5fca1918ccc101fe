import { assertMethods } from '../arguments.js';
import { assertBytes, constantTimeEqual, copyBytes, equalBytes } from '../bytes.js';
import { decodeCbor } from '../codec/cbor-decode.js';
import { encodeCbor } from '../codec/cbor-encode.js';
import { CborFields } from '../codec/cbor-fields.js';
import { cborMap, type CborValue, type ToCbor } from '../codec/cbor-value.js';
import { Cid, CidCodec } from '../codec/cid.js';
import type { CryptoProvider, Hasher } from '../crypto/provider.js';
import { drawRandomBytes } from '../crypto/random.js';
import { ArgumentError, FormatError } from '../errors.js';
import { MAX_IDENTITY_DIGEST_WRITE } from '../limits.js';
import { PublicKeyHash } from './public-key-hash.js';
import { Secret } from './secret.js';

/** Bytes of a Curve25519 public or secret key. */
export const CURVE25519_KEY_SIZE = 32;
/** Bytes of an ML-KEM-1024 encapsulation (public) key. */
export const ML_KEM_PUBLIC_KEY_SIZE = 1568;
/** Bytes of an expanded ML-KEM-1024 decapsulation (secret) key: dk_PKE(1536) || ek(1568) || H(ek)(32) || z(32). */
export const ML_KEM_SECRET_KEY_SIZE = 3168;
/** Bytes of an ML-KEM-1024 ciphertext. */
export const ML_KEM_CIPHERTEXT_SIZE = 1568;
const ML_KEM_EK_OFFSET = 1536;

/** Boxing key types (chapter 01 section 1). */
export const BoxingKeyType = {
  curve25519: 1,
  hybrid: 2,
} as const;

/** One of {@link BoxingKeyType}. */
export type BoxingKeyTypeCode = (typeof BoxingKeyType)[keyof typeof BoxingKeyType];

/** A public boxing key: Curve25519 (legacy accounts) or hybrid (chapter 01 section 13.1). */
export type PublicBoxingKey = Curve25519PublicKey | HybridPublicKey;

/** A secret boxing key: Curve25519 (legacy accounts) or hybrid (chapter 01 section 13.1). */
export type SecretBoxingKey = Curve25519SecretKey | HybridSecretKey;

function typedList(value: CborValue, where: string): { readonly fields: CborFields; readonly type: BoxingKeyTypeCode } {
  const fields = CborFields.list('format.key', where, value, 2);
  const type = fields.integer(0);
  if (type !== BoxingKeyType.curve25519 && type !== BoxingKeyType.hybrid) return fields.fail(0, 'unknown boxing key type');
  return { fields, type };
}

function expectType(value: CborValue, where: string, expected: BoxingKeyTypeCode): CborFields {
  const { fields, type } = typedList(value, where);
  return type === expected ? fields : fields.fail(0, `must be ${expected}`);
}

function hashOfKey(key: ToCbor, hasher: Hasher): PublicKeyHash {
  const cbor = encodeCbor(key.toCbor());
  if (cbor.length <= MAX_IDENTITY_DIGEST_WRITE) return PublicKeyHash.ofInlineKey(cbor);
  assertMethods('hasher', hasher, 'sha256');
  return PublicKeyHash.fromCid(Cid.ofSha256(hasher.sha256(cbor), CidCodec.dagCbor));
}

/** A Curve25519 public key, `[1, bytes(32)]`. */
export class Curve25519PublicKey implements ToCbor {
  /** Distinguishes the members of {@link PublicBoxingKey}. */
  readonly type: typeof BoxingKeyType.curve25519 = BoxingKeyType.curve25519;

  private constructor(
    /** The 32 key bytes; never modify them. */
    readonly bytes: Uint8Array,
  ) {}

  /** Copies 32 key bytes. */
  static of(bytes: Uint8Array): Curve25519PublicKey {
    assertBytes('bytes', bytes, CURVE25519_KEY_SIZE);
    return new Curve25519PublicKey(copyBytes(bytes));
  }

  /** Reads `[1, bytes(32)]`. */
  static fromCbor(value: CborValue, where = 'Curve25519PublicKey'): Curve25519PublicKey {
    return Curve25519PublicKey.of(expectType(value, where, BoxingKeyType.curve25519).bytes(1, CURVE25519_KEY_SIZE));
  }

  /** The part that opens the Curve25519 box: the key itself. */
  get curve25519(): Curve25519PublicKey {
    return this;
  }

  /** The identity hash that names this key (section 11.2). */
  hash(hasher: Hasher): PublicKeyHash {
    return hashOfKey(this, hasher);
  }

  /** Value equality. */
  equals(other: PublicBoxingKey | undefined): boolean {
    return other instanceof Curve25519PublicKey && equalBytes(this.bytes, other.bytes);
  }

  /** The list `[1, bytes]`. */
  toCbor(): CborValue {
    return [BoxingKeyType.curve25519, this.bytes];
  }

  /** The CBOR bytes, 36. */
  encode(): Uint8Array {
    return encodeCbor(this.toCbor());
  }
}

/** A Curve25519 secret key, `[1, bytes(32)]`. */
export class Curve25519SecretKey extends Secret implements ToCbor {
  protected readonly secretKind: string = 'Curve25519SecretKey';
  /** Distinguishes the members of {@link SecretBoxingKey}. */
  readonly type: typeof BoxingKeyType.curve25519 = BoxingKeyType.curve25519;

  readonly #bytes: Uint8Array;

  private constructor(bytes: Uint8Array) {
    super();
    this.#bytes = bytes;
  }

  /** The 32 secret bytes; never modify them. */
  get bytes(): Uint8Array {
    return this.#bytes;
  }

  /** Copies 32 key bytes. */
  static of(bytes: Uint8Array): Curve25519SecretKey {
    assertBytes('bytes', bytes, CURVE25519_KEY_SIZE);
    return new Curve25519SecretKey(copyBytes(bytes));
  }

  /** Reads `[1, bytes(32)]`. */
  static fromCbor(value: CborValue, where = 'Curve25519SecretKey'): Curve25519SecretKey {
    return Curve25519SecretKey.of(expectType(value, where, BoxingKeyType.curve25519).bytes(1, CURVE25519_KEY_SIZE));
  }

  /** The Curve25519 part: the key itself. */
  get curve25519(): Curve25519SecretKey {
    return this;
  }

  /** The public key that belongs to this one. */
  publicKey(crypto: CryptoProvider): Curve25519PublicKey {
    assertMethods('crypto', crypto, 'curve25519PublicKey');
    return Curve25519PublicKey.of(crypto.curve25519PublicKey(this.bytes));
  }

  /** Value equality in constant time. */
  equals(other: SecretBoxingKey | undefined): boolean {
    return other instanceof Curve25519SecretKey && constantTimeEqual(this.bytes, other.bytes);
  }

  /** The list `[1, bytes]`. */
  toCbor(): CborValue {
    return [BoxingKeyType.curve25519, this.bytes];
  }

  /** The CBOR bytes, 36. */
  encode(): Uint8Array {
    return encodeCbor(this.toCbor());
  }
}

/** A hybrid public key, `[2, {"c": Curve25519 public key, "m": {"p": bytes(1568)}}]`. */
export class HybridPublicKey implements ToCbor {
  /** Distinguishes the members of {@link PublicBoxingKey}. */
  readonly type: typeof BoxingKeyType.hybrid = BoxingKeyType.hybrid;

  private constructor(
    readonly curve25519: Curve25519PublicKey,
    /** The ML-KEM-1024 encapsulation key, 1568 bytes; never modify them. */
    readonly mlKem: Uint8Array,
  ) {}

  /** Pairs the two parts; copies the 1568 ML-KEM bytes. */
  static of(curve25519: Curve25519PublicKey, mlKem: Uint8Array): HybridPublicKey {
    if (!(curve25519 instanceof Curve25519PublicKey)) throw new ArgumentError('curve25519', 'must be a Curve25519PublicKey');
    assertBytes('mlKem', mlKem, ML_KEM_PUBLIC_KEY_SIZE);
    return new HybridPublicKey(curve25519, copyBytes(mlKem));
  }

  /** Reads the typed list. */
  static fromCbor(value: CborValue, where = 'HybridPublicKey'): HybridPublicKey {
    const outer = expectType(value, where, BoxingKeyType.hybrid);
    const parts = CborFields.map('format.key', outer.path(1), outer.map(1));
    const mlKem = CborFields.map('format.key', parts.path('m'), parts.map('m'));
    return HybridPublicKey.of(Curve25519PublicKey.fromCbor(parts.list('c'), parts.path('c')), mlKem.bytes('p', ML_KEM_PUBLIC_KEY_SIZE));
  }

  /** The sha2-256 hash of the block that holds this key: write {@link HybridPublicKey.encode} as that block (section 11.2). */
  hash(hasher: Hasher): PublicKeyHash {
    return hashOfKey(this, hasher);
  }

  /** Value equality. */
  equals(other: PublicBoxingKey | undefined): boolean {
    return other instanceof HybridPublicKey && this.curve25519.equals(other.curve25519) && equalBytes(this.mlKem, other.mlKem);
  }

  /** The typed list. */
  toCbor(): CborValue {
    return [
      BoxingKeyType.hybrid,
      cborMap([
        ['c', this.curve25519.toCbor()],
        ['m', cborMap([['p', this.mlKem]])],
      ]),
    ];
  }

  /** The CBOR bytes, 1617. */
  encode(): Uint8Array {
    return encodeCbor(this.toCbor());
  }
}

/** A hybrid secret key, `[2, {"c": Curve25519 secret key, "m": {"s": bytes(3168)}}]`. */
export class HybridSecretKey extends Secret implements ToCbor {
  protected readonly secretKind: string = 'HybridSecretKey';
  /** Distinguishes the members of {@link SecretBoxingKey}. */
  readonly type: typeof BoxingKeyType.hybrid = BoxingKeyType.hybrid;

  readonly #mlKem: Uint8Array;

  private constructor(
    readonly curve25519: Curve25519SecretKey,
    mlKem: Uint8Array,
  ) {
    super();
    this.#mlKem = mlKem;
  }

  /** The expanded ML-KEM-1024 decapsulation key, 3168 bytes; never modify them. */
  get mlKem(): Uint8Array {
    return this.#mlKem;
  }

  /** Pairs the two parts; copies the 3168 ML-KEM bytes. */
  static of(curve25519: Curve25519SecretKey, mlKem: Uint8Array): HybridSecretKey {
    if (!(curve25519 instanceof Curve25519SecretKey)) throw new ArgumentError('curve25519', 'must be a Curve25519SecretKey');
    assertBytes('mlKem', mlKem, ML_KEM_SECRET_KEY_SIZE);
    return new HybridSecretKey(curve25519, copyBytes(mlKem));
  }

  /** Reads the typed list. */
  static fromCbor(value: CborValue, where = 'HybridSecretKey'): HybridSecretKey {
    const outer = expectType(value, where, BoxingKeyType.hybrid);
    const parts = CborFields.map('format.key', outer.path(1), outer.map(1));
    const mlKem = CborFields.map('format.key', parts.path('m'), parts.map('m'));
    return HybridSecretKey.of(Curve25519SecretKey.fromCbor(parts.list('c'), parts.path('c')), mlKem.bytes('s', ML_KEM_SECRET_KEY_SIZE));
  }

  /** The public key that belongs to this one; an expanded ML-KEM secret contains its public key. */
  publicKey(crypto: CryptoProvider): HybridPublicKey {
    return HybridPublicKey.of(
      this.curve25519.publicKey(crypto),
      this.mlKem.subarray(ML_KEM_EK_OFFSET, ML_KEM_EK_OFFSET + ML_KEM_PUBLIC_KEY_SIZE),
    );
  }

  /** Value equality in constant time. */
  equals(other: SecretBoxingKey | undefined): boolean {
    return other instanceof HybridSecretKey && this.curve25519.equals(other.curve25519) && constantTimeEqual(this.mlKem, other.mlKem);
  }

  /** The typed list. */
  toCbor(): CborValue {
    return [
      BoxingKeyType.hybrid,
      cborMap([
        ['c', this.curve25519.toCbor()],
        ['m', cborMap([['s', this.mlKem]])],
      ]),
    ];
  }

  /** The CBOR bytes, 3217. */
  encode(): Uint8Array {
    return encodeCbor(this.toCbor());
  }
}

/** Reads a public boxing key of either type. FormatError `format.key` for any other type. */
export function publicBoxingKeyFromCbor(value: CborValue, where = 'PublicBoxingKey'): PublicBoxingKey {
  const { type } = typedList(value, where);
  return type === BoxingKeyType.hybrid ? HybridPublicKey.fromCbor(value, where) : Curve25519PublicKey.fromCbor(value, where);
}

/** Reads the CBOR bytes of a public boxing key; anything after the item is an error. */
export function decodePublicBoxingKey(bytes: Uint8Array): PublicBoxingKey {
  return publicBoxingKeyFromCbor(decodeCbor(bytes));
}

/** Reads a secret boxing key of either type. FormatError `format.key` for any other type. */
export function secretBoxingKeyFromCbor(value: CborValue, where = 'SecretBoxingKey'): SecretBoxingKey {
  const { type } = typedList(value, where);
  return type === BoxingKeyType.hybrid ? HybridSecretKey.fromCbor(value, where) : Curve25519SecretKey.fromCbor(value, where);
}

/** Reads the CBOR bytes of a secret boxing key; anything after the item is an error. */
export function decodeSecretBoxingKey(bytes: Uint8Array): SecretBoxingKey {
  return secretBoxingKeyFromCbor(decodeCbor(bytes));
}

/** Whether `value` is a {@link PublicBoxingKey}. */
export function isPublicBoxingKey(value: unknown): value is PublicBoxingKey {
  return value instanceof Curve25519PublicKey || value instanceof HybridPublicKey;
}

/** Whether `value` is a {@link SecretBoxingKey}. */
export function isSecretBoxingKey(value: unknown): value is SecretBoxingKey {
  return value instanceof Curve25519SecretKey || value instanceof HybridSecretKey;
}

/** A public and a secret boxing key of one type that belong together (chapter 01 section 13.1). */
export class BoxingKeyPair extends Secret implements ToCbor {
  protected readonly secretKind: string = 'BoxingKeyPair';

  private constructor(
    readonly publicKey: PublicBoxingKey,
    readonly secretKey: SecretBoxingKey,
  ) {
    super();
  }

  /** The pair of a secret key. */
  static of(crypto: CryptoProvider, secretKey: SecretBoxingKey): BoxingKeyPair {
    if (!isSecretBoxingKey(secretKey)) throw new ArgumentError('secretKey', 'must be a secret boxing key');
    return new BoxingKeyPair(secretKey.publicKey(crypto), secretKey);
  }

  /** A fresh random Curve25519 pair: only for writing to Curve25519 recipients. */
  static generateCurve25519(crypto: CryptoProvider): BoxingKeyPair {
    return BoxingKeyPair.of(crypto, Curve25519SecretKey.of(drawRandomBytes(crypto, CURVE25519_KEY_SIZE)));
  }

  /** A fresh random hybrid pair. Draws the Curve25519 secret, then d, then z. */
  static generateHybrid(crypto: CryptoProvider): BoxingKeyPair {
    assertMethods('crypto', crypto, 'mlKemKeyPair');
    const curve25519 = Curve25519SecretKey.of(drawRandomBytes(crypto, CURVE25519_KEY_SIZE));
    const mlKem = crypto.mlKemKeyPair(drawRandomBytes(crypto, 32), drawRandomBytes(crypto, 32));
    return BoxingKeyPair.of(crypto, HybridSecretKey.of(curve25519, mlKem.secretKey));
  }

  /** A fresh random pair of the type of `recipient`: sender and recipient types must match (section 13.3). */
  static generateFor(crypto: CryptoProvider, recipient: PublicBoxingKey): BoxingKeyPair {
    if (!isPublicBoxingKey(recipient)) throw new ArgumentError('recipient', 'must be a public boxing key');
    return recipient.type === BoxingKeyType.hybrid ? BoxingKeyPair.generateHybrid(crypto) : BoxingKeyPair.generateCurve25519(crypto);
  }

  /** Reads `[public, secret]`. FormatError when the two do not belong together. */
  static fromCbor(crypto: CryptoProvider, value: CborValue, where = 'BoxingKeyPair'): BoxingKeyPair {
    const fields = CborFields.list('format.key', where, value, 2);
    const publicKey = publicBoxingKeyFromCbor(fields.list(0), fields.path(0));
    const secretKey = secretBoxingKeyFromCbor(fields.list(1), fields.path(1));
    if (!publicKey.equals(secretKey.publicKey(crypto))) {
      throw new FormatError('format.key', fields.path(1), 'does not belong to the public key');
    }
    return new BoxingKeyPair(publicKey, secretKey);
  }

  /** Reads the CBOR bytes; anything after the item is an error. */
  static decode(crypto: CryptoProvider, bytes: Uint8Array): BoxingKeyPair {
    return BoxingKeyPair.fromCbor(crypto, decodeCbor(bytes));
  }

  /** Value equality. */
  equals(other: BoxingKeyPair | undefined): boolean {
    return other instanceof BoxingKeyPair && this.publicKey.equals(other.publicKey) && this.secretKey.equals(other.secretKey);
  }

  /** The list `[public, secret]`. */
  toCbor(): CborValue {
    return [this.publicKey.toCbor(), this.secretKey.toCbor()];
  }

  /** The CBOR bytes. */
  encode(): Uint8Array {
    return encodeCbor(this.toCbor());
  }
}
