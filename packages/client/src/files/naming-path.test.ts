import { ConflictError, NotFoundError } from '@pyrgos/core/errors';
import { beforeEach, describe, expect, test } from 'vitest';
import { FileWorld } from '../../test/file-world.js';
import type { FileSystem } from './file-system.js';

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
    ['write below a file', '/ada/d/f', async () => files.write('/ada/d/f/x', 'x', { parents: true })],
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
