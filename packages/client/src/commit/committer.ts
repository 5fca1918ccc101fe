import { assertFunction, assertInstance, assertList } from '@pyrgos/core/arguments';
import { assertInteger } from '@pyrgos/core/bytes';
import type { CryptoProvider } from '@pyrgos/core/crypto';
import { ArgumentError, throwIfAborted } from '@pyrgos/core/errors';
import { PublicKeyHash, type Signer } from '@pyrgos/core/keys';
import { WRITE_BUFFER_FLUSH_SIZE } from '@pyrgos/core/limits';
import { CommittedWriterData, Snapshot, WriterData } from '@pyrgos/core/model';
import type { BlockReadContext } from '@pyrgos/core/store';
import { BlockBuffer } from './block-buffer.js';
import { BlocksAhead, UploadTime } from './blocks-ahead.js';
import { assertSigner } from './checks.js';
import { type AcknowledgedVersion, type CommitStores, flush } from './flush.js';
import { mergeWriterData, type Reliance, type RemoteCheck } from './merge.js';
import { OpenTrees } from './open-trees.js';
import { PointerBuffer, writerOf } from './pointer-buffer.js';
import type { Turn } from './turn.js';

/** The version of a writer that has none: what a first commit is based on. */
export const NO_VERSION: CommittedWriterData = CommittedWriterData.of(undefined, undefined, undefined);

/** How a {@link Committer} behaves. */
export interface CommitterOptions {
  /** See {@link flush} for when it is obeyed. */
  readonly signal?: AbortSignal | undefined;
  /** Buffered bytes that make a commit flush; default {@link WRITE_BUFFER_FLUSH_SIZE}. */
  readonly flushSize?: number | undefined;
  /** The right of the operation to its writers, for {@link Committer.lend}; default: there is nobody else. */
  readonly turn?: Turn | undefined;
}

/** Requires a {@link Committer}; otherwise an ArgumentError. */
export function assertCommitter(value: unknown): asserts value is Committer {
  if (!(value instanceof Committer)) throw new ArgumentError('committer', 'must be a Committer');
}

/**
 * Collects the writes of one operation and sends them (chapter 03 sections 11.2 to 11.5). One operation, one committer: nothing that
 * another operation buffers can be lost, reordered or sent by it.
 *
 * Blocks go into {@link Committer.blocks}, new versions through {@link Committer.commit}. Nothing reaches the server before a flush: at
 * the end of the operation, or in a commit when the buffer has grown to 20 MiB. A flush sends what the new versions link to and drops
 * what only their predecessors link to. Blocks that no version links to yet wait for one until the operation ends.
 */
export class Committer {
  /** The write buffer over the verified blocks of the server: read and write through it. */
  readonly blocks: BlockBuffer;
  /** The trees of the operation, decoded. */
  readonly trees: OpenTrees;
  /**
   * What the operation uploads ahead of its commits: no pointer is sent when some of that may be gone from the server.
   *
   * @internal
   */
  readonly ahead: BlocksAhead;
  private readonly pointers = new PointerBuffer();
  private readonly acknowledgedVersions = new Map<string, AcknowledgedVersion>();
  /** Versions that the operation may still hold although a flush has merged them with somebody else's changes. */
  private readonly superseded = new Map<string, { readonly ours: CommittedWriterData; readonly merged: CommittedWriterData }>();
  private readonly signal: AbortSignal | undefined;
  private readonly flushSize: number;
  private readonly turn: Turn | undefined;
  private readonly checks: RemoteCheck[] = [];
  private guards = 0;
  private last: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly stores: CommitStores,
    options: CommitterOptions = {},
  ) {
    this.blocks = new BlockBuffer(stores.blocks, stores.crypto, stores.dropped);
    this.signal = options.signal;
    this.trees = new OpenTrees(this.blocks, this.context);
    this.ahead = new BlocksAhead(new UploadTime(stores.clock, stores.time));
    this.turn = options.turn;
    this.flushSize = options.flushSize ?? WRITE_BUFFER_FLUSH_SIZE;
    assertInteger('flushSize', this.flushSize, 1, Number.MAX_SAFE_INTEGER);
  }

  /** The identity whose data is written. */
  get owner(): PublicKeyHash {
    return this.stores.owner;
  }

  /** The engine that signs. */
  get crypto(): CryptoProvider {
    return this.stores.crypto;
  }

  /** What reads of this operation pass on: owner and signal. */
  get context(): BlockReadContext {
    return this.signal === undefined ? { owner: this.owner } : { owner: this.owner, signal: this.signal };
  }

  /** Versions that the server has acknowledged during this operation, the latest of each writer; after a merge, the merged one. */
  get acknowledged(): Snapshot {
    let snapshot = Snapshot.empty();
    for (const { writer, version } of this.acknowledgedVersions.values()) snapshot = snapshot.withVersion(writer, version);
    return snapshot;
  }

  /** The last version of a writer that is known to be on the server, as far as this operation has changed it; for lookups. */
  committedVersionOf(writer: PublicKeyHash): CommittedWriterData | undefined {
    assertInstance('writer', writer, PublicKeyHash);
    return this.pointers.committedVersionOf(writer) ?? this.acknowledgedVersions.get(writer.key)?.version;
  }

  /**
   * Gives a writer a new WriterData and returns `snapshot` with the new version. `snapshot` holds the version that the change is based on;
   * a writer that it does not hold is created. Several commits of a writer are sent as one update. When the buffer is full this sends
   * everything, and the result may then be a merged version; the same holds for a change that is based on a version which an earlier
   * flush of this operation has merged.
   *
   * `relied` are map keys of its tree that the change relies upon without changing them: somebody else's change of one of them is then a
   * conflict, and not merged. ConflictError `conflict.snapshot` when the version is not the last one of this operation; ArgumentError when
   * the operation has ended; errors of {@link Committer.flush}.
   */
  async commit(snapshot: Snapshot, signer: Signer, writerData: WriterData, relied: readonly Uint8Array[] = []): Promise<Snapshot> {
    assertInstance('snapshot', snapshot, Snapshot);
    assertSigner('signer', signer);
    assertInstance('writerData', writerData, WriterData);
    if (!writerData.controller.equals(signer.publicKeyHash)) throw new ArgumentError('writerData.controller', 'must be the writer');
    assertList('relied', relied);
    return this.record(snapshot, signer, writerData, relied);
  }

  /**
   * Has every commit from now on rely upon a check: what somebody else has committed meanwhile is merged with only if it lets it pass. It
   * is asked before anything is sent again, perhaps several times, and must not use this committer.
   */
  relyOn(check: RemoteCheck): void {
    assertFunction('check', check);
    this.checks.push(check);
  }

  /**
   * Requires of a version that somebody else has committed what {@link Committer.relyOn} was given; errors are those of the checks. For an operation that goes on
   * from it without a merge.
   */
  async assertReliable(writer: PublicKeyHash, version: CommittedWriterData): Promise<void> {
    for (const check of this.checks) await check(writer, version);
  }

  /** Deletes a writer of `snapshot`: its pointer becomes EMPTY. Otherwise like {@link Committer.commit}. */
  async delete(snapshot: Snapshot, signer: Signer): Promise<Snapshot> {
    assertInstance('snapshot', snapshot, Snapshot);
    assertSigner('signer', signer);
    if (!snapshot.has(signer.publicKeyHash)) throw new ArgumentError('snapshot', 'must hold the version of the writer');
    return this.record(snapshot, signer, undefined, []);
  }

  /**
   * Runs `action` during which nothing is flushed, however full the buffer becomes: for changes that must not be split. May be nested and
   * run in parallel; the buffer then grows until all have ended, and is sent at the end of the last one when it is full.
   */
  async withoutFlush<T>(action: () => Promise<T>): Promise<T> {
    assertFunction('action', action);
    // Waits for a flush that is running.
    await this.inTurn(async () => this.guards++);
    let result: T;
    try {
      result = await action();
    } finally {
      this.guards--;
    }
    await this.inTurn(() => this.sendIfFull());
    return result;
  }

  /**
   * Sends everything recorded; see {@link flush} for what is atomic. After an error the buffer is empty and the server's state is what
   * the next read says. ArgumentError inside {@link Committer.withoutFlush}.
   */
  async flush(): Promise<void> {
    if (this.guards > 0) throw new ArgumentError('flush', 'must not be called inside withoutFlush');
    await this.inTurn(() => this.send());
  }

  /**
   * Waits for code of somebody else, a callback or a source: other operations of this session may change the same writers meanwhile, so that
   * such code may call them. `wasUsed`: somebody did want to; for this operation that is as if another device had. Nothing is lost: what
   * it commits is merged with their changes, or a conflict.
   */
  async lend<T>(task: () => Promise<T>): Promise<{ readonly result: T; readonly wasUsed: boolean }> {
    assertFunction('task', task);
    return this.turn === undefined ? { result: await task(), wasUsed: false } : this.turn.lend(task);
  }

  /**
   * Ends the operation: what was not sent is dropped, and further commits are refused with an ArgumentError. Waits for a flush that is
   * running.
   */
  async close(): Promise<void> {
    this.blocks.close();
    await this.last;
    this.pointers.clear();
    this.trees.clear();
  }

  private record(snapshot: Snapshot, signer: Signer, writerData: WriterData | undefined, keys: readonly Uint8Array[]): Promise<Snapshot> {
    if (snapshot.isReadOnly) throw new ArgumentError('snapshot', 'is read-only');
    const writer = signer.publicKeyHash;
    return this.inTurn(async () => {
      throwIfAborted(this.signal);
      this.blocks.requireOpen();
      const relied = [...keys, ...this.checks];
      const { base, data } = await this.rebase(writer, snapshot.get(writer) ?? NO_VERSION, writerData, relied);
      const hash = data === undefined ? undefined : this.blocks.putCbor(writer, data.encode());
      const version = this.pointers.record(signer, base, hash, data, relied);
      const isSent = await this.sendIfFull();
      return snapshot.withVersion(writer, (isSent ? this.acknowledgedVersions.get(writer.key)?.version : undefined) ?? version);
    });
  }

  /**
   * A change that is based on a version which a flush has merged meanwhile, on top of the merged version. The operation cannot know of
   * it, and without this every further flush would lose the race against its own past.
   */
  private async rebase(
    writer: PublicKeyHash,
    base: CommittedWriterData,
    data: WriterData | undefined,
    relied: readonly Reliance[],
  ): Promise<{ readonly base: CommittedWriterData; readonly data: WriterData | undefined }> {
    const superseded = this.superseded.get(writer.key);
    if (superseded?.ours.equals(base) !== true) return { base, data };
    const remote = superseded.merged;
    const ours = CommittedWriterData.of(undefined, undefined, data);
    const input = { writer, base, ours, remote, relied };
    const merged = await mergeWriterData(input, this.blocks, this.blocks.sinkFor(writer), this.context);
    return { base: remote, data: merged };
  }

  private async sendIfFull(): Promise<boolean> {
    if (this.guards > 0 || this.blocks.size < this.flushSize || this.pointers.list.length === 0) return false;
    await this.send();
    return true;
  }

  private async send(): Promise<void> {
    const updates = [...this.pointers.list];
    try {
      await flush(this.pointers, this.blocks, this.stores, {
        signal: this.signal,
        ahead: this.ahead,
        onAcknowledged: (acknowledged) => this.acknowledgedVersions.set(acknowledged.writer.key, acknowledged),
      });
      for (const update of updates) {
        const { key } = writerOf(update);
        const merged = this.acknowledgedVersions.get(key)?.version;
        // The last entry of a writer decides.
        if (merged !== undefined && !merged.equals(update.version)) this.superseded.set(key, { ours: update.version, merged });
        else this.superseded.delete(key);
      }
    } catch (error) {
      this.blocks.clear();
      throw error;
    } finally {
      this.pointers.clear();
    }
  }

  /** Commits and flushes of one operation run one after the other, even if its code runs in parallel. */
  private inTurn<T>(action: () => Promise<T>): Promise<T> {
    const turn = this.last.then(action);
    this.last = turn.catch(() => undefined);
    return turn;
  }
}
