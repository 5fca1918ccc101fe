import { NotFoundError } from '@pyrgos/core/errors';
import type { AbsoluteCapability } from '@pyrgos/core/model';
import { GroupName, Groups } from '@pyrgos/core/social';
import { makeDirectory } from '../files/structure/index.js';
import { findChild, type Item, type OperationView, type View } from '../files/view/index.js';
import { giveCapabilities, recipientDirectory, SHARED } from './capability-store.js';
import { directoryIn, makeDirectoryAt, readFileIn, writeFileIn } from './own-files.js';
import type { OwnSpace } from './own-space.js';
import type { Group } from './recipients.js';
import { changeRecord, readRecord } from './share-records.js';
import { followedEntries, readBlocked, readFriendEntries, readUnaskedFollowers } from './social-lists.js';

const GROUPS_FILE = '.groups.cbor';

/** The groups of the account, or undefined when it has none yet (chapter 06 section 6). */
export async function readGroups(view: View, home: Item): Promise<Groups | undefined> {
  const shared = await directoryIn(view, home, SHARED);
  const bytes = shared === undefined ? undefined : await readFileIn(view, shared, GROUPS_FILE);
  return bytes === undefined ? undefined : Groups.decode(bytes);
}

/**
 * The groups of the account; made, with those who follow it and those whom it follows as members, when it has none (chapter 06 section 6). All of that is
 * committed, in one piece if nothing flushes in between.
 */
export async function getOrMakeGroups(operation: OperationView, space: OwnSpace, home: Item): Promise<Groups> {
  const existing = await readGroups(operation, home);
  if (existing !== undefined) return existing;
  const groups = Groups.generate(operation.crypto);
  // Who is asked can be no follower without having become a member of groups.
  const followers = await readUnaskedFollowers(operation, home);
  const followed = followedEntries(await readFriendEntries(operation, home), await readBlocked(operation, home));
  const shared = await makeDirectoryAt(operation, space, home, [SHARED], { isHidden: true });
  for (const [uid, name] of groups.names) {
    const directory = await makeDirectory(operation, shared, uid, { ...space.directoryOptions, isHidden: true });
    const members = name === GroupName.followers ? [...followers] : [...followed.keys()].filter((friend) => followers.has(friend));
    await admit(operation, space, home, uid, directory.capability, members);
  }
  await writeFileIn(operation, space, (await directoryIn(operation, home, SHARED)) ?? shared, GROUPS_FILE, groups.encode());
  return groups;
}

/** The id of one of the groups that every account has. NotFoundError `not-found.recipient` when another program has left it out. */
export function uidOf(groups: Groups, name: string): string {
  const uid = groups.uidOf(name);
  if (uid === undefined) throw new NotFoundError('not-found.recipient', 'This account does not have this group.', { group: name });
  return uid;
}

/**
 * Makes a user, who follows the account, a member of groups: they get the capabilities of their directories, and that is recorded as ordinary shares (chapter 06
 * section 6). Groups that do not exist yet are made. What the user has got before is sent again: it may be that the directory for them is a new one. Commits.
 */
export async function admitToGroups(
  operation: OperationView,
  space: OwnSpace,
  home: Item,
  user: string,
  names: readonly Group[],
): Promise<void> {
  const areNew = (await readGroups(operation, home)) === undefined;
  const groups = await getOrMakeGroups(operation, space, home);
  const record = areNew ? await readRecord(operation, home, [space.username, SHARED]) : undefined;
  const capabilities: AbsoluteCapability[] = [];
  const uids: string[] = [];
  for (const name of names) {
    const uid = uidOf(groups, name);
    // New groups have those as members already who are known.
    if (record?.get(uid).readers.has(user) === true) continue;
    const directory = await recipientDirectory(operation, home, uid);
    if (directory === undefined) throw new NotFoundError('not-found.recipient', 'The directory of this group is gone.', { group: uid });
    uids.push(uid);
    capabilities.push(directory.capability);
  }
  if (uids.length === 0) return;
  await giveCapabilities(operation, space, home, user, 'read', capabilities);
  await changeRecord(operation, space, home, [space.username, SHARED], (state) => {
    let next = state;
    for (const uid of uids) next = next.share(uid, 'read', [user]);
    return next;
  });
}

/** Takes a user, for whom there is no directory any more, out of what is recorded of the groups: the next directory for them gets nothing because of it. Commits. */
export async function strikeFromGroups(operation: OperationView, space: OwnSpace, home: Item, user: string): Promise<void> {
  const groups = await readGroups(operation, home);
  if (groups === undefined) return;
  await changeRecord(operation, space, home, [space.username, SHARED], (state) => {
    let next = state;
    for (const uid of groups.names.keys()) next = next.unshare(uid, 'read', [user]);
    return next;
  });
}

async function admit(
  operation: OperationView,
  space: OwnSpace,
  home: Item,
  uid: string,
  capability: AbsoluteCapability,
  users: readonly string[],
): Promise<void> {
  for (const user of users) await giveCapabilities(operation, space, home, user, 'read', [capability]);
  if (users.length === 0) return;
  await changeRecord(operation, space, home, [space.username, SHARED], (state) => state.share(uid, 'read', users));
}

/** Whether names, from the root down, lead to the directory of a group of a user. */
export function isGroupDirectory(names: readonly string[], username: string): boolean {
  const [owner, shared, uid, ...below] = names;
  return owner === username && shared === SHARED && uid?.startsWith('.') === true && below.length === 0;
}

/** Whether there is anything of this name in `/<user>/shared`. */
export async function hasRecipient(view: View, home: Item, recipient: string): Promise<boolean> {
  const shared = await directoryIn(view, home, SHARED);
  return shared !== undefined && (await findChild(view, shared, recipient)) !== undefined;
}
