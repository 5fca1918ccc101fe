import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ServerWorld } from '../../test/server-world.js';
import { befriend, People, seen } from '../../test/social-world.js';
import { deleteAccount } from '../session/index.js';
import type { UserSession } from '../user-session.js';

let world: ServerWorld;
let people: People;
let count = 0;

beforeAll(async () => {
  world = await ServerWorld.start();
  people = new People(world);
});
afterAll(async () => world.close());

/** Two new users. */
async function two(): Promise<readonly [UserSession, UserSession]> {
  const n = count++;
  return [await people.join(`ada${n}`), await people.join(`bob${n}`)];
}

describe('the handshake (chapter 06 section 18)', () => {
  test('H1, H5: accept and reciprocate makes friends, on all devices', async () => {
    const [ada, bob] = await two();
    expect(await bob.friends.follow(ada.username)).toBe('requested');
    expect(await seen(bob)).toEqual({ outgoing: [ada.username] });
    expect(await ada.friends.requests()).toEqual([{ username: bob.username, isChecked: true }]);
    expect(await ada.friends.accept((await ada.friends.requests())[0]!)).toBe(true);
    const both = (name: string) => ({ followers: [name], following: [name], friends: [name] });
    expect(await seen(ada)).toEqual(both(bob.username));
    expect(await seen(bob)).toEqual(both(ada.username));
    expect(await seen(await people.again(ada))).toEqual(both(bob.username));
    expect(await seen(await people.again(bob))).toEqual(both(ada.username));
  });
});
void deleteAccount;
void befriend;
