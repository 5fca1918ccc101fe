import { ConflictError, type PyrgosError } from '@pyrgos/core/errors';
import { seededRandom } from '@pyrgos/testkit/random';
import { beforeEach, describe, expect, test } from 'vitest';
import { FileWorld } from '../../test/file-world.js';
import type { FileSystem } from './file-system.js';

const utf8 = new TextEncoder();
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

let world: FileWorld;
let files: FileSystem;

/** The files as another device sees them, with caches of its own. */
function device(): FileSystem {
  return world.device(world.newSessions({ pointerCacheMilliseconds: 0 }));
}

beforeEach(async () => {
  world = await FileWorld.create();
  files = device();
});

/** Every path below a directory: content of files, `/` for directories. */
async function contents(system: FileSystem, path: string, into: Map<string, string> = new Map()): Promise<Map<string, string>> {
  for await (const entry of system.list(path)) {
    if (entry.isDamaged) throw entry.error;
    into.set(entry.path, entry.isDirectory ? '/' : text(await system.read(entry.path)));
    if (entry.isDirectory) await contents(system, entry.path, into);
  }
  return into;
}

describe('paths', () => {
  test('the root holds the home directory', async () => {
    const names = [];
    for await (const entry of files.list('/')) names.push(entry.isDamaged ? undefined : entry.path);
    expect(names).toEqual(['/ada']);
    for (const root of [await files.stat('/'), await files.find('')]) {
      expect(root).toMatchObject({ path: '/', name: '', kind: 'directory', size: 0, isWritable: false, isHidden: false });
    }
    const listed = [];
    for await (const element of files.names('/')) listed.push(element);
    expect(listed).toEqual([{ name: 'ada', isDirectory: true, mimeType: '', created: (await files.stat('/ada')).created }]);
    expect((await files.makeDirectory('/', { parents: true })).path).toBe('/');
    for await (const finding of files.verify('/')) throw finding.error;
    expect((await files.stat('ada/')).isDirectory).toBe(true);
  });

  test('what is not there is not found, whatever it is asked for', async () => {
    expect(await files.find('/ada/nothing')).toBeUndefined();
    expect(await files.find('/bob')).toBeUndefined();
    for (const call of [
      async () => files.stat('/ada/nothing'),
      async () => files.read('/ada/nothing'),
      async () => files.rename('/ada/nothing', 'x'),
      async () => files.remove('/ada/nothing'),
      async () => files.move('/ada/nothing', '/ada'),
      async () => files.copy('/ada/nothing', '/ada'),
      async () => files.append('/ada/nothing', utf8.encode('x')),
      async () => files.write('/ada/nothing/x', utf8.encode('x')),
      async () => files.makeDirectory('/ada/nothing/x'),
    ]) {
      await expect(call()).rejects.toMatchObject({ code: 'not-found.file' });
    }
  });

  test('what cannot be is refused', async () => {
    await files.write('/ada/file', utf8.encode('x'));
    for (const call of [
      async () => files.remove('/ada'),
      async () => files.rename('/ada', 'eve'),
      async () => files.remove('/'),
      async () => files.read('/'),
      async () => files.write('/ada/..', utf8.encode('x')),
      async () => files.write('/ada', utf8.encode('x')),
      async () => files.rename('/ada/file', 'a/b'),
      async () => files.makeDirectory('/bob/x', { parents: true }),
      async () => files.truncate('/ada/file', -1),
    ]) {
      await expect(call()).rejects.toMatchObject({ code: 'argument' });
    }
    for (const call of [
      async () => files.read('/ada'),
      async () => files.copy('/ada/file', '/ada/file'),
      async () => files.writeAt('/ada/file', 2, utf8.encode('x')),
    ]) {
      await expect(call()).rejects.toMatchObject({ code: 'conflict.file' });
    }
    await expect(files.makeDirectory('/ada/file/x', { parents: true })).rejects.toMatchObject({ code: 'conflict.file' });
    await expect(files.write(`/ada/${'n'.repeat(256)}`, utf8.encode('x'))).rejects.toMatchObject({ code: 'limit' });
    expect(await contents(device(), '/ada')).toEqual(new Map([['/ada/file', 'x']]));
  });

  test('a name with a backslash is reached by its own path, and no other', async () => {
    await files.makeDirectory('/ada/a');
    await files.write('/ada/a/b', utf8.encode('below'));
    await files.write('/ada/a\\b', utf8.encode('beside'));
    expect(await contents(device(), '/ada')).toEqual(
      new Map([
        ['/ada/a', '/'],
        ['/ada/a/b', 'below'],
        ['/ada/a\\b', 'beside'],
      ]),
    );
    await files.remove('/ada/a\\b');
    expect(text(await files.read('/ada/a/b'))).toBe('below');
  });

  test('the directories that the account needs stay where they are', async () => {
    for (const name of ['.transactions', '.capabilitycache', 'shared']) {
      await files.makeDirectory(`/ada/${name}`, { parents: true });
      for (const call of [
        async () => files.remove(`/ada/${name}`),
        async () => files.removeAll('ada/', ['a', name]),
        async () => files.rename(`/ada/${name}`, 'other'),
        async () => files.move(`ada//${name}`, '/ada'),
      ]) {
        await expect(call()).rejects.toMatchObject({ code: 'argument' });
      }
      await files.makeDirectory(`/ada/d/${name}`, { parents: true });
      await files.remove(`/ada/d/${name}`);
    }
    expect((await contents(device(), '/ada')).size).toBe(4);
  });

  test('names that harm other programs are names like any other', async () => {
    const names = ['constructor', '__proto__', 'toString', '<img src=x onerror=alert(1)>', '🗼'.repeat(127), ' ', '\u202Egpj.exe', 'a\nb'];
    for (const name of names) await files.write(`/ada/${name}`, utf8.encode(name));
    expect(await contents(device(), '/ada')).toEqual(new Map(names.map((name) => [`/ada/${name}`, name])));
  });
});

describe('writing', () => {
  test('replaces by default, and says what came of it', async () => {
    expect((await files.write('/ada/a', utf8.encode('one'))).outcome).toBe('created');
    expect((await files.write('/ada/a', utf8.encode('two'))).outcome).toBe('replaced');
    expect((await files.write('/ada/a', utf8.encode('two'))).outcome).toBe('unchanged');
    expect((await files.write('/ada/a', utf8.encode('three'), { onExisting: 'skip' })).outcome).toBe('skipped');
    await expect(files.write('/ada/a', utf8.encode('three'), { onExisting: 'error' })).rejects.toMatchObject({ code: 'conflict.exists' });
    expect(text(await device().read('/ada/a'))).toBe('two');
  });

  test('missing directories are made when asked for', async () => {
    await files.write('/ada/x/y/z', utf8.encode('deep'), { parents: true });
    await files.write('/ada/x/y/w', utf8.encode('too'), { parents: true });
    expect((await files.makeDirectory('/ada/x/y', { parents: true })).path).toBe('/ada/x/y');
    await expect(files.makeDirectory('/ada/x/y')).rejects.toMatchObject({ code: 'conflict.exists' });
    expect([...(await contents(device(), '/ada')).keys()].sort()).toEqual(['/ada/x', '/ada/x/y', '/ada/x/y/w', '/ada/x/y/z']);
  });

  test('missing directories are not made for a file that is not stored', async () => {
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield utf8.encode('begun');
      throw new Error('the source is gone');
    }
    await expect(files.write('/ada/x/y/z', failing(), { parents: true })).rejects.toThrow('the source is gone');
    await expect(files.write('/ada/x/y/z', 5 as never, { parents: true })).rejects.toMatchObject({ code: 'argument' });
    await expect(files.write('/bob/y/z', utf8.encode('x'), { parents: true })).rejects.toMatchObject({ code: 'argument' });
    expect((await contents(device(), '/ada')).size).toBe(0);
  });

  test('a whole tree', async () => {
    const entries = [
      { path: ['empty'], isDirectory: true as const },
      ...Array.from({ length: 30 }, (_, i) => ({ path: ['a', `f${i}`], source: utf8.encode(`${i}`) })),
    ];
    const outcomes = [];
    for await (const { outcome } of files.writeTree('/ada', entries)) outcomes.push(outcome);
    expect(outcomes).toEqual(Array.from({ length: 30 }, () => 'created'));
    expect((await contents(device(), '/ada')).size).toBe(32);
    const again = [];
    for await (const { outcome } of files.writeTree('/ada', entries)) again.push(outcome);
    expect(again).toEqual(Array.from({ length: 30 }, () => 'unchanged'));
  });

  test('a whole tree below a directory that is not there yet', async () => {
    const entries = [{ path: ['a', 'f'], source: utf8.encode('f') }];
    for await (const { outcome } of files.writeTree('/ada/new/deep', entries)) expect(outcome).toBe('created');
    expect([...(await contents(device(), '/ada')).keys()].sort()).toEqual([
      '/ada/new',
      '/ada/new/deep',
      '/ada/new/deep/a',
      '/ada/new/deep/a/f',
    ]);
    const first = async (directory: string): Promise<unknown> => files.writeTree(directory, entries).next();
    await expect(first('/ada/new/deep/a/f')).rejects.toMatchObject({ code: 'conflict.file' });
    await expect(first('/ada/new/deep/a/f/below')).rejects.toMatchObject({ code: 'conflict.file' });
    await expect(first('/bob/new')).rejects.toMatchObject({ code: 'argument' });
  });

  test('properties', async () => {
    const modified = new Date('2001-02-03T04:05:06.789Z');
    await files.write('/ada/a.txt', utf8.encode('hello'), { modified });
    expect(await files.stat('/ada/a.txt')).toMatchObject({
      name: 'a.txt',
      kind: 'file',
      size: 5,
      mimeType: 'text/plain',
      modified,
      type: 'text',
    });
    await files.setProperties('/ada/a.txt', { isHidden: true, modified: new Date(0) });
    expect(await device().stat('/ada/a.txt')).toMatchObject({ isHidden: true, modified: new Date(0), created: modified });
  });

  test('an aborted call changes nothing', async () => {
    const signal = AbortSignal.abort();
    for (const call of [
      async () => files.write('/ada/a', utf8.encode('x'), { signal }),
      async () => files.makeDirectory('/ada/d', { signal }),
      async () => files.stat('/ada', { signal }),
      async () => files.read('/ada/a', { signal }),
    ]) {
      await expect(call()).rejects.toMatchObject({ code: 'aborted' });
    }
    expect((await contents(device(), '/ada')).size).toBe(0);
  });

  test('an aborted call ends while the server is silent', async () => {
    await files.write('/ada/a', utf8.encode('x'));
    for (const call of [
      async (signal: AbortSignal) => device().open('/ada/a', { signal }),
      async (signal: AbortSignal) => device().read('/ada/a', { signal }),
      async (signal: AbortSignal) => device().stream('/ada/a', { signal }),
      async (signal: AbortSignal) => device().stat('/ada/a', { signal }),
    ]) {
      const controller = new AbortController();
      world.base.server.hooks.before = async () => {
        controller.abort();
        return new Promise<never>(() => undefined);
      };
      await expect(call(controller.signal)).rejects.toMatchObject({ code: 'aborted' });
      world.base.server.hooks.before = undefined;
    }
  });
});

describe('moving', () => {
  test('gives another name in the same piece, and is no conflict where it is', async () => {
    await files.write('/ada/a/f', utf8.encode('x'), { parents: true });
    await files.makeDirectory('/ada/b');
    const entry = await files.move('/ada/a/f', '/ada/b', { name: 'g' });
    expect([entry.path, entry.name, text(await files.read('/ada/b/g'))]).toEqual(['/ada/b/g', 'g', 'x']);
    expect(await files.find('/ada/a/f')).toBeUndefined();
    expect((await files.move('/ada/b/g', '/ada/b')).version).toBe((await files.stat('/ada/b/g')).version);
    expect((await files.move('/ada/b/g', '/ada/b', { name: 'h' })).path).toBe('/ada/b/h');
    await expect(files.move('/ada/b/h', '/ada', { name: 'a' })).rejects.toMatchObject({ code: 'conflict.exists' });
    await expect(files.move('/ada/b/h', '/ada', { name: 'x/y' })).rejects.toMatchObject({ code: 'argument' });
    expect((await files.move('/ada/b', '/ada/a', { name: 'c', keepAccess: false })).path).toBe('/ada/a/c');
    expect(text(await device().read('/ada/a/c/h'))).toBe('x');
  });
});

describe('several devices', () => {
  test('all write into one directory at the same time', async () => {
    const devices = [files, device(), device()];
    await Promise.all(
      devices.flatMap((system, d) => Array.from({ length: 5 }, async (_, i) => system.write(`/ada/${d}-${i}`, utf8.encode(`${d} ${i}`)))),
    );
    expect((await contents(device(), '/ada')).size).toBe(15);
  });

  test('one of those who want the same name gets it', async () => {
    const results = await Promise.allSettled([files, device(), device()].map(async (system) => system.makeDirectory('/ada/d')));
    const failures = results.filter((result) => result.status === 'rejected').map(({ reason }) => (reason as PyrgosError).code);
    expect(failures).toEqual(['conflict.exists', 'conflict.exists']);
  });

  test('random changes on two devices leave what they would leave on one', async () => {
    for (let seed = 1; seed <= 12; seed++) {
      world = await FileWorld.create();
      const devices = [device(), device()];
      const random = seededRandom(seed);
      const model = new Map<string, string>();
      const pick = (paths: readonly string[]): string => paths[random.nextInteger(paths.length)] ?? '/ada';
      const directories = (): string[] => ['/ada', ...[...model].filter(([, value]) => value === '/').map(([path]) => path)];
      const below = (path: string): string[] => [...model.keys()].filter((other) => other === path || other.startsWith(`${path}/`));
      const relocate = (from: string, to: string, keep: boolean): void => {
        for (const path of below(from)) {
          model.set(to + path.slice(from.length), model.get(path) ?? '');
          if (!keep) model.delete(path);
        }
      };
      for (let step = 0; step < 25; step++) {
        const system = devices[random.nextInteger(2)] as FileSystem;
        const name = `n${random.nextInteger(4)}`;
        const directory = pick(directories());
        const path = `${directory}/${name}`;
        const any = model.size === 0 ? undefined : pick([...model.keys()]);
        const action = random.nextInteger(6);
        let failure: unknown;
        const attempt = async (run: () => Promise<unknown>): Promise<boolean> => {
          try {
            await run();
            return true;
          } catch (error) {
            failure = error;
            return false;
          }
        };
        const where = `seed ${seed}, step ${step}`;
        if (action === 0 && model.get(path) !== '/') {
          const content = `${step}`;
          expect(await attempt(async () => system.write(path, utf8.encode(content))), where).toBe(true);
          model.set(path, content);
        } else if (action === 1) {
          const isFree = !model.has(path);
          expect(await attempt(async () => system.makeDirectory(path)), where).toBe(isFree);
          if (isFree) model.set(path, '/');
        } else if (action === 2 && any !== undefined) {
          expect(await attempt(async () => system.remove(any)), where).toBe(true);
          for (const other of below(any)) model.delete(other);
        } else if (action === 3 && any !== undefined) {
          const target = `${any.slice(0, any.lastIndexOf('/'))}/${name}`;
          const isFree = !model.has(target) || target === any;
          expect(await attempt(async () => system.rename(any, name)), where).toBe(isFree);
          if (isFree && target !== any) relocate(any, target, false);
        } else if (action === 4 && any !== undefined) {
          const target = `${directory}/${any.slice(any.lastIndexOf('/') + 1)}`;
          const isInside = directory === any || directory.startsWith(`${any}/`);
          const isFree = (!model.has(target) || target === any) && !isInside;
          expect(await attempt(async () => system.move(any, directory)), where).toBe(isFree);
          if (isFree && target !== any) relocate(any, target, false);
        } else if (action === 5 && any !== undefined && model.get(any) !== '/') {
          expect(await attempt(async () => system.append(any, utf8.encode('+'))), where).toBe(true);
          model.set(any, `${model.get(any) ?? ''}+`);
        }
        if (failure instanceof ConflictError)
          expect(failure.code, where).toBe(failure.data['isDirectory'] === undefined ? 'conflict.exists' : 'conflict.file');
      }
      const expected = [...model].sort(([a], [b]) => (a < b ? -1 : 1));
      for (const system of [...devices, device()]) {
        expect(
          [...(await contents(system, '/ada'))].sort(([a], [b]) => (a < b ? -1 : 1)),
          `seed ${seed}`,
        ).toEqual(expected);
      }
    }
  });
});
