import { open } from 'node:fs/promises';
import { PyrgosError } from '@pyrgos/core/errors';
import { SQL_WRITES_PER_CHECKPOINT } from '../limits.js';
import { DatabaseFile } from './checkpointer.js';
import type { EngineConnection, LoadedEngine, SqlEngine } from './engine.js';
import { loadEngine, type OnEngineRefused } from './load-engine.js';
import { sqlFailure } from './sql-error.js';
import { type LogParts, SqliteDatabase } from './sqlite-database.js';
import { WalFile } from './wal-file.js';

/** What {@link openDatabase} needs. */
export interface OpenDatabaseOptions {
  /** The database file; created with mode 0600 when missing. Its folder exists. */
  readonly path: string;
  /** Use exactly this binding. Default: the best that works here. */
  readonly engine?: SqlEngine;
  /** Told about every binding that was tried and refused, and why. */
  readonly onRefused?: OnEngineRefused;
  /** Writes after which the log is copied into the database. Default: SQL_WRITES_PER_CHECKPOINT. */
  readonly writesPerCheckpoint?: number;
}

/**
 * Page cache 16 MiB. Memory mapping is off: it would count as our memory, and a read error of the disk would end the process (SIGBUS)
 * instead of failing one statement.
 */
const settings: readonly string[] = [
  'PRAGMA busy_timeout = 5000',
  'PRAGMA foreign_keys = ON',
  'PRAGMA trusted_schema = OFF',
  'PRAGMA cell_size_check = ON',
  'PRAGMA cache_size = -16384',
  'PRAGMA mmap_size = 0',
  'PRAGMA temp_store = MEMORY',
  'PRAGMA journal_size_limit = 67108864',
  // macOS: without it a checkpoint's sync stops at the cache of the drive, and the log that held the same data is reused.
  'PRAGMA checkpoint_fullfsync = ON',
];

/** The connection that only keeps the log in use; see checkpointer.ts. */
const readerSettings: readonly string[] = ['PRAGMA query_only = ON', 'PRAGMA cache_size = -64', 'PRAGMA mmap_size = 0'];

async function createPrivately(path: string): Promise<void> {
  try {
    // Only when it is new: a file that SQLite already has open must not be closed by anybody else in this process (POSIX locks).
    const file = await open(path, 'wx', 0o600);
    await file.close();
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return;
    const system = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    throw new PyrgosError(
      'storage',
      'The database file cannot be created. Check owner, permissions and free space of the data directory.',
      {
        data: { system },
      },
    );
  }
}

function readPragma(connection: EngineConnection, name: string): unknown {
  const statement = connection.prepare(`PRAGMA ${name}`);
  try {
    return Object.values(statement.get([]) ?? {})[0];
  } finally {
    statement.finalize();
  }
}

function configure(connection: EngineConnection, durability: 'group' | 'commit'): void {
  for (const statement of settings) connection.execute(statement);
  connection.execute('PRAGMA journal_mode = WAL');
  connection.execute(`PRAGMA synchronous = ${durability === 'group' ? 'NORMAL' : 'FULL'}`);
  // The log is copied by our own Checkpointer then.
  if (durability === 'group') connection.execute('PRAGMA wal_autocheckpoint = 0');
  // The first read creates the log and recovers what a killed process left in it.
  const version = readPragma(connection, 'user_version');
  const mode = readPragma(connection, 'journal_mode');
  if (typeof version !== 'number' || mode !== 'wal') {
    throw new PyrgosError('storage', 'The database cannot use a write-ahead log here: the data directory must be on a local disk.');
  }
}

/**
 * Opens the database of a data directory whose lock the caller holds (config/data-directory-lock.ts): one process has it open at a
 * time. After a kill it recovers by itself. The result says which binding it uses. PyrgosError `storage` when no binding works, or the file
 * cannot be opened or is no database.
 */
export async function openDatabase({
  path,
  engine: wanted,
  onRefused,
  writesPerCheckpoint = SQL_WRITES_PER_CHECKPOINT,
}: OpenDatabaseOptions): Promise<SqliteDatabase> {
  const engine = await loadEngine(wanted, onRefused);
  await createPrivately(path);
  const opened: (() => void | Promise<void>)[] = [];
  try {
    const connection = engine.open(path);
    opened.push(() => connection.close());
    configure(connection, engine.durability);
    const log = engine.durability === 'group' ? await openLog(engine, path, writesPerCheckpoint, opened) : undefined;
    return new SqliteDatabase({ engine, connection, log });
  } catch (error) {
    for (const close of opened) await close();
    throw error instanceof PyrgosError ? error : sqlFailure(error).error;
  }
}

/** What syncs and copies the log. `opened`: what is to be closed, in order, when a later step fails; the database file comes last. */
async function openLog(
  engine: LoadedEngine,
  path: string,
  writesPerCheckpoint: number,
  opened: (() => void | Promise<void>)[],
): Promise<LogParts> {
  const reader = engine.open(path);
  opened.push(() => reader.close());
  for (const statement of readerSettings) reader.execute(statement);
  const wal = await WalFile.open(path);
  opened.push(async () => wal.close());
  const file = await DatabaseFile.open(path);
  opened.push(async () => file.close());
  return { wal, file, reader, writesPerCheckpoint };
}
