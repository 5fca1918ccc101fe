import { DeniedError } from '@pyrgos/core/errors';
import { MAX_SIGNUPS_UNDER_WAY, SIGNUP_RESERVATION_MS } from '../limits.js';
import type { Clock } from '../ports/clock.js';
import type { SqlDatabase } from '../sql/sql-database.js';
import { assertSafeUsername, type QuotaTable } from './quota-table.js';
import type { TokenTable } from './token-table.js';

/** What {@link SignupPermission} needs. */
export interface SignupPermissionOptions {
  readonly db: SqlDatabase;
  readonly quotas: QuotaTable;
  readonly tokens: TokenTable;
  readonly clock: Clock;
  /** Sign-ups without token are allowed while fewer names have a quota. */
  readonly maxUsers: number;
  /** Bytes that a new user gets. */
  readonly defaultQuota: number;
}

/** A sign-up between its permission and its end. */
interface UnderWay {
  /** Calls of {@link SignupPermission.check} not yet answered by a consume or release. */
  calls: number;
  /** Whether the quota row exists only because of them. */
  isNew: boolean;
  time: number;
}

/**
 * Who may sign up here (chapter 05 section 12.7 step 1, chapter 08 section 6.4). Every successful {@link check} is followed by
 * {@link consume} when the account exists, or by {@link release} when the sign-up failed.
 */
export class SignupPermission {
  /** By name. */
  private readonly underWay = new Map<string, UnderWay>();
  /** Which name is using which token at the moment: two names cannot get in with one. */
  private readonly tokenUsers = new Map<string, { readonly name: string; readonly time: number }>();

  constructor(private readonly options: SignupPermissionOptions) {}

  /** Whether somebody without a token could sign up now. */
  get isOpen(): boolean {
    return this.options.quotas.count() < this.options.maxUsers;
  }

  /**
   * Lets a name in that has a quota already, that comes with a token, or while there are fewer than `maxUsers` names; the last way takes
   * the place at once, so that the number is exact. DeniedError `denied.signup` with the text of the protocol.
   */
  check(username: string, token: string): void {
    assertSafeUsername(username);
    this.forgetOld();
    const { db, defaultQuota, quotas } = this.options;
    const isNew = db.transaction(() => {
      if (quotas.get(username) !== undefined) return false;
      if (this.claimToken(username, token)) return false;
      if (!this.isOpen) throw refusal(token);
      quotas.set(username, defaultQuota);
      return true;
    });
    const entry = this.underWay.get(username) ?? { calls: 0, isNew: false, time: 0 };
    // To the end: the maps are in the order of time.
    this.underWay.delete(username);
    this.underWay.set(username, entry);
    entry.calls++;
    entry.isNew ||= isNew;
    entry.time = this.options.clock.now();
  }

  /** After a successful sign-up: uses the token up, and gives the default quota to a user that has none. Call `db.durable()` afterwards. */
  consume(username: string, token: string): void {
    const { db, defaultQuota, quotas, tokens } = this.options;
    db.transaction(() => {
      if (token !== '') tokens.consume(token);
      if (quotas.get(username) === undefined) quotas.set(username, defaultQuota);
    });
    this.underWay.delete(username);
    this.tokenUsers.delete(token);
  }

  /** After a failed sign-up: the token stays valid, and a place that was taken without token is free again. Call `db.durable()` afterwards. */
  release(username: string, token: string): void {
    if (this.tokenUsers.get(token)?.name === username) this.tokenUsers.delete(token);
    const entry = this.underWay.get(username);
    if (entry === undefined || --entry.calls > 0) return;
    this.underWay.delete(username);
    if (entry.isNew) this.options.quotas.remove(username);
  }

  private claimToken(username: string, token: string): boolean {
    if (token === '' || !this.options.tokens.has(token)) return false;
    const user = this.tokenUsers.get(token);
    if (user !== undefined && user.name !== username) return false;
    this.tokenUsers.delete(token);
    this.tokenUsers.set(token, { name: username, time: this.options.clock.now() });
    return true;
  }

  /** A sign-up whose end was never reported must not block a token or memory for ever. */
  private forgetOld(): void {
    const before = this.options.clock.now() - SIGNUP_RESERVATION_MS;
    for (const map of [this.underWay, this.tokenUsers]) {
      for (const [key, { time }] of map) {
        if (time >= before && map.size <= MAX_SIGNUPS_UNDER_WAY) break;
        map.delete(key);
      }
    }
  }
}

function refusal(token: string): DeniedError {
  return token === ''
    ? new DeniedError('denied.signup', 'This server is not currently accepting new sign ups. Please try again later')
    : new DeniedError('denied.signup', 'Invalid signup token.');
}
