import { copyBytes, equalBytes } from '@pyrgos/core/bytes';
import { type Cid, CidCodec, MultihashCode } from '@pyrgos/core/codec';
import type { CryptoProvider } from '@pyrgos/core/crypto';
import { ArgumentError, CryptoError, DeniedError, LimitError, PyrgosError, throwIfAborted } from '@pyrgos/core/errors';
import { PublicKeyHash, resolveSigningKey, type PublicSigningKey } from '@pyrgos/core/keys';
import { MAX_SIGNED_POINTER_SIZE } from '@pyrgos/core/limits';
import { equalTargets, type PointerUpdate, validatePointerUpdate, WriterData } from '@pyrgos/core/model';
import type { PointerStore, WriterPointer } from '@pyrgos/core/store';
import { nextTurn } from '../blocks/next-turn.js';
import { MAX_NEW_CHILDREN, MAX_UPDATES_PER_COMMIT, MAX_WRITER_DATA_SIZE, SIGNATURES_PER_STEP } from '../limits.js';
import type { LocalBlocks } from '../ports/local-blocks.js';
import type { UserDirectory } from '../ports/user-directory.js';
import type { SqlDatabase } from '../sql/sql-database.js';
import { localBlockSource } from '../ports/local-source.js';
import { type ChildrenUpdate, listedBy, NO_CHILDREN } from './owned-children.js';
import type { Space } from './space.js';
import type { CountedTree } from './usage-counter.js';
import type { UserRecord } from './user-table.js';
import type { WriterRecord } from './writer-table.js';

/** How often the plans of a commit are made before it counts as a lost race. */
const MAX_COMMIT_ATTEMPTS = 5;

/** Whom the operator has banned; see admin/blacklist.ts. */
export interface BannedUsers {
  /** Whether the pointers of this user are closed. */
  isBanned(username: string): Promise<boolean>;
}

/** What {@link PointerService} needs. */
export interface PointerServiceOptions {
  readonly db: SqlDatabase;
  readonly crypto: CryptoProvider;
  readonly local: LocalBlocks;
  readonly space: Space;
  readonly directory: UserDirectory;
  readonly banned: BannedUsers;
}

/** An update whose form, signature, original and sequence are right for `current`. */
interface Checked {
  readonly writer: PublicKeyHash;
  readonly writerKey: PublicSigningKey;
  readonly signed: Uint8Array;
  readonly current: Uint8Array | undefined;
  readonly update: PointerUpdate;
}

/** An update with the version that it leads to. */
interface Version extends Checked {
  /** The writer as it was, undefined for one that this commit makes known. */
  readonly before: WriterRecord | undefined;
  readonly children: ChildrenUpdate;
  /** The CHAMP of owned keys. */
  readonly ownedRoot: Cid | undefined;
}

/** An update together with everything that it changes in the books. */
interface Plan extends Version {
  readonly counted: CountedTree;
}

/** The versions of a commit in its order, and the user to whom all belong. */
interface Assigned {
  readonly user: UserRecord;
  readonly versions: readonly Version[];
}

/** Why a valid update cannot be: answered with "rejected" by setPointer, an error of setPointers (chapter 03 section 2.6 step 8). */
class ControllerMismatch extends DeniedError {
  constructor(writer: PublicKeyHash) {
    super('denied.pointer', `WriterData controller mismatch for ${writer.toString()}`, { writer: writer.toString() });
  }
}

/**
 * The mutable pointers of this server (chapter 03 sections 2.6 and 2.7, chapter 02 section 7.1), with usage accounting and the
 * registration of children in the transaction that stores an update. Stricter than the reference in two points: a writer must belong to
 * the user whose identity is the owner, and a target must be a dag-cbor block, because only such a block is walked.
 */
export class PointerService implements PointerStore {
  constructor(private readonly options: PointerServiceOptions) {}

  /** See {@link PointerStore.getPointer}. DeniedError `denied.pointer` for a banned user. */
  async getPointer(_owner: PublicKeyHash, writer: PublicKeyHash, signal?: AbortSignal): Promise<Uint8Array | undefined> {
    throwIfAborted(signal, 'getPointer');
    assertHash('writer', writer);
    await this.refuseBanned(writer);
    return this.options.space.ledger.pointers.get(writer);
  }

  /** The user of this server to whom a writer belongs; undefined for one that is not here. No search: a writer that nobody has announced yet is unknown. */
  userOf(writer: PublicKeyHash): string | undefined {
    const { users, writers } = this.options.space.ledger;
    const record = writers.idOf(writer);
    return record === undefined ? undefined : users.get(record.userId).name;
  }

  /** See {@link PointerStore.setPointer}; false for a bad signature, a WriterData of another writer, and a lost race. */
  async setPointer(owner: PublicKeyHash, writer: PublicKeyHash, signed: Uint8Array, signal?: AbortSignal): Promise<boolean> {
    throwIfAborted(signal, 'setPointer');
    try {
      return await this.set(owner, [{ writer, signed }]);
    } catch (error) {
      if (error instanceof ControllerMismatch || (error instanceof CryptoError && error.code === 'crypto.signature')) return false;
      throw error;
    }
  }

  /**
   * See {@link PointerStore.setPointers}: a bad signature and a WriterData of another writer are errors here. LimitError for more than
   * MAX_UPDATES_PER_COMMIT updates.
   */
  async setPointers(owner: PublicKeyHash, updates: readonly WriterPointer[], signal?: AbortSignal): Promise<boolean> {
    throwIfAborted(signal, 'setPointers');
    if (updates.length > MAX_UPDATES_PER_COMMIT) throw new LimitError('updates of one commit', updates.length, MAX_UPDATES_PER_COMMIT);
    const seen = new Set<string>();
    for (const { writer } of updates) {
      assertHash('writer', writer);
      if (seen.has(writer.key)) throw new ArgumentError('updates', 'a writer occurs twice');
      seen.add(writer.key);
    }
    return updates.length === 0 || this.set(owner, updates);
  }

  private async set(owner: PublicKeyHash, updates: readonly WriterPointer[]): Promise<boolean> {
    assertHash('owner', owner);
    await this.refuseStrangers(owner, updates);
    // Before the locks: what nobody could accept must not keep a writer's own updates waiting.
    const checked = await inSteps(updates, async (update) => this.check(owner, update));
    const keys = checked.map(({ writer }) => writer.key);
    const isStored = await this.options.space.locks.run(keys, async () => this.commit(owner, await inSteps(checked, this.recheck)));
    if (isStored) await this.options.db.durable();
    return isStored;
  }

  /** Before any signature is checked, which takes time: who has nothing here could never be accepted. */
  private async refuseStrangers(owner: PublicKeyHash, updates: readonly WriterPointer[]): Promise<void> {
    const { directory, space } = this.options;
    const { writers } = space.ledger;
    const [first] = updates;
    for (const { writer } of updates) assertHash('writer', writer);
    if (first === undefined) return;
    if (writers.find(owner) === undefined && (await directory.usernameOf(owner)) === undefined) throw unknownWriter(first.writer);
    const isAnyKnown = (): boolean => updates.some(({ writer }) => writers.find(writer) !== undefined);
    if (isAnyKnown()) return;
    await space.search.search(owner);
    if (!isAnyKnown()) throw unknownWriter(first.writer);
  }

  private async refuseBanned(writer: PublicKeyHash): Promise<void> {
    const { banned, space } = this.options;
    const record = space.ledger.writers.find(writer);
    if (record === undefined || !(await banned.isBanned(space.ledger.users.get(record.userId).name))) return;
    throw new DeniedError('denied.pointer', 'This Peergos subspace has been banned from this server', { writer: writer.toString() });
  }

  private async check(owner: PublicKeyHash, { writer, signed }: WriterPointer): Promise<Checked> {
    assertHash('writer', writer);
    await this.refuseBanned(writer);
    if (signed.length > MAX_SIGNED_POINTER_SIZE) {
      throw new DeniedError('denied.pointer', `Pointer update too big! ${signed.length}`, { size: signed.length });
    }
    const writerKey = await this.keyOf(owner, writer);
    const current = this.options.space.ledger.pointers.get(writer);
    const own = copyBytes(signed);
    return { writer, writerKey, signed: own, current, update: validatePointerUpdate(this.options.crypto, writerKey, current, own) };
  }

  /** Once more, under the lock, if the pointer has moved meanwhile. */
  private readonly recheck = async (checked: Checked): Promise<Checked> => {
    const current = this.options.space.ledger.pointers.get(checked.writer);
    if (sameBytes(current, checked.current)) return checked;
    const update = validatePointerUpdate(this.options.crypto, checked.writerKey, current, checked.signed);
    return { ...checked, current, update };
  };

  private async keyOf(owner: PublicKeyHash, writer: PublicKeyHash): Promise<PublicSigningKey> {
    const { crypto, directory, local, space } = this.options;
    // Only `legacy: read only` hashes take a block, which is with the data of the user.
    const record = writer.inlineKey === undefined ? space.ledger.writers.find(writer) : undefined;
    const username = record === undefined ? undefined : space.ledger.users.get(record.userId).name;
    const partition = writer.inlineKey === undefined ? (username ?? (await directory.usernameOf(owner))) : undefined;
    const blocks = partition === undefined ? { getBlock: async () => noBlock(writer) } : localBlockSource(local, partition);
    return resolveSigningKey(writer, { hasher: crypto, blocks, context: { owner } });
  }

  private async commit(owner: PublicKeyHash, checked: readonly Checked[]): Promise<boolean> {
    for (let attempt = 1; ; attempt++) {
      const { user, versions } = await this.assign(owner, checked);
      const { late } = this.options.space;
      // Before the plans, which build on what is charged.
      await late.settle(user);
      const put = late.lastPut(user.name);
      const plans = await this.plan(user, versions.map(this.recharge));
      const outcome = this.options.db.transaction(() => this.store(user, plans, put));
      if (outcome !== 'again' || attempt === MAX_COMMIT_ATTEMPTS) return outcome === 'stored';
    }
  }

  /** With what the writer is charged with now. */
  private readonly recharge = (version: Version): Version => {
    const { before } = version;
    const now = before === undefined ? undefined : this.options.space.ledger.writers.find(before.writer);
    if (before === undefined || now === undefined) return version;
    return { ...version, before: { ...before, directBytes: now.directBytes, missingCount: now.missingCount } };
  };

  private async plan(user: UserRecord, versions: readonly Version[]): Promise<Plan[]> {
    const plans: Plan[] = [];
    for (const version of versions) {
      const { before } = version;
      const counted = await this.options.space.counter.countNext(
        user.name,
        before === undefined
          ? { target: undefined, bytes: 0, missing: [] }
          : { target: before.target, bytes: before.directBytes, missing: this.options.space.ledger.writers.missingOf(before) },
        version.update.updated,
      );
      plans.push({ ...version, counted });
    }
    return plans;
  }

  /** Finds out to which user the writers belong, and reads their new versions. */
  private async assign(owner: PublicKeyHash, checked: readonly Checked[]): Promise<Assigned> {
    const { space } = this.options;
    const versions = new Map<string, Version>();
    const unknown = new Map<string, Checked>();
    let user: UserRecord | undefined;
    let added = 0;
    const read = async (entry: Checked, of: UserRecord): Promise<void> => {
      user = of;
      const pending = [entry];
      for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
        const version = await this.readVersion(of.name, next, space.ledger.writers.find(next.writer));
        versions.set(next.writer.key, version);
        const listed = listedBy(version.children);
        // A list that was read as a whole may name thousands that are known: its writer must not be locked out.
        const isWhole = version.children.champ.kind === 'all' || version.children.champ.kind === 'unreadable';
        added += isWhole ? listed.filter((child) => space.ledger.writers.idOf(child) === undefined).length : listed.length;
        if (added > MAX_NEW_CHILDREN) throw new LimitError('new children of one commit', added, MAX_NEW_CHILDREN);
        // A child that this very commit lists is as good as known.
        for (const { key } of listed) {
          const child = unknown.get(key);
          if (child !== undefined) pending.push(child);
          unknown.delete(key);
        }
      }
    };
    for (const entry of checked) if (space.ledger.writers.find(entry.writer) === undefined) unknown.set(entry.writer.key, entry);
    for (const entry of checked) {
      if (unknown.has(entry.writer.key) || versions.has(entry.writer.key)) continue;
      await read(entry, await this.knownUser(owner, entry.writer));
    }
    for (const entry of unknown.values()) {
      await space.userOfWriter(owner, entry.writer);
      await read(entry, await this.knownUser(owner, entry.writer));
    }
    const ordered = checked.flatMap(({ writer }) => versions.get(writer.key) ?? []);
    if (user === undefined) throw new ArgumentError('updates', 'must not be empty');
    return { user, versions: ordered };
  }

  private async knownUser(owner: PublicKeyHash, writer: PublicKeyHash): Promise<UserRecord> {
    const user = await this.options.space.knownUserOf(owner, writer);
    if (user === undefined) throw unknownWriter(writer);
    return user;
  }

  private async readVersion(username: string, checked: Checked, before: WriterRecord | undefined): Promise<Version> {
    const { updated } = checked.update;
    if (updated === undefined) return { ...checked, before, ownedRoot: undefined, children: NO_CHILDREN };
    const writerData = await this.readTarget(username, checked.writer, updated);
    const known = { ownedRoot: before?.ownedRoot, isOwnedKnown: before?.isOwnedKnown ?? true };
    const children = await this.options.space.children.update(username, checked.writer, writerData, known);
    return { ...checked, before, ownedRoot: writerData.owned, children };
  }

  private async readTarget(username: string, writer: PublicKeyHash, target: Cid): Promise<WriterData> {
    const missing = (): DeniedError =>
      new DeniedError('denied.pointer', `Couldn't retrieve WriterData from dht! ${target.toString()}`, { cid: target.toString() });
    if (target.codec !== CidCodec.dagCbor || target.multihash.code !== MultihashCode.sha2_256) throw missing();
    const { local } = this.options;
    const metadata = await local.metadata(username, target);
    if (metadata === undefined || metadata.size > MAX_WRITER_DATA_SIZE) throw missing();
    const block = await local.get(username, target);
    if (block === undefined) throw missing();
    let writerData: WriterData;
    try {
      writerData = WriterData.decode(block);
    } catch (error) {
      if (error instanceof PyrgosError) throw missing();
      throw error;
    }
    if (!writerData.controller.equals(writer)) throw new ControllerMismatch(writer);
    return writerData;
  }

  /**
   * Stores all or nothing: everything must still be what the plans were made for, after the put `put`. `again` when only what is booked for a
   * writer has changed: then new plans may fit.
   */
  private store(user: UserRecord, plans: readonly Plan[], put: number): 'stored' | 'lost' | 'again' {
    const { late, ledger, quotas } = this.options.space;
    if (!plans.every((plan) => this.isCurrent(plan))) return 'lost';
    if (!plans.every((plan) => this.isBooked(plan))) return 'again';
    const isFirst = ledger.writers.incomplete(user.id, 0, 1).length === 0;
    const versions = plans.map((plan) => {
      const writer = ledger.registerWriter(user.id, plan.writer);
      if (writer === undefined) throw unknownWriter(plan.writer);
      return { plan, writer, children: plan.children };
    });
    ledger.setChildren(user.id, versions);
    for (const { plan, writer } of versions) {
      ledger.setCounted(ledger.writers.get(writer.id), {
        target: plan.update.updated,
        directBytes: plan.counted.bytes,
        missing: plan.counted.missing,
        ownedRoot: plan.ownedRoot,
        isOwnedKnown: plan.children.champ.kind !== 'unreadable',
      });
      ledger.pointers.set(plan.writer, plan.signed);
    }
    if (plans.some(({ counted }) => counted.missing?.length !== 0)) ledger.users.addIncomplete(user.id, put, isFirst);
    // Otherwise bytes that are stored and not charged yet would be forgotten; the next update or upload makes up for it.
    if (late.isSettled(user)) {
      const sum = (bytes: readonly number[]): number => bytes.reduce((total, one) => total + one, 0);
      const ended = versions.map(({ writer }) => ledger.writers.get(writer.id));
      const freed = sum(plans.map(({ before, counted }) => (before?.directBytes ?? 0) - counted.bytes));
      this.options.space.noteFreed(user, sum(ended.map(({ pendingBytes }) => pendingBytes)), freed);
      for (const writer of ended) ledger.clearPending(writer);
    }
    if (plans.some(({ before, update }) => before?.isIdentity === true && update.updated === undefined)) {
      this.options.space.endTransactionsIfDeleted(user);
    }
    ledger.settleErrored(user.id, quotas.get(user.name));
    return 'stored';
  }

  /** Others than updates change the books as well: a deletion by the operator, a recount. */
  private isCurrent({ before, current, writer }: Plan): boolean {
    const { pointers, writers } = this.options.space.ledger;
    const now = writers.find(writer);
    return sameBytes(pointers.get(writer), current) && now?.id === before?.id && equalTargets(now?.target, before?.target);
  }

  /**
   * What changes without any update of the writer: what it is charged with, by blocks that arrive late, and what is known of its children, by
   * a search or a recount.
   */
  private isBooked({ before, writer }: Plan): boolean {
    const now = this.options.space.ledger.writers.find(writer);
    return (
      now?.directBytes === before?.directBytes &&
      now?.missingCount === before?.missingCount &&
      now?.isOwnedKnown === before?.isOwnedKnown &&
      equalTargets(now?.ownedRoot, before?.ownedRoot)
    );
  }
}

/** Does something for each entry in order, and lets other requests have a turn now and then. */
async function inSteps<T, R>(entries: readonly T[], work: (entry: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (const entry of entries) {
    if (results.length > 0 && results.length % SIGNATURES_PER_STEP === 0) await nextTurn();
    results.push(await work(entry));
  }
  return results;
}

function assertHash(field: string, value: unknown): asserts value is PublicKeyHash {
  if (!(value instanceof PublicKeyHash)) throw new ArgumentError(field, 'must be a PublicKeyHash');
}

function sameBytes(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a === undefined || b === undefined ? a === b : equalBytes(a, b);
}

function unknownWriter(writer: PublicKeyHash): DeniedError {
  return new DeniedError('denied.pointer', 'Unknown writer on this server!', { writer: writer.toString() });
}

function noBlock(writer: PublicKeyHash): never {
  throw new PyrgosError('not-found.key', 'the block of this public key does not exist', { data: { hash: writer.toString() } });
}
