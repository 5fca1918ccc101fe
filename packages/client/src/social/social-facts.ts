import type { EntryPoint } from '@pyrgos/core/model';
import type { Groups } from '@pyrgos/core/social';
import { findEntries, type Item, type View } from '../files/view/index.js';
import { SHARED } from './capability-store.js';
import { readGroups } from './groups.js';
import { followedEntries, readBlocked, readFriendEntries, readPending, readSharedWithUsers, SocialFile } from './social-lists.js';

/** What the home directory of an account says about other users, at one version. */
export interface SocialFacts {
  /** For whom there is a directory: followers, and those who are asked. */
  readonly users: ReadonlySet<string>;
  /** Who is asked and has not answered. */
  readonly pending: ReadonlySet<string>;
  /** Those of them in whose name a refusal has come, which may be anybody's. */
  readonly refused: ReadonlySet<string>;
  /** Followers whose removal has begun, and not ended. */
  readonly removing: ReadonlySet<string>;
  /** Those of them that cannot be finished without somebody who decides. */
  readonly stuck: ReadonlySet<string>;
  readonly blocked: ReadonlySet<string>;
  /** The newest entry of everybody who has ever let the account follow them, by name; blocked ones included. */
  readonly entries: ReadonlyMap<string, EntryPoint>;
  readonly groups: Groups | undefined;
}

/** Reads all of it. What belongs together is fetched together. */
export async function readFacts(view: View, home: Item): Promise<SocialFacts> {
  const names = new Set<string>([SHARED, SocialFile.pending, SocialFile.blocked, SocialFile.friends]);
  // They are in the caches of the view from here on.
  await findEntries(view, home, names);
  const [users, pending, blocked, entries, groups] = await Promise.all([
    readSharedWithUsers(view, home),
    readPending(view, home),
    readBlocked(view, home),
    readFriendEntries(view, home),
    readGroups(view, home),
  ]);
  const { pendingOutgoing, refused, removing, stuck } = pending;
  return { users, pending: pendingOutgoing, refused, removing, stuck, blocked, entries: followedEntries(entries, new Set()), groups };
}

/** Whether two entries lead to the same place, whichever identity its owner has. */
export function isSameEntry(one: EntryPoint, other: EntryPoint | undefined): boolean {
  if (other === undefined || one.ownerName !== other.ownerName) return false;
  return one.capability.withOwner(other.capability.owner).equals(other.capability);
}
