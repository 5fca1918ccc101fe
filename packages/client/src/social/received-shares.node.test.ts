import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ServerWorld } from '../../test/server-world.js';
import { admit, befriend, follow, logInAs, namesIn, signUpAs } from '../../test/received-world.js';
import { DeniedError } from '@pyrgos/core/errors';
import { outcome } from '../../test/commit-world.js';
import { itemAt } from '../../test/item-at.js';
import type { UserSession } from '../user-session.js';

let world: ServerWorld;
beforeAll(async () => {
  world = await ServerWorld.start();
});
afterAll(async () => world.close());

let count = 0;
/** Two or more new accounts, each a friend of the first one. */
async function friends(number = 2): Promise<readonly [UserSession, UserSession, ...UserSession[]]> {
  const id = count++;
  const all = [];
  for (let i = 0; i < number; i++) all.push(await signUpAs(world, `user${id}x${i}`));
  const [first, second, ...others] = all;
  if (first === undefined || second === undefined) throw new Error('two at least');
  for (const other of [second, ...others]) await befriend(first, other);
  return [first, second, ...others];
}
const user = ({ username }: UserSession) => ({ user: username });
const bytes = (size: number, seed = 1): Uint8Array => Uint8Array.from({ length: size }, (_, i) => (i * 31 + seed) % 251);

describe('friends', () => {
  test('see each other beside their own home directories, and in them what is shared (H1, S1)', async () => {
    const [a, b] = await friends();
    expect(await namesIn(b, '/')).toEqual([a.username, b.username].sort());
    expect(await namesIn(b, `/${a.username}`)).toEqual(['shared']);
    const root = await b.files.stat(`/${a.username}`);
    expect(root).toMatchObject({ isDirectory: true, isReadable: false, isWritable: false, owner: a.username });
    const content = bytes(6_000_000);
    await a.files.write(`/${a.username}/docs/big.bin`, content, { parents: true });
    await a.shares.share(`/${a.username}/docs/big.bin`, [user(b)]);
    const path = `/${a.username}/docs/big.bin`;
    expect(await b.files.stat(path)).toMatchObject({ size: content.length, isWritable: false, isReadable: true, owner: a.username });
    expect(Buffer.compare(Buffer.from(await b.files.read(path)), content)).toBe(0);
    expect(await namesIn(b, `/${a.username}`)).toEqual(['docs', 'shared']);
    expect(await namesIn(b, `/${a.username}/docs`)).toEqual(['big.bin']);
    expect(await b.files.stat(`/${a.username}/docs`)).toMatchObject({ isReadable: false, isWritable: false });
    const again = await logInAs(world, b.username);
    expect(await namesIn(again, `/${a.username}/docs`)).toEqual(['big.bin']);
    const found = [];
    for await (const finding of again.files.verify(`/${a.username}`)) found.push(finding);
    expect(found).toEqual([]);
  });

  test('nobody else finds anything', async () => {
    const [a, b] = await friends();
    const stranger = await signUpAs(world, `stranger${count++}`);
    await a.files.write(`/${a.username}/f`, 'x');
    await a.shares.share(`/${a.username}/f`, [user(b)]);
    expect(await stranger.files.find(`/${a.username}/f`)).toBeUndefined();
    expect(await namesIn(stranger, '/')).toEqual([stranger.username]);
  });

  test('whoever only follows sees what is shared, and is not seen (H3)', async () => {
    const a = await signUpAs(world, `a${count}`);
    const b = await signUpAs(world, `b${count++}`);
    await follow(b, a);
    await a.files.write(`/${a.username}/f`, 'for b');
    await a.shares.share(`/${a.username}/f`, [user(b)]);
    expect(await b.files.readText(`/${a.username}/f`)).toBe('for b');
    expect(await namesIn(a, '/')).toEqual([a.username]);
  });

  test('one who has removed the account disappears (H12)', async () => {
    const [a, b] = await friends();
    await a.files.write(`/${a.username}/f`, 'x');
    await a.shares.share(`/${a.username}/f`, [user(b)]);
    expect(await b.files.readText(`/${a.username}/f`)).toBe('x');
    await a.files.remove(`/${a.username}/shared/${b.username}`);
    expect(await namesIn(b, '/')).toEqual([b.username]);
    expect(await b.files.find(`/${a.username}/f`)).toBeUndefined();
    expect(await namesIn(a, '/')).toEqual([a.username, b.username].sort());
  });
});

describe('reading', () => {
  test('one of several is locked out, the others go on (S2)', async () => {
    const [a, b, c] = await friends(3);
    const path = `/${a.username}/f`;
    await a.files.write(path, 'first');
    await a.shares.share(path, [user(b), user(c!)]);
    expect(await b.files.readText(path)).toBe('first');
    await a.shares.unshare(path, [user(b)]);
    expect(await (await logInAs(world, b.username)).files.find(path)).toBeUndefined();
    expect(await b.files.find(path)).toBeUndefined();
    expect(await namesIn(b, `/${a.username}`)).toEqual(['shared']);
    expect(await c!.files.readText(path)).toBe('first');
    await a.files.append(path, ' and second');
    expect(await c!.files.readText(path)).toBe('first and second');
  });

  test('a directory with what comes into it later, and its deeper ones (S5)', async () => {
    const [a, b] = await friends();
    const dir = `/${a.username}/dir`;
    for (let i = 0; i < 3; i++) await a.files.write(`${dir}/sub/f${i}`, `${i}`, { parents: true });
    await a.shares.share(dir, [user(b)]);
    expect(await namesIn(b, `${dir}/sub`)).toEqual(['f0', 'f1', 'f2']);
    await a.files.write(`${dir}/sub/f3`, '3');
    expect(await namesIn(b, `${dir}/sub`)).toEqual(['f0', 'f1', 'f2', 'f3']);
    expect(await outcome(b.files.write(`${dir}/sub/new`, 'x'))).toBe('denied.file');
    expect(await outcome(b.files.makeDirectory(`${dir}/sub/new`))).toBe('denied.file');
    await a.shares.unshare(dir, [user(b)]);
    expect(await b.files.find(dir)).toBeUndefined();
  });

  test('two files of one name are two files (S24)', async () => {
    const [a, b] = await friends();
    for (const at of ['one', 'two']) {
      await a.files.write(`/${a.username}/${at}/same`, at, { parents: true });
      await a.shares.share(`/${a.username}/${at}/same`, [user(b)], { access: at === 'one' ? 'read' : 'write' });
    }
    for (const at of ['one', 'two']) expect(await b.files.readText(`/${a.username}/${at}/same`)).toBe(at);
  });

  test('a folder of which a file was shared disappears with the share (S13)', async () => {
    const [a, b] = await friends();
    await a.files.write(`/${a.username}/folder/f`, 'x', { parents: true });
    await a.shares.share(`/${a.username}/folder/f`, [user(b)]);
    expect(await namesIn(b, `/${a.username}`)).toEqual(['folder', 'shared']);
    await a.shares.unshare(`/${a.username}/folder/f`, [user(b)]);
    expect(await namesIn(b, `/${a.username}`)).toEqual(['shared']);
  });

  test('what was read can be copied home, under keys of its own (S22)', async () => {
    const [a, b] = await friends();
    const path = `/${a.username}/f`;
    await a.files.write(path, bytes(20_000));
    await a.shares.share(path, [user(b)]);
    const copy = await b.files.copy(path, b.files.homePath);
    expect(copy).toMatchObject({ path: `/${b.username}/f`, isWritable: true, owner: b.username });
    expect(Buffer.compare(Buffer.from(await b.files.read(copy.path)), bytes(20_000))).toBe(0);
    const [original, own] = [await itemAt(a, path), await itemAt(b, copy.path)];
    expect(own.capability.rBaseKey.bytes).not.toEqual(original.capability.rBaseKey.bytes);
    expect(own.opened.parentKey.bytes).not.toEqual(original.opened.parentKey.bytes);
    expect((await b.shares.sharedWith(copy.path)).readers).toEqual([]);
  });

  test('a new name after a revocation is the one that is seen (S18)', async () => {
    const [a, b, c] = await friends(3);
    await a.files.write(`/${a.username}/old`, 'x');
    await a.shares.share(`/${a.username}/old`, [user(b), user(c!)]);
    expect(await b.files.readText(`/${a.username}/old`)).toBe('x');
    await a.shares.unshare(`/${a.username}/old`, [user(b)]);
    await a.files.rename(`/${a.username}/old`, 'new');
    const again = await logInAs(world, c!.username);
    expect(await again.files.readText(`/${a.username}/new`)).toBe('x');
    for (const name of ['old', 'new']) expect(await b.files.find(`/${a.username}/${name}`)).toBeUndefined();
  });
});

describe('writing', () => {
  test('a file: it can be changed, not renamed, moved or removed (S3, S25)', async () => {
    const [a, b, c] = await friends(3);
    const path = `/${a.username}/folder/f`;
    await a.files.write(path, 'first content', { parents: true });
    await a.shares.share(path, [user(b), user(c!)], { access: 'write' });
    expect(await b.files.stat(path)).toMatchObject({ isWritable: true });
    await b.files.append(path, ', more');
    expect(await c!.files.readText(path)).toBe('first content, more');
    expect(await a.files.readText(path)).toBe('first content, more');
    await a.files.truncate(path, 5);
    const { outcome: done } = await b.files.write(path, 'all of it is new');
    expect(done).toBe('replaced');
    expect(await a.files.readText(path)).toBe('all of it is new');
    expect((await a.files.stat(path)).size).toBe(16);
    await b.files.setProperties(path, { mimeType: 'text/markdown' });
    expect((await a.files.stat(path)).mimeType).toBe('text/markdown');
    for (const refused of [
      () => b.files.rename(path, 'g'),
      () => b.files.move(path, b.files.homePath),
      () => b.files.remove(path),
      () => b.files.rotateKeys(path),
      () => b.files.write(`/${a.username}/folder/other`, 'x'),
      () => b.files.makeDirectory(`/${a.username}/other`),
    ]) {
      await expect(refused()).rejects.toThrow(DeniedError);
    }
    expect(await namesIn(a, `/${a.username}/folder`)).toEqual(['f']);
  });

  test('a directory: what sharees make in it is the owner’s (S6, S26)', async () => {
    const [a, b, c] = await friends(3);
    const dir = `/${a.username}/dir`;
    await a.files.makeDirectory(dir);
    await a.shares.share(dir, [user(b), user(c!)], { access: 'write' });
    for (const one of [b, c!]) {
      expect(await one.files.stat(dir)).toMatchObject({ isWritable: true });
      await one.files.makeDirectory(`${dir}/of-${one.username}`);
      await one.files.write(`${dir}/of-${one.username}/f`, `by ${one.username}`);
      await one.files.write(`${dir}/deep/er/${one.username}`, bytes(5_300_000), { parents: true });
    }
    expect(await namesIn(a, dir)).toEqual(['deep', `of-${b.username}`, `of-${c!.username}`].sort());
    expect(await c!.files.readText(`${dir}/of-${b.username}/f`)).toBe(`by ${b.username}`);
    const { node, owner } = await itemAt(a, `${dir}/of-${b.username}/f`);
    expect(node.mirrorBatId?.equals(a.account.mirrorBat!.id)).toBe(true);
    expect(owner.equals(a.account.identity.publicKeyHash)).toBe(true);
    await b.files.rename(`${dir}/of-${c!.username}/f`, 'g');
    await b.files.move(`${dir}/of-${c!.username}/g`, dir);
    expect(await namesIn(a, dir)).toContain('g');
    await c!.files.remove(`${dir}/g`);
    await b.files.copy(`${dir}/of-${b.username}/f`, dir, { name: 'copied' });
    await b.files.write(`${b.files.homePath}/mine`, 'mine');
    await b.files.copy(`${b.files.homePath}/mine`, dir);
    expect(await outcome(b.files.move(`${b.files.homePath}/mine`, dir))).toBe('argument');
    for await (const _ of b.files.writeTree(`${dir}/tree/x`, [
      { path: ['1'], source: '1' },
      { path: ['y', '2'], source: '2' },
    ]));
    expect(await namesIn(a, dir)).toEqual(['copied', 'deep', 'mine', `of-${b.username}`, `of-${c!.username}`, 'tree'].sort());
    expect(await a.files.readText(`${dir}/tree/x/y/2`)).toBe('2');
    const found = [];
    for await (const finding of a.files.verify(a.files.homePath, { content: true })) found.push(finding);
    expect(found).toEqual([]);
  });

  test('one writer is locked out, the other goes on at the same path (S4)', async () => {
    const [a, b, c] = await friends(3);
    const dir = `/${a.username}/dir`;
    await a.files.write(`${dir}/f`, 'x', { parents: true });
    await a.shares.share(dir, [user(b), user(c!)], { access: 'write' });
    await b.files.write(`${dir}/b`, 'b');
    await a.shares.unshare(dir, [user(b)]);
    expect(await b.files.find(dir)).toBeUndefined();
    expect(await (await logInAs(world, b.username)).files.find(`${dir}/f`)).toBeUndefined();
    await c!.files.write(`${dir}/c`, 'c');
    expect(await namesIn(a, dir)).toEqual(['b', 'c', 'f']);
  });

  test('nested: who has the inner directory keeps it when the outer one is not shared any more (S7, S8)', async () => {
    const [a, b, c] = await friends(3);
    const dir = `/${a.username}/dir`;
    await a.files.write(`${dir}/sub/f`, 'x', { parents: true });
    await a.shares.share(dir, [user(b)], { access: 'write' });
    await a.shares.share(`${dir}/sub`, [user(c!)], { access: 'write' });
    expect(await b.files.readText(`${dir}/sub/f`)).toBe('x');
    expect(await c!.files.stat(dir)).toMatchObject({ isReadable: false });
    await c!.files.write(`${dir}/sub/c`, 'c');
    await a.shares.unshare(dir, [user(b)]);
    expect(await b.files.find(dir)).toBeUndefined();
    expect(await namesIn(c!, `${dir}/sub`)).toEqual(['c', 'f']);
    await a.shares.unshare(`${dir}/sub`, [user(c!)]);
    expect(await c!.files.find(dir)).toBeUndefined();
  });

  test('a file shared for writing in a directory shared for reading (S10 and section 9.5)', async () => {
    const [a, b] = await friends();
    const dir = `/${a.username}/dir`;
    for (const name of ['f', 'g']) await a.files.write(`${dir}/sub/${name}`, name, { parents: true });
    await a.shares.share(dir, [user(b)]);
    await a.shares.share(`${dir}/sub/f`, [user(b)], { access: 'write' });
    expect(await b.files.stat(`${dir}/sub`)).toMatchObject({ isReadable: true, isWritable: false });
    expect(await b.files.stat(`${dir}/sub/f`)).toMatchObject({ isWritable: true });
    const listed = new Map<string, boolean>();
    for await (const entry of b.files.list(`${dir}/sub`)) if (!entry.isDamaged) listed.set(entry.name, entry.isWritable);
    expect(listed).toEqual(
      new Map([
        ['f', true],
        ['g', false],
      ]),
    );
    await b.files.write(`${dir}/sub/f`, 'changed');
    expect(await a.files.readText(`${dir}/sub/f`)).toBe('changed');
    expect(await outcome(b.files.write(`${dir}/sub/g`, 'changed'))).toBe('denied.file');
  });

  test('what the owner deletes is gone (S14, S15)', async () => {
    const [a, b] = await friends();
    await a.files.write(`/${a.username}/folder/f`, 'x', { parents: true });
    await a.shares.share(`/${a.username}/folder/f`, [user(b)], { access: 'write' });
    expect(await namesIn(b, `/${a.username}`)).toEqual(['folder', 'shared']);
    await a.files.remove(`/${a.username}/folder`);
    expect(await namesIn(b, `/${a.username}`)).toEqual(['shared']);
    expect(await b.files.find(`/${a.username}/folder`)).toBeUndefined();
  });
});

describe('groups', () => {
  test('friends: by path, in the list, for those who come later, and not for one who has left (G1, G2)', async () => {
    const [a, b, c] = await friends(3);
    const dir = `/${a.username}/dir`;
    await a.files.write(`${dir}/f`, 'x', { parents: true });
    await a.shares.share(dir, [{ group: 'friends' }]);
    for (const one of [b, c!]) {
      expect(await namesIn(one, `/${a.username}`)).toEqual(['dir', 'shared']);
      expect(await one.files.readText(`${dir}/f`)).toBe('x');
    }
    const d = await signUpAs(world, `later${count++}`);
    await befriend(a, d);
    expect(await d.files.readText(`${dir}/f`)).toBe('x');
    await a.shares.unshare(dir, [{ group: 'friends' }]);
    for (const one of [b, c!, d]) expect(await one.files.find(dir)).toBeUndefined();
  });

  test('followers: one who only follows (G3)', async () => {
    const a = await signUpAs(world, `ga${count}`);
    const b = await signUpAs(world, `gb${count++}`);
    await follow(b, a);
    await admit(a, b, ['followers']);
    await a.files.write(`/${a.username}/f`, 'x');
    await a.shares.share(`/${a.username}/f`, [{ group: 'followers' }]);
    expect(await b.files.readText(`/${a.username}/f`)).toBe('x');
  });

  test('read by a group, and written by one of it (G4)', async () => {
    const [a, b, c] = await friends(3);
    const dir = `/${a.username}/dir`;
    await a.files.makeDirectory(dir);
    await a.shares.share(dir, [{ group: 'friends' }]);
    expect(await b.files.stat(dir)).toMatchObject({ isWritable: false, isReadable: true });
    await a.shares.share(dir, [user(b)], { access: 'write' });
    expect(await b.files.stat(dir)).toMatchObject({ isWritable: true });
    expect(await c!.files.stat(dir)).toMatchObject({ isWritable: false, isReadable: true });
    await b.files.write(`${dir}/f`, 'by b');
    expect(await c!.files.readText(`${dir}/f`)).toBe('by b');
  });
});

test('everything that is shared with the account', async () => {
  const [a, b] = await friends();
  await a.files.write(`/${a.username}/r/f`, 'x', { parents: true });
  await a.files.makeDirectory(`/${a.username}/w`);
  await a.files.write(`/${a.username}/gone`, 'x');
  await a.shares.share(`/${a.username}/r/f`, [user(b)]);
  await a.shares.share(`/${a.username}/gone`, [user(b)]);
  await a.shares.share(`/${a.username}/w`, [{ group: 'friends' }, user(b)], { access: 'write' });
  await a.shares.unshare(`/${a.username}/gone`, [user(b)]);
  const received = [];
  for await (const { path, owner, sharers, access, entry } of b.shares.received()) {
    received.push([path, owner, sharers, access, entry?.isWritable]);
  }
  expect(new Set(received)).toEqual(
    new Set([
      [`/${a.username}/r/f`, a.username, [a.username], 'read', false],
      [`/${a.username}/w`, a.username, [a.username], 'write', true],
    ]),
  );
});
