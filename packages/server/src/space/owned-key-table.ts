import type { SqlDatabase, SqlStatement } from '../sql/sql-database.js';
import { readInteger } from '../sql/sql-values.js';

/** Where a writer lists a key: in the CHAMP `owned`, or in the map `named` of its WriterData (chapter 03 section 3.1). */
export const OwnedKeySource = { champ: 0, named: 1 } as const;

/** One of {@link OwnedKeySource}. */
export type OwnedKeySourceCode = (typeof OwnedKeySource)[keyof typeof OwnedKeySource];

/** The table `owned_keys`: which writer lists which, verified (chapter 03 section 1.3). Rows are ids of the table `writers`. */
export class OwnedKeyTable {
  private readonly selectChildren: SqlStatement;
  private readonly selectAllChildren: SqlStatement;
  private readonly countOfUser: SqlStatement;
  private readonly insert: SqlStatement;
  private readonly delete: SqlStatement;
  private readonly deleteOfUser: SqlStatement;

  constructor(db: SqlDatabase) {
    this.selectChildren = db.prepare('SELECT child_id FROM owned_keys WHERE parent_id = ? AND source = ?');
    this.selectAllChildren = db.prepare('SELECT child_id FROM owned_keys WHERE parent_id = ?');
    this.countOfUser = db.prepare('SELECT count(*) AS count FROM writers JOIN owned_keys ON parent_id = writers.id WHERE user_id = ?');
    this.insert = db.prepare('INSERT INTO owned_keys (parent_id, source, child_id) VALUES (?, ?, ?) ON CONFLICT DO NOTHING');
    this.delete = db.prepare('DELETE FROM owned_keys WHERE parent_id = ? AND source = ? AND child_id = ?');
    this.deleteOfUser = db.prepare('DELETE FROM owned_keys WHERE parent_id IN (SELECT id FROM writers WHERE user_id = ?)');
  }

  /** The keys that a writer lists in one place; bounded by the writers that a user may have. */
  children(parentId: number, source: OwnedKeySourceCode): number[] {
    return this.selectChildren.all(parentId, source).map((row) => readInteger(row, 'child_id'));
  }

  /** The keys that a writer lists in either place. */
  allChildren(parentId: number): number[] {
    return this.selectAllChildren.all(parentId).map((row) => readInteger(row, 'child_id'));
  }

  /** How many rows a user's writers have. */
  count(userId: number): number {
    const row = this.countOfUser.get(userId);
    return row === undefined ? 0 : readInteger(row, 'count');
  }

  /** Whether the row is new. */
  add(parentId: number, source: OwnedKeySourceCode, childId: number): boolean {
    return this.insert.run(parentId, source, childId).changes > 0;
  }

  /** Whether there was such a row. */
  remove(parentId: number, source: OwnedKeySourceCode, childId: number): boolean {
    return this.delete.run(parentId, source, childId).changes > 0;
  }

  removeOfUser(userId: number): void {
    this.deleteOfUser.run(userId);
  }
}
