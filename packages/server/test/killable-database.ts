import type { SqlDatabase, SqlRow, SqlStatement, SqlValue } from '../src/sql/sql-database.js';

/** A database that a test can take away from its users in the middle of their work, as the death of the process does. */
export class KillableDatabase implements SqlDatabase {
  private killed = false;

  constructor(private readonly db: SqlDatabase) {}

  /** Everything fails from now on; what was committed stays. */
  kill(): void {
    this.killed = true;
  }

  prepare(sql: string): SqlStatement {
    const statement = this.alive().prepare(sql);
    const use = (): SqlStatement => {
      this.alive();
      return statement;
    };
    return {
      run: (...parameters: readonly SqlValue[]): { readonly changes: number } => use().run(...parameters),
      get: (...parameters: readonly SqlValue[]): SqlRow | undefined => use().get(...parameters),
      all: (...parameters: readonly SqlValue[]): readonly SqlRow[] => use().all(...parameters),
    };
  }

  execute(sql: string): void {
    this.alive().execute(sql);
  }

  transaction<T>(work: () => T): T {
    return this.alive().transaction(work);
  }

  async durable(): Promise<void> {
    await this.alive().durable();
    this.alive();
  }

  async copyTo(path: string): Promise<void> {
    await this.alive().copyTo(path);
  }

  async close(): Promise<void> {
    await this.db.close();
  }

  private alive(): SqlDatabase {
    if (this.killed) throw new Error('the process is dead');
    return this.db;
  }
}
