import { SymmetricKey } from '@pyrgos/core/keys';
import { AbsoluteCapability } from '@pyrgos/core/model';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { itemAt } from '../../test/item-at.js';
import { befriend, People } from '../../test/people-world.js';
import { ServerWorld } from '../../test/server-world.js';
import { given, opened } from '../../test/social-world.js';
import { partsOf } from '../files/parts-of-files.js';
import { ChunkChanges } from '../files/structure/chunk-changes.js';
import { DirectoryEdit, type NewEntry } from '../files/structure/directory-edit.js';
import type { UserSession } from '../user-session.js';

// Whoever may write in a directory can list there what he likes, and the server can lose something: neither may keep the owner from ending what he may do.

let world: ServerWorld;
let people: People;
let ada: UserSession;
let bob: UserSession;
let users = 0;

beforeAll(async () => {
  world = await ServerWorld.start();
  people = new People(world);
});
afterAll(async () => world.close());
beforeEach(async () => {
  users += 1;
  [ada, bob] = await Promise.all([people.join(`ada${users}`), people.join(`bob${users}`)]);
  await befriend(ada, bob);
  await ada.files.makeDirectory(at('d/sub'), { parents: true });
  for (const name of ['d/f', 'd/x', 'd/sub/g', 'private']) await ada.files.write(at(name), name);
});

const at = (path: string): string => `/${ada.username}/${path}`;
const who = (): { readonly user: string }[] => [{ user: bob.username }];

async function names(session: UserSession, path: string): Promise<string[]> {
  const found: string[] = [];
  for await (const entry of session.files.list(path)) found.push(entry.isDamaged ? `!${entry.name ?? ''}` : entry.name);
  return found.sort();
}

/** Deletes what is at a path from the disk of the server. */
async function lose(path: string): Promise<void> {
  const { cid } = await itemAt(ada, path);
  const { db, storage } = world.running.context;
  db.prepare('DELETE FROM blocks WHERE cid = ?').run(cid.bytes);
  await storage.deleteMany(ada.username, [cid]);
  await world.restart();
}

/** Lists something in a directory that was shared with Bob, with what he has. */
async function plant(path: string, name: string, capability: AbsoluteCapability, isDirectory: boolean): Promise<void> {
  const { tree } = partsOf(bob.files);
  await tree.change(
    { signal: undefined },
    async (view) => {
      const { item } = await tree.locate(view, path);
      return { owner: item.owner, writers: [item.writer], item };
    },
    async (operation, { item }) => {
      const changes = new ChunkChanges(operation);
      const edit = new DirectoryEdit(operation, changes, item);
      const entry: NewEntry = {
        name,
        capability,
        mimeType: isDirectory ? '' : 'text/plain',
        isDirectory,
        created: item.properties.created,
      };
      edit.add(entry);
      await edit.apply();
      await changes.commit();
    },
  );
}

function changed(capability: AbsoluteCapability, parts: Partial<AbsoluteCapability>): AbsoluteCapability {
  const { owner, writer, mapKey, bat, rBaseKey, wBaseKey } = { ...capability, ...parts };
  return AbsoluteCapability.of({ owner, writer, mapKey, bat, rBaseKey, wBaseKey });
}

const key = (): SymmetricKey => SymmetricKey.generate(world.crypto);

/** What Bob can list, each with what is to be left out. */
const planted: readonly (readonly [string, (directory: AbsoluteCapability) => Promise<AbsoluteCapability>, boolean])[] = [
  ['a chunk under a wrong key', async (directory) => changed(directory, { rBaseKey: key(), wBaseKey: key() }), false],
  ['the directory itself', async (directory) => directory.toReadOnly(), true],
  ['a place where nothing is', async (directory) => changed(directory, { mapKey: world.crypto.randomBytes(32), wBaseKey: key() }), false],
  ['a file that lives elsewhere', async () => (await itemAt(ada, at('private'))).capability.toReadOnly(), false],
  ['something of a foreign writer', async (directory) => changed(directory, { writer: bob.account.home.writer, wBaseKey: key() }), false],
];

describe.each(planted)('somebody lists %s', (_, make, isDirectory) => {
  test.each(['d', 'd/sub'])('in %s: all that revokes works, and says what was left out', async (target) => {
    await ada.shares.share(at('d'), who(), { access: 'write' });
    await bob.files.readText(at('d/f'));
    await plant(at(target), 'evil', await make((await itemAt(ada, at('d'))).capability), isDirectory);
    const kept = await given(ada, bob.username, 'write');
    const later = await people.again(ada);
    const left: string[] = [];
    expect(await later.shares.unshare(at('d'), who(), { onLeftOut: (path) => left.push(path) })).toBe(true);
    expect(left).toEqual([at(`${target}/evil`)]);
    await later.files.write(at('d/later'), 'LATER');
    for (const capability of kept) expect(await opened(bob, capability)).toBeUndefined();
    expect(await names(later, at('d'))).toEqual(['f', 'later', 'sub', 'x']);
    expect(await names(later, at('d/sub'))).toEqual(['g']);
    expect(await later.files.readText(at('private'))).toBe('private');
    expect(await later.friends.removeFollower(bob.username)).toBe(true);
  });
});

test('a second directory that somebody may write is left out, and stays where it is', async () => {
  await ada.files.write(at('e/important'), 'IMPORTANT', { parents: true });
  await ada.shares.share(at('d'), who(), { access: 'write' });
  await ada.shares.share(at('e'), who(), { access: 'write' });
  await bob.files.readText(at('e/important'));
  await plant(at('d'), 'innocent', (await itemAt(ada, at('e'))).capability, true);
  const later = await people.again(ada);
  expect(await later.shares.unshare(at('d'), who())).toBe(true);
  expect(await names(later, at('d'))).toEqual(['f', 'sub', 'x']);
  const again = await people.again(ada);
  expect(await again.files.readText(at('e/important'))).toBe('IMPORTANT');
  expect(await (await people.again(bob)).files.readText(at('e/important'))).toBe('IMPORTANT');
  expect(await again.shares.unshare(at('e'), who())).toBe(true);
});

describe('a block below is lost', () => {
  const damaged = (): object => ({ code: 'not-found.block', data: { path: at('d/x'), canLeaveOut: true } });

  test.each(['read', 'write'] as const)('removeFollower does not say that a share for %s has ended', async (access) => {
    await ada.shares.share(at('d'), who(), { access });
    const kept = await given(ada, bob.username, access);
    await lose(at('d/x'));
    const later = await people.again(ada);
    await expect(later.friends.removeFollower(bob.username)).rejects.toMatchObject(damaged());
    expect((await later.friends.state()).followers).toEqual([bob.username]);
    expect(await later.shares.sharedWith(at('d'))).toMatchObject({ [access === 'read' ? 'readers' : 'writers']: who() });
    const left: string[] = [];
    expect(await later.friends.removeFollower(bob.username, { leaveOutDamaged: true, onLeftOut: (path) => left.push(path) })).toBe(true);
    expect(left).toEqual([at('d/x')]);
    expect((await later.friends.state()).followers).toEqual([]);
    for (const capability of kept) expect(await opened(bob, capability)).toBeUndefined();
    expect(await names(later, at('d'))).toEqual(['f', 'sub']);
  });

  test('unshare names it, and works without it', async () => {
    await ada.shares.share(at('d'), who(), { access: 'write' });
    await lose(at('d/x'));
    const later = await people.again(ada);
    await expect(later.shares.unshare(at('d'), who())).rejects.toMatchObject(damaged());
    expect(await later.shares.unshare(at('d'), who(), { leaveOutDamaged: true })).toBe(true);
    expect(await names(later, at('d'))).toEqual(['f', 'sub']);
  });

  test('new keys name it, and unshare works once it is deleted', async () => {
    await ada.shares.share(at('d'), who(), { access: 'write' });
    await lose(at('d/x'));
    const later = await people.again(ada);
    await expect(later.files.rotateKeys(at('d'))).rejects.toMatchObject(damaged());
    await later.files.removeAll(at('d'), ['x']);
    expect(await later.shares.unshare(at('d'), who())).toBe(true);
    await later.files.rotateKeys(at('d'));
    expect(await names(later, at('d'))).toEqual(['f', 'sub']);
  });

  test('unpublish names it, and works without it', async () => {
    await ada.publishing.publish(at('d'));
    await lose(at('d/x'));
    const later = await people.again(ada);
    await expect(later.publishing.unpublish(at('d'))).rejects.toMatchObject(damaged());
    expect(await later.publishing.isPublished(at('d'))).toBe(true);
    expect(await later.publishing.unpublish(at('d'), { leaveOutDamaged: true })).toBe(true);
    expect(await later.publishing.isPublished(at('d'))).toBe(false);
    expect(await names(later, at('d'))).toEqual(['f', 'sub']);
  });
});
