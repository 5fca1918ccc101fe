import { compareLengthThenUnsigned } from '@pyrgos/core/bytes';
import type { Cid } from '@pyrgos/core/codec';
import type { Hasher } from '@pyrgos/core/crypto';
import { AbortedError, NotFoundError, serialiseError, throwIfAborted } from '@pyrgos/core/errors';
import type { BlockStorage } from '../blocks/block-storage.js';
import { type BlockRow, BlockTable } from '../blocks/block-table.js';
import type { CollectedBlocks, LocalBlockStore } from '../blocks/local-block-store.js';
import { nextTurn } from '../blocks/next-turn.js';
import { TransactionTable } from '../blocks/transaction-table.js';
import {
  GARBAGE_DELETE_BATCH,
  GARBAGE_STEPS_PER_SLICE,
  ORPHAN_FILE_AGE_MILLISECONDS,
  ORPHAN_SCAN_MILLISECONDS,
  SQL_ROWS_PER_STEP,
} from '../limits.js';
import type { Clock } from '../ports/clock.js';
import type { GarbageRoots } from '../ports/garbage-roots.js';
import type { SqlDatabase } from '../sql/sql-database.js';
import { emptyCounts, type GarbageCounts, type GarbageReport } from './garbage-report.js';
import { GcStateTable } from './gc-state-table.js';
import type { IdSet } from './id-set.js';
import { Marker } from './marker.js';
import { SliceTimer } from './slice-timer.js';

/** Where garbage collection reports what it did; a logger like pino is one. */
interface GarbageLog {
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
}

/** What {@link GarbageCollector} needs. */
export interface GarbageCollectorOptions {
  readonly db: SqlDatabase;
  readonly storage: Pick<BlockStorage, 'list' | 'stat'>;
  readonly local: LocalBlockStore;
  readonly roots: GarbageRoots;
  readonly hasher: Hasher;
  readonly clock: Clock;
  readonly logger: GarbageLog;
  /** Lets requests have a turn; injected by tests that interleave. */
  readonly turn?: () => Promise<void>;
  /** Milliseconds, monotonic. */
  readonly monotonic?: () => number;
  /** Called after each batch of deletions: keeps what writes them down short when the disk has no room for it. */
  readonly afterBatch?: () => Promise<void>;
  /** Called after each complete run. */
  readonly onCollected?: (report: GarbageReport) => void;
}

/** What decides about the blocks of one user, read in the order that makes it safe. */
interface Facts {
  /** Blocks that were put after this put are not judged: they came after the run began, or an open transaction protects them. */
  readonly before: number;
  readonly roots: readonly Cid[];
  readonly fingerprint: Uint8Array;
}

const nothing = new Uint8Array(0);

/**
 * Deletes the blocks that nothing needs any more, user by user, while the server works (chapter 08 section 5, chapter 03 section 9.3).
 *
 * Safety. What is judged is what was put before the run began: puts are numbered, and a block that is put again gets a new number. Then
 * the protections of open transactions are read, and then the roots. So a block that is judged garbage was neither protected nor
 * reachable at that time; if it is needed afterwards somebody has put it again, which the deletion finds out in the same step in which it
 * removes the metadata (see {@link LocalBlockStore}). An error while marking means that something may be hidden: nothing is deleted.
 *
 * It works in small steps, so that others never wait longer than for a few hundred look-ups in the database. A crash or stop at any time
 * leaves nothing to repair: marks are in memory only, and the next run begins anew.
 */
export class GarbageCollector {
  private readonly blocks: BlockTable;
  private readonly transactions: TransactionTable;
  private readonly state: GcStateTable;
  private readonly turn: () => Promise<void>;
  private readonly slices: SliceTimer;
  private steps = 0;
  private stopped = false;
  private running: Promise<unknown> = Promise.resolve();
  private timer: NodeJS.Timeout | undefined;
  /** That of the run in progress. */
  private signal: AbortSignal | undefined;

  constructor(private readonly options: GarbageCollectorOptions) {
    this.blocks = new BlockTable(options.db);
    this.transactions = new TransactionTable(options.db);
    this.state = new GcStateTable(options.db);
    this.turn = options.turn ?? nextTurn;
    this.slices = new SliceTimer(options.monotonic ?? (() => performance.now()));
  }

  /**
   * Collects all users, or one, after what is running already. The failure of one user is in the report and does not stop the others.
   * AbortedError after {@link GarbageCollector.stop} and when `signal` says so; NotFoundError `not-found.user` for a user that nothing is known of.
   */
  async collect(username?: string, signal?: AbortSignal): Promise<GarbageReport> {
    const run = this.running.then(async () => {
      this.signal = signal;
      try {
        throwIfAborted(signal, 'garbage collection');
        return await this.collectAll(username);
      } finally {
        this.signal = undefined;
      }
    });
    this.running = run.catch(() => undefined);
    return run;
  }

  /** Collects at once and then every `periodMs` milliseconds after the end of the run before. Does not keep the process alive. */
  start(periodMs: number): void {
    this.stopped = false;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      void this.collectAndRepeat(periodMs);
    });
    this.timer.unref();
  }

  /**
   * Keeps collection away: resolves, to what lets it go on, when the run in progress has ended. For whoever needs blocks to stay that may be
   * garbage by now, like a backup. Calls wait for each other.
   */
  async suspend(): Promise<() => void> {
    const before = this.running;
    let release = (): void => undefined;
    this.running = before.then(
      () =>
        new Promise<void>((resolve) => {
          release = resolve;
        }),
    );
    await before;
    // The promise is made one step after `before`; until then there is nothing to release.
    await Promise.resolve();
    return () => release();
  }

  /** Ends the run in progress at its next step and resolves when it has ended. */
  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    this.timer = undefined;
    await this.running;
  }

  private async collectAndRepeat(periodMs: number): Promise<void> {
    try {
      await this.collect();
    } catch (error) {
      if (!(error instanceof AbortedError)) this.options.logger.warn({ error: serialiseError(error) }, 'garbage collection failed');
    }
    if (this.stopped) return;
    this.timer = setTimeout(() => {
      void this.collectAndRepeat(periodMs);
    }, periodMs);
    this.timer.unref();
  }

  private async collectAll(only: string | undefined): Promise<GarbageReport> {
    this.requireRunning();
    const { roots, logger, onCollected } = this.options;
    const duration = this.slices.start();
    const users = await roots.users();
    // Without roots all blocks would be garbage: a user must be known to have none.
    if (only !== undefined && !users.includes(only)) throw new NotFoundError('not-found.user', 'No such user on this server.');
    const counts = emptyCounts();
    for (const username of only === undefined ? users.toSorted() : [only]) {
      counts.users++;
      try {
        await this.collectUser(username, counts);
      } catch (error) {
        if (error instanceof AbortedError) throw error;
        const { code, message } = serialiseError(error);
        counts.failures.push({ username, code, message });
        logger.warn({ username, code, reason: message }, 'garbage collection left out a user');
      }
    }
    counts.milliseconds = duration();
    counts.longestSliceMilliseconds = this.slices.longest;
    onCollected?.(counts);
    logger.info({ ...counts, failures: counts.failures.length }, 'garbage collection is done');
    return counts;
  }

  private async collectUser(username: string, counts: GarbageCounts): Promise<void> {
    await this.slices.outside(async () => this.options.roots.settleDeletion(username));
    await this.adoptOrphans(username, counts);
    const partition = this.blocks.partition(username);
    if (partition === undefined) return;
    const facts = await this.readFacts(username, partition);
    if (this.state.isUnchanged(partition, facts.fingerprint)) {
      counts.unchanged++;
      return;
    }
    const marker = new Marker({
      blocks: this.blocks,
      local: this.options.local,
      username,
      partition,
      step: () => this.step(),
    });
    try {
      for (const root of facts.roots) await marker.markFrom(root);
    } finally {
      counts.linkReads += marker.linkReads;
      counts.missing += marker.missing;
    }
    counts.reachable += marker.marked.size;
    await this.sweep(username, partition, facts, marker.marked, counts);
    this.state.finished(partition, facts.fingerprint);
  }

  /** The order of the reads is the safety argument: number of the last put, protections, roots. */
  private async readFacts(username: string, partition: number): Promise<Facts> {
    const digest = this.options.hasher.createSha256();
    const lastPut = this.blocks.lastPut(partition);
    digest.update(new TextEncoder().encode(`${lastPut};`));
    const protectedFrom = this.options.db.transaction(() => {
      this.transactions.expire(partition, this.options.clock.now());
      return this.transactions.firstProtected(partition);
    });
    digest.update(new TextEncoder().encode(`${protectedFrom ?? ''}`));
    await this.takeTurn();
    const roots = [...(await this.slices.outside(async () => this.options.roots.rootsOf(username)))].sort((a, b) =>
      compareLengthThenUnsigned(a.bytes, b.bytes),
    );
    digest.update(new TextEncoder().encode(';'));
    for (const { bytes } of roots) digest.update(bytes);
    return { before: Math.min(lastPut, (protectedFrom ?? Infinity) - 1), roots, fingerprint: digest.digest() };
  }

  private async sweep(username: string, partition: number, facts: Facts, marked: IdSet, counts: GarbageCounts): Promise<void> {
    let garbage: BlockRow[] = [];
    const flush = async (): Promise<void> => {
      const collecting = async (): Promise<CollectedBlocks> => this.options.local.collect(username, partition, garbage, facts.before);
      const { blocks, bytes } = await this.slices.outside(collecting);
      counts.deleted += blocks;
      counts.deletedBytes += bytes;
      if (blocks > 0) await this.slices.outside(async () => this.options.afterBatch?.());
      counts.kept += garbage.length - blocks;
      garbage = [];
    };
    for (let after: Uint8Array = nothing; ;) {
      const rows = this.blocks.page(partition, after, SQL_ROWS_PER_STEP);
      counts.blocks += rows.length;
      for (const row of rows) {
        if (marked.has(row.id)) continue;
        garbage.push(row);
        if (garbage.length < GARBAGE_DELETE_BATCH) continue;
        await flush();
        await this.takeTurn();
      }
      const last = rows.at(-1);
      if (last === undefined) break;
      after = last.cid;
      await this.takeTurn();
    }
    await flush();
  }

  /** Makes the database know the files that it does not, for instance because of a crash during a deletion. */
  private async adoptOrphans(username: string, counts: GarbageCounts): Promise<void> {
    const { storage, local, clock, db } = this.options;
    const partition = db.transaction(() => this.blocks.ensurePartition(username));
    const now = clock.now();
    if (now - this.state.scanned(partition) < ORPHAN_SCAN_MILLISECONDS) return;
    for await (const cid of this.slices.outsideOf(storage.list(username))) {
      await this.step();
      if (this.blocks.idOf(partition, cid.bytes) !== undefined) continue;
      const facts = await this.slices.outside(async () => storage.stat(username, cid));
      if (facts === undefined || now - facts.modified < ORPHAN_FILE_AGE_MILLISECONDS) continue;
      const outcome = await this.slices.outside(async () => local.adopt(username, cid));
      if (outcome === 'adopted') counts.adopted++;
      if (outcome === 'deleted') counts.orphansDeleted++;
    }
    this.state.setScanned(partition, now);
  }

  /** One small piece of work is done; now and then others get a turn. */
  private async step(): Promise<void> {
    this.steps++;
    if (this.steps % GARBAGE_STEPS_PER_SLICE === 0) await this.takeTurn();
  }

  private async takeTurn(): Promise<void> {
    await this.slices.outside(this.turn);
    this.requireRunning();
  }

  private requireRunning(): void {
    if (this.stopped || this.signal?.aborted === true) throw new AbortedError('garbage collection');
  }
}
