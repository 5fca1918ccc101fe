import { Cid, CidCodec } from '@pyrgos/core/codec';
import type { Signer } from '@pyrgos/core/keys';
import type { BlockStore } from '@pyrgos/core/store';
import type { AheadOfCommit } from '../../commit/blocks-ahead.js';
import { type Clock, systemClock } from '../../commit/index.js';
import { retryingBlockStore } from '../../commit/retry.js';
import { newTransactionId } from '../../commit/transaction-id.js';
import { planUploads, uploadBatches } from '../../commit/upload.js';
import type { OperationView } from '../view/index.js';

/** Default of {@link StagingPorts.bufferSize}. */
const BUFFER_SIZE = 8_388_608;

/** Where staged blocks go. */
export interface StagingPorts {
  /** The server's blocks, those of the sessions. */
  readonly blocks: BlockStore;
  /** Default: the machine's clock. */
  readonly clock?: Clock | undefined;
  /**
   * Bytes of blocks that wait in the write buffer for their commit; what comes after them is uploaded ahead of it, half as many at a time.
   * Default 8 MiB.
   */
  readonly bufferSize?: number | undefined;
}

interface WaitingBlock {
  readonly cid: Cid;
  readonly bytes: Uint8Array;
  readonly isRaw: boolean;
}

interface WaitingBlocks {
  readonly signer: Signer;
  readonly blocks: WaitingBlock[];
}

/**
 * The blocks of a change that may be too large for memory and yet is committed in one piece: a few go into the write buffer like all others,
 * the rest to the server before anything links to them, in a storage transaction that keeps them from being collected as garbage (chapter
 * 03 section 9.2). So {@link close} it after the commit has been sent, see {@link isUsed}; after a failure the server collects them. It protects
 * them for a day: when they are older, nothing of the operation is sent any more (ConflictError `conflict.snapshot`).
 *
 * Without `ports` everything goes into the write buffer.
 */
export class BlockStaging {
  private readonly store: BlockStore | undefined;
  private readonly bufferSize: number;
  private readonly waiting = new Map<string, WaitingBlocks>();
  private waitingBytes = 0;
  private buffered = 0;
  private transaction: string | undefined;
  /** What was uploaded and is not committed yet. */
  private readonly open: AheadOfCommit[] = [];
  private isClosed = false;
  private last: Promise<void> = Promise.resolve();

  constructor(
    private readonly operation: OperationView,
    ports?: StagingPorts,
  ) {
    this.bufferSize = ports?.bufferSize ?? BUFFER_SIZE;
    if (ports === undefined) return;
    this.store = retryingBlockStore(ports.blocks, { clock: ports.clock ?? systemClock, random: operation.crypto });
  }

  /** Whether blocks were uploaded ahead: then the commit must be sent before {@link close}. */
  get isUsed(): boolean {
    return this.transaction !== undefined;
  }

  /** Takes a block; returns its CID. Call {@link settle} after every few. */
  put(signer: Signer, bytes: Uint8Array, isRaw: boolean): Cid {
    const writer = signer.publicKeyHash;
    const { blocks } = this.operation.committer;
    if (this.store === undefined || this.buffered + bytes.length <= this.bufferSize) {
      this.buffered += bytes.length;
      return isRaw ? blocks.putRaw(writer, bytes) : blocks.putCbor(writer, bytes);
    }
    const cid = Cid.ofSha256(this.operation.crypto.sha256(bytes), isRaw ? CidCodec.raw : CidCodec.dagCbor);
    const known = this.waiting.get(writer.key) ?? { signer, blocks: [] };
    this.waiting.set(writer.key, known);
    known.blocks.push({ cid, bytes, isRaw });
    this.waitingBytes += bytes.length;
    return cid;
  }

  /** Uploads what waits, when that is enough for some requests. */
  async settle(): Promise<void> {
    if (this.waitingBytes >= this.bufferSize / 2) await this.finish();
  }

  /** Uploads all that waits; resolves when it is stored. */
  async finish(): Promise<void> {
    const taken = [...this.waiting.values()];
    this.waiting.clear();
    this.waitingBytes = 0;
    const { last } = this;
    this.last = (async () => {
      await last;
      await this.upload(taken);
    })();
    await this.last;
  }

  private async upload(waiting: readonly WaitingBlocks[]): Promise<void> {
    const { store, operation } = this;
    if (store === undefined || waiting.length === 0 || this.isClosed) return;
    const { owner, crypto, signal, committer } = operation;
    this.open.push(committer.ahead.begin());
    this.transaction ??= newTransactionId(crypto);
    const batches = waiting.flatMap(({ signer, blocks }) =>
      planUploads(
        signer,
        blocks.map((block) => ({ ...block, writers: [signer.publicKeyHash] })),
      ),
    );
    await uploadBatches(batches, { owner, store, crypto, transaction: this.transaction }, signal);
  }

  /** Ends the transaction. Nobody waits for it: an open one expires by itself. */
  close(): void {
    const { transaction, store, operation } = this;
    this.transaction = undefined;
    this.isClosed = true;
    for (const blocks of this.open.splice(0)) operation.committer.ahead.end(blocks);
    if (transaction === undefined || store === undefined) return;
    void Promise.resolve(store.closeTransaction(operation.owner, transaction)).catch(() => undefined);
  }
}
