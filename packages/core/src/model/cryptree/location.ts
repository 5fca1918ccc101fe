import { assertInstance } from '../../arguments.js';
import { assertBytes, byteKey, copyBytes, equalBytes } from '../../bytes.js';
import { decodeCbor } from '../../codec/cbor-decode.js';
import { encodeCbor } from '../../codec/cbor-encode.js';
import { CborFields } from '../../codec/cbor-fields.js';
import type { CborValue, ToCbor } from '../../codec/cbor-value.js';
import { Cid } from '../../codec/cid.js';
import { FormatError } from '../../errors.js';
import { PublicKeyHash } from '../../keys/public-key-hash.js';
import { AbsoluteCapability } from '../absolute-capability.js';
import { MAP_KEY_SIZE } from '../map-key.js';

/** Where a chunk is, without the keys to it: what names an item within a directory (chapter 04 sections 3.5 and 9.4). Immutable. */
export class Location implements ToCbor {
  private constructor(
    readonly owner: PublicKeyHash,
    readonly writer: PublicKeyHash,
    /** 32 bytes; never modify them. */
    readonly mapKey: Uint8Array,
  ) {}

  /** Copies the map key. */
  static of(owner: PublicKeyHash, writer: PublicKeyHash, mapKey: Uint8Array): Location {
    assertInstance('owner', owner, PublicKeyHash);
    assertInstance('writer', writer, PublicKeyHash);
    assertBytes('mapKey', mapKey, MAP_KEY_SIZE);
    return new Location(owner, writer, copyBytes(mapKey));
  }

  /** The location of a capability's target. */
  static ofCapability(capability: AbsoluteCapability): Location {
    assertInstance('capability', capability, AbsoluteCapability);
    return new Location(capability.owner, capability.writer, capability.mapKey);
  }

  /** Reads the list `[owner, writer, mapKey]`. */
  static fromCbor(value: CborValue, where = 'Location'): Location {
    const fields = CborFields.list('format.link', where, value, 3);
    const keyHash = (index: number): PublicKeyHash => {
      const cid = fields.value(index);
      if (!(cid instanceof Cid)) throw new FormatError('format.link', fields.path(index), 'must be a link');
      return PublicKeyHash.fromCid(cid, fields.path(index));
    };
    return new Location(keyHash(0), keyHash(1), copyBytes(fields.bytes(2, MAP_KEY_SIZE)));
  }

  /** Reads the CBOR bytes; anything after the item is an error. */
  static decode(bytes: Uint8Array): Location {
    return Location.fromCbor(decodeCbor(bytes));
  }

  /** A string that is equal exactly for equal locations; cheap, not printable: for use as a Map key only. */
  get key(): string {
    return `${byteKey(this.mapKey)}${this.writer.cid.key}${this.owner.cid.key}`;
  }

  /** Value equality. */
  equals(other: Location | undefined): boolean {
    return (
      other instanceof Location &&
      equalBytes(this.mapKey, other.mapKey) &&
      this.writer.equals(other.writer) &&
      this.owner.equals(other.owner)
    );
  }

  /** The list `[owner, writer, mapKey]`. */
  toCbor(): CborValue {
    return [this.owner.toCbor(), this.writer.toCbor(), this.mapKey];
  }

  /** The CBOR bytes. */
  encode(): Uint8Array {
    return encodeCbor(this.toCbor());
  }
}
