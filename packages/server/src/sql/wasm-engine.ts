import { rmdirSync } from 'node:fs';
import type { EngineConnection, EngineStatement, LoadedEngine } from './engine.js';
import type { SqlRow, SqlValue } from './sql-database.js';

/** The part of `node-sqlite3-wasm` that we use. */
interface WasmModule {
  readonly Database: new (path: string) => WasmDatabase;
}

interface WasmDatabase {
  exec(sql: string): void;
  prepare(sql: string): WasmStatement;
  close(): void;
}

interface WasmStatement {
  all(values: readonly SqlValue[]): SqlRow[];
  finalize(): void;
}

function isWasmModule(module: object): module is WasmModule {
  return 'Database' in module && typeof module.Database === 'function';
}

/**
 * Only `all` is used: the binding's `run` and `get` stop after one row and leave the statement, and with it the transaction, open. After a
 * failure the binding refuses to reset the statement, and reports the failure again when it is finalized, so it is prepared anew.
 */
class WasmEngineStatement implements EngineStatement {
  private statement: WasmStatement | undefined;

  constructor(
    private readonly prepare: () => WasmStatement,
    private readonly countChanges: () => number,
  ) {
    this.statement = prepare();
  }

  run(values: readonly SqlValue[]): number {
    this.all(values);
    return this.countChanges();
  }

  get(values: readonly SqlValue[]): SqlRow | undefined {
    return this.all(values)[0];
  }

  all(values: readonly SqlValue[]): readonly SqlRow[] {
    this.statement ??= this.prepare();
    try {
      return this.statement.all(values);
    } catch (error) {
      this.finalize();
      throw error;
    }
  }

  finalize(): void {
    const { statement } = this;
    this.statement = undefined;
    try {
      statement?.finalize();
    } catch {
      // The failure of the last run once more; it is freed all the same.
    }
  }
}

class WasmConnection implements EngineConnection {
  private readonly changes: WasmStatement;

  constructor(private readonly database: WasmDatabase) {
    // There is no shared memory: a write-ahead log works only for a connection that has the file for itself. Said before the first read.
    database.exec('PRAGMA locking_mode = EXCLUSIVE');
    this.changes = database.prepare('SELECT changes() AS changes');
  }

  prepare(sql: string): EngineStatement {
    return new WasmEngineStatement(
      () => this.database.prepare(sql),
      () => Number(this.changes.all([])[0]?.['changes']),
    );
  }

  execute(sql: string): void {
    this.database.exec(sql);
  }

  async copyTo(path: string): Promise<void> {
    const vacuum = this.database.prepare('VACUUM INTO ?');
    try {
      vacuum.all([path]);
    } finally {
      vacuum.finalize();
    }
  }

  close(): void {
    this.changes.finalize();
    this.database.close();
  }
}

function openExclusively(module: WasmModule, path: string): EngineConnection {
  if (path !== ':memory:') {
    try {
      // The binding locks a file with a folder, which a killed process leaves behind. We hold the lock of the whole data directory
      // (config/data-directory-lock.ts), so a folder that is there now belongs to nobody.
      rmdirSync(`${path}.lock`);
    } catch (error) {
      if (!(error instanceof Error) || !('code' in error) || error.code !== 'ENOENT') throw error;
    }
  }
  const database = new module.Database(path);
  try {
    return new WasmConnection(database);
  } catch (error) {
    database.close();
    throw error;
  }
}

/**
 * Wraps `node-sqlite3-wasm`, SQLite without a native binding. Its file access is Node's own, on the main thread; commits are synced one
 * by one (`synchronous = FULL`), so there is nothing left for `durable()` to do. Throws when `module` is something else.
 */
export function createWasmEngine(module: object): LoadedEngine {
  if (!isWasmModule(module)) throw new TypeError('has no Database');
  return { name: 'node-sqlite3-wasm', durability: 'commit', open: (path) => openExclusively(module, path) };
}
