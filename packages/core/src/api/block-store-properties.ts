import { assertBoolean, assertObject } from '../arguments.js';
import { decodeCbor } from '../codec/cbor-decode.js';
import { encodeCbor } from '../codec/cbor-encode.js';
import { CborFields } from '../codec/cbor-fields.js';
import { cborMap, type CborValue, type ToCbor } from '../codec/cbor-value.js';
import { ArgumentError } from '../errors.js';
import { isUrl } from './presigned-url.js';

/** How a server's block storage can be used directly (chapter 02 section 5.10). Immutable. */
export class BlockStoreProperties implements ToCbor {
  private constructor(
    /** Pre-signed writes of raw blocks. */
    readonly directWrites: boolean,
    /** Pre-signed reads of raw blocks. */
    readonly authorisedReads: boolean,
    /** Reads without signature under `publicReadUrl`. */
    readonly publicReads: boolean,
    /** The key of a block is appended to it. */
    readonly publicReadUrl: string | undefined,
    /** Where pre-signed requests lead. */
    readonly authorisedUrl: string | undefined,
  ) {}

  /** Builds properties; what is left out is false or absent: a store that the server alone uses. */
  static of(
    parts: {
      readonly directWrites?: boolean;
      readonly authorisedReads?: boolean;
      readonly publicReads?: boolean;
      readonly publicReadUrl?: string;
      readonly authorisedUrl?: string;
    } = {},
  ): BlockStoreProperties {
    assertObject('parts', parts);
    const { directWrites = false, authorisedReads = false, publicReads = false, publicReadUrl, authorisedUrl } = parts;
    for (const [field, flag] of Object.entries({ directWrites, authorisedReads, publicReads })) {
      assertBoolean(field, flag);
    }
    for (const [field, url] of Object.entries({ publicReadUrl, authorisedUrl })) {
      if (url !== undefined && !isUrl(url)) throw new ArgumentError(field, 'must be an absolute http or https URL');
    }
    return new BlockStoreProperties(directWrites, authorisedReads, publicReads, publicReadUrl, authorisedUrl);
  }

  /** Reads the map `{"w"?, "ar"?, "pr"?, "b"?, "ba"?}`. Absent flags are false, and are written again. */
  static fromCbor(value: CborValue, where = 'BlockStoreProperties'): BlockStoreProperties {
    const fields = CborFields.map('format.request', where, value);
    return new BlockStoreProperties(
      fields.boolean('w', false),
      fields.boolean('ar', false),
      fields.boolean('pr', false),
      optionalUrl(fields, 'b'),
      optionalUrl(fields, 'ba'),
    );
  }

  /** Reads the CBOR bytes; anything after the item is an error. */
  static decode(bytes: Uint8Array): BlockStoreProperties {
    return BlockStoreProperties.fromCbor(decodeCbor(bytes));
  }

  /** Value equality. */
  equals(other: BlockStoreProperties | undefined): boolean {
    return (
      other instanceof BlockStoreProperties &&
      this.directWrites === other.directWrites &&
      this.authorisedReads === other.authorisedReads &&
      this.publicReads === other.publicReads &&
      this.publicReadUrl === other.publicReadUrl &&
      this.authorisedUrl === other.authorisedUrl
    );
  }

  /** The map `{"w", "ar", "pr", "b"?, "ba"?}`. */
  toCbor(): CborValue {
    return cborMap([
      ['b', this.publicReadUrl],
      ['w', this.directWrites],
      ['ar', this.authorisedReads],
      ['ba', this.authorisedUrl],
      ['pr', this.publicReads],
    ]);
  }

  /** The CBOR bytes. */
  encode(): Uint8Array {
    return encodeCbor(this.toCbor());
  }
}

function optionalUrl(fields: CborFields, key: string): string | undefined {
  const text = fields.optionalText(key);
  if (text !== undefined && !isUrl(text)) return fields.fail(key, 'must be an absolute http or https URL');
  return text;
}
