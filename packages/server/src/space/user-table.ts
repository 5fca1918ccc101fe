import type { SqlDatabase, SqlRow, SqlStatement } from '../sql/sql-database.js';
import { readFlag, readInteger, readText } from '../sql/sql-values.js';
import type { RateState } from './upload-rate.js';

/** The account of one user: what it stores and what it is just uploading. Bytes. */
export interface UserRecord {
  readonly id: number;
  readonly name: string;
  /** Counted bytes of all attached writers: the usage (chapter 08 section 6.1). At most 2^53 - 1. */
  readonly totalBytes: number;
  /** Counted bytes of writers that nobody lists any more but whose pointers live on. At most 2^53 - 1. */
  readonly detachedBytes: number;
  /** The sum of what the writers have pending. */
  readonly pendingBytes: number;
  /** Whether the last upload check failed: then deletions get a tolerance (chapter 08 section 6.2). */
  readonly isErrored: boolean;
  readonly uploadRate: RateState;
}

/** How far the writers of a user that lack blocks have been looked through; see late-blocks.ts. */
export interface LateCheck {
  /** The number of the put up to which no block has arrived late; -1: of none. */
  readonly put: number;
  /** How many incomplete versions the user's writers have got so far. */
  readonly changes: number;
}

const columns = 'id, name, total_bytes, detached_bytes, pending_bytes, is_errored, upload_start, upload_current, upload_previous';

function recordOf(row: SqlRow): UserRecord {
  return {
    id: readInteger(row, 'id'),
    name: readText(row, 'name'),
    totalBytes: readInteger(row, 'total_bytes'),
    detachedBytes: readInteger(row, 'detached_bytes'),
    pendingBytes: readInteger(row, 'pending_bytes'),
    isErrored: readFlag(row, 'is_errored'),
    uploadRate: {
      start: readInteger(row, 'upload_start'),
      current: readInteger(row, 'upload_current'),
      previous: readInteger(row, 'upload_previous'),
    },
  };
}

/** The table `users`. Statements only: the rules are in {@link UsageLedger}. */
export class UserTable {
  private readonly selectByName: SqlStatement;
  private readonly selectById: SqlStatement;
  private readonly selectNames: SqlStatement;
  private readonly selectBlocks: SqlStatement;
  private readonly insert: SqlStatement;
  private readonly updateUsage: SqlStatement;
  private readonly updatePending: SqlStatement;
  private readonly updateErrored: SqlStatement;
  private readonly updateRate: SqlStatement;
  private readonly selectCheck: SqlStatement;
  private readonly updateCheck: SqlStatement;
  private readonly updateIncomplete: SqlStatement;

  constructor(db: SqlDatabase) {
    this.selectByName = db.prepare(`SELECT ${columns} FROM users WHERE name = ?`);
    this.selectById = db.prepare(`SELECT ${columns} FROM users WHERE id = ?`);
    this.selectNames = db.prepare('SELECT name FROM users ORDER BY name');
    this.selectBlocks = db.prepare('SELECT blocks FROM partitions WHERE username = ?');
    this.insert = db.prepare('INSERT INTO users (name) VALUES (?) ON CONFLICT (name) DO NOTHING');
    this.updateUsage = db.prepare('UPDATE users SET total_bytes = ?, detached_bytes = ? WHERE id = ?');
    this.updatePending = db.prepare('UPDATE users SET pending_bytes = ? WHERE id = ?');
    this.updateErrored = db.prepare('UPDATE users SET is_errored = ? WHERE id = ?');
    this.updateRate = db.prepare('UPDATE users SET upload_start = ?, upload_current = ?, upload_previous = ? WHERE id = ?');
    this.selectCheck = db.prepare('SELECT checked_put, incomplete_changes FROM users WHERE id = ?');
    this.updateCheck = db.prepare('UPDATE users SET checked_put = ? WHERE id = ? AND incomplete_changes = ?');
    this.updateIncomplete = db.prepare(
      'UPDATE users SET checked_put = iif(?, ?, min(checked_put, ?)), incomplete_changes = incomplete_changes + 1 WHERE id = ?',
    );
  }

  /** The user of this name, or undefined. */
  find(name: string): UserRecord | undefined {
    const row = this.selectByName.get(name);
    return row === undefined ? undefined : recordOf(row);
  }

  /** The user of a row that refers to it. */
  get(id: number): UserRecord {
    const row = this.selectById.get(id);
    if (row === undefined) throw new RangeError('no such user');
    return recordOf(row);
  }

  /** Adds the user unless it is there. */
  ensure(name: string): UserRecord {
    const found = this.find(name);
    if (found !== undefined) return found;
    this.insert.run(name);
    return this.ensure(name);
  }

  /** How many blocks a user has, those that garbage collection will delete included. */
  blocks(name: string): number {
    const row = this.selectBlocks.get(name);
    return row === undefined ? 0 : readInteger(row, 'blocks');
  }

  /** All names, sorted by code point. */
  names(): string[] {
    return this.selectNames.all().map((row) => readText(row, 'name'));
  }

  setUsage(id: number, totalBytes: number, detachedBytes: number): void {
    this.updateUsage.run(totalBytes, detachedBytes, id);
  }

  setPending(id: number, pendingBytes: number): void {
    this.updatePending.run(pendingBytes, id);
  }

  setErrored(id: number, isErrored: boolean): void {
    this.updateErrored.run(isErrored ? 1 : 0, id);
  }

  /** How far the writers that lack blocks have been looked through. */
  lateCheck(id: number): LateCheck {
    const row = this.selectCheck.get(id);
    if (row === undefined) throw new RangeError('no such user');
    return { put: readInteger(row, 'checked_put'), changes: readInteger(row, 'incomplete_changes') };
  }

  /** Notes down how far they have been, unless an incomplete version has come in since `changes` was read. */
  setLateCheck(id: number, { changes, put }: LateCheck): void {
    this.updateCheck.run(put, id, changes);
  }

  /**
   * A version that lacked blocks came in; it was counted after the put `put` and perhaps before later ones. `isFirst`: no other writer of
   * the user lacks any.
   */
  addIncomplete(id: number, put: number, isFirst: boolean): void {
    this.updateIncomplete.run(isFirst ? 1 : 0, put, put, id);
  }

  setUploadRate(id: number, rate: RateState): void {
    this.updateRate.run(rate.start, rate.current, rate.previous, id);
  }
}
