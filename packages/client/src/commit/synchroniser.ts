import { assertInstance, assertInstances } from '@pyrgos/core/arguments';
import { ArgumentError, throwIfAborted } from '@pyrgos/core/errors';
import { PublicKeyHash } from '@pyrgos/core/keys';
import { CommittedWriterData, Snapshot } from '@pyrgos/core/model';
import type { PointerReadOptions } from './pointer-reader.js';
import { Turn, type TurnQueues } from './turn.js';

/** The committed state that a {@link WriteSynchroniser} hands out; a {@link PointerReader} is one. */
export interface VersionReader {
  readVersion(writer: PublicKeyHash, options?: PointerReadOptions): Promise<CommittedWriterData | undefined>;
  invalidate(writer: PublicKeyHash): void;
}

/** How a committed version is read. */
export interface CommittedReadOptions extends PointerReadOptions {
  /**
   * Whether a writer that has no version and is being changed is waited for; default true. False inside an operation: it may be the one that
   * would be waited for.
   */
  readonly waitForCreation?: boolean | undefined;
}

/**
 * One queue per writer: at most one change of a writer runs at a time, in the order of arrival (chapter 03 section 11.1).
 *
 * The last known version of each writer lives in the reader, which takes note of every acknowledged commit; after a failed operation
 * it is asked to forget, so that the next one starts from the server's state. Reads for display never wait: {@link readOnlyValue}.
 *
 * An operation that waits for the queue of a writer it holds itself would wait for ever: inside an operation use its snapshot, never
 * {@link getValue}, {@link readOnlyValue} of a new writer that waits for it, or another {@link run} with the same writers. (There is no portable way to
 * detect this across awaits.) What may do so all the same, because it is code of somebody else, runs in {@link Turn.lend}.
 */
export class WriteSynchroniser {
  private readonly tails = new Map<string, Promise<void>>();
  private readonly seeds = new Map<string, CommittedWriterData>();
  private readonly queues: TurnQueues = { tails: this.tails, joined: 0 };

  constructor(private readonly reader: VersionReader) {}

  /** Whether an operation on the writer runs or waits. */
  isBusy(writer: PublicKeyHash): boolean {
    assertInstance('writer', writer, PublicKeyHash);
    return this.tails.has(writer.key);
  }

  /** Sets the version that operations see as long as the server has none: for a writer that is about to be created. No request. */
  seed(writer: PublicKeyHash, version: CommittedWriterData): void {
    assertInstance('writer', writer, PublicKeyHash);
    if (!(version instanceof CommittedWriterData)) throw new ArgumentError('version', 'must be a CommittedWriterData');
    this.seeds.set(writer.key, version);
  }

  /** The current version, after everything that waits for the writer; empty when it has no pointer or was deleted. */
  async getValue(writer: PublicKeyHash, options: PointerReadOptions = {}): Promise<Snapshot> {
    return this.exclusive([writer], options.signal, () => this.read(writer, options));
  }

  /**
   * The committed version without waiting for changes in flight; the snapshot is then read-only. Only a writer that the server does not
   * know yet is waited for, unless the options say otherwise.
   */
  async readOnlyValue(writer: PublicKeyHash, { waitForCreation = true, ...options }: CommittedReadOptions = {}): Promise<Snapshot> {
    if (!this.isBusy(writer)) return this.read(writer, options);
    const snapshot = await this.read(writer, options);
    const isFinal = snapshot.has(writer) || !waitForCreation;
    return (isFinal ? snapshot : await this.getValue(writer, options)).withReadOnly(true);
  }

  /**
   * Runs an operation that has all `writers` for itself, on their current versions. Writers without a version are not in the snapshot;
   * deleted ones are, without hash. Cancelling while it waits gives up its place; then it is up to the operation. When the operation
   * fails its writers' versions are re-read before they are used again, and only its own caller sees the error. The operation may lend
   * its turn while it waits for code of somebody else.
   */
  async run<T>(
    writers: readonly PublicKeyHash[],
    operation: (snapshot: Snapshot, turn: Turn) => Promise<T>,
    signal?: AbortSignal,
  ): Promise<T> {
    return this.exclusive(writers, signal, async (turn) => {
      try {
        let snapshot = Snapshot.empty();
        for (const writer of writers) {
          const version = (await this.reader.readVersion(writer, { signal })) ?? this.seeds.get(writer.key);
          if (version !== undefined) snapshot = snapshot.withVersion(writer, version);
        }
        return await operation(snapshot, turn);
      } catch (error) {
        for (const writer of writers) this.reader.invalidate(writer);
        throw error;
      }
    });
  }

  private async read(writer: PublicKeyHash, options: PointerReadOptions): Promise<Snapshot> {
    const version = (await this.reader.readVersion(writer, options)) ?? this.seeds.get(writer.key);
    return version?.writerData === undefined ? Snapshot.empty() : Snapshot.of(writer, version);
  }

  private async exclusive<T>(
    writers: readonly PublicKeyHash[],
    signal: AbortSignal | undefined,
    task: (turn: Turn) => Promise<T>,
  ): Promise<T> {
    assertInstances('writers', writers, PublicKeyHash);
    throwIfAborted(signal);
    const turn = new Turn(this.queues, [...new Set(writers.map(({ key }) => key))], signal);
    try {
      await turn.take();
      return await task(turn);
    } finally {
      turn.end();
    }
  }
}
