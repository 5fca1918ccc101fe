import { DeniedError } from '@pyrgos/core/errors';
import type { PublicKeyHash } from '@pyrgos/core/keys';
import type { SqlDatabase } from '../sql/sql-database.js';
import { MAX_OWNED_KEYS_PER_USER, MAX_WRITERS_PER_USER } from '../limits.js';
import { Attachment } from './attachment.js';
import type { ChildrenUpdate } from './owned-children.js';
import { OwnedKeySource, type OwnedKeySourceCode, OwnedKeyTable } from './owned-key-table.js';
import { PointerTable } from './pointer-table.js';
import { MAX_BYTES } from './usage-counter.js';
import { type UserRecord, UserTable } from './user-table.js';
import { type CountedState, type WriterRecord, WriterTable } from './writer-table.js';

/** What a change of the ownership tree needs and leaves behind. */
interface TreeChange {
  readonly userId: number;
  /** How many writers the user may still register; counted when it is needed first. */
  room: number | undefined;
  /** How many rows of owned keys the user may still have; counted when it is needed first. */
  edges: number | undefined;
  /** Children of rows of owned keys that are new. */
  readonly added: number[];
  /** Children of rows of owned keys that are gone. */
  readonly removed: number[];
}

/** A writer with the children of its new version. */
export interface WriterChildren {
  readonly writer: WriterRecord;
  readonly children: ChildrenUpdate;
}

/**
 * The books: who owns which writer, and what everybody is charged with (chapter 08 section 6, chapter 03 section 1.4). Every method that
 * changes something must run inside a transaction of the caller; none waits, so the books are never seen half written.
 */
export class UsageLedger {
  readonly users: UserTable;
  readonly writers: WriterTable;
  readonly owned: OwnedKeyTable;
  readonly pointers: PointerTable;
  private readonly attachment: Attachment;

  constructor(db: SqlDatabase) {
    this.users = new UserTable(db);
    this.writers = new WriterTable(db);
    this.owned = new OwnedKeyTable(db);
    this.pointers = new PointerTable(db);
    this.attachment = new Attachment(db);
  }

  /**
   * Makes a user and one of its identities known. DeniedError `denied.signup` when the key belongs to the tree of another user: only its
   * holder can have agreed to that.
   */
  registerIdentity(name: string, identity: PublicKeyHash): WriterRecord {
    const user = this.users.ensure(name);
    const writer = this.writers.find(identity) ?? this.writers.get(this.writers.add(identity, user.id));
    if (writer.userId !== user.id) throw new DeniedError('denied.signup', 'The identity key is in use by another account');
    if (!writer.isIdentity) {
      this.writers.setIdentity(writer.id);
      this.writers.setAttached(writer.id, true);
      this.attachment.settle(this.owned.allChildren(writer.id), []);
      this.sumUp(user.id);
    }
    return this.writers.get(writer.id);
  }

  /**
   * Makes a writer known; registration is never withdrawn. Undefined when the user has MAX_WRITERS_PER_USER already, or when the writer
   * belongs to somebody else.
   */
  registerWriter(userId: number, writer: PublicKeyHash): WriterRecord | undefined {
    const id = this.register(changeOf(userId), writer);
    return id === undefined ? undefined : this.writers.get(id);
  }

  /** Charges a writer with a new version. */
  setCounted(writer: WriterRecord, state: CountedState): void {
    this.writers.setCounted(writer, state);
    const change = BigInt(state.directBytes) - BigInt(writer.directBytes);
    if (change !== 0n) this.shift(writer.userId, writer.isAttached ? change : 0n, writer.isAttached ? 0n : change);
  }

  /**
   * Registers the children of new versions of writers of one user, and takes into account whose usage counts from now on. All at once:
   * a writer that one of them ceases to list and another begins to list keeps counting. Rows beyond MAX_OWNED_KEYS_PER_USER are left out:
   * what hangs on them alone counts as detached.
   */
  setChildren(userId: number, updates: readonly WriterChildren[]): void {
    const change = changeOf(userId);
    for (const { writer, children } of updates) {
      this.setChamp(writer, children, change);
      this.replace(writer, OwnedKeySource.named, children.named, change);
    }
    if (this.attachment.settle(change.added, change.removed)) this.sumUp(userId);
  }

  /** Registers some more children of a writer; the ids of those that are its user's. Same bounds as {@link setChildren}. */
  addChildren(writer: WriterRecord, source: OwnedKeySourceCode, children: readonly PublicKeyHash[]): number[] {
    const change = changeOf(writer.userId);
    const ids = children.map((child) => this.add(writer, source, child, change)).filter((id) => id !== undefined);
    if (this.attachment.settle(change.added, [])) this.sumUp(writer.userId);
    return ids;
  }

  /** Takes some children from a writer. */
  removeChildren(writer: WriterRecord, source: OwnedKeySourceCode, ids: readonly number[]): void {
    const change = changeOf(writer.userId);
    for (const id of ids) this.remove(writer, source, id, change);
    if (this.attachment.settle([], change.removed)) this.sumUp(writer.userId);
  }

  /** What a user is charged with for admission: usage, and what hangs nowhere but is kept all the same. At most 2^53 - 1. */
  storedBytes(user: UserRecord): number {
    return Math.min(user.totalBytes + user.detachedBytes, MAX_BYTES);
  }

  /** Books an upload until the writer's next pointer update; `now` in ms since the epoch. */
  addPending(writer: WriterRecord, bytes: number, now: number): void {
    this.writers.setPending(writer.id, writer.pendingBytes + bytes, now);
    this.users.setPending(writer.userId, this.users.get(writer.userId).pendingBytes + bytes);
  }

  /** Forgets what a writer has pending. */
  clearPending(writer: WriterRecord): void {
    if (writer.pendingBytes === 0) return;
    this.writers.setPending(writer.id, 0, 0);
    this.users.setPending(writer.userId, Math.max(0, this.users.get(writer.userId).pendingBytes - writer.pendingBytes));
  }

  /**
   * Forgets uploads from before `before`: no transaction protects their blocks any longer, so they are garbage by then unless something
   * links them, and then they must have been counted ({@link LateBlocks}).
   */
  expirePending(userId: number, before: number): void {
    for (;;) {
      const expired = this.writers.expiredPending(userId, before);
      for (const writer of expired) this.clearPending(writer);
      if (expired.length === 0) return;
    }
  }

  /** Ends the tolerance for deletions when the user is within its quota again (chapter 08 section 6.3). */
  settleErrored(userId: number, quota: number | undefined): void {
    const user = this.users.get(userId);
    if (user.isErrored && this.storedBytes(user) <= (quota ?? 0)) this.users.setErrored(userId, false);
  }

  /** Removes a user's writers, pointers and usage; the row of the user stays, so that garbage collection finds its blocks. */
  removeWriters(userId: number): void {
    for (const { writer } of this.writers.ofUser(userId)) this.pointers.remove(writer);
    this.owned.removeOfUser(userId);
    this.writers.removeOfUser(userId);
    this.users.setUsage(userId, 0, 0);
    this.users.setPending(userId, 0);
    this.users.setErrored(userId, false);
  }

  /** Finds out anew which writers of a user count as usage, and adds its sums up. */
  rebuild(userId: number): void {
    this.attachment.rebuild(userId);
    this.sumUp(userId);
  }

  /** Adds the sums of a user up from its writers. */
  sumUp(userId: number): void {
    const { detached, pending, total } = this.writers.sums(userId);
    this.users.setUsage(userId, clamp(total), clamp(detached));
    this.users.setPending(userId, clamp(pending));
  }

  private register(change: TreeChange, writer: PublicKeyHash): number | undefined {
    const known = this.writers.idOf(writer);
    if (known !== undefined) return known.userId === change.userId ? known.id : undefined;
    change.room ??= MAX_WRITERS_PER_USER - this.writers.count(change.userId);
    if (change.room <= 0) return undefined;
    change.room--;
    return this.writers.add(writer, change.userId);
  }

  private setChamp(writer: WriterRecord, { champ }: ChildrenUpdate, change: TreeChange): void {
    switch (champ.kind) {
      case 'unchanged':
        return;
      case 'difference':
        for (const child of champ.removed) this.remove(writer, OwnedKeySource.champ, this.writers.idOf(child)?.id, change);
        for (const child of champ.added) this.add(writer, OwnedKeySource.champ, child, change);
        return;
      case 'all':
        this.replace(writer, OwnedKeySource.champ, champ.children, change);
        return;
      case 'unreadable':
        for (const child of champ.found) this.add(writer, OwnedKeySource.champ, child, change);
    }
  }

  private replace(parent: WriterRecord, source: OwnedKeySourceCode, children: readonly PublicKeyHash[], change: TreeChange): void {
    const before = this.owned.children(parent.id, source);
    if (before.length + children.length === 0) return;
    const kept = new Set<number>();
    for (const child of children) {
      const id = this.add(parent, source, child, change);
      if (id !== undefined) kept.add(id);
    }
    for (const id of before) if (!kept.has(id)) this.remove(parent, source, id, change);
  }

  private add(parent: WriterRecord, source: OwnedKeySourceCode, child: PublicKeyHash, change: TreeChange): number | undefined {
    const id = this.register(change, child);
    if (id === undefined) return undefined;
    change.edges ??= MAX_OWNED_KEYS_PER_USER - this.owned.count(change.userId);
    if (change.edges > 0 && this.owned.add(parent.id, source, id)) {
      change.edges--;
      change.added.push(id);
    }
    return id;
  }

  private remove(parent: WriterRecord, source: OwnedKeySourceCode, childId: number | undefined, change: TreeChange): void {
    if (childId === undefined || !this.owned.remove(parent.id, source, childId)) return;
    change.removed.push(childId);
    if (change.edges !== undefined) change.edges++;
  }

  private shift(userId: number, total: bigint, detached: bigint): void {
    if (total === 0n && detached === 0n) return;
    const user = this.users.get(userId);
    const newTotal = BigInt(user.totalBytes) + total;
    const newDetached = BigInt(user.detachedBytes) + detached;
    // A sum at its maximum may hide more than it says.
    const isExact = user.totalBytes < MAX_BYTES && user.detachedBytes < MAX_BYTES;
    if (isExact && newTotal >= 0n && newDetached >= 0n) this.users.setUsage(userId, clamp(newTotal), clamp(newDetached));
    else this.sumUp(userId);
  }
}

function changeOf(userId: number): TreeChange {
  return { userId, room: undefined, edges: undefined, added: [], removed: [] };
}

function clamp(bytes: bigint): number {
  return Number(bytes > BigInt(MAX_BYTES) ? BigInt(MAX_BYTES) : bytes);
}
