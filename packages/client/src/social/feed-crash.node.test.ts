import { afterAll, beforeAll, expect, test } from 'vitest';
import { changedNetwork, overriding } from '../../test/changed-network.js';
import { endingNetwork } from '../../test/ending-network.js';
import { news, shown, storedPaths, told } from '../../test/feed-world.js';
import { befriend, People } from '../../test/people-world.js';
import { ServerWorld } from '../../test/server-world.js';
import type { UserSession } from '../user-session.js';

let world: ServerWorld;
let people: People;
beforeAll(async () => {
  world = await ServerWorld.start();
  people = new People(world);
});
afterAll(async () => world.close());

let count = 0;
async function scene(): Promise<readonly [UserSession, UserSession, UserSession]> {
  const n = count++;
  const [ada, bob, cyd] = await Promise.all([people.join(`ada${n}`), people.join(`bob${n}`), people.join(`cyd${n}`)]);
  for (const friend of [bob, cyd]) await befriend(ada, friend);
  await ada.posts.create({ text: 'what is new?' });
  for (const friend of [bob, cyd]) {
    await friend.feed.update();
    const [post] = await shown(friend);
    await friend.posts.create({ text: `I am ${friend.username}`, parent: post });
    await friend.files.write(`/${friend.username}/f.txt`, 'x');
    await friend.shares.share(`/${friend.username}/f.txt`, [{ user: ada.username }]);
  }
  return [ada, bob, cyd];
}

async function expectWhole(session: UserSession, [ada, bob, cyd]: readonly UserSession[]): Promise<void> {
  const all = await told(session);
  expect([...all].sort()).toEqual(
    [
      `${ada?.username}: what is new?`,
      `${bob?.username}: I am ${bob?.username}`,
      `${cyd?.username}: I am ${cyd?.username}`,
      `/${bob?.username}/f.txt`,
      `/${cyd?.username}/f.txt`,
    ].sort(),
  );
  const stored = await storedPaths(session);
  expect(new Set(stored).size).toBe(stored.length);
  const own = (await shown(session)).find((item) => item.kind === 'post' && item.isOwn);
  if (own?.kind !== 'post') throw new Error('the own post is gone');
  const { items } = await session.feed.comments(own);
  expect(items.map((item) => (item.kind === 'post' ? item.text : item.error.code)).sort()).toEqual(
    [`I am ${bob?.username}`, `I am ${cyd?.username}`].sort(),
  );
}

test('an update that is cut off at any of its changes loses nothing and doubles nothing', async () => {
  let cuts = 0;
  for (const isMade of [false, true]) {
    for (let step = 1; ; step++) {
      const users = await scene();
      const { network, endAt } = endingNetwork(world.network(), true);
      const session = await people.again(users[0], network);
      endAt(step, isMade);
      const failure: unknown = await session.feed.update().then(
        () => undefined,
        (error: unknown) => error,
      );
      const later = await people.again(users[0]);
      await later.feed.update();
      await expectWhole(later, users);
      if (failure === undefined) break;
      cuts++;
    }
  }
  expect(cuts).toBeGreaterThanOrEqual(2);
});

test('two devices that update, post and mark as seen at the same time', async () => {
  const users = await scene();
  const devices = [users[0], await people.again(users[0]), await people.again(users[0])];
  await Promise.all(devices.flatMap(({ feed }) => [feed.update(), feed.update()]));
  for (const device of devices) {
    device.files.refresh();
    await expectWhole(device, users);
  }
  await Promise.all([
    ...devices.map(async ({ posts }, i) => posts.create({ text: `post ${i}` })),
    ...devices.map(async ({ feed }) => feed.markSeen()),
    ...devices.map(async ({ feed }) => feed.update()),
  ]);
  const [device] = devices;
  device?.files.refresh();
  const texts = device === undefined ? [] : await news(device);
  for (let i = 0; i < 3; i++) expect(texts.filter((text) => text.endsWith(`post ${i}`))).toHaveLength(1);
  expect(texts).toHaveLength(8);
});

test('without space nothing is added, and everything comes when there is some', async () => {
  const users = await scene();
  const network = world.network();
  let isFull = true;
  const full = changedNetwork(network, {
    pointers: overriding(network.pointers, {
      setPointers: async (...call) => {
        if (isFull) throw new Error('full');
        return network.pointers.setPointers(...call);
      },
      setPointer: async (...call) => {
        if (isFull) throw new Error('full');
        return network.pointers.setPointer(...call);
      },
    }),
  });
  const session = await people.again(users[0], full);
  await expect(session.feed.update()).rejects.toThrow();
  expect(await told(session)).toEqual([`${users[0].username}: what is new?`]);
  isFull = false;
  await session.feed.update();
  await expectWhole(session, users);
});
