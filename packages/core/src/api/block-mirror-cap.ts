import { assertInstance, assertInstances, assertOptionalInstance } from '../arguments.js';
import { decodeCbor } from '../codec/cbor-decode.js';
import { encodeCbor } from '../codec/cbor-encode.js';
import { CborFields } from '../codec/cbor-fields.js';
import { cborMap, type CborValue, type ToCbor } from '../codec/cbor-value.js';
import { Cid, decodeCid } from '../codec/cid.js';
import { LimitError } from '../errors.js';
import { BatWithId } from '../keys/bat.js';
import { MAX_AUTHORISED_BLOCKS } from '../limits.js';

/** A block and the BAT that opens it: one entry of `blockstore/auth-reads` (chapter 02 section 5.12). Immutable. */
export class BlockMirrorCap implements ToCbor {
  private constructor(
    readonly cid: Cid,
    /** Absent for a block that anybody may read. */
    readonly bat: BatWithId | undefined,
  ) {}

  /** Names a block. */
  static of(cid: Cid, bat?: BatWithId): BlockMirrorCap {
    assertInstance('cid', cid, Cid);
    assertOptionalInstance('bat', bat, BatWithId);
    return new BlockMirrorCap(cid, bat);
  }

  /** Reads the map `{"h", "b"?}`. */
  static fromCbor(value: CborValue, where = 'BlockMirrorCap'): BlockMirrorCap {
    const fields = CborFields.map('format.request', where, value);
    const bat = fields.optionalMap('b');
    return new BlockMirrorCap(readCid(fields), bat === undefined ? undefined : BatWithId.fromCbor(bat, fields.path('b')));
  }

  /** Reads the CBOR bytes; anything after the item is an error. */
  static decode(bytes: Uint8Array): BlockMirrorCap {
    return BlockMirrorCap.fromCbor(decodeCbor(bytes));
  }

  /** Value equality. */
  equals(other: BlockMirrorCap | undefined): boolean {
    return (
      other instanceof BlockMirrorCap &&
      this.cid.equals(other.cid) &&
      (this.bat === undefined ? other.bat === undefined : this.bat.equals(other.bat))
    );
  }

  /** The map `{"h", "b"?}`. */
  toCbor(): CborValue {
    return cborMap([
      ['b', this.bat?.toCbor()],
      ['h', this.cid.bytes],
    ]);
  }

  /** The CBOR bytes. */
  encode(): Uint8Array {
    return encodeCbor(this.toCbor());
  }
}

/** The body of `blockstore/auth-reads`. LimitError beyond MAX_AUTHORISED_BLOCKS. */
export function encodeBlockMirrorCaps(caps: readonly BlockMirrorCap[]): Uint8Array {
  assertInstances('caps', caps, BlockMirrorCap);
  checkCount(caps.length);
  return encodeCbor(caps.map((cap) => cap.toCbor()));
}

/** Reads the body of `blockstore/auth-reads`; anything after the item is an error. LimitError beyond MAX_AUTHORISED_BLOCKS. */
export function decodeBlockMirrorCaps(bytes: Uint8Array): BlockMirrorCap[] {
  const fields = CborFields.list('format.request', 'caps', decodeCbor(bytes));
  checkCount(fields.size);
  return Array.from({ length: fields.size }, (_, i) => BlockMirrorCap.fromCbor(fields.map(i), fields.path(i)));
}

function checkCount(count: number): void {
  if (count > MAX_AUTHORISED_BLOCKS) throw new LimitError('authorised reads', count, MAX_AUTHORISED_BLOCKS);
}

function readCid(fields: CborFields): Cid {
  const bytes = fields.bytes('h');
  try {
    return decodeCid(bytes);
  } catch (error) {
    return fields.fail('h', 'must be a binary CID', error);
  }
}
