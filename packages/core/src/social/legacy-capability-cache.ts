import { assertInstances } from '../arguments.js';
import { assertInteger } from '../bytes.js';
import { decodeCbor } from '../codec/cbor-decode.js';
import { encodeCbor } from '../codec/cbor-encode.js';
import { cborMap, type CborValue, type ToCbor } from '../codec/cbor-value.js';
import { CapabilityWithPath } from '../model/cryptree/capability-with-path.js';
import { socialMap } from './social-fields.js';

/**
 * What older clients remembered of one file with shared capabilities (chapter 06 section 2.3, `legacy: read only`): how much of it they
 * had read, and what was in it. Immutable.
 */
export class LegacyCapabilityCache implements ToCbor {
  private constructor(
    /** Bytes of the file that were read. */
    readonly bytesRead: number,
    readonly capabilities: readonly CapabilityWithPath[],
  ) {}

  /** Builds a cache, for tests: nothing writes it any more. */
  static of(bytesRead: number, capabilities: readonly CapabilityWithPath[]): LegacyCapabilityCache {
    assertInteger('bytesRead', bytesRead, 0, Number.MAX_SAFE_INTEGER);
    assertInstances('capabilities', capabilities, CapabilityWithPath);
    return new LegacyCapabilityCache(bytesRead, [...capabilities]);
  }

  /** Reads the map `{"caps", "bytes"}`. */
  static fromCbor(value: CborValue, where = 'LegacyCapabilityCache'): LegacyCapabilityCache {
    const fields = socialMap(where, value);
    return new LegacyCapabilityCache(
      fields.integer('bytes', 0),
      fields.list('caps').map((item, i) => CapabilityWithPath.fromCbor(item, `${fields.path('caps')}[${i}]`)),
    );
  }

  /** Reads the CBOR bytes; anything after the item is an error. */
  static decode(bytes: Uint8Array): LegacyCapabilityCache {
    return LegacyCapabilityCache.fromCbor(decodeCbor(bytes));
  }

  /** Value equality, of the order too. */
  equals(other: LegacyCapabilityCache | undefined): boolean {
    return (
      other instanceof LegacyCapabilityCache &&
      this.bytesRead === other.bytesRead &&
      this.capabilities.length === other.capabilities.length &&
      this.capabilities.every((item, i) => item.equals(other.capabilities[i]))
    );
  }

  /** The map `{"caps", "bytes"}`. */
  toCbor(): CborValue {
    return cborMap([
      ['caps', this.capabilities.map((item) => item.toCbor())],
      ['bytes', this.bytesRead],
    ]);
  }

  /** The CBOR bytes. */
  encode(): Uint8Array {
    return encodeCbor(this.toCbor());
  }
}
