import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { goldenFolder, goldenMissing } from '@pyrgos/testkit/golden';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ServerWorld } from '../../test/server-world.js';
import { spaceOf } from '../../test/received-world.js';
import type { FileEntry } from '../files/file-entry.js';
import { deleteItems } from '../files/structure/index.js';
import { logIn } from '../session/index.js';
import { UserSession } from '../user-session.js';
import { directoryAt } from './own-files.js';

const folder = goldenFolder();

interface SeenItem {
  readonly path: string;
  readonly isDirectory: boolean;
  readonly size?: number;
  readonly sha256?: string;
  readonly writable: boolean;
  readonly hidden: boolean;
  readonly writer: string;
}

interface User {
  readonly social: { readonly following: readonly string[] };
  readonly visibleFromOthers: Readonly<Record<string, readonly SeenItem[]>>;
  readonly sharedWithMe: readonly { readonly path: string; readonly owner: string; readonly writable: boolean }[];
}

const read = async <T>(name: string): Promise<T> => JSON.parse(await readFile(join(folder ?? '', name), 'utf8')) as T;

describe.skipIf(folder === undefined)(`what users of a real server share with each other (${goldenMissing})`, () => {
  let world: ServerWorld;
  let passwords: ReadonlyMap<string, string>;
  let users: Readonly<Record<string, User>>;
  let revoked: { readonly path: string; readonly reader: string };

  beforeAll(async () => {
    world = await ServerWorld.start({ backup: folder ?? '' });
    ({ users, revoked } = await read<{ users: Readonly<Record<string, User>>; revoked: typeof revoked }>('expect.json'));
    const inputs = await read<{ users: readonly { username: string; password: string }[] }>('inputs.json');
    passwords = new Map(inputs.users.map(({ username, password }) => [username, password]));
  });
  afterAll(async () => world.close());

  const logInAs = async (username: string): Promise<UserSession> =>
    new UserSession(await logIn(world.network(), { username, password: passwords.get(username) ?? '', upgradesBoxingKey: false }));

  async function* walk(session: UserSession, directory: FileEntry): AsyncGenerator<FileEntry> {
    yield directory;
    for await (const child of session.files.list(directory.path)) {
      if (child.isDamaged) throw child.error;
      if (child.isDirectory) yield* walk(session, child);
      else yield child;
    }
  }

  async function seenBy(session: UserSession, friend: string): Promise<Map<string, object>> {
    const found = new Map<string, object>();
    for await (const entry of walk(session, await session.files.stat(`/${friend}`))) {
      const content = entry.isDirectory ? undefined : await session.files.read(entry.path);
      found.set(entry.path, {
        isDirectory: entry.isDirectory,
        writable: entry.isWritable,
        hidden: entry.isHidden,
        ...(content === undefined ? {} : { size: entry.size, sha256: createHash('sha256').update(content).digest('hex') }),
      });
    }
    return found;
  }

  const expectedOf = (username: string, friend: string): Map<string, object> =>
    new Map(
      (users[username]?.visibleFromOthers[friend] ?? []).map(({ path, isDirectory, writable, hidden, size, sha256 }) => [
        path,
        { isDirectory, writable, hidden, ...(isDirectory ? {} : { size, sha256 }) },
      ]),
    );

  test.each(['alice', 'bob', 'carol'])('%s sees what the reference client does', async (username) => {
    const session = await logInAs(username);
    const roots: string[] = [];
    for await (const root of session.files.list('/')) if (!root.isDamaged) roots.push(root.name);
    expect(roots.sort()).toEqual([username, ...(users[username]?.social.following ?? [])].sort());
    for (const friend of users[username]?.social.following ?? []) {
      const expected = expectedOf(username, friend);
      expect(expected.size).toBeGreaterThan(0);
      expect(await seenBy(session, friend)).toEqual(expected);
      const found = [];
      for await (const finding of session.files.verify(`/${friend}`)) found.push(finding);
      expect(found).toEqual([]);
    }
    const received = [];
    for await (const { path, owner, entry } of session.shares.received()) received.push({ path, owner, writable: entry?.isWritable });
    expect(received.sort((a, b) => (a.path < b.path ? -1 : 1))).toEqual(
      users[username]?.sharedWithMe.map(({ path, owner, writable }) => ({ path, owner, writable })),
    );
  });

  test('who is locked out finds nothing', async () => {
    const session = await logInAs(revoked.reader);
    expect(await session.files.find(revoked.path)).toBeUndefined();
  });

  test('the same comes out without what the reference client has noted of it', async () => {
    const session = await logInAs('bob');
    const space = spaceOf(session);
    await space.changeHome(undefined, async (operation, home) => {
      const cache = await directoryAt(operation, home, ['.capabilitycache']);
      const world = await directoryAt(operation, home, ['.capabilitycache', 'world']);
      if (cache === undefined || world === undefined) throw new Error('bob has received nothing');
      await deleteItems(operation, cache, [world]);
    });
    await session.files.remove('/bob/.capabilitycache/alice$incoming.cbor');
    await session.files.remove('/bob/.groups-from-friends.cborstream');
    expect(await seenBy(session, 'alice')).toEqual(expectedOf('bob', 'alice'));
  });

  test('what a friend lets the other one write reaches it', async () => {
    const session = await logInAs('bob');
    await session.files.write('/alice/shares/writeDir/again.txt', 'written by bob');
    expect(await (await logInAs('alice')).files.readText('/alice/shares/writeDir/again.txt')).toBe('written by bob');
  });
});
