import { EntryPoint } from '@pyrgos/core/model';
import { connect } from '../src/pyrgos-server.js';
import { giveCapabilities, recipientDirectory, SHARED } from '../src/social/capability-store.js';
import { admitToGroups } from '../src/social/groups.js';
import { appendToFileIn, makeDirectoryAt } from '../src/social/own-files.js';
import { OwnSpace } from '../src/social/own-space.js';
import { SocialFile } from '../src/social/social-lists.js';
import { partsOf } from '../src/files/parts-of-files.js';
import type { AbsoluteCapability } from '@pyrgos/core/model';
import type { SharedAccess } from '@pyrgos/core/social';
import type { UserSession } from '../src/user-session.js';
import type { ServerWorld } from './server-world.js';

/** The password of every account that {@link signUpAs} makes. */
export const PASSWORD = 'nine copper kettles in the rain';

/** The home directory of a session as the social layer works in it. */
export function spaceOf(session: UserSession): OwnSpace {
  return new OwnSpace(session.account, partsOf(session.files));
}

/** A new account. */
export async function signUpAs(world: ServerWorld, username: string): Promise<UserSession> {
  return (await connect(world.url, { crypto: world.quick, pointerCacheMilliseconds: 0 })).signUp({ username, password: PASSWORD });
}

/** A fresh session of an account: "after login" in the scenarios. */
export async function logInAs(world: ServerWorld, username: string): Promise<UserSession> {
  return (await connect(world.url, { crypto: world.quick, pointerCacheMilliseconds: 0 })).logIn({ username, password: PASSWORD });
}

/** What an accepted follow request leaves behind: `follower` follows `followed`. */
export async function follow(follower: UserSession, followed: UserSession): Promise<void> {
  const theirs = spaceOf(followed);
  const directory = await theirs.changeHome(undefined, async (operation, home) =>
    makeDirectoryAt(operation, theirs, home, [SHARED, follower.username], { isHidden: true }),
  );
  const own = spaceOf(follower);
  const entry = EntryPoint.of(directory.capability.toReadOnly(), followed.username);
  await own.changeHome(undefined, async (operation, home) => {
    await appendToFileIn(operation, own, home, SocialFile.friends, entry.encode(), { isHidden: true });
  });
}

/** What a follow request leaves behind that was accepted and answered; both are in each other's groups. */
export async function befriend(a: UserSession, b: UserSession): Promise<void> {
  await follow(a, b);
  await follow(b, a);
  await admit(a, b);
  await admit(b, a);
}

/** Makes `member` a member of groups of another user. */
export async function admit(
  owner: UserSession,
  member: UserSession,
  groups: readonly ('friends' | 'followers')[] = ['followers', 'friends'],
): Promise<void> {
  const space = spaceOf(owner);
  await space.changeHome(undefined, async (operation, home) => {
    await admitToGroups(operation, space, home, member.username, groups);
  });
}

/** Appends capabilities to what `from` shares with `to`, whatever they are. */
export async function give(
  from: UserSession,
  to: string,
  access: SharedAccess,
  capabilities: readonly AbsoluteCapability[],
): Promise<void> {
  const space = spaceOf(from);
  await space.changeHome(undefined, async (operation, home) => giveCapabilities(operation, space, home, to, access, capabilities));
}

/** Appends bytes to what `from` shares with `to`, whatever they are. */
export async function giveBytes(from: UserSession, to: string, access: SharedAccess, bytes: Uint8Array): Promise<void> {
  const space = spaceOf(from);
  await space.changeHome(undefined, async (operation, home) => {
    const directory = await recipientDirectory(operation, home, to);
    if (directory === undefined) throw new Error(`${to} does not follow`);
    await appendToFileIn(operation, space, directory, access === 'read' ? 'sharing.r' : 'sharing.w', bytes);
  });
}

/** The names that a directory lists, sorted; of a damaged element with a `!`. */
export async function namesIn(session: UserSession, path: string): Promise<string[]> {
  const names: string[] = [];
  for await (const entry of session.files.list(path)) names.push(entry.isDamaged ? `!${entry.name ?? ''}` : entry.name);
  return names.sort();
}
