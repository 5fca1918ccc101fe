import type { FragmentBlock } from '@pyrgos/core/containers';
import type { CryptoProvider } from '@pyrgos/core/crypto';
import { type PublicKeyHash, signAttached, type Signer } from '@pyrgos/core/keys';
import type { BlockStore } from '@pyrgos/core/store';
import { systemClock } from '../../commit/index.js';
import { retryingBlockStore } from '../../commit/retry.js';
import { newTransactionId } from '../../commit/transaction-id.js';
import type { ContentPorts } from './content-ports.js';

/**
 * Raw blocks that go to the server before anything links to them: content that is too large to wait in the write buffer for its commit.
 * They belong to one storage transaction, which keeps them from being collected as garbage until the commit (chapter 03 section 9.2). So
 * {@link FragmentUploads.close} comes after the commit; after a failure they are garbage, which the server collects.
 */
export class FragmentUploads {
  private readonly store: BlockStore;
  private transaction: string | undefined;

  constructor(
    ports: Pick<ContentPorts, 'blocks' | 'clock'>,
    private readonly crypto: CryptoProvider,
    private readonly owner: PublicKeyHash,
  ) {
    this.store = retryingBlockStore(ports.blocks, { clock: ports.clock ?? systemClock, random: crypto });
  }

  /** Stores blocks, signed by their writer; resolves when they are durable. */
  async put(signer: Signer, fragments: readonly FragmentBlock[], signal: AbortSignal | undefined): Promise<void> {
    if (fragments.length === 0) return;
    this.transaction ??= newTransactionId(this.crypto);
    const { transaction } = this;
    const signed = fragments.map(({ cid, bytes }) => ({
      cid,
      bytes,
      signature: signAttached(this.crypto, signer.secretKey, cid.multihash.digest),
    }));
    await this.store.putBlocks(this.owner, signer.publicKeyHash, signed, transaction, signal);
  }

  /** Ends the transaction. Nobody waits for it: an open one expires by itself. */
  close(): void {
    const { transaction } = this;
    this.transaction = undefined;
    if (transaction !== undefined) void this.end(transaction);
  }

  private async end(transaction: string): Promise<void> {
    try {
      await this.store.closeTransaction(this.owner, transaction);
    } catch {
      // See above.
    }
  }
}
