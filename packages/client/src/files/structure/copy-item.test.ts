import { equalBytes } from '@pyrgos/core/bytes';
import { ArgumentError } from '@pyrgos/core/errors';
import { HashTree } from '@pyrgos/core/containers';
import { CHUNK_SIZE, Thumbnail, Timestamp } from '@pyrgos/core/model';
import { describe, expect, test } from 'vitest';
import { outcome } from '../../../test/commit-world.js';
import { content, FileWorld } from '../../../test/file-world.js';
import { StructureWorld } from '../../../test/structure-world.js';
import { type Item, openItem } from '../view/index.js';
import type { Progress } from '../../waiting/progress.js';
import { copyItem, type CopyOptions, rotateAllKeys } from './index.js';

async function copy(world: StructureWorld, path: string, target: string, options: CopyOptions = {}): Promise<Item> {
  const { base } = world.files;
  const ports = { blocks: base.server.blocks, clock: base.clock };
  return world.operate(async (operation) =>
    copyItem(operation, ports, { view: operation, item: await world.at(path) }, await world.at(target), options),
  );
}

async function populated(): Promise<StructureWorld> {
  const world = await StructureWorld.create();
  const { files } = world;
  const from = await files.addDirectory(files.home, 'from');
  const thumbnail = Thumbnail.of('image/webp', content(100));
  await files.addFile(from, 'a.txt', content(100), { properties: { thumbnail, isHidden: true, created: Timestamp.of(1_600_000_000, 1) } });
  const d = await files.addDirectory(from, 'd', { properties: { isHidden: true } });
  await files.addFile(d, 'large', content(6_000_000));
  await files.addFile(d, 'empty', new Uint8Array());
  await files.addDirectory(files.home, 'to');
  return world;
}

test('a file gets fresh keys, and keeps what it should', async () => {
  const world = await populated();
  const old = await world.at('from/a.txt');
  const item = await copy(world, 'from/a.txt', 'to');
  const found = await world.inspect();
  expect(found.problems).toEqual([]);
  expect(item.name).toBe('a.txt');
  expect(item.isWritable).toBe(true);
  expect(equalBytes(await world.read('to/a.txt'), content(100))).toBe(true);
  expect(equalBytes(await world.read('from/a.txt'), content(100))).toBe(true);
  const { capability, opened, properties } = found.items.get('/ada/to/a.txt')!;
  expect(capability.rBaseKey.equals(old.capability.rBaseKey)).toBe(false);
  expect(capability.wBaseKey!.equals(old.capability.wBaseKey)).toBe(false);
  expect(equalBytes(capability.mapKey, old.capability.mapKey)).toBe(false);
  expect(capability.bat!.equals(old.capability.bat)).toBe(false);
  expect(opened.dataKey!.equals(old.opened.dataKey)).toBe(false);
  expect(equalBytes(properties.streamSecret!, old.opened.properties.streamSecret!)).toBe(false);
  expect(properties.thumbnail!.equals(old.properties.thumbnail)).toBe(true);
  expect(properties.modified.equals(old.properties.modified)).toBe(true);
  expect(properties.created.equals(old.properties.modified)).toBe(true);
  expect(properties.isHidden).toBe(false);
  expect(properties.mimeType).toBe(old.properties.mimeType);
  expect(found.items.get('/ada/to/a.txt')!.node.mirrorBatId!.equals(world.files.mirrorBatId)).toBe(true);
});

test('the hash tree of a copy is that of its content', async () => {
  const world = await populated();
  const { crypto } = world.files;
  await copy(world, 'from/d/large', 'to');
  const bytes = content(6_000_000);
  const leaves = [bytes.subarray(0, CHUNK_SIZE), bytes.subarray(CHUNK_SIZE)].flatMap((chunk) => [...crypto.sha256(chunk)]);
  const tree = HashTree.build(crypto, Uint8Array.from(leaves));
  expect((await world.at('to/large')).opened.properties.treeHash!.equals(tree.branch(0))).toBe(true);
});

test('a directory with all below it; metadata and read keys differ', async () => {
  const world = await populated();
  await copy(world, 'from', 'to');
  const found = await world.inspect();
  expect(found.problems).toEqual([]);
  expect([...found.tree.keys()].filter((path) => path.startsWith('/ada/to/'))).toEqual([
    '/ada/to/from',
    '/ada/to/from/a.txt',
    '/ada/to/from/d',
    '/ada/to/from/d/large',
    '/ada/to/from/d/empty',
  ]);
  for (const path of ['/from', '/from/d']) {
    const [old, item] = [found.items.get(`/ada${path}`)!, found.items.get(`/ada/to${path}`)!];
    expect(item.opened.parentKey.equals(old.opened.parentKey)).toBe(false);
    expect(item.properties.isHidden).toBe(old.properties.isHidden);
    expect(item.properties.created.toMilliseconds()).toBe(world.files.base.clock.time);
  }
  expect(equalBytes(await world.read('to/from/d/large'), content(6_000_000))).toBe(true);
});

test('over several chunks: as many entries in each as there may be', async () => {
  const world = await StructureWorld.create();
  const { files } = world;
  files.entriesPerChunk = 3;
  const many = await files.addDirectory(files.home, 'many');
  for (let i = 0; i < 10; i++) await files.addFile(many, `f${i}`, content(10, i));
  await copy(world, 'many', '', { maxPerChunk: 5 });
  const found = await world.inspect();
  expect(found.problems).toEqual([]);
  expect(found.chunks.get('/ada/many (copy)')).toEqual([5, 5]);
  for (let i = 0; i < 10; i++) expect(found.tree.get(`/ada/many (copy)/f${i}`)).toBeDefined();
});

describe('names', () => {
  test('that are in use', async () => {
    const world = await populated();
    for (const name of ['a.txt', 'a (copy).txt', 'a (copy 2).txt', 'a (copy 3).txt']) {
      expect((await copy(world, 'from/a.txt', 'to')).name).toBe(name);
    }
    for (const name of ['from (copy)', 'from (copy 2)']) expect((await copy(world, 'from', '')).name).toBe(name);
    expect((await world.inspect()).problems).toEqual([]);
  });

  test('that are given', async () => {
    const world = await populated();
    expect((await copy(world, 'from/a.txt', 'to', { name: 'b' })).name).toBe('b');
    const before = await world.inspect();
    expect(await outcome(copy(world, 'from/a.txt', 'to', { name: 'b' }))).toBe('conflict.exists');
    await expect(copy(world, 'from/a.txt', 'to', { name: '..' })).rejects.toThrow(ArgumentError);
    expect(await world.inspect()).toEqual(before);
  });
});

test('not into itself, nor below', async () => {
  const world = await populated();
  const before = await world.inspect();
  await expect(copy(world, 'from', 'from')).rejects.toThrow(ArgumentError);
  await expect(copy(world, 'from', 'from/d')).rejects.toThrow(ArgumentError);
  expect(await world.inspect()).toEqual(before);
});

test('what has a writing space of its own becomes an ordinary item', async () => {
  const world = await populated();
  await world.operate(async (operation) =>
    rotateAllKeys(operation, await world.at('from'), await world.at('from/d'), { rotateSigner: true }),
  );
  await copy(world, 'from', 'to');
  const found = await world.inspect();
  expect(found.problems).toEqual([]);
  const item = found.items.get('/ada/to/from/d')!;
  expect(item.link).toBeUndefined();
  expect(item.writer.equals(world.files.signer.publicKeyHash)).toBe(true);
});

test('from another account that can only be read', async () => {
  const world = await populated();
  const other = await FileWorld.create();
  const theirs = await other.addDirectory(other.home, 'theirs');
  await other.addFile(theirs, 'x', content(5000));
  const view = other.view();
  const item = await openItem(view, theirs.capability.toReadOnly());
  const { blocks } = world.files.base.server;
  await world.operate(async (operation) => copyItem(operation, { blocks }, { view, item }, await world.at('to')));
  expect((await world.inspect()).problems).toEqual([]);
  expect(equalBytes(await world.read('to/theirs/x'), content(5000))).toBe(true);
});

test('a part that cannot be read ends it, and nothing is there', async () => {
  const world = await StructureWorld.create();
  const { files } = world;
  const from = await files.addDirectory(files.home, 'from');
  const file = await files.addFile(from, 'f', content(10));
  await files.addFile(from, 'g', content(10));
  await files.remove(files.signer, file.locations);
  expect(await outcome(copy(world, 'from', '', { name: 'x' }))).toBe('not-found.file');
  expect(await world.names('')).toEqual(['from']);
});

describe('large copies', () => {
  test('are uploaded ahead of the commit, and memory is bounded', async () => {
    const world = await StructureWorld.create();
    const { files } = world;
    const from = await files.addDirectory(files.home, 'from');
    for (let i = 0; i < 4; i++) await files.addFile(from, `f${i}`, content(6_000_000, i));
    let largest = 0;
    let ahead = 0;
    const { hooks } = files.base.server;
    const seen: Progress[] = [];
    await world.operate(async (operation) => {
      hooks.before = ({ name }) => {
        if (name === 'setPointers') ahead = -Math.abs(ahead);
        if (name === 'putBlocks' && ahead >= 0) ahead++;
        largest = Math.max(largest, operation.committer.blocks.size);
      };
      const { blocks } = files.base.server;
      const source = { view: operation, item: await world.at('from') };
      return copyItem(operation, { blocks }, source, await world.home(), { onProgress: (progress) => void seen.push(progress) });
    });
    expect(ahead).toBeLessThan(-3);
    expect(largest).toBeLessThan(10_000_000);
    expect(seen.at(-1)).toEqual({ done: 24_000_000, total: undefined, unit: 'bytes', items: 5 });
    const found = await world.inspect();
    expect(found.problems).toEqual([]);
    for (let i = 0; i < 4; i++)
      expect(found.tree.get(`/ada/from (copy)/f${i}`)!.slice(0, 30)).toBe(found.tree.get(`/ada/from/f${i}`)!.slice(0, 30));
  });

  test('that are cancelled leave nothing', async () => {
    const world = await StructureWorld.create();
    const { files } = world;
    const from = await files.addDirectory(files.home, 'from');
    for (let i = 0; i < 3; i++) await files.addFile(from, `f${i}`, content(6_000_000, i));
    const before = await world.inspect();
    const controller = new AbortController();
    const { blocks } = files.base.server;
    const options = { onProgress: ({ done }: Progress) => (done > 12_000_000 ? controller.abort() : undefined) };
    const [home, item] = [await world.home(), await world.at('from')];
    const copying = world.operate((operation) => copyItem(operation, { blocks }, { view: operation, item }, home, options), {
      signal: controller.signal,
    });
    expect(await outcome(copying)).toBe('aborted');
    expect(await world.inspect()).toEqual(before);
  });
});
