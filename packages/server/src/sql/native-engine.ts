import { copyInChild } from './copy-in-child.js';
import type { EngineConnection, EngineStatement, LoadedEngine, SqlEngine } from './engine.js';
import type { SqlRow, SqlValue } from './sql-database.js';

/** The part of `node:sqlite` that we use; `@photostructure/sqlite` has the same. Types of our own, because Node 20 has none. */
interface NativeModule {
  readonly DatabaseSync: new (path: string) => NativeDatabase;
}

interface NativeDatabase {
  exec(sql: string): void;
  prepare(sql: string): NativeStatement;
  close(): void;
}

interface NativeStatement {
  setReadBigInts(enabled: boolean): void;
  run(...values: readonly SqlValue[]): { readonly changes: number | bigint };
  get(...values: readonly SqlValue[]): Record<string, SqlValue> | undefined;
  all(...values: readonly SqlValue[]): Record<string, SqlValue>[];
  /** Some versions have it; the others free a statement when it is garbage, and the connection with the last one. */
  readonly [Symbol.dispose]?: () => void;
}

function isNativeModule(module: object): module is NativeModule {
  return 'DatabaseSync' in module && typeof module.DatabaseSync === 'function';
}

/** Integers are read as bigint, because the binding refuses larger ones otherwise; those that fit become numbers here. */
function toRow(row: Record<string, SqlValue>): SqlRow {
  for (const column in row) {
    const value = row[column];
    if (typeof value === 'bigint' && value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER) row[column] = Number(value);
  }
  return row;
}

/** Bindings bind some or all numbers as REAL; integers must stay integers in expressions and in columns of type ANY. */
function toNative(value: SqlValue): SqlValue {
  return typeof value === 'number' && Number.isSafeInteger(value) ? BigInt(value) : value;
}

class NativeEngineStatement implements EngineStatement {
  constructor(private readonly statement: NativeStatement) {
    statement.setReadBigInts(true);
  }

  run(values: readonly SqlValue[]): number {
    return Number(this.statement.run(...values.map(toNative)).changes);
  }

  get(values: readonly SqlValue[]): SqlRow | undefined {
    const row = this.statement.get(...values.map(toNative));
    return row === undefined ? undefined : toRow(row);
  }

  all(values: readonly SqlValue[]): readonly SqlRow[] {
    return this.statement.all(...values.map(toNative)).map(toRow);
  }

  finalize(): void {
    this.statement[Symbol.dispose]?.();
  }
}

class NativeConnection implements EngineConnection {
  constructor(
    private readonly engine: SqlEngine,
    private readonly path: string,
    private readonly database: NativeDatabase,
  ) {}

  prepare(sql: string): EngineStatement {
    return new NativeEngineStatement(this.database.prepare(sql));
  }

  execute(sql: string): void {
    this.database.exec(sql);
  }

  async copyTo(path: string): Promise<void> {
    await copyInChild({ engine: this.engine, source: this.path, target: path });
  }

  close(): void {
    this.database.close();
  }
}

/** Wraps `node:sqlite` or `@photostructure/sqlite`. Throws when `module` is neither. */
export function createNativeEngine(name: SqlEngine, module: object): LoadedEngine {
  if (!isNativeModule(module)) throw new TypeError('has no DatabaseSync');
  return { name, durability: 'group', open: (path) => new NativeConnection(name, path, new module.DatabaseSync(path)) };
}
