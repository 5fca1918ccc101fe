import { AbsoluteCapability } from '@pyrgos/core/model';
import { GroupName, readRecords } from '@pyrgos/core/social';
import { placeKey } from '../files/structure/place.js';
import type { Item, View } from '../files/view/index.js';
import { forEachAtOnce } from '../waiting/for-each-at-once.js';
import { recipientDirectory, storeFile } from './capability-store.js';
import { readGroups } from './groups.js';
import { readFileIn, unlessDamaged } from './own-files.js';
import type { SocialFacts } from './social-facts.js';
import { readPending, readSharedWithUsers } from './social-lists.js';

/** Users whose directories are looked into at a time. */
const LOOKS_IN_FLIGHT = 8;

/**
 * Who follows the account, sorted (chapter 06 sections 4.1 and 4.10). The directory of whoever is asked may be there for the answer only; but who was a follower before has got
 * the directory of the followers in it, and stays one whatever the answer is.
 */
export async function followersIn(
  view: View,
  home: Item,
  { users, pending, groups }: Pick<SocialFacts, 'users' | 'pending' | 'groups'>,
): Promise<readonly string[]> {
  const followers = [...users].filter((name) => !pending.has(name));
  const asked = [...users].filter((name) => pending.has(name));
  const uid = groups?.uidOf(GroupName.followers);
  const group = asked.length === 0 || uid === undefined ? undefined : await unlessDamaged(async () => recipientDirectory(view, home, uid));
  if (group !== undefined) {
    const place = placeKey(group.capability);
    await forEachAtOnce(asked, LOOKS_IN_FLIGHT, async (name) => {
      if ((await placesGivenTo(view, home, name)).has(place)) followers.push(name);
    });
  }
  return followers.sort();
}

/** {@link followersIn} of a view. */
export async function readFollowers(view: View, home: Item): Promise<ReadonlySet<string>> {
  const [users, { pendingOutgoing: pending }, groups] = await Promise.all([
    readSharedWithUsers(view, home),
    readPending(view, home),
    readGroups(view, home),
  ]);
  return new Set(await followersIn(view, home, { users, pending, groups }));
}

/** The places for reading that are in the directory for a user; none where it cannot be read. */
async function placesGivenTo(view: View, home: Item, username: string): Promise<ReadonlySet<string>> {
  const bytes = await unlessDamaged(async () => {
    const directory = await recipientDirectory(view, home, username);
    return directory === undefined ? undefined : readFileIn(view, directory, storeFile('read'));
  });
  if (bytes === undefined) return new Set();
  return new Set(readRecords(bytes, (value) => AbsoluteCapability.fromCbor(value)).records.map(({ value }) => placeKey(value)));
}
