import { assertBytes, constantTimeEqual, copyBytes } from '../bytes.js';
import { decodeCbor } from '../codec/cbor-decode.js';
import { encodeCbor } from '../codec/cbor-encode.js';
import { CborFields } from '../codec/cbor-fields.js';
import type { CborValue, ToCbor } from '../codec/cbor-value.js';
import type { RandomSource } from '../crypto/provider.js';
import { drawRandomBytes } from '../crypto/random.js';
import { ArgumentError } from '../errors.js';
import { Secret } from './secret.js';

/** Bytes of a secretbox key (chapter 01 section 20). */
export const SYMMETRIC_KEY_SIZE = 32;
/** Bytes of a secretbox and box nonce (chapter 01 section 20). */
export const NONCE_SIZE = 24;
/** Bytes of the Poly1305 MAC that starts every secretbox (chapter 01 section 12.1). */
export const MAC_SIZE = 16;
/** The only symmetric key type: secretbox (chapter 01 section 1). */
const TYPE_SECRETBOX = 1;

/** A secretbox key and the mark that its data must be re-encrypted on the next write (chapter 01 section 12.2). Immutable. */
export class SymmetricKey extends Secret implements ToCbor {
  protected readonly secretKind: string = 'SymmetricKey';
  readonly #bytes: Uint8Array;

  private constructor(
    bytes: Uint8Array,
    /** Whether a revocation made this key due for replacement. Part of equality and of the serialisation. */
    readonly isDirty: boolean,
  ) {
    super();
    this.#bytes = bytes;
  }

  /** The 32 secret bytes; never modify them. */
  get bytes(): Uint8Array {
    return this.#bytes;
  }

  /** Copies 32 key bytes. */
  static of(bytes: Uint8Array, isDirty = false): SymmetricKey {
    assertBytes('bytes', bytes, SYMMETRIC_KEY_SIZE);
    if (typeof isDirty !== 'boolean') throw new ArgumentError('isDirty', 'must be a boolean');
    return new SymmetricKey(copyBytes(bytes), isDirty);
  }

  /** A fresh random clean key. */
  static generate(random: RandomSource): SymmetricKey {
    return SymmetricKey.of(drawRandomBytes(random, SYMMETRIC_KEY_SIZE));
  }

  /** Reads `[1, bytes(32), bool]`; all three elements are required. */
  static fromCbor(value: CborValue, where = 'SymmetricKey'): SymmetricKey {
    const fields = CborFields.list('format.key', where, value, 3);
    if (fields.integer(0) !== TYPE_SECRETBOX) return fields.fail(0, 'unknown symmetric key type');
    return SymmetricKey.of(fields.bytes(1, SYMMETRIC_KEY_SIZE), fields.boolean(2));
  }

  /** Reads the CBOR bytes; anything after the item is an error. */
  static decode(bytes: Uint8Array): SymmetricKey {
    return SymmetricKey.fromCbor(decodeCbor(bytes));
  }

  /** The same key marked as dirty. */
  toDirty(): SymmetricKey {
    return this.isDirty ? this : new SymmetricKey(this.bytes, true);
  }

  /** Equality of bytes and mark, in constant time. */
  equals(other: SymmetricKey | undefined): boolean {
    return other instanceof SymmetricKey && this.isDirty === other.isDirty && constantTimeEqual(this.bytes, other.bytes);
  }

  /** The list `[1, bytes, isDirty]`. */
  toCbor(): CborValue {
    return [TYPE_SECRETBOX, this.bytes, this.isDirty];
  }

  /** The CBOR bytes, 37. */
  encode(): Uint8Array {
    return encodeCbor(this.toCbor());
  }
}
