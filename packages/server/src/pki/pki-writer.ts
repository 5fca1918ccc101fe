import { Cid, CidCodec } from '@pyrgos/core/codec';
import type { CryptoProvider, Hasher } from '@pyrgos/core/crypto';
import { ConflictError } from '@pyrgos/core/errors';
import type { PublicKeyHash, Signer } from '@pyrgos/core/keys';
import { PointerUpdate, type WriterData } from '@pyrgos/core/model';
import type { BlockSink, PointerStore } from '@pyrgos/core/store';
import type { LocalBlocks, StoredBlock } from '../ports/local-blocks.js';

/** The user that owns the PKI (chapter 05 section 17.3). */
export const PKI_USERNAME = 'peergos';

/** New dag-cbor blocks of one change, in the order in which they were made. */
export class BlockBatch implements BlockSink {
  private readonly collected: StoredBlock[] = [];

  constructor(private readonly hasher: Pick<Hasher, 'sha256'>) {}

  /** What was put so far. */
  get blocks(): readonly StoredBlock[] {
    return this.collected;
  }

  /** Takes a block. */
  putCbor(bytes: Uint8Array): Cid {
    const cid = Cid.ofSha256(this.hasher.sha256(bytes), CidCodec.dagCbor);
    this.collected.push({ cid, bytes });
    return cid;
  }
}

/** A change of one writer of the user `peergos`. */
export interface PkiCommit {
  /** The identity of `peergos`. */
  readonly owner: PublicKeyHash;
  readonly signer: Signer;
  /** The current version of the writer; undefined for its first one. */
  readonly current: Pick<PointerUpdate, 'updated' | 'sequence'> | undefined;
  readonly writerData: WriterData;
  /** The other new blocks of the version; the WriterData is added. */
  readonly batch: BlockBatch;
}

/** Writes as the user `peergos`: the server itself holds its keys, and no quota applies. */
export class PkiWriter {
  constructor(
    private readonly options: { readonly crypto: CryptoProvider; readonly local: LocalBlocks; readonly pointers: PointerStore },
  ) {}

  /**
   * Stores the blocks and moves the pointer; durable when it resolves, to the CID of the new WriterData. ConflictError
   * `conflict.pointer` when somebody else has moved the pointer.
   */
  async commit({ owner, signer, current, writerData, batch }: PkiCommit): Promise<Cid> {
    const { crypto, local, pointers } = this.options;
    const target = batch.putCbor(writerData.encode());
    const signed = PointerUpdate.next(current, target).sign(crypto, signer);
    const transaction = await local.startTransaction(PKI_USERNAME);
    try {
      await local.put(PKI_USERNAME, batch.blocks, transaction);
      if (!(await pointers.setPointer(owner, signer.publicKeyHash, signed))) {
        throw new ConflictError('conflict.pointer', 'The PKI was changed at the same time, please try again.');
      }
    } finally {
      await local.closeTransaction(PKI_USERNAME, transaction);
    }
    return target;
  }
}
