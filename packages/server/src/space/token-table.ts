import { toHex, utf8Encode } from '@pyrgos/core/bytes';
import type { Hasher, RandomSource } from '@pyrgos/core/crypto';
import type { Clock } from '../ports/clock.js';
import type { SqlDatabase, SqlStatement } from '../sql/sql-database.js';
import { readInteger, readText } from '../sql/sql-values.js';

/** A sign-up token that was not used yet. */
export interface SignupToken {
  /** 64 lower-case hex digits. */
  readonly token: string;
  /** ms since the epoch. */
  readonly created: number;
}

/** What {@link TokenTable} needs. */
export interface TokenTableOptions {
  readonly db: SqlDatabase;
  readonly hasher: Pick<Hasher, 'sha256'>;
  readonly random: RandomSource;
  readonly clock: Clock;
}

/** The form of a sign-up token; others can never be used. */
export const SIGNUP_TOKEN: RegExp = /^[0-9a-f]{64}$/;

/** Single-use sign-up tokens (chapter 05 section 12.8). They are looked up by their hash, so that timing tells nothing about them. */
export class TokenTable {
  private readonly select: SqlStatement;
  private readonly selectAll: SqlStatement;
  private readonly insert: SqlStatement;
  private readonly delete: SqlStatement;

  constructor(private readonly options: TokenTableOptions) {
    const { db } = options;
    this.select = db.prepare('SELECT 1 AS found FROM signup_tokens WHERE digest = ?');
    this.selectAll = db.prepare('SELECT token, created FROM signup_tokens ORDER BY created, token');
    this.insert = db.prepare('INSERT INTO signup_tokens (digest, token, created) VALUES (?, ?, ?) ON CONFLICT DO NOTHING');
    this.delete = db.prepare('DELETE FROM signup_tokens WHERE digest = ?');
  }

  /** Makes a token from 32 random bytes. Durable when it resolves. */
  async create(): Promise<string> {
    const token = toHex(this.options.random.randomBytes(32));
    this.add(token, this.options.clock.now());
    await this.options.db.durable();
    return token;
  }

  /** Adds a token made elsewhere, for instance of a backup; `created` in ms since the epoch. */
  add(token: string, created: number): void {
    this.insert.run(this.digest(token), token, created);
  }

  /** Whether the token can be used. */
  has(token: string): boolean {
    return SIGNUP_TOKEN.test(token) && this.select.get(this.digest(token)) !== undefined;
  }

  /** Uses the token up; false when there is none such (any more). */
  consume(token: string): boolean {
    return SIGNUP_TOKEN.test(token) && this.delete.run(this.digest(token)).changes > 0;
  }

  /** All unused tokens, oldest first. */
  list(): SignupToken[] {
    return this.selectAll.all().map((row) => ({ token: readText(row, 'token'), created: readInteger(row, 'created') }));
  }

  private digest(token: string): Uint8Array {
    return this.options.hasher.sha256(utf8Encode(token));
  }
}
