import { SQL_STATEMENT_CACHE_SIZE } from '../limits.js';
import type { EngineStatement } from './engine.js';

/** The prepared statements that were used last, by their text. Bounded, so that statements with a varying text cannot fill the memory. */
export class StatementCache {
  private readonly statements = new Map<string, EngineStatement>();

  constructor(
    private readonly prepare: (sql: string) => EngineStatement,
    private readonly capacity: number = SQL_STATEMENT_CACHE_SIZE,
  ) {}

  /** The statement, prepared when it is not there. Valid until the next call. */
  get(sql: string): EngineStatement {
    const known = this.statements.get(sql);
    // Most calls repeat one of few statements: moving it to the end at each use is cheaper than it looks (tens of nanoseconds).
    if (known !== undefined) {
      this.statements.delete(sql);
      this.statements.set(sql, known);
      return known;
    }
    const statement = this.prepare(sql);
    this.statements.set(sql, statement);
    if (this.statements.size > this.capacity) {
      const [oldest] = this.statements;
      if (oldest !== undefined) {
        this.statements.delete(oldest[0]);
        oldest[1].finalize();
      }
    }
    return statement;
  }

  /** Finalizes all. */
  clear(): void {
    for (const statement of this.statements.values()) statement.finalize();
    this.statements.clear();
  }
}
