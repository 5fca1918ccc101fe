import { assertInstance, assertObject } from '../arguments.js';
import { assertBytes, copyBytes, equalBytes } from '../bytes.js';
import { decodeCbor } from '../codec/cbor-decode.js';
import { encodeCbor } from '../codec/cbor-encode.js';
import { CborFields } from '../codec/cbor-fields.js';
import { cborMap, type CborValue, type ToCbor } from '../codec/cbor-value.js';
import { Cid, CidCodec } from '../codec/cid.js';
import { ArgumentError } from '../errors.js';
import { Bat } from '../keys/bat.js';
import { PublicKeyHash } from '../keys/public-key-hash.js';
import { Secret } from '../keys/secret.js';
import { SymmetricKey } from '../keys/symmetric-key.js';
import { ChunkLocation } from './cryptree/chunk-location.js';
import { MAP_KEY_SIZE } from './map-key.js';

/** The parts of an {@link AbsoluteCapability}. */
export interface AbsoluteCapabilityParts {
  /** Identity key of the user whose storage holds the target. */
  readonly owner: PublicKeyHash;
  readonly writer: PublicKeyHash;
  /** Address of the first chunk, 32 bytes. */
  readonly mapKey: Uint8Array;
  /** Access token of the first chunk; absent on legacy data only. */
  readonly bat?: Bat | undefined;
  readonly rBaseKey: SymmetricKey;
  /** Makes the capability writable. */
  readonly wBaseKey?: SymmetricKey | undefined;
}

/** Where a file or directory is and the keys that open it (chapter 04 section 3.1). A secret: prints redacted. Immutable. */
export class AbsoluteCapability extends Secret implements ToCbor {
  protected readonly secretKind: string = 'AbsoluteCapability';

  private constructor(
    readonly owner: PublicKeyHash,
    readonly writer: PublicKeyHash,
    /** 32 bytes; never modify them. */
    readonly mapKey: Uint8Array,
    readonly bat: Bat | undefined,
    readonly rBaseKey: SymmetricKey,
    readonly wBaseKey: SymmetricKey | undefined,
  ) {
    super();
  }

  /** Builds a capability; copies the map key. */
  static of(parts: AbsoluteCapabilityParts): AbsoluteCapability {
    assertObject('parts', parts);
    const { owner, writer, mapKey, bat, rBaseKey, wBaseKey } = parts;
    if (!(owner instanceof PublicKeyHash)) throw new ArgumentError('owner', 'must be a PublicKeyHash');
    if (!(writer instanceof PublicKeyHash)) throw new ArgumentError('writer', 'must be a PublicKeyHash');
    assertBytes('mapKey', mapKey, MAP_KEY_SIZE);
    if (bat !== undefined && !(bat instanceof Bat)) throw new ArgumentError('bat', 'must be a Bat');
    if (!(rBaseKey instanceof SymmetricKey)) throw new ArgumentError('rBaseKey', 'must be a SymmetricKey');
    if (wBaseKey !== undefined && !(wBaseKey instanceof SymmetricKey)) throw new ArgumentError('wBaseKey', 'must be a SymmetricKey');
    return new AbsoluteCapability(owner, writer, copyBytes(mapKey), bat, rBaseKey, wBaseKey);
  }

  /** The null capability, which stands for "none": everything is zero (chapter 04 section 3.1). */
  static null(): AbsoluteCapability {
    const zero = new Uint8Array(MAP_KEY_SIZE);
    const nobody = PublicKeyHash.fromCid(Cid.ofSha256(zero, CidCodec.dagCbor));
    return new AbsoluteCapability(nobody, nobody, zero, undefined, SymmetricKey.of(zero), undefined);
  }

  /** Reads the map `{"a"?, "b"?, "k", "m", "o", "w"}`; other keys are ignored. */
  static fromCbor(value: CborValue, where = 'AbsoluteCapability'): AbsoluteCapability {
    const fields = CborFields.map('format.link', where, value);
    const bat = fields.optionalMap('a');
    const wBaseKey = fields.optionalList('b');
    return new AbsoluteCapability(
      PublicKeyHash.fromCid(fields.link('o'), fields.path('o')),
      PublicKeyHash.fromCid(fields.link('w'), fields.path('w')),
      copyBytes(fields.bytes('m', MAP_KEY_SIZE)),
      bat === undefined ? undefined : Bat.fromCbor(bat, fields.path('a')),
      SymmetricKey.fromCbor(fields.list('k'), fields.path('k')),
      wBaseKey === undefined ? undefined : SymmetricKey.fromCbor(wBaseKey, fields.path('b')),
    );
  }

  /** Reads the CBOR bytes; anything after the item is an error. */
  static decode(bytes: Uint8Array): AbsoluteCapability {
    return AbsoluteCapability.fromCbor(decodeCbor(bytes));
  }

  /** Whether the capability allows writing. */
  get isWritable(): boolean {
    return this.wBaseKey !== undefined;
  }

  /** Whether the read key is all zero, which marks the null capability (chapter 06 section 2.1). */
  get isNull(): boolean {
    return this.rBaseKey.bytes.every((byte) => byte === 0);
  }

  /** Where the first chunk is. */
  get location(): ChunkLocation {
    return ChunkLocation.of(this.mapKey, this.bat);
  }

  /** The same keys for another chunk of the same item (chapter 04 section 3.1). */
  withLocation(location: ChunkLocation): AbsoluteCapability {
    assertInstance('location', location, ChunkLocation);
    return new AbsoluteCapability(this.owner, this.writer, location.mapKey, location.bat, this.rBaseKey, this.wBaseKey);
  }

  /** The same capability of another owner, after a change of the identity key. */
  withOwner(owner: PublicKeyHash): AbsoluteCapability {
    assertInstance('owner', owner, PublicKeyHash);
    return new AbsoluteCapability(owner, this.writer, this.mapKey, this.bat, this.rBaseKey, this.wBaseKey);
  }

  /** The same capability without the write key. */
  toReadOnly(): AbsoluteCapability {
    if (this.wBaseKey === undefined) return this;
    return new AbsoluteCapability(this.owner, this.writer, this.mapKey, this.bat, this.rBaseKey, undefined);
  }

  /** Equality of all fields, BAT and write key included. */
  equals(other: AbsoluteCapability | undefined): boolean {
    return (
      other instanceof AbsoluteCapability &&
      this.owner.equals(other.owner) &&
      this.writer.equals(other.writer) &&
      equalBytes(this.mapKey, other.mapKey) &&
      (this.bat === undefined ? other.bat === undefined : this.bat.equals(other.bat)) &&
      this.rBaseKey.equals(other.rBaseKey) &&
      (this.wBaseKey === undefined ? other.wBaseKey === undefined : this.wBaseKey.equals(other.wBaseKey))
    );
  }

  /** The map `{"a"?, "b"?, "k", "m", "o", "w"}`. */
  toCbor(): CborValue {
    return cborMap([
      ['a', this.bat?.toCbor()],
      ['b', this.wBaseKey?.toCbor()],
      ['k', this.rBaseKey.toCbor()],
      ['m', this.mapKey],
      ['o', this.owner.toCbor()],
      ['w', this.writer.toCbor()],
    ]);
  }

  /** The CBOR bytes. */
  encode(): Uint8Array {
    return encodeCbor(this.toCbor());
  }
}
