import type { CryptoProvider } from '@pyrgos/core/crypto';
import { ConflictError, PyrgosError, throwIfAborted } from '@pyrgos/core/errors';
import type { PublicKeyHash } from '@pyrgos/core/keys';
import { MAX_MERGES_PER_FLUSH } from '@pyrgos/core/limits';
import { CommittedWriterData, equalTargets, nextSequence, PointerUpdate } from '@pyrgos/core/model';
import type { BlockStore, PointerStore, WriterPointer } from '@pyrgos/core/store';
import type { BlockBuffer, BufferedBlock } from './block-buffer.js';
import { mergeWriterData } from './merge.js';
import { createsWriter, groupUpdates, type RecordedUpdate, writerOf } from './pointer-buffer.js';
import type { PointerReader } from './pointer-reader.js';
import { planUploads, uploadBatches } from './upload.js';
import type { VerifiedBlocks } from './verified-store.js';

/** The stores of one owner, as the commit layer uses them. */
export interface CommitStores {
  readonly owner: PublicKeyHash;
  readonly crypto: CryptoProvider;
  /** The server's blocks; calls are retried below this interface. */
  readonly store: BlockStore;
  /** The server's pointers; calls are retried below this interface. */
  readonly pointers: PointerStore;
  /** The server's blocks, verified and cached. */
  readonly blocks: VerifiedBlocks;
  readonly reader: PointerReader;
}

/** A version that the server has acknowledged. */
export interface AcknowledgedVersion {
  readonly writer: PublicKeyHash;
  readonly version: CommittedWriterData;
}

/** How a flush is run. */
export interface FlushOptions {
  /** Honoured until the first pointer is sent; see {@link flush}. */
  readonly signal?: AbortSignal | undefined;
  /** Called for every version as soon as the server has acknowledged it, even if a later group fails. */
  readonly onAcknowledged?: ((acknowledged: AcknowledgedVersion) => void) | undefined;
}

/**
 * Sends recorded updates and the buffered blocks they need (chapter 03 section 11.5).
 *
 * **What is atomic.** The updates are cut by {@link groupUpdates}. All blocks of a group are stored before its pointers are sent, and the
 * pointers of a group take effect together or not at all. A flush that creates no writer is one group: it is atomic as a whole. A flush
 * that creates writers commits its groups one after the other; if it fails in between, the groups before stay (`onAcknowledged` has told
 * of them), and their order makes sure that what is left behind is an authorised but empty or unlinked writer, never a link to
 * nothing.
 *
 * **Cancelling.** The moment the first pointer is sent is the commit point. The signal is obeyed before it, with no effect on the
 * server but unreferenced blocks, and ignored after it.
 *
 * A lost race (a conflict, or a plain refusal, section 2.6 step 9) is looked into by reading the pointers again: when they have our
 * targets an earlier attempt was applied, which is success; a group of one writer is merged ({@link mergeWriterData}) and sent again;
 * otherwise the ConflictError is thrown. When the connection fails after sending, the outcome is unknown: the next read tells.
 *
 * The transaction is closed in any case. Uploaded blocks leave the buffer when all is done; after an error the caller clears it.
 */
export async function flush(
  updates: readonly RecordedUpdate[],
  buffer: BlockBuffer,
  stores: CommitStores,
  options: FlushOptions = {},
): Promise<void> {
  const groups = groupUpdates(updates);
  if (groups.length === 0) return;
  throwIfAborted(options.signal, 'the commit');
  buffer.retainReachable(updates.flatMap(({ version }) => (version.hash === undefined ? [] : [version.hash])));
  const transaction = await stores.store.startTransaction(stores.owner, options.signal);
  try {
    const run = new FlushRun(buffer, stores, transaction, options);
    for (const group of groups) await run.commitGroup(group);
    run.finish();
  } finally {
    // The commit stands or has failed already; an unclosed transaction expires by itself.
    await stores.store.closeTransaction(stores.owner, transaction).catch(() => undefined);
  }
}

/** One flush on its way. */
class FlushRun {
  private readonly uploaded = new Map<string, BufferedBlock>();
  private isPastCommitPoint = false;

  constructor(
    private readonly buffer: BlockBuffer,
    private readonly stores: CommitStores,
    private readonly transaction: string,
    private readonly options: FlushOptions,
  ) {}

  async commitGroup(group: readonly RecordedUpdate[]): Promise<void> {
    await this.upload(group);
    const conflict = await this.send(group);
    if (conflict === undefined) {
      for (const update of group) this.acknowledge(update, update.version);
      return;
    }
    if (await this.wasApplied(group)) return;
    const [only, ...others] = group;
    if (only === undefined || others.length > 0) throw conflict;
    await this.mergeAndSend(only, conflict);
  }

  finish(): void {
    for (const { cid, bytes, isRaw } of this.uploaded.values()) if (!isRaw) this.stores.blocks.keep(cid, bytes);
    this.buffer.drop(this.uploaded.values());
  }

  private async upload(group: readonly RecordedUpdate[]): Promise<void> {
    const { owner, crypto, store } = this.stores;
    const batches = group.flatMap(({ signer, version }) => {
      if (version.hash === undefined) return [];
      const blocks = this.buffer.reachableFrom(version.hash).filter(({ cid }) => !this.uploaded.has(cid.key));
      for (const block of blocks) this.uploaded.set(block.cid.key, block);
      return planUploads(signer, blocks);
    });
    const signal = this.isPastCommitPoint ? undefined : this.options.signal;
    await uploadBatches(batches, { owner, store, crypto, transaction: this.transaction }, signal);
  }

  /** Sends the pointers of a group; the conflict when the race was lost, undefined when they are accepted. */
  private async send(group: readonly RecordedUpdate[]): Promise<ConflictError | PyrgosError | undefined> {
    const { owner, crypto, pointers, reader } = this.stores;
    const signed: WriterPointer[] = group.map((update) => ({
      writer: writerOf(update),
      signed: PointerUpdate.of(update.base.hash, update.version.hash, update.version.sequence ?? nextSequence(undefined)).sign(
        crypto,
        update.signer,
      ),
    }));
    if (!this.isPastCommitPoint) throwIfAborted(this.options.signal, 'the commit');
    this.isPastCommitPoint = true;
    for (const { writer } of signed) reader.invalidate(writer);
    const [first] = signed;
    const isCreation = first !== undefined && signed.length === 1 && group.every(createsWriter);
    try {
      const isAccepted = await (isCreation ? pointers.setPointer(owner, first.writer, first.signed) : pointers.setPointers(owner, signed));
      if (isAccepted) return undefined;
    } catch (error) {
      if (error instanceof PyrgosError && error.code === 'conflict.pointer') return error;
      throw error;
    }
    return new ConflictError('conflict.pointer', 'another update of a mutable pointer was faster');
  }

  private acknowledge(update: RecordedUpdate, version: CommittedWriterData): void {
    const writer = writerOf(update);
    this.stores.reader.committed(writer, { target: version.hash, sequence: version.sequence });
    this.options.onAcknowledged?.({ writer, version });
  }

  /** Whether the server has exactly our targets: then an earlier attempt got through, and only its answer was lost. */
  private async wasApplied(group: readonly RecordedUpdate[]): Promise<boolean> {
    const applied: [RecordedUpdate, CommittedWriterData][] = [];
    for (const update of group) {
      const state = await this.stores.reader.readPointer(writerOf(update), { fresh: true });
      if (state === undefined || !equalTargets(state.target, update.version.hash)) return false;
      applied.push([update, CommittedWriterData.of(state.target, state.sequence, update.version.writerData)]);
    }
    for (const [update, version] of applied) this.acknowledge(update, version);
    return true;
  }

  private async mergeAndSend(update: RecordedUpdate, firstConflict: PyrgosError): Promise<void> {
    const { owner, reader } = this.stores;
    const { signer, base, version: ours } = update;
    if (base.hash === undefined || ours.hash === undefined) throw firstConflict;
    const writer = signer.publicKeyHash;
    let conflict = firstConflict;
    for (let attempt = 1; attempt <= MAX_MERGES_PER_FLUSH; attempt++) {
      const remote = await reader.readVersion(writer, { fresh: true });
      if (remote === undefined) throw conflict;
      const sink = this.buffer.sinkFor(writer);
      const writerData = await mergeWriterData({ writer, base, ours, remote }, this.buffer, sink, { owner });
      const hash = sink.putCbor(writerData.encode());
      if (equalTargets(hash, remote.hash)) return this.acknowledge(update, remote);
      const version = CommittedWriterData.of(hash, nextSequence(remote.sequence), writerData);
      const merged: RecordedUpdate = { signer, base: remote, version };
      await this.upload([merged]);
      const next = await this.send([merged]);
      if (next === undefined) return this.acknowledge(merged, version);
      if (await this.wasApplied([merged])) return;
      conflict = next;
    }
    throw conflict;
  }
}
