import { equalBytes } from '@pyrgos/core/bytes';
import { ArgumentError, DeniedError } from '@pyrgos/core/errors';
import { type NamedRelativeCapability, openNode, Thumbnail, Timestamp } from '@pyrgos/core/model';
import { describe, expect, test } from 'vitest';
import { outcome } from '../../../test/commit-world.js';
import { content } from '../../../test/file-world.js';
import { StructureWorld } from '../../../test/structure-world.js';
import { type Item, openItem } from '../view/index.js';
import { makeDirectory, rename, setProperties } from './index.js';

async function give(world: StructureWorld, path: string, name: string): Promise<Item> {
  const parent = path.split('/').slice(0, -1).join('/');
  return world.operate(async (operation) => rename(operation, await world.at(parent), await world.at(path), name));
}

describe('renaming', () => {
  test('a file: properties and entry change, keys and content do not', async () => {
    const world = await StructureWorld.create();
    const bytes = content(6_000_000);
    await world.files.addFile(world.files.home, 'a.bin', bytes);
    const before = await world.at('a.bin');
    const renamed = await give(world, 'a.bin', 'b.bin');
    expect(renamed.name).toBe('b.bin');
    expect((renamed.entry!.link as NamedRelativeCapability).name).toBe('b.bin');
    const after = await world.at('b.bin');
    expect(after.capability.equals(before.capability)).toBe(true);
    expect(after.node.base.equals(before.node.base)).toBe(true);
    expect(after.node.data.equals(before.node.data)).toBe(true);
    expect(after.properties.equals(before.properties.with({ name: 'b.bin' }))).toBe(true);
    expect(equalBytes(await world.read('b.bin'), bytes)).toBe(true);
    const found = await world.inspect();
    expect(found.problems).toEqual([]);
    expect([...found.tree.keys()]).toEqual(['/ada', '/ada/b.bin']);
  });

  test('a directory with children, found in a later chunk of its parent', async () => {
    const world = await StructureWorld.create();
    for (const name of 'abc')
      await world.operate(async (operation) => makeDirectory(operation, await world.home(), name, { maxPerChunk: 1 }));
    await world.operate(async (operation) => makeDirectory(operation, await world.at('c'), 'inner'));
    await give(world, 'c', 'C');
    const found = await world.inspect();
    expect(found.problems).toEqual([]);
    expect([...found.tree.keys()]).toEqual(['/ada', '/ada/a', '/ada/b', '/ada/C', '/ada/C/inner']);
    expect(found.chunks.get('/ada')).toEqual([1, 1, 1]);
  });

  test('an item of an earlier version will do', async () => {
    const world = await StructureWorld.create();
    const stale = await world.operate(async (operation) => makeDirectory(operation, await world.home(), 'a'));
    const home = await world.home();
    await give(world, 'a', 'b');
    await world.operate((operation) => rename(operation, home, stale, 'c'));
    expect(await world.names('')).toEqual(['c']);
  });

  test('to the same name: nothing', async () => {
    const world = await StructureWorld.create();
    await world.operate(async (operation) => makeDirectory(operation, await world.home(), 'a'));
    const { cid } = await world.at('a');
    expect((await give(world, 'a', 'a')).cid.equals(cid)).toBe(true);
  });

  test('refusals change nothing', async () => {
    const world = await StructureWorld.create();
    for (const name of 'abc')
      await world.operate(async (operation) => makeDirectory(operation, await world.home(), name, { maxPerChunk: 1 }));
    const before = await world.inspect();
    for (const name of 'bc') expect(await outcome(give(world, 'a', name))).toBe('conflict.exists');
    for (const name of ['', '..', 'a/b']) await expect(give(world, 'a', name)).rejects.toThrow(ArgumentError);
    expect(await world.inspect()).toEqual(before);
  });
});

describe('an item with a writing space of its own', () => {
  test('link node and target change, each in its own space', async () => {
    const world = await StructureWorld.create();
    const { files } = world;
    await files.addLinkedDirectory(files.home, 'shared', 150);
    const before = await world.at('shared');
    const renamed = await give(world, 'shared', 'ours');
    expect(renamed.name).toBe('ours');
    const after = await world.at('ours');
    expect(after.opened.properties.name).toBe('ours');
    expect(after.link!.opened.properties.name).toBe('ours');
    expect(after.link!.opened.properties.isLink).toBe(true);
    expect(after.link!.writer.equals(files.signer.publicKeyHash)).toBe(true);
    expect(after.writer.equals(files.signer.publicKeyHash)).toBe(false);
    expect(after.capability.equals(before.capability)).toBe(true);
    expect(after.link!.capability.equals(before.link!.capability)).toBe(true);
    expect((await world.inspect()).problems).toEqual([]);
  });

  test('a sharee who may write it cannot rename it', async () => {
    const world = await StructureWorld.create();
    const { files } = world;
    const target = await files.addLinkedDirectory(files.home, 'shared', 150);
    const view = world.view();
    const theirs = await openItem(view, target.capability);
    expect(theirs.isWritable).toBe(true);
    const up = theirs.opened.parentLink!.toAbsolute(files.crypto, theirs.capability);
    const link = await openItem(view, up);
    expect(link.isReadable).toBe(false);
    const above = await openItem(view, link.opened.parentLink!.toAbsolute(files.crypto, up));
    expect(above.isWritable).toBe(false);
    const renaming = world.operate((operation) => rename(operation, above, theirs, 'x'));
    await expect(renaming).rejects.toThrow(DeniedError);
  });
});

describe('properties', () => {
  test('are set without touching anything else', async () => {
    const world = await StructureWorld.create();
    await world.files.addFile(world.files.home, 'f', content(5000));
    const before = await world.at('f');
    const thumbnail = Thumbnail.of('image/webp', content(100));
    const modified = Timestamp.of(1_800_000_000, 7);
    const after = await world.operate(async (operation) => setProperties(operation, before, { thumbnail, modified, isHidden: true }));
    expect(after.properties.equals(before.properties.with({ thumbnail, modified, isHidden: true }))).toBe(true);
    expect(after.node.base.equals(before.node.base)).toBe(true);
    expect(after.node.data.equals(before.node.data)).toBe(true);
    const again = await world.operate((operation) => setProperties(operation, before, { thumbnail: undefined }));
    expect(again.properties.thumbnail).toBeUndefined();
    expect(again.properties.isHidden).toBe(true);
    expect((await world.inspect()).problems).toEqual([]);
  });

  test('need write access', async () => {
    const world = await StructureWorld.create();
    const file = await world.files.addFile(world.files.home, 'f', content(10));
    const readOnly = await openItem(world.view(), file.capability.toReadOnly());
    await expect(world.operate((operation) => setProperties(operation, readOnly, { isHidden: true }))).rejects.toThrow(DeniedError);
  });
});

test('the old name is nowhere in what sharees can open', async () => {
  const world = await StructureWorld.create();
  const target = await world.files.addLinkedDirectory(world.files.home, 'secret plan', 150);
  await give(world, 'secret plan', 'plan');
  const view = world.view();
  const theirs = await openItem(view, target.capability);
  const link = theirs.opened.parentLink!.toAbsolute(world.files.crypto, theirs.capability);
  const { node } = await openItem(view, link);
  expect([theirs.opened, openNode(world.files.crypto, node, link)].map(({ properties }) => properties.name)).toEqual(['plan', 'plan']);
});
