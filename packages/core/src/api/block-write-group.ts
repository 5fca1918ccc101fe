import { assertBytesList } from '../arguments.js';
import { equalBytes } from '../bytes.js';
import { decodeCbor } from '../codec/cbor-decode.js';
import { encodeCbor } from '../codec/cbor-encode.js';
import { CborFields } from '../codec/cbor-fields.js';
import { cborMap, type CborValue, type ToCbor } from '../codec/cbor-value.js';
import { ArgumentError } from '../errors.js';

/**
 * The body of `block/put/bulk` (chapter 02 section 5.4): blocks and their signatures in the same order. Neither the sizes of the blocks
 * nor the signatures are checked here. Blocks are not copied, because they are large: do not change the arrays.
 */
export class BlockWriteGroup implements ToCbor {
  private constructor(
    readonly blocks: readonly Uint8Array[],
    /** Attached signatures by the writer over the SHA-256 of each block, 96 bytes each when they are valid. */
    readonly signatures: readonly Uint8Array[],
  ) {}

  /** Pairs at least one block with as many signatures. */
  static of(blocks: readonly Uint8Array[], signatures: readonly Uint8Array[]): BlockWriteGroup {
    assertBytesList('blocks', blocks);
    assertBytesList('signatures', signatures);
    if (blocks.length === 0) throw new ArgumentError('blocks', 'must not be empty');
    if (signatures.length !== blocks.length || signatures.some((signature) => signature.length === 0)) {
      throw new ArgumentError('signatures', 'must have one for every block');
    }
    return new BlockWriteGroup([...blocks], [...signatures]);
  }

  /** Reads the map `{"b", "s"}`. The arrays are views into the decoder's input. */
  static fromCbor(value: CborValue, where = 'BlockWriteGroup'): BlockWriteGroup {
    const fields = CborFields.map('format.request', where, value);
    const blocks = bytesList(fields, 'b');
    const signatures = bytesList(fields, 's');
    if (blocks.length === 0) return fields.fail('b', 'must not be empty');
    if (signatures.length !== blocks.length) return fields.fail('s', 'must have one for every block');
    if (signatures.some((signature) => signature.length === 0)) return fields.fail('s', 'must not hold an empty signature');
    return new BlockWriteGroup(blocks, signatures);
  }

  /** Reads the CBOR bytes; anything after the item is an error. */
  static decode(bytes: Uint8Array): BlockWriteGroup {
    return BlockWriteGroup.fromCbor(decodeCbor(bytes));
  }

  /** Value equality. */
  equals(other: BlockWriteGroup | undefined): boolean {
    return other instanceof BlockWriteGroup && equalLists(this.blocks, other.blocks) && equalLists(this.signatures, other.signatures);
  }

  /** The map `{"b", "s"}`. */
  toCbor(): CborValue {
    return cborMap([
      ['b', this.blocks],
      ['s', this.signatures],
    ]);
  }

  /** The CBOR bytes. */
  encode(): Uint8Array {
    return encodeCbor(this.toCbor());
  }
}

function bytesList(fields: CborFields, key: string): Uint8Array[] {
  const list = CborFields.list('format.request', fields.path(key), fields.list(key));
  return Array.from({ length: list.size }, (_, i) => list.bytes(i));
}

function equalLists(a: readonly Uint8Array[], b: readonly Uint8Array[]): boolean {
  return a.length === b.length && a.every((bytes, i) => equalBytes(bytes, b[i] as Uint8Array));
}
