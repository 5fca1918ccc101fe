import { CryptoError, PyrgosError } from '@pyrgos/core/errors';
import { SecretLink } from '@pyrgos/core/social';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { itemAt } from '../../test/item-at.js';
import { ServerWorld } from '../../test/server-world.js';
import { PyrgosServer } from '../pyrgos-server.js';
import type { UserSession } from '../user-session.js';
import type { LinkSession } from './link-session.js';

// Secret links on a real server (chapter 06 section 11; the scenarios L1 to L9 of section 18).

const password = 'nine purple otters';
const userPassword = 'quite a good secret';
const day = 86_400_000;

let world: ServerWorld;
/** What the clock of the server is ahead. */
let ahead = 0;
let ada: UserSession;
let users = 0;

beforeAll(async () => {
  world = await ServerWorld.start({ clock: { now: () => Date.now() + ahead } });
});
afterAll(async () => world.close());
beforeEach(async () => {
  ahead = 0;
  ada = await server().signUp({ username: `ada${++users}`, password });
  await ada.files.makeDirectory(`${home()}/d/sub`, { parents: true });
  await ada.files.write(`${home()}/d/a.txt`, bytes('first'));
  await ada.files.write(`${home()}/d/sub/b.txt`, bytes('second'));
});
afterEach(() => ada.close());

const server = (): PyrgosServer => new PyrgosServer(world.network(), { crypto: world.quick });
const home = (): string => `/${ada.username}`;
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const again = async (): Promise<UserSession> => server().logIn({ username: ada.username, password });

async function names(session: UserSession | LinkSession, path: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name } of session.files.names(path)) found.push(name ?? '');
  return found.sort();
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

async function labels(session: UserSession, path?: string): Promise<bigint[]> {
  session.files.refresh();
  return (await all(session.links.list(path))).map(({ label }) => label);
}

describe('links for reading', () => {
  test('a file with expiry, count and password (L1), of which an update keeps the count (L2)', async () => {
    const expires = new Date(Math.floor((Date.now() + day) / 1000) * 1000);
    const link = await ada.links.create(`${home()}/d/a.txt`, { expires, maxRetrievals: 2, userPassword });
    expect(link).toMatchObject({
      path: `${home()}/d/a.txt`,
      isWritable: false,
      hasPassword: true,
      expires,
      maxRetrievals: 2,
      retrievals: 0,
    });
    expect(link.url).toMatch(/^http:\/\/localhost:\d+\/secret\/z[1-9A-HJ-NP-Za-km-z]+\/\d+#[A-Za-z0-9]{12}$/u);
    const session = await server().openLink(link.url ?? '', { password: userPassword });
    expect(session).toMatchObject({
      owner: ada.username,
      path: link.path,
      entryPath: `${home()}/d`,
      isDirectory: false,
      isWritable: false,
    });
    expect(await session.files.readText(link.path)).toBe('first');
    expect(await names(session, '/')).toEqual([ada.username]);
    expect(await names(session, home())).toEqual(['d']);
    expect(await names(session, `${home()}/d`)).toEqual(['a.txt']);
    expect(await session.files.stat(home())).toMatchObject({ name: ada.username, isDirectory: true, isWritable: false });
    expect((await ada.shares.sharedWith(link.path)).links.map(({ label }) => label)).toEqual([link.label]);
    const other = 'another good secret';
    const updated = await ada.links.update(link.path, link.label, { userPassword: other });
    expect(updated.text).toBe(link.text);
    expect([updated.retrievals, updated.retrievalsLeft]).toEqual([1, 1]);
    await (await server().openLink(updated.text, { password: other })).files.stat(link.path);
    const used = await server()
      .openLink(updated.text, { password: other })
      .catch((error: unknown) => error);
    expect(used).toMatchObject({ code: 'denied.link', data: { reason: 'used-up' } });
    const [listed] = await all(ada.links.list(link.path));
    expect(listed).toMatchObject({ retrievals: 2, retrievalsLeft: 0, userPassword: other });
    // More of them, and none that counts the old ones as new.
    await ada.links.update(link.path, link.label, { maxRetrievals: 3 });
    await server().openLink(updated.text, { password: other });
    await expect(server().openLink(updated.text, { password: other })).rejects.toMatchObject({ data: { reason: 'used-up' } });
    ahead = 2 * day;
    await expect(server().openLink(updated.text, { password: other })).rejects.toMatchObject({ data: { reason: 'expired' } });
    await ada.links.update(link.path, link.label, { maxRetrievals: null, expires: null, userPassword: '' });
    await server().openLink(updated.text);
  });

  test('deleted (L3), and there is one that was made elsewhere (L7)', async () => {
    const path = `${home()}/d`;
    const elsewhere = await again();
    const link = await elsewhere.links.create(path);
    expect(await labels(ada)).toEqual([link.label]);
    const session = await server().openLink(link.text);
    expect(session).toMatchObject({ path, entryPath: path, isDirectory: true });
    expect(await names(session, path)).toEqual(['a.txt', 'sub']);
    expect(await session.files.readText(`${path}/sub/b.txt`)).toBe('second');
    await expect(session.files.write(`${path}/new`, bytes('x'))).rejects.toMatchObject({ code: 'denied.file' });
    expect(await ada.links.delete(path, link.label)).toBe(true);
    expect(await ada.links.delete(path, link.label)).toBe(false);
    await expect(server().openLink(link.text)).rejects.toMatchObject({ code: 'not-found.link' });
    await expect(ada.links.update(path, link.label, {})).rejects.toMatchObject({ code: 'not-found.link' });
    expect(await labels(ada)).toEqual([]);
  });

  test('the count goes up one by one (L9)', async () => {
    const link = await ada.links.create(`${home()}/d`);
    for (let count = 1; count <= 20; count++) {
      await world.network().links.get(ada.account.identity.publicKeyHash, link.label);
      if (count % 10 === 1) expect((await all(ada.links.list()))[0]).toMatchObject({ retrievals: count, retrievalsLeft: undefined });
    }
  });

  test('without what only the server knows a list is complete all the same', async () => {
    const link = await ada.links.create(`${home()}/d`);
    const network = world.network();
    const refuse = async (): Promise<never> => {
      throw new PyrgosError('unsupported', 'no');
    };
    Object.assign(network, { links: { get: network.links.get.bind(network.links), host: refuse, counts: refuse } });
    const session = await new PyrgosServer(network, { crypto: world.quick }).logIn({ username: ada.username, password });
    const [listed] = await all(session.links.list());
    expect(listed).toMatchObject({ label: link.label, text: link.text, url: undefined, retrievals: undefined });
  });

  test('passwords: asked for only when needed, again without another use, and told apart', async () => {
    const path = `${home()}/d`;
    const open = await ada.links.create(path);
    let asked = 0;
    await server().openLink(open.text, { password: () => String(++asked) });
    expect(asked).toBe(0);
    const closed = await ada.links.create(path, { userPassword });
    const attempts: number[] = [];
    const session = await server().openLink(closed.text, {
      password: ({ attempt }) => {
        attempts.push(attempt);
        return attempt < 3 ? 'wrong' : userPassword;
      },
    });
    expect(await names(session, path)).toEqual(['a.txt', 'sub']);
    expect(attempts).toEqual([1, 2, 3]);
    expect((await all(ada.links.list(path))).map(({ retrievals }) => retrievals)).toEqual([1, 1]);
    const missing = await server()
      .openLink(closed.text)
      .catch((error: unknown) => error);
    expect(missing).toMatchObject({ code: 'denied.link', data: { reason: 'password', isMissing: true } });
    const wrong = await server()
      .openLink(closed.text, { password: 'wrong' })
      .catch((error: unknown) => error);
    expect(wrong).toMatchObject({ code: 'denied.link', data: { reason: 'password', isMissing: false } });
    const damaged = await server()
      .openLink(`${open.text}x`)
      .catch((error: unknown) => error);
    expect(damaged).toMatchObject({ code: 'denied.link', data: { reason: 'link' } });
    for (const error of [missing, wrong, damaged]) {
      expect(error).not.toBeInstanceOf(CryptoError);
      const said = JSON.stringify(error) + String((error as Error).stack);
      for (const secret of [userPassword, SecretLink.parse(closed.text).link.password, SecretLink.parse(open.text).link.password])
        expect(said).not.toContain(secret);
    }
    expect(`${JSON.stringify(closed)} ${String(closed)}`).not.toContain(SecretLink.parse(closed.text).link.password);
    const failure = new Error('mine');
    const mine = server().openLink(closed.text, { password: () => Promise.reject(failure) });
    await expect(mine).rejects.toBe(failure);
  });

  test('what cannot be', async () => {
    const { links } = ada;
    const path = `${home()}/d`;
    await expect(links.create(home())).rejects.toMatchObject({ code: 'argument', data: { field: 'path' } });
    await expect(links.create(`${home()}/shared`)).rejects.toMatchObject({ code: 'argument', data: { field: 'path' } });
    await expect(links.create('/somebody/x')).rejects.toMatchObject({ code: 'denied.file' });
    await expect(links.create(`${home()}/none`)).rejects.toMatchObject({ code: 'not-found.file' });
    await expect(links.create(path, { userPassword: 'abc' })).rejects.toMatchObject({
      code: 'denied.password',
      data: { reason: 'too-short' },
    });
    await expect(links.create(path, { expires: new Date(Date.now() - 1) })).rejects.toMatchObject({ data: { field: 'options.expires' } });
    await expect(links.create(path, { expires: new Date(Number.NaN) })).rejects.toMatchObject({ data: { field: 'options.expires' } });
    await expect(links.create(path, { maxRetrievals: 0 })).rejects.toMatchObject({ data: { field: 'options.maxRetrievals' } });
    for (const text of ['', 'secret/', 'secret/x/1#y', 'https://example.org/x', '#a/b']) {
      await expect(server().openLink(text)).rejects.toMatchObject({ code: 'format.link' });
    }
    expect(await labels(ada)).toEqual([]);
  });
});

describe('links for writing', () => {
  test('a file (L4)', async () => {
    const path = `${home()}/d/a.txt`;
    const link = await ada.links.create(path, { writable: true, userPassword });
    const { files, isWritable } = await server().openLink(link.text, { password: userPassword });
    expect(isWritable).toBe(true);
    expect(await files.stat(path)).toMatchObject({ isWritable: true });
    await files.append(path, bytes(' and more'));
    await files.write(path, bytes('changed'));
    expect(await files.readText(path)).toBe('changed');
    await expect(files.write(path, bytes('x'), { onExisting: 'error' })).rejects.toMatchObject({ code: 'conflict.exists' });
    const inReach = { code: 'denied.file' };
    await expect(files.rename(path, 'b.txt')).rejects.toMatchObject(inReach);
    await expect(files.remove(path)).rejects.toMatchObject(inReach);
    await expect(files.makeDirectory(`${home()}/d/new`)).rejects.toMatchObject(inReach);
    await expect(files.makeDirectory(`${home()}/d/new`, { parents: true })).rejects.toMatchObject(inReach);
    await expect(files.write(`${home()}/d/other.txt`, bytes('x'), { parents: true })).rejects.toMatchObject({});
    ada.files.refresh();
    expect(await ada.files.readText(path)).toBe('changed');
    expect(await names(ada, `${home()}/d`)).toEqual(['a.txt', 'sub']);
  });

  test('a directory that is renamed (L5), in which everything can be done (L8)', async () => {
    const path = `${home()}/d`;
    const link = await ada.links.create(path, { writable: true });
    await ada.files.rename(path, 'renamed');
    const now = `${home()}/renamed`;
    const { link: secret } = SecretLink.parse(link.text);
    const sealed = await world.network().links.get(secret.owner, secret.label);
    const capability = await secret.open(world.quick, sealed);
    const item = await itemAt(ada, now);
    expect(capability.writer.equals(ada.account.home.writer)).toBe(true);
    expect(item.writer.equals(ada.account.home.writer)).toBe(false);
    expect([item.opened.properties.name, item.link?.opened.properties.name]).toEqual(['renamed', 'renamed']);
    const { files, entryPath } = await server().openLink(link.text);
    expect(entryPath).toBe(now);
    await files.write(`${now}/new.txt`, bytes('new'));
    await files.makeDirectory(`${now}/more/deep`, { parents: true });
    await files.move(`${now}/new.txt`, `${now}/more/deep`);
    await files.rename(`${now}/sub/b.txt`, 'c.txt');
    await files.remove(`${now}/a.txt`);
    const large = new Uint8Array(6 << 20).fill(7);
    await files.write(`${now}/large.bin`, large);
    for await (const _ of files.writeTree(`${now}/tree`, [{ path: ['x', 'y.txt'], source: bytes('y') }]));
    await expect(files.remove(now)).rejects.toMatchObject({ code: 'denied.file' });
    await expect(files.move(now, now)).rejects.toMatchObject({});
    expect(await files.clearUnfinishedUploads()).toBe(0);
    ada.files.refresh();
    expect(await names(ada, now)).toEqual(['large.bin', 'more', 'sub', 'tree']);
    expect(await ada.files.readText(`${now}/more/deep/new.txt`)).toBe('new');
    expect(await ada.files.readText(`${now}/tree/x/y.txt`)).toBe('y');
    expect((await ada.files.read(`${now}/large.bin`)).length).toBe(large.length);
    expect(await names(ada, `${now}/sub`)).toEqual(['c.txt']);
    await expect(ada.files.stat(path)).rejects.toMatchObject({ code: 'not-found.file' });
  });

  test('a link for reading goes on when one for writing is made after it', async () => {
    const path = `${home()}/d`;
    const reading = await ada.links.create(path);
    const below = await ada.links.create(`${path}/sub`);
    await ada.links.create(path, { writable: true });
    expect(await (await server().openLink(reading.text)).files.readText(`${path}/a.txt`)).toBe('first');
    expect(await (await server().openLink(below.text)).files.readText(`${path}/sub/b.txt`)).toBe('second');
  });
});

describe('what happens to what a link leads to', () => {
  test('deletion ends the links of a directory and of all below it (L6)', async () => {
    const path = `${home()}/d`;
    const outer = await ada.links.create(path, { writable: true });
    const inner = await ada.links.create(`${path}/sub`);
    await ada.files.remove(path);
    for (const { text } of [outer, inner]) await expect(server().openLink(text)).rejects.toMatchObject({ code: 'not-found.link' });
    expect(await labels(ada)).toEqual([]);
    await ada.files.makeDirectory(path);
    await server().openLink((await ada.links.create(path)).text);
  });

  test('new keys from the owner end them, and a file that replaces another does not inherit its links', async () => {
    const path = `${home()}/d/a.txt`;
    const first = await ada.links.create(path);
    await ada.files.rotateKeys(path);
    await expect(server().openLink(first.text)).rejects.toMatchObject({ code: 'not-found.link' });
    const second = await ada.links.create(path);
    await ada.files.copy(`${home()}/d/sub/b.txt`, `${home()}/d`, { name: 'a.txt', replace: true });
    const third = await ada.links.create(path);
    await ada.files.move(`${home()}/d/sub/b.txt`, `${home()}/d`, { name: 'a.txt', replace: true, keepAccess: false });
    for (const { text } of [second, third]) await expect(server().openLink(text)).rejects.toMatchObject({ code: 'not-found.link' });
    expect(await labels(ada)).toEqual([]);
  });
});

describe('two devices', () => {
  test('make links at the same time, of the same and of different files', async () => {
    const other = await again();
    await Promise.all([ada.links.create(`${home()}/d`), other.links.create(`${home()}/d`), other.links.create(`${home()}/d/a.txt`)]);
    const made = await all((await again()).links.list());
    expect(made).toHaveLength(3);
    for (const { text } of made) await server().openLink(text);
  });

  describe('of which one makes a link while the other', () => {
    const path = (): string => `${home()}/d/a.txt`;
    const link = { text: '' };

    /** The other device, for which a link is made between its look and its commit. */
    async function slow(nth: number): Promise<UserSession> {
      const network = world.network();
      let count = 0;
      const pointers = new Proxy(network.pointers, {
        get: (target, key) => {
          const value: unknown = Reflect.get(target, key, target);
          if (typeof value !== 'function') return value;
          return async (...parameters: unknown[]): Promise<unknown> => {
            const isChange = String(key).startsWith('set');
            if (isArmed && isChange && ++count === nth) ({ text: link.text } = await ada.links.create(path()));
            return Reflect.apply(value, target, parameters) as unknown;
          };
        },
      });
      let isArmed = false;
      const wrapped = Object.assign(Object.create(network) as typeof network, { pointers });
      const session = await new PyrgosServer(wrapped, { crypto: world.quick }).logIn({ username: ada.username, password });
      await session.files.stat(path());
      isArmed = true;
      return session;
    }

    test.each([1, 2])('gives the file new keys: it opens (%i)', async (nth) => {
      const other = await slow(nth);
      await other.shares.share(path(), [], { access: 'write' });
      expect(await (await server().openLink(link.text)).files.readText(path())).toBe('first');
    });

    test('renames it: it opens, and is found under the new name', async () => {
      const other = await slow(1);
      await other.files.rename(path(), 'b.txt');
      expect(await labels(ada, `${home()}/d/b.txt`)).toHaveLength(1);
      expect(await (await server().openLink(link.text)).files.readText(`${home()}/d/b.txt`)).toBe('first');
    });

    test('deletes it: it is gone with the file', async () => {
      const other = await slow(1);
      await other.files.remove(path());
      await expect(server().openLink(link.text)).rejects.toMatchObject({ code: 'not-found.link' });
      expect(await labels(ada)).toEqual([]);
    });
  });

  test('an account without room makes none, and nothing of it is left', async () => {
    const { network, username, mirrorBat } = ada.account;
    expect(mirrorBat).toBeDefined();
    const blocks = network.blocks;
    const full = new PyrgosServer(
      Object.assign(Object.create(world.network()) as typeof network, {
        blocks: new Proxy(blocks, {
          get: (target, key) =>
            key === 'putBlocks'
              ? async () => {
                  throw new PyrgosError('quota', 'full');
                }
              : (Reflect.get(target, key, target) as unknown),
        }),
      }),
      { crypto: world.quick },
    );
    const session = await full.logIn({ username, password });
    await expect(session.links.create(`${home()}/d`)).rejects.toMatchObject({ code: 'quota' });
    expect(await labels(ada)).toEqual([]);
  });
});

test('opening one costs few requests', async () => {
  const path = `${home()}/d/a.txt`;
  const reading = await ada.links.create(`${home()}/d/sub/b.txt`);
  const writing = await ada.links.create(path, { writable: true });
  const cost = async (text: string): Promise<number> => {
    const { network, counter } = world.counted();
    await new PyrgosServer(network, { crypto: world.quick }).openLink(text);
    return counter.count();
  };
  // Link, chain; pointer and data of two writers with a proof; the file, and each directory above it.
  expect(await cost(reading.text)).toBeLessThanOrEqual(12);
  // One more writer, and a link node.
  expect(await cost(writing.text)).toBeLessThanOrEqual(16);
});
