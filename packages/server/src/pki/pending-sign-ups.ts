import { OpLog, UserPublicKeyLink } from '@pyrgos/core/accounts';
import { copyBytes } from '@pyrgos/core/bytes';
import { readBytes, readFlag, readInteger, readText } from '../sql/sql-values.js';
import type { SqlDatabase, SqlRow } from '../sql/sql-database.js';

/** A sign-up that was found good and is not finished. */
export interface PendingSignUp {
  readonly username: string;
  readonly link: UserPublicKeyLink;
  /** Undefined when the name is claimed without data. */
  readonly log: OpLog | undefined;
  /** Empty when there is none. */
  readonly token: string;
  /** Whether the user's quota exists only because of this sign-up. */
  readonly hasPlace: boolean;
  /** ms since the epoch. */
  readonly created: number;
}

function readRow(row: SqlRow): PendingSignUp {
  return {
    username: readText(row, 'username'),
    link: UserPublicKeyLink.decode(readBytes(row, 'link')),
    log: row['log'] === null ? undefined : OpLog.decode(copyBytes(readBytes(row, 'log'))),
    token: readText(row, 'token'),
    hasPlace: readFlag(row, 'has_place'),
    created: readInteger(row, 'created'),
  };
}

/**
 * Table `pendingsignups`. A row is there from before the claim of the name until everything is stored, so that a crash in between is
 * finished later: the client has no second chance, because the name is taken (chapter 05 section 12.7).
 */
export class PendingSignUps {
  constructor(private readonly db: SqlDatabase) {}

  /** The pending sign-up of a name. */
  find(username: string): PendingSignUp | undefined {
    const row = this.db.prepare('SELECT * FROM pendingsignups WHERE username = ?').get(username);
    return row === undefined ? undefined : readRow(row);
  }

  /** At most `limit` names after `after` (exclusive, '' to begin), sorted. */
  names(after: string, limit: number): readonly string[] {
    return this.db
      .prepare('SELECT username FROM pendingsignups WHERE username > ? ORDER BY username LIMIT ?')
      .all(after, limit)
      .map((row) => readText(row, 'username'));
  }

  /** Adds a sign-up; there must be none of the name. */
  add({ username, link, log, token, hasPlace, created }: PendingSignUp): void {
    this.db
      .prepare('INSERT INTO pendingsignups (username, link, log, token, has_place, created) VALUES (?, ?, ?, ?, ?, ?)')
      .run(username, link.encode(), log?.encode() ?? null, token, hasPlace ? 1 : 0, created);
  }

  /** Forgets the sign-up of a name. */
  remove(username: string): void {
    this.db.prepare('DELETE FROM pendingsignups WHERE username = ?').run(username);
  }
}
