import { EntryPoint } from '@pyrgos/core/model';
import { decodeBlockedUsernames, PendingSocialState, readRecords } from '@pyrgos/core/social';
import { type Item, listEntries, type View } from '../files/view/index.js';
import { SHARED } from './capability-store.js';
import { directoryIn, readFileIn } from './own-files.js';

/** The files of the social state in a home directory (chapter 06 section 1). */
export const SocialFile = {
  pending: '.social-state.cbor',
  blocked: '.blocked-usernames.txt',
  friends: '.from-friends.cborstream',
  friendsGroups: '.groups-from-friends.cborstream',
} as const;

/** Whom the account has asked and who has not answered yet. */
export async function readPending(view: View, home: Item): Promise<PendingSocialState> {
  const bytes = await readFileIn(view, home, SocialFile.pending);
  return bytes === undefined ? PendingSocialState.of() : PendingSocialState.decode(bytes);
}

/** Whom the account does not want to see. */
export async function readBlocked(view: View, home: Item): Promise<ReadonlySet<string>> {
  const bytes = await readFileIn(view, home, SocialFile.blocked);
  return bytes === undefined ? new Set() : decodeBlockedUsernames(bytes);
}

/** The names of all users for whom there is a directory in `/<user>/shared`: followers, and those who are asked (chapter 06 section 4.4). */
export async function readSharedWithUsers(view: View, home: Item): Promise<ReadonlySet<string>> {
  const shared = await directoryIn(view, home, SHARED);
  const names = new Set<string>();
  if (shared === undefined) return names;
  for await (const { name } of listEntries(view, shared)) {
    // Those with a dot belong to groups.
    if (name !== undefined && !name.startsWith('.')) names.add(name);
  }
  return names;
}

/** Who follows the account and is not asked (chapter 06 section 4.1); see {@link followersIn} for all. */
export async function readUnaskedFollowers(view: View, home: Item): Promise<ReadonlySet<string>> {
  const [users, pending] = await Promise.all([readSharedWithUsers(view, home), readPending(view, home)]);
  return new Set([...users].filter((name) => !pending.pendingOutgoing.has(name)));
}

/** Every entry that was ever added for somebody whom the account follows, oldest first; damaged ones are left out. */
export async function readFriendEntries(view: View, home: Item): Promise<readonly EntryPoint[]> {
  const bytes = await readFileIn(view, home, SocialFile.friends);
  return bytes === undefined ? [] : readRecords(bytes, (value) => EntryPoint.fromCbor(value)).records.map(({ value }) => value);
}

/** The newest entry of everybody whom the account follows and has not blocked, by name; whether it leads anywhere is another question (chapter 06 section 4.6). */
export function followedEntries(entries: readonly EntryPoint[], blocked: ReadonlySet<string>): ReadonlyMap<string, EntryPoint> {
  const byWriter = new Map<string, EntryPoint>();
  for (const entry of entries) {
    const { key } = entry.capability.writer;
    // Where it stands in the file decides which is the newest.
    byWriter.delete(key);
    byWriter.set(key, entry);
  }
  const followed = new Map<string, EntryPoint>();
  for (const entry of byWriter.values()) if (!blocked.has(entry.ownerName)) followed.set(entry.ownerName, entry);
  return followed;
}
