import { encodeCbor, Multihash } from '@pyrgos/core/codec';
import { SymmetricKey } from '@pyrgos/core/keys';
import { AbsoluteCapability } from '@pyrgos/core/model';
import { encodeRecords, FileRef, SharedItem, SocialPost } from '@pyrgos/core/social';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { changedNetwork, overriding } from '../../test/changed-network.js';
import { news, shown, storedPaths, told } from '../../test/feed-world.js';
import { itemAt } from '../../test/item-at.js';
import { befriend, People } from '../../test/people-world.js';
import { give, giveBytes } from '../../test/received-world.js';
import { ServerWorld } from '../../test/server-world.js';
import { ownSpaceOf } from '../../test/social-world.js';
import type { UserSession } from '../user-session.js';
import { appendToFeed } from './feed-files.js';
import { directoryAt, writeFileIn } from './own-files.js';
import { POST_MIME_TYPE } from './post-file.js';

let world: ServerWorld;
let people: People;
let count = 0;
beforeAll(async () => {
  world = await ServerWorld.start();
  people = new People(world);
});
afterAll(async () => world.close());

/** Somebody with one friend who does what he can, and one of whom there is nothing to expect but good. */
async function scene(): Promise<readonly [UserSession, UserSession, UserSession]> {
  const n = count++;
  const [ada, eve, bob] = await Promise.all([people.join(`ada${n}`), people.join(`eve${n}`), people.join(`bob${n}`)]);
  await befriend(ada, eve);
  await befriend(ada, bob);
  return [ada, eve, bob];
}

const text = (from: UserSession): string => `${from.username}: good news`;
const post = async (from: UserSession): Promise<unknown> => from.posts.create({ text: 'good news' });

/** Writes what claims to be a post, and shares it. */
async function forge(from: UserSession, to: UserSession, name: string, bytes: Uint8Array): Promise<AbsoluteCapability> {
  const path = `/${from.username}/.posts/2020/1/${name}`;
  await from.files.write(path, bytes, { parents: true, mimeType: POST_MIME_TYPE });
  await from.shares.share(path, [{ user: to.username }]);
  return (await itemAt(from, path)).capability.toReadOnly();
}

test('records that are none, lead nowhere, or end in the middle keep nothing else from coming', async () => {
  const [ada, eve, bob] = await scene();
  const { crypto, home } = eve.account;
  const dead = Array.from({ length: 300 }, () =>
    AbsoluteCapability.of({
      owner: home.owner,
      writer: home.writer,
      mapKey: crypto.randomBytes(32),
      bat: home.bat,
      rBaseKey: SymmetricKey.generate(crypto),
      wBaseKey: undefined,
    }),
  );
  await giveBytes(eve, ada.username, 'read', encodeRecords(dead));
  await giveBytes(eve, ada.username, 'read', encodeCbor(['not', 'a', 'capability']));
  // What is somebody else's, and what is the account's own.
  await ada.files.write(`/${ada.username}/own.txt`, 'mine');
  await give(eve, ada.username, 'read', [
    (await itemAt(ada, `/${ada.username}/own.txt`)).capability.toReadOnly(),
    AbsoluteCapability.of({ ...partsOf(home), owner: bob.account.home.owner }),
  ]);
  await eve.files.write(`/${eve.username}/real.txt`, 'x');
  await eve.shares.share(`/${eve.username}/real.txt`, [{ user: ada.username }]);
  await giveBytes(eve, ada.username, 'read', Uint8Array.of(0xff, 0xff));
  await post(bob);
  expect(await news(ada)).toEqual([`/${eve.username}/real.txt`, text(bob)]);
  await post(eve);
  expect((await news(ada)).sort()).toEqual([`/${eve.username}/real.txt`, text(bob), text(eve)].sort());
  const stored = await storedPaths(ada);
  await ada.feed.update();
  expect(await storedPaths(ada)).toEqual(stored);
});

const partsOf = ({ writer, mapKey, bat, rBaseKey }: AbsoluteCapability) => ({ writer, mapKey, bat, rBaseKey, wBaseKey: undefined });

test('posts under the name of somebody else, that are no posts, or are too large are marked', async () => {
  const [ada, eve, bob] = await scene();
  const forged = SocialPost.of({ author: bob.username, body: ['I owe eve all I have'], audience: 'Friends', time: 1 });
  await forge(eve, ada, 'forged.cbor', forged.encode());
  await forge(eve, ada, 'garbage.cbor', Uint8Array.of(0x82, 0x11, 0xff));
  await forge(eve, ada, 'large.cbor', new Uint8Array(5_000_000));
  await post(bob);
  const codes = (await news(ada)).map((one) => one.split(' ').at(-1) ?? '');
  expect(codes.sort()).toEqual(['format.social', 'format.cbor', 'limit', 'news'].sort());
});

test('comments under the name of somebody else, on posts that are none, and too many of them', async () => {
  const [ada, eve, bob] = await scene();
  const { path, capability, post: own } = await ada.posts.create({ text: 'what do you think?' });
  await ada.files.write(`/${ada.username}/diary.txt`, 'dear diary');
  const on = (parentPath: string, body = 'x', author = eve.username): Uint8Array =>
    SocialPost.of({
      author,
      body: [body],
      audience: 'Friends',
      time: 1,
      parent: FileRef.of(parentPath, capability, own.contentHash(world.crypto)),
    }).encode();
  await forge(eve, ada, 'as-bob.cbor', on(path, 'bob thinks so', bob.username));
  for (const [i, place] of [
    `/${ada.username}/diary.txt`,
    `/${ada.username}`,
    `/${ada.username}/.posts`,
    '/',
    `/${ada.username}0/x`,
  ].entries()) {
    await forge(eve, ada, `place-${i}.cbor`, on(place));
  }
  const many = Array.from({ length: 120 }, (_, i) => i);
  const files = many.map((i) => ({ path: ['many', `${i}.cbor`], source: on(path, `${i}`) }));
  for await (const { outcome } of eve.files.writeTree(`/${eve.username}`, files)) expect(outcome).toBe('created');
  await give(
    eve,
    ada.username,
    'read',
    await Promise.all(many.map(async (i) => (await itemAt(eve, `/${eve.username}/many/${i}.cbor`)).capability)),
  );
  await bob.feed.update();
  const [seen] = await shown(bob);
  await bob.posts.create({ text: 'I think not', parent: seen });
  await ada.feed.update();
  const item = (await shown(ada)).find((one) => one.kind === 'post' && one.isOwn);
  if (item?.kind !== 'post') throw new Error('the own post is gone');
  const comments: string[] = [];
  let before: number | undefined;
  do {
    const page = await ada.feed.comments(item, { before, limit: 200 });
    for (const one of page.items) comments.push(one.kind === 'post' ? one.author : one.kind);
    before = page.next;
  } while (before !== undefined);
  expect(comments.filter((author) => author === bob.username)).toHaveLength(1);
  expect(comments.filter((author) => author === eve.username).length).toBeLessThanOrEqual(100);
  expect(await ada.files.readText(`/${ada.username}/diary.txt`)).toBe('dear diary');
});

test('a post whose list of comments lies: what is not by whom it says is marked', async () => {
  const [ada, eve, bob] = await scene();
  const byBob = SocialPost.of({ author: bob.username, body: ['eve is right'], audience: 'Friends', time: 1 });
  await eve.files.write(`/${eve.username}/fake.cbor`, byBob.encode(), { mimeType: POST_MIME_TYPE });
  const fake = (await itemAt(eve, `/${eve.username}/fake.cbor`)).capability.toReadOnly();
  const hash = Multihash.sha256(world.crypto.sha256(byBob.encode()));
  const lying = SocialPost.of({
    author: eve.username,
    body: ['all agree with me'],
    audience: 'Friends',
    time: 1,
    comments: [
      FileRef.of(`/${bob.username}/.posts/2020/1/fake.cbor`, fake, hash),
      FileRef.of(`/${eve.username}/fake.cbor`, fake, hash),
      FileRef.of('/nobody-at-all/x', fake, hash),
      FileRef.of('', fake, hash),
    ],
  });
  await forge(eve, ada, 'lying.cbor', lying.encode());
  await ada.feed.update();
  const [item] = await shown(ada);
  if (item?.kind !== 'post') throw new Error('there is no post');
  const { items } = await ada.feed.comments(item);
  expect(items.map(({ kind }) => kind)).toEqual(Array.from({ length: items.length }, () => 'unavailable'));
});

test('a stream that becomes shorter and grows again doubles nothing', async () => {
  const [ada, eve] = await scene();
  for (const name of ['a.txt', 'b.txt']) {
    await eve.files.write(`/${eve.username}/${name}`, name);
    await eve.shares.share(`/${eve.username}/${name}`, [{ user: ada.username }]);
  }
  const all = [`/${eve.username}/a.txt`, `/${eve.username}/b.txt`];
  expect(await news(ada)).toEqual(all);
  const stored = await storedPaths(ada);
  const bytes = await eve.files.read(`/${eve.username}/shared/${ada.username}/sharing.r`);
  const space = ownSpaceOf(eve);
  for (const content of [new Uint8Array(), bytes, bytes.subarray(bytes.length / 2), bytes]) {
    await space.changeHome(undefined, async (operation, home) => {
      const directory = await directoryAt(operation, home, ['shared', ada.username]);
      if (directory !== undefined) await writeFileIn(operation, space, directory, 'sharing.r', content);
    });
    expect(await news(ada)).toEqual(all);
  }
  expect(await storedPaths(ada)).toEqual(stored);
});

test('what other programs have left in the own feed: wrong paths, strangers, damage', async () => {
  const [ada, eve, bob] = await scene();
  await post(bob);
  expect(await news(ada)).toEqual([text(bob)]);
  const space = ownSpaceOf(ada);
  const { capability } = await eve.posts.create({ text: 'by eve' });
  const bad = [
    SharedItem.of({ capability, owner: eve.username, sharer: eve.username, path: `/${eve.username}/../x` }),
    SharedItem.of({ capability, owner: eve.username, sharer: eve.username, path: '' }),
    SharedItem.of({ capability, owner: eve.username, sharer: eve.username, path: `/${bob.username}/x` }),
    SharedItem.of({ capability, owner: bob.username, sharer: bob.username, path: `/${bob.username}/x` }),
    SharedItem.of({ capability, owner: 'nobody-at-all', sharer: bob.username, path: '/nobody-at-all/x' }),
  ];
  await space.changeHome(undefined, async (operation, home) => void (await appendToFeed(operation, space, home, bad)));
  expect(await told(ada)).toEqual([text(bob), `/${bob.username}/x format.social`, '/nobody-at-all/x format.social']);
  await space.changeHome(undefined, async (operation, home) => {
    const directory = await directoryAt(operation, home, ['.feed']);
    if (directory !== undefined) await writeFileIn(operation, space, directory, 'feed-state.cbor', Uint8Array.of(0xff));
  });
  expect((await told(ada))[0]).toBe(text(bob));
  expect(await ada.feed.unread()).toBe(0);
  await post(bob);
  const [first, ...others] = await news(ada);
  expect(first).toBe(text(bob));
  expect(others.slice(-2).sort()).toEqual([text(bob), `${eve.username}: by eve`].sort());
});

test('a friend whose server does not answer keeps nobody waiting', async () => {
  const [ada, eve, bob] = await scene();
  await post(bob);
  await post(eve);
  const network = world.network();
  let isAway = true;
  const session = await people.again(
    ada,
    changedNetwork(network, {
      pointers: overriding(network.pointers, {
        getPointer: async (owner, writer, signal) => {
          if (isAway && owner.equals(eve.account.home.owner)) await new Promise(() => undefined);
          return network.pointers.getPointer(owner, writer, signal);
        },
      }),
    }),
  );
  expect(await session.feed.update()).toMatchObject({ unreachable: [eve.username] });
  expect(await told(session)).toEqual([text(bob)]);
  isAway = false;
  const later = await people.again(ada);
  expect((await news(later)).sort()).toEqual([text(bob), text(eve)].sort());
});
