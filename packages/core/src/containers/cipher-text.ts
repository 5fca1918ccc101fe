import { assertInstance, assertMethods } from '../arguments.js';
import { copyBytes, equalBytes } from '../bytes.js';
import { decodeCbor } from '../codec/cbor-decode.js';
import { encodeCbor } from '../codec/cbor-encode.js';
import { CborFields } from '../codec/cbor-fields.js';
import type { CborValue, ToCbor } from '../codec/cbor-value.js';
import type { CryptoProvider } from '../crypto/provider.js';
import { drawRandomBytes } from '../crypto/random.js';
import { MAC_SIZE, NONCE_SIZE, SymmetricKey } from '../keys/symmetric-key.js';
import { paddedPlaintext, plaintextItem } from './plaintext.js';

/** A CBOR value under a symmetric key, `[nonce, secretbox]` (chapter 01 section 12.3). Immutable. */
export class CipherText implements ToCbor {
  private constructor(
    /** 24 bytes; never modify them. */
    readonly nonce: Uint8Array,
    /** mac(16) || encrypted; never modify it. */
    readonly boxed: Uint8Array,
  ) {}

  /** Encrypts the CBOR of `value` under a fresh nonce. */
  static seal(crypto: CryptoProvider, key: SymmetricKey, value: CborValue): CipherText {
    return CipherText.sealPadded(crypto, key, value, 1);
  }

  /** As {@link CipherText.seal}, with the CBOR zero-padded to a multiple of `blockSize` (section 12.5). */
  static sealPadded(crypto: CryptoProvider, key: SymmetricKey, value: CborValue, blockSize: number): CipherText {
    assertMethods('crypto', crypto, 'secretboxSeal');
    assertInstance('key', key, SymmetricKey);
    const nonce = drawRandomBytes(crypto, NONCE_SIZE);
    return new CipherText(nonce, crypto.secretboxSeal(paddedPlaintext(value, blockSize), nonce, key.bytes));
  }

  /** Reads `[bytes(24), bytes]`. */
  static fromCbor(value: CborValue, where = 'CipherText'): CipherText {
    const fields = CborFields.list('format.container', where, value, 2);
    const nonce = fields.bytes(0, NONCE_SIZE);
    const boxed = fields.bytes(1);
    if (boxed.length < MAC_SIZE) return fields.fail(1, 'is too short for a secretbox');
    return new CipherText(copyBytes(nonce), copyBytes(boxed));
  }

  /** Reads the CBOR bytes; anything after the item is an error. */
  static decode(bytes: Uint8Array): CipherText {
    return CipherText.fromCbor(decodeCbor(bytes));
  }

  /**
   * Decrypts and decodes the first CBOR item; padding after it is ignored. CryptoError `crypto.authentication` for another key,
   * FormatError `format.cbor` when the plaintext is no CBOR.
   */
  open(crypto: CryptoProvider, key: SymmetricKey): CborValue {
    assertMethods('crypto', crypto, 'secretboxOpen');
    assertInstance('key', key, SymmetricKey);
    return plaintextItem(crypto.secretboxOpen(this.boxed, this.nonce, key.bytes));
  }

  /** Value equality. */
  equals(other: CipherText | undefined): boolean {
    return other instanceof CipherText && equalBytes(this.nonce, other.nonce) && equalBytes(this.boxed, other.boxed);
  }

  /** The list `[nonce, boxed]`. */
  toCbor(): CborValue {
    return [this.nonce, this.boxed];
  }

  /** The CBOR bytes. */
  encode(): Uint8Array {
    return encodeCbor(this.toCbor());
  }
}
