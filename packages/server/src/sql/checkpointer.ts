import { type FileHandle, open } from 'node:fs/promises';
import { PyrgosError } from '@pyrgos/core/errors';
import { MAX_SQL_LOG_WRITES, MAX_SQL_LOG_WRITES_FULL_DISK, SMALL_SQL_CHECKPOINT, SQL_WRITES_PER_CHECKPOINT_FULL_DISK } from '../limits.js';
import type { EngineConnection } from './engine.js';
import type { SqlRow } from './sql-database.js';

/** The descriptors of databases that are open in this process, by path: see {@link DatabaseFile}. */
const descriptors = new Map<string, { readonly handle: Promise<FileHandle>; users: number }>();

/**
 * A database file, synced through a descriptor of our own. Closing any descriptor of a file drops the POSIX locks that this process has on
 * it, those of SQLite too, so there is one for each file, and it is closed after the last connection.
 */
export class DatabaseFile {
  private closed = false;

  private constructor(
    private readonly path: string,
    private readonly handle: FileHandle,
  ) {}

  /** Opens a database file, which exists. */
  static async open(path: string): Promise<DatabaseFile> {
    // Windows flushes only what was opened for writing.
    const known = descriptors.get(path) ?? { handle: open(path, process.platform === 'win32' ? 'r+' : 'r'), users: 0 };
    descriptors.set(path, known);
    known.users++;
    try {
      return new DatabaseFile(path, await known.handle);
    } catch (error) {
      descriptors.delete(path);
      throw error;
    }
  }

  /** Makes everything durable that was written to the file before. */
  async sync(): Promise<void> {
    await this.handle.datasync();
  }

  /** Call it after the connection is closed. Safe to repeat. */
  async close(): Promise<void> {
    const known = descriptors.get(this.path);
    if (this.closed || known === undefined) return;
    this.closed = true;
    known.users--;
    if (known.users > 0) return;
    descriptors.delete(this.path);
    await this.handle.close();
  }
}

/** What {@link Checkpointer} needs. */
export interface CheckpointerParts {
  /** The connection that writes. No transaction is open whenever it is used here. */
  readonly writer: EngineConnection;
  /** Another connection to the same database. */
  readonly reader: EngineConnection;
  readonly file: Pick<DatabaseFile, 'sync'>;
  /** Makes everything durable that is in the log. */
  readonly syncLog: () => Promise<void>;
  /** Counts the statements that wrote. */
  readonly writes: () => number;
  /** Writes after which the log is copied into the database. */
  readonly writesPerCheckpoint: number;
}

/**
 * Copies the write-ahead log into the database without keeping anybody waiting for the disk. SQLite's own checkpoint waits, on the main
 * thread, until the database file is on disk: a thousand pages are some seconds on a slow one.
 *
 * What SQLite does in one step is done in three. The reader begins to read, which keeps SQLite from copying what is committed later and from
 * using the log again. The log is synced, on another thread. Now the pages are copied with `synchronous = OFF`, which ends in the memory of
 * the operating system, and the database file is synced, on another thread too; only then the reader lets go. So no page gets into the database
 * file before the log that holds it is durable, and the log is not overwritten before the file is: those are the two promises that make
 * SQLite's own checkpoint safe. A power failure in between finds the log complete, and SQLite reads from it what the file may hold in part.
 *
 * The log can begin anew only when all of it is copied, so while commits go on it grows. What few of them came meanwhile is copied in
 * the ordinary way; when the log has become long, {@link Checkpointer.room} makes writers wait until it is done.
 */
export class Checkpointer {
  /** Count of writes when the last checkpoint began. */
  private begun = 0;
  /** Count of writes when the log could begin anew. */
  private emptied = 0;
  private running: Promise<void> | undefined;
  private lost: PyrgosError | undefined;
  /** Whether the log must stay short, because it grows on a disk that has no room. */
  private isSparing = false;

  constructor(private readonly parts: CheckpointerParts) {}

  /**
   * Why nothing is certain any more: the disk did not take a part of the database file. The log holds it and must stay: neither this nor
   * the connection may be closed in an orderly way, and the next start reads the log.
   */
  get failure(): PyrgosError | undefined {
    return this.lost;
  }

  /** Whether the log is kept short from now on: it takes room that the disk may not have. */
  spare(isSparing: boolean): void {
    this.isSparing = isSparing;
  }

  /** Call it after every commit: begins to copy when there is enough. */
  committed(): void {
    const { writes, writesPerCheckpoint } = this.parts;
    const enough = this.isSparing ? Math.min(writesPerCheckpoint, SQL_WRITES_PER_CHECKPOINT_FULL_DISK) : writesPerCheckpoint;
    if (writes() - this.begun >= enough) this.begin();
  }

  /** Copies what is in the log now, so that it can begin anew, and waits for that. Does nothing when that is not possible. */
  async copyNow(): Promise<void> {
    await this.running;
    this.begin();
    await this.running;
  }

  /** Waits while the log is long and is being copied. */
  async room(): Promise<void> {
    while (this.running !== undefined && this.isLong) await this.running;
  }

  /** Resolves when nothing is going on. */
  async idle(): Promise<void> {
    await this.running;
  }

  private get isLong(): boolean {
    return this.parts.writes() - this.emptied > (this.isSparing ? MAX_SQL_LOG_WRITES_FULL_DISK : MAX_SQL_LOG_WRITES);
  }

  private begin(): void {
    if (this.running !== undefined || this.lost !== undefined) return;
    this.running = this.copyUntilShort().finally(() => {
      this.running = undefined;
    });
  }

  private async copyUntilShort(): Promise<void> {
    const { writes, writer } = this.parts;
    for (let before = -1; ;) {
      this.begun = writes();
      const copied = await this.copy();
      if (copied === undefined) return;
      const late = writes() - this.begun;
      if (late <= SMALL_SQL_CHECKPOINT && (late === 0 ? copied : tryCheckpoint(writer))?.isAll === true) {
        this.emptied = writes();
        return;
      }
      // A reader elsewhere, a backup for instance, may keep a part of the log in use. Then it is tried again later.
      if (!this.isLong || copied.frames <= before) return;
      before = copied.frames;
    }
  }

  /** Gets what was committed before into the database file for good; undefined when that failed. */
  private async copy(): Promise<Copied | undefined> {
    const { file, reader, syncLog, writer } = this.parts;
    let copied: Copied;
    try {
      reader.execute('BEGIN');
      run(reader, 'SELECT 1 FROM sqlite_schema LIMIT 1');
      await syncLog();
      writer.execute('PRAGMA synchronous = OFF');
      try {
        copied = checkpoint(writer);
      } finally {
        writer.execute('PRAGMA synchronous = NORMAL');
      }
    } catch {
      // Nothing counts as copied. Whoever writes next is told what is wrong.
      endReading(reader);
      return undefined;
    }
    try {
      await file.sync();
    } catch (error) {
      // The kernel may have dropped what it could not write and report success next time. So the log is kept: the reader goes on.
      this.lost = new PyrgosError(
        'storage',
        'The disk refused to write a part of the database. Nothing is lost yet: check the disk and free space, then restart the server.',
        { data: { system: error instanceof Error && 'code' in error ? String(error.code) : 'unknown' } },
      );
      return undefined;
    }
    endReading(reader);
    return copied;
  }
}

/** How far a checkpoint came. */
interface Copied {
  /** Frames of the log that are copied. */
  readonly frames: number;
  /** Whether these are all. */
  readonly isAll: boolean;
}

function run(connection: EngineConnection, sql: string): SqlRow | undefined {
  const statement = connection.prepare(sql);
  try {
    return statement.get([]);
  } finally {
    statement.finalize();
  }
}

/** Copies what no reader needs in the log. */
function checkpoint(writer: EngineConnection): Copied {
  const { log, checkpointed } = run(writer, 'PRAGMA wal_checkpoint(PASSIVE)') ?? {};
  return { frames: Number(checkpointed), isAll: log === checkpointed };
}

/** The same, undefined when the disk does not take it: then all of it stays in the log, and whoever writes next is told what is wrong. */
function tryCheckpoint(writer: EngineConnection): Copied | undefined {
  try {
    return checkpoint(writer);
  } catch {
    return undefined;
  }
}

function endReading(reader: EngineConnection): void {
  try {
    reader.execute('ROLLBACK');
  } catch {
    // It had not begun.
  }
}
