import { encodeCbor } from '@pyrgos/core/codec';
import { QuotaError } from '@pyrgos/core/errors';
import { SymmetricKey } from '@pyrgos/core/keys';
import { AbsoluteCapability, RelativeCapability, withParentLink } from '@pyrgos/core/model';
import { CapsInDirectory, encodeRecords, ReceivedChild } from '@pyrgos/core/social';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { changedNetwork, overriding } from '../../test/changed-network.js';
import { itemAt } from '../../test/item-at.js';
import { ServerWorld } from '../../test/server-world.js';
import { befriend, give, giveBytes, logInAs, namesIn, PASSWORD, signUpAs, spaceOf } from '../../test/received-world.js';
import { ChunkChanges } from '../files/structure/chunk-changes.js';
import { PyrgosServer } from '../pyrgos-server.js';
import type { UserSession } from '../user-session.js';
import { directoryAt, makeDirectoryAt, readFileIn, writeFileIn } from './own-files.js';

let world: ServerWorld;
beforeAll(async () => {
  world = await ServerWorld.start();
});
afterAll(async () => world.close());

let count = 0;
/** A friend of whom `b` has nothing to expect but good, and one who does what he can. */
async function pair(): Promise<readonly [UserSession, UserSession]> {
  const id = count++;
  const [a, b] = [await signUpAs(world, `sharer${id}`), await signUpAs(world, `reader${id}`)];
  await befriend(a, b);
  return [a, b];
}

async function shareNew(a: UserSession, b: UserSession, path: string, text: string): Promise<void> {
  await a.files.write(`/${a.username}/${path}`, text, { parents: true });
  await a.shares.share(`/${a.username}/${path}`, [{ user: b.username }]);
}

/** A capability of something in the space of an account that is not there. */
function deadCapability({ account }: UserSession): AbsoluteCapability {
  const { crypto, home } = account;
  const mapKey = crypto.randomBytes(32);
  return AbsoluteCapability.of({ ...partsOf(home), mapKey, rBaseKey: SymmetricKey.generate(crypto), wBaseKey: undefined });
}

const partsOf = ({ owner, writer, mapKey, bat, rBaseKey, wBaseKey }: AbsoluteCapability) => ({
  owner,
  writer,
  mapKey,
  bat,
  rBaseKey,
  wBaseKey,
});

test('a hundred thousand records that lead nowhere, and what is no record: what is good among them is found', async () => {
  const [a, b] = await pair();
  await shareNew(a, b, 'first', '1');
  const dead = Array.from({ length: 500 }, () => deadCapability(a));
  const again = Array.from({ length: 99_500 }, (_, i) => dead[i % 20]!);
  await giveBytes(a, b.username, 'read', encodeRecords([...dead, ...again.slice(0, 20_000)]));
  await giveBytes(a, b.username, 'read', encodeCbor(['not', 'a', 'capability']));
  await giveBytes(a, b.username, 'read', encodeRecords(again.slice(20_000)));
  await shareNew(a, b, 'last', '2');
  expect(await b.files.readText(`/${a.username}/first`)).toBe('1');
  // One look reads a part; the next ones go on.
  for (let i = 0; i < 5; i++) await b.files.find(`/${a.username}/last`);
  expect(await b.files.readText(`/${a.username}/last`)).toBe('2');
  expect(await namesIn(b, `/${a.username}`)).toEqual(['first', 'last', 'shared']);
});

test('garbage ends reading where it stands, and what is only half there is read when the rest comes', async () => {
  const [a, b] = await pair();
  await shareNew(a, b, 'before', '1');
  const whole = encodeRecords([(await itemAt(a, `/${a.username}/before`)).capability.toReadOnly()]);
  await giveBytes(a, b.username, 'read', whole.subarray(0, 100));
  expect(await b.files.readText(`/${a.username}/before`)).toBe('1');
  await giveBytes(a, b.username, 'read', whole.subarray(100));
  await shareNew(a, b, 'after', '2');
  expect(await b.files.readText(`/${a.username}/after`)).toBe('2');
  await giveBytes(a, b.username, 'read', Uint8Array.of(0xff, 0xff, 0xff, 0xff));
  await shareNew(a, b, 'never', '3');
  expect(await b.files.find(`/${a.username}/never`)).toBeUndefined();
  expect(await namesIn(b, `/${a.username}`)).toEqual(['after', 'before', 'shared']);
});

test('capabilities of the reader’s own files, of whole home directories and of nobody are left out', async () => {
  const [a, b] = await pair();
  await b.files.write(`${b.files.homePath}/own`, 'mine');
  const own = (await itemAt(b, `${b.files.homePath}/own`)).capability.toReadOnly();
  const stranger = deadCapability(await signUpAs(world, `nobody${count++}`));
  await give(a, b.username, 'read', [own, a.account.home.toReadOnly(), AbsoluteCapability.null(), stranger]);
  await shareNew(a, b, 'good', 'x');
  expect(await b.files.readText(`/${a.username}/good`)).toBe('x');
  const received = [];
  for await (const { path } of b.shares.received()) received.push(path);
  expect(received).toEqual([`/${a.username}/good`]);
  expect(await b.files.readText(`${b.files.homePath}/own`)).toBe('mine');
  expect(await namesIn(b, `/${a.username}`)).toEqual(['good', 'shared']);
});

test('parent links that bite their tail, and that lead to another name, keep nothing else from being seen', async () => {
  const [a, b] = await pair();
  await shareNew(a, b, 'good', 'x');
  for (const name of ['loop', 'top']) await a.files.write(`/${a.username}/${name}/f`, name, { parents: true });
  const space = spaceOf(a);
  await space.changeHome(undefined, async (operation, home) => {
    for (const name of ['loop', 'top']) {
      const directory = await directoryAt(operation, home, [name]);
      if (directory === undefined) throw new Error('it was made');
      const signer = directory.requireSigner();
      const { capability, opened, node } = directory;
      const toItself = RelativeCapability.toParent(capability, opened.parentKey, capability.writer);
      const changes = new ChunkChanges(operation);
      const changed = withParentLink(operation.crypto, node, opened, name === 'loop' ? toItself : undefined);
      changes.put(signer, capability.mapKey, directory.cid, { node: changed, fragments: [] });
      await changes.commit();
    }
  });
  const files = await Promise.all(
    ['loop', 'top'].map(async (name) => (await itemAt(a, `/${a.username}/${name}/f`)).capability.toReadOnly()),
  );
  await give(a, b.username, 'read', files);
  await shareNew(a, b, 'more', 'y');
  expect(await namesIn(b, `/${a.username}`)).toEqual(['good', 'more', 'shared']);
  expect(await namesIn(b, '/')).toEqual([a.username, b.username].sort());
});

test('a stream in whose place there is a directory, and one that is shorter than before', async () => {
  const [a, b] = await pair();
  const space = spaceOf(a);
  for (const name of ['one', 'two', 'three']) await shareNew(a, b, name, name);
  expect(await b.files.readText(`/${a.username}/three`)).toBe('three');
  const stream = `/${a.username}/shared/${b.username}/sharing.r`;
  await a.files.remove(stream);
  await space.changeHome(undefined, async (operation, home) => {
    await makeDirectoryAt(operation, space, home, ['shared', b.username, 'sharing.r'], { isHidden: false });
  });
  expect(await b.files.readText(`/${a.username}/three`)).toBe('three');
  await a.files.remove(stream);
  await shareNew(a, b, 'four', 'four');
  expect(await b.files.readText(`/${a.username}/four`)).toBe('four');
  expect(await namesIn(b, `/${a.username}`)).toEqual(['four', 'one', 'shared', 'three', 'two']);
});

test('a mirror that is damaged is made anew, with everything that was ever shared', async () => {
  const [a, b] = await pair();
  for (const path of ['dir/one', 'dir/two', 'other/three']) await shareNew(a, b, path, path);
  expect(await namesIn(b, `/${a.username}/dir`)).toEqual(['one', 'two']);
  const space = spaceOf(b);
  const spoil = async (bytes: Uint8Array): Promise<void> =>
    space.changeHome(undefined, async (operation, home) => {
      const mirror = await directoryAt(operation, home, ['.capabilitycache', 'world', a.username, 'dir']);
      if (mirror === undefined) throw new Error('nothing was received');
      await writeFileIn(operation, space, mirror, 'items.cbor', bytes);
    });
  await spoil(Uint8Array.of(0xff, 1, 2, 3));
  expect(await namesIn(await logInAs(world, b.username), `/${a.username}/dir`)).toEqual(['one', 'two']);
  expect(await b.files.readText(`/${a.username}/dir/two`)).toBe('dir/two');
  await space.changeHome(undefined, async (operation, home) => {
    await writeFileIn(operation, space, home, '.groups-from-friends.cborstream', Uint8Array.of(0xff), { isHidden: true });
    const cache = await directoryAt(operation, home, ['.capabilitycache']);
    if (cache !== undefined) await writeFileIn(operation, space, cache, `${a.username}$incoming.cbor`, Uint8Array.of(0xff));
  });
  const later = await logInAs(world, b.username);
  await a.files.write(`/${a.username}/for-all`, 'x');
  await a.shares.share(`/${a.username}/for-all`, [{ group: 'friends' }]);
  expect(await later.files.readText(`/${a.username}/for-all`)).toBe('x');
});

test('an item that cannot be opened is marked, and those beside it are there', async () => {
  const [a, b] = await pair();
  for (const path of ['dir/one', 'dir/two']) await shareNew(a, b, path, path);
  expect(await namesIn(b, `/${a.username}/dir`)).toEqual(['one', 'two']);
  const space = spaceOf(b);
  await space.changeHome(undefined, async (operation, home) => {
    const mirror = await directoryAt(operation, home, ['.capabilitycache', 'world', a.username, 'dir']);
    if (mirror === undefined) throw new Error('nothing was received');
    const items = CapsInDirectory.decode((await readFileIn(operation, mirror, 'items.cbor')) ?? new Uint8Array());
    const children = [...items.children.values()].map((child) => {
      if (child.name !== 'one') return child;
      const wrong = AbsoluteCapability.of({ ...partsOf(child.capability), rBaseKey: SymmetricKey.generate(operation.crypto) });
      return ReceivedChild.of(child.name, wrong, child.sharers);
    });
    await writeFileIn(operation, space, mirror, 'items.cbor', CapsInDirectory.of(children).encode());
  });
  expect(await namesIn(b, `/${a.username}/dir`)).toEqual(['!one', 'two']);
  const received = [];
  for await (const { path, error } of b.shares.received()) received.push([path, error?.code]);
  expect(new Set(received)).toEqual(
    new Set([
      [`/${a.username}/dir/one`, 'crypto.authentication'],
      [`/${a.username}/dir/two`, undefined],
    ]),
  );
});

test('what a friend passes on of somebody whom the account does not follow is there under its owner’s name', async () => {
  const [a, b] = await pair();
  const c = await signUpAs(world, `third${count++}`);
  await befriend(a, c);
  await c.files.write(`/${c.username}/f`, 'by c');
  await c.shares.share(`/${c.username}/f`, [{ user: a.username }]);
  await a.shares.share(`/${c.username}/f`, [{ user: b.username }]);
  const received = [];
  for await (const { path, owner, sharers } of b.shares.received()) received.push([path, owner, sharers]);
  expect(received).toEqual([[`/${c.username}/f`, c.username, [a.username]]]);
  expect(await b.files.readText(`/${c.username}/f`)).toBe('by c');
  expect(await namesIn(b, '/')).toEqual([a.username, b.username].sort());
  await befriend(b, c);
  await c.shares.share(`/${c.username}/f`, [{ user: b.username }]);
  expect(await b.files.readText(`/${c.username}/f`)).toBe('by c');
  expect(await namesIn(b, `/${c.username}`)).toEqual(['f', 'shared']);
});

test('what cannot be stored, for want of space, is seen all the same, and stored later', async () => {
  const [a, b] = await pair();
  const network = world.network();
  let isFull = false;
  const refuse = async (): Promise<never> => {
    throw new QuotaError('There is no space left.');
  };
  const { pointers } = network;
  const changed = changedNetwork(network, {
    pointers: overriding(pointers, {
      setPointer: async (...parts) => (isFull ? refuse() : pointers.setPointer(...parts)),
      setPointers: async (...parts) => (isFull ? refuse() : pointers.setPointers(...parts)),
    }),
  });
  let now = Date.now();
  const clock = { now: () => now, sleep: async () => undefined };
  const server = new PyrgosServer(changed, { crypto: world.quick, clock, pointerCacheMilliseconds: 0 });
  const full = await server.logIn({ username: b.username, password: PASSWORD });
  // Nor can it be noted for later sessions who the friend is.
  isFull = true;
  await shareNew(a, b, 'dir/one', '1');
  expect(await full.files.readText(`/${a.username}/dir/one`)).toBe('1');
  await shareNew(a, b, 'dir/two', '2');
  expect(await namesIn(full, `/${a.username}/dir`)).toEqual(['one', 'two']);
  expect(await namesIn(full, `/${a.username}`)).toEqual(['dir', 'shared']);
  const mirror = async (): Promise<unknown> => full.files.find(`/${b.username}/.capabilitycache/world/${a.username}/dir/items.cbor`);
  expect(await mirror()).toBeUndefined();
  isFull = false;
  now += 60_000;
  expect(await namesIn(full, `/${a.username}/dir`)).toEqual(['one', 'two']);
  expect(await mirror()).toBeDefined();
});

test('nothing is asked about friends before somebody looks there, and little when nothing is new', async () => {
  const [a, b] = await pair();
  await shareNew(a, b, 'dir/f', 'x');
  const { network, counter } = world.counted();
  const server = new PyrgosServer(network, { crypto: world.quick });
  const session = await server.logIn({ username: b.username, password: PASSWORD });
  await namesIn(session, session.files.homePath);
  counter.reset();
  await namesIn(session, session.files.homePath);
  expect(counter.count()).toBe(0);
  expect(await session.files.readText(`/${a.username}/dir/f`)).toBe('x');
  expect(await namesIn(session, `/${a.username}/dir`)).toEqual(['f']);
  counter.reset();
  expect(await session.files.readText(`/${a.username}/dir/f`)).toBe('x');
  expect(await namesIn(session, `/${a.username}/dir`)).toEqual(['f']);
  expect(await namesIn(session, '/')).toEqual([a.username, b.username].sort());
  expect(counter.count()).toBe(0);
  session.files.refresh();
  expect(await session.files.readText(`/${a.username}/dir/f`)).toBe('x');
  // Nothing but a look at the pointers of both; what ends a commit before may still be on its way.
  expect([...counter.byEndpoint().keys()].filter((one) => one !== 'blocks transaction/close')).toEqual(['pointers getPointer']);
  expect(counter.count('pointers')).toBeLessThanOrEqual(3);
});

test('two devices take in the same at the same time', async () => {
  const [a, b] = await pair();
  const devices = await Promise.all([logInAs(world, b.username), logInAs(world, b.username)]);
  for (let i = 0; i < 3; i++) await shareNew(a, b, `dir${i}/f`, `${i}`);
  await Promise.all(
    devices.map(async (device) => expect(await namesIn(device, `/${a.username}`)).toEqual(['dir0', 'dir1', 'dir2', 'shared'])),
  );
});
