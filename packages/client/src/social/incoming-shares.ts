import type { PublicKeyHash } from '@pyrgos/core/keys';
import { MAX_GROUPS_OF_FRIEND } from '@pyrgos/core/limits';
import { type AbsoluteCapability, EntryPoint } from '@pyrgos/core/model';
import { PyrgosError } from '@pyrgos/core/errors';
import { type CapabilitiesRead, FriendsGroups, isGroupUid, ProcessedCaps, type SharedAccess } from '@pyrgos/core/social';
import { CommittedView, findEntry, isDamage, type Item, type OperationView, type View } from '../files/view/index.js';
import { deleteItems } from '../files/structure/index.js';
import { isGroupDirectory } from './groups.js';
import { type NewRecords, readNewRecords } from './new-records.js';
import { makeDirectoryAt, readAll, writeFileIn } from './own-files.js';
import type { OwnSpace } from './own-space.js';
import type { OwnerNames } from './owner-names.js';
import { openOne, resolveCapabilities } from './received-items.js';
import { SocialFile } from './social-lists.js';
import { CACHE, type SharedBy, storeShared } from './world-mirror.js';

/** A friend whose shares are read. */
export interface Sharer {
  readonly name: string;
  /** The identity that the friend has now. */
  readonly owner: PublicKeyHash;
  /** The capability of `/<friend>/shared/<user>`. */
  readonly entry: AbsoluteCapability;
}

/** Rounds of one look at a friend; the next look goes on where it ended. */
const MAX_ROUNDS = 16;
/** What was received and could not be stored: beyond that many nothing more is read. */
const MAX_PENDING = 5000;
/** Milliseconds between two attempts to store what could not be. */
const RETRY_AFTER = 30_000;
/** Milliseconds between two times that the mirror is made anew. */
const REBUILD_AFTER = 600_000;

/** What was received of one friend and is not stored yet. */
interface Pending {
  /** What the stored position was when it was read. */
  readonly base: ProcessedCaps;
  /** The position behind it. */
  readonly position: ProcessedCaps;
  readonly received: readonly SharedBy[];
  readonly groups: ReadonlyMap<string, EntryPoint>;
}

/** What is known of one friend during a session. */
class FriendState {
  /** The tree of the friend in which everything was read. */
  seen: string | undefined;
  pending: Pending | undefined;
  /** Whether the mirror has to be made anew, from everything that the friend has ever shared. */
  needsRebuild = false;
  rebuilds = 0;
  nextAttempt = 0;
  /** Looks come one after the other. */
  last: Promise<unknown> = Promise.resolve();
}

/**
 * Takes what friends share into the mirror of the account (chapter 06 sections 9.2 to 9.4): in pieces of bounded size, each in one commit together with the
 * position up to which was read. What cannot be committed, without quota or connection, stays in memory, where readers see it, and is
 * tried again later.
 */
export class IncomingShares {
  private readonly friends = new Map<string, FriendState>();
  private rebuilds = 0;
  private nextRebuild = 0;

  constructor(
    private readonly space: OwnSpace,
    private readonly owners: OwnerNames,
  ) {}

  /** Everything that is not in the stored mirror yet. */
  get pending(): readonly SharedBy[] {
    return [...this.friends.values()].flatMap(({ pending }) => pending?.received ?? []);
  }

  /**
   * The mirror is damaged: it is made anew with the next look at each friend. False when that was done a moment ago: what is still damaged then nobody
   * shares any more.
   */
  rebuild(): boolean {
    if (this.now() < this.nextRebuild) return false;
    this.nextRebuild = this.now() + REBUILD_AFTER;
    this.rebuilds++;
    return true;
  }

  /**
   * Takes in what a friend has shared since the last look. No request when nothing of the friend has changed in `view`. Must not be called by whoever has the turn of
   * an operation. Errors: `network` and the like; what is wrong with single shares is none.
   */
  async update(sharer: Sharer, view: View): Promise<void> {
    const state = this.stateOf(sharer.name);
    const turn = state.last.then(async () => this.look(sharer, state, view));
    state.last = turn.catch(() => undefined);
    return turn;
  }

  private stateOf(friend: string): FriendState {
    const state = this.friends.get(friend) ?? new FriendState();
    this.friends.set(friend, state);
    if (state.rebuilds < this.rebuilds) state.needsRebuild = true;
    state.rebuilds = this.rebuilds;
    return state;
  }

  private async look(sharer: Sharer, state: FriendState, view: View): Promise<void> {
    const tree = await view.treeOf(sharer.entry.owner, sharer.entry.writer);
    const key = `${tree?.key ?? ''}${sharer.entry.owner.key}`;
    if (!(await this.store(sharer, state))) state.seen = undefined;
    if (state.seen === key && !state.needsRebuild) return;
    for (let round = 0; round < MAX_ROUNDS; round++) {
      if ((state.pending?.received.length ?? 0) > MAX_PENDING) return;
      const isComplete = await this.read(sharer, state, view);
      if (!(await this.store(sharer, state)) || !isComplete) continue;
      state.seen = key;
      return;
    }
  }

  /** Reads one round of everything; resolves to whether there was nothing more. */
  private async read(sharer: Sharer, state: FriendState, view: View): Promise<boolean> {
    const own = new CommittedView(this.space.account.sessions, { signal: view.signal });
    const home = await this.space.home(own);
    const base = state.pending?.base ?? (await this.stored(own, home, sharer.name));
    const groupsFile = await readFriendsGroups(own, home);
    // A position behind what the damaged mirror had would never come back to what it has lost.
    const isAnew = state.needsRebuild || (groupsFile === undefined && state.pending === undefined);
    let position: ProcessedCaps = isAnew ? ProcessedCaps.empty : (state.pending?.position ?? base);
    const known = new Map([...(groupsFile?.ofFriend(sharer.name) ?? []), ...(state.pending?.groups ?? [])]);
    const capabilities: AbsoluteCapability[] = [];
    const counts = new ReadCounts();
    let isComplete = true;
    let hasChanged = isAnew;
    const readFrom = async (directory: Item, uid: string | undefined): Promise<void> => {
      for (const access of ['read', 'write'] as const) {
        const at = uid === undefined ? position : (position.groups.get(uid) ?? ProcessedCaps.empty);
        const records = await readNewRecords(view, directory, access, access === 'read' ? at.readBytes : at.writeBytes);
        if (records.start === 0 && records.bytes > 0) position = position.restarted(access, uid);
        counts.add(uid, access, records, capabilities.length);
        capabilities.push(...records.capabilities);
        isComplete &&= records.isEnd;
        hasChanged ||= records.bytes > 0;
      }
    };
    const directory = (await openOne(view, sharer.entry)).item;
    if (directory?.isDirectory === true && directory.isReadable) await readFrom(directory, undefined);
    for (const [path, entry] of known) {
      const uid = path.split('/').at(-1);
      const group = isGroupUid(uid) ? (await openOne(view, entry.capability)).item : undefined;
      // Whoever is no member any more finds nothing.
      if (group?.isDirectory === true && group.isReadable) await readFrom(group, uid);
    }
    if (!hasChanged) return isComplete;
    const { owners, space } = this;
    const found = await resolveCapabilities(view, capabilities, { owners, username: space.username, friend: sharer.name });
    const resolved = new Set(found.map(({ capability }) => capability));
    const groups = new Map(state.pending?.groups);
    for (const { names, capability, isDirectory } of found) {
      if (!isDirectory || !isGroupDirectory(names, sharer.name) || !isGroupUid(names.at(-1))) continue;
      const path = `/${names.join('/')}`;
      const entry = known.get(path);
      if (entry?.capability.equals(capability) === true) continue;
      if (entry === undefined && known.size >= MAX_GROUPS_OF_FRIEND) continue;
      known.set(path, EntryPoint.of(capability, sharer.name));
      groups.set(path, EntryPoint.of(capability, sharer.name));
      // Its own shares are read in the next round.
      isComplete = false;
    }
    state.pending = {
      base,
      position: position.add(counts.read(position, capabilities, resolved)),
      received: [...(state.pending?.received ?? []), ...found.map((one) => ({ ...one, sharer: sharer.name }))],
      groups,
    };
    state.needsRebuild = false;
    return isComplete;
  }

  /** Stores what is pending, if it is time; what cannot be stays. False when another device was faster, so that it has to be read once more from where that has come. */
  private async store(sharer: Sharer, state: FriendState): Promise<boolean> {
    const { pending } = state;
    if (pending === undefined || this.now() < state.nextAttempt) return true;
    const { space } = this;
    try {
      const isStored = await space.changeHome(undefined, async (operation, home) => {
        if (!(await this.stored(operation, home, sharer.name)).equals(pending.base)) return false;
        await operation.committer.withoutFlush(async () => {
          const others = new CommittedView(space.account.sessions, { signal: operation.signal, waitForCreation: false });
          await storeShared(operation, space, home, pending.received, others);
          await storeGroups(operation, space, home, pending.groups);
          const cache = await makeDirectoryAt(operation, space, home, [CACHE], { isHidden: true });
          const name = incomingFile(sharer.name);
          const file = await findEntry(operation, cache, name);
          if (file?.isDangling === true) await deleteItems(operation, cache, [file]);
          await writeFileIn(operation, space, cache, name, pending.position.encode());
        });
        return true;
      });
      state.pending = undefined;
      return isStored;
    } catch (error) {
      if (!(error instanceof PyrgosError) || error.code === 'denied.session') throw error;
      state.nextAttempt = this.now() + RETRY_AFTER;
      return true;
    }
  }

  /** The position of the account in what a friend shares; where the file is damaged everything is read once more. */
  private async stored(view: View, home: Item, friend: string): Promise<ProcessedCaps> {
    try {
      const cache = await findEntry(view, home, CACHE);
      const file = cache === undefined || cache.isDangling ? undefined : await findEntry(view, cache, incomingFile(friend));
      if (file === undefined || file.isDangling) return ProcessedCaps.empty;
      return ProcessedCaps.decode(await readAll(view, file));
    } catch (error) {
      if (!isDamage(error)) throw error;
      return ProcessedCaps.empty;
    }
  }

  private now(): number {
    return this.space.account.clock.now();
  }
}

/** What was read of which file, and which part of all capabilities it was. */
class ReadCounts {
  private readonly parts: {
    readonly uid: string | undefined;
    readonly access: SharedAccess;
    readonly records: NewRecords;
    readonly first: number;
  }[] = [];

  add(uid: string | undefined, access: SharedAccess, records: NewRecords, first: number): void {
    this.parts.push({ uid, access, records, first });
  }

  /** What {@link ProcessedCaps.add} takes, from the position at which reading began. */
  read(position: ProcessedCaps, capabilities: readonly AbsoluteCapability[], resolved: ReadonlySet<AbsoluteCapability>): CapabilitiesRead {
    const of = (uid: string | undefined): CapabilitiesRead => {
      const at = uid === undefined ? position : (position.groups.get(uid) ?? ProcessedCaps.empty);
      const part = (access: SharedAccess): { bytes: number; count: number } => {
        const found = this.parts.find((one) => one.uid === uid && one.access === access);
        if (found === undefined) return { bytes: 0, count: 0 };
        const { first, records } = found;
        const own = capabilities.slice(first, first + records.capabilities.length);
        return { bytes: records.bytes, count: own.filter((one) => resolved.has(one)).length };
      };
      const [read, write] = [part('read'), part('write')];
      return {
        readStart: at.readBytes,
        readBytes: read.bytes,
        readCount: read.count,
        writeStart: at.writeBytes,
        writeBytes: write.bytes,
        writeCount: write.count,
      };
    };
    const uids = new Set(this.parts.flatMap(({ uid }) => uid ?? []));
    return { ...of(undefined), groups: new Map([...uids].map((uid) => [uid, of(uid)])) };
  }
}

function incomingFile(friend: string): string {
  return `${friend}$incoming.cbor`;
}

/** The folders of groups that friends have let the account into; undefined where the file is damaged: they come again with everything else. */
async function readFriendsGroups(view: View, home: Item): Promise<FriendsGroups | undefined> {
  try {
    const file = await findEntry(view, home, SocialFile.friendsGroups);
    if (file === undefined) return FriendsGroups.of();
    return file.isDangling ? undefined : FriendsGroups.decode(await readAll(view, file));
  } catch (error) {
    if (!isDamage(error)) throw error;
    return undefined;
  }
}

async function storeGroups(operation: OperationView, space: OwnSpace, home: Item, added: ReadonlyMap<string, EntryPoint>): Promise<void> {
  const before = await readFriendsGroups(operation, home);
  if (added.size === 0 && before !== undefined) return;
  let groups = before ?? FriendsGroups.of();
  for (const [path, entry] of added) groups = groups.with(path, entry);
  const file = await findEntry(operation, home, SocialFile.friendsGroups);
  if (file?.isDangling === true) await deleteItems(operation, home, [file]);
  await writeFileIn(operation, space, home, SocialFile.friendsGroups, groups.encode(), { isHidden: true });
}
