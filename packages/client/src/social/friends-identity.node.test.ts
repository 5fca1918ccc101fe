import { afterAll, beforeAll, expect, test } from 'vitest';
import { signUpOldAccount } from '../../test/old-account.js';
import { ServerWorld } from '../../test/server-world.js';
import { befriend, People, seen } from '../../test/people-world.js';
import { logIn } from '../session/index.js';
import { UserSession } from '../user-session.js';

const password = 'nine copper kettles in the rain';
const newPassword = 'eight lanterns over quiet water';
let world: ServerWorld;

beforeAll(async () => {
  world = await ServerWorld.start();
});
afterAll(async () => world.close());

test('a friend whose identity has changed is still one (chapter 06 section 4.6), and can be asked and answered', async () => {
  const people = new People(world);
  const ada = await people.join('ada');
  await signUpOldAccount(world.quick, world.network(), { username: 'bob', password, layout: 'legacy' });
  const old = new UserSession(await logIn(world.network(), { crypto: world.quick, username: 'bob', password, upgradesBoxingKey: false }));
  await befriend(ada, old);
  const before = old.account.identity.publicKeyHash;
  const bob = await old.changePassword({ oldPassword: password, newPassword });
  expect(bob.account.identity.publicKeyHash.equals(before)).toBe(false);

  const both = (name: string): object => ({ followers: [name], following: [name], friends: [name] });
  for (const session of [ada, await people.again(ada)]) expect(await seen(session)).toEqual(both('bob'));
  expect(await seen(bob)).toEqual(both('ada'));

  await ada.friends.removeFollower('bob');
  expect(await bob.friends.follow('ada')).toBe('requested');
  expect(await ada.friends.requests()).toEqual([{ username: 'bob', isChecked: true }]);
  expect(await ada.friends.accept('bob')).toBe(true);
  expect(await seen(bob)).toEqual(both('ada'));
  expect(await seen(ada)).toEqual(both('bob'));
  await bob.friends.removeFollower('ada');
  expect(await ada.friends.follow('bob')).toBe('requested');
  expect(await bob.friends.accept('ada')).toBe(true);
  expect(await seen(ada)).toEqual(both('bob'));
});

test('behind an answer that lets one follow there is a request of the same user, which is answered with it', async () => {
  const people = new People(world);
  const [eve, bea] = await Promise.all([people.join('eve'), people.join('bea')]);
  await eve.friends.follow('bea');
  expect(await bea.friends.accept('eve', { reciprocate: false })).toBe(true);
  expect(await bea.friends.follow('eve')).toBe('requested');
  expect(await eve.friends.accept('bea')).toBe(true);
  const both = (name: string): object => ({ followers: [name], following: [name], friends: [name] });
  expect(await seen(bea)).toEqual(both('eve'));
  expect(await seen(eve)).toEqual(both('bea'));
  expect(await eve.friends.requests()).toEqual([]);
});
