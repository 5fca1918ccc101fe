import { MAX_PENDING_FOLLOW_REQUESTS } from '../limits.js';
import { readBytes, readInteger } from '../sql/sql-values.js';
import type { SqlDatabase, SqlStatement } from '../sql/sql-database.js';

/** The follow requests that wait for their recipients, byte for byte (chapter 06 section 3.5). */
export class FollowRequestTable {
  private readonly count: SqlStatement;
  private readonly select: SqlStatement;
  private readonly insert: SqlStatement;
  private readonly delete: SqlStatement;
  /** Called whenever the requests for a user may have changed, before the transaction ends that changes them. */
  onChange: (username: string) => void = () => undefined;

  constructor(private readonly db: SqlDatabase) {
    this.count = db.prepare('SELECT count(*) AS count FROM follow_requests WHERE name = ?');
    this.select = db.prepare('SELECT request FROM follow_requests WHERE name = ? ORDER BY id');
    this.insert = db.prepare('INSERT INTO follow_requests (name, request) VALUES (?, ?)');
    this.delete = db.prepare('DELETE FROM follow_requests WHERE name = ? AND request = ?');
  }

  /** Stores a request; false when more than MAX_PENDING_FOLLOW_REQUESTS are waiting. The same one may wait twice. */
  add(username: string, request: Uint8Array): boolean {
    return this.db.transaction(() => {
      const row = this.count.get(username);
      if (row !== undefined && readInteger(row, 'count') > MAX_PENDING_FOLLOW_REQUESTS) return false;
      this.insert.run(username, request);
      this.onChange(username);
      return true;
    });
  }

  /** What is waiting for a user, oldest first. */
  list(username: string): Uint8Array[] {
    return this.select.all(username).map((row) => readBytes(row, 'request'));
  }

  /** Removes all copies of exactly these bytes. */
  remove(username: string, request: Uint8Array): void {
    this.delete.run(username, request);
    this.onChange(username);
  }
}
