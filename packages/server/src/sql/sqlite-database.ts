import { open, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ArgumentError, PyrgosError } from '@pyrgos/core/errors';
import { systemReason } from '../system-reason.js';
import { SQL_STATEMENT_CACHE_SIZE } from '../limits.js';
import { Checkpointer, type DatabaseFile } from './checkpointer.js';
import type { EngineConnection, EngineStatement, LoadedEngine, SqlEngine } from './engine.js';
import { GroupSync } from './group-sync.js';
import { checkParameters, countParameters } from './parameters.js';
import type { SqlDatabase, SqlRow, SqlStatement, SqlValue } from './sql-database.js';
import { sqlFailure } from './sql-error.js';
import { StatementCache } from './statement-cache.js';
import { syncFolder, type WalFile } from './wal-file.js';

/** What {@link SqliteDatabase} is made of; see open-database.ts. */
export interface SqliteDatabaseParts {
  readonly engine: LoadedEngine;
  readonly connection: EngineConnection;
  /** What makes commits durable in groups; absent when the engine syncs each commit. */
  readonly log: LogParts | undefined;
}

/** What {@link SqliteDatabase} needs to sync and copy the log by itself. */
export interface LogParts {
  readonly wal: WalFile;
  readonly file: DatabaseFile;
  /** Another connection, for the {@link Checkpointer}. */
  readonly reader: EngineConnection;
  readonly writesPerCheckpoint: number;
}

class CachedStatement implements SqlStatement {
  private readonly parameterCount: number;
  private readonly isQuery: boolean;

  constructor(
    private readonly sql: string,
    private readonly use: <T>(sql: string, isQuery: boolean, action: (statement: EngineStatement) => T) => T,
  ) {
    this.parameterCount = countParameters(sql);
    this.isQuery = /^\s*SELECT\b/i.test(sql);
  }

  run(...parameters: readonly SqlValue[]): { readonly changes: number } {
    checkParameters(parameters, this.parameterCount);
    return { changes: this.use(this.sql, this.isQuery, (statement) => statement.run(parameters)) };
  }

  get(...parameters: readonly SqlValue[]): SqlRow | undefined {
    checkParameters(parameters, this.parameterCount);
    return this.use(this.sql, this.isQuery, (statement) => statement.get(parameters));
  }

  all(...parameters: readonly SqlValue[]): readonly SqlRow[] {
    checkParameters(parameters, this.parameterCount);
    return this.use(this.sql, this.isQuery, (statement) => statement.all(parameters));
  }
}

/**
 * {@link SqlDatabase} on one SQLite connection. Engine failures become PyrgosError `storage` without values or paths; wrong parameters are
 * an ArgumentError. Text must not contain NUL, because no binding reads it back whole.
 */
export class SqliteDatabase implements SqlDatabase {
  /** The binding in use. */
  readonly engine: SqlEngine;
  /** Whether the log is kept short. */
  isSparingDisk = false;

  private readonly connection: EngineConnection;
  private readonly log: LogParts | undefined;
  private readonly checkpointer: Checkpointer | undefined;
  private readonly statements: StatementCache;
  /** What was prepared, by its text. */
  private readonly prepared = new Map<string, SqlStatement>();
  private readonly group: GroupSync;
  private depth = 0;
  /** Why the current transaction cannot be committed any more, although its callback may not know. */
  private doom: PyrgosError | undefined;
  /**
   * Counts what may have written; {@link durableVersion} is the part of it that is known to be on disk. What an earlier life of the process has committed is
   * read here already, and need not be there.
   */
  private version = 1;
  private durableVersion = 0;
  private readonly copies = new Set<Promise<void>>();
  private state: 'open' | 'closing' | 'closed' = 'open';

  constructor({ engine, connection, log }: SqliteDatabaseParts) {
    this.engine = engine.name;
    this.connection = connection;
    this.log = log;
    this.statements = new StatementCache((sql) => connection.prepare(sql));
    this.group = new GroupSync(async () => this.syncLog());
    this.checkpointer =
      log === undefined
        ? undefined
        : new Checkpointer({ ...log, writer: connection, syncLog: async () => this.group.sync(), writes: () => this.version });
  }

  prepare(sql: string): SqlStatement {
    this.requireOpen();
    const known = this.prepared.get(sql);
    if (known !== undefined) return known;
    const statement = new CachedStatement(sql, (text, isQuery, action) => this.use(text, isQuery, action));
    if (this.prepared.size >= SQL_STATEMENT_CACHE_SIZE) this.prepared.clear();
    this.prepared.set(sql, statement);
    return statement;
  }

  execute(sql: string): void {
    this.requireUsable();
    this.attempt(() => this.connection.execute(sql));
    // The WASM binding takes the names of columns from before a change of the schema.
    this.statements.clear();
    this.version++;
  }

  transaction<T>(work: () => T): T {
    this.requireUsable();
    return this.depth === 0 ? this.outerTransaction(work) : this.nestedTransaction(work);
  }

  async durable(): Promise<void> {
    if (this.state === 'closed') throw closedError();
    if (this.depth > 0) throw new ArgumentError('durable', 'must not be called inside a transaction');
    if (this.checkpointer?.failure !== undefined) throw this.checkpointer.failure;
    if (this.log === undefined || this.durableVersion >= this.version) return;
    await this.group.sync();
    await this.checkpointer?.room();
  }

  /** Writes what is there already and waits until that is durable: fails when the disk takes nothing. Durable, and changes nothing. */
  async probe(): Promise<void> {
    const { user_version: version } = this.prepare('PRAGMA user_version').get() ?? {};
    this.prepare(`PRAGMA user_version = ${Number(version)}`).run();
    await this.durable();
  }

  /** Keeps the log short from now on, or no longer: for a disk that has no room. */
  spareDisk(isSparing: boolean): void {
    this.isSparingDisk = isSparing;
    this.checkpointer?.spare(isSparing);
  }

  /**
   * Copies the log into the database, so that it is used again from its beginning instead of growing. Only an attempt: nothing is lost when it is not
   * possible.
   */
  async shortenLog(): Promise<void> {
    this.requireOpen();
    if (this.depth > 0) throw new ArgumentError('shortenLog', 'must not be called inside a transaction');
    await this.checkpointer?.copyNow();
  }

  async copyTo(path: string): Promise<void> {
    this.requireUsable();
    if (this.depth > 0) throw new ArgumentError('copyTo', 'must not be called inside a transaction');
    const copy = this.copy(path);
    this.copies.add(copy);
    try {
      await copy;
    } finally {
      this.copies.delete(copy);
    }
  }

  async close(): Promise<void> {
    if (this.state !== 'open') return;
    if (this.depth > 0) throw new ArgumentError('close', 'must not be called inside a transaction');
    this.state = 'closing';
    try {
      await this.checkpointer?.idle();
      if (this.durableVersion < this.version) await this.group.sync();
    } finally {
      this.state = 'closed';
      await Promise.allSettled(this.copies);
      await this.closeConnections();
    }
  }

  private async copy(path: string): Promise<void> {
    // Creates the file with its permissions, and refuses one that exists.
    const file = await open(path, 'wx', 0o600).catch((error: unknown) => {
      throw copyError(error);
    });
    await file.close();
    try {
      await this.connection.copyTo(path);
      const copy = await open(path, 'r+');
      try {
        await copy.sync();
      } finally {
        await copy.close();
      }
      await syncFolder(dirname(path));
    } catch (error) {
      await rm(path, { force: true });
      if (error instanceof PyrgosError) throw error;
      throw error instanceof Error && 'errcode' in error ? sqlFailure(error).error : copyError(error);
    }
  }

  private async closeConnections(): Promise<void> {
    this.statements.clear();
    this.prepared.clear();
    // Closing would remove the log, which holds what the database file may have lost.
    if (this.checkpointer?.failure !== undefined) return;
    if (this.log !== undefined) this.tolerate(() => this.log?.reader.close());
    // Not every binding ends the connection before its statements are garbage, so the log is emptied here. A failure harms nothing: what
    // is in the log is read at the next start.
    this.tolerate(() => this.connection.execute('PRAGMA wal_checkpoint(TRUNCATE)'));
    this.tolerate(() => this.connection.close());
    await this.log?.wal.close();
    await this.log?.file.close();
  }

  private async syncLog(): Promise<void> {
    const { version } = this;
    await this.log?.wal.sync();
    this.durableVersion = version;
  }

  private outerTransaction<T>(work: () => T): T {
    this.control('BEGIN IMMEDIATE');
    this.depth = 1;
    const before = this.version;
    let isCommitted = false;
    try {
      const result = work();
      requireSynchronous(result);
      if (this.doom !== undefined) throw this.doom;
      this.control('COMMIT');
      // What wrote nothing waits for no sync: on a disk that has become read-only that would be the end of the log.
      if (this.version !== before) this.version++;
      isCommitted = true;
      return result;
    } catch (error) {
      // After some failures SQLite has rolled back by itself and says that there is no transaction.
      this.tolerate(() => this.statements.get('ROLLBACK').run([]));
      throw error;
    } finally {
      this.depth = 0;
      this.doom = undefined;
      if (isCommitted) this.checkpointer?.committed();
    }
  }

  private nestedTransaction<T>(work: () => T): T {
    const savepoint = `level${this.depth}`;
    this.control(`SAVEPOINT ${savepoint}`);
    this.depth++;
    try {
      const result = work();
      requireSynchronous(result);
      if (this.doom !== undefined) throw this.doom;
      this.control(`RELEASE ${savepoint}`);
      return result;
    } catch (error) {
      if (this.doom === undefined) {
        this.control(`ROLLBACK TO ${savepoint}`);
        this.control(`RELEASE ${savepoint}`);
      }
      throw error;
    } finally {
      this.depth--;
    }
  }

  private tolerate(action: () => void): void {
    try {
      action();
    } catch {
      // The caller says why.
    }
  }

  private control(sql: string): void {
    this.attempt(() => this.statements.get(sql).run([]));
  }

  private use<T>(sql: string, isQuery: boolean, action: (statement: EngineStatement) => T): T {
    this.requireUsable();
    const result = this.attempt(() => action(this.statements.get(sql)));
    if (isQuery) return result;
    this.version++;
    if (this.depth === 0) this.checkpointer?.committed();
    return result;
  }

  private attempt<T>(action: () => T): T {
    try {
      return action();
    } catch (thrown) {
      const { error, endsTransaction } = sqlFailure(thrown);
      // What follows in the callback would otherwise run outside of any transaction and stay.
      if (endsTransaction && this.depth > 0) this.doom ??= error;
      throw error;
    }
  }

  private requireOpen(): void {
    if (this.state !== 'open') throw closedError();
  }

  private requireUsable(): void {
    this.requireOpen();
    if (this.doom !== undefined) throw this.doom;
  }
}

function closedError(): PyrgosError {
  return new PyrgosError('storage', 'The database is closed: the server is stopping.');
}

function copyError(error: unknown): PyrgosError {
  const system = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown';
  const reasons = new Map([
    ['EEXIST', 'the file exists already'],
    ['ENOENT', 'the folder does not exist'],
    ['EACCES', 'the folder is not writable'],
  ]);
  return new PyrgosError('storage', `The database cannot be copied: ${reasons.get(system) ?? systemReason(error)}.`, { data: { system } });
}

function requireSynchronous(result: unknown): void {
  if (typeof result === 'object' && result !== null && 'then' in result && typeof result.then === 'function') {
    throw new ArgumentError('work', 'a transaction must not be asynchronous');
  }
}
