import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ServerWorld } from '../../test/server-world.js';
import { given, letFollow, opened, recorded } from '../../test/social-world.js';
import { connect, type PyrgosServer, type UserSession } from '../index.js';
import { readAll } from './own-files.js';
import { CommittedView } from '../files/view/index.js';

const password = 'nine copper kettles in the rain';
const bob = { user: 'bob' };
const carol = { user: 'carol' };
const friends = { group: 'friends' } as const;
const followers = { group: 'followers' } as const;

describe('sharing, as the owner sees it', () => {
  let world: ServerWorld;
  let server: PyrgosServer;
  let ada: UserSession;
  /** Somebody who has no key but those that he is given. */
  let stranger: UserSession;
  beforeAll(async () => {
    world = await ServerWorld.start();
    server = await connect(world.url, { crypto: world.quick, pointerCacheMilliseconds: 0 });
    ada = await server.signUp({ username: 'ada', password });
    stranger = await server.signUp({ username: 'stranger', password });
    await letFollow(ada, 'bob', 'carol');
  });
  afterAll(async () => world.close());

  async function textBehind(recipient: string, access: 'read' | 'write'): Promise<string | undefined> {
    const capability = (await given(ada, recipient, access)).at(-1);
    const item = capability === undefined ? undefined : await opened(stranger, capability);
    if (item === undefined || item.isDirectory) return undefined;
    return new TextDecoder().decode(await readAll(new CommittedView(stranger.account.sessions, { fresh: true }), item));
  }

  test('a file for reading: whoever gets it reads it and can do no more, and it is recorded', async () => {
    await ada.files.write('/ada/letter.txt', 'dear all');
    await ada.shares.share('/ada/letter.txt', [bob, carol]);
    expect(await textBehind('bob', 'read')).toBe('dear all');
    const [capability] = await given(ada, 'bob', 'read');
    expect(capability?.isWritable).toBe(false);
    expect(await ada.shares.sharedWith('/ada/letter.txt')).toEqual({
      path: '/ada/letter.txt',
      readers: [bob, carol],
      writers: [],
      links: [],
    });
    // A new device knows it, too.
    const elsewhere = await server.logIn({ username: 'ada', password });
    expect((await elsewhere.shares.sharedWith('/ada/letter.txt')).readers).toEqual([bob, carol]);
    elsewhere.close();
  });

  test('revoked from one: nothing is left for him, the other reads on, the owner goes on', async () => {
    const [old] = await given(ada, 'bob', 'read');
    expect(await ada.shares.unshare('/ada/letter.txt', [bob])).toBe(true);
    expect(await opened(stranger, old as NonNullable<typeof old>)).toBeUndefined();
    expect(await given(ada, 'bob', 'read')).toHaveLength(1);
    expect(await textBehind('carol', 'read')).toBe('dear all');
    await ada.files.append('/ada/letter.txt', ', later');
    expect(await ada.files.readText('/ada/letter.txt')).toBe('dear all, later');
    expect(await textBehind('carol', 'read')).toBe('dear all, later');
    expect((await ada.shares.sharedWith('/ada/letter.txt')).readers).toEqual([carol]);
    // Once more there is nothing to end, and nobody gets new keys.
    const before = await given(ada, 'carol', 'read');
    expect(await ada.shares.unshare('/ada/letter.txt', [bob])).toBe(false);
    expect(await given(ada, 'carol', 'read')).toEqual(before);
  });

  test('a directory for writing gets a space of its own; its readers follow; ended, the writer is locked out of what is written then', async () => {
    await ada.files.makeDirectory('/ada/plans');
    await ada.files.write('/ada/plans/one.txt', 'one');
    await ada.shares.share('/ada/plans', [carol]);
    const before = (await ada.files.stat('/ada/plans')).version;
    await ada.shares.share('/ada/plans', [bob], { access: 'write' });
    const writable = (await given(ada, 'bob', 'write')).at(-1) as NonNullable<Awaited<ReturnType<typeof given>>[number]>;
    expect(writable.isWritable).toBe(true);
    expect(writable.writer.equals(ada.account.homeWriter.publicKeyHash)).toBe(false);
    expect((await opened(stranger, writable))?.isWritable).toBe(true);
    // Carol has got the new place.
    const forCarol = (await given(ada, 'carol', 'read')).at(-1) as typeof writable;
    expect(forCarol.writer.equals(writable.writer)).toBe(true);
    expect((await opened(stranger, forCarol))?.isDirectory).toBe(true);
    expect((await ada.files.stat('/ada/plans')).version).not.toBe(before);
    // Another writer needs no new keys.
    await letFollow(ada, 'dan');
    await ada.shares.share('/ada/plans', [{ user: 'dan' }], { access: 'write' });
    expect((await given(ada, 'dan', 'write')).at(-1)?.equals(writable)).toBe(true);

    expect(await ada.shares.unshare('/ada/plans', [bob])).toBe(true);
    expect(await opened(stranger, writable)).toBeUndefined();
    const forDan = (await given(ada, 'dan', 'write')).at(-1) as typeof writable;
    expect(forDan.writer.equals(writable.writer)).toBe(false);
    expect((await opened(stranger, forDan))?.isWritable).toBe(true);
    expect(await ada.shares.sharedWith('/ada/plans')).toMatchObject({ readers: [carol], writers: [{ user: 'dan' }] });
    expect(await ada.files.readText('/ada/plans/one.txt')).toBe('one');
    const findings = [];
    for await (const finding of ada.files.verify('/ada')) findings.push(finding);
    expect(findings).toEqual([]);
  });

  test('reading and writing end one by one, in any order (S11)', async () => {
    for (const [i, order] of (
      [
        ['read', 'write'],
        ['write', 'read'],
      ] as const
    ).entries()) {
      const path = `/ada/both${i}`;
      await ada.files.makeDirectory(path);
      await ada.shares.share(path, [bob]);
      await ada.shares.share(path, [bob], { access: 'write' });
      const counts = async (): Promise<readonly number[]> => {
        const { readers, writers } = await ada.shares.sharedWith(path);
        return [readers.length, writers.length];
      };
      expect(await counts()).toEqual([1, 1]);
      await ada.shares.unshare(path, [bob], { access: order[0] });
      expect(await counts()).toEqual(order[0] === 'read' ? [0, 1] : [1, 0]);
      await ada.shares.unshare(path, [bob], { access: order[1] });
      expect(await counts()).toEqual([0, 0]);
    }
  });

  test('what is shared deeper keeps its shares when the directory above gets new keys (S7, S8)', async () => {
    await ada.files.makeDirectory('/ada/top/sub', { parents: true });
    await ada.files.write('/ada/top/sub/note', 'n');
    await ada.shares.share('/ada/top/sub', [carol], { access: 'write' });
    await ada.shares.share('/ada/top', [bob], { access: 'write' });
    expect(await ada.shares.sharedWith('/ada/top/sub')).toMatchObject({ writers: [carol] });
    const deep = (await given(ada, 'carol', 'write')).at(-1) as NonNullable<Awaited<ReturnType<typeof given>>[number]>;
    expect((await opened(stranger, deep))?.name).toBe('sub');
    await ada.shares.unshare('/ada/top', [bob]);
    const after = (await given(ada, 'carol', 'write')).at(-1) as typeof deep;
    expect((await opened(stranger, after))?.isWritable).toBe(true);
    expect(await opened(stranger, deep)).toBeUndefined();
    const listed = [];
    for await (const { path } of ada.shares.list('/ada/top')) listed.push(path);
    expect(listed).toEqual(['/ada/top/sub']);
  });

  test('groups: their members and who comes later; ended for the group, it ends for its members one by one (G5)', async () => {
    await ada.files.write('/ada/circular', 'to all');
    await ada.shares.share('/ada/circular', [followers, bob, friends]);
    expect((await ada.shares.sharedWith('/ada/circular')).readers).toEqual([followers, bob, friends]);
    // Bob has got the directory of the followers' group.
    const group = (await recorded(ada, 'ada', 'shared')).items;
    expect(group.size).toBe(1);
    expect(await ada.shares.unshare('/ada/circular', [followers])).toBe(true);
    expect((await ada.shares.sharedWith('/ada/circular')).readers).toEqual([]);
    // What is recorded of groups is no share of files.
    const listed = [];
    for await (const { path } of ada.shares.list()) listed.push(path);
    expect(listed.every((path) => !path.includes('/shared/'))).toBe(true);
  });

  test('records follow renames and moves, and end with copies, deletions and moves between spaces (S17-S21)', async () => {
    await ada.files.makeDirectory('/ada/in/deep', { parents: true });
    await ada.files.write('/ada/in/deep/f', 'f');
    await ada.shares.share('/ada/in/deep/f', [bob]);
    await ada.shares.share('/ada/in', [carol]);
    await ada.files.rename('/ada/in', 'out');
    expect((await ada.shares.sharedWith('/ada/out')).readers).toEqual([carol]);
    expect((await ada.shares.sharedWith('/ada/out/deep/f')).readers).toEqual([bob]);
    expect((await ada.shares.sharedWith('/ada/in')).readers).toEqual([]);
    expect((await ada.shares.sharedWith('/ada/in/deep/f')).readers).toEqual([]);
    // A later end works where it is now.
    expect(await ada.shares.unshare('/ada/out/deep/f', [bob])).toBe(true);
    await ada.shares.share('/ada/out/deep/f', [bob]);

    await ada.files.copy('/ada/out/deep/f', '/ada', { name: 'copy of f' });
    expect((await ada.shares.sharedWith('/ada/copy of f')).readers).toEqual([]);
    expect((await ada.shares.sharedWith('/ada/out/deep/f')).readers).toEqual([bob]);

    await ada.files.makeDirectory('/ada/other');
    await ada.files.move('/ada/out/deep', '/ada/other', { name: 'deeper' });
    expect((await ada.shares.sharedWith('/ada/other/deeper/f')).readers).toEqual([bob]);
    expect((await ada.shares.sharedWith('/ada/out/deep/f')).readers).toEqual([]);
    expect(await textBehind('bob', 'read')).toBe('f');

    await ada.shares.share('/ada/other', [carol], { access: 'write' });
    await ada.files.write('/ada/loose', 'l');
    await ada.shares.share('/ada/loose', [bob]);
    await ada.files.move('/ada/loose', '/ada/other');
    expect((await ada.shares.sharedWith('/ada/loose')).readers).toEqual([]);
    expect((await ada.shares.sharedWith('/ada/other/loose')).readers).toEqual([]);
    expect(await textBehind('bob', 'read')).toBeUndefined();

    await ada.files.remove('/ada/other');
    const listed = [];
    for await (const { path } of ada.shares.list('/ada/other')) listed.push(path);
    expect(listed).toEqual([]);
    expect((await recorded(ada, 'ada', 'other')).isEmpty).toBe(true);
    expect((await recorded(ada, 'ada', 'other', 'deeper')).isEmpty).toBe(true);
  });

  test('a name that is used again has nothing of the shares of the old file', async () => {
    await ada.files.write('/ada/same', 'old');
    await ada.shares.share('/ada/same', [bob]);
    await ada.files.write('/ada/fresh', 'new');
    await ada.files.rename('/ada/fresh', 'same', { replace: true });
    expect((await ada.shares.sharedWith('/ada/same')).readers).toEqual([]);
    expect(await textBehind('bob', 'read')).toBeUndefined();
  });

  test('refused: home directories, oneself, unknown people, what is not there, what belongs to others', async () => {
    await expect(ada.shares.share('/ada', [bob])).rejects.toMatchObject({ code: 'argument', data: { field: 'path' } });
    await expect(ada.shares.share('/ada/letter.txt', [{ user: 'ada' }])).rejects.toMatchObject({ code: 'argument' });
    await expect(ada.shares.share('/ada/letter.txt', [{ user: 'nobody' }])).rejects.toMatchObject({ code: 'not-found.recipient' });
    await expect(ada.shares.share('/ada/nothing', [bob])).rejects.toMatchObject({ code: 'not-found.file' });
    await expect(ada.shares.unshare('/bob/file', [bob])).rejects.toMatchObject({ code: 'denied.file' });
    await expect(ada.shares.share('/ada/letter.txt', [{ group: 'enemies' } as never])).rejects.toMatchObject({ code: 'argument' });
    await expect(ada.shares.share('/ada/letter.txt', 'bob' as never)).rejects.toMatchObject({ code: 'argument' });
    await expect(ada.shares.share('/ada/letter.txt', [bob], { access: 'own' as never })).rejects.toMatchObject({ code: 'argument' });
    const { readers } = await ada.shares.sharedWith('/ada/letter.txt');
    expect(readers).toEqual([carol]);
  });

  test('two devices share and end shares at a time: nothing is lost', async () => {
    const elsewhere = await server.logIn({ username: 'ada', password });
    const people = Array.from({ length: 6 }, (_, i) => `u${i}`);
    await letFollow(ada, ...people);
    elsewhere.files.refresh();
    await ada.files.write('/ada/shared by two', 'x');
    await ada.files.write('/ada/other by two', 'y');
    await Promise.all(
      people.map(async (user, i) =>
        (i % 2 === 0 ? ada : elsewhere).shares.share(i < 4 ? '/ada/shared by two' : '/ada/other by two', [{ user }]),
      ),
    );
    expect((await ada.shares.sharedWith('/ada/shared by two')).readers).toHaveLength(4);
    await Promise.all([
      ada.shares.unshare('/ada/shared by two', [{ user: 'u0' }]),
      elsewhere.shares.unshare('/ada/shared by two', [{ user: 'u1' }]),
      elsewhere.shares.share('/ada/shared by two', [{ user: 'u5' }]),
    ]);
    const { readers } = await ada.shares.sharedWith('/ada/shared by two');
    expect(new Set(readers.map((one) => ('user' in one ? one.user : '')))).toEqual(new Set(['u2', 'u3', 'u5']));
    for (const user of ['u2', 'u3', 'u5']) expect(await textBehind(user, 'read')).toBe('x');
    for (const user of ['u0', 'u1']) expect(await textBehind(user, 'read')).toBeUndefined();
    elsewhere.close();
  });
});
