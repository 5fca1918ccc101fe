import { LinkProperties, SharedWithState } from '@pyrgos/core/social';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { befriend, People } from '../../test/people-world.js';
import { ServerWorld } from '../../test/server-world.js';
import { partsOf } from '../files/parts-of-files.js';
import type { UserSession } from '../user-session.js';
import { directoryAt, makeDirectoryAt, readFileIn, writeFileIn } from './own-files.js';
import { OwnSpace } from './own-space.js';

// Another program records what it shares of the own files without the name of the user in front (chapter 06 section 17): what it has shared must be found, and taken back.

let world: ServerWorld;
let people: People;
let ada: UserSession;
let bob: UserSession;
let eve: UserSession;
let users = 0;
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const OUTBOUND = ['.capabilitycache', 'outbound'];

beforeAll(async () => {
  world = await ServerWorld.start();
  people = new People(world);
});
afterAll(async () => world.close());
beforeEach(async () => {
  users += 1;
  [ada, bob, eve] = await Promise.all([people.join(`ada${users}`), people.join(`bob${users}`), people.join(`eve${users}`)]);
  for (const other of [bob, eve]) await befriend(ada, other);
  await ada.files.makeDirectory(`${home()}/d/sub`, { parents: true });
  await ada.files.write(`${home()}/a.txt`, bytes('a'));
  await ada.files.write(`${home()}/d/sub/b.txt`, bytes('b'));
});

const home = (): string => `/${ada.username}`;
const space = (): OwnSpace => new OwnSpace(ada.account, partsOf(ada.files));
const user = ({ username }: UserSession): { readonly user: string } => ({ user: username });

async function write(directory: readonly string[], state: SharedWithState): Promise<void> {
  await space().changeHome(undefined, async (operation, item) => {
    const mirror = await makeDirectoryAt(operation, space(), item, [...OUTBOUND, ...directory], { isHidden: true });
    await writeFileIn(operation, space(), mirror, 'sharedWith.cbor', state.encode());
  });
}

async function read(directory: readonly string[]): Promise<SharedWithState | undefined> {
  return space().look(
    undefined,
    async (view, item) => {
      const mirror = await directoryAt(view, item, [...OUTBOUND, ...directory]);
      const content = mirror === undefined ? undefined : await readFileIn(view, mirror, 'sharedWith.cbor');
      return content === undefined ? undefined : SharedWithState.decode(content);
    },
    true,
  );
}

/** What the other program leaves: shared with both, recorded in its own way. */
async function shareAsTheOther(): Promise<void> {
  for (const path of [`${home()}/a.txt`, `${home()}/d/sub/b.txt`]) await ada.shares.share(path, [user(bob), user(eve)]);
  const both = [bob.username, eve.username];
  await write([ada.username], SharedWithState.empty);
  await write([ada.username, 'd', 'sub'], SharedWithState.empty);
  await write([], SharedWithState.empty.share('a.txt', 'read', both));
  await write(['d', 'sub'], SharedWithState.empty.share('b.txt', 'read', both));
  ada.files.refresh();
}

test('is found, listed, and taken back for one while the other keeps access', async () => {
  await shareAsTheOther();
  const readers = expect.arrayContaining([user(bob), user(eve)]) as unknown;
  expect(await ada.shares.sharedWith(`${home()}/a.txt`)).toMatchObject({ readers });
  const listed: string[] = [];
  for await (const { path, readers: who } of ada.shares.list()) listed.push(`${path} ${who.length}`);
  expect(listed.sort()).toEqual([`${home()}/a.txt 2`, `${home()}/d/sub/b.txt 2`]);
  for (const path of [`${home()}/a.txt`, `${home()}/d/sub/b.txt`]) {
    expect(await ada.shares.unshare(path, [user(bob)])).toBe(true);
    await ada.files.write(path, bytes('new'), { onExisting: 'replace' });
    await expect((await people.again(bob)).files.readText(path)).rejects.toMatchObject({ code: 'not-found.file' });
    expect(await (await people.again(eve)).files.readText(path)).toBe('new');
    expect(await ada.shares.sharedWith(path)).toMatchObject({ readers: [user(eve)] });
  }
  // All of it is where it belongs now: nothing comes back from the other place.
  expect(await read([])).toBeUndefined();
  expect(await read(['d', 'sub'])).toBeUndefined();
  expect(await read([ada.username])).toMatchObject({ items: new Set(['a.txt']) });
});

test('goes with what is renamed, and ends with what is deleted', async () => {
  await shareAsTheOther();
  await ada.files.rename(`${home()}/d`, 'e');
  expect(await ada.shares.sharedWith(`${home()}/e/sub/b.txt`)).toMatchObject({ readers: expect.arrayContaining([user(bob)]) as unknown });
  await ada.files.remove(`${home()}/e`);
  await ada.files.makeDirectory(`${home()}/e/sub`, { parents: true });
  await ada.files.write(`${home()}/e/sub/b.txt`, bytes('another'));
  expect(await ada.shares.sharedWith(`${home()}/e/sub/b.txt`)).toMatchObject({ readers: [] });
  await ada.files.makeDirectory(`${home()}/d/sub`, { parents: true });
  await ada.files.write(`${home()}/d/sub/b.txt`, bytes('another'));
  expect(await ada.shares.sharedWith(`${home()}/d/sub/b.txt`)).toMatchObject({ readers: [] });
});

test('links in it are listed and deleted', async () => {
  const link = await ada.links.create(`${home()}/a.txt`);
  const { label, linkPassword } = (await ada.shares.sharedWith(`${home()}/a.txt`)).links[0] ?? expect.fail('there is one');
  await write([ada.username], SharedWithState.empty);
  // It does not record where the index has it.
  await write([], SharedWithState.empty.withLink('a.txt', LinkProperties.of({ label, linkPassword, isWritable: false })));
  ada.files.refresh();
  const listed = [];
  for await (const { path, text } of ada.links.list()) listed.push({ path, text });
  expect(listed).toEqual([{ path: `${home()}/a.txt`, text: link.text }]);
  expect(await ada.links.delete(`${home()}/a.txt`, label)).toBe(true);
  expect(await read([])).toBeUndefined();
});

test('what is recorded of files of somebody else is not taken for what is shared of an own folder with the same name', async () => {
  await bob.files.write(`/${bob.username}/theirs.txt`, bytes('theirs'));
  await bob.shares.share(`/${bob.username}/theirs.txt`, [user(ada)]);
  expect(await ada.files.readText(`/${bob.username}/theirs.txt`)).toBe('theirs');
  await ada.shares.share(`/${bob.username}/theirs.txt`, [user(eve)]);
  await ada.files.makeDirectory(`${home()}/${bob.username}`);
  await ada.files.write(`${home()}/${bob.username}/theirs.txt`, bytes('mine'));
  expect(await ada.shares.sharedWith(`${home()}/${bob.username}/theirs.txt`)).toMatchObject({ readers: [] });
  await ada.shares.share(`${home()}/a.txt`, [user(eve)]);
  expect(await ada.shares.sharedWith(`/${bob.username}/theirs.txt`)).toMatchObject({ readers: [user(eve)] });
  expect(await read([bob.username])).toMatchObject({ items: new Set(['theirs.txt']) });
});
