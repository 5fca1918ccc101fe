import { afterAll, beforeAll, expect, test } from 'vitest';
import { news, shown } from '../../test/feed-world.js';
import { signUpOldAccount } from '../../test/old-account.js';
import { befriend, People } from '../../test/people-world.js';
import { ServerWorld } from '../../test/server-world.js';
import { logIn } from '../session/index.js';
import { UserSession } from '../user-session.js';

const password = 'nine copper kettles in the rain';
let world: ServerWorld;
beforeAll(async () => {
  world = await ServerWorld.start();
});
afterAll(async () => world.close());

test('the news of a friend whose identity has changed stay, and new ones come', async () => {
  const people = new People(world);
  const ada = await people.join('ada');
  await signUpOldAccount(world.quick, world.network(), { username: 'bob', password, layout: 'legacy' });
  const old = new UserSession(await logIn(world.network(), { crypto: world.quick, username: 'bob', password, upgradesBoxingKey: false }));
  await befriend(ada, old);
  await old.posts.create({ text: 'before' });
  await ada.posts.create({ text: 'by ada' });
  expect((await news(ada)).sort()).toEqual(['ada: by ada', 'bob: before']);
  const bob = await old.changePassword({ oldPassword: password, newPassword: 'eight lanterns over quiet water' });
  expect(bob.account.identity.publicKeyHash.equals(old.account.identity.publicKeyHash)).toBe(false);
  // His own feed, whose items have the identity that he has given up.
  expect(await news(bob)).toEqual(['bob: before', 'ada: by ada']);
  const own = (await shown(bob))[0];
  await bob.posts.create({ text: 'after' });
  await bob.posts.create({ text: 'about what I said', parent: own });
  for (const session of [ada, await people.again(ada)]) {
    const texts = await news(session);
    expect([...texts].sort()).toEqual(['ada: by ada', 'bob: about what I said', 'bob: after', 'bob: before']);
    const item = (await shown(session)).find((one) => one.kind === 'post' && one.text === 'before');
    if (item?.kind !== 'post') throw new Error('the post is gone');
    expect((await session.feed.comments(item)).items).toMatchObject([{ kind: 'post', text: 'about what I said' }]);
  }
});
