import { describe, expect, test } from 'vitest';
import { content, FileWorld } from '../../../test/file-world.js';
import { findChild, findEntry, pathOf } from './find-path.js';
import type { DanglingEntry, Item } from './item.js';
import { listChildren, listEntries } from './list-children.js';

/** The children of the home directory, and how its list names them. */
async function listed(world: FileWorld): Promise<{ children: (Item | DanglingEntry)[]; listedNames: (string | undefined)[] }> {
  const view = world.view();
  const home = await world.openHome(view);
  const children: (Item | DanglingEntry)[] = [];
  for await (const child of listChildren(view, home)) children.push(child);
  const listedNames: (string | undefined)[] = [];
  for await (const { name } of listEntries(view, home)) listedNames.push(name);
  return { children, listedNames };
}

describe('legacy directories (sections 9.1 and 26)', () => {
  test('without names get them from the children', async () => {
    const world = await FileWorld.create();
    await world.addFile(world.home, 'old', content(3), { isNameless: true });
    await world.addDirectory(world.home, 'older', { isNameless: true });
    const { children, listedNames } = await listed(world);
    expect(children.map(({ name }) => name)).toEqual(['old', 'older']);
    expect(listedNames).toEqual([undefined, undefined]);
    const view = world.view();
    const home = await world.openHome(view);
    expect((await findChild(view, home, 'older'))?.isWritable).toBe(true);
    expect(await findChild(view, home, 'none')).toBeUndefined();
  });

  test('with some names are read element by element; a lost nameless child is found by nobody', async () => {
    const world = await FileWorld.create();
    const lost = await world.addFile(world.home, 'lost', content(3), { isNameless: true });
    await world.addFile(world.home, 'new', content(4));
    await world.addFile(world.home, 'old', content(5), { isNameless: true });
    await world.remove(world.signer, [lost.capability.location]);
    const { children, listedNames } = await listed(world);
    expect(children.map(({ name, isDangling }) => [name, isDangling])).toEqual([
      [undefined, true],
      ['new', false],
      ['old', false],
    ]);
    expect(listedNames).toEqual([undefined, 'new', undefined]);
    const view = world.view();
    const home = await world.openHome(view);
    expect((await findChild(view, home, 'old'))?.properties.size).toBe(5);
    expect(await findEntry(view, home, 'lost')).toBeUndefined();
  });

  test('and their children without BATs are opened without them', async () => {
    const world = await FileWorld.create();
    world.entriesPerChunk = 2;
    const old = await world.addDirectory(world.home, 'old', { isWithoutBat: true });
    const names = Array.from({ length: 5 }, (_, i) => String(i));
    await world.addFiles(
      old,
      names.map((name) => ({ name, content: content(6000) })),
      { isWithoutBat: true },
    );
    const view = world.view();
    const opened = await findChild(view, await world.openHome(view), 'old');
    const children: (Item | DanglingEntry)[] = [];
    for await (const child of listChildren(view, opened!)) children.push(child);
    expect(children.map(({ name }) => name)).toEqual(names);
    expect(children.every((child) => !child.isDangling && child.capability.bat === undefined)).toBe(true);
    expect(await pathOf(view, children[0] as Item)).toBe('/ada/old/0');
  });
});
