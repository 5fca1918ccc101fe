import { connect, type UserSession } from '@pyrgos/client';
import type { Page } from 'playwright';
import { PASSWORD, type WebWorld } from './web-world.js';

/** An account that a test makes and uses without a browser. */
export async function person(world: WebWorld, username: string): Promise<UserSession> {
  return (await connect(world.daemon.url)).signUp({ username, password: PASSWORD });
}

/** An account that there is, used without a browser, by a program that believes nothing to be as it was. */
export async function again(world: WebWorld, username: string): Promise<UserSession> {
  return (await connect(world.daemon.url, { pointerCacheMilliseconds: 0 })).logIn({ username, password: PASSWORD });
}

/** Makes two people friends. */
export async function befriend(one: UserSession, other: UserSession): Promise<void> {
  await one.friends.follow(other.username);
  await other.friends.accept(one.username);
  await one.friends.state();
}

/** Two friends, ada and bob, each in a browser of their own, that of bob in the dark; and bob once more, with another program. Close that. */
export async function friendsInBrowsers(
  world: WebWorld,
): Promise<{ readonly ada: Page; readonly bob: Page; readonly bobElsewhere: UserSession }> {
  const [ada, bob] = [await world.open(await world.device()), await world.open(await world.device({ colorScheme: 'dark' }))];
  await world.signUp(ada, 'ada');
  await world.signUp(bob, 'bob');
  const [adaElsewhere, bobElsewhere] = [await again(world, 'ada'), await again(world, 'bob')];
  await befriend(bobElsewhere, adaElsewhere);
  adaElsewhere.close();
  return { ada, bob, bobElsewhere };
}
