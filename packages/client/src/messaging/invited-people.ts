import { assertList } from '@pyrgos/core/arguments';
import { ArgumentError } from '@pyrgos/core/errors';
import type { PublicKeyHash } from '@pyrgos/core/keys';
import { isFriendName } from '@pyrgos/core/social';
import type { Account } from '../session/account.js';
import { Peers } from '../social/peers.js';
import { forEachAtOnce } from '../waiting/for-each-at-once.js';

/** Users who are looked up at a time. */
const LOOKUPS_IN_FLIGHT = 8;

/** Somebody who is to be invited. */
export interface InvitedPerson {
  readonly username: string;
  readonly identity: PublicKeyHash;
}

/** Requires names of other users. ArgumentError. */
export function assertInvited(field: string, usernames: readonly string[], self: string): void {
  assertList(field, usernames);
  for (const [i, username] of usernames.entries()) {
    if (!isFriendName(username)) throw new ArgumentError(`${field}[${i}]`, 'must be a username', { reason: 'username' });
    if (username === self) throw new ArgumentError(`${field}[${i}]`, 'must be somebody else', { reason: 'self' });
  }
}

/** Who users are, each once, in the same order: their identities by their verified chains (chapter 07 section 6.4). Errors of looking them up. */
export async function lookUpPeople(
  account: Account,
  usernames: readonly string[],
  signal: AbortSignal | undefined,
): Promise<readonly InvitedPerson[]> {
  const names = [...new Set(usernames)];
  const peers = new Peers(account);
  const found = new Map<string, InvitedPerson>();
  await forEachAtOnce(names, LOOKUPS_IN_FLIGHT, async (username) => {
    const { identity } = await peers.get(username, { pins: true, signal });
    found.set(username, { username, identity });
  });
  return names.flatMap((name) => found.get(name) ?? []);
}
