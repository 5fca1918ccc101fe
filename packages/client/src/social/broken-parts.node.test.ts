import { SharedWithState } from '@pyrgos/core/social';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { itemAt } from '../../test/item-at.js';
import { befriend, People } from '../../test/people-world.js';
import { ServerWorld } from '../../test/server-world.js';
import { partsOf } from '../files/parts-of-files.js';
import { PyrgosServer } from '../pyrgos-server.js';
import type { UserSession } from '../user-session.js';
import { directoryAt, readFileIn, writeFileIn } from './own-files.js';
import { OwnSpace } from './own-space.js';

// What is broken of what people share, in the own space and in that of a friend: it costs what it is about, and nothing beside it.

let world: ServerWorld;
let people: People;
let ada: UserSession;
let bob: UserSession;
let eve: UserSession;
let users = 0;
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

beforeAll(async () => {
  world = await ServerWorld.start();
  people = new People(world);
});
afterAll(async () => world.close());
beforeEach(async () => {
  users += 1;
  [ada, bob, eve] = await Promise.all([people.join(`ada${users}`), people.join(`bob${users}`), people.join(`eve${users}`)]);
  for (const other of [bob, eve]) await befriend(ada, other);
});

const home = (): string => `/${ada.username}`;
const user = ({ username }: UserSession): { readonly user: string } => ({ user: username });
const spaceOf = (session: UserSession): OwnSpace => new OwnSpace(session.account, partsOf(session.files));
const mirrorPath = (directory: readonly string[]): readonly string[] => ['.capabilitycache', 'outbound', ada.username, ...directory];

async function names(session: UserSession, path: string): Promise<string[]> {
  const found: string[] = [];
  for await (const entry of session.files.list(path)) found.push(entry.isDamaged ? `!${entry.name ?? ''}` : entry.name);
  return found.sort();
}

/** Deletes what is at a path from the disk of the server. */
async function lose(owner: UserSession, path: string): Promise<void> {
  const { cid } = await itemAt(owner, path);
  const { db, storage } = world.running.context;
  // What it knows of would be restored from its journal.
  expect(db.prepare('DELETE FROM blocks WHERE cid = ?').run(cid.bytes).changes).toBe(1);
  await storage.deleteMany(owner.username, [cid]);
  await world.restart();
}

async function spoil(directory: readonly string[]): Promise<void> {
  const space = spaceOf(ada);
  await space.changeHome(undefined, async (operation, item) => {
    const mirror = await directoryAt(operation, item, mirrorPath(directory));
    if (mirror === undefined) throw new Error('nothing is recorded');
    await writeFileIn(operation, space, mirror, 'sharedWith.cbor', Uint8Array.of(0xff, 1, 2));
  });
}

async function recorded(directory: readonly string[]): Promise<SharedWithState | undefined> {
  return spaceOf(ada).look(
    undefined,
    async (view, item) => {
      const mirror = await directoryAt(view, item, mirrorPath(directory));
      const content = mirror === undefined ? undefined : await readFileIn(view, mirror, 'sharedWith.cbor');
      return content === undefined ? undefined : SharedWithState.decode(content);
    },
    true,
  );
}

describe('a damaged record of what is shared', () => {
  beforeEach(async () => {
    await ada.files.makeDirectory(`${home()}/d/sub`, { parents: true });
    for (const name of ['a.txt', 'b.txt', 'c.txt', 'sub/deep.txt']) await ada.files.write(`${home()}/d/${name}`, bytes(name));
    await ada.shares.share(`${home()}/d/a.txt`, [user(bob), user(eve)]);
    await ada.shares.share(`${home()}/d/b.txt`, [{ group: 'friends' }]);
    await ada.shares.share(`${home()}/d/sub`, [user(bob)], { access: 'write' });
    await ada.shares.share(`${home()}/d/sub/deep.txt`, [user(eve)]);
  });

  const damages: readonly (readonly [string, () => Promise<void>])[] = [
    ['garbage in its place', async () => spoil(['d'])],
    ['its blocks are lost', async () => lose(ada, `${home()}/.capabilitycache/outbound/${ada.username}/d/sharedWith.cbor`)],
  ];

  test.each(damages)('%s: who has access is still known, and the next change makes it anew', async (_, damage) => {
    await damage();
    const later = await people.again(ada);
    expect(await later.shares.sharedWith(`${home()}/d/a.txt`)).toMatchObject({
      readers: expect.arrayContaining([user(bob), user(eve)]) as unknown,
    });
    expect(await later.shares.sharedWith(`${home()}/d/b.txt`)).toMatchObject({ readers: [{ group: 'friends' }] });
    expect(await later.shares.sharedWith(`${home()}/d/sub`)).toMatchObject({ readers: [], writers: [user(bob)] });
    const listed: string[] = [];
    for await (const { path } of later.shares.list(`${home()}/d`)) listed.push(path);
    expect(listed.sort()).toEqual(['a.txt', 'b.txt', 'sub', 'sub/deep.txt'].map((name) => `${home()}/d/${name}`));
    expect(await later.shares.unshare(`${home()}/d/a.txt`, [user(bob)])).toBe(true);
    await later.files.write(`${home()}/d/a.txt`, bytes('new'), { onExisting: 'replace' });
    await expect((await people.again(bob)).files.readText(`${home()}/d/a.txt`)).rejects.toMatchObject({ code: 'not-found.file' });
    expect(await (await people.again(eve)).files.readText(`${home()}/d/a.txt`)).toBe('new');
    expect((await recorded(['d']))?.items).toEqual(new Set(['a.txt', 'b.txt', 'sub']));
  });

  test.each(damages)('%s: what is beside it is renamed, moved and deleted', async (_, damage) => {
    await damage();
    const { files, shares } = await people.again(ada);
    await files.rename(`${home()}/d/c.txt`, 'e.txt');
    await files.remove(`${home()}/d/e.txt`);
    await files.rename(`${home()}/d/a.txt`, 'z.txt');
    expect(await shares.sharedWith(`${home()}/d/z.txt`)).toMatchObject({
      readers: expect.arrayContaining([user(bob), user(eve)]) as unknown,
    });
    await files.move(`${home()}/d/b.txt`, home());
    await files.remove(`${home()}/d/sub`);
    expect(await names(await people.again(ada), `${home()}/d`)).toEqual(['z.txt']);
    await files.remove(`${home()}/d`);
    expect((await names(await people.again(ada), home())).filter((name) => !name.startsWith('.') && name !== 'shared')).toEqual(['b.txt']);
  });
});

describe('lost blocks in the space of a friend', () => {
  test('of one thing that is shared: it is marked, and what is beside it works', async () => {
    await ada.files.makeDirectory(`${home()}/d`);
    for (const name of ['a.txt', 'b.txt', 'c.txt']) {
      await ada.files.write(`${home()}/d/${name}`, bytes(name));
      await ada.shares.share(`${home()}/d/${name}`, [user(bob)]);
    }
    expect(await names(bob, `${home()}/d`)).toEqual(['a.txt', 'b.txt', 'c.txt']);
    await lose(ada, `${home()}/d/b.txt`);
    const later = await people.again(bob);
    expect(await names(later, `${home()}/d`)).toEqual(['!b.txt', 'a.txt', 'c.txt']);
    expect(await later.files.readText(`${home()}/d/c.txt`)).toBe('c.txt');
    await expect(later.files.readText(`${home()}/d/b.txt`)).rejects.toMatchObject({
      code: expect.stringMatching(/^(?:not-found|format|crypto)\./) as unknown,
    });
    const received: string[] = [];
    for await (const { path, error } of later.shares.received()) received.push(`${path} ${error === undefined}`);
    expect(received.sort()).toEqual([`${home()}/d/a.txt true`, `${home()}/d/b.txt false`, `${home()}/d/c.txt true`]);
  });

  test('inside of a folder that is shared', async () => {
    await ada.files.makeDirectory(`${home()}/d/sub`, { parents: true });
    for (const name of ['a.txt', 'b.txt', 'sub/c.txt']) await ada.files.write(`${home()}/d/${name}`, bytes(name));
    await ada.shares.share(`${home()}/d`, [user(bob)]);
    expect(await bob.files.readText(`${home()}/d/a.txt`)).toBe('a.txt');
    await lose(ada, `${home()}/d/a.txt`);
    await lose(ada, `${home()}/d/sub`);
    const later = await people.again(bob);
    expect(await names(later, `${home()}/d`)).toEqual(['!a.txt', '!sub', 'b.txt']);
    expect(await later.files.readText(`${home()}/d/b.txt`)).toBe('b.txt');
  });

  test('of the directory in which a friend gives: other friends are there', async () => {
    await ada.files.write(`${home()}/a.txt`, bytes('a'));
    await ada.shares.share(`${home()}/a.txt`, [user(bob)]);
    await befriend(eve, bob);
    await eve.files.write(`/${eve.username}/e.txt`, bytes('e'));
    await eve.shares.share(`/${eve.username}/e.txt`, [user(bob)]);
    await lose(ada, `${home()}/shared/${bob.username}`);
    const later = await people.again(bob);
    expect(await later.files.readText(`/${eve.username}/e.txt`)).toBe('e');
    const state = await later.friends.state();
    expect(state.following).toContain(eve.username);
  });
});

describe('links and what is published', () => {
  const server = (): PyrgosServer => new PyrgosServer(world.network(), { crypto: world.quick });

  test('whose blocks are lost: a typed error, and others beside them work', async () => {
    for (const name of ['a.txt', 'b.txt']) await ada.files.write(`${home()}/${name}`, bytes(name));
    const [a, b] = [await ada.links.create(`${home()}/a.txt`), await ada.links.create(`${home()}/b.txt`)];
    await ada.files.makeDirectory(`${home()}/pub`);
    for (const name of ['c.txt', 'd.txt']) await ada.files.write(`${home()}/pub/${name}`, bytes(name));
    await ada.publishing.publish(`${home()}/pub`);
    await lose(ada, `${home()}/a.txt`);
    await lose(ada, `${home()}/pub/c.txt`);
    await expect(server().openLink(a.text)).rejects.toMatchObject({ code: expect.stringMatching(/^(?:not-found|denied)\./) as unknown });
    expect(await (await server().openLink(b.text)).files.readText(`${home()}/b.txt`)).toBe('b.txt');
    await expect(server().openPublic(`${home()}/pub/c.txt`)).rejects.toMatchObject({
      code: expect.stringMatching(/^(?:not-found|format)\./) as unknown,
    });
    expect(await (await server().openPublic(`${home()}/pub/d.txt`)).files.readText(`${home()}/pub/d.txt`)).toBe('d.txt');
    // Links to it can be deleted. What is lost cannot get new keys: it is deleted before what it is in ceases to be public.
    const later = await people.again(ada);
    expect(await later.links.delete(`${home()}/a.txt`, a.label)).toBe(true);
    await expect(later.publishing.unpublish(`${home()}/pub`)).rejects.toMatchObject({
      code: 'not-found.block',
      data: { path: `${home()}/pub/c.txt`, canLeaveOut: true },
    });
    await later.files.remove(`${home()}/pub/c.txt`);
    expect(await later.publishing.unpublish(`${home()}/pub`)).toBe(true);
    expect(await later.files.readText(`${home()}/pub/d.txt`)).toBe('d.txt');
  });
});

describe('a removal that something damaged is in the way of', () => {
  test('is listed as not finished, on all devices, until it is repeated without that', async () => {
    await ada.files.write(`${home()}/a.txt`, bytes('a'));
    await ada.files.makeDirectory(`${home()}/d`);
    await ada.files.write(`${home()}/d/b.txt`, bytes('b'));
    for (const path of [`${home()}/a.txt`, `${home()}/d`]) await ada.shares.share(path, [user(bob)]);
    await lose(ada, `${home()}/d/b.txt`);
    const later = await people.again(ada);
    await expect(later.friends.removeFollower(bob.username)).rejects.toMatchObject({ data: { canLeaveOut: true } });
    for (const session of [later, await people.again(ada)]) {
      const { followers, removing } = await session.friends.state();
      expect(followers).toEqual([bob.username, eve.username]);
      expect(removing).toEqual([bob.username]);
    }
    expect(await later.friends.removeFollower(bob.username, { leaveOutDamaged: true })).toBe(true);
    const { followers, removing } = await later.friends.state();
    expect([followers, removing]).toEqual([[eve.username], []]);
  });

  test('is given up when they are asked to follow again', async () => {
    await ada.files.makeDirectory(`${home()}/d`);
    await ada.files.write(`${home()}/d/b.txt`, bytes('b'));
    await ada.shares.share(`${home()}/d`, [user(bob)]);
    await lose(ada, `${home()}/d/b.txt`);
    const later = await people.again(ada);
    await expect(later.friends.removeFollower(bob.username)).rejects.toMatchObject({ data: { canLeaveOut: true } });
    await later.friends.unfollow(bob.username);
    await bob.friends.removeFollower(ada.username);
    expect(await later.friends.follow(bob.username)).toBe('requested');
    expect((await later.friends.state()).removing).toEqual([]);
    expect((await later.friends.state()).outgoing).toEqual([bob.username]);
    await (await people.again(bob)).friends.accept(ada.username);
    expect((await later.friends.state()).friends).toContain(bob.username);
  });
});
