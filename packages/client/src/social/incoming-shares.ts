import type { PublicKeyHash } from '@pyrgos/core/keys';
import { MAX_GROUPS_OF_FRIEND } from '@pyrgos/core/limits';
import { type AbsoluteCapability, EntryPoint } from '@pyrgos/core/model';
import { LimitError, PyrgosError } from '@pyrgos/core/errors';
import { FriendsGroups, isGroupUid, ProcessedCaps } from '@pyrgos/core/social';
import { CommittedView, findEntry, isDamage, type Item, type OperationView, type View } from '../files/view/index.js';
import { deleteItems, refresh } from '../files/structure/index.js';
import { isGroupDirectory } from './groups.js';
import { makeDirectoryAt, readAll, writeFileIn } from './own-files.js';
import type { OwnSpace } from './own-space.js';
import type { OwnerNames } from './owner-names.js';
import { readShares } from './read-shares.js';
import { resolveCapabilities } from './received-items.js';
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

  /**
   * {@link IncomingShares.update} without storing anything: what is new is {@link IncomingShares.pending} then, and stored by {@link IncomingShares.storeAlongside} or the
   * next update.
   */
  async gather(sharer: Sharer, view: View): Promise<void> {
    const state = this.stateOf(sharer.name);
    const turn = state.last.then(async () => this.look(sharer, state, view, false));
    state.last = turn.catch(() => undefined);
    return turn;
  }

  /**
   * Makes a change together with which everything that is pending of these friends is stored: `change` gets what stores it, for the operation that it runs, perhaps more
   * than once. When the change fails everything stays pending. Nobody looks at these friends meanwhile.
   */
  async storeAlongside<T>(
    friends: readonly string[],
    change: (store: (operation: OperationView, home: Item) => Promise<void>) => Promise<T>,
  ): Promise<T> {
    const states = new Map([...new Set(friends)].map((name) => [name, this.stateOf(name)]));
    const before = [...states.values()].map(({ last }) => last);
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    // All of them at once, so that two changes never wait for each other.
    for (const state of states.values()) state.last = held;
    try {
      await Promise.all(before);
      let overtaken = new Set<string>();
      const result = await change(async (operation, home) => {
        overtaken = new Set();
        for (const [name, { pending }] of states) {
          if (pending !== undefined && !(await this.tryToStoreOne(operation, home, name, pending))) overtaken.add(name);
        }
      });
      for (const [name, state] of states) {
        state.pending = undefined;
        if (overtaken.has(name)) state.seen = undefined;
      }
      return result;
    } finally {
      release();
    }
  }

  /** Whether something of a friend is not stored yet. */
  isPending(friend: string): boolean {
    return this.friends.get(friend)?.pending !== undefined;
  }

  /** The directories of groups that a friend has let the account into, by path; those that are not stored yet, too. `home`: the home directory in `view`. */
  async groupsOf(friend: string, view: View, home: Item): Promise<ReadonlyMap<string, EntryPoint>> {
    const stored = await readFriendsGroups(view, home);
    return new Map([...(stored?.ofFriend(friend) ?? []), ...(this.friends.get(friend)?.pending?.groups ?? [])]);
  }

  private stateOf(friend: string): FriendState {
    const state = this.friends.get(friend) ?? new FriendState();
    this.friends.set(friend, state);
    if (state.rebuilds < this.rebuilds) state.needsRebuild = true;
    state.rebuilds = this.rebuilds;
    return state;
  }

  private async look(sharer: Sharer, state: FriendState, view: View, isStored = true): Promise<void> {
    const tree = await view.treeOf(sharer.entry.owner, sharer.entry.writer);
    const key = `${tree?.key ?? ''}${sharer.entry.owner.key}`;
    const store = async (): Promise<boolean> => !isStored || this.store(sharer, state);
    if (!(await store())) state.seen = undefined;
    if (state.seen === key && !state.needsRebuild) return;
    for (let round = 0; round < MAX_ROUNDS; round++) {
      if ((state.pending?.received.length ?? 0) > MAX_PENDING) return;
      const isComplete = await this.read(sharer, state, view);
      if (!(await store()) || !isComplete) continue;
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
    const from: ProcessedCaps = isAnew ? ProcessedCaps.empty : (state.pending?.position ?? base);
    const known = new Map([...(groupsFile?.ofFriend(sharer.name) ?? []), ...(state.pending?.groups ?? [])]);
    const shares = await readShares(view, sharer.entry, known, from);
    let { isComplete } = shares;
    if (!shares.hasNew && !isAnew) return isComplete;
    const { owners, space } = this;
    const found = await resolveCapabilities(view, shares.capabilities, { owners, username: space.username, friend: sharer.name });
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
      position: shares.positionAfter(resolved),
      received: [...(state.pending?.received ?? []), ...found.map((one) => ({ ...one, sharer: sharer.name }))],
      groups,
    };
    state.needsRebuild = false;
    return isComplete;
  }

  /** Stores what is pending, if it is time; what cannot stays. False when another device was faster, so that it has to be read once more from where that has come. */
  private async store(sharer: Sharer, state: FriendState): Promise<boolean> {
    const { pending } = state;
    if (pending === undefined || this.now() < state.nextAttempt) return true;
    const { space } = this;
    try {
      const isStored = await space.changeHome(undefined, async (operation, home) =>
        operation.committer.withoutFlush(async () => this.storeOne(operation, home, sharer.name, pending)),
      );
      state.pending = undefined;
      return isStored;
    } catch (error) {
      if (!(error instanceof PyrgosError) || error.code === 'denied.session') throw error;
      state.nextAttempt = this.now() + RETRY_AFTER;
      return true;
    }
  }

  /** Stores what was received of one friend; false when another device was faster, and nothing was changed. */
  private async storeOne(operation: OperationView, before: Item, friend: string, pending: Pending): Promise<boolean> {
    const { space } = this;
    // The same operation may have stored something of another friend: what is not seen of that would be overwritten.
    const home = await refresh(operation, before);
    if (!(await this.stored(operation, home, friend)).equals(pending.base)) return false;
    const others = new CommittedView(space.account.sessions, { signal: operation.signal, waitForCreation: false });
    await storeShared(operation, space, home, pending.received, others);
    await storeGroups(operation, space, await refresh(operation, home), pending.groups);
    const cache = await makeDirectoryAt(operation, space, home, [CACHE], { isHidden: true });
    const name = incomingFile(friend);
    const file = await findEntry(operation, cache, name);
    if (file?.isDangling === true) await deleteItems(operation, cache, [file]);
    await writeFileIn(operation, space, cache, name, pending.position.encode());
    return true;
  }

  /** Like {@link IncomingShares.storeOne}; what of one friend cannot be stored is read once more, and keeps the others from nothing. */
  private async tryToStoreOne(operation: OperationView, home: Item, friend: string, pending: Pending): Promise<boolean> {
    try {
      return await this.storeOne(operation, home, friend, pending);
    } catch (error) {
      if (!isDamage(error) && !(error instanceof LimitError)) throw error;
      return false;
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
