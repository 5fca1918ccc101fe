import { PyrgosError } from '@pyrgos/core/errors';
import { AbsoluteCapability } from '@pyrgos/core/model';
import { readRecords, type SharedAccess } from '@pyrgos/core/social';
import { placeKey } from '../files/structure/place.js';
import type { LeftOutOptions } from '../files/left-out-options.js';
import { cannotComeAlong, writingSpacesOf } from '../files/structure/index.js';
import { type CommittedView, isDamage, type Item, openItem, pathOf, splitPath } from '../files/view/index.js';
import type { Account } from '../session/account.js';
import type { CallOptions } from '../session/call-options.js';
import { callersCodeNow, isCallersError } from '../waiting/code-of-callers.js';
import { forEachAtOnce } from '../waiting/for-each-at-once.js';
import { recipientDirectory, SHARED, storeFile } from './capability-store.js';
import { readFollowers } from './followers.js';
import { readGroups } from './groups.js';
import { changePending } from './list-changes.js';
import { readFileIn, unlessDamaged } from './own-files.js';
import type { OwnSpace } from './own-space.js';
import { endsCall } from './peers.js';
import { deleteRecipient } from './recipient-directories.js';
import { changeRecord, readRecord, recordsBelow } from './share-records.js';
import type { Shares } from './shares.js';
import type { SocialFacts } from './social-facts.js';
import { readPending } from './social-lists.js';

/** Capabilities that are followed to their paths at a time. */
const PATHS_IN_FLIGHT = 8;
const KINDS: readonly SharedAccess[] = ['read', 'write'];

/** How somebody ceases to follow the account. */
export interface RemoveFollowerOptions extends CallOptions, LeftOutOptions {}

/** What a follower can reach, by path, and how. */
type Reach = Map<string, Set<SharedAccess>>;

/** The removals of an account that run in this session. */
const running = new WeakMap<Account, Set<string>>();

function runningOf(account: Account): Set<string> {
  const known = running.get(account) ?? new Set<string>();
  running.set(account, known);
  return known;
}

/**
 * Ends that a user follows the account (chapter 06 section 4.8): the groups of which they are a member and everything that is shared with these or with them get new
 * keys, and then the directory for them is deleted. A request to them can be answered all the same. That it has begun is noted first, so that it goes on when it is cut off: see
 * {@link finishRemovals}. Resolves to whether they followed.
 */
export async function removeFollower(space: OwnSpace, shares: Shares, username: string, options: RemoveFollowerOptions): Promise<boolean> {
  const now = runningOf(space.account);
  now.add(username);
  try {
    return await remove(space, shares, username, options);
  } catch (error) {
    if (!(endsCall(error) || (error instanceof PyrgosError && error.code === 'network'))) await noteStuck(space, username, options.signal);
    throw error;
  } finally {
    now.delete(username);
  }
}

/**
 * Goes on with removals that were cut off, but for those that run already. Resolves to whether anything may be different now. What is in the way of one was told to whoever has begun
 * it, or is found out by whoever repeats it.
 */
export async function finishRemovals(
  space: OwnSpace,
  shares: Shares,
  { removing, stuck }: Pick<SocialFacts, 'removing' | 'stuck'>,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  let isAny = false;
  for (const username of removing) {
    if (stuck.has(username) || runningOf(space.account).has(username)) continue;
    isAny = true;
    try {
      await removeFollower(space, shares, username, { signal });
    } catch (error) {
      if (endsCall(error)) throw error;
    }
  }
  return isAny;
}

/** Notes that a removal which has begun does not go on by itself. */
async function noteStuck(space: OwnSpace, username: string, signal: AbortSignal | undefined): Promise<void> {
  try {
    await space.changeHome(signal, async (operation, home) =>
      changePending(operation, space, home, (pending) => (pending.removing.has(username) ? pending.withRemoval(username, true) : pending)),
    );
  } catch (error) {
    // What was in the way of the removal is what counts.
    if (!(error instanceof PyrgosError)) throw error;
  }
}

async function remove(space: OwnSpace, shares: Shares, username: string, options: RemoveFollowerOptions): Promise<boolean> {
  const { signal, leaveOutDamaged, onLeftOut } = options;
  const found = await space.look(
    signal,
    async (view, home) => {
      const isNoted = (await readPending(view, home)).removing.has(username);
      if (!(await readFollowers(view, home)).has(username)) return isNoted ? 'noted' : 'unknown';
      return { isNoted, reach: await reachOf(space, view, home, username) };
    },
    true,
  );
  if (found === 'unknown') return false;
  if (found === 'noted') {
    await space.changeHome(signal, async (operation, home) =>
      changePending(operation, space, home, (pending) => pending.withoutRemoval(username)),
    );
    return false;
  }
  const { isNoted, reach } = found;
  if (!isNoted && reach.size > 0)
    await space.changeHome(signal, async (operation, home) =>
      changePending(operation, space, home, (pending) => pending.withRemoval(username)),
    );
  for (const [path, always] of reach) {
    try {
      await shares.unshareNames(splitPath(path), async () => new Set([username]), { signal, always, leaveOutDamaged, onLeftOut });
    } catch (error) {
      // The keys of what is there stay theirs: then all that is recorded has to stay, too, so that a repeated call ends it.
      const lost = isCallersError(error) || !isDamage(error) ? 'not lost' : await whatIsLost(space, path, signal);
      if (lost === 'not lost' || (lost !== undefined && leaveOutDamaged !== true))
        throw lost === 'not lost' ? error : cannotComeAlong(lost, splitPath(path));
      // Deleted, and still recorded or listed.
      if (lost !== undefined && onLeftOut !== undefined) callersCodeNow(() => onLeftOut(path, lost));
    }
  }
  return space.change(
    signal,
    async (view, home) => {
      const directory = await unlessDamaged(async () => recipientDirectory(view, home, username));
      return { writers: directory === undefined ? [] : await writingSpacesOf(view, [directory]) };
    },
    async (operation, home) => {
      await operation.committer.withoutFlush(async () => {
        await forget(operation, space, home, username);
        await changePending(operation, space, home, (pending) => pending.withoutRemoval(username));
      });
      return deleteRecipient(operation, home, username);
    },
  );
}

/** What is wrong with an item itself, whatever is below it, on the server now; undefined when it is deleted, `not lost` when it can be opened. */
async function whatIsLost(space: OwnSpace, path: string, signal: AbortSignal | undefined): Promise<PyrgosError | 'not lost' | undefined> {
  try {
    await space.tree.lookNow(signal, path);
    return 'not lost';
  } catch (error) {
    if (!isDamage(error)) throw error;
    return error.code === 'not-found.file' ? undefined : error;
  }
}

/** What is recorded of a user nowhere else: what the account has passed on of others, and what does not exist any more. */
async function forget(operation: Parameters<typeof changeRecord>[0], space: OwnSpace, home: Item, username: string): Promise<void> {
  const listed: { readonly directory: readonly string[]; readonly name: string }[] = [];
  for await (const { directory, state } of recordsBelow(operation, home, [], () => undefined)) {
    for (const name of state.items) {
      const { readers, writers } = state.get(name);
      if (readers.has(username) || writers.has(username)) listed.push({ directory, name });
    }
  }
  for (const { directory, name } of listed) {
    await changeRecord(operation, space, home, directory, (state) =>
      state.unshare(name, 'read', [username]).unshare(name, 'write', [username]),
    );
  }
}

/** The paths of the account to which a follower has keys: the groups first, then what is deep inside, so that nothing is given to them again. */
async function reachOf(space: OwnSpace, view: CommittedView, home: Item, username: string): Promise<Reach> {
  const reach: Reach = new Map();
  await addListed(space, view, home, username, reach);
  const members = await readRecord(view, home, [space.username, SHARED]);
  const groups: string[] = [];
  for (const uid of (await readGroups(view, home))?.names.keys() ?? []) {
    const path = `/${space.username}/${SHARED}/${uid}`;
    if (!reach.has(path) && !members.get(uid).readers.has(username)) continue;
    groups.push(uid);
    reach.set(path, new Set(['read']));
    await addListed(space, view, home, uid, reach);
  }
  const names = new Set([username, ...groups]);
  for await (const { directory, state } of recordsBelow(view, home, [space.username], () => undefined)) {
    for (const name of state.items) {
      const { readers, writers } = state.get(name);
      if ([...readers].some((one) => names.has(one))) add(reach, [...directory, name], 'read');
      if ([...writers].some((one) => names.has(one))) add(reach, [...directory, name], 'write');
    }
  }
  const isGroup = (path: string): boolean => groups.includes(splitPath(path)[2] ?? '') && splitPath(path)[1] === SHARED;
  const order = [...reach].sort(
    ([a], [b]) => Number(isGroup(b)) - Number(isGroup(a)) || splitPath(b).length - splitPath(a).length || (a < b ? -1 : 1),
  );
  return new Map(order);
}

/** Adds the paths of everything in the directory of a recipient that still leads somewhere. */
async function addListed(space: OwnSpace, view: CommittedView, home: Item, recipient: string, reach: Reach): Promise<void> {
  const directory = await unlessDamaged(async () => recipientDirectory(view, home, recipient));
  if (directory === undefined) return;
  for (const access of KINDS) {
    const bytes = await unlessDamaged(async () => readFileIn(view, directory, storeFile(access)));
    if (bytes === undefined) continue;
    const listed = new Map(
      readRecords(bytes, (value) => AbsoluteCapability.fromCbor(value)).records.map(({ value }) => [placeKey(value), value]),
    );
    await forEachAtOnce(listed.values(), PATHS_IN_FLIGHT, async (capability) => {
      const path = await unlessDamaged(async () => pathOf(view, await openItem(view, capability)));
      const names = path === undefined ? [] : splitPath(path);
      if (names.length > 1 && names[0] === space.username) add(reach, names, access);
    });
  }
}

function add(reach: Reach, names: readonly string[], access: SharedAccess): void {
  const path = `/${names.join('/')}`;
  reach.set(path, (reach.get(path) ?? new Set()).add(access));
}
