import { connect, type UserSession } from '@pyrgos/client';
import { PASSWORD, type WebWorld } from './web-world.js';

/** An account that a test makes and uses without a browser. */
export async function person(world: WebWorld, username: string): Promise<UserSession> {
  return (await connect(world.daemon.url)).signUp({ username, password: PASSWORD });
}

/** Makes two people friends. */
export async function befriend(one: UserSession, other: UserSession): Promise<void> {
  await one.friends.follow(other.username);
  await other.friends.accept(one.username);
  await one.friends.state();
}
