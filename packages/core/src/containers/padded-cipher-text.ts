import { decodeCbor } from '../codec/cbor-decode.js';
import { encodeCbor } from '../codec/cbor-encode.js';
import type { CborValue, ToCbor } from '../codec/cbor-value.js';
import type { CryptoProvider } from '../crypto/provider.js';
import type { SymmetricKey } from '../keys/symmetric-key.js';
import { CipherText } from './cipher-text.js';

/** Padding blocks of the protocol, in bytes (chapter 01 section 12.5). They are not stored in the container. */
export const PaddingBlock = {
  /** Base block of a cryptree node. */
  cryptreeBase: 64,
  /** Parent and metadata block of a cryptree node. */
  cryptreeMetadata: 16,
  /** Login entry points. */
  entryPoints: 4096,
  /** Follow requests (asymmetric, section 13.6). */
  followRequest: 512,
} as const;

/** A {@link CipherText} whose plaintext is zero-padded to a multiple of a block size (chapter 01 section 12.5). Immutable. */
export class PaddedCipherText implements ToCbor {
  private constructor(private readonly cipherText: CipherText) {}

  /** Encrypts the padded CBOR of `value` under a fresh nonce. `blockSize`: see {@link PaddingBlock}. */
  static seal(crypto: CryptoProvider, key: SymmetricKey, value: CborValue, blockSize: number): PaddedCipherText {
    return new PaddedCipherText(CipherText.sealPadded(crypto, key, value, blockSize));
  }

  /** Reads `[bytes(24), bytes]`. */
  static fromCbor(value: CborValue, where = 'PaddedCipherText'): PaddedCipherText {
    return new PaddedCipherText(CipherText.fromCbor(value, where));
  }

  /** Reads the CBOR bytes; anything after the item is an error. */
  static decode(bytes: Uint8Array): PaddedCipherText {
    return PaddedCipherText.fromCbor(decodeCbor(bytes));
  }

  /** Decrypts and decodes; errors of {@link CipherText.open}. */
  open(crypto: CryptoProvider, key: SymmetricKey): CborValue {
    return this.cipherText.open(crypto, key);
  }

  /** Value equality. */
  equals(other: PaddedCipherText | undefined): boolean {
    return other instanceof PaddedCipherText && this.cipherText.equals(other.cipherText);
  }

  /** The list `[nonce, boxed]`. */
  toCbor(): CborValue {
    return this.cipherText.toCbor();
  }

  /** The CBOR bytes. */
  encode(): Uint8Array {
    return encodeCbor(this.toCbor());
  }
}
