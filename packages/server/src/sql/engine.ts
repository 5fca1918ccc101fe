import type { SqlRow, SqlValue } from './sql-database.js';

/** The SQLite bindings that Pyrgos can use, best first. */
export const sqlEngines = ['node:sqlite', '@photostructure/sqlite', 'node-sqlite3-wasm'] as const;

/** Name of a SQLite binding: its module. */
export type SqlEngine = (typeof sqlEngines)[number];

/** A prepared statement of a binding. The number and types of `values` were checked by the caller. */
export interface EngineStatement {
  /** Runs to completion and drops rows; the number of rows changed by the latest change of data. */
  run(values: readonly SqlValue[]): number;
  get(values: readonly SqlValue[]): SqlRow | undefined;
  all(values: readonly SqlValue[]): readonly SqlRow[];
  /** Frees it; it is not used again. */
  finalize(): void;
}

/** One open connection of a binding. Every method throws the binding's own errors; see sql-error.ts. */
export interface EngineConnection {
  prepare(sql: string): EngineStatement;
  execute(sql: string): void;
  /** Copies the database to a new or empty file as it is at one moment. */
  copyTo(path: string): Promise<void>;
  /** All statements have been finalized before. */
  close(): void;
}

/** A binding that was loaded. */
export interface LoadedEngine {
  readonly name: SqlEngine;
  /**
   * `group`: commits reach the operating system and become durable by a sync of the WAL file that we start. `commit`: the binding
   * syncs inside every commit.
   */
  readonly durability: 'group' | 'commit';
  /** Opens a file, which is created when missing, or `:memory:`. */
  open(path: string): EngineConnection;
}
