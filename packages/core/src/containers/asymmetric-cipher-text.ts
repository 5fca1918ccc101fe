import { assertBytes, copyBytes, equalBytes } from '../bytes.js';
import { decodeCbor } from '../codec/cbor-decode.js';
import { encodeCbor } from '../codec/cbor-encode.js';
import { CborFields } from '../codec/cbor-fields.js';
import { cborMap, type CborValue, type ToCbor } from '../codec/cbor-value.js';
import type { CryptoProvider } from '../crypto/provider.js';
import { ArgumentError, FormatError } from '../errors.js';
import { BoxingKeyPair, type PublicBoxingKey, publicBoxingKeyFromCbor, type SecretBoxingKey } from '../keys/boxing-key.js';
import { boxFor, openBox } from '../keys/hybrid-box.js';
import { MAC_SIZE, NONCE_SIZE } from '../keys/symmetric-key.js';
import { paddedPlaintext, plaintextItem } from './plaintext.js';

/** A CBOR value boxed for a public key (chapter 01 sections 13.5 and 13.6). Immutable. */
export class AsymmetricCipherText implements ToCbor {
  private constructor(
    /** The boxed message (section 13.2 or 13.3); never modify it. */
    readonly message: Uint8Array,
  ) {}

  /** Boxes the CBOR of `value`. Both keys must have one type; see {@link boxFor}. */
  static seal(crypto: CryptoProvider, recipient: PublicBoxingKey, sender: SecretBoxingKey, value: CborValue): AsymmetricCipherText {
    return new AsymmetricCipherText(boxFor(crypto, recipient, sender, paddedPlaintext(value, 1)));
  }

  /** Reads the byte string. */
  static fromCbor(value: CborValue, where = 'AsymmetricCipherText'): AsymmetricCipherText {
    return new AsymmetricCipherText(readMessage(value, where));
  }

  /** Reads the CBOR bytes; anything after the item is an error. */
  static decode(bytes: Uint8Array): AsymmetricCipherText {
    return AsymmetricCipherText.fromCbor(decodeCbor(bytes));
  }

  /** Opens with the recipient's secret and the sender's public key and decodes the first CBOR item; errors of {@link openBox}. */
  open(crypto: CryptoProvider, recipient: SecretBoxingKey, sender: PublicBoxingKey): CborValue {
    return plaintextItem(openBox(crypto, recipient, sender, this.message));
  }

  /** Value equality. */
  equals(other: AsymmetricCipherText | undefined): boolean {
    return other instanceof AsymmetricCipherText && equalBytes(this.message, other.message);
  }

  /** The byte string. */
  toCbor(): CborValue {
    return this.message;
  }

  /** The CBOR bytes. */
  encode(): Uint8Array {
    return encodeCbor(this.toCbor());
  }
}

/** An {@link AsymmetricCipherText} whose plaintext is zero-padded to a multiple of a block size (chapter 01 section 13.6). Immutable. */
export class PaddedAsymmetricCipherText implements ToCbor {
  private constructor(
    /** The boxed message; never modify it. */
    readonly message: Uint8Array,
  ) {}

  /** Boxes the padded CBOR of `value`; follow requests use `PaddingBlock.followRequest`. */
  static seal(
    crypto: CryptoProvider,
    recipient: PublicBoxingKey,
    sender: SecretBoxingKey,
    value: CborValue,
    blockSize: number,
  ): PaddedAsymmetricCipherText {
    return new PaddedAsymmetricCipherText(boxFor(crypto, recipient, sender, paddedPlaintext(value, blockSize)));
  }

  /** Reads the byte string. */
  static fromCbor(value: CborValue, where = 'PaddedAsymmetricCipherText'): PaddedAsymmetricCipherText {
    return new PaddedAsymmetricCipherText(readMessage(value, where));
  }

  /** Reads the CBOR bytes; anything after the item is an error. */
  static decode(bytes: Uint8Array): PaddedAsymmetricCipherText {
    return PaddedAsymmetricCipherText.fromCbor(decodeCbor(bytes));
  }

  /** Opens and decodes the first CBOR item; errors of {@link openBox}. */
  open(crypto: CryptoProvider, recipient: SecretBoxingKey, sender: PublicBoxingKey): CborValue {
    return plaintextItem(openBox(crypto, recipient, sender, this.message));
  }

  /** Value equality. */
  equals(other: PaddedAsymmetricCipherText | undefined): boolean {
    return other instanceof PaddedAsymmetricCipherText && equalBytes(this.message, other.message);
  }

  /** The byte string. */
  toCbor(): CborValue {
    return this.message;
  }

  /** The CBOR bytes. */
  encode(): Uint8Array {
    return encodeCbor(this.toCbor());
  }
}

/** An {@link AsymmetricCipherText} with the public key of its sender (chapter 01 section 13.7). Immutable. */
export class SourcedAsymmetricCipherText implements ToCbor {
  private constructor(
    readonly cipherText: AsymmetricCipherText,
    /** As the message claims it: it proves only that the sender holds this key. */
    readonly sender: PublicBoxingKey,
  ) {}

  /** Boxes the CBOR of `value` from `sender` for `recipient`; both must have one type. */
  static seal(crypto: CryptoProvider, recipient: PublicBoxingKey, sender: BoxingKeyPair, value: CborValue): SourcedAsymmetricCipherText {
    if (!(sender instanceof BoxingKeyPair)) throw new ArgumentError('sender', 'must be a BoxingKeyPair');
    return new SourcedAsymmetricCipherText(AsymmetricCipherText.seal(crypto, recipient, sender.secretKey, value), sender.publicKey);
  }

  /** Reads the map `{"c", "k"}`. */
  static fromCbor(value: CborValue, where = 'SourcedAsymmetricCipherText'): SourcedAsymmetricCipherText {
    const fields = CborFields.map('format.container', where, value);
    return new SourcedAsymmetricCipherText(
      AsymmetricCipherText.fromCbor(fields.bytes('c'), fields.path('c')),
      publicBoxingKeyFromCbor(fields.list('k'), fields.path('k')),
    );
  }

  /** Reads the CBOR bytes; anything after the item is an error. */
  static decode(bytes: Uint8Array): SourcedAsymmetricCipherText {
    return SourcedAsymmetricCipherText.fromCbor(decodeCbor(bytes));
  }

  /** Opens with the recipient's secret and the enclosed sender key; errors of {@link openBox}. */
  open(crypto: CryptoProvider, recipient: SecretBoxingKey): CborValue {
    return this.cipherText.open(crypto, recipient, this.sender);
  }

  /** Value equality. */
  equals(other: SourcedAsymmetricCipherText | undefined): boolean {
    return other instanceof SourcedAsymmetricCipherText && this.cipherText.equals(other.cipherText) && this.sender.equals(other.sender);
  }

  /** The map `{"c", "k"}`. */
  toCbor(): CborValue {
    return cborMap([
      ['c', this.cipherText.toCbor()],
      ['k', this.sender.toCbor()],
    ]);
  }

  /** The CBOR bytes. */
  encode(): Uint8Array {
    return encodeCbor(this.toCbor());
  }
}

function readMessage(value: CborValue, where: string): Uint8Array {
  if (!(value instanceof Uint8Array)) throw new FormatError('format.container', where, 'must be a byte string');
  assertBytes(where, value);
  if (value.length < MAC_SIZE + NONCE_SIZE) throw new FormatError('format.container', where, 'is too short for a boxed message');
  return copyBytes(value);
}
