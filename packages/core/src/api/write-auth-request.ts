import { assertInstances, assertList, assertObject } from '../arguments.js';
import { BLOCK_SIGNATURE_SIZE } from '../accounts/block-write.js';
import { assertBytes, assertInteger, copyBytes, equalBytes } from '../bytes.js';
import { decodeCbor } from '../codec/cbor-decode.js';
import { encodeCbor } from '../codec/cbor-encode.js';
import { CborFields } from '../codec/cbor-fields.js';
import { cborMap, type CborValue, type ToCbor } from '../codec/cbor-value.js';
import { LimitError } from '../errors.js';
import { BatId } from '../keys/bat.js';
import { MAX_AUTHORISED_BLOCKS } from '../limits.js';

const MAX_INT32 = 0x7fffffff;

/** One raw block that a client wants to write directly. */
export interface AuthorisedWrite {
  /** Attached signature by the writer over the SHA-256 of the block: 96 bytes. */
  readonly signature: Uint8Array;
  /** Bytes of the block. */
  readonly size: number;
  /** The BAT ids in the block's prefix. */
  readonly batIds: readonly BatId[];
}

/** The body of `blockstore/auth` (chapter 02 section 5.11). Immutable; the signatures are not verified by parsing. */
export class WriteAuthRequest implements ToCbor {
  private constructor(readonly writes: readonly AuthorisedWrite[]) {}

  /** Asks for up to MAX_AUTHORISED_BLOCKS writes. */
  static of(writes: readonly AuthorisedWrite[]): WriteAuthRequest {
    assertList('writes', writes);
    if (writes.length > MAX_AUTHORISED_BLOCKS) throw new LimitError('authorised writes', writes.length, MAX_AUTHORISED_BLOCKS);
    return new WriteAuthRequest(
      Array.from(writes, (write, i) => {
        assertObject(`writes[${i}]`, write);
        const { signature, size, batIds } = write;
        assertBytes(`writes[${i}].signature`, signature, BLOCK_SIGNATURE_SIZE);
        assertInteger(`writes[${i}].size`, size, 0, MAX_INT32);
        assertInstances(`writes[${i}].batIds`, batIds, BatId);
        return { signature: copyBytes(signature), size, batIds: [...batIds] };
      }),
    );
  }

  /** Reads the map `{"s", "l", "b"}`. LimitError beyond MAX_AUTHORISED_BLOCKS. */
  static fromCbor(value: CborValue, where = 'WriteAuthRequest'): WriteAuthRequest {
    const fields = CborFields.map('format.request', where, value);
    const signatures = CborFields.list('format.request', fields.path('s'), fields.list('s'));
    const sizes = CborFields.list('format.request', fields.path('l'), fields.list('l'));
    const batIds = CborFields.list('format.request', fields.path('b'), fields.list('b'));
    if (signatures.size > MAX_AUTHORISED_BLOCKS) throw new LimitError('authorised writes', signatures.size, MAX_AUTHORISED_BLOCKS);
    if (sizes.size !== signatures.size) return fields.fail('l', 'must have one for every signature');
    if (batIds.size !== signatures.size) return fields.fail('b', 'must have one for every signature');
    return new WriteAuthRequest(
      Array.from({ length: signatures.size }, (_, i) => ({
        signature: copyBytes(signatures.bytes(i, BLOCK_SIGNATURE_SIZE)),
        size: sizes.integer(i, 0, MAX_INT32),
        batIds: batIds.list(i).map((id, j) => BatId.fromCbor(id, `${batIds.path(i)}[${j}]`)),
      })),
    );
  }

  /** Reads the CBOR bytes; anything after the item is an error. */
  static decode(bytes: Uint8Array): WriteAuthRequest {
    return WriteAuthRequest.fromCbor(decodeCbor(bytes));
  }

  /** Value equality. */
  equals(other: WriteAuthRequest | undefined): boolean {
    return other instanceof WriteAuthRequest && equalBytes(this.encode(), other.encode());
  }

  /** The map `{"s", "l", "b"}`. */
  toCbor(): CborValue {
    return cborMap([
      ['b', this.writes.map(({ batIds }) => batIds.map((id) => id.toCbor()))],
      ['l', this.writes.map(({ size }) => size)],
      ['s', this.writes.map(({ signature }) => signature)],
    ]);
  }

  /** The CBOR bytes. */
  encode(): Uint8Array {
    return encodeCbor(this.toCbor());
  }
}
