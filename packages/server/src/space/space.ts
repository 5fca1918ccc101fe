import { assertInteger } from '@pyrgos/core/bytes';
import { type Cid, decodeCid } from '@pyrgos/core/codec';
import type { CryptoProvider } from '@pyrgos/core/crypto';
import { DeniedError, PyrgosError } from '@pyrgos/core/errors';
import type { PublicKeyHash } from '@pyrgos/core/keys';
import { PointerUpdate } from '@pyrgos/core/model';
import { BlockTable } from '../blocks/block-table.js';
import { TransactionTable } from '../blocks/transaction-table.js';
import {
  CHILDREN_PER_STEP,
  FREE_BLOCKS,
  MAX_WAITING_UPDATES,
  MIN_ADMITTED_BLOCK_SIZE,
  OWNED_KEYS_PER_TURN,
  OVER_QUOTA_TOLERANCE,
  PENDING_UPLOAD_LIFE_MS,
  QUOTA_BYTES_PER_BLOCK,
  UPLOAD_HEADROOM_SHARE,
} from '../limits.js';
import type { Clock } from '../ports/clock.js';
import type { GarbageRoots } from '../ports/garbage-roots.js';
import type { LocalBlocks } from '../ports/local-blocks.js';
import type { SpaceControl } from '../ports/space-control.js';
import type { UserDirectory } from '../ports/user-directory.js';
import type { SqlDatabase } from '../sql/sql-database.js';
import { ChildRegistration } from './child-registration.js';
import { DeletionReserve } from './deletion-reserve.js';
import { FairTurns } from './fair-turns.js';
import { KeyedLocks } from './keyed-locks.js';
import { LateBlocks } from './late-blocks.js';
import { NO_CHILDREN, OwnedChildren } from './owned-children.js';
import { OwnershipSearch } from './ownership-search.js';
import { assertSafeUsername, type QuotaTable } from './quota-table.js';
import { type ExceededQuota, quotaReached } from './quota-text.js';
import { SpaceRequestTable } from './space-request-table.js';
import { UploadRate } from './upload-rate.js';
import { UsageCounter, type UsageCounterLimits } from './usage-counter.js';
import { UsageLedger } from './usage-ledger.js';
import type { UserRecord } from './user-table.js';
import type { WriterRecord } from './writer-table.js';

/** What {@link Space} needs. */
export interface SpaceOptions {
  readonly db: SqlDatabase;
  readonly crypto: CryptoProvider;
  readonly local: LocalBlocks;
  readonly directory: UserDirectory;
  readonly quotas: QuotaTable;
  readonly clock: Clock;
  /** The time in which a user may upload one quota's worth of bytes, and a share of that beside it: `quota-upload-limit-seconds`. */
  readonly uploadWindowSeconds: number;
  /** For tests of the bounds. */
  readonly counterLimits?: Partial<UsageCounterLimits>;
}

/** What a user stores here. Bytes. */
export interface UserUsage {
  /** What the protocol calls usage: everything reachable from the user's identities. */
  readonly totalBytes: number;
  /** Uploads that no pointer refers to yet. */
  readonly pendingBytes: number;
  /** Kept for writers that no writer of the user lists any more; counts for admission only. */
  readonly detachedBytes: number;
  readonly isErrored: boolean;
}

/** An upload as it is admitted. */
interface Upload {
  readonly bytes: number;
  readonly blocks: number;
  readonly isMetadata: boolean;
}

/** A writer of a user as a backup or an operator sees it. */
export interface StoredWriter {
  readonly writer: PublicKeyHash;
  readonly isIdentity: boolean;
  readonly isAttached: boolean;
  /** The stored signed pointer, if there is one. */
  readonly signed: Uint8Array | undefined;
  /** Bytes it is charged with. */
  readonly countedBytes: number;
}

/**
 * Which writer belongs to which user, what everybody stores and may still store (chapter 08 section 6, chapter 03 section 1.4).
 *
 * Usage is exact: a pointer and what it is charged with change in one transaction ({@link PointerService}). Pending uploads are in the
 * database as well, booked in the transaction that admits them, so neither concurrency nor a crash lets a user exceed its quota. They
 * end with the writer's next pointer update, with a refused upload (chapter 08 section 6.2), or after 24 hours, when no transaction
 * protects the blocks any longer: what a crashed client leaves behind clears by itself. Before they end, whatever of them another writer
 * already links is charged to that writer ({@link LateBlocks}).
 *
 * Beyond the protocol, admission also counts what writers keep that nobody lists any more ("detached"): such data stays until their
 * pointers are emptied (chapter 03 section 9.3), and would otherwise be free.
 */
export class Space implements SpaceControl, GarbageRoots {
  readonly ledger: UsageLedger;
  readonly counter: UsageCounter;
  readonly late: LateBlocks;
  readonly children: OwnedChildren;
  readonly search: OwnershipSearch;
  /** Held by whoever changes what writers point at; the keys are those of the writers. */
  readonly locks: KeyedLocks = new KeyedLocks(MAX_WAITING_UPDATES);
  readonly quotas: QuotaTable;
  /** For long computations of others in this area. */
  readonly turns: FairTurns;
  private readonly db: SqlDatabase;
  private readonly directory: UserDirectory;
  private readonly clock: Clock;
  private readonly registration: ChildRegistration;
  private readonly uploadRate: UploadRate;
  private readonly reserve: DeletionReserve;
  private readonly requests: SpaceRequestTable;

  constructor(options: SpaceOptions) {
    const { clock, counterLimits: limits = {}, crypto, db, directory, local, quotas, uploadWindowSeconds } = options;
    const turns = new FairTurns();
    this.turns = turns;
    this.db = db;
    this.directory = directory;
    this.clock = clock;
    this.quotas = quotas;
    this.ledger = new UsageLedger(db);
    this.counter = new UsageCounter({ local, turns, limits });
    this.late = new LateBlocks({ db, ledger: this.ledger, counter: this.counter, turns });
    this.children = new OwnedChildren({ crypto, local, turns });
    this.search = new OwnershipSearch({ db, ledger: this.ledger, children: this.children, turns, local, directory, quotas, clock });
    this.registration = new ChildRegistration({ db, ledger: this.ledger, turns });
    this.uploadRate = new UploadRate(uploadWindowSeconds);
    this.reserve = new DeletionReserve(uploadWindowSeconds);
    this.requests = new SpaceRequestTable(db);
  }

  /** See {@link SpaceControl.userOfWriter}. A writer of one user named together with the identity of another is unknown. */
  async userOfWriter(owner: PublicKeyHash, writer: PublicKeyHash): Promise<string | undefined> {
    if (this.ledger.writers.idOf(writer) === undefined) await this.search.search(owner);
    return (await this.knownUserOf(owner, writer))?.name;
  }

  /** Like {@link userOfWriter}, without a search. Every upload asks for it several times, so it reads no more than it needs. */
  async knownUserOf(owner: PublicKeyHash, writer: PublicKeyHash): Promise<UserRecord | undefined> {
    const record = this.ledger.writers.idOf(writer);
    if (record === undefined) return undefined;
    const user = this.ledger.users.get(record.userId);
    if (owner.equals(writer)) return user;
    const ownerRecord = this.ledger.writers.idOf(owner);
    if (ownerRecord !== undefined) return ownerRecord.userId === user.id ? user : undefined;
    return (await this.directory.usernameOf(owner)) === user.name ? user : undefined;
  }

  /** See {@link SpaceControl.admit}: chapter 08 section 6.2 and chapter 02 section 20.2. The decision and the booking are one step. */
  async admit(owner: PublicKeyHash, writer: PublicKeyHash, bytes: number, blocks: number, isMetadata = false): Promise<string> {
    assertInteger('bytes', bytes, 0, Number.MAX_SAFE_INTEGER);
    assertInteger('blocks', blocks, 0, Number.MAX_SAFE_INTEGER);
    const upload = { bytes, blocks, isMetadata };
    const username = await this.userOfWriter(owner, writer);
    // A refusal is booked, too, so it must not roll the transaction back.
    if (username === undefined) throw unknownWriter(writer);
    let outcome = this.db.transaction(() => this.book(username, writer, upload, false));
    if (outcome === 'settle') {
      const user = this.ledger.users.find(username);
      if (user !== undefined) await this.late.settle(user);
      outcome = this.db.transaction(() => this.book(username, writer, upload, true));
    }
    if (outcome instanceof PyrgosError) throw outcome;
    return username;
  }

  /** See {@link SpaceControl.registerUser}. ArgumentError for a name that is not safe as a folder's name. */
  async registerUser(username: string, identity: PublicKeyHash): Promise<void> {
    assertSafeUsername(username);
    this.db.transaction(() => this.ledger.registerIdentity(username, identity));
    await this.db.durable();
  }

  /** See {@link SpaceControl.quotaOf}. */
  async quotaOf(username: string): Promise<number | undefined> {
    return this.quotas.get(username);
  }

  /** What a user stores here; undefined for one that never had anything here. */
  usageOf(username: string): UserUsage | undefined {
    const known = this.ledger.users.find(username);
    if (known === undefined) return undefined;
    const { detachedBytes, id, isErrored, totalBytes } = known;
    // What has expired is forgotten by the next upload.
    const expired = this.ledger.writers.expiredBytes(id, this.clock.now() - PENDING_UPLOAD_LIFE_MS);
    return { totalBytes, pendingBytes: Math.max(0, known.pendingBytes - expired), detachedBytes, isErrored };
  }

  /** All writers of a user with their pointers, for backups. */
  writersOf(username: string): StoredWriter[] {
    const user = this.ledger.users.find(username);
    if (user === undefined) return [];
    return Array.from(this.ledger.writers.ofUser(user.id), ({ directBytes, isAttached, isIdentity, writer }) => ({
      writer,
      isIdentity,
      isAttached,
      signed: this.ledger.pointers.get(writer),
      countedBytes: directBytes,
    }));
  }

  /** See {@link GarbageRoots.users}. */
  async users(): Promise<readonly string[]> {
    return this.ledger.users.names();
  }

  /** Whether the owner of the account has deleted it (chapter 05 section 21); what it left here goes with the next garbage collection. */
  async isDeletedByOwner(username: string): Promise<boolean> {
    const user = this.ledger.users.find(username);
    return user !== undefined && this.isDeleted(user.id, await this.directory.identityOf(username));
  }

  /** See {@link GarbageRoots.settleDeletion}. An identity without any pointer is one that is just being created, not a deleted one. */
  async settleDeletion(username: string): Promise<void> {
    const user = this.ledger.users.find(username);
    if (user === undefined) return;
    const current = await this.directory.identityOf(username);
    const isDeleted = (): boolean => this.isDeleted(user.id, current);
    if (!isDeleted()) return;
    this.db.transaction(() => {
      if (!isDeleted()) return;
      this.quotas.remove(username);
      this.requests.remove(username);
    });
    let seen = 0;
    for (const { isIdentity, writer } of this.ledger.writers.ofUser(user.id)) {
      if (++seen % OWNED_KEYS_PER_TURN === 0) await this.turns.next(username);
      if (isIdentity || this.ledger.pointers.get(writer) === undefined) continue;
      await this.registration.run({
        username,
        writer,
        update: NO_CHILDREN,
        isCurrent: isDeleted,
        finish: (now) => {
          this.ledger.pointers.remove(writer);
          this.ledger.setCounted(now, { target: undefined, directBytes: 0, missing: [], ownedRoot: undefined, isOwnedKnown: true });
        },
      });
    }
    await this.db.durable();
  }

  /** See {@link GarbageRoots.rootsOf}. */
  async rootsOf(username: string): Promise<readonly Cid[]> {
    const user = this.ledger.users.find(username);
    const roots = new Map<string, Cid>();
    if (user === undefined) return [];
    // All at one instant: what moves from one writer to another must not be missed. Only decoding them may take its time.
    for (const [i, { target, signed }] of this.ledger.writers.targets(user.id).entries()) {
      if (i > 0 && i % CHILDREN_PER_STEP === 0) await this.turns.next(username);
      const pointed = signed === undefined ? undefined : PointerUpdate.decodeVerifiedBefore(signed).updated;
      for (const root of [target && decodeCid(target), pointed]) if (root !== undefined) roots.set(root.key, root);
    }
    return [...roots.values()];
  }

  /**
   * Deletes an account's data here (chapter 08 section 16.1): quota, requests for space, pointers, writers, usage, open transactions. Its blocks go with the next garbage
   * collection. Updates that are just under way are refused. Durable when it resolves.
   */
  async removeUser(username: string): Promise<void> {
    this.db.transaction(() => {
      this.quotas.remove(username);
      this.requests.remove(username);
      const user = this.ledger.users.find(username);
      if (user !== undefined) this.ledger.removeWriters(user.id);
      this.endTransactions(username);
    });
    await this.db.durable();
  }

  /**
   * Ends the open transactions of a user that has no data any more: every identity has emptied its pointer. Their uploads could not become anything, and
   * would stay for a day. One that begins after that protects as always. Call it in the transaction that stores the pointers.
   */
  endTransactionsIfDeleted({ id, name }: UserRecord): void {
    const { pointers, writers } = this.ledger;
    const isEmptied = ({ target, writer }: { readonly target: Cid | undefined; readonly writer: PublicKeyHash }): boolean =>
      target === undefined && pointers.get(writer) !== undefined;
    if (writers.identities(id).every(isEmptied)) this.endTransactions(name);
  }

  /** An update that has freed `freed` bytes gives back to the reserve for deletions what it has uploaded, as far as it has freed that. */
  noteFreed({ id, name }: UserRecord, uploaded: number, freed: number): void {
    const bytes = Math.min(uploaded, freed);
    if (bytes > 0) this.reserve.giveBack(id, this.clock.now(), this.quotas.get(name) ?? 0, bytes);
  }

  private endTransactions(username: string): void {
    const partition = new BlockTable(this.db).partition(username);
    if (partition !== undefined) new TransactionTable(this.db).closeAll(partition);
  }

  /**
   * Books an upload or returns the refusal: that of the quota comes first, and who fills an account within a window does not meet the rate before it, though all that was rewritten meanwhile counts there. Small uploads and metadata have a reserve beyond the rate: without it nobody could delete anything until
   * tomorrow. `settle`, without any change: pending bytes would be forgotten while not all blocks that are
   * stored are charged. `isLast`: then they are not forgotten.
   */
  private book(username: string, writer: PublicKeyHash, upload: Upload, isLast: boolean): PyrgosError | 'settle' | undefined {
    const { ledger } = this;
    const { blocks, bytes } = upload;
    const quota = this.quotas.get(username);
    const userId = ledger.writers.idOf(writer)?.userId;
    if (quota === undefined || userId === undefined) return unknownWriter(writer);
    const now = this.clock.now();
    const isSettled = this.late.isSettled({ id: userId, name: username });
    const before = now - PENDING_UPLOAD_LIFE_MS;
    if (isSettled) ledger.expirePending(userId, before);
    else if (!isLast && ledger.writers.expiredBytes(userId, before) > 0) return 'settle';
    const user = ledger.users.get(userId);
    const stored = ledger.storedBytes(user);
    const wanted = bytes + user.pendingBytes;
    const refusal = this.refusal(user, { used: stored, quota, size: wanted }, blocks);
    if (refusal !== undefined) {
      if (!isSettled && !isLast) return 'settle';
      if (isSettled) ledger.clearPending(this.recordOf(writer));
      ledger.users.setErrored(userId, true);
      return refusal;
    }
    const budget = quota + Math.floor(quota / UPLOAD_HEADROOM_SHARE);
    const rate = this.uploadRate.allow(user.uploadRate, now, budget, bytes);
    if (rate !== undefined) ledger.users.setUploadRate(userId, rate);
    else if (!this.reserve.take(userId, now, quota, upload)) {
      const later = this.uploadRate.secondsUntilAllowed(user.uploadRate, now, budget);
      const seconds = Math.min(later, this.reserve.secondsUntilAllowed(userId, now, quota, upload));
      // The first sentence is part of the protocol.
      return new PyrgosError('limit', `Upload bandwidth exceeded please try again tomorrow. More is allowed in ${seconds} seconds.`);
    }
    ledger.addPending(this.recordOf(writer), bytes, now);
    return undefined;
  }

  /**
   * Why an upload is more than a user may store. Of blocks that a pointer reaches only the bytes are charged, exactly as clients expect, but on a
   * disk each takes MIN_ADMITTED_BLOCK_SIZE at least; so their number is bounded as well, where no honest client gets.
   */
  private refusal(user: UserRecord, exceeded: ExceededQuota, blocks: number): PyrgosError | undefined {
    const { quota, size, used } = exceeded;
    const tolerance = user.isErrored ? OVER_QUOTA_TOLERANCE : 0;
    if (used + size > quota + tolerance) return quotaReached(exceeded);
    const count = this.ledger.users.blocks(user.name);
    const maximum = FREE_BLOCKS + Math.floor(quota / QUOTA_BYTES_PER_BLOCK);
    if (count + blocks <= maximum + Math.floor(tolerance / MIN_ADMITTED_BLOCK_SIZE)) return undefined;
    return quotaReached(exceeded, `This account has ${count} blocks, and may have ${maximum}.`);
  }

  private recordOf(writer: PublicKeyHash): WriterRecord {
    const record = this.ledger.writers.find(writer);
    if (record === undefined) throw new RangeError('the writer is gone');
    return record;
  }

  /** Whether the owner deleted the account: the current identity says so, and no former one has data (chapter 05 section 21). */
  private isDeleted(userId: number, current: PublicKeyHash | undefined): boolean {
    let isDeleted = false;
    for (const { writer } of this.ledger.writers.identities(userId)) {
      const signed = this.ledger.pointers.get(writer);
      if (signed === undefined) continue;
      if (PointerUpdate.decodeVerifiedBefore(signed).updated !== undefined) return false;
      isDeleted ||= current === undefined || current.equals(writer);
    }
    return isDeleted;
  }
}

function unknownWriter(writer: PublicKeyHash): DeniedError {
  return new DeniedError('denied.block', 'Unknown writer on this server!', { writer: writer.toString() });
}
