import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { endingNetwork } from '../../test/ending-network.js';
import { ServerWorld } from '../../test/server-world.js';
import { befriend, People, seen } from '../../test/people-world.js';
import type { UserSession } from '../user-session.js';

let world: ServerWorld;
let people: People;
let count = 0;

beforeAll(async () => {
  world = await ServerWorld.start();
  people = new People(world);
});
afterAll(async () => world.close());

const inboxSize = async ({ account }: UserSession): Promise<number> =>
  (await world.network().social.getFollowRequests(account.identity)).length;
const friendsOf = async ({ friends }: UserSession): Promise<string> =>
  [...(await friends.state()).groups].find(([, name]) => name === 'friends')?.[0] ?? '';
const both = (name: string): object => ({ followers: [name], following: [name], friends: [name] });

/** Runs a call that is cut off at each of its changes in turn; `again` is what the user does on another device then. Returns how often it was. */
async function cutOff(
  prepare: () => Promise<void>,
  call: (session: UserSession) => Promise<unknown>,
  who: () => UserSession,
  again: (session: UserSession) => Promise<void>,
): Promise<number> {
  let cuts = 0;
  for (const isMade of [false, true]) {
    for (let step = 1; ; step++) {
      await prepare();
      const { network, endAt } = endingNetwork(world.network());
      const session = await people.again(who(), network);
      endAt(step, isMade);
      const failure = await call(session).then(
        () => undefined,
        (error: unknown) => error,
      );
      if (failure !== undefined) expect(failure).toMatchObject({ message: 'the power is off' });
      await again(await people.again(who()));
      if (failure === undefined) break;
      cuts++;
    }
  }
  return cuts;
}

describe('what is cut off is finished later', () => {
  let ada: UserSession;
  let bob: UserSession;
  const meet = async (): Promise<void> => {
    const n = count++;
    [ada, bob] = await Promise.all([people.join(`ada${n}`), people.join(`bob${n}`)]);
  };

  test('a request that was sent is recorded, and answered with success', async () => {
    const cuts = await cutOff(
      meet,
      async ({ friends }) => friends.follow(bob.username),
      () => ada,
      async (later) => {
        const requests = await bob.friends.requests();
        const { outgoing } = await later.friends.state();
        // Nobody may have got a request of which this account knows nothing.
        if (requests.length > 0) expect(outgoing).toEqual([bob.username]);
        else await later.friends.follow(bob.username);
        expect(await bob.friends.accept(ada.username)).toBe(true);
        expect(await seen(later)).toEqual(both(bob.username));
        expect(await seen(bob)).toEqual(both(ada.username));
      },
    );
    expect(cuts).toBe(6);
  });

  test.each([
    { accept: true, reciprocate: true },
    { accept: true, reciprocate: false },
    { accept: false, reciprocate: true },
    { accept: false, reciprocate: false },
  ])('an answer: %o', async (answer) => {
    const cuts = await cutOff(
      async () => {
        await meet();
        await ada.friends.follow(bob.username);
      },
      async ({ friends }) => friends.answer(ada.username, answer),
      () => bob,
      async (later) => {
        for (const { username } of await later.friends.requests()) expect(await later.friends.answer(username, answer)).toBe(true);
        const [here, there] = [await seen(ada), await seen(later)];
        const { accept, reciprocate } = answer;
        const expected = (follower: boolean, followed: boolean, name: string): object => ({
          ...(follower ? { followers: [name] } : {}),
          ...(followed ? { following: [name] } : {}),
          ...(follower && followed ? { friends: [name] } : {}),
        });
        expect(here).toEqual(expected(reciprocate, accept, bob.username));
        expect(there).toEqual(expected(accept, reciprocate, ada.username));
        for (const user of [ada, later]) expect(await inboxSize(user)).toBe(0);
      },
    );
    expect(cuts).toBeGreaterThanOrEqual(6);
  });

  test('an answer to somebody whom the account follows already', async () => {
    await cutOff(
      async () => {
        await meet();
        await bob.friends.follow(ada.username);
        await ada.friends.accept(bob.username, { reciprocate: false });
        await bob.friends.state();
        await ada.friends.follow(bob.username);
      },
      async ({ friends }) => friends.accept(ada.username),
      () => bob,
      async (later) => {
        for (const { username } of await later.friends.requests()) await later.friends.accept(username);
        expect(await seen(ada)).toEqual(both(bob.username));
        expect(await seen(later)).toEqual(both(ada.username));
      },
    );
  });

  test('what an answer brings', async () => {
    const cuts = await cutOff(
      async () => {
        await meet();
        await ada.friends.follow(bob.username);
        await bob.friends.accept(ada.username);
      },
      async ({ friends }) => friends.state(),
      () => ada,
      async (later) => {
        expect(await seen(later)).toEqual(both(bob.username));
        expect(await inboxSize(ada)).toBe(0);
      },
    );
    expect(cuts).toBeGreaterThanOrEqual(4);
  });

  test('the removal of a follower', async () => {
    await cutOff(
      async () => {
        await meet();
        await befriend(ada, bob);
        await ada.files.write(`/${ada.username}/a.txt`, new Uint8Array(1));
        await ada.shares.share(`/${ada.username}/a.txt`, [{ group: 'friends' }]);
      },
      async ({ friends }) => friends.removeFollower(bob.username),
      () => ada,
      async (later) => {
        const now = await seen(later);
        // Not begun, or ended: nothing in between is left.
        if (now.followers !== undefined) {
          expect(now).toEqual(both(bob.username));
          expect(await seen(bob)).toEqual(both(ada.username));
          expect((await later.shares.sharedWith(`/${ada.username}/shared/${await friendsOf(later)}`)).readers).toEqual([
            { user: bob.username },
          ]);
          await later.friends.removeFollower(bob.username);
        }
        expect(await seen(later)).toEqual({ following: [bob.username] });
        expect((await later.friends.state()).removing).toEqual([]);
        expect(await seen(bob)).toEqual({ followers: [ada.username] });
      },
    );
  });
});

describe('two devices at the same time', () => {
  test.each([
    ['follow', 'accept'],
    ['accept', 'deny'],
  ] as const)('%s and %s end in one state', async (...kinds) => {
    const n = count++;
    const [ada, bob] = await Promise.all([people.join(`ada${n}`), people.join(`bob${n}`)]);
    const [ada2, bob2] = [await people.again(ada), await people.again(bob)];
    await Promise.all([ada.friends.follow(bob.username), ada2.friends.follow(bob.username)]);
    expect(await seen(ada)).toEqual({ outgoing: [bob.username] });
    const second = kinds[1] === 'deny' ? bob2.friends.deny(ada.username) : bob2.friends.accept(ada.username);
    await Promise.all([bob.friends.accept(ada.username), second]);
    await Promise.all([ada.friends.state(), ada2.friends.state()]);
    await bob.friends.state();
    for (const session of [ada, ada2]) expect(await seen(session)).toEqual(both(bob.username));
    for (const session of [bob, bob2]) expect(await seen(session)).toEqual(both(ada.username));
    for (const user of [ada, bob]) expect(await inboxSize(user)).toBe(0);
  });
});
