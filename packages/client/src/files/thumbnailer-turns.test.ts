import { Thumbnail } from '@pyrgos/core/model';
import { beforeEach, expect, test } from 'vitest';
import { outcome } from '../../test/commit-world.js';
import { FileWorld } from '../../test/file-world.js';
import { FileSystem } from './file-system.js';

// A thumbnailer is code of somebody else: it may take its time, never end, or change files itself.

const png = (length: number): Uint8Array => {
  const bytes = new Uint8Array(length);
  bytes.set([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return bytes;
};
const thumbnail = Thumbnail.of('image/webp', Uint8Array.of(1, 2, 3));

let world: FileWorld;
let calls = 0;

beforeEach(async () => {
  world = await FileWorld.create();
  calls = 0;
});

function filesWith(create: (files: FileSystem) => Promise<Thumbnail | undefined>): FileSystem {
  const { server, clock } = world.base;
  const sessions = world.newSessions();
  const home = world.home.capability;
  const thumbnailer = {
    create: async (): Promise<Thumbnail | undefined> => {
      calls++;
      return create(files);
    },
  };
  const files = new FileSystem({ sessions, username: 'ada', home, blocks: server.blocks, clock, thumbnailer });
  return files;
}

const changing = (): FileSystem =>
  filesWith(async (files) => {
    await files.write(`/ada/log${calls}`, 'made a thumbnail');
    return thumbnail;
  });

async function isShown(path: string, size: number): Promise<void> {
  const entry = await world.device().stat(path);
  expect([entry.size, entry.thumbnail?.mimeType]).toEqual([size, 'image/webp']);
  for (let i = 1; i <= calls; i++) expect(await world.device().find(`/ada/log${i}`)).toBeDefined();
  const found: string[] = [];
  for await (const { path: place, error } of world.device().verify('/ada', { content: true })) found.push(`${place} ${error.message}`);
  expect(found).toEqual([]);
}

test.each([500, 6_000_000])('one that changes the same directory: a file of %i bytes, new and in place of another', async (size) => {
  const files = changing();
  await files.write('/ada/a', png(size));
  expect(calls).toBe(1);
  await isShown('/ada/a', size);
  await files.write('/ada/a', png(size + 1));
  expect(calls).toBe(2);
  await isShown('/ada/a', size + 1);
});

test('... files of a tree', async () => {
  const files = changing();
  const write = async (sizes: readonly number[]): Promise<string[]> => {
    const outcomes: string[] = [];
    const entries = sizes.map((size, i) => ({ path: [`f${i}`], source: png(size) }));
    for await (const { outcome: said } of files.writeTree('/ada', entries, { onExisting: () => 'replace' })) outcomes.push(said);
    return outcomes;
  };
  expect(await write([500, 600, 6_000_000])).toEqual(['created', 'created', 'created']);
  expect(calls).toBe(3);
  expect(await write([501, 601, 6_000_001])).toEqual(['replaced', 'replaced', 'replaced']);
  expect(calls).toBe(6);
  for (const [i, size] of [501, 601, 6_000_001].entries()) await isShown(`/ada/f${i}`, size);
});

test('... a change of the first bytes of a file', async () => {
  const files = changing();
  await files.write('/ada/a', new Uint8Array(500));
  await files.writeAt('/ada/a', 0, png(40));
  expect(calls).toBe(1);
  await isShown('/ada/a', 500);
});

test('one that hangs keeps nobody else waiting, and is cancelled', async () => {
  const controller = new AbortController();
  let reach = (): void => undefined;
  const reached = new Promise<void>((resolve) => {
    reach = resolve;
  });
  const files = filesWith(async () => {
    reach();
    return new Promise(() => undefined);
  });
  const writing = outcome(files.write('/ada/a', png(500), { signal: controller.signal }));
  await reached;
  await files.write('/ada/other', 'x');
  controller.abort();
  expect(await writing).toBe('aborted');
  expect(await world.device().find('/ada/a')).toBeUndefined();
  await files.write('/ada/other', 'y');
});
