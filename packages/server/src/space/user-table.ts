import type { SqlDatabase, SqlRow, SqlStatement } from '../sql/sql-database.js';
import { readFlag, readInteger, readText } from './sql-values.js';
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
  private readonly insert: SqlStatement;
  private readonly updateUsage: SqlStatement;
  private readonly updatePending: SqlStatement;
  private readonly updateErrored: SqlStatement;
  private readonly updateRate: SqlStatement;

  constructor(db: SqlDatabase) {
    this.selectByName = db.prepare(`SELECT ${columns} FROM users WHERE name = ?`);
    this.selectById = db.prepare(`SELECT ${columns} FROM users WHERE id = ?`);
    this.selectNames = db.prepare('SELECT name FROM users ORDER BY name');
    this.insert = db.prepare('INSERT INTO users (name) VALUES (?) ON CONFLICT (name) DO NOTHING');
    this.updateUsage = db.prepare('UPDATE users SET total_bytes = ?, detached_bytes = ? WHERE id = ?');
    this.updatePending = db.prepare('UPDATE users SET pending_bytes = ? WHERE id = ?');
    this.updateErrored = db.prepare('UPDATE users SET is_errored = ? WHERE id = ?');
    this.updateRate = db.prepare('UPDATE users SET upload_start = ?, upload_current = ?, upload_previous = ? WHERE id = ?');
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

  setUploadRate(id: number, rate: RateState): void {
    this.updateRate.run(rate.start, rate.current, rate.previous, id);
  }
}
