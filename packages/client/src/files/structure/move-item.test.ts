import { ArgumentError, DeniedError } from '@pyrgos/core/errors';
import { Thumbnail, Timestamp } from '@pyrgos/core/model';
import { describe, expect, test } from 'vitest';
import { outcome } from '../../../test/commit-world.js';
import { content } from '../../../test/file-world.js';
import { byPath, StructureWorld } from '../../../test/structure-world.js';
import { type Item, openItem } from '../view/index.js';
import { makeDirectory, moveItem, rename, rotateAllKeys } from './index.js';

async function move(world: StructureWorld, path: string, target: string, keepAccess: boolean, name?: string): Promise<Item> {
  const parent = path.split('/').slice(0, -1).join('/');
  const { blocks } = world.files.base.server;
  return world.operate(async (operation) =>
    moveItem(operation, { blocks }, await world.at(parent), await world.at(path), await world.at(target), { keepAccess, name }),
  );
}

/** `/ada/from/{f,d/{g}}` and `/ada/to`. */
async function populated(): Promise<StructureWorld> {
  const world = await StructureWorld.create();
  const { files } = world;
  const from = await files.addDirectory(files.home, 'from');
  const thumbnail = Thumbnail.of('image/webp', content(100));
  await files.addFile(from, 'f', content(6_000_000), {
    properties: { thumbnail, isHidden: true, created: Timestamp.of(1_600_000_000, 1) },
  });
  const d = await files.addDirectory(from, 'd', { properties: { isHidden: true } });
  await files.addFile(d, 'g', content(10));
  await files.addDirectory(files.home, 'to');
  expect((await world.inspect()).problems).toEqual([]);
  return world;
}

/** The tree with one path exchanged for another. */
function moved(tree: Map<string, string>, from: string, to: string): (readonly [string, string])[] {
  return byPath([...tree].map(([path, what]) => [path.startsWith(from) ? to + path.slice(from.length) : path, what] as const));
}

describe.each([true, false])('moving, access kept: %s', (keepAccess) => {
  test.each(['from/f', 'from/d'])('%s', async (path) => {
    const world = await populated();
    const before = await world.inspect();
    const old = await world.at(path);
    const item = await move(world, path, 'to', keepAccess);
    const after = await world.inspect();
    expect(after.problems).toEqual([]);
    const target = `/ada/to/${path.split('/')[1]}`;
    expect(byPath(after.tree)).toEqual(moved(before.tree, `/ada/${path}`, target));
    expect(item.capability.equals(old.capability)).toBe(keepAccess);
    expect(after.items.get(target)!.capability.equals(item.capability)).toBe(true);
  });

  test.each(['from/f', 'from/d'])('%s under another name, in one piece', async (path) => {
    const world = await populated();
    const before = await world.inspect();
    const old = await world.at(path);
    const item = await move(world, path, 'to', keepAccess, 'other');
    const after = await world.inspect();
    expect(after.problems).toEqual([]);
    expect(byPath(after.tree)).toEqual(moved(before.tree, `/ada/${path}`, '/ada/to/other'));
    expect([item.name, item.opened.properties.name]).toEqual(['other', 'other']);
    expect(item.capability.equals(old.capability)).toBe(keepAccess);
    expect(item.properties.isHidden).toBe(old.properties.isHidden);
    expect(await outcome(move(world, 'to/other', 'from', keepAccess, path === 'from/f' ? 'd' : 'f'))).toBe('conflict.exists');
    for (const name of ['', 'a/b', '..']) expect(await outcome(move(world, 'to/other', 'from', keepAccess, name))).not.toBe('resolved');
  });

  test('an item with a writing space of its own under another name', async () => {
    const world = await populated();
    await world.operate(async (operation) =>
      rotateAllKeys(operation, await world.at('from'), await world.at('from/d'), { rotateSigner: true }),
    );
    const before = await world.inspect();
    await move(world, 'from/d', 'to', keepAccess, 'other');
    const after = await world.inspect();
    expect(after.problems).toEqual([]);
    expect(byPath(after.tree)).toEqual(moved(before.tree, '/ada/from/d', '/ada/to/other'));
    const item = await world.at('to/other');
    expect([item.opened.properties.name, item.link?.opened.properties.name ?? 'other']).toEqual(['other', 'other']);
  });

  test('an item with a writing space of its own, with its link node', async () => {
    const world = await populated();
    const { files } = world;
    await world.operate(async (operation) =>
      rotateAllKeys(operation, await world.at('from'), await world.at('from/d'), { rotateSigner: true }),
    );
    const before = await world.inspect();
    const old = await world.at('from/d');
    const item = await move(world, 'from/d', 'to', keepAccess);
    const after = await world.inspect();
    expect(after.problems).toEqual([]);
    expect(byPath(after.tree)).toEqual(moved(before.tree, '/ada/from/d', '/ada/to/d'));
    expect(item.capability.equals(old.capability)).toBe(keepAccess);
    expect(item.link !== undefined).toBe(keepAccess);
    expect(after.owned.length).toBe(keepAccess ? 3 : 2);
    if (!keepAccess) expect(await files.base.target(old.writer)).toBeUndefined();
  });

  test('refusals change nothing', async () => {
    const world = await populated();
    await world.operate(async (operation) => makeDirectory(operation, await world.at('to'), 'd'));
    const before = await world.inspect();
    expect(await outcome(move(world, 'from/d', 'to', keepAccess))).toBe('conflict.exists');
    expect(await outcome(move(world, 'from/d', 'from', keepAccess))).toBe(keepAccess ? 'resolved' : 'conflict.exists');
    await expect(move(world, 'from', 'from/d', keepAccess)).rejects.toThrow(ArgumentError);
    await expect(move(world, 'from', 'from', keepAccess)).rejects.toThrow(ArgumentError);
    expect(await outcome(move(world, 'from/d', 'from/f', keepAccess))).toBe('format.cryptree');
    expect(await world.inspect()).toEqual(before);
  });

  test('needs write access to both directories', async () => {
    const world = await populated();
    const { blocks } = world.files.base.server;
    const [from, to, item] = [await world.at('from'), await world.at('to'), await world.at('from/f')];
    const view = world.view();
    const readOnly = async ({ capability }: Item): Promise<Item> => openItem(view, capability.toReadOnly());
    const before = await world.inspect();
    for (const [source, target] of [
      [await readOnly(from), to],
      [from, await readOnly(to)],
    ] as const) {
      const moving = world.operate((operation) => moveItem(operation, { blocks }, source, item, target, { keepAccess }));
      await expect(moving).rejects.toThrow(DeniedError);
    }
    expect(await world.inspect()).toEqual(before);
  });
});

test.each([true, false])('what somebody has moved elsewhere is not moved twice (access kept: %s)', async (keepAccess) => {
  const world = await populated();
  const { blocks } = world.files.base.server;
  const [from, item, to] = [await world.at('from'), await world.at('from/d'), await world.at('to')];
  await world.operate(async (operation) => moveItem(operation, { blocks }, from, item, await world.home(), { keepAccess: true }));
  const before = await world.inspect();
  const again = world.operate((operation) => moveItem(operation, { blocks }, from, item, to, { keepAccess }));
  expect(await outcome(again)).toBe('not-found.file');
  expect(await world.inspect()).toEqual(before);
});

test('what somebody has renamed is moved under its new name', async () => {
  const world = await populated();
  const [from, item] = [await world.at('from'), await world.at('from/d')];
  await world.operate((operation) => rename(operation, from, item, 'new'));
  const { blocks } = world.files.base.server;
  const moved = await world.operate(async (operation) =>
    moveItem(operation, { blocks }, from, item, await world.at('to'), { keepAccess: true }),
  );
  expect(moved.name).toBe('new');
  expect((await world.inspect()).problems).toEqual([]);
});

test('into a directory of another writing space the item is copied, whatever is asked for', async () => {
  const world = await populated();
  await world.operate(async (operation) => rotateAllKeys(operation, await world.home(), await world.at('to'), { rotateSigner: true }));
  const before = await world.inspect();
  const old = await world.at('from/d');
  const item = await move(world, 'from/d', 'to', true);
  const after = await world.inspect();
  expect(after.problems).toEqual([]);
  expect(byPath(after.tree)).toEqual(moved(before.tree, '/ada/from/d', '/ada/to/d'));
  expect(item.capability.equals(old.capability)).toBe(false);
  expect(item.writer.equals((await world.at('to')).writer)).toBe(true);
});

test('a directory that holds a writing space can be moved below another one', async () => {
  const world = await populated();
  await world.operate(async (operation) =>
    rotateAllKeys(operation, await world.at('from'), await world.at('from/d'), { rotateSigner: true }),
  );
  await move(world, 'from', 'to', true);
  const after = await world.inspect();
  expect(after.problems).toEqual([]);
  expect(after.items.get('/ada/to/from/d')!.link).toBeDefined();
});

describe('moving into the directory where it is', () => {
  test('changes nothing under its own name, and renames it under another one', async () => {
    const world = await populated();
    const before = await world.inspect();
    const { cid } = await world.at('from/f');
    expect((await move(world, 'from/f', 'from', true)).cid.equals(cid)).toBe(true);
    expect((await move(world, 'from/f', 'from', true, 'f')).cid.equals(cid)).toBe(true);
    expect(await outcome(move(world, 'from/f', 'from', true, 'd'))).toBe('conflict.exists');
    expect(byPath((await world.inspect()).tree)).toEqual(byPath(before.tree));
    expect((await move(world, 'from/f', 'from', true, 'g')).name).toBe('g');
    const after = await world.inspect();
    expect(after.problems).toEqual([]);
    expect(byPath(after.tree)).toEqual(moved(before.tree, '/ada/from/f', '/ada/from/g'));
    // Under new keys it is another file, for which its name is not free.
    expect(await outcome(move(world, 'from/g', 'from', false))).toBe('conflict.exists');
    expect((await move(world, 'from/g', 'from', false, 'h')).name).toBe('h');
    expect(byPath((await world.inspect()).tree)).toEqual(moved(before.tree, '/ada/from/f', '/ada/from/h'));
  });
});
