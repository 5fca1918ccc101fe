import { isGroupUid } from '@pyrgos/core/social';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { news, shown, storedPaths, told } from '../../test/feed-world.js';
import { befriend, People } from '../../test/people-world.js';
import { ServerWorld } from '../../test/server-world.js';
import type { PostItem } from './feed-items.js';
import type { UserSession } from '../user-session.js';

let world: ServerWorld;
let people: People;
let count = 0;

beforeAll(async () => {
  world = await ServerWorld.start();
  people = new People(world);
});
afterAll(async () => world.close());

async function join<const N extends readonly string[]>(...names: N): Promise<{ readonly [K in keyof N]: UserSession }> {
  const n = count++;
  return (await Promise.all(names.map(async (name) => people.join(`${name}${n}`)))) as { readonly [K in keyof N]: UserSession };
}

async function couple(): Promise<readonly [UserSession, UserSession]> {
  const [ada, bob] = await join('ada', 'bob');
  await befriend(ada, bob);
  return [ada, bob];
}

const isGroup = (path: string): boolean => isGroupUid(path.split('/').at(-1));

async function share(from: UserSession, to: UserSession, name: string): Promise<string> {
  const path = `/${from.username}/${name}`;
  if (name.includes('.')) await from.files.write(path, `content of ${name}`, { parents: true });
  else await from.files.makeDirectory(path);
  await from.shares.share(path, [{ user: to.username }]);
  return path;
}

async function lastPost(session: UserSession): Promise<PostItem> {
  const item = (await shown(session)).at(-1);
  if (item?.kind !== 'post') throw new Error(`not a post but ${item?.kind ?? 'nothing'}`);
  return item;
}

describe('scenarios of chapter 06 section 18', () => {
  test('F1: the feed of somebody without friends is empty', async () => {
    const [ada] = await join('ada');
    expect(await ada.feed.page()).toEqual({ items: [], next: undefined });
    expect(await ada.feed.update()).toEqual({ added: 0, unreachable: [] });
    expect(await ada.feed.unread()).toBe(0);
    expect(await news(ada)).toEqual([]);
  });

  test('F2: shares appear once, in order, and are the same after a log-in', async () => {
    const [ada, bob] = await couple();
    const first = [await share(ada, bob, 'one'), await share(ada, bob, 'two')];
    expect(await news(bob)).toEqual(first);
    const stored = await storedPaths(bob);
    expect(stored.slice(-2)).toEqual(first);
    expect(stored.slice(0, -2).every(isGroup)).toBe(true);
    const third = await share(ada, bob, 'three');
    expect(await bob.feed.update()).toEqual({ added: 1, unreachable: [] });
    expect(await told(bob)).toEqual([...first, third]);
    const later = await people.again(bob);
    for (let i = 0; i < 2; i++) expect(await news(later)).toEqual([...first, third]);
    expect(await storedPaths(bob)).toEqual([...stored, third]);
  });

  test('F3: what an item says', async () => {
    const [ada, bob] = await couple();
    const path = await share(ada, bob, 'notes/a.txt');
    await bob.feed.update();
    for (const session of [bob, await people.again(bob)]) {
      const [item] = await shown(session);
      if (item?.kind !== 'share') throw new Error('nothing is shared');
      expect(item).toMatchObject({ path, owner: ada.username, sharer: ada.username, access: 'read', isNew: true });
      expect(item.capability.isWritable).toBe(false);
      expect(item.entry).toMatchObject({ name: 'a.txt', isDirectory: false, isWritable: false });
      expect(await session.files.readText(item.path)).toBe('content of a.txt'.replace('a.txt', 'notes/a.txt'));
    }
  });

  test('F4: what was shared before and after somebody looked into the space of a friend', async () => {
    const [ada, bob] = await couple();
    const before = await share(ada, bob, 'before.txt');
    for await (const entry of bob.files.list(`/${ada.username}`)) expect(entry.isDamaged).toBe(false);
    const after = await share(ada, bob, 'after.txt');
    expect(await news(bob)).toEqual([before, after]);
  });

  test('F5, F6: a post for one friend, and two comments on it', async () => {
    const [ada, bob] = await couple();
    await ada.posts.create({ text: 'hello' });
    await bob.feed.update();
    const post = await lastPost(bob);
    expect(post).toMatchObject({ author: ada.username, text: 'hello', audience: 'friends', isOwn: false, commentCount: 0 });
    for (const text of ['first', 'second']) await bob.posts.create({ text, audience: 'author', parent: post });
    expect(await news(ada)).toEqual([`${ada.username}: hello`, `${bob.username}: first`, `${bob.username}: second`]);
  });

  test('F7, F9: a post with a picture is edited and answered; who is no follower any more changes nothing of what was there', async () => {
    const [ada, bob] = await couple();
    const picture = new Uint8Array([1, 2, 3]);
    const { path } = await ada.posts.create({ text: 'look', media: [{ source: picture, mimeType: 'image/png' }] });
    await ada.posts.edit(path, 'look at this');
    expect(await news(bob)).toEqual([`${ada.username}: look at this`]);
    expect((await storedPaths(bob)).filter((one) => !isGroup(one))).toEqual([path]);
    const post = await lastPost(bob);
    expect(post.edited).toBeInstanceOf(Date);
    const [media] = post.media;
    if (media === undefined) throw new Error('nothing is shown');
    const { reader, mimeType } = await bob.posts.openMedia(media);
    expect(mimeType).toBe('image/png');
    expect(await reader.read()).toEqual(picture);
    await bob.posts.create({ text: 'beautiful', parent: post });
    expect(await news(ada)).toEqual([`${ada.username}: look at this`, `${bob.username}: beautiful`]);
    const [own] = await shown(ada);
    if (own?.kind !== 'post') throw new Error('the own post is gone');
    expect(own).toMatchObject({ isOwn: true, commentCount: 1, isNew: false });
    expect((await ada.feed.comments(own)).items).toMatchObject([{ kind: 'post', author: bob.username, text: 'beautiful' }]);
    const stored = await storedPaths(ada);
    await ada.friends.removeFollower(bob.username);
    await ada.feed.update();
    expect(await storedPaths(ada)).toEqual(stored);
    expect((await told(ada))[0]).toBe(`${ada.username}: look at this`);
  });

  test('F8: everybody who sees a post sees the comments on it, also those of people whom they do not know', async () => {
    const [ada, bob, cyd] = await join('ada', 'bob', 'cyd');
    await befriend(ada, bob);
    await befriend(ada, cyd);
    await ada.posts.create({ text: 'who comes?' });
    await bob.feed.update();
    const comment = await bob.posts.create({ text: 'me', parent: await lastPost(bob) });
    await ada.feed.update();
    await cyd.feed.update();
    const seen = await lastPost(cyd);
    expect(seen.post.comments[0]?.capability.equals(comment.capability)).toBe(true);
    const { items } = await cyd.feed.comments(seen);
    expect(items).toMatchObject([{ kind: 'post', author: bob.username, text: 'me' }]);
    // A comment on the comment, by its author's friend.
    await ada.feed.update();
    const [answered] = (await ada.feed.comments(await lastOwn(ada))).items;
    if (answered?.kind !== 'post') throw new Error('the comment is gone');
    await ada.posts.create({ text: 'good', parent: answered });
    await bob.feed.update();
    const [again] = (await bob.feed.comments(await lastPostOf(bob, 'me'))).items;
    expect(again).toMatchObject({ text: 'good', author: ada.username });
  });

  test('F10: a comment on a file that is no post', async () => {
    const [ada, bob] = await couple();
    await share(ada, bob, 'plain.txt');
    await bob.feed.update();
    const [item] = await shown(bob);
    if (item === undefined) throw new Error('nothing is shared');
    await bob.posts.create({ text: 'nice file', parent: item });
    expect(await news(ada)).toEqual([`${bob.username}: nice file`]);
  });

  test('F11: made, updated, read, marked as seen', async () => {
    const [ada, bob] = await couple();
    for (const name of ['a.txt', 'b.txt', 'c.txt']) await share(ada, bob, name);
    await bob.posts.create({ text: 'mine' });
    expect(await bob.feed.unread()).toBe(0);
    await bob.feed.update();
    expect(await bob.feed.unread()).toBe(3);
    const items = await shown(bob);
    await bob.feed.markSeen(items[1]?.number);
    const elsewhere = await people.again(bob);
    expect((await shown(elsewhere)).map(({ isNew }) => isNew)).toEqual([false, false, true, true]);
    expect(await elsewhere.feed.unread()).toBe(2);
    await elsewhere.feed.markSeen();
    bob.files.refresh();
    expect(await bob.feed.unread()).toBe(0);
    await bob.feed.markSeen(0);
    expect(await bob.feed.unread()).toBe(0);
    await share(ada, bob, 'd.txt');
    await bob.feed.update();
    expect(await bob.feed.unread()).toBe(1);
  });
});

async function lastOwn(session: UserSession): Promise<PostItem> {
  const item = (await shown(session)).findLast(
    (one): one is PostItem & { number: number; isNew: boolean } => one.kind === 'post' && one.isOwn,
  );
  if (item === undefined) throw new Error('there is no own post');
  return item;
}

async function lastPostOf(session: UserSession, text: string): Promise<PostItem> {
  const item = (await shown(session)).find((one) => one.kind === 'post' && one.text === text);
  if (item?.kind !== 'post') throw new Error('there is no such post');
  return item;
}

test('pages do not move when something comes in', async () => {
  const [ada, bob] = await couple();
  const paths: string[] = [];
  for (let i = 0; i < 7; i++) paths.push(await share(ada, bob, `${i}.txt`));
  await bob.feed.update();
  const first = await bob.feed.page({ limit: 3 });
  expect(first.items.map(({ path }) => path)).toEqual(paths.slice(4).reverse());
  await share(ada, bob, 'late.txt');
  await bob.feed.update();
  const second = await bob.feed.page({ limit: 3, before: first.next });
  expect(second.items.map(({ path }) => path)).toEqual(paths.slice(1, 4).reverse());
  const third = await bob.feed.page({ limit: 3, before: second.next });
  expect(third).toMatchObject({ items: [{ path: paths[0] }], next: undefined });
  for (const options of [{ limit: 0 }, { limit: 1000 }, { before: -1 }, { before: 0.5 }]) {
    await expect(bob.feed.page(options)).rejects.toMatchObject({ code: 'argument' });
  }
});

test('pages of comments', async () => {
  const [ada, bob] = await couple();
  await ada.posts.create({ text: 'count' });
  await bob.feed.update();
  const post = await lastPost(bob);
  for (let i = 0; i < 5; i++) await bob.posts.create({ text: `${i}`, parent: post });
  await ada.feed.update();
  const texts = async (before?: number): Promise<readonly [readonly string[], number | undefined]> => {
    const { items, next } = await bob.feed.comments(post, { limit: 2, before });
    return [items.map((item) => (item.kind === 'post' ? item.text : item.error.code)), next];
  };
  expect(await texts()).toEqual([['4', '3'], 3]);
  expect(await texts(3)).toEqual([['2', '1'], 1]);
  expect(await texts(1)).toEqual([['0'], undefined]);
});

test('what is edited, deleted, renamed, or not shared any more', async () => {
  const [ada, bob] = await couple();
  const { path } = await ada.posts.create({ text: 'first' });
  const gone = await ada.posts.create({ text: 'soon gone' });
  const file = await share(ada, bob, 'file.txt');
  await share(ada, bob, 'moved.txt');
  await bob.feed.update();
  await ada.posts.edit(path, 'second');
  await ada.posts.delete(gone.path);
  await ada.shares.unshare(file, [{ user: bob.username }]);
  await ada.files.rename(`/${ada.username}/moved.txt`, 'other.txt');
  expect(await news(bob)).toEqual([`${ada.username}: second`, `${gone.path} gone`, `${file} gone`, `/${ada.username}/moved.txt`]);
  expect(await told(ada)).toEqual([`${ada.username}: second`, `${gone.path} gone`]);
});

test('new keys, which everybody gets who stays, make nothing new', async () => {
  const [ada, bob, cyd] = await join('ada', 'bob', 'cyd');
  await befriend(ada, bob);
  await befriend(ada, cyd);
  await ada.posts.create({ text: 'for all' });
  await share(ada, bob, 'only-bob.txt');
  await bob.feed.update();
  await bob.feed.markSeen();
  await ada.friends.removeFollower(cyd.username);
  expect(await news(bob)).toEqual([`${ada.username}: for all`, `/${ada.username}/only-bob.txt`]);
  expect(await bob.feed.unread()).toBe(0);
  await ada.posts.create({ text: 'after that' });
  expect((await news(bob)).at(-1)).toBe(`${ada.username}: after that`);
  expect(await bob.feed.unread()).toBe(1);
});

test('of several friends who are new at the same time everything comes, then and later', async () => {
  const [ada, bob, cyd, dan] = await join('ada', 'bob', 'cyd', 'dan');
  const friends = [bob, cyd, dan];
  for (const friend of friends) await befriend(ada, friend);
  for (const text of ['first', 'second']) {
    await Promise.all(friends.map(async ({ posts }) => posts.create({ text })));
    const found = await news(ada);
    expect(found.filter((one) => one.endsWith(text)).sort()).toEqual(friends.map(({ username }) => `${username}: ${text}`).sort());
  }
  expect(await news(await people.again(ada))).toHaveLength(6);
});

test('what is passed on is there under the name of its owner, once', async () => {
  const [ada, bob, cyd] = await join('ada', 'bob', 'cyd');
  await befriend(ada, bob);
  await befriend(bob, cyd);
  const path = await share(ada, bob, 'passed-on.txt');
  expect(await news(bob)).toEqual([path]);
  await bob.shares.share(path, [{ user: cyd.username }]);
  expect(await news(cyd)).toEqual([path]);
  expect((await shown(cyd))[0]).toMatchObject({ owner: ada.username, sharer: bob.username });
});

test('who was blocked is not seen, and is again when not blocked any more', async () => {
  const [ada, bob] = await couple();
  await share(ada, bob, 'a.txt');
  expect(await news(bob)).toHaveLength(1);
  await bob.friends.unfollow(ada.username);
  expect(await told(bob)).toEqual([]);
  expect(await bob.feed.unread()).toBe(0);
  await share(ada, bob, 'b.txt');
  expect(await news(bob)).toEqual([]);
  await bob.friends.unblock(ada.username);
  expect(await news(bob)).toHaveLength(2);
});

test('fields of profiles are no news', async () => {
  const [ada, bob] = await couple();
  await ada.profiles.setText('bio', 'counts');
  await ada.profiles.setAudience('bio', [{ group: 'friends' }]);
  await ada.posts.create({ text: 'I have a biography' });
  expect(await news(bob)).toEqual([`${ada.username}: I have a biography`]);
});

test('an answer to a post of one’s own stands under it at once', async () => {
  const [ada, bob] = await couple();
  await ada.posts.create({ text: 'question' });
  await ada.posts.create({ text: 'answer', parent: await lastOwn(ada) });
  await bob.feed.update();
  const { items } = await bob.feed.comments(await lastPostOf(bob, 'question'));
  expect(items).toMatchObject([{ author: ada.username, text: 'answer' }]);
});

test('a comment for its author alone is not put under the post, where others would see it', async () => {
  const [ada, bob] = await couple();
  await ada.posts.create({ text: 'public matter' });
  await bob.feed.update();
  await bob.posts.create({ text: 'between us', audience: 'author', parent: await lastPost(bob) });
  expect(await news(ada)).toContain(`${bob.username}: between us`);
  expect((await lastOwn(ada)).commentCount).toBe(0);
});

async function* pulledOut(): AsyncGenerator<Uint8Array> {
  yield new Uint8Array(1);
  throw new Error('the card was pulled out');
}

test('a post whose media cannot be read is not made, and leaves nothing behind', async () => {
  const [ada] = await join('ada');
  const source = { size: 10, open: pulledOut };
  await expect(ada.posts.create({ text: 'x', media: [{ source: new Uint8Array(3) }, { source }] })).rejects.toThrow('pulled out');
  const left: string[] = [];
  const year = new Date().getUTCFullYear();
  for await (const { name } of ada.files.names(`/${ada.username}/.posts/${year}/media`)) left.push(name ?? '');
  expect(left).toEqual([]);
  expect(await told(ada)).toEqual([]);
  const bytes: number[] = [];
  await ada.posts.create({ text: 'x', media: [{ source: new Uint8Array(7) }] }, { onProgress: ({ done }) => void bytes.push(done) });
  expect(bytes.at(-1)).toBe(7);
});

test('an update without news costs a look at the friends and nothing else', async () => {
  const [ada, bob] = await couple();
  await share(ada, bob, 'a.txt');
  const { network, counter } = world.counted();
  const session = await people.again(bob, network);
  await session.feed.update();
  await session.feed.page();
  counter.reset();
  await session.feed.update();
  await session.feed.page();
  expect([...counter.byEndpoint().keys()].filter((one) => one !== 'blocks transaction/close')).toEqual(['pointers getPointer']);
});
