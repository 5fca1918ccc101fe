import { assertBoundedBytes, optionalBoundedBytes } from '../accounts/bounded-fields.js';
import { assertBoolean, assertInstance, assertObject, assertOptionalInstance } from '../arguments.js';
import { assertInteger, copyBytes, equalBytes } from '../bytes.js';
import { decodeCbor } from '../codec/cbor-decode.js';
import { encodeCbor } from '../codec/cbor-encode.js';
import { CborFields } from '../codec/cbor-fields.js';
import { cborMap, type CborValue, type ToCbor } from '../codec/cbor-value.js';
import { decodeMultihash, Multihash } from '../codec/multihash.js';
import { ArgumentError } from '../errors.js';

/** Room for any multihash that can name a server. */
const MAX_HOST_SIZE = 128;
/** Room for a pointer of any kind; none is in use. */
const MAX_POINTER_SIZE = 1024;

/** What a server's record says of the server: whether it moved, and where to (chapter 08 section 9.2). Immutable. */
export class ResolutionRecord implements ToCbor {
  private constructor(
    /** The next id of the server, announced before it moves there. */
    readonly host: Multihash | undefined,
    /** Whether the server goes by `host` now. */
    readonly moved: boolean,
    /** Not in use; never modify it. */
    readonly pointer: Uint8Array | undefined,
    readonly sequence: number,
  ) {}

  /** Builds a record. */
  static of(parts: {
    readonly sequence: number;
    readonly host?: Multihash | undefined;
    readonly moved?: boolean;
    readonly pointer?: Uint8Array | undefined;
  }): ResolutionRecord {
    assertObject('parts', parts);
    const { sequence, host, moved = false, pointer } = parts;
    assertInteger('sequence', sequence, 0, Number.MAX_SAFE_INTEGER);
    assertOptionalInstance('host', host, Multihash);
    assertBoolean('moved', moved);
    if (moved && host === undefined) throw new ArgumentError('moved', 'needs a host');
    if (pointer !== undefined) assertBoundedBytes('pointer', pointer, 0, MAX_POINTER_SIZE);
    return new ResolutionRecord(host, moved, pointer === undefined ? undefined : copyBytes(pointer), sequence);
  }

  /** Reads the map `{"h"?, "m"?, "p"?, "s"}`. */
  static fromCbor(value: CborValue, where = 'ResolutionRecord'): ResolutionRecord {
    const fields = CborFields.map('format.request', where, value);
    return new ResolutionRecord(
      readHost(fields),
      fields.boolean('m', false),
      optionalBoundedBytes(fields, 'p', 0, MAX_POINTER_SIZE),
      fields.integer('s', 0),
    );
  }

  /** Reads the CBOR bytes; anything after the item is an error. */
  static decode(bytes: Uint8Array): ResolutionRecord {
    return ResolutionRecord.fromCbor(decodeCbor(bytes));
  }

  /**
   * Whether this record may follow `previous` of the same server (chapter 08 section 9.2): the sequence rises, a move is never taken
   * back, and an announced host stays.
   */
  mayFollow(previous: ResolutionRecord): boolean {
    assertInstance('previous', previous, ResolutionRecord);
    return (
      this.sequence > previous.sequence &&
      (this.moved || !previous.moved) &&
      (previous.host === undefined || (this.host !== undefined && this.host.equals(previous.host)))
    );
  }

  /** Value equality. */
  equals(other: ResolutionRecord | undefined): boolean {
    return other instanceof ResolutionRecord && equalBytes(this.encode(), other.encode());
  }

  /** The map `{"h"?, "m"?, "p"?, "s"}`; `m` only when true. */
  toCbor(): CborValue {
    return cborMap([
      ['h', this.host?.bytes],
      ['m', this.moved ? true : undefined],
      ['p', this.pointer],
      ['s', this.sequence],
    ]);
  }

  /** The CBOR bytes. */
  encode(): Uint8Array {
    return encodeCbor(this.toCbor());
  }
}

function readHost(fields: CborFields): Multihash | undefined {
  const bytes = fields.optionalBytes('h');
  if (bytes === undefined) return undefined;
  if (bytes.length > MAX_HOST_SIZE) return fields.fail('h', `must be at most ${MAX_HOST_SIZE} bytes`);
  try {
    return decodeMultihash(bytes);
  } catch (error) {
    return fields.fail('h', 'must be a multihash', error);
  }
}
