import type { FragmentBlock } from '@pyrgos/core/containers';
import { signAttached, type Signer } from '@pyrgos/core/keys';
import type { BlockStore } from '@pyrgos/core/store';
import type { AheadOfCommit } from '../../commit/blocks-ahead.js';
import { systemClock } from '../../commit/index.js';
import { retryingBlockStore } from '../../commit/retry.js';
import { newTransactionId } from '../../commit/transaction-id.js';
import type { OperationView } from '../view/index.js';
import type { ContentPorts } from './content-ports.js';

/**
 * Raw blocks that go to the server before anything links to them: content that is too large to wait in the write buffer for its commit.
 * They belong to one storage transaction, which keeps them from being collected as garbage until the commit (chapter 03 section 9.2). So
 * {@link FragmentUploads.close} comes after the commit; after a failure they are garbage, which the server collects.
 *
 * That protects them for a day. No commit of the operation is sent when some of them are older: ConflictError `conflict.snapshot`, here when
 * more is to be stored, and otherwise when the operation is sent.
 */
export class FragmentUploads {
  private readonly store: BlockStore;
  private transaction: string | undefined;
  /** What is not committed yet of each chunk. */
  private readonly open = new Map<number, AheadOfCommit>();

  constructor(
    ports: Pick<ContentPorts, 'blocks' | 'clock'>,
    private readonly operation: OperationView,
  ) {
    this.store = retryingBlockStore(ports.blocks, { clock: ports.clock ?? systemClock, random: operation.crypto });
  }

  /** Stores the blocks of chunk `index`, signed by their writer; resolves when they are durable. */
  async put(signer: Signer, index: number, fragments: readonly FragmentBlock[], signal: AbortSignal | undefined): Promise<void> {
    if (fragments.length === 0) return;
    const { crypto, owner, committer } = this.operation;
    this.open.set(index, committer.ahead.begin());
    this.transaction ??= newTransactionId(crypto);
    const { transaction } = this;
    const signed = fragments.map(({ cid, bytes }) => ({
      cid,
      bytes,
      signature: signAttached(crypto, signer.secretKey, cid.multihash.digest),
    }));
    await this.store.putBlocks(owner, signer.publicKeyHash, signed, transaction, signal);
  }

  /** Takes note that the chunks up to `index` are committed, and that this was sent. */
  committed(index: number): void {
    for (const [chunk, blocks] of this.open) {
      if (chunk > index) continue;
      this.operation.committer.ahead.end(blocks);
      this.open.delete(chunk);
    }
  }

  /** Ends the transaction. Nobody waits for it: an open one expires by itself. */
  close(): void {
    this.committed(Infinity);
    const { transaction } = this;
    this.transaction = undefined;
    if (transaction !== undefined) void this.end(transaction);
  }

  private async end(transaction: string): Promise<void> {
    try {
      await this.store.closeTransaction(this.operation.owner, transaction);
    } catch {
      // See above.
    }
  }
}
