import { type FeedState, type FileRef, readFeed, SocialPost } from '@pyrgos/core/social';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ServerWorld } from '../../test/server-world.js';
import { given, letFollow, opened, ownSpaceOf } from '../../test/social-world.js';
import { connect, type PyrgosServer, type UserSession } from '../index.js';
import { readStoredFeed } from './feed-files.js';

const password = 'nine copper kettles in the rain';

describe('posts and profiles, on a real server', () => {
  let world: ServerWorld;
  let server: PyrgosServer;
  let ada: UserSession;
  let stranger: UserSession;
  beforeAll(async () => {
    world = await ServerWorld.start();
    server = await connect(world.url, { crypto: world.quick, pointerCacheMilliseconds: 0 });
    ada = await server.signUp({ username: 'ada', password });
    stranger = await server.signUp({ username: 'stranger', password });
    await letFollow(ada, 'bob');
  });
  afterAll(async () => world.close());

  async function ownFeed(): Promise<{ readonly state: FeedState; readonly paths: readonly string[] }> {
    return ownSpaceOf(ada).look(
      undefined,
      async (view, home) => {
        const { state, items } = await readStoredFeed(view, home);
        return { state, paths: readFeed(await items(), state, 0, 1000).map(({ item }) => item.path) };
      },
      true,
    );
  }

  test('a post with pictures: stored by its time, shared with followers, in the own feed; edited and deleted', async () => {
    const picture = new Uint8Array([1, 2, 3]);
    const { path, capability, post } = await ada.posts.create({
      text: 'hello <b>all</b>',
      audience: 'followers',
      media: [{ source: picture, mimeType: 'image/png' }],
    });
    const date = new Date(post.time * 1000);
    expect(path).toMatch(new RegExp(`^/ada/\\.posts/${date.getUTCFullYear()}/${date.getUTCMonth() + 1}/[0-9a-f-]{36}\\.cbor$`));
    expect((await ada.files.stat(path)).mimeType).toBe('application/vnd.peergos-post');
    expect((await ada.files.stat('/ada/.posts')).isHidden).toBe(true);
    const [, shown] = post.body;
    const { reader, mimeType } = await stranger.posts.openMedia(shown as FileRef);
    expect(mimeType).toBe('image/png');
    expect(await reader.read()).toEqual(picture);
    expect((await ownFeed()).paths).toEqual([path]);
    expect((await ada.shares.sharedWith(path)).readers).toEqual([{ group: 'followers' }]);
    // Bob follows, so he has the directory of the group; what is in there opens the post for anybody who has it.
    expect(await given(ada, 'bob', 'read')).toHaveLength(1);
    expect((await stranger.posts.open(path, capability)).post.body[0]).toBe('hello <b>all</b>');

    const edited = await ada.posts.edit(path, 'hello');
    expect(edited.capability.equals(capability)).toBe(true);
    const seen = (await stranger.posts.open(path, capability)).post;
    expect(seen.body[0]).toBe('hello');
    expect(seen.body[1]).toBeDefined();
    expect(seen.previousVersions.map(({ body }) => body[0])).toEqual(['hello <b>all</b>']);

    await ada.posts.delete(path);
    await expect(stranger.posts.open(path, capability)).rejects.toMatchObject({ code: 'not-found.file' });
    expect(await opened(stranger, (shown as FileRef).capability)).toBeUndefined();
    expect((await ada.shares.sharedWith(path)).readers).toEqual([]);
  });

  test('an answer is never seen by more people than what it answers to', async () => {
    const friends = await ada.posts.create({ text: 'for friends' });
    expect(friends.post.audience).toBe('Friends');
    const parent = { path: friends.path, capability: friends.capability, sharer: 'ada' };
    await expect(ada.posts.create({ text: 'me too', audience: 'followers', parent })).rejects.toMatchObject({ code: 'denied.file' });
    const answer = await ada.posts.create({ text: 'me too', parent });
    expect(answer.post.audience).toBe('Friends');
    expect(answer.post.parent?.path).toBe(friends.path);
    expect(answer.post.parent?.contentHash.equals(friends.post.contentHash(world.crypto))).toBe(true);
    await expect(ada.posts.create({ text: 'x', audience: 'author' })).rejects.toMatchObject({ code: 'argument' });
    await ada.files.write('/ada/plain.txt', 'plain');
    const plain = await ada.posts.create({
      text: 'on a file',
      parent: { path: '/ada/plain.txt', capability: friends.capability, sharer: 'ada' },
    });
    expect(plain.post.author).toBe('ada');
  });

  test('whoever says that somebody else has written a post is not believed, and only its author changes one', async () => {
    const forged = SocialPost.of({ author: 'bob', body: ['I owe ada all I have'], audience: 'Friends', time: 1 });
    await ada.files.write('/ada/.posts/2020/1/forged.cbor', forged.encode(), { parents: true, mimeType: 'application/vnd.peergos-post' });
    await ada.shares.share('/ada/.posts/2020/1/forged.cbor', [{ user: 'bob' }]);
    const capability = (await given(ada, 'bob', 'read')).at(-1);
    await expect(stranger.posts.open('/ada/.posts/2020/1/forged.cbor', capability as never)).rejects.toMatchObject({
      code: 'format.social',
    });
    await expect(ada.posts.edit('/bob/.posts/2020/1/x.cbor', 'x')).rejects.toMatchObject({ code: 'denied.file' });
    await expect(ada.posts.edit('/ada/plain.txt', 'x')).rejects.toMatchObject({ code: 'argument' });
    await expect(ada.posts.delete('/ada/.posts/2020/1/gone.cbor')).rejects.toMatchObject({ code: 'not-found.file' });
  });

  test('two devices post at a time; a feed that another program left half done goes on', async () => {
    const elsewhere = await server.logIn({ username: 'ada', password });
    const before = (await ownFeed()).state.feedItems;
    await Promise.all(Array.from({ length: 6 }, async (_, i) => (i % 2 === 0 ? ada : elsewhere).posts.create({ text: `post ${i}` })));
    expect((await ownFeed()).state.feedItems).toBe(before + 6);
    elsewhere.close();
    // Bytes that nobody counts.
    await ada.files.append('/ada/.feed/feed.cbor', new Uint8Array([0xff, 1, 2]));
    const { path } = await ada.posts.create({ text: 'after the rubbish' });
    expect((await ownFeed()).paths.at(-1)).toBe(path);
    // A feed that has lost its end.
    const { size } = await ada.files.stat('/ada/.feed/feed.cbor');
    await ada.files.truncate('/ada/.feed/feed.cbor', size - 10);
    const next = await ada.posts.create({ text: 'after the loss' });
    const feed = await ownFeed();
    expect(feed.paths.at(-1)).toBe(next.path);
    expect(feed.paths).toHaveLength(feed.state.feedItems);
    expect(feed.paths).not.toContain(path);
  });

  test('a profile: each field by itself, and who sees it (P3)', async () => {
    expect((await ada.profiles.read()).texts.size).toBe(0);
    for (const [field, text] of [
      ['firstname', 'Ada'],
      ['lastname', 'L.'],
      ['bio', 'counts'],
      ['status', '🙂'],
      ['phone', '+1'],
      ['email', 'a@b'],
    ] as const) {
      await ada.profiles.setText(field, text);
    }
    await ada.profiles.setPhoto({ photo: new Uint8Array([137, 80]), original: new Uint8Array([137, 80, 78]) });
    const profile = await ada.profiles.read();
    expect(Object.fromEntries(profile.texts)).toEqual({
      firstname: 'Ada',
      lastname: 'L.',
      bio: 'counts',
      status: '🙂',
      phone: '+1',
      email: 'a@b',
    });
    expect(profile.hasPhoto).toBe(true);
    expect(await ada.profiles.photo()).toEqual(new Uint8Array([137, 80]));
    await ada.profiles.setAudience('bio', [{ user: 'bob' }, { group: 'friends' }]);
    expect(await ada.profiles.audience('bio')).toEqual([{ user: 'bob' }, { group: 'friends' }]);
    await ada.profiles.setAudience('bio', [{ group: 'friends' }]);
    expect(await ada.profiles.audience('bio')).toEqual([{ group: 'friends' }]);
    await ada.profiles.setAudience('bio', []);
    expect(await ada.profiles.audience('bio')).toEqual([]);
    await ada.profiles.setText('status', '');
    await ada.profiles.setPhoto(undefined);
    await ada.profiles.clear('status');
    expect((await ada.profiles.read()).texts.has('status')).toBe(false);
    expect(await ada.profiles.photo()).toBeUndefined();
    await ada.files.write('/ada/.profile/email', new Uint8Array([0xff]));
    const damaged = await ada.profiles.read();
    expect(damaged.damaged.get('email')).toMatchObject({ code: 'format.social' });
    expect(damaged.texts.get('firstname')).toBe('Ada');
    await expect(ada.profiles.setText('status', 'x'.repeat(51))).rejects.toMatchObject({ code: 'limit' });
    expect((await ada.profiles.read('nobody')).texts.size).toBe(0);
  });
});
