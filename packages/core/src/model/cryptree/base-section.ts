import { assertInstance, assertOptionalInstance } from '../../arguments.js';
import { CborFields } from '../../codec/cbor-fields.js';
import { cborMap, type CborValue, type ToCbor } from '../../codec/cbor-value.js';
import { PaddedCipherText, PaddingBlock } from '../../containers/padded-cipher-text.js';
import { SymmetricLinkToSigner } from '../../containers/symmetric-link.js';
import type { CryptoProvider } from '../../crypto/provider.js';
import { Secret } from '../../keys/secret.js';
import { SymmetricKey } from '../../keys/symmetric-key.js';
import { RelativeCapability } from './relative-capability.js';

/** The part of a node that only those read who may read the item (chapter 04 section 5.2). A secret. Immutable. */
export class BaseSection extends Secret implements ToCbor {
  protected readonly secretKind: string = 'BaseSection';

  private constructor(
    /** The parent key of a directory, the data key of a file. */
    readonly key: SymmetricKey,
    /**
     * Where the next chunk is or will be. Of a file with a stream secret it means nothing: the locations are derived (section 7.2).
     */
    readonly next: RelativeCapability,
    /** Who signs in this writing space, under the write key of the item. */
    readonly signerLink: SymmetricLinkToSigner | undefined,
  ) {
    super();
  }

  /** Builds a section. */
  static of(key: SymmetricKey, next: RelativeCapability, signerLink?: SymmetricLinkToSigner): BaseSection {
    assertInstance('key', key, SymmetricKey);
    assertInstance('next', next, RelativeCapability);
    assertOptionalInstance('signerLink', signerLink, SymmetricLinkToSigner);
    return new BaseSection(key, next, signerLink);
  }

  /** Reads the map `{"k", "n", "w"?}`. */
  static fromCbor(value: CborValue, where = 'BaseSection'): BaseSection {
    const fields = CborFields.map('format.cryptree', where, value);
    const signerLink = fields.optionalList('w');
    return new BaseSection(
      SymmetricKey.fromCbor(fields.list('k'), fields.path('k')),
      RelativeCapability.fromCbor(fields.map('n'), fields.path('n')),
      signerLink === undefined ? undefined : SymmetricLinkToSigner.fromCbor(signerLink, fields.path('w')),
    );
  }

  /** Decrypts a section. CryptoError `crypto.authentication` for another key, FormatError when the content is none. */
  static open(crypto: CryptoProvider, sealed: PaddedCipherText, rBaseKey: SymmetricKey): BaseSection {
    assertInstance('sealed', sealed, PaddedCipherText);
    return BaseSection.fromCbor(sealed.open(crypto, rBaseKey));
  }

  /** Encrypts the section under the read key of the item. */
  seal(crypto: CryptoProvider, rBaseKey: SymmetricKey): PaddedCipherText {
    return PaddedCipherText.seal(crypto, rBaseKey, this.toCbor(), PaddingBlock.cryptreeBase);
  }

  /** The map `{"k", "n", "w"?}`. */
  toCbor(): CborValue {
    return cborMap([
      ['k', this.key.toCbor()],
      ['n', this.next.toCbor()],
      ['w', this.signerLink?.toCbor()],
    ]);
  }
}
