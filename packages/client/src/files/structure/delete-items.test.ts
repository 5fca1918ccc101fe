import { DeniedError } from '@pyrgos/core/errors';
import { ChildEntry, NamedRelativeCapability, RelativeCapability } from '@pyrgos/core/model';
import { describe, expect, test } from 'vitest';
import { outcome } from '../../../test/commit-world.js';
import { content } from '../../../test/file-world.js';
import { StructureWorld } from '../../../test/structure-world.js';
import { DanglingEntry, findEntry, type Item, listChildren, openItem } from '../view/index.js';
import { deleteItems, deleteWithoutParent, makeDirectory, moveItem, rename, type TreeProgress } from './index.js';

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
    const seen: TreeProgress[] = [];
    await world.operate(async (operation) =>
      deleteItems(operation, await world.home(), [await world.at('a')], { onProgress: (progress) => void seen.push(progress) }),
    );
    expect(seen.map(({ items }) => items)).toEqual([1, 2, 3]);
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
    expect(await keys(world)).toEqual(['/ada/good']);
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
