import { cidOfKey } from '@pyrgos/core/codec';
import type { CryptoProvider } from '@pyrgos/core/crypto';
import { ConflictError, FormatError, PyrgosError, throwIfAborted } from '@pyrgos/core/errors';
import type { PublicKeyHash } from '@pyrgos/core/keys';
import { MAX_MERGES_PER_FLUSH } from '@pyrgos/core/limits';
import { CommittedWriterData, equalTargets, nextSequence, PointerUpdate } from '@pyrgos/core/model';
import type { BlockReadContext, BlockStore, PointerStore, WriterPointer } from '@pyrgos/core/store';
import type { BlockBuffer, BufferedBlock } from './block-buffer.js';
import { BlocksAhead, UploadTime } from './blocks-ahead.js';
import type { Clock } from './clock.js';
import { type DroppedBlocks, linksOrNone } from './dropped-blocks.js';
import { isAfterLostAnswer, unknownOutcome } from './lost-answer.js';
import { isBuiltUpon, mergeWriterData } from './merge.js';
import { createsWriter, groupUpdates, type PointerBuffer, type RecordedUpdate, writerOf } from './pointer-buffer.js';
import type { PointerReader } from './pointer-reader.js';
import type { ServerTime } from './server-time.js';
import { newTransactionId } from './transaction-id.js';
import { planUploads, uploadBatches } from './upload.js';
import type { VerifiedBlocks } from './verified-store.js';

/** The stores of one owner, as the commit layer uses them. */
export interface CommitStores {
  readonly owner: PublicKeyHash;
  readonly crypto: CryptoProvider;
  readonly clock: Clock;
  /** What the server's answers tell about time that the clock has missed. */
  readonly time?: ServerTime | undefined;
  /** The server's blocks; calls are retried below this interface. */
  readonly store: BlockStore;
  /** The server's pointers; calls are retried below this interface. */
  readonly pointers: PointerStore;
  /** The server's blocks, verified and cached. */
  readonly blocks: VerifiedBlocks;
  readonly reader: PointerReader;
  /** What this session has computed but not stored. */
  readonly dropped: DroppedBlocks;
}

/** A version that the server has acknowledged. */
export interface AcknowledgedVersion {
  readonly writer: PublicKeyHash;
  readonly version: CommittedWriterData;
}

/** How a flush is run. */
export interface FlushOptions {
  /** What was uploaded before, for versions that are sent now or later; default: nothing. */
  readonly ahead?: BlocksAhead | undefined;
  /** Honoured until the first pointers are sent and while a lost race is merged; see {@link flush}. */
  readonly signal?: AbortSignal | undefined;
  /** Called for every version as soon as the server has acknowledged it, even if a later group fails. */
  readonly onAcknowledged?: ((acknowledged: AcknowledgedVersion) => void) | undefined;
}

/**
 * Sends the recorded updates and the buffered blocks they need (chapter 03 section 11.5).
 *
 * **What is atomic.** The updates are cut by {@link groupUpdates}. All blocks of a group are stored before its pointers are sent, and the
 * pointers of a group take effect together or not at all. A flush that creates no writer is one group: it is atomic as a whole. A flush
 * that creates writers commits its groups one after the other; if it fails in between, the groups before stay (`onAcknowledged` has told
 * of them), and their order makes sure that what is left behind is an authorised but empty or unlinked writer, never a link to
 * nothing.
 *
 * **What is refused.** Before anything is sent: ConflictError `conflict.snapshot` when a version links to a block that was dropped
 * without being stored, because the caller took it from an operation that failed or from a version that was replaced. And before any pointer is sent:
 * the same when some of what was uploaded ahead of the flush may be gone (`ahead`). What the flush has uploaded itself is uploaded again, under
 * another transaction, when it has become as old.
 *
 * **Cancelling.** The moment the first pointers are sent is the commit point. The signal is obeyed before it, with no effect on the
 * server but unreferenced blocks, and ignored after it. When they lose the race nothing is committed yet: the signal is obeyed during the
 * merge, up to the next attempt.
 *
 * A lost race (a conflict, or a plain refusal, section 2.6 step 9) is looked into by reading the pointers again: when they have our
 * targets, or what somebody has built upon them, an earlier attempt was applied, which is success; a group of one writer is merged
 * ({@link mergeWriterData}) and sent again; otherwise the ConflictError is thrown.
 *
 * **Unknown outcomes.** When the connection fails after sending, and keeps failing, or when an answer was lost and others have committed so much
 * since that nothing shows any more whether ours came before, the error has code `network` and `retry` `after`. It must not be repeated without
 * looking: the change may have been made, and a second time would do it twice or undo what others have built upon it.
 *
 * The transaction is closed in any case, and nobody waits for that. Stored blocks leave the buffer with the acknowledgement; after an
 * error the caller clears it.
 */
export async function flush(pointers: PointerBuffer, buffer: BlockBuffer, stores: CommitStores, options: FlushOptions = {}): Promise<void> {
  if (pointers.list.length === 0) return;
  throwIfAborted(options.signal);
  const planned: PlannedUpdate[] = [];
  for (const update of pointers.list) planned.push(planUpdate(update, buffer, stores.dropped, planned));
  buffer.dropReplaced(
    pointers.replaced,
    planned.flatMap(({ blocks }) => blocks),
  );
  const run = new FlushRun(buffer, stores, options);
  try {
    for (const group of groupUpdates(planned)) await run.commitGroup(group);
  } finally {
    run.close();
  }
}

/** Times that the blocks of one flush are sent, each because the machine seems to have slept since the time before. */
const MAX_UPLOAD_ATTEMPTS = 8;

/** A courtesy: the commit stands or has failed already, and an unclosed transaction expires by itself. */
async function closeTransaction({ store, owner }: CommitStores, transaction: string): Promise<void> {
  try {
    await store.closeTransaction(owner, transaction);
  } catch {
    // See above.
  }
}

/** An update with what has to be on the server before it is sent. */
interface PlannedUpdate extends RecordedUpdate {
  readonly blocks: readonly BufferedBlock[];
  /** Blocks that are on the server already, and that the new blocks link to: keys of CIDs. */
  readonly linked: readonly string[];
}

/**
 * Finds out what an update needs. `before` takes effect earlier or together with it. ConflictError `conflict.snapshot` when the new version
 * needs a block that is neither buffered nor stored.
 */
function planUpdate(
  update: RecordedUpdate,
  buffer: BlockBuffer,
  dropped: DroppedBlocks,
  before: readonly PlannedUpdate[] = [],
): PlannedUpdate {
  const { base, version } = update;
  if (version.hash === undefined) return { ...update, blocks: [], linked: [] };
  const { blocks, exits } = buffer.reachableFrom(version.hash);
  const lost = dropped.firstLost(exits, () => [...linksOfVersion(base), ...before.flatMap(({ linked }) => linked)]);
  if (lost === undefined) return { ...update, blocks, linked: exits };
  throw new ConflictError(
    'conflict.snapshot',
    'the new version links to a block that was dropped without being stored: make it anew from the current version',
    { writer: writerOf(update).toString(), cid: cidOfKey(lost).toString() },
  );
}

/** The sequence number with which an update is sent. */
function sequenceOf({ version }: RecordedUpdate): number {
  return version.sequence ?? nextSequence(undefined);
}

/** What is certain to be stored when our update takes effect, because it replaces this version and no other. */
function linksOfVersion({ hash, writerData }: CommittedWriterData): readonly string[] {
  return hash === undefined || writerData === undefined ? [] : linksOrNone(hash, writerData.encode());
}

/** What the answer to an update of pointers says: nothing when it was accepted. */
function outcomeOf(answer: unknown): ConflictError | undefined {
  if (answer === true) return undefined;
  if (answer !== false) throw new FormatError('format.pointer', 'setPointers', 'the server must answer with accepted or refused');
  return new ConflictError('conflict.pointer', 'another update of a mutable pointer was faster');
}

/** One flush on its way. */
class FlushRun {
  /** When each block was sent, by the time of {@link BlocksAhead}. */
  private readonly uploaded = new Map<string, number>();
  private readonly ahead: BlocksAhead;
  private transaction: string;
  private isCommitted = false;
  private attempts = 0;

  constructor(
    private readonly buffer: BlockBuffer,
    private readonly stores: CommitStores,
    private readonly options: FlushOptions,
  ) {
    this.ahead = options.ahead ?? new BlocksAhead(new UploadTime(stores.clock, stores.time));
    this.transaction = newTransactionId(stores.crypto);
  }

  /** Ends the transaction. */
  close(): void {
    void closeTransaction(this.stores, this.transaction);
  }

  async commitGroup(group: readonly PlannedUpdate[]): Promise<void> {
    const conflict = await this.send(group);
    if (conflict === undefined) {
      for (const update of group) this.acknowledge(update, update.version);
      return;
    }
    if (await this.wasApplied(group, conflict)) return;
    const [only, ...others] = group;
    if (only === undefined || others.length > 0) throw conflict;
    await this.mergeAndSend(only, conflict);
  }

  /** Obeyed as long as nothing of this flush is committed. */
  private get signal(): AbortSignal | undefined {
    return this.isCommitted ? undefined : this.options.signal;
  }

  /** For reads on which nothing is lost when they are cancelled. */
  private get context(): BlockReadContext {
    const { owner } = this.stores;
    return this.signal === undefined ? { owner } : { owner, signal: this.signal };
  }

  /** Uploads what is not there yet, or may be gone again. When it returns, all of it is there, and will be for hours. */
  private async upload(group: readonly PlannedUpdate[]): Promise<void> {
    const { owner, crypto, store } = this.stores;
    const { time } = this.ahead;
    for (;;) {
      this.attempts++;
      const since = time.now();
      const batches = group.flatMap(({ signer, blocks }) => {
        const missing = blocks.filter(({ cid }) => !this.uploaded.has(cid.key));
        for (const { cid } of missing) this.uploaded.set(cid.key, since);
        return planUploads(signer, missing);
      });
      if (batches.length > 0) await uploadBatches(batches, { owner, store, crypto, transaction: this.transaction }, this.signal);
      if (!this.isOutdated(group)) return;
      // Nobody sleeps so often: a server that says so would have the same blocks sent for ever.
      if (this.attempts >= MAX_UPLOAD_ATTEMPTS) this.ahead.refuse();
      this.uploaded.clear();
      // A server may remember under the old one when it saw a block first.
      this.close();
      this.transaction = newTransactionId(crypto);
    }
  }

  private isOutdated(group: readonly PlannedUpdate[]): boolean {
    const { time } = this.ahead;
    return group.some(({ blocks }) => blocks.some(({ cid }) => time.isTooOld(this.uploaded.get(cid.key) ?? time.now())));
  }

  /** Uploads the blocks of a group, then sends its pointers; the conflict when the race was lost, undefined when they are accepted. */
  private async send(group: readonly PlannedUpdate[]): Promise<ConflictError | PyrgosError | undefined> {
    const { owner, crypto, pointers, reader } = this.stores;
    const signed: WriterPointer[] = group.map((update) => ({
      writer: writerOf(update),
      signed: PointerUpdate.of(update.base.hash, update.version.hash, sequenceOf(update)).sign(crypto, update.signer),
    }));
    for (const { writer } of signed) reader.invalidate(writer);
    const [first] = signed;
    const isCreation = first !== undefined && signed.length === 1 && group.every(createsWriter);
    for (;;) {
      await this.upload(group);
      throwIfAborted(this.signal);
      this.ahead.assertFresh();
      try {
        return outcomeOf(await (isCreation ? pointers.setPointer(owner, first.writer, first.signed) : pointers.setPointers(owner, signed)));
      } catch (error) {
        if (!(error instanceof PyrgosError)) throw error;
        if (error.code === 'conflict.pointer') return error;
        // Refused because the machine has slept in the middle, and what the pointers lead to is gone.
        if (error.code !== 'denied.pointer' || this.attempts >= MAX_UPLOAD_ATTEMPTS || !this.isOutdated(group)) throw error;
      }
    }
  }

  /** Takes note of a version on the server: that of the update, or one that was built upon it. */
  private acknowledge(update: PlannedUpdate, version: CommittedWriterData): void {
    const { blocks, linked } = update;
    const { blocks: verified, dropped, reader } = this.stores;
    const writer = writerOf(update);
    this.isCommitted = true;
    for (const { cid, bytes, isRaw } of blocks) if (!isRaw) verified.keep(cid, bytes);
    this.buffer.stored(blocks);
    dropped.stored(linked);
    reader.committed(writer, { target: version.hash, sequence: version.sequence });
    this.options.onAcknowledged?.({ writer, version });
  }

  /**
   * Whether an earlier attempt got through, and only its answer was lost. Never cancelled, because it decides whether the commit has
   * happened. PyrgosError `network` (`data.reason` `unknown-outcome`) when an answer was lost and nobody can tell any more.
   */
  private async wasApplied(group: readonly PlannedUpdate[], conflict: PyrgosError): Promise<boolean> {
    const isOpen = isAfterLostAnswer(conflict);
    const applied: [PlannedUpdate, CommittedWriterData][] = [];
    try {
      for (const update of group) {
        const fate = await this.fateOf(update, isOpen);
        // The pointers of a group are moved together, so one that was not is enough.
        if (fate === 'lost') return false;
        if (fate !== 'unknown') applied.push([update, fate]);
      }
    } catch (error) {
      throw isOpen && error instanceof PyrgosError && error.code === 'network' ? unknownOutcome(error) : error;
    }
    if (applied.length < group.length) {
      if (isOpen) throw unknownOutcome();
      return false;
    }
    for (const [update, version] of applied) this.acknowledge(update, version);
    return true;
  }

  /**
   * What became of an update that the server refuses: the version on the server when that is ours or was built upon ours, `lost` when somebody else
   * has certainly been faster, otherwise `unknown`.
   *
   * Sequence numbers only rise, so behind ours there are only later versions. The first of them names the target that it has replaced: ours, or that of
   * whoever was faster. Of those after it only the content tells.
   */
  private async fateOf(update: PlannedUpdate, isOpen: boolean): Promise<CommittedWriterData | 'lost' | 'unknown'> {
    const { owner, reader } = this.stores;
    const { base, blocks, version: ours } = update;
    const writer = writerOf(update);
    const state = await reader.readPointer(writer, { current: true });
    if (state === undefined) return 'lost';
    const { target, sequence, replaced } = state;
    if (equalTargets(target, ours.hash)) return CommittedWriterData.of(target, sequence, ours.writerData);
    const ourSequence = sequenceOf(update);
    if (sequence === undefined || sequence <= ourSequence) return 'lost';
    // Only when an answer was lost: somebody may also have made, before us, the very version that we wanted to make, such as that of an empty writer.
    if (isOpen && replaced !== undefined) {
      if (equalTargets(replaced.target, ours.hash)) return (await reader.readVersion(writer)) ?? 'unknown';
      if (sequence === ourSequence + 1) return 'lost';
    }
    if (base.hash === undefined || ours.hash === undefined) return 'unknown';
    const remote = await reader.readVersion(writer);
    if (remote === undefined) return 'unknown';
    const made = new Set(blocks.map(({ cid }) => cid.key));
    const isBuilt = await isBuiltUpon({ writer, base, ours, remote }, ({ key }) => made.has(key), this.buffer, { owner }, isOpen);
    return isBuilt ? remote : 'unknown';
  }

  private async mergeAndSend({ signer, base, version: ours, relied }: RecordedUpdate, firstConflict: PyrgosError): Promise<void> {
    const { dropped, reader } = this.stores;
    if (base.hash === undefined || ours.hash === undefined) throw firstConflict;
    const writer = signer.publicKeyHash;
    let conflict = firstConflict;
    for (let attempt = 1; attempt <= MAX_MERGES_PER_FLUSH; attempt++) {
      const remote = await reader.readVersion(writer, { current: true, signal: this.signal });
      if (remote === undefined) throw conflict;
      const sink = this.buffer.sinkFor(writer);
      const writerData = await mergeWriterData({ writer, base, ours, remote, relied }, this.buffer, sink, this.context);
      const hash = sink.putCbor(writerData.encode());
      const version = CommittedWriterData.of(hash, nextSequence(remote.sequence), writerData);
      const merged = planUpdate({ signer, base: remote, version, relied }, this.buffer, dropped);
      if (equalTargets(hash, remote.hash)) return this.acknowledge(merged, remote);
      const next = await this.send([merged]);
      if (next === undefined) return this.acknowledge(merged, version);
      if (await this.wasApplied([merged], next)) return;
      conflict = next;
    }
    throw conflict;
  }
}
