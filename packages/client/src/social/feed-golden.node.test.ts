import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { goldenFolder, goldenMissing } from '@pyrgos/testkit/golden';
import { encodeBase64 } from '@pyrgos/core/codec';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { news, shown, storedPaths } from '../../test/feed-world.js';
import { ServerWorld } from '../../test/server-world.js';
import { ownSpaceOf } from '../../test/social-world.js';
import { logIn } from '../session/index.js';
import { UserSession } from '../user-session.js';
import { deleteItems } from '../files/structure/index.js';
import { findChild } from '../files/view/index.js';
import { isSharedChat } from '../messaging/shared-chat.js';
import { isGroupDirectory } from './groups.js';

const folder = goldenFolder();

interface SeenPost {
  readonly author: string;
  readonly audience: string;
  readonly postTimeEpochSeconds: number;
  readonly body: readonly {
    readonly text?: string;
    readonly ref?: { readonly path: string; readonly size: number; readonly sha256: string };
  }[];
  readonly comments: readonly { readonly path: string }[];
  readonly previousVersions: number;
}

interface SeenItem {
  readonly path: string;
  readonly owner: string;
  readonly sharer: string;
  readonly writable: boolean;
  readonly capability: string;
  readonly resolves: boolean;
  readonly isDirectory: boolean;
  readonly mimeType: string;
  readonly post?: SeenPost;
}

interface User {
  readonly feed: readonly SeenItem[];
  readonly profilesSeen: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

const read = async <T>(name: string): Promise<T> => JSON.parse(await readFile(join(folder ?? '', name), 'utf8')) as T;

describe.skipIf(folder === undefined)(`the feeds of a real server (${goldenMissing})`, () => {
  let world: ServerWorld;
  let passwords: ReadonlyMap<string, string>;
  let users: Readonly<Record<string, User>>;
  beforeAll(async () => {
    world = await ServerWorld.start({ backup: folder ?? '' });
    ({ users } = await read<{ users: Readonly<Record<string, User>> }>('expect.json'));
    const inputs = await read<{ users: readonly { username: string; password: string }[] }>('inputs.json');
    passwords = new Map(inputs.users.map(({ username, password }) => [username, password]));
  });
  afterAll(async () => world.close());

  const logInAs = async (username: string): Promise<UserSession> =>
    new UserSession(await logIn(world.network(), { username, password: passwords.get(username) ?? '', upgradesBoxingKey: false }));

  const slashed = (path: string): string => (path.startsWith('/') ? path : `/${path}`);

  /** What of an expected feed is shown. */
  function expected(username: string): readonly SeenItem[] {
    return (users[username]?.feed ?? []).filter(({ path, owner }) => {
      const names = slashed(path).split('/').slice(1);
      return names[1] !== '.profile' && !isGroupDirectory(names, owner) && !isSharedChat(names);
    });
  }

  test.each(['alice', 'bob', 'carol', 'dave'])('%s sees what the reference client does, and an update adds nothing', async (username) => {
    const session = await logInAs(username);
    expect(await storedPaths(session)).toEqual(users[username]?.feed.map(({ path }) => path));
    for (let i = 0; i < 2; i++) {
      const items = await shown(session);
      expect(items.map(({ path }) => path)).toEqual(expected(username).map(({ path }) => slashed(path)));
      for (const [at, item] of items.entries()) {
        const { owner, sharer, writable, capability, resolves, isDirectory, mimeType, post } = expected(username)[at] as SeenItem;
        expect(resolves).toBe(true);
        expect(item).toMatchObject({ owner, sharer, kind: post === undefined ? 'share' : 'post' });
        expect(encodeBase64((post === undefined ? item.capability : item.capability.toReadOnly()).encode()).replaceAll('=', '')).toBe(
          capability.replaceAll('=', ''),
        );
        if (item.kind === 'share') {
          expect(item.access).toBe(writable ? 'write' : 'read');
          expect(item.entry).toMatchObject({ isDirectory, mimeType });
        }
        if (item.kind !== 'post' || post === undefined) continue;
        expect(item).toMatchObject({ author: post.author, audience: post.audience.toLowerCase(), commentCount: post.comments.length });
        expect(item.time).toEqual(new Date(post.postTimeEpochSeconds * 1000));
        expect(item.text).toBe(post.body.flatMap(({ text }) => text ?? []).join('\n'));
        expect(item.post.previousVersions).toHaveLength(post.previousVersions);
        const refs = post.body.flatMap(({ ref }) => ref ?? []);
        expect(item.media).toHaveLength(refs.length);
        for (const [i, ref] of refs.entries()) {
          const media = item.media[i];
          if (media === undefined) throw new Error('nothing is shown');
          const { reader } = await session.posts.openMedia(media);
          expect(
            createHash('sha256')
              .update(await reader.read())
              .digest('hex'),
          ).toBe(ref.sha256);
        }
        const { items: comments } = await session.feed.comments(item);
        expect(comments.map(({ kind, path }) => ({ kind, path }))).toEqual(
          [...post.comments].reverse().map(({ path }) => ({ kind: 'post', path })),
        );
      }
      expect(await session.feed.update()).toEqual({ added: 0, unreachable: [] });
    }
  });

  test('the same comes out without what the reference client has noted of it', async () => {
    const session = await logInAs('bob');
    const space = ownSpaceOf(session);
    await space.changeHome(undefined, async (operation, home) => {
      const feed = await findChild(operation, home, '.feed');
      if (feed !== undefined) await deleteItems(operation, home, [feed]);
    });
    const others = (username: string): readonly string[] =>
      expected(username)
        .filter(({ sharer }) => sharer !== username)
        .map(({ path }) => path);
    await news(session);
    const found = (await shown(session)).map(({ path }) => path);
    expect([...found].sort()).toEqual([...others('bob')].sort());
  });

  test('profiles as others see them', async () => {
    for (const [username, { profilesSeen }] of Object.entries(users)) {
      if (username === 'erin') continue;
      const session = await logInAs(username);
      for (const [name, seen] of Object.entries(profilesSeen)) {
        const { texts } = await session.profiles.read(name);
        const text = (key: string): unknown => seen[key] ?? undefined;
        for (const [field, key] of [
          ['firstname', 'firstName'],
          ['lastname', 'lastName'],
          ['bio', 'bio'],
          ['status', 'status'],
        ] as const) {
          expect(texts.get(field) ?? '', `${field} of ${name} for ${username}`).toBe(text(key) ?? '');
        }
      }
    }
  });
});
