import { assertInstance, assertOptionalInstance } from '../../arguments.js';
import { CborFields } from '../../codec/cbor-fields.js';
import { cborMap, type CborValue, type ToCbor } from '../../codec/cbor-value.js';
import { PaddedCipherText, PaddingBlock } from '../../containers/padded-cipher-text.js';
import type { CryptoProvider } from '../../crypto/provider.js';
import { Secret } from '../../keys/secret.js';
import type { SymmetricKey } from '../../keys/symmetric-key.js';
import { FileProperties } from './file-properties.js';
import { RelativeCapability } from './relative-capability.js';

/** The part of a node that holders of any descendant read, too (chapter 04 section 5.3). A secret. Immutable. */
export class ParentSection extends Secret implements ToCbor {
  protected readonly secretKind: string = 'ParentSection';

  private constructor(
    readonly properties: FileProperties,
    /** To the first chunk of the parent directory, or to the link node; absent on home directories. Only that of chunk 0 counts. */
    readonly parentLink: RelativeCapability | undefined,
  ) {
    super();
  }

  /** Builds a section. */
  static of(properties: FileProperties, parentLink?: RelativeCapability): ParentSection {
    assertInstance('properties', properties, FileProperties);
    assertOptionalInstance('parentLink', parentLink, RelativeCapability);
    return new ParentSection(properties, parentLink);
  }

  /** Reads the map `{"p"?, "s"}`. */
  static fromCbor(value: CborValue, where = 'ParentSection'): ParentSection {
    const fields = CborFields.map('format.cryptree', where, value);
    const parentLink = fields.optionalMap('p');
    return new ParentSection(
      FileProperties.fromCbor(fields.map('s'), fields.path('s')),
      parentLink === undefined ? undefined : RelativeCapability.fromCbor(parentLink, fields.path('p')),
    );
  }

  /** Decrypts a section. CryptoError `crypto.authentication` for another key, FormatError when the content is none. */
  static open(crypto: CryptoProvider, sealed: PaddedCipherText, parentKey: SymmetricKey): ParentSection {
    assertInstance('sealed', sealed, PaddedCipherText);
    return ParentSection.fromCbor(sealed.open(crypto, parentKey));
  }

  /** Encrypts the section under the parent key of the item, for files the read key. */
  seal(crypto: CryptoProvider, parentKey: SymmetricKey): PaddedCipherText {
    return PaddedCipherText.seal(crypto, parentKey, this.toCbor(), PaddingBlock.cryptreeMetadata);
  }

  /** The map `{"p"?, "s"}`. */
  toCbor(): CborValue {
    return cborMap([
      ['p', this.parentLink?.toCbor()],
      ['s', this.properties.toCbor()],
    ]);
  }
}
