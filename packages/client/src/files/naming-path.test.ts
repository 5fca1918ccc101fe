import { ConflictError, NotFoundError } from '@pyrgos/core/errors';
import { beforeEach, describe, expect, test } from 'vitest';
import { content, FileWorld } from '../../test/file-world.js';
import type { ByteSource } from './content/index.js';
import type { FileSystem } from './file-system.js';
import { openItem } from './view/index.js';

let files: FileSystem;
beforeEach(async () => {
  files = (await FileWorld.create()).device();
  await files.write('/ada/d/f', 'old', { parents: true });
  await files.write('/ada/d/g', 'other');
});

async function drained(entries: AsyncIterable<unknown>): Promise<void> {
  for await (const entry of entries) if (entry === undefined) return;
}

describe('an error about a file says which, as the program has called it', () => {
  const missing: Readonly<Record<string, (path: string) => Promise<unknown>>> = {
    stat: async (path) => files.stat(path),
    open: async (path) => files.open(path),
    read: async (path) => files.read(path),
    stream: async (path) => files.stream(path),
    list: async (path) => drained(files.list(path)),
    names: async (path) => drained(files.names(path)),
    verify: async (path) => drained(files.verify(path)),
    append: async (path) => files.append(path, 'x'),
    writeAt: async (path) => files.writeAt(path, 0, 'x'),
    truncate: async (path) => files.truncate(path, 0),
    rename: async (path) => files.rename(path, 'x'),
    move: async (path) => files.move(path, '/ada'),
    copy: async (path) => files.copy(path, '/ada'),
    remove: async (path) => files.remove(path),
    setProperties: async (path) => files.setProperties(path, { isHidden: true }),
  };
  test.each(Object.entries(missing))('missing: %s', async (_, call) => {
    for (const path of ['/ada/d/none', '/ada/d/\u202etxt']) {
      const error = await call(path).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(NotFoundError);
      expect(error).toMatchObject({ code: 'not-found.file', data: { path } });
      expect((error as Error).message).not.toContain('\u202e');
    }
  });

  const taken: readonly (readonly [string, string, () => Promise<unknown>])[] = [
    ['write', '/ada/d/f', async () => files.write('/ada/d/f', 'x', { onExisting: 'error' })],
    ['write, in the place of a directory', '/ada/d', async () => files.write('/ada/d', 'x', { onExisting: 'error' })],
    ['makeDirectory, in the place of a file', '/ada/d/f', async () => files.makeDirectory('/ada/d/f')],
    ['makeDirectory', '/ada/d', async () => files.makeDirectory('/ada/d')],
    ['makeDirectory, of the home', '/ada', async () => files.makeDirectory('/ada')],
    ['rename', '/ada/d/g', async () => files.rename('/ada/d/f', 'g')],
    ['move', '/ada/d/g', async () => files.move('/ada/d/f', '/ada/d', { name: 'g' })],
    ['copy', '/ada/d/g', async () => files.copy('/ada/d/f', '/ada/d', { name: 'g' })],
  ];
  test.each(taken)('in the way: %s', async (_, path, call) => {
    const error = await call().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ConflictError);
    expect(error).toMatchObject({ code: 'conflict.exists', data: { path }, retry: 'never' });
  });

  const tree = async (directory: string, path: readonly string[], source: ByteSource = 'x'): Promise<void> =>
    drained(files.writeTree(directory, [{ path, source }], { onExisting: () => 'replace' }));
  const otherKind: readonly (readonly [string, string, boolean, () => Promise<unknown>])[] = [
    ['write', '/ada/d', true, async () => files.write('/ada/d', 'x')],
    ['write, skipping', '/ada/d', true, async () => files.write('/ada/d', 'x', { onExisting: 'skip' })],
    ['write below a file', '/ada/d/f', false, async () => files.write('/ada/d/f/x', 'x', { parents: true })],
    ['write, deep below a file', '/ada/d/f', false, async () => files.write('/ada/d/f/x/y', 'x', { parents: true })],
    ['makeDirectory below a file', '/ada/d/f', false, async () => files.makeDirectory('/ada/d/f/x', { parents: true })],
    ['makeDirectory with parents', '/ada/d/f', false, async () => files.makeDirectory('/ada/d/f', { parents: true })],
    ['makeDirectory in a file', '/ada/d/f', false, async () => files.makeDirectory('/ada/d/f/x')],
    ['write in a file', '/ada/d/f', false, async () => files.write('/ada/d/f/x', 'x')],
    ['move into a file', '/ada/d/f', false, async () => files.move('/ada/d', '/ada/d/f', { name: 'x' })],
    ['copy into a file', '/ada/d/f', false, async () => files.copy('/ada/d', '/ada/d/f', { name: 'x' })],
    ['read', '/ada/d', true, async () => files.read('/ada/d')],
    ['list', '/ada/d/f', false, async () => drained(files.list('/ada/d/f'))],
    ['names', '/ada/d/f', false, async () => drained(files.names('/ada/d/f'))],
    ['writeTree into a file', '/ada/d/f', false, async () => tree('/ada/d/f', ['x'])],
    ['writeTree below a file', '/ada/d/f', false, async () => tree('/ada/d', ['f', 'x'])],
    ['writeTree, a directory', '/ada/d', true, async () => tree('/ada', ['d'])],
    ['writeTree, a directory, a large file', '/ada/d', true, async () => tree('/ada', ['d'], new Uint8Array(6_000_000))],
  ];
  test.each(otherKind)('of another kind: %s', async (_, path, isDirectory, call) => {
    await expect(call()).rejects.toMatchObject({ code: 'conflict.file', data: { path, isDirectory } });
  });

  const short = (size: number): ByteSource => ({ size, open: () => new Blob(['short']).stream() });
  const sources: readonly (readonly [string, () => Promise<unknown>])[] = [
    ['write', async () => files.write('/ada/d/s', short(9))],
    ['append', async () => files.append('/ada/d/f', short(9))],
    ['writeTree', async () => tree('/ada/d', ['s'], short(9))],
    ['writeTree, a large file', async () => tree('/ada/d', ['s'], short(6_000_000))],
  ];
  test.each(sources)('whose content changed: %s', async (_, call) => {
    const path = expect.stringMatching(/^\/ada\/d\/[sf]$/) as string;
    await expect(call()).rejects.toMatchObject({ code: 'conflict.source', data: { path } });
  });

  test('two files of one name in a tree', async () => {
    const twice = ['x', 'yy'].map((source) => ({ path: ['twice'], source }));
    const told: unknown[] = [];
    const onError = (_: unknown, error: unknown): 'skip' => {
      told.push(error);
      return 'skip';
    };
    for await (const { error } of files.writeTree('/ada/d', twice, { onError })) if (error !== undefined) expect(told).toContain(error);
    expect(told).toMatchObject([{ code: 'conflict.exists', data: { path: '/ada/d/twice' } }]);
    await expect(drained(files.writeTree('/ada/d', twice))).rejects.toMatchObject({ data: { path: '/ada/d/twice' } });
  });

  test('damaged', async () => {
    const world = await FileWorld.create();
    const { capability } = await world.addFile(world.home, 'big', content(20_000));
    world.loseBlock((await openItem(world.view(world.newSessions()), capability)).node.data.fragments[0]!.cid);
    const reader = world.device();
    const lost = { code: 'not-found.block', data: { path: '/ada/big' } };
    await expect(reader.read('/ada/big')).rejects.toMatchObject(lost);
    await expect(reader.copy('/ada/big', '/ada', { name: 'copy' })).rejects.toMatchObject(lost);
    const read = async (): Promise<void> => {
      for await (const _ of await reader.stream('/ada/big')) void _;
    };
    await expect(read()).rejects.toMatchObject(lost);
    await expect((await reader.open('/ada/big')).read(5, 9)).rejects.toMatchObject(lost);
  });

  test('changed', async () => {
    const { version } = await files.stat('/ada/d/f');
    await files.write('/ada/d/f', 'new');
    const path = '/ada/d/f';
    await expect(files.write(path, 'x', { ifVersion: version })).rejects.toMatchObject({
      code: 'conflict.changed',
      data: { path, isMissing: false },
    });
    await expect(files.append(path, 'x', { expectedSize: 1 })).rejects.toMatchObject({ code: 'conflict.file', data: { path } });
  });

  test('what a source throws is left alone', async () => {
    const own = new NotFoundError('not-found.file', 'no');
    const open = (): never => {
      throw own;
    };
    await expect(files.write('/ada/d/h', { size: 1, open })).rejects.toBe(own);
    expect(own.data).toEqual({});
  });
});
