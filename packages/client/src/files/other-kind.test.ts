import { Thumbnail } from '@pyrgos/core/model';
import { beforeEach, describe, expect, test } from 'vitest';
import { outcome } from '../../test/commit-world.js';
import { content, FileWorld } from '../../test/file-world.js';
import type { FileSystem } from './file-system.js';

/** What a program has looked at is another thing by the time of its call: nothing that it does wrong. */

let world: FileWorld;
let here: FileSystem;
let elsewhere: FileSystem;

beforeEach(async () => {
  world = await FileWorld.create();
  here = world.device();
  elsewhere = world.device();
  await here.write('/ada/file', content(100));
  await here.makeDirectory('/ada/directory');
  await here.write('/ada/other', content(10));
});

async function drain(sequence: AsyncIterable<unknown>): Promise<void> {
  for await (const element of sequence) void element;
}

/** Another device puts a directory in the place of the file, and a file in that of the directory. */
async function swap(): Promise<void> {
  await elsewhere.remove('/ada/file');
  await elsewhere.makeDirectory('/ada/file');
  await elsewhere.remove('/ada/directory');
  await elsewhere.write('/ada/directory', content(5));
}

const thumbnail = Thumbnail.of('image/png', content(10));

/** Calls that need a file. */
const ofFiles: Readonly<Record<string, (ifVersion?: string) => Promise<unknown>>> = {
  append: async (ifVersion) => here.append('/ada/file', content(1), { ifVersion }),
  writeAt: async (ifVersion) => here.writeAt('/ada/file', 3, content(1), { ifVersion }),
  truncate: async (ifVersion) => here.truncate('/ada/file', 3, { ifVersion }),
  'setProperties, type': async (ifVersion) => here.setProperties('/ada/file', { mimeType: 'text/plain' }, { ifVersion }),
  'setProperties, thumbnail': async (ifVersion) => here.setProperties('/ada/file', { thumbnail }, { ifVersion }),
};

/** Calls that need a directory. */
const ofDirectories: Readonly<Record<string, () => Promise<unknown>>> = {
  list: async () => drain(here.list('/ada/directory')),
  names: async () => drain(here.names('/ada/directory')),
  write: async () => here.write('/ada/directory/x', content(1)),
  makeDirectory: async () => here.makeDirectory('/ada/directory/x'),
  move: async () => here.move('/ada/other', '/ada/directory'),
  copy: async () => here.copy('/ada/other', '/ada/directory'),
  writeTree: async () => drain(here.writeTree('/ada/directory', [{ path: ['x'], source: content(1) }])),
  removeAll: async () => here.removeAll('/ada/directory', ['x']),
};

describe('a file that is a directory now, and the other way round', () => {
  test.each(Object.entries(ofFiles))('%s', async (_, call) => {
    const { version } = await here.stat('/ada/file');
    await swap();
    await expect(call()).rejects.toMatchObject({ code: 'conflict.file', data: { isDirectory: true } });
    expect(await outcome(call(version))).toBe('conflict.changed');
    // With the version of the directory it is still none of what a directory has.
    here.refresh();
    expect(await outcome(call((await here.stat('/ada/file')).version))).toBe('conflict.file');
  });

  test.each(
    Object.entries({ read: () => here.read('/ada/file'), open: () => here.open('/ada/file'), stream: () => here.stream('/ada/file') }),
  )('%s', async (_, call) => {
    await swap();
    here.refresh();
    await expect(call()).rejects.toMatchObject({ code: 'conflict.file', data: { field: 'path', isDirectory: true } });
  });

  test.each(Object.entries(ofDirectories))('%s', async (_, call) => {
    expect((await here.stat('/ada/directory')).isDirectory).toBe(true);
    await swap();
    here.refresh();
    await expect(call()).rejects.toMatchObject({ code: 'conflict.file', data: { isDirectory: false } });
  });

  test('remove, of a version', async () => {
    const { version } = await here.stat('/ada/file');
    await swap();
    expect(await outcome(here.remove('/ada/file', { ifVersion: version }))).toBe('conflict.changed');
    const directory = await elsewhere.stat('/ada/file');
    expect(await outcome(elsewhere.remove('/ada/file', { ifVersion: directory.version }))).toBe('argument');
  });

  test('is looked at once more where it was seen some seconds ago', async () => {
    expect((await here.stat('/ada/directory')).isDirectory).toBe(true);
    expect((await here.stat('/ada/file')).isDirectory).toBe(false);
    await swap();
    // What this device believes to be of the wrong kind is what it wants by now.
    expect(await here.read('/ada/directory')).toEqual(content(5));
    await elsewhere.write('/ada/file/x', content(3));
    await drain(here.list('/ada/file'));
    expect(await here.read('/ada/file/x')).toEqual(content(3));
  });

  test('and so is what a change needs', async () => {
    expect((await here.stat('/ada/directory')).isDirectory).toBe(true);
    await swap();
    await here.append('/ada/directory', content(2));
    await here.copy('/ada/other', '/ada/file');
    elsewhere.refresh();
    expect((await elsewhere.read('/ada/directory')).length).toBe(7);
    expect((await elsewhere.read('/ada/file/other')).length).toBe(10);
  });
});

describe('a file that another device has made shorter', () => {
  test('is read as far as it goes', async () => {
    await elsewhere.truncate('/ada/file', 40);
    here.refresh();
    expect(await here.read('/ada/file', { start: 30, end: 60 })).toEqual(content(100).slice(30, 40));
    expect(await here.read('/ada/file', { start: 50 })).toEqual(new Uint8Array());
  });

  test('is not written into beyond its end: what would be between?', async () => {
    const { size, version } = await here.stat('/ada/file');
    await elsewhere.truncate('/ada/file', 40);
    const refused = { code: 'conflict.file', data: { start: 100, size: 40 } };
    await expect(here.writeAt('/ada/file', size, content(5))).rejects.toMatchObject(refused);
    expect(await outcome(here.writeAt('/ada/file', size, content(5), { ifVersion: version }))).toBe('conflict.changed');
    // Not even where there is nothing to write.
    await expect(here.writeAt('/ada/file', size, new Uint8Array())).rejects.toMatchObject(refused);
    expect(await outcome(here.writeAt('/ada/file', -1, content(5)))).toBe('argument');
    expect((await here.writeAt('/ada/file', 40, content(5))).size).toBe(45);
  });
});
