import type { SqlDatabase, SqlStatement } from '../sql/sql-database.js';

/**
 * Which writers count as usage: those that an identity of the user reaches over the table of owned keys (chapter 08 section 6.3).
 * Works inside the transaction that changed the table. Cycles are fine. The statements follow the table by themselves, because a user
 * may have thousands of writers and nobody else is served meanwhile.
 */
export class Attachment {
  private readonly loosen: SqlStatement;
  private readonly spread: SqlStatement;
  private readonly loosenAll: SqlStatement;

  constructor(db: SqlDatabase) {
    this.loosen = db.prepare(`
      UPDATE writers SET is_attached = 0 WHERE id IN (
        WITH RECURSIVE below (id) AS (
          SELECT writers.id FROM json_each(?) JOIN writers ON writers.id = json_each.value WHERE is_attached = 1 AND is_identity = 0
          UNION
          SELECT writers.id FROM below JOIN owned_keys ON parent_id = below.id JOIN writers ON writers.id = child_id
            WHERE is_attached = 1 AND is_identity = 0
        ) SELECT id FROM below)`);
    this.spread = db.prepare(`
      UPDATE writers SET is_attached = 1 WHERE id IN (
        WITH RECURSIVE below (id) AS (
          SELECT child.id FROM writers AS parent JOIN owned_keys ON parent_id = parent.id JOIN writers AS child ON child.id = child_id
            WHERE parent.user_id = ? AND parent.is_attached = 1 AND child.is_attached = 0
          UNION
          SELECT child.id FROM below JOIN owned_keys ON parent_id = below.id JOIN writers AS child ON child.id = child_id
            WHERE child.is_attached = 0
        ) SELECT id FROM below)`);
    this.loosenAll = db.prepare('UPDATE writers SET is_attached = is_identity WHERE user_id = ? AND is_attached <> is_identity');
  }

  /**
   * Brings the flags of a user's writers up to date after rows of owned keys were added and others, to these children, removed; whether any
   * flag has changed. First everything below a removed row loses its flag; then what something else holds gets it back. In this order
   * a writer that moves from one parent to another in the same commit keeps counting, whatever hangs on it.
   */
  settle(userId: number, removedChildren: readonly number[]): boolean {
    const loosened = removedChildren.length === 0 ? 0 : this.loosen.run(JSON.stringify(removedChildren)).changes;
    return this.spread.run(userId).changes + loosened > 0;
  }

  /** Finds all flags of a user's writers out anew. */
  rebuild(userId: number): void {
    this.loosenAll.run(userId);
    this.spread.run(userId);
  }
}
