import { beforeEach, describe, expect, test } from 'vitest';
import { outcome } from '../../test/commit-world.js';
import { ContentWorld } from '../../test/content-world.js';
import { FileSystem } from './file-system.js';
import { rotateAllKeys } from './structure/index.js';

let world: ContentWorld;
/** Two devices of one user. */
let here: FileSystem;
let there: FileSystem;

beforeEach(async () => {
  world = await ContentWorld.create();
  [here, there] = [device(), device()];
  await here.makeDirectory('/ada/d/sub', { parents: true });
  await here.makeDirectory('/ada/e');
  await here.write('/ada/d/new', 'new');
  await here.write('/ada/d/old', new Uint8Array(11_000_000));
  await here.write('/ada/e/new', new Uint8Array(6_000_000));
});

function device(): FileSystem {
  const { files, ports } = world;
  return new FileSystem({ ...ports, sessions: files.newSessions(), username: 'ada', home: files.home.capability });
}

async function names(path: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name = '' } of device().names(path)) found.push(name);
  return found.sort();
}

async function text(path: string): Promise<string> {
  return new TextDecoder().decode(await device().read(path));
}

async function findings(): Promise<string[]> {
  const found: string[] = [];
  for await (const { path, part, error } of device().verify('/ada', { content: true })) found.push(`${path} ${part} ${error.message}`);
  return found;
}

/** Commits since the last call. */
const commits = (): number => world.files.requests().filter((name) => name.startsWith('setPointer')).length;

describe('a file takes the place of another one', () => {
  test('when it is renamed: in one commit, with all chunks of the other one', async () => {
    const before = await world.chunkCount();
    commits();
    expect((await here.rename('/ada/d/new', 'old', { replace: true })).path).toBe('/ada/d/old');
    expect(commits()).toBe(1);
    expect([await names('/ada/d'), await text('/ada/d/old')]).toEqual([['old', 'sub'], 'new']);
    expect(await world.chunkCount()).toBe(before - 3);
    expect(await findings()).toEqual([]);
  });

  test.each([true, false])('when it is moved, access kept: %s', async (keepAccess) => {
    const before = await world.chunkCount();
    commits();
    expect((await here.move('/ada/d/new', '/ada/e', { replace: true, keepAccess })).path).toBe('/ada/e/new');
    expect(commits()).toBe(1);
    expect([await names('/ada/d'), await names('/ada/e'), await text('/ada/e/new')]).toEqual([['old', 'sub'], ['new'], 'new']);
    expect(await world.chunkCount()).toBe(before - 2);
    await here.move('/ada/e/new', '/ada/d', { replace: true, keepAccess, name: 'old' });
    expect([await names('/ada/d'), await names('/ada/e'), await text('/ada/d/old')]).toEqual([['old', 'sub'], [], 'new']);
    expect(await world.chunkCount()).toBe(before - 5);
    expect(await findings()).toEqual([]);
  });

  test('when it is copied', async () => {
    const before = await world.chunkCount();
    commits();
    expect((await here.copy('/ada/d/new', '/ada/e', { replace: true })).path).toBe('/ada/e/new');
    expect(commits()).toBe(1);
    expect([await names('/ada/e'), await text('/ada/e/new'), await text('/ada/d/new')]).toEqual([['new'], 'new', 'new']);
    expect(await world.chunkCount()).toBe(before - 1);
    // There is nothing to replace.
    await here.copy('/ada/d/new', '/ada/e', { replace: true, name: 'more' });
    expect(await names('/ada/e')).toEqual(['more', 'new']);
    expect(await findings()).toEqual([]);
  });

  test('that has a writing space of its own', async () => {
    await world.run(async (operation, home) => {
      const { findPath } = await import('./view/index.js');
      const directory = (await findPath(operation, home, 'e'))!;
      await rotateAllKeys(operation, directory, (await findPath(operation, home, 'e/new'))!, { rotateSigner: true });
    });
    await there.move('/ada/d/new', '/ada/e', { replace: true });
    expect([await names('/ada/e'), await text('/ada/e/new')]).toEqual([['new'], 'new']);
    expect(await findings()).toEqual([]);
  });

  test('only when it is told to, and when both are files', async () => {
    const attempts = [
      async () => here.rename('/ada/d/new', 'old'),
      async () => here.move('/ada/d/new', '/ada/e'),
      async () => here.copy('/ada/d/new', '/ada/e', { name: 'new' }),
      async () => here.rename('/ada/d/new', 'sub', { replace: true }),
      async () => here.rename('/ada/d/sub', 'new', { replace: true }),
      async () => here.move('/ada/d/sub', '/ada/e', { name: 'new', replace: true }),
      async () => here.copy('/ada/d/sub', '/ada/e', { name: 'new', replace: true }),
      async () => here.copy('/ada/d/new', '/ada/d', { name: 'sub', replace: true }),
    ];
    for (const attempt of attempts) expect(await outcome(attempt())).toBe('conflict.exists');
    expect(await outcome(here.copy('/ada/d/new', '/ada/d', { replace: true }))).toBe('argument');
    for (const options of [{ replace: 1 }, { replace: 'yes' }]) {
      expect(await outcome(here.rename('/ada/d/new', 'x', options as never))).toBe('argument');
    }
    // It has the name already.
    await here.rename('/ada/d/new', 'new', { replace: true });
    expect([await names('/ada/d'), await names('/ada/e')]).toEqual([['new', 'old', 'sub'], ['new']]);
  });
});

describe('a file is renamed or moved only in the version that was looked at', () => {
  test('and is: then all is well', async () => {
    const { version } = await here.stat('/ada/d/new');
    const renamed = await here.rename('/ada/d/new', 'newer', { ifVersion: version });
    await here.move('/ada/d/newer', '/ada/e', { ifVersion: renamed.version });
    expect(await names('/ada/e')).toEqual(['new', 'newer']);
  });

  test('and was changed by another device', async () => {
    const { version } = await here.stat('/ada/d/new');
    there.refresh();
    await there.append('/ada/d/new', '!');
    expect(await outcome(here.rename('/ada/d/new', 'x', { ifVersion: version }))).toBe('conflict.changed');
    expect(await outcome(here.move('/ada/d/new', '/ada/e', { name: 'x', ifVersion: version }))).toBe('conflict.changed');
    await there.remove('/ada/d/new');
    expect(await outcome(here.rename('/ada/d/new', 'x', { ifVersion: version }))).toBe('conflict.changed');
    expect([await names('/ada/d'), await names('/ada/e')]).toEqual([['old', 'sub'], ['new']]);
  });

  test('... which directories do not have', async () => {
    const { version } = await here.stat('/ada/d/sub');
    expect(await outcome(here.rename('/ada/d/sub', 'x', { ifVersion: version }))).toBe('argument');
    expect(await outcome(here.move('/ada/d/sub', '/ada/e', { ifVersion: version }))).toBe('argument');
  });
});

test('the directories of the system are not written into; they can be read, and what is in them removed', async () => {
  for (const name of ['.transactions', 'shared', '.capabilitycache']) {
    const attempts = [
      async () => here.write(`/ada/${name}/f`, 'x'),
      async () => here.write(`/ada/${name}`, 'x'),
      async () => here.write(`/ada/${name}/f`, 'x', { parents: true }),
      async () => here.append(`/ada/${name}/f`, 'x'),
      async () => here.setProperties(`/ada/${name}/f`, { isHidden: true }),
      async () => here.makeDirectory(`/ada/${name}/f`),
      async () => here.makeDirectory(`/ada/${name}/f`, { parents: true }),
      async () => here.rename(`/ada/${name}/f`, 'x'),
      async () => here.rename('/ada/d', name),
      async () => here.move('/ada/d/new', `/ada/${name}`),
      async () => here.move(`/ada/${name}/f`, '/ada/d'),
      async () => here.move('/ada/d', '/ada', { name }),
      async () => here.copy('/ada/d/new', `/ada/${name}`),
      async () => here.writeTree('/ada', [{ path: [name, 'f'], source: 'x' }]).next(),
      async () => here.writeTree('/ada', [{ path: [name, 'f'], isDirectory: true }]).next(),
      async () => here.writeTree(`/ada/${name}`, [{ path: ['f'], source: 'x' }]).next(),
    ];
    for (const attempt of attempts) expect([name, String(attempt), await outcome(attempt())]).toEqual([name, String(attempt), 'argument']);
  }
  expect(await names('/ada/.transactions')).toEqual([]);
  const found: string[] = [];
  const entries = [
    { path: ['.transactions', 'f'], source: 'x' },
    { path: ['g'], source: 'x' },
  ];
  for await (const { outcome: what } of here.writeTree('/ada', entries, { onError: () => 'skip' })) found.push(what);
  expect(found.sort()).toEqual(['created', 'failed']);
  // Another account may have such directories.
  await here.makeDirectory('/ada/d/shared/.transactions', { parents: true });
});
