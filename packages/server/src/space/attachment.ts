import type { SqlDatabase, SqlStatement } from '../sql/sql-database.js';
import { readInteger } from '../sql/sql-values.js';

/**
 * Which writers count as usage: those that an identity of the user reaches over the table of owned keys (chapter 08 section 6.3).
 * Works inside the transaction that changed the table. Cycles are fine. The statements follow the table by themselves, because a user
 * may have thousands of writers and nobody else is served meanwhile; they look at nothing but what hangs on the changed rows.
 */
export class Attachment {
  private readonly selectBelow: SqlStatement;
  private readonly loosen: SqlStatement;
  private readonly spread: SqlStatement;
  private readonly loosenAll: SqlStatement;
  private readonly spreadAll: SqlStatement;

  constructor(db: SqlDatabase) {
    this.selectBelow = db.prepare(`
      WITH RECURSIVE below (id) AS (
        SELECT writers.id FROM json_each(?) JOIN writers ON writers.id = json_each.value WHERE is_attached = 1 AND is_identity = 0
        UNION
        SELECT writers.id FROM below JOIN owned_keys ON parent_id = below.id JOIN writers ON writers.id = child_id
          WHERE is_attached = 1 AND is_identity = 0
      ) SELECT id FROM below`);
    this.loosen = db.prepare('UPDATE writers SET is_attached = 0 WHERE id IN (SELECT value FROM json_each(?))');
    this.spread = db.prepare(`
      UPDATE writers SET is_attached = 1 WHERE id IN (
        WITH RECURSIVE below (id) AS (
          SELECT child.id FROM json_each(?) JOIN writers AS child ON child.id = json_each.value
            WHERE child.is_attached = 0 AND EXISTS (
              SELECT 1 FROM owned_keys JOIN writers AS parent ON parent.id = parent_id WHERE child_id = child.id AND parent.is_attached = 1)
          UNION
          SELECT child.id FROM below JOIN owned_keys ON parent_id = below.id JOIN writers AS child ON child.id = child_id
            WHERE child.is_attached = 0
        ) SELECT id FROM below)`);
    this.loosenAll = db.prepare('UPDATE writers SET is_attached = is_identity WHERE user_id = ? AND is_attached <> is_identity');
    this.spreadAll = db.prepare(`
      UPDATE writers SET is_attached = 1 WHERE id IN (
        WITH RECURSIVE below (id) AS (
          SELECT child.id FROM writers AS parent JOIN owned_keys ON parent_id = parent.id JOIN writers AS child ON child.id = child_id
            WHERE parent.user_id = ? AND parent.is_attached = 1 AND child.is_attached = 0
          UNION
          SELECT child.id FROM below JOIN owned_keys ON parent_id = below.id JOIN writers AS child ON child.id = child_id
            WHERE child.is_attached = 0
        ) SELECT id FROM below)`);
  }

  /**
   * Brings the flags of a user's writers up to date after rows of owned keys to some children were added, and others removed; whether any
   * flag has changed. First everything below a removed row loses its flag; then what something else holds gets it back. In this order
   * a writer that moves from one parent to another in the same commit keeps counting, whatever hangs on it.
   */
  settle(addedChildren: readonly number[], removedChildren: readonly number[]): boolean {
    const loose =
      removedChildren.length === 0 ? [] : this.selectBelow.all(JSON.stringify(removedChildren)).map((row) => readInteger(row, 'id'));
    if (loose.length > 0) this.loosen.run(JSON.stringify(loose));
    const candidates = [...addedChildren, ...loose];
    const spread = candidates.length === 0 ? 0 : this.spread.run(JSON.stringify(candidates)).changes;
    return loose.length + spread > 0;
  }

  /** Finds all flags of a user's writers out anew. */
  rebuild(userId: number): void {
    this.loosenAll.run(userId);
    this.spreadAll.run(userId);
  }
}
