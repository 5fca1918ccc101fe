import type { SqlDatabase } from '../sql/sql-database.js';

/** Is told that something may have changed, and is durable. Must neither throw nor take long. */
export type BellListener = (key: string) => void;

/**
 * Tells who waits for a change of something stored that it may have been made (chapter 02 section 24; ours). Costs what nobody waits for nothing but a look into a
 * map: there is no timer, and no query.
 */
export class CommitBell {
  private readonly listeners = new Map<string, Set<BellListener>>();
  private readonly rung = new Set<string>();
  private isTelling = false;

  constructor(private readonly db: Pick<SqlDatabase, 'durable'>) {}

  /** Keys for which somebody waits. */
  get size(): number {
    return this.listeners.size;
  }

  /** Listens to some keys until the function that comes out is called. */
  listen(keys: readonly string[], listener: BellListener): () => void {
    for (const key of keys) {
      const others = this.listeners.get(key);
      if (others === undefined) this.listeners.set(key, new Set([listener]));
      else others.add(listener);
    }
    return () => {
      for (const key of keys) {
        const others = this.listeners.get(key);
        if (others?.delete(listener) === true && others.size === 0) this.listeners.delete(key);
      }
    };
  }

  /**
   * What has this key is being changed: may be called inside the transaction. Those who listen are told when that has ended and what it has written is durable; what
   * was rolled back is told as well, so they have to look.
   */
  ring(key: string): void {
    if (!this.listeners.has(key)) return;
    this.rung.add(key);
    if (!this.isTelling) void this.tell();
  }

  private async tell(): Promise<void> {
    this.isTelling = true;
    // Transactions do not wait: the one that rings is over then.
    await Promise.resolve();
    while (this.rung.size > 0) {
      const keys = [...this.rung];
      this.rung.clear();
      // Who cannot make it durable has told whoever has made the change; those who wait see what everybody sees.
      await this.db.durable().catch(() => undefined);
      for (const key of keys) for (const listener of this.listeners.get(key) ?? []) listener(key);
    }
    this.isTelling = false;
  }
}
