import { expect } from 'vitest';
import type { Network } from '../src/network/index.js';
import { logIn, signUp } from '../src/session/index.js';
import type { FriendsState } from '../src/social/friends.js';
import { UserSession } from '../src/user-session.js';
import type { ServerWorld } from './server-world.js';

const password = 'nine copper kettles in the rain';

/** Somebody who is to join. */
export interface Newcomer {
  readonly name: string;
  readonly network?: Network | undefined;
}

/** People on the server of a test. */
export class People {
  private count = 0;

  constructor(private readonly world: ServerWorld) {}

  /** A new user. */
  async join(name: string, network: Network = this.world.network()): Promise<UserSession> {
    return new UserSession(await signUp(network, { crypto: this.world.quick, username: name, password }));
  }

  /** New users who are all friends of each other, each with a network of its own if need be; their names get a number that nobody else has. */
  async friends<const T extends readonly (string | Newcomer)[]>(...newcomers: T): Promise<{ readonly [K in keyof T]: UserSession }> {
    this.count++;
    const all = newcomers.map((one) => (typeof one === 'string' ? { name: one } : one));
    const sessions = await Promise.all(all.map(async ({ name, network }: Newcomer) => this.join(`${name}${this.count}`, network)));
    for (const [i, one] of sessions.entries()) for (const other of sessions.slice(i + 1)) await befriend(one, other);
    // The compiler does not know that mapping a tuple keeps its length.
    return sessions as unknown as { readonly [K in keyof T]: UserSession };
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
