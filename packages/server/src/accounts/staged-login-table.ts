import { type Cid, decodeCid } from '@pyrgos/core/codec';
import { PublicKeyHash } from '@pyrgos/core/keys';
import type { SqlDatabase, SqlRow } from '../sql/sql-database.js';
import { readBytes, readInteger, readText } from '../sql/sql-values.js';
import type { LoginRow } from './login-table.js';

/** A password change that is not known to be complete (chapter 05 section 7.2). */
export interface StagedLoginRow extends LoginRow {
  /** The identity, whose pointer publishes the change. */
  readonly writer: PublicKeyHash;
  /** The WriterData that the pointer targets when the change has happened. */
  readonly target: Cid;
  /** Milliseconds since the epoch. */
  readonly created: number;
}

const COLUMNS = 'username, entry, reader, writer, target, created';

function readRow(row: SqlRow): StagedLoginRow {
  return {
    username: readText(row, 'username'),
    entry: readBytes(row, 'entry'),
    reader: readBytes(row, 'reader'),
    writer: PublicKeyHash.fromCid(decodeCid(readBytes(row, 'writer'))),
    target: decodeCid(readBytes(row, 'target')),
    created: readInteger(row, 'created'),
  };
}

/** Table `pendinglogin`. */
export class StagedLoginTable {
  constructor(private readonly db: SqlDatabase) {}

  /** Whether the user has any: the common answer, no, is cheap. */
  hasAny(username: string): boolean {
    return this.db.prepare('SELECT 1 AS found FROM pendinglogin WHERE username = ? LIMIT 1').get(username) !== undefined;
  }

  /** The rows of a user, oldest first: MAX_STAGED_PASSWORD_CHANGES at most. */
  list(username: string): readonly StagedLoginRow[] {
    return this.db.prepare(`SELECT ${COLUMNS} FROM pendinglogin WHERE username = ? ORDER BY created, reader`).all(username).map(readRow);
  }

  /** All users that have any, sorted. Interrupted changes are rare. */
  users(): readonly string[] {
    return this.db
      .prepare('SELECT DISTINCT username FROM pendinglogin ORDER BY username')
      .all()
      .map((row) => readText(row, 'username'));
  }

  /** Inserts, or replaces the row with the same user and reader. */
  put({ username, entry, reader, writer, target, created }: StagedLoginRow): void {
    this.db
      .prepare(`INSERT OR REPLACE INTO pendinglogin (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)`)
      .run(username, entry, reader, writer.cid.bytes, target.bytes, created);
  }

  /** Deletes the rows of a user. */
  deleteAll(username: string): void {
    this.db.prepare('DELETE FROM pendinglogin WHERE username = ?').run(username);
  }
}
