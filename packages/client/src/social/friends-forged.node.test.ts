import type { CborValue } from '@pyrgos/core/codec';
import { EntryPoint } from '@pyrgos/core/model';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { itemAt } from '../../test/item-at.js';
import { befriend, People, seen } from '../../test/people-world.js';
import { message, nullEntry, PostedRequests } from '../../test/posted-requests.js';
import { ServerWorld } from '../../test/server-world.js';
import type { UserSession } from '../user-session.js';

let world: ServerWorld;
let people: People;
let posts: PostedRequests;
let count = 0;
let ada: UserSession;
let bob: UserSession;
let mallory: UserSession;

beforeAll(async () => {
  world = await ServerWorld.start();
  people = new People(world);
  posts = new PostedRequests(world);
});
afterAll(async () => world.close());
beforeEach(async () => {
  const n = count++;
  [ada, bob, mallory] = await Promise.all([people.join(`ada${n}`), people.join(`bob${n}`), people.join(`mallory${n}`)]);
});

const both = (name: string): object => ({ followers: [name], following: [name], friends: [name] });
/** Posted to ada by somebody who has her name and that of bob only. */
const forge = async (content: CborValue): Promise<void> => {
  expect(await posts.post(posts.sealed(content, ada), ada)).toBe(true);
};
const outgoing = (): object => ({ outgoing: [bob.username] });

/** What strangers can say in the name of bob, and what ada sees then. */
const forgeries: readonly (readonly [string, () => CborValue, () => object])[] = [
  ['a refusal', () => message(nullEntry(bob.username)), () => ({})],
  ['that he follows her', () => message(nullEntry(bob.username), posts.key()), outgoing],
  ['a place of his where nothing is', () => message(posts.entry(bob, bob.username), posts.key()), outgoing],
  ['such a place, and that he does not follow her', () => message(posts.entry(bob, bob.username)), () => ({})],
];

describe('an answer in the name of somebody who was asked', () => {
  test.each(forgeries)('%s: ends nothing, makes nobody a follower, and the true answer counts', async (_, forged, expected) => {
    await ada.friends.follow(bob.username);
    await forge(forged());
    expect(await seen(ada)).toEqual(expected());
    expect(await posts.inbox(ada)).toEqual([]);
    expect(await bob.friends.accept(ada.username)).toBe(true);
    expect(await seen(ada)).toEqual(both(bob.username));
    expect(await seen(bob)).toEqual(both(ada.username));
    await ada.files.write(`/${ada.username}/y`, 'from ada');
    await ada.shares.share(`/${ada.username}/y`, [{ user: bob.username }]);
    expect(await bob.files.readText(`/${ada.username}/y`)).toBe('from ada');
  });

  test.each(forgeries)('%s: also when it comes together with the true one', async (_, forged) => {
    await ada.friends.follow(bob.username);
    await forge(forged());
    await bob.friends.accept(ada.username);
    await forge(forged());
    expect(await seen(ada)).toEqual(both(bob.username));
    expect(await seen(bob)).toEqual(both(ada.username));
  });

  test('a true answer without leave to follow back counts after a forged refusal', async () => {
    await ada.friends.follow(bob.username);
    await forge(message(nullEntry(bob.username)));
    expect(await seen(ada)).toEqual({});
    await bob.friends.accept(ada.username, { reciprocate: false });
    expect(await seen(ada)).toEqual({ following: [bob.username] });
    expect(await ada.files.find(`/${ada.username}/shared/${bob.username}`)).toBeUndefined();
  });

  test('a true answer that only follows counts after a forged refusal', async () => {
    await ada.friends.follow(bob.username);
    await forge(message(nullEntry(bob.username)));
    await ada.friends.state();
    await bob.friends.answer(ada.username, { accept: false, reciprocate: true });
    expect(await seen(ada)).toEqual({ followers: [bob.username] });
    expect(await seen(bob)).toEqual({ following: [ada.username] });
  });

  test('whoever has refused can be asked once more, and their own request is shown', async () => {
    await ada.friends.follow(bob.username);
    await bob.friends.deny(ada.username);
    expect(await seen(ada)).toEqual({});
    await bob.friends.follow(ada.username);
    expect(await seen(ada)).toEqual({ incoming: [bob.username] });
    expect(await ada.friends.accept(bob.username)).toBe(true);
    expect(await seen(ada)).toEqual(both(bob.username));
    expect(await seen(bob)).toEqual(both(ada.username));
  });

  test('asked once more after a refusal, they answer as ever', async () => {
    await ada.friends.follow(bob.username);
    await bob.friends.deny(ada.username);
    expect(await seen(ada)).toEqual({});
    expect(await ada.friends.follow(bob.username)).toBe('requested');
    expect(await seen(ada)).toEqual(outgoing());
    await bob.friends.accept(ada.username);
    expect(await seen(ada)).toEqual(both(bob.username));
    expect(await seen(bob)).toEqual(both(ada.username));
  });

  test('places that others know of prove nothing: one made for somebody else, and one of the right name elsewhere', async () => {
    await befriend(mallory, bob);
    const folder = `/${bob.username}/${ada.username}`;
    await bob.files.makeDirectory(folder);
    await ada.friends.follow(bob.username);
    for (const path of [`/${bob.username}/shared/${mallory.username}`, folder]) {
      const { capability } = await itemAt(bob, path);
      await forge(message(EntryPoint.of(capability.toReadOnly(), bob.username), posts.key()));
      expect(await seen(ada)).toEqual(outgoing());
    }
    expect(await posts.inbox(ada)).toEqual([]);
  });
});
