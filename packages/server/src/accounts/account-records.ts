import { assertWireUsername, MfaType } from '@pyrgos/core/accounts';
import { isWellFormed } from '@pyrgos/core/bytes';
import { decodeBase64, encodeBase64, parseCid } from '@pyrgos/core/codec';
import { PaddedCipherText } from '@pyrgos/core/containers';
import { FormatError, PyrgosError } from '@pyrgos/core/errors';
import { PublicKeyHash, PublicSigningKey } from '@pyrgos/core/keys';
import { MAX_CREDENTIAL_ID_SIZE, MAX_MFA_NAME_LENGTH } from '@pyrgos/core/limits';
import type { SqlDatabase } from '../sql/sql-database.js';
import { BackupCodeHashes } from './backup-code-hashes.js';
import { type FactorRow, FactorTable } from './factor-table.js';
import { type LoginRow, LoginTable } from './login-table.js';
import { type StagedLoginRow, StagedLoginTable } from './staged-login-table.js';
import { WebauthnVerifier } from './webauthn/webauthn-verifier.js';

/** `login[]` of a backup: base64 of the CBOR of the encrypted entry points and of the login public key. */
export interface LoginRecord {
  readonly username: string;
  readonly entryPoints: string;
  readonly loginPublicKey: string;
}

/** `pendingLogin[]` of a backup: a password change that was interrupted. Key hash and CID in text form, time in ms since the epoch. */
export interface StagedLoginRecord extends LoginRecord {
  readonly writer: string;
  readonly target: string;
  readonly createdMillis: number;
}

/** `mfa[]` of a backup; `credentialId` and `value` in base64. */
export interface FactorRecord {
  readonly username: string;
  readonly name: string;
  readonly credentialId: string;
  readonly type: number;
  readonly enabled: boolean;
  readonly createdEpochDay: number;
  readonly value: string;
}

const PAGE = 256;
const MAX_TOTP_KEY_SIZE = 64;
const MAX_DAY = 0x7fffffff;

/** Fields of one record of unknown form; every problem is a FormatError `format.backup` that names the field. */
class RecordFields {
  private readonly members: ReadonlyMap<string, unknown>;

  constructor(
    value: unknown,
    private readonly where: string,
  ) {
    if (typeof value !== 'object' || value === null) throw new FormatError('format.backup', where, 'must be an object');
    this.members = new Map(Object.entries(value));
  }

  /** Reads a field; whatever `read` throws is a problem of the field. */
  get<T>(name: string, type: 'string' | 'number' | 'boolean', problem: string, read: (value: unknown) => T): T {
    const value = this.members.get(name);
    const path = `${this.where}.${name}`;
    if (typeof value !== type) throw new FormatError('format.backup', path, value === undefined ? 'is missing' : `must be a ${type}`);
    try {
      return read(value);
    } catch (error) {
      if (error instanceof PyrgosError) throw new FormatError('format.backup', path, problem, { cause: error });
      throw error;
    }
  }

  text<T>(name: string, problem: string, read: (text: string) => T): T {
    return this.get(name, 'string', problem, (value) => read(value as string));
  }

  integer(name: string, minimum: number, maximum: number): number {
    return this.get(name, 'number', '', (value) => {
      const number = value as number;
      if (Number.isSafeInteger(number) && number >= minimum && number <= maximum) return number;
      throw new FormatError('format.backup', `${this.where}.${name}`, `must be an integer from ${minimum} to ${maximum}`);
    });
  }

  boolean(name: string): boolean {
    return this.get(name, 'boolean', '', (value) => value as boolean);
  }

  bytes(name: string, minimum: number, maximum: number): Uint8Array {
    return this.text(name, `must be base64 of ${minimum} to ${maximum} bytes`, (text) => {
      const bytes = decodeBase64(text);
      if (bytes.length >= minimum && bytes.length <= maximum) return bytes;
      throw new FormatError('format.backup', '', 'has a bad length');
    });
  }

  username(): string {
    return this.text('username', 'must be a username', (text) => {
      assertWireUsername('username', text);
      return text;
    });
  }
}

function loginRow(fields: RecordFields): LoginRow {
  return {
    username: fields.username(),
    entry: fields.text('entryPoints', 'must be base64 of encrypted entry points', (text) =>
      PaddedCipherText.decode(decodeBase64(text)).encode(),
    ),
    reader: fields.text('loginPublicKey', 'must be base64 of a public signing key', (text) =>
      PublicSigningKey.decode(decodeBase64(text)).encode(),
    ),
  };
}

/** Reads a {@link LoginRecord} of unknown origin. FormatError `format.backup` naming the field. */
export function parseLoginRecord(value: unknown, where: string): LoginRow {
  return loginRow(new RecordFields(value, where));
}

/** Reads a {@link StagedLoginRecord} of unknown origin. FormatError `format.backup` naming the field. */
export function parseStagedLoginRecord(value: unknown, where: string): StagedLoginRow {
  const fields = new RecordFields(value, where);
  return {
    ...loginRow(fields),
    writer: fields.text('writer', 'must be a key hash', (text) => PublicKeyHash.parse(text)),
    target: fields.text('target', 'must be a CID', (text) => parseCid(text)),
    created: fields.integer('createdMillis', 0, Number.MAX_SAFE_INTEGER),
  };
}

/** Reads a {@link FactorRecord} of unknown origin, its value included. FormatError `format.backup` naming the field. */
export function parseFactorRecord(value: unknown, where: string): FactorRow {
  const fields = new RecordFields(value, where);
  const type = fields.integer('type', MfaType.totp, MfaType.mount);
  const row: FactorRow = {
    username: fields.username(),
    name: fields.text('name', `must be at most ${MAX_MFA_NAME_LENGTH} characters`, (text) => {
      if (text.length <= MAX_MFA_NAME_LENGTH && isWellFormed(text) && !text.includes('\0')) return text;
      throw new FormatError('format.backup', '', 'is no name');
    }),
    credentialId: fields.bytes('credentialId', 1, MAX_CREDENTIAL_ID_SIZE),
    type,
    enabled: fields.boolean('enabled'),
    createdDay: fields.integer('createdEpochDay', 0, MAX_DAY),
    value: fields.bytes('value', 1, 1 << 16),
  };
  checkFactorValue(row, `${where}.value`);
  return row;
}

/** A factor whose value cannot be used would lock its owner out. */
function checkFactorValue({ type, value }: FactorRow, where: string): void {
  try {
    if (type === MfaType.webauthn) WebauthnVerifier.decode(value);
    else if (type === MfaType.backupCodes) BackupCodeHashes.decode(value);
    else if (value.length > MAX_TOTP_KEY_SIZE) throw new FormatError('format.backup', '', 'is too long for a key');
  } catch (error) {
    if (error instanceof PyrgosError)
      throw new FormatError('format.backup', where, 'does not fit the type of the factor', { cause: error });
    throw error;
  }
}

/** Reads and writes the account tables as a whole, for backup and restore. Works on any database with the accounts' schema. */
export class AccountRecords {
  private readonly login: LoginTable;
  private readonly staged: StagedLoginTable;
  private readonly factors: FactorTable;

  constructor(private readonly db: SqlDatabase) {
    this.login = new LoginTable(db);
    this.staged = new StagedLoginTable(db);
    this.factors = new FactorTable(db);
  }

  /** The login data of all users, sorted by name. */
  *loginRecords(): Generator<LoginRecord> {
    let last = '';
    for (;;) {
      const page = this.login.page(last, PAGE);
      for (const row of page) yield loginRecord(row);
      const next = page.at(-1);
      if (next === undefined) return;
      last = next.username;
    }
  }

  /** The interrupted password changes of all users, sorted by name; normally there are none. */
  *stagedLoginRecords(): Generator<StagedLoginRecord> {
    for (const username of this.staged.users()) {
      for (const row of this.staged.list(username)) {
        yield { ...loginRecord(row), writer: row.writer.toString(), target: row.target.toString(), createdMillis: row.created };
      }
    }
  }

  /** The second factors of all users, sorted by name, those of a user in order of creation. */
  *factorRecords(): Generator<FactorRecord> {
    let last = '';
    for (;;) {
      const page = this.factors.users(last, PAGE);
      for (const username of page) {
        for (const { name, credentialId, type, enabled, createdDay, value } of this.factors.list(username)) {
          yield {
            username,
            name,
            credentialId: encodeBase64(credentialId),
            type,
            enabled,
            createdEpochDay: createdDay,
            value: encodeBase64(value),
          };
        }
      }
      const next = page.at(-1);
      if (next === undefined) return;
      last = next;
    }
  }

  /** Adds rows to a fresh database, all or none. Not durable before the caller asks for it. FormatError `format.backup` when one occurs twice. */
  importRows(rows: {
    readonly login: Iterable<LoginRow>;
    readonly staged: Iterable<StagedLoginRow>;
    readonly factors: Iterable<FactorRow>;
  }): void {
    this.db.transaction(() => {
      for (const row of rows.login) {
        if (this.login.find(row.username) !== undefined) throw new FormatError('format.backup', 'login', 'has a user twice');
        this.login.put(row);
      }
      for (const row of rows.staged) this.staged.put(row);
      for (const row of rows.factors) {
        if (!this.factors.insert(row)) throw new FormatError('format.backup', 'mfa', 'has a credential id twice');
      }
    });
  }
}

function loginRecord({ username, entry, reader }: LoginRow): LoginRecord {
  return { username, entryPoints: encodeBase64(entry), loginPublicKey: encodeBase64(reader) };
}
