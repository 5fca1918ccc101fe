import { DeniedError } from '@pyrgos/core/errors';
import { ChildEntry, NamedRelativeCapability, RelativeCapability } from '@pyrgos/core/model';
import { describe, expect, test } from 'vitest';
import { outcome } from '../../../test/commit-world.js';
import { content, entryOf, type MadeDirectory, type MadeFile } from '../../../test/file-world.js';
import { StructureWorld } from '../../../test/structure-world.js';
import { DanglingEntry, findEntry, type Item, listChildren, openItem } from '../view/index.js';
import { deleteItems, deleteWithoutParent, makeDirectory, moveItem, rename } from './index.js';
import type { Progress } from '../../waiting/progress.js';

async function remove(world: StructureWorld, ...paths: string[]): Promise<Item> {
  const parent = paths[0]!.split('/').slice(0, -1).join('/');
  return world.operate(async (operation) => {
    const items = await Promise.all(paths.map((path) => world.at(path)));
    return deleteItems(operation, await world.at(parent), items);
  });
}

async function keys(world: StructureWorld): Promise<string[]> {
  const found = await world.inspect();
  expect(found.problems).toEqual([]);
  return [...found.tree.keys()].filter((path) => path !== '/ada');
}

async function mkdir(world: StructureWorld, path: string, maxPerChunk?: number): Promise<void> {
  const [name = '', ...parents] = path.split('/').toReversed();
  await world.operate(async (operation) => makeDirectory(operation, await world.at(parents.toReversed().join('/')), name, { maxPerChunk }));
}

describe('deleting', () => {
  test('files of one chunk, of three, and empty ones', async () => {
    const world = await StructureWorld.create();
    const { files } = world;
    await files.addFiles(files.home, [
      { name: 'small', content: content(100) },
      { name: 'large', content: content(11_000_000) },
      { name: 'empty', content: new Uint8Array() },
      { name: 'kept', content: content(50) },
    ]);
    await remove(world, 'small', 'large');
    expect(await keys(world)).toEqual(['/ada/empty', '/ada/kept']);
    await remove(world, 'empty', 'kept');
    expect(await keys(world)).toEqual([]);
  });

  test('a tree: nothing below it is left in the tree of the writer', async () => {
    const world = await StructureWorld.create();
    for (const path of ['a', 'a/b', 'a/b/c', 'a/d', 'z']) await mkdir(world, path);
    await remove(world, 'a');
    expect(await keys(world)).toEqual(['/ada/z']);
  });

  test('many children over several chunks at once', async () => {
    const world = await StructureWorld.create();
    await mkdir(world, 'many');
    for (let i = 0; i < 22; i++) await mkdir(world, `many/d${i}`, 10);
    const paths = Array.from({ length: 22 }, (_, i) => `many/d${i}`).filter((_, i) => i % 2 === 0);
    await remove(world, ...paths);
    expect((await world.inspect()).chunks.get('/ada/many')).toEqual([5, 5, 1]);
    await remove(world, 'many');
    expect(await keys(world)).toEqual([]);
  });

  test('tells how far it is', async () => {
    const world = await StructureWorld.create();
    for (const path of ['a', 'a/b', 'a/c']) await mkdir(world, path);
    const seen: Progress[] = [];
    await world.operate(async (operation) =>
      deleteItems(operation, await world.home(), [await world.at('a')], { onProgress: (progress) => void seen.push(progress) }),
    );
    expect(seen).toEqual([1, 2, 3].map((items) => ({ done: items, total: undefined, unit: 'items', items })));
  });

  test('by an item of an earlier version: what came into it since goes, too', async () => {
    const world = await StructureWorld.create();
    await mkdir(world, 'a');
    const [home, stale] = [await world.home(), await world.at('a')];
    await mkdir(world, 'a/b');
    await world.operate((operation) => deleteItems(operation, home, [stale]));
    expect(await keys(world)).toEqual([]);
    // Once more is no error.
    await world.operate((operation) => deleteItems(operation, home, [stale]));
  });

  test('gives the space back', async () => {
    const world = await StructureWorld.create();
    const { base } = world.files;
    await mkdir(world, 'a');
    const usage = async (): Promise<number> => {
      await base.server.collectGarbage(world.owner);
      base.clock.time += 25 * 60 * 60 * 1000;
      await base.server.collectGarbage(world.owner);
      return [...base.server.saveState().blocks.get(world.owner.key)!.values()].reduce((sum, { bytes }) => sum + bytes.length, 0);
    };
    const before = await usage();
    await world.operate(async (operation) => makeDirectory(operation, await world.at('a'), 'b'));
    expect(await usage()).toBeGreaterThan(before + 4000);
    await remove(world, 'a/b');
    expect(Math.abs((await usage()) - before)).toBeLessThan(5000);
  });

  test('needs write access', async () => {
    const world = await StructureWorld.create();
    await mkdir(world, 'a');
    const readOnly = await openItem(world.view(), (await world.home()).capability.toReadOnly());
    const item = await world.at('a');
    await expect(world.operate((operation) => deleteItems(operation, readOnly, [item]))).rejects.toThrow(DeniedError);
    expect(await keys(world)).toEqual(['/ada/a']);
  });
});

describe('writing spaces', () => {
  async function nested(): Promise<StructureWorld> {
    const world = await StructureWorld.create();
    const { files } = world;
    const outer = await files.addLinkedDirectory(files.home, 'outer', 150);
    await files.addFile(outer, 'f', content(10));
    const inner = await files.addLinkedDirectory(outer, 'inner', 151);
    await files.addFile(inner, 'g', content(10));
    await files.addDirectory(inner, 'h');
    expect((await world.inspect()).problems).toEqual([]);
    return world;
  }

  test('go with the item that begins them: nobody owns them, and their pointers are empty', async () => {
    const world = await nested();
    const { base } = world.files;
    await remove(world, 'outer');
    expect(await keys(world)).toEqual([]);
    expect((await world.inspect()).owned.length).toBe(2);
    for (const n of [150, 151]) expect(await base.target(base.signer(n).publicKeyHash)).toBeUndefined();
  });

  test('an inner one goes without the outer one', async () => {
    const world = await nested();
    const { base } = world.files;
    await remove(world, 'outer/inner');
    expect(await keys(world)).toEqual(['/ada/outer', '/ada/outer/f']);
    expect(await base.target(base.signer(150).publicKeyHash)).toBeDefined();
    expect(await base.target(base.signer(151).publicKeyHash)).toBeUndefined();
  });

  test('that the operation has not reserved are not touched', async () => {
    const world = await nested();
    const before = await world.inspect();
    const deleting = world.operateOn([world.files.signer.publicKeyHash], async (operation) =>
      deleteItems(operation, await world.home(), [await world.at('outer')]),
    );
    expect(await outcome(deleting)).toBe('conflict.snapshot');
    expect(await world.inspect()).toEqual(before);
  });

  test('a file with a space of its own, listed without a link node', async () => {
    const world = await StructureWorld.create();
    const { files } = world;
    const signer = await files.addWriter(files.signer, 150);
    const { file, chunks } = files.sealFile(files.home, 'f', content(10), {}, signer);
    await files.put(signer, chunks);
    await files.list(files.home, [file.entry]);
    expect((await world.inspect()).problems).toEqual([]);
    await remove(world, 'f');
    expect(await keys(world)).toEqual([]);
    expect((await world.inspect()).owned.length).toBe(2);
  });

  test('of an item whose parent cannot be written: the chunks go, the element stays', async () => {
    const world = await nested();
    const outer = await world.at('outer');
    await world.operate((operation) => deleteWithoutParent(operation, outer.link === undefined ? outer : outer));
    expect(await world.names('')).toEqual(['outer']);
    expect(await findEntry(world.view(), await world.home(), 'outer')).toBeInstanceOf(DanglingEntry);
  });
});

describe('what is damaged', () => {
  test('an element that leads to nothing, and one whose node is garbage', async () => {
    const world = await StructureWorld.create();
    const { files } = world;
    const gone = await files.addFile(files.home, 'gone', content(10));
    const bad = await files.addFile(files.home, 'bad', content(10));
    await files.addFile(files.home, 'good', content(10));
    await files.remove(files.signer, gone.locations);
    await files.put(files.signer, [{ ...files.sealDirectory(files.home, 0), location: bad.locations[0]! }]);
    const view = world.view();
    const damaged: (Item | DanglingEntry)[] = [];
    for await (const child of listChildren(view, await world.home(view))) if (child.isDangling) damaged.push(child);
    expect(damaged.length).toBe(2);
    await world.operate(async (operation) => deleteItems(operation, await world.home(), damaged));
    // Nobody knows whose the garbage is.
    const { tree, problems } = await world.inspect();
    expect([...tree.keys()]).toEqual(['/ada', '/ada/good']);
    expect(problems).toEqual([expect.stringContaining('orphan chunk')]);
  });

  test('a directory that lists itself ends', async () => {
    const world = await StructureWorld.create();
    const { files } = world;
    const loop = await files.addDirectory(files.home, 'loop');
    const inner = await files.addDirectory(loop, 'inner');
    await files.list(inner, [loop.entry!]);
    await remove(world, 'loop');
    expect(await keys(world)).toEqual([]);
  });

  test('a file that claims a gigantic size costs no more than it has', async () => {
    const world = await StructureWorld.create();
    const { files } = world;
    await files.addFile(files.home, 'f', content(10), { properties: { size: 2 ** 50 } });
    await remove(world, 'f');
    expect(await keys(world)).toEqual([]);
  });

  test('a legacy file is followed by its links', async () => {
    const world = await StructureWorld.create();
    const { files } = world;
    await files.addFile(files.home, 'old', content(11_000_000), { isLegacy: true, isWithoutBat: true });
    await remove(world, 'old');
    expect(await keys(world)).toEqual([]);
  });
});

describe('an alias', () => {
  /** `/ada/real` with `inner/deep`, `f` of three chunks, and `bin`, whose list is to name things that belong elsewhere. */
  async function aliases(): Promise<{ world: StructureWorld; real: MadeDirectory; f: MadeFile; inner: MadeDirectory; bin: MadeDirectory }> {
    const world = await StructureWorld.create();
    const { files } = world;
    const real = await files.addDirectory(files.home, 'real');
    const f = await files.addFile(real, 'f', content(11_000_000));
    const inner = await files.addDirectory(real, 'inner');
    await files.addFile(inner, 'deep', content(5));
    const bin = await files.addDirectory(files.home, 'bin');
    return { world, real, f, inner, bin };
  }
  const real = ['/ada/real', '/ada/real/f', '/ada/real/inner', '/ada/real/inner/deep'];

  test('goes without what it leads to: a file, a directory, a later chunk, a name of its own', async () => {
    const { world, f, inner, bin } = await aliases();
    const { files } = world;
    const { crypto } = files;
    const later = { ...f, name: 'later', capability: f.capability.withLocation(f.locations[1]!) };
    for (const target of [f, inner, { ...f, name: 'z' }, later]) await files.list(bin, [entryOf(crypto, bin, target, {})]);
    for (const name of ['f', 'inner', 'later']) await remove(world, `bin/${name}`);
    await remove(world, 'bin');
    expect(await keys(world)).toEqual(real);
  });

  test('of a later chunk beside its file goes alone', async () => {
    const { world, real: directory, f } = await aliases();
    const { files } = world;
    const later = { ...f, name: 'later', capability: f.capability.withLocation(f.locations[1]!) };
    await files.list(directory, [entryOf(files.crypto, directory, later, {})]);
    await remove(world, 'real/later');
    await remove(world, 'bin');
    expect(await keys(world)).toEqual(real);
  });

  test('of a directory in itself, or in one below it, goes alone', async () => {
    const { world, real: directory, inner } = await aliases();
    const { files } = world;
    await files.list(inner, [entryOf(files.crypto, inner, directory, {})]);
    await remove(world, 'real/inner/real');
    await remove(world, 'bin');
    expect(await keys(world)).toEqual(real);
  });

  test.each([true, false])('that does not open leaves what is at its place; removed alone: %s', async (isAlone) => {
    const { world, f, inner, bin } = await aliases();
    const { files } = world;
    const { crypto } = files;
    const wrong = { ...f, capability: inner.capability.withLocation(f.capability.location) };
    await files.list(bin, [entryOf(crypto, bin, wrong, {})]);
    if (isAlone) {
      const view = world.view();
      const dangling = await findEntry(view, await world.at('bin', view), 'f');
      await world.operate(async (operation) => deleteItems(operation, await world.at('bin'), [dangling!]));
      expect(await world.names('bin')).toEqual([]);
    }
    await remove(world, 'bin');
    expect(await keys(world)).toEqual(real);
  });

  test('behind a link node goes with the link node', async () => {
    const { world, inner, bin } = await aliases();
    const { files } = world;
    const link = files.newLink(bin, 'inner');
    await files.writeLink(bin, link, inner);
    await remove(world, 'bin/inner');
    await remove(world, 'bin');
    expect(await keys(world)).toEqual(real);
  });

  test('is renamed and moved without what it leads to', async () => {
    const { world, inner, bin } = await aliases();
    const { files } = world;
    const { blocks } = files.base.server;
    await files.list(bin, [entryOf(files.crypto, bin, inner, {})]);
    await world.operate(async (operation) => rename(operation, await world.at('bin'), await world.at('bin/inner'), 'other'));
    expect(await world.names('bin')).toEqual(['other']);
    expect((await world.at('real/inner')).opened.properties.name).toBe('inner');
    for (const keepAccess of [true, false]) {
      await mkdir(world, `to${keepAccess}`);
      const [from, target] = await Promise.all([world.at(keepAccess ? 'bin' : 'totrue'), world.at(`to${keepAccess}`)]);
      const item = await world.at(keepAccess ? 'bin/other' : 'totrue/other');
      await world.operate((operation) => moveItem(operation, { blocks }, from, item, target, { keepAccess }));
    }
    await remove(world, 'bin', 'totrue', 'tofalse');
    expect(await keys(world)).toEqual(real);
  });
});

describe('what others did in the meantime', () => {
  test('what was moved away is not deleted', async () => {
    const world = await StructureWorld.create();
    for (const path of ['a', 'a/b', 'to']) await mkdir(world, path);
    const [home, stale] = [await world.home(), await world.at('a')];
    const { blocks } = world.files.base.server;
    await world.operate(async (operation) => moveItem(operation, { blocks }, home, stale, await world.at('to'), { keepAccess: true }));
    await world.operate((operation) => deleteItems(operation, home, [stale]));
    expect(await keys(world)).toEqual(['/ada/to', '/ada/to/a', '/ada/to/a/b']);
  });

  test('what was renamed is', async () => {
    const world = await StructureWorld.create();
    await mkdir(world, 'a');
    const [home, stale] = [await world.home(), await world.at('a')];
    await world.operate((operation) => rename(operation, home, stale, 'b'));
    await world.operate((operation) => deleteItems(operation, home, [stale]));
    expect(await keys(world)).toEqual([]);
  });
});

test('an element without the write key is no obstacle', async () => {
  const world = await StructureWorld.create();
  const { files } = world;
  const d = await files.addDirectory(files.home, 'd');
  const file = await files.addFile(d, 'f', content(10));
  d.chunks[0]![0] = ChildEntry.of(
    NamedRelativeCapability.of(RelativeCapability.relativise(files.crypto, d.capability, file.capability.toReadOnly()), { name: 'f' }),
  );
  await files.writeDirectory(d);
  await remove(world, 'd/f');
  expect(await keys(world)).toEqual(['/ada/d']);
});

describe('cancelling', () => {
  test('before the commit changes nothing', async () => {
    const world = await StructureWorld.create();
    for (const path of ['a', 'a/b', 'a/c']) await mkdir(world, path);
    const before = await world.inspect();
    const controller = new AbortController();
    const home = await world.home();
    const item = await world.at('a');
    const deleting = world.operate((operation) => deleteItems(operation, home, [item], { onProgress: () => controller.abort() }), {
      signal: controller.signal,
    });
    expect(await outcome(deleting)).toBe('aborted');
    expect(await world.inspect()).toEqual(before);
  });
});
