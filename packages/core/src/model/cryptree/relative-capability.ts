import { assertInstance, assertObject, assertOptionalInstance } from '../../arguments.js';
import { assertBytes, copyBytes, equalBytes } from '../../bytes.js';
import { decodeCbor } from '../../codec/cbor-decode.js';
import { encodeCbor } from '../../codec/cbor-encode.js';
import { CborFields } from '../../codec/cbor-fields.js';
import { cborMap, type CborValue, type ToCbor } from '../../codec/cbor-value.js';
import { SymmetricLink } from '../../containers/symmetric-link.js';
import type { CryptoProvider } from '../../crypto/provider.js';
import { ArgumentError } from '../../errors.js';
import { Bat } from '../../keys/bat.js';
import { PublicKeyHash } from '../../keys/public-key-hash.js';
import { Secret } from '../../keys/secret.js';
import { SymmetricKey } from '../../keys/symmetric-key.js';
import { AbsoluteCapability } from '../absolute-capability.js';
import { MAP_KEY_SIZE } from '../map-key.js';
import { ChunkLocation } from './chunk-location.js';

/** The parts of a {@link RelativeCapability}. */
export interface RelativeCapabilityParts {
  /** Writer of the target; absent when it is that of the source. */
  readonly writer?: PublicKeyHash | undefined;
  /** Address of the target chunk, 32 bytes. */
  readonly mapKey: Uint8Array;
  /** Absent on legacy data only. */
  readonly bat?: Bat | undefined;
  /** The read key of the target; in a link to the parent the target's parent key. */
  readonly key: SymmetricKey;
  /** The write key of the target under the write key of the source. */
  readonly writeKeyLink?: SymmetricLink | undefined;
}

/**
 * A capability of which owner and usually writer follow from where it is found: a link to a child, to the next chunk or to the parent
 * (chapter 04 section 3.3). A secret. Immutable.
 */
export class RelativeCapability extends Secret implements ToCbor {
  protected readonly secretKind: string = 'RelativeCapability';

  private constructor(
    readonly writer: PublicKeyHash | undefined,
    /** 32 bytes; never modify them. */
    readonly mapKey: Uint8Array,
    readonly bat: Bat | undefined,
    readonly key: SymmetricKey,
    readonly writeKeyLink: SymmetricLink | undefined,
  ) {
    super();
  }

  /** Builds a capability; copies the map key. */
  static of(parts: RelativeCapabilityParts): RelativeCapability {
    assertObject('parts', parts);
    const { writer, mapKey, bat, key, writeKeyLink } = parts;
    assertOptionalInstance('writer', writer, PublicKeyHash);
    assertBytes('mapKey', mapKey, MAP_KEY_SIZE);
    assertOptionalInstance('bat', bat, Bat);
    assertInstance('key', key, SymmetricKey);
    assertOptionalInstance('writeKeyLink', writeKeyLink, SymmetricLink);
    return new RelativeCapability(writer, copyBytes(mapKey), bat, key, writeKeyLink);
  }

  /** The link to the next chunk of the same item (chapter 04 section 5.2). */
  static toNextChunk(next: ChunkLocation, rBaseKey: SymmetricKey): RelativeCapability {
    assertInstance('next', next, ChunkLocation);
    return RelativeCapability.of({ mapKey: next.mapKey, bat: next.bat, key: rBaseKey });
  }

  /**
   * The link from a child to its parent directory or link node (chapter 04 section 5.3). `parentKey` is the parent key of `parent`, never
   * its read key: holders of any descendant could list the directory. ArgumentError for the read key of a writable `parent`; one that is
   * not writable may itself come from such a link and have the parent key only. `childWriter` is the writer of the child.
   */
  static toParent(parent: AbsoluteCapability, parentKey: SymmetricKey, childWriter: PublicKeyHash): RelativeCapability {
    assertInstance('parent', parent, AbsoluteCapability);
    assertInstance('parentKey', parentKey, SymmetricKey);
    assertInstance('childWriter', childWriter, PublicKeyHash);
    if (parent.isWritable && parentKey.equals(parent.rBaseKey)) throw new ArgumentError('parentKey', 'must not be the read key');
    const writer = parent.writer.equals(childWriter) ? undefined : parent.writer;
    return RelativeCapability.of({ writer, mapKey: parent.mapKey, bat: parent.bat, key: parentKey });
  }

  /**
   * The link from a directory to `child`. ArgumentError unless `parent` is writable and both have one owner. Loses the write access when
   * both have the same write key, as the protocol does: give every item its own (chapter 04 section 2 rule 3).
   */
  static relativise(crypto: CryptoProvider, parent: AbsoluteCapability, child: AbsoluteCapability): RelativeCapability {
    assertInstance('parent', parent, AbsoluteCapability);
    assertInstance('child', child, AbsoluteCapability);
    if (parent.wBaseKey === undefined) throw new ArgumentError('parent', 'must be writable');
    if (!parent.owner.equals(child.owner)) throw new ArgumentError('child', 'must have the owner of the parent');
    const { wBaseKey } = child;
    return new RelativeCapability(
      parent.writer.equals(child.writer) ? undefined : child.writer,
      child.mapKey,
      child.bat,
      child.rBaseKey,
      wBaseKey === undefined || wBaseKey.equals(parent.wBaseKey) ? undefined : SymmetricLink.create(crypto, parent.wBaseKey, wBaseKey),
    );
  }

  /** Reads the map `{"a"?, "k", "l"?, "m", "w"?}`; other keys are ignored. */
  static fromCbor(value: CborValue, where = 'RelativeCapability'): RelativeCapability {
    const fields = CborFields.map('format.cryptree', where, value);
    const writer = fields.optionalLink('w');
    const bat = fields.optionalMap('a');
    const writeKeyLink = fields.optionalList('l');
    return new RelativeCapability(
      writer === undefined ? undefined : PublicKeyHash.fromCid(writer, fields.path('w')),
      copyBytes(fields.bytes('m', MAP_KEY_SIZE)),
      bat === undefined ? undefined : Bat.fromCbor(bat, fields.path('a')),
      SymmetricKey.fromCbor(fields.list('k'), fields.path('k')),
      writeKeyLink === undefined ? undefined : SymmetricLink.fromCbor(writeKeyLink, fields.path('l')),
    );
  }

  /** Reads the CBOR bytes; anything after the item is an error. */
  static decode(bytes: Uint8Array): RelativeCapability {
    return RelativeCapability.fromCbor(decodeCbor(bytes));
  }

  /** Where the target chunk is. */
  get location(): ChunkLocation {
    return ChunkLocation.of(this.mapKey, this.bat);
  }

  /**
   * The target as seen from `source`; writable exactly when `source` is and the link carries the write key. CryptoError
   * `crypto.authentication` or FormatError when it carries one that does not open.
   */
  toAbsolute(crypto: CryptoProvider, source: AbsoluteCapability): AbsoluteCapability {
    assertInstance('source', source, AbsoluteCapability);
    const { writeKeyLink } = this;
    return AbsoluteCapability.of({
      owner: source.owner,
      writer: this.writer ?? source.writer,
      mapKey: this.mapKey,
      bat: this.bat,
      rBaseKey: this.key,
      wBaseKey: source.wBaseKey === undefined || writeKeyLink === undefined ? undefined : writeKeyLink.target(crypto, source.wBaseKey),
    });
  }

  /** Value equality; the write key is compared in its encrypted form. */
  equals(other: RelativeCapability | undefined): boolean {
    return (
      other instanceof RelativeCapability &&
      (this.writer === undefined ? other.writer === undefined : this.writer.equals(other.writer)) &&
      equalBytes(this.mapKey, other.mapKey) &&
      (this.bat === undefined ? other.bat === undefined : this.bat.equals(other.bat)) &&
      this.key.equals(other.key) &&
      (this.writeKeyLink === undefined ? other.writeKeyLink === undefined : this.writeKeyLink.equals(other.writeKeyLink))
    );
  }

  /** The map `{"a"?, "k", "l"?, "m", "w"?}`. */
  toCbor(): Map<string, CborValue> {
    return cborMap([
      ['a', this.bat?.toCbor()],
      ['k', this.key.toCbor()],
      ['l', this.writeKeyLink?.toCbor()],
      ['m', this.mapKey],
      ['w', this.writer?.toCbor()],
    ]);
  }

  /** The CBOR bytes. */
  encode(): Uint8Array {
    return encodeCbor(this.toCbor());
  }
}
