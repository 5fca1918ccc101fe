import { assertInstance, assertString } from '../../arguments.js';
import { utf8Encode } from '../../bytes.js';
import { decodeCbor } from '../../codec/cbor-decode.js';
import { encodeCbor } from '../../codec/cbor-encode.js';
import { CborFields } from '../../codec/cbor-fields.js';
import { cborMap, type CborValue, type ToCbor } from '../../codec/cbor-value.js';
import { LimitError } from '../../errors.js';
import { Secret } from '../../keys/secret.js';
import { MAX_PATH_LENGTH } from '../../limits.js';
import { AbsoluteCapability } from '../absolute-capability.js';

/** A capability and the path that its target is said to have (chapter 04 section 3.5). A secret. Immutable. */
export class CapabilityWithPath extends Secret implements ToCbor {
  protected readonly secretKind: string = 'CapabilityWithPath';

  private constructor(
    readonly capability: AbsoluteCapability,
    /** Claimed, not verified. */
    readonly path: string,
  ) {
    super();
  }

  /** Pairs a capability with a path of at most MAX_PATH_LENGTH UTF-16 code units. */
  static of(capability: AbsoluteCapability, path: string): CapabilityWithPath {
    assertInstance('capability', capability, AbsoluteCapability);
    assertString('path', path);
    utf8Encode(path, 'path');
    if (path.length > MAX_PATH_LENGTH) throw new LimitError('path length', path.length, MAX_PATH_LENGTH);
    return new CapabilityWithPath(capability, path);
  }

  /** Reads the map `{"c", "p"}`. */
  static fromCbor(value: CborValue, where = 'CapabilityWithPath'): CapabilityWithPath {
    const fields = CborFields.map('format.link', where, value);
    const path = fields.text('p');
    if (path.length > MAX_PATH_LENGTH) return fields.fail('p', `is longer than ${MAX_PATH_LENGTH} characters`);
    return new CapabilityWithPath(AbsoluteCapability.fromCbor(fields.map('c'), fields.path('c')), path);
  }

  /** Reads the CBOR bytes; anything after the item is an error. */
  static decode(bytes: Uint8Array): CapabilityWithPath {
    return CapabilityWithPath.fromCbor(decodeCbor(bytes));
  }

  /** Value equality. */
  equals(other: CapabilityWithPath | undefined): boolean {
    return other instanceof CapabilityWithPath && this.path === other.path && this.capability.equals(other.capability);
  }

  /** The map `{"c", "p"}`. */
  toCbor(): CborValue {
    return cborMap([
      ['c', this.capability.toCbor()],
      ['p', this.path],
    ]);
  }

  /** The CBOR bytes. */
  encode(): Uint8Array {
    return encodeCbor(this.toCbor());
  }
}
