import type { AbsoluteCapability } from '@pyrgos/core/model';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { itemAt } from '../../test/item-at.js';
import { ServerWorld } from '../../test/server-world.js';
import { befriend, People, seen } from '../../test/people-world.js';
import { CommittedView, openItem } from '../files/view/index.js';
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
  return Promise.all([people.join(`ada${n}`), people.join(`bob${n}`)]);
}

const both = (name: string): object => ({ followers: [name], following: [name], friends: [name] });

describe('the handshake (chapter 06 section 18)', () => {
  test('H1, H5: accept and reciprocate makes friends, on all devices', async () => {
    const [ada, bob] = await two();
    expect(await bob.friends.follow(ada.username)).toBe('requested');
    expect(await seen(bob)).toEqual({ outgoing: [ada.username] });
    expect(await ada.friends.requests()).toEqual([{ username: bob.username, isChecked: true }]);
    expect(await ada.friends.accept((await ada.friends.requests())[0]!)).toBe(true);
    expect(await seen(ada)).toEqual(both(bob.username));
    expect(await seen(bob)).toEqual(both(ada.username));
    expect(await seen(await people.again(ada))).toEqual(both(bob.username));
    expect(await seen(await people.again(bob))).toEqual(both(ada.username));
    const { groups } = await ada.friends.state();
    expect([...groups.values()].sort()).toEqual(['followers', 'friends']);
    await ada.files.write(`/${ada.username}/a.txt`, new Uint8Array(1));
    await ada.shares.share(`/${ada.username}/a.txt`, [{ group: 'friends' }, { user: bob.username }]);
  });

  test('H3, H4: accept only makes a follower, who becomes a friend when asked back', async () => {
    for (const unfollowsFirst of [false, true]) {
      const [ada, bob] = await two();
      await bob.friends.follow(ada.username);
      expect(await ada.friends.accept(bob.username, { reciprocate: false })).toBe(true);
      expect(await seen(ada)).toEqual({ followers: [bob.username] });
      expect(await seen(bob)).toEqual({ following: [ada.username] });
      expect(await bob.files.find(`/${bob.username}/shared/${ada.username}`)).toBeUndefined();
      if (unfollowsFirst) await ada.friends.unfollow(bob.username);
      expect(await ada.friends.follow(bob.username)).toBe('requested');
      expect(await bob.friends.accept(ada.username)).toBe(true);
      expect(await seen(ada)).toEqual(both(bob.username));
      expect(await seen(bob)).toEqual(both(ada.username));
    }
  });

  test('whoever follows somebody already does not lose that by letting them in only, nor by refusing', async () => {
    for (const accept of [true, false]) {
      const [ada, bob] = await two();
      await bob.friends.follow(ada.username);
      await ada.friends.accept(bob.username, { reciprocate: false });
      await bob.friends.state();
      await ada.friends.follow(bob.username);
      expect(await bob.friends.answer(ada.username, { accept, reciprocate: false })).toBe(true);
      expect(await seen(ada)).toEqual(accept ? both(bob.username) : { followers: [bob.username] });
      expect(await seen(bob)).toEqual(accept ? both(ada.username) : { following: [ada.username] });
    }
  });

  test('a follower who is asked stays one, whatever they answer, and can be removed meanwhile', async () => {
    for (const answer of ['none', 'accept', 'deny', 'removed'] as const) {
      const [ada, bob] = await two();
      await bob.friends.follow(ada.username);
      await ada.friends.accept(bob.username, { reciprocate: false });
      await bob.friends.state();
      expect(await ada.friends.follow(bob.username)).toBe('requested');
      expect(await seen(ada)).toEqual({ followers: [bob.username], outgoing: [bob.username] });
      expect(await seen(await people.again(ada))).toEqual({ followers: [bob.username], outgoing: [bob.username] });
      if (answer === 'accept') {
        await bob.friends.accept(ada.username);
        expect(await seen(ada)).toEqual(both(bob.username));
      } else if (answer === 'deny') {
        await bob.friends.deny(ada.username);
        expect(await seen(ada)).toEqual({ followers: [bob.username] });
      } else if (answer === 'removed') {
        expect(await ada.friends.removeFollower(bob.username)).toBe(true);
        expect(await ada.friends.removeFollower(bob.username)).toBe(false);
        expect(await seen(ada)).toEqual({ outgoing: [bob.username] });
        expect(await seen(bob)).toEqual({ incoming: [ada.username] });
        await bob.friends.accept(ada.username);
        expect(await seen(ada)).toEqual({ following: [bob.username] });
        expect(await seen(bob)).toEqual({ followers: [ada.username] });
      }
    }
  });

  test('whoever is asked and has been no follower is none, whatever is shared with them', async () => {
    const [ada, bob] = await two();
    await ada.friends.state();
    await ada.friends.follow(bob.username);
    await ada.files.write(`/${ada.username}/a.txt`, new Uint8Array(1));
    await ada.shares.share(`/${ada.username}/a.txt`, [{ user: bob.username }]);
    expect(await seen(ada)).toEqual({ outgoing: [bob.username] });
  });

  test.each([{ looks: true }, { looks: false }])(
    'asked twice, denied, asked again, let in only, and left: every step is seen by both (whoever asks looks in between: $looks)',
    async ({ looks }) => {
      const [ada, bob] = await two();
      expect(await ada.friends.follow(bob.username)).toBe('requested');
      expect(await ada.friends.follow(bob.username)).toBe('requested');
      if (looks) expect(await seen(ada)).toEqual({ outgoing: [bob.username] });
      expect(await seen(bob)).toEqual({ incoming: [ada.username] });
      expect(await bob.friends.deny(ada.username)).toBe(true);
      expect(await seen(bob)).toEqual({});
      if (looks) expect(await seen(ada)).toEqual({});
      expect(await ada.friends.follow(bob.username)).toBe('requested');
      // The refusal was that of the requests before.
      expect(await seen(ada)).toEqual({ outgoing: [bob.username] });
      expect(await seen(bob)).toEqual({ incoming: [ada.username] });
      expect(await bob.friends.accept(ada.username, { reciprocate: false })).toBe(true);
      expect(await seen(bob)).toEqual({ followers: [ada.username] });
      if (looks) expect(await seen(ada)).toEqual({ following: [bob.username] });
      expect(await ada.friends.unfollow(bob.username)).toBe(true);
      for (const session of [ada, await people.again(ada)]) expect(await seen(session)).toEqual({ blocked: [bob.username] });
      for (const session of [bob, await people.again(bob)]) expect(await seen(session)).toEqual({ followers: [ada.username] });
      for (const { account } of [ada, bob]) expect(await world.network().social.getFollowRequests(account.identity)).toEqual([]);
    },
  );

  test('H6: a refusal leaves nothing to be seen, on neither side', async () => {
    const [ada, bob] = await two();
    await bob.friends.follow(ada.username);
    expect(await ada.friends.deny(bob.username)).toBe(true);
    expect(await seen(ada)).toEqual({});
    expect(await bob.friends.requests()).toEqual([]);
    expect(await seen(bob)).toEqual({});
    // It may have been anybody's: what a true answer needs stays.
    expect(await bob.files.find(`/${bob.username}/shared/${ada.username}`)).toBeDefined();
    const carl = await people.join(`carl${count++}`);
    await bob.friends.follow(carl.username);
    expect(await bob.friends.requests()).toEqual([]);
  });

  test('H7: whoever has stopped to follow does it again at once, without asking', async () => {
    const [ada, bob] = await two();
    await bob.friends.follow(ada.username);
    await ada.friends.accept(bob.username, { reciprocate: false });
    await bob.friends.state();
    await bob.friends.unfollow(ada.username);
    expect(await seen(bob)).toEqual({ blocked: [ada.username] });
    expect(await bob.friends.follow(ada.username)).toBe('following');
    expect(await seen(bob)).toEqual({ following: [ada.username] });
    expect(await seen(ada)).toEqual({ followers: [bob.username] });
  });

  test('H8: reciprocate only, then the follower is removed, and asks once more', async () => {
    const [ada, bob] = await two();
    await bob.friends.follow(ada.username);
    expect(await ada.friends.answer(bob.username, { accept: false, reciprocate: true })).toBe(true);
    expect(await seen(ada)).toEqual({ following: [bob.username] });
    expect(await ada.files.find(`/${ada.username}/shared/${bob.username}`)).toBeUndefined();
    expect(await seen(bob)).toEqual({ followers: [ada.username] });
    expect(await bob.friends.removeFollower(ada.username)).toBe(true);
    expect(await seen(bob)).toEqual({});
    expect(await seen(ada)).toEqual({});
    await bob.friends.follow(ada.username);
    expect(await ada.friends.accept(bob.username)).toBe(true);
    expect(await seen(ada)).toEqual(both(bob.username));
    expect(await seen(bob)).toEqual(both(ada.username));
  });

  test('H9: two who ask each other are friends', async () => {
    const [ada, bob] = await two();
    await ada.friends.follow(bob.username);
    await bob.friends.follow(ada.username);
    expect(await seen(ada)).toEqual(both(bob.username));
    expect(await seen(bob)).toEqual(both(ada.username));
    expect(await ada.friends.requests()).toEqual([]);
  });

  test('H10, H11: unfollowing is local, and can be taken back', async () => {
    const [ada, bob] = await two();
    await befriend(ada, bob);
    expect(await ada.friends.unfollow(bob.username)).toBe(true);
    // Nothing is stored of a name that nobody has.
    for (const nobody of ['nobody-at-all', '__proto__'])
      await expect(ada.friends.unfollow(nobody)).rejects.toMatchObject({ code: 'not-found.user' });
    expect((await ada.friends.state()).blocked).toEqual([bob.username]);
    expect(await ada.friends.unfollow(bob.username)).toBe(false);
    expect(await seen(ada)).toEqual({ followers: [bob.username], blocked: [bob.username] });
    expect(await seen(bob)).toEqual(both(ada.username));
    expect(await ada.friends.unblock(bob.username)).toBe(true);
    expect(await ada.friends.unblock(bob.username)).toBe(false);
    expect(await seen(ada)).toEqual(both(bob.username));
  });

  test('H12: a removed follower sees nothing any more, and can ask once more', async () => {
    const [ada, bob] = await two();
    await befriend(ada, bob);
    expect(await ada.friends.removeFollower(bob.username)).toBe(true);
    expect(await ada.friends.removeFollower(bob.username)).toBe(false);
    expect(await seen(ada)).toEqual({ following: [bob.username] });
    expect(await seen(bob)).toEqual({ followers: [ada.username] });
    expect(await seen(await people.again(bob))).toEqual({ followers: [ada.username] });
    expect(await bob.friends.follow(ada.username)).toBe('requested');
    expect(await ada.friends.accept(bob.username)).toBe(true);
    expect(await seen(bob)).toEqual(both(ada.username));
    expect(await seen(ada)).toEqual(both(bob.username));
  });

  test('H13: a friend who deletes the account is gone, and a request of theirs', async () => {
    const [ada, bob] = await two();
    await befriend(ada, bob);
    const carl = await people.join(`carl${count++}`);
    await carl.friends.follow(bob.username);
    await ada.deleteAccount({ password: 'nine copper kettles in the rain' });
    await carl.deleteAccount({ password: 'nine copper kettles in the rain' });
    const later = await people.again(bob);
    expect(await seen(later)).toEqual({ followers: [ada.username] });
    await expect(later.friends.follow(carl.username)).rejects.toMatchObject({ code: 'not-found.user', data: { deleted: true } });
  });

  test('H14: a compared safety number is known on all devices', async () => {
    const [ada, bob] = await two();
    await befriend(ada, bob);
    const number = await ada.identities.safetyNumber(bob.username);
    expect(number.fingerprint.display).toBe((await bob.identities.safetyNumber(ada.username)).fingerprint.display);
    await ada.identities.setVerified(number);
    expect((await (await people.again(ada)).friends.state()).verified).toEqual([bob.username]);
    await ada.identities.setVerified(number, false);
    expect((await ada.friends.state()).verified).toEqual([]);
  });

  test('takes at most 47 requests on both sides', async () => {
    const n = count++;
    const [a, b] = [world.counted(), world.counted()];
    const [ada, bob] = await Promise.all([people.join(`ada${n}`, a.network), people.join(`bob${n}`, b.network)]);
    for (const { counter } of [a, b]) counter.reset();
    await ada.friends.follow(bob.username);
    await bob.friends.requests();
    await bob.friends.accept(ada.username);
    await ada.friends.requests();
    expect(a.counter.count() + b.counter.count()).toBeLessThanOrEqual(47);
    expect(await seen(ada)).toEqual(both(bob.username));
  });
});

describe('members of groups', () => {
  test('G2, G3: who is removed loses what the groups see, the others keep it, and who comes later gets it', async () => {
    const [ada, bob] = await two();
    const [carl, dora] = await two();
    await befriend(bob, ada);
    await befriend(carl, ada);
    const folder = `/${ada.username}/folder`;
    await ada.files.makeDirectory(folder);
    await ada.shares.share(folder, [{ group: 'friends' }, { group: 'followers' }, { user: bob.username }]);
    await ada.shares.share(folder, [{ group: 'friends' }], { access: 'write' });
    const before = (await ada.friends.state()).groups;
    const places = [folder, ...[...before.keys()].map((uid) => `/${ada.username}/shared/${uid}`)];
    const known = await Promise.all(places.map(async (path) => (await itemAt(ada, path)).capability));
    const opens = async (capability: AbsoluteCapability): Promise<boolean> =>
      openItem(new CommittedView(bob.account.sessions, { fresh: true }), capability.toReadOnly()).then(
        () => true,
        () => false,
      );
    expect(await Promise.all(known.map(opens))).toEqual([true, true, true]);
    expect(await ada.friends.removeFollower(bob.username)).toBe(true);
    expect(await Promise.all(known.map(opens))).toEqual([false, false, false]);
    const shares = await ada.shares.sharedWith(folder);
    expect(shares.readers).toEqual([{ group: 'friends' }, { group: 'followers' }]);
    expect(shares.writers).toEqual([{ group: 'friends' }]);
    for (const uid of before.keys()) {
      expect((await ada.shares.sharedWith(`/${ada.username}/shared/${uid}`)).readers).toEqual([{ user: carl.username }]);
    }
    await befriend(dora, ada);
    for (const uid of before.keys()) {
      const { readers } = await ada.shares.sharedWith(`/${ada.username}/shared/${uid}`);
      expect(readers.map((reader) => ('user' in reader ? reader.user : ''))).toEqual([carl.username, dora.username].sort());
    }
  });
});
