import { assertInteger } from '../bytes.js';
import { decodeCbor } from '../codec/cbor-decode.js';
import { encodeCbor } from '../codec/cbor-encode.js';
import { CborFields } from '../codec/cbor-fields.js';
import { cborMap, type CborValue, type ToCbor } from '../codec/cbor-value.js';
import { Cid } from '../codec/cid.js';
import { ArgumentError } from '../errors.js';
import { equalTargets, type MaybeCid, maybeMultihashFromCbor, maybeMultihashToCbor } from './maybe-multihash.js';
import { WriterData } from './writer-data.js';

/** A WriterData together with the pointer version it was read from (chapter 03 section 3.4). Immutable. */
export class CommittedWriterData implements ToCbor {
  private constructor(
    /** CID of the WriterData block; undefined (EMPTY) after deletion and for a writer that was never committed. */
    readonly hash: MaybeCid,
    readonly sequence: number | undefined,
    readonly writerData: WriterData | undefined,
  ) {}

  /** Builds a version. */
  static of(hash: MaybeCid, sequence: number | undefined, writerData: WriterData | undefined): CommittedWriterData {
    if (hash !== undefined && !(hash instanceof Cid)) throw new ArgumentError('hash', 'must be a Cid or undefined');
    if (sequence !== undefined) assertInteger('sequence', sequence, 0, Number.MAX_SAFE_INTEGER);
    if (writerData !== undefined && !(writerData instanceof WriterData)) throw new ArgumentError('writerData', 'must be a WriterData');
    return new CommittedWriterData(hash, sequence, writerData);
  }

  /** Reads the map `{"h", "p"?, "s"?}`. */
  static fromCbor(value: CborValue, where = 'CommittedWriterData'): CommittedWriterData {
    const fields = CborFields.map('format.writer-data', where, value);
    if (!fields.has('h')) return fields.fail('h', 'is missing');
    const hash = maybeMultihashFromCbor(fields.value('h'), fields.path('h'));
    const writerData = fields.optionalMap('p');
    return new CommittedWriterData(
      hash,
      fields.optionalInteger('s', 0),
      writerData === undefined ? undefined : WriterData.fromCbor(writerData, fields.path('p')),
    );
  }

  /** Reads the CBOR bytes; anything after the item is an error. */
  static decode(bytes: Uint8Array): CommittedWriterData {
    return CommittedWriterData.fromCbor(decodeCbor(bytes));
  }

  /** Equality of hash and sequence; the WriterData follows from the hash. */
  equals(other: CommittedWriterData | undefined): boolean {
    return other instanceof CommittedWriterData && equalTargets(this.hash, other.hash) && this.sequence === other.sequence;
  }

  /** The map `{"h", "p"?, "s"?}`. */
  toCbor(): CborValue {
    return cborMap([
      ['h', maybeMultihashToCbor(this.hash)],
      ['p', this.writerData?.toCbor()],
      ['s', this.sequence],
    ]);
  }

  /** The CBOR bytes. */
  encode(): Uint8Array {
    return encodeCbor(this.toCbor());
  }
}
