import type { AttemptsLeft, SavedAttempts } from './attempt-limiter.js';
import type { SqlDatabase, SqlRow } from '../sql/sql-database.js';
import { readBytes, readFlag, readInteger, readText } from '../sql/sql-values.js';

/** A second factor of a user (chapter 05 sections 7.1 and 15.1). */
export interface FactorRow {
  readonly username: string;
  readonly name: string;
  readonly credentialId: Uint8Array;
  /** See MfaType. */
  readonly type: number;
  readonly enabled: boolean;
  /** Days since 1970-01-01. */
  readonly createdDay: number;
  /** TOTP and mount: the key. WebAuthn: CBOR WebauthnVerifier. Backup codes: CBOR BackupCodeHashes. */
  readonly value: Uint8Array;
}

const COLUMNS = 'username, name, credid, type, enabled, created, value';

function readRow(row: SqlRow): FactorRow {
  return {
    username: readText(row, 'username'),
    name: readText(row, 'name'),
    credentialId: readBytes(row, 'credid'),
    type: readInteger(row, 'type'),
    enabled: readFlag(row, 'enabled'),
    createdDay: readInteger(row, 'created'),
    value: readBytes(row, 'value'),
  };
}

/** Table `mfa`. */
export class FactorTable implements SavedAttempts {
  constructor(private readonly db: SqlDatabase) {}

  /** The factors of a user in order of creation; the calls that add one keep their number small. */
  list(username: string): readonly FactorRow[] {
    return this.db.prepare(`SELECT ${COLUMNS} FROM mfa WHERE username = ? ORDER BY id`).all(username).map(readRow);
  }

  /** One factor of a user, or undefined. */
  find(username: string, credentialId: Uint8Array): FactorRow | undefined {
    const row = this.db.prepare(`SELECT ${COLUMNS} FROM mfa WHERE username = ? AND credid = ?`).get(username, credentialId);
    return row === undefined ? undefined : readRow(row);
  }

  /** Inserts; false when the user has a factor with this credential id already. */
  insert({ username, name, credentialId, type, enabled, createdDay, value }: FactorRow): boolean {
    return (
      this.db
        .prepare(`INSERT OR IGNORE INTO mfa (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)`)
        .run(username, name, credentialId, type, enabled ? 1 : 0, createdDay, value).changes === 1
    );
  }

  /** Enables a factor; false when there is none. */
  enable(username: string, credentialId: Uint8Array): boolean {
    return this.db.prepare('UPDATE mfa SET enabled = 1 WHERE username = ? AND credid = ?').run(username, credentialId).changes === 1;
  }

  /** Replaces value and name if the value still is `expected`: compare-and-swap. */
  replaceValue({ username, credentialId, value: expected }: FactorRow, value: Uint8Array, name: string): boolean {
    return (
      this.db
        .prepare('UPDATE mfa SET value = ?, name = ? WHERE username = ? AND credid = ? AND value = ?')
        .run(value, name, username, credentialId, expected).changes === 1
    );
  }

  /** Deletes one factor of any type. */
  delete(username: string, credentialId: Uint8Array): void {
    this.db.prepare('DELETE FROM mfa WHERE username = ? AND credid = ?').run(username, credentialId);
  }

  /** Deletes the factors of one type that were never enabled. */
  deleteDisabled(username: string, type: number): void {
    this.db.prepare('DELETE FROM mfa WHERE username = ? AND type = ? AND enabled = 0').run(username, type);
  }

  /** Deletes the enabled factors of one type except `kept`. */
  deleteEnabledExcept(username: string, type: number, kept: Uint8Array): void {
    this.db.prepare('DELETE FROM mfa WHERE username = ? AND type = ? AND enabled = 1 AND credid <> ?').run(username, type, kept);
  }

  /** Deletes all factors of one type. */
  deleteType(username: string, type: number): void {
    this.db.prepare('DELETE FROM mfa WHERE username = ? AND type = ?').run(username, type);
  }

  /** Deletes all factors of a user. */
  deleteAll(username: string): void {
    this.db.prepare('DELETE FROM mfa WHERE username = ?').run(username);
  }

  attemptsLeft(username: string, credentialId: Uint8Array): AttemptsLeft | undefined {
    const row = this.db
      .prepare('SELECT attempts, attempts_since FROM mfa WHERE username = ? AND credid = ? AND attempts IS NOT NULL')
      .get(username, credentialId);
    return row === undefined ? undefined : { left: readInteger(row, 'attempts'), since: readInteger(row, 'attempts_since') };
  }

  saveAttempts(username: string, credentialId: Uint8Array, attempts: AttemptsLeft | undefined): void {
    this.db
      .prepare('UPDATE mfa SET attempts = ?, attempts_since = ? WHERE username = ? AND credid = ?')
      .run(attempts?.left ?? null, attempts?.since ?? null, username, credentialId);
  }

  /** The names of at most `limit` users with factors after `username` (exclusive, '' to begin), sorted. */
  users(username: string, limit: number): readonly string[] {
    return this.db
      .prepare('SELECT DISTINCT username FROM mfa WHERE username > ? ORDER BY username LIMIT ?')
      .all(username, limit)
      .map((row) => readText(row, 'username'));
  }
}
