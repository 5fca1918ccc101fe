import type { SqlDatabase, SqlRow } from '../sql/sql-database.js';
import { readBytes, readText } from '../sql/sql-values.js';

/** The login data of one user (chapter 05 section 7.1). */
export interface LoginRow {
  readonly username: string;
  /** CBOR UserStaticData. */
  readonly entry: Uint8Array;
  /** CBOR of the login public key that may ask for it. */
  readonly reader: Uint8Array;
}

function readRow(row: SqlRow): LoginRow {
  return { username: readText(row, 'username'), entry: readBytes(row, 'entry'), reader: readBytes(row, 'reader') };
}

/** Table `login`. */
export class LoginTable {
  constructor(private readonly db: SqlDatabase) {}

  /** The row of a user, or undefined. */
  find(username: string): LoginRow | undefined {
    const row = this.db.prepare('SELECT username, entry, reader FROM login WHERE username = ?').get(username);
    return row === undefined ? undefined : readRow(row);
  }

  /** Inserts or replaces. */
  put({ username, entry, reader }: LoginRow): void {
    this.db.prepare('INSERT OR REPLACE INTO login (username, entry, reader) VALUES (?, ?, ?)').run(username, entry, reader);
  }

  /** Deletes the row of a user. */
  delete(username: string): void {
    this.db.prepare('DELETE FROM login WHERE username = ?').run(username);
  }

  /** At most `limit` rows of the users after `username` (exclusive, '' to begin), in order of their names. */
  page(username: string, limit: number): readonly LoginRow[] {
    return this.db
      .prepare('SELECT username, entry, reader FROM login WHERE username > ? ORDER BY username LIMIT ?')
      .all(username, limit)
      .map(readRow);
  }
}
