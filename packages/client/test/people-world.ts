import { expect } from 'vitest';
import type { Network } from '../src/network/index.js';
import { logIn, signUp } from '../src/session/index.js';
import type { FriendsState } from '../src/social/friends.js';
import { UserSession } from '../src/user-session.js';
import type { ServerWorld } from './server-world.js';

const password = 'nine copper kettles in the rain';

/** People on the server of a test. */
export class People {
  constructor(private readonly world: ServerWorld) {}

  /** A new user; the name gets a number that nobody else has. */
  async join(name: string, network: Network = this.world.network()): Promise<UserSession> {
    return new UserSession(await signUp(network, { crypto: this.world.quick, username: name, password }));
  }

  /** Another session of a user, on another device. */
  async again({ username }: UserSession, network: Network = this.world.network()): Promise<UserSession> {
    return new UserSession(await logIn(network, { crypto: this.world.quick, username, password }));
  }
}

/** The lists of a state, without what is empty. */
export function lists(state: FriendsState): Partial<Record<keyof FriendsState, readonly string[]>> {
  const { incoming, outgoing, followers, following, friends, blocked, unreachable } = state;
  const all = { incoming: incoming.map(({ username }) => username), outgoing, followers, following, friends, blocked, unreachable };
  return Object.fromEntries(Object.entries(all).filter(([, names]) => names.length > 0));
}

/** What a user sees. */
export async function seen({ friends }: UserSession): Promise<ReturnType<typeof lists>> {
  return lists(await friends.state());
}

/** Makes two users friends. */
export async function befriend(one: UserSession, other: UserSession): Promise<void> {
  await one.friends.follow(other.username);
  expect(await other.friends.accept(one.username)).toBe(true);
  await one.friends.state();
}
