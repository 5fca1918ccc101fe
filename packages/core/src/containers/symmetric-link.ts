import { decodeCbor } from '../codec/cbor-decode.js';
import { encodeCbor } from '../codec/cbor-encode.js';
import type { CborValue, ToCbor } from '../codec/cbor-value.js';
import type { CryptoProvider } from '../crypto/provider.js';
import { ArgumentError, FormatError } from '../errors.js';
import { type Signer, SigningPrivateKeyAndPublicHash } from '../keys/signing-key.js';
import { SymmetricKey } from '../keys/symmetric-key.js';
import { CipherText } from './cipher-text.js';

/** A symmetric key under another one: whoever has `from` gets `to` (chapter 01 section 12.4). Immutable. */
export class SymmetricLink implements ToCbor {
  private constructor(private readonly cipherText: CipherText) {}

  /** Encrypts `to` under `from`. */
  static create(crypto: CryptoProvider, from: SymmetricKey, to: SymmetricKey): SymmetricLink {
    if (!(to instanceof SymmetricKey)) throw new ArgumentError('to', 'must be a SymmetricKey');
    return new SymmetricLink(CipherText.seal(crypto, from, to.toCbor()));
  }

  /** Reads the CipherText. */
  static fromCbor(value: CborValue, where = 'SymmetricLink'): SymmetricLink {
    return new SymmetricLink(CipherText.fromCbor(value, where));
  }

  /** Reads the CBOR bytes; anything after the item is an error. */
  static decode(bytes: Uint8Array): SymmetricLink {
    return SymmetricLink.fromCbor(decodeCbor(bytes));
  }

  /** The target key. CryptoError `crypto.authentication` for another `from`, FormatError when the content is no key. */
  target(crypto: CryptoProvider, from: SymmetricKey): SymmetricKey {
    return SymmetricKey.fromCbor(this.cipherText.open(crypto, from), 'SymmetricLink.target');
  }

  /** Value equality of the encrypted forms. */
  equals(other: SymmetricLink | undefined): boolean {
    return other instanceof SymmetricLink && this.cipherText.equals(other.cipherText);
  }

  /** The CipherText. */
  toCbor(): CborValue {
    return this.cipherText.toCbor();
  }

  /** The CBOR bytes. */
  encode(): Uint8Array {
    return encodeCbor(this.toCbor());
  }
}

/** A signer under a symmetric key: whoever has `from` may write (chapter 01 section 12.4). Immutable. */
export class SymmetricLinkToSigner implements ToCbor {
  private constructor(private readonly cipherText: CipherText) {}

  /** Encrypts `signer` under `from`. */
  static create(crypto: CryptoProvider, from: SymmetricKey, signer: Signer): SymmetricLinkToSigner {
    if (!(signer instanceof SigningPrivateKeyAndPublicHash)) throw new ArgumentError('signer', 'must be a signer');
    return new SymmetricLinkToSigner(CipherText.seal(crypto, from, signer.toCbor()));
  }

  /** Reads the CipherText. */
  static fromCbor(value: CborValue, where = 'SymmetricLinkToSigner'): SymmetricLinkToSigner {
    return new SymmetricLinkToSigner(CipherText.fromCbor(value, where));
  }

  /** Reads the CBOR bytes; anything after the item is an error. */
  static decode(bytes: Uint8Array): SymmetricLinkToSigner {
    return SymmetricLinkToSigner.fromCbor(decodeCbor(bytes));
  }

  /**
   * The signer. CryptoError `crypto.authentication` for another `from`; FormatError when the content is no signer or the halves of
   * its key do not belong together.
   */
  target(crypto: CryptoProvider, from: SymmetricKey): Signer {
    const where = 'SymmetricLinkToSigner.target';
    const signer = SigningPrivateKeyAndPublicHash.fromCbor(this.cipherText.open(crypto, from), where);
    if (!signer.secretKey.isConsistent(crypto)) throw new FormatError('format.key', where, 'public half does not match the seed');
    return signer;
  }

  /** Value equality of the encrypted forms. */
  equals(other: SymmetricLinkToSigner | undefined): boolean {
    return other instanceof SymmetricLinkToSigner && this.cipherText.equals(other.cipherText);
  }

  /** The CipherText. */
  toCbor(): CborValue {
    return this.cipherText.toCbor();
  }

  /** The CBOR bytes. */
  encode(): Uint8Array {
    return encodeCbor(this.toCbor());
  }
}
