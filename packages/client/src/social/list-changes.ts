import { concatBytes } from '@pyrgos/core/bytes';
import { encodeBlockedUsernames, type PendingSocialState } from '@pyrgos/core/social';
import type { EntryPoint } from '@pyrgos/core/model';
import type { Item, OperationView } from '../files/view/index.js';
import { appendToFileIn, readFileIn, writeFileIn } from './own-files.js';
import type { OwnSpace } from './own-space.js';
import { isSameEntry } from './social-facts.js';
import { followedEntries, readBlocked, readFriendEntries, readPending, SocialFile } from './social-lists.js';

const LINE_FEED = 10;

/** Changes who is asked and has not answered; commits that, unless it stays the same. */
export async function changePending(
  operation: OperationView,
  space: OwnSpace,
  home: Item,
  change: (pending: PendingSocialState) => PendingSocialState,
): Promise<void> {
  const before = await readPending(operation, home);
  const after = change(before);
  if (!after.equals(before)) await writeFileIn(operation, space, home, SocialFile.pending, after.encode(), { isHidden: true });
}

/** Adds an entry, unless it is the newest of its user already; commits that. */
export async function addFriendEntry(operation: OperationView, space: OwnSpace, home: Item, entry: EntryPoint): Promise<void> {
  const known = followedEntries(await readFriendEntries(operation, home), new Set());
  if (isSameEntry(entry, known.get(entry.ownerName))) return;
  await appendToFileIn(operation, space, home, SocialFile.friends, entry.encode(), { isHidden: true });
}

/** Adds a user to those whom the account does not want to see; commits that. Resolves to whether they were not there. */
export async function block(operation: OperationView, space: OwnSpace, home: Item, username: string): Promise<boolean> {
  if ((await readBlocked(operation, home)).has(username)) return false;
  const before = (await readFileIn(operation, home, SocialFile.blocked)) ?? new Uint8Array();
  const gap = before.length === 0 || before.at(-1) === LINE_FEED ? new Uint8Array() : Uint8Array.of(LINE_FEED);
  const after = concatBytes(before, gap, encodeBlockedUsernames([username]));
  await writeFileIn(operation, space, home, SocialFile.blocked, after, { isHidden: true });
  return true;
}

/** Takes a user out of those whom the account does not want to see; commits that. Resolves to whether they were there. */
export async function unblock(operation: OperationView, space: OwnSpace, home: Item, username: string): Promise<boolean> {
  const before = await readBlocked(operation, home);
  if (!before.has(username)) return false;
  const after = encodeBlockedUsernames([...before].filter((name) => name !== username));
  await writeFileIn(operation, space, home, SocialFile.blocked, after, { isHidden: true });
  return true;
}
