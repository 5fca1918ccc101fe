/** A value that goes into or comes out of a statement. Integers beyond 2^53 come out as bigint. */
export type SqlValue = null | number | bigint | string | Uint8Array;

/** A result row under the column names of the statement, which are ours, never a user's. */
export type SqlRow = Readonly<Record<string, SqlValue>>;

/** A prepared statement; parameters are positional (`?`). Synchronous. */
export interface SqlStatement {
  /** Runs it; the number of rows changed. */
  run(...parameters: readonly SqlValue[]): { readonly changes: number };
  /** The first row, or undefined. */
  get(...parameters: readonly SqlValue[]): SqlRow | undefined;
  /** All rows. Only for results whose size is bounded by the statement. */
  all(...parameters: readonly SqlValue[]): readonly SqlRow[];
}

/**
 * The embedded transactional database. One connection, one process; statements are synchronous, so a transaction callback runs without
 * interruption. What was committed survives a crash of the process at once, and a crash of the machine once {@link durable} has resolved.
 */
export interface SqlDatabase {
  /** A prepared statement, cached by its text. */
  prepare(sql: string): SqlStatement;
  /** Runs statements without parameters or results: schema changes. */
  execute(sql: string): void;
  /** Runs `work` in one transaction: all or nothing. Must not await. Nested calls become savepoints. */
  transaction<T>(work: () => T): T;
  /** Resolves when everything committed before the call is on disk. Callers that wait at the same time share one sync. */
  durable(): Promise<void>;
  /** A consistent copy of the whole database as a new file, while it is in use. */
  copyTo(path: string): Promise<void>;
  /** Syncs and closes; every later call fails. */
  close(): Promise<void>;
}
