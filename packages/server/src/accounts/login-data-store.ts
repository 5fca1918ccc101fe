import type { IdentityUpdate, LoginData } from '@pyrgos/core/accounts';
import { equalBytes } from '@pyrgos/core/bytes';
import type { Cid } from '@pyrgos/core/codec';
import type { CryptoProvider } from '@pyrgos/core/crypto';
import { DeniedError, PyrgosError } from '@pyrgos/core/errors';
import type { PublicKeyHash, PublicSigningKey } from '@pyrgos/core/keys';
import { equalTargets, PointerUpdate, validatePointerUpdate, WriterData } from '@pyrgos/core/model';
import type { PointerStore } from '@pyrgos/core/store';
import { MAX_STAGED_PASSWORD_CHANGES, MAX_WAITING_LOGIN_UPDATES } from '../limits.js';
import type { Clock } from '../ports/clock.js';
import type { LocalBlocks } from '../ports/local-blocks.js';
import { KeyedLocks } from '../space/keyed-locks.js';
import type { SqlDatabase } from '../sql/sql-database.js';
import { type LoginRow, LoginTable } from './login-table.js';
import { PasswordChangeLimit } from './password-change-limit.js';
import { type StagedLoginRow, StagedLoginTable } from './staged-login-table.js';

/** What {@link LoginDataStore} is built from. */
export interface LoginDataStoreOptions {
  readonly db: SqlDatabase;
  readonly crypto: CryptoProvider;
  readonly blocks: LocalBlocks;
  readonly pointers: PointerStore;
  readonly clock: Clock;
}

/** The identity of a user. */
export interface Identity {
  readonly hash: PublicKeyHash;
  readonly key: PublicSigningKey;
}

function refuse(problem: string): never {
  throw new DeniedError('denied.login', `Invalid password change: ${problem}`);
}

function rowOf(data: LoginData): LoginRow {
  return { username: data.username, entry: data.entryPoints.encode(), reader: data.reader.encode() };
}

/**
 * The login data of the users, and how a password change gets into two stores (chapter 05 section 7.2, chapter 08 section 16.6): the
 * login row here, and the salt in the identity's WriterData, which a pointer publishes. The pointer update is the commit point. Before
 * it the new login row is staged durably, after it the staged row replaces the old one. Whoever comes after a crash finds out from the
 * pointer which of the two passwords is the valid one, so that at every moment exactly one is.
 *
 * Changes of one user run one after the other. Authentication is the caller's business.
 */
export class LoginDataStore {
  private readonly login: LoginTable;
  private readonly staged: StagedLoginTable;
  /** Held, by user, by whoever changes which row is valid. */
  private readonly locks = new KeyedLocks(MAX_WAITING_LOGIN_UPDATES);
  /** Staged rows, by user, that are known to be published but could not be made the login row. */
  private readonly published = new Map<string, StagedLoginRow>();
  private readonly changes: PasswordChangeLimit;

  constructor(private readonly options: LoginDataStoreOptions) {
    this.login = new LoginTable(options.db);
    this.staged = new StagedLoginTable(options.db);
    this.changes = new PasswordChangeLimit(options.db, options.clock);
  }

  /**
   * The encrypted entry points of a user for a login public key, or undefined when that is not the right key. A published password change
   * that was interrupted is completed first, whoever asks: from then on the old password is not valid any more.
   */
  async entryFor(username: string, reader: PublicSigningKey): Promise<Uint8Array | undefined> {
    const row = await this.current(username);
    return row !== undefined && equalBytes(row.reader, reader.encode()) ? row.entry : undefined;
  }

  /** Stores login data without a change of the identity (chapter 05 section 7.2 step 4). Forgets interrupted changes. Durable. */
  async replace(data: LoginData): Promise<void> {
    await this.locks.run([data.username], async () => {
      this.promote(rowOf(data));
      await this.options.db.durable();
    });
  }

  /**
   * Stores login data together with the WriterData that belongs to it (chapter 05 section 7.2 step 5); false when another update of the
   * identity won the race. Everything is checked before anything is stored. A repetition of the change that happened last succeeds.
   * Errors: DeniedError `denied.login`, those of {@link PointerStore.setPointer}, PyrgosError `limit` with too many interrupted changes, and
   * with too many changes in a day.
   * After an error the old password is valid, or, if the error came after the commit point, the new one.
   */
  async change(data: LoginData, update: IdentityUpdate, identity: Identity): Promise<boolean> {
    return this.locks.run([data.username], async () => {
      const row = rowOf(data);
      const stored = await this.settle(data.username);
      const signed = await this.options.pointers.getPointer(identity.hash, identity.hash);
      const isRepetition =
        signed !== undefined &&
        equalBytes(signed, update.pointer.signed) &&
        stored !== undefined &&
        equalBytes(stored.entry, row.entry) &&
        equalBytes(stored.reader, row.reader);
      return isRepetition || this.publish(row, update, this.check(update, identity, signed), identity);
    });
  }

  /**
   * Completes the interrupted changes of all users (chapter 05 section 7.2, promotion): at the start, before any pointer can move on, and
   * before login data is exported. Returns the users whose changes cannot be looked at because something is damaged; the others are done.
   */
  async completeAll(): Promise<readonly string[]> {
    const failed: string[] = [];
    for (const username of this.staged.users()) {
      try {
        await this.current(username);
      } catch (error) {
        if (!(error instanceof PyrgosError)) throw error;
        failed.push(username);
      }
    }
    await this.options.db.durable();
    return failed;
  }

  /** Deletes the login data of a user, staged rows included. Durable. */
  async remove(username: string): Promise<void> {
    await this.locks.run([username], async () => {
      this.options.db.transaction(() => {
        this.login.delete(username);
        this.staged.deleteAll(username);
        this.changes.remove(username);
      });
      this.published.delete(username);
      await this.options.db.durable();
    });
  }

  /** The row that is valid now. */
  private async current(username: string): Promise<LoginRow | undefined> {
    // Without staged rows there is nothing to wait for: the way of nearly every log-in.
    return this.staged.hasAny(username) ? this.locks.run([username], async () => this.settle(username)) : this.login.find(username);
  }

  /** As {@link current}, for who has the lock: makes a published staged row the login row. */
  private async settle(username: string): Promise<LoginRow | undefined> {
    const row = this.published.get(username) ?? (await this.findPublished(username));
    if (row === undefined) return this.login.find(username);
    this.tryToPromote(row);
    return row;
  }

  private async findPublished(username: string): Promise<StagedLoginRow | undefined> {
    for (const row of this.staged.list(username)) {
      const signed = await this.options.pointers.getPointer(row.writer, row.writer);
      const target = signed === undefined ? undefined : PointerUpdate.decodeVerifiedBefore(signed).updated;
      if (equalTargets(target, row.target)) return row;
    }
    return undefined;
  }

  /** Makes a row the login data of its user and forgets what was staged. */
  private promote(row: LoginRow): void {
    this.options.db.transaction(() => {
      this.login.put(row);
      this.staged.deleteAll(row.username);
    });
    this.published.delete(row.username);
  }

  /** A published change has happened, whatever the disk says: it is remembered, and promoted when that is possible again. */
  private tryToPromote(row: StagedLoginRow): void {
    try {
      this.promote(row);
    } catch (error) {
      if (!(error instanceof PyrgosError)) throw error;
      this.published.set(row.username, row);
    }
  }

  /** Everything that can be wrong with a change; nothing is stored for one that cannot succeed. The CID of the new WriterData. */
  private check({ block, pointer }: IdentityUpdate, identity: Identity, current: Uint8Array | undefined): Cid {
    const { crypto } = this.options;
    if (!block.writer.equals(identity.hash) || !pointer.writer.equals(identity.hash)) refuse('it must be written by the identity key');
    if (block.isRaw) refuse('the block must be dag-cbor');
    if (!block.isSignedBy(crypto, identity.key)) refuse('the signature of the block is not valid');
    const writerData = WriterData.decode(block.block);
    if (!writerData.controller.equals(identity.hash)) refuse('the block belongs to another key');
    if (writerData.algorithm === undefined) refuse('the block does not say how keys are derived from the password');
    const target = block.cid(crypto);
    const { updated } = validatePointerUpdate(crypto, identity.key, current, pointer.signed);
    return equalTargets(updated, target) ? target : refuse('the pointer does not publish the block');
  }

  /** Block, stage, pointer, row: the order that {@link settle} relies on. */
  private async publish(row: LoginRow, { block, pointer }: IdentityUpdate, target: Cid, identity: Identity): Promise<boolean> {
    const { db, blocks, pointers, clock } = this.options;
    const { username } = row;
    const staged: StagedLoginRow = { ...row, writer: identity.hash, target, created: clock.now() };
    this.assertMayStage(row);
    // No quota is asked: whoever is over it must still be able to change a password, and the block replaces one of about the same size.
    // What it replaces stays until the next garbage collection, so there must not be any number of them.
    this.changes.take(username);
    const transaction = await blocks.startTransaction(username);
    try {
      await blocks.put(username, [{ cid: target, bytes: block.block }], transaction);
      this.staged.put(staged);
      await db.durable();
      if (!(await pointers.setPointer(identity.hash, identity.hash, pointer.signed))) return false;
      this.tryToPromote(staged);
    } finally {
      // A transaction that stays open ends by itself; an error here must not hide the outcome.
      await blocks.closeTransaction(username, transaction).catch(() => undefined);
    }
    // Nobody waits for the disk here: block, staged row and pointer are on it, and they are the whole truth.
    return true;
  }

  private assertMayStage({ username, reader }: LoginRow): void {
    const rows = this.staged.list(username);
    if (rows.length < MAX_STAGED_PASSWORD_CHANGES || rows.some((row) => equalBytes(row.reader, reader))) return;
    throw new PyrgosError('limit', `Too many incomplete password changes for ${username}`);
  }
}
