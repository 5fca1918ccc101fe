import { BlockWrite, PointerWrite } from '@pyrgos/core/accounts';
import { type Cid, CidCodec } from '@pyrgos/core/codec';
import { NotFoundError } from '@pyrgos/core/errors';
import type { PublicKeyHash } from '@pyrgos/core/keys';
import type { BlockStore, PointerStore } from '@pyrgos/core/store';

/**
 * Stores that send nothing but write down what is put into them, so that the usual commits of an account that does not exist yet become the
 * operation log of its sign-up (chapter 05 section 12.2).
 */
export class RecordingStores {
  private readonly blockWrites = new Map<string, BlockWrite>();
  private readonly pointerWrites = new Map<string, PointerWrite>();
  /** Takes blocks. */
  readonly blocks: BlockStore;
  /** Takes pointers, one update of each writer. */
  readonly pointers: PointerStore;

  constructor() {
    this.blocks = {
      getBlock: async (cid) => this.blockWrites.get(cid.key)?.block ?? missing(cid),
      startTransaction: async () => 'sign-up',
      closeTransaction: async () => undefined,
      putBlocks: async (_owner, writer, blocks) => {
        for (const { cid, bytes, signature } of blocks) {
          this.blockWrites.set(cid.key, BlockWrite.of(writer, signature, bytes, cid.codec === CidCodec.raw));
        }
      },
    };
    const setPointer = (writer: PublicKeyHash, signed: Uint8Array): boolean => {
      // A second update would need the first one to be known: the log has exactly one.
      if (this.pointerWrites.has(writer.key)) return false;
      this.pointerWrites.set(writer.key, PointerWrite.of(writer, signed));
      return true;
    };
    this.pointers = {
      getPointer: async (_owner, writer) => this.pointerWrites.get(writer.key)?.signed,
      setPointer: async (_owner, writer, signed) => setPointer(writer, signed),
      setPointers: async (_owner, updates) => updates.every(({ writer, signed }) => setPointer(writer, signed)),
    };
  }

  /** What was written, writer after writer in the given order: the blocks of each, then its pointer (section 12.2). */
  operationsOf(writers: readonly PublicKeyHash[]): (BlockWrite | PointerWrite)[] {
    return writers.flatMap((writer) => {
      const pointer = this.pointerWrites.get(writer.key);
      const blocks = [...this.blockWrites.values()].filter((block) => block.writer.equals(writer));
      return pointer === undefined ? blocks : [...blocks, pointer];
    });
  }
}

function missing(cid: Cid): never {
  throw new NotFoundError('not-found.block', 'the block is not part of the sign-up', { cid: cid.toString() });
}
