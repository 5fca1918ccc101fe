import { ArgumentError, DeniedError } from '@pyrgos/core/errors';
import { SymmetricKey } from '@pyrgos/core/keys';
import { AbsoluteCapability, ChildEntry, ChunkLocation, Timestamp } from '@pyrgos/core/model';
import { describe, expect, test } from 'vitest';
import { outcome } from '../../../test/commit-world.js';
import { content } from '../../../test/file-world.js';
import { StructureWorld } from '../../../test/structure-world.js';
import { DanglingEntry, directoryChunks, findEntry, type Item, openItem } from '../view/index.js';
import { ChunkChanges } from './chunk-changes.js';
import { DirectoryEdit } from './directory-edit.js';
import { addEntries, deleteItems, editEntries, makeDirectory, type NewEntry, removeEntries, rename } from './index.js';

const MAX = { maxPerChunk: 3 };

/** An entry for something that need not exist. */
function entry(world: StructureWorld, name: string): NewEntry {
  const { crypto, owner, signer } = world.files;
  const { mapKey, bat } = ChunkLocation.generate(crypto);
  const [rBaseKey, wBaseKey] = [SymmetricKey.generate(crypto), SymmetricKey.generate(crypto)];
  const capability = AbsoluteCapability.of({ owner, writer: signer.publicKeyHash, mapKey, bat, rBaseKey, wBaseKey });
  return { name, capability, isDirectory: false, mimeType: 'text/plain', created: Timestamp.of(1_700_000_000) };
}

async function add(world: StructureWorld, entries: readonly NewEntry[], path = ''): Promise<Item> {
  return world.operate(async (operation) => addEntries(operation, await world.at(path), entries, MAX));
}

async function counts(world: StructureWorld, path = ''): Promise<number[]> {
  const view = world.view();
  const list: number[] = [];
  for await (const { entries } of directoryChunks(view, await world.at(path, view))) list.push(entries.length);
  return list;
}

async function entriesOf(world: StructureWorld, path = ''): Promise<ChildEntry[]> {
  const view = world.view();
  const list: ChildEntry[] = [];
  for await (const { entries } of directoryChunks(view, await world.at(path, view))) list.push(...entries);
  return list;
}

describe('adding', () => {
  test('fills the last chunk and makes new ones', async () => {
    const world = await StructureWorld.create();
    await add(world, [entry(world, 'a'), entry(world, 'b')]);
    await add(
      world,
      [...'cdefghi'].map((name) => entry(world, name)),
    );
    expect(await counts(world)).toEqual([3, 3, 3]);
    expect((await world.names('')).join('')).toBe('abcdefghi');
    await add(world, [entry(world, 'j')]);
    expect(await counts(world)).toEqual([3, 3, 3, 1]);
  });

  test('prefers a chunk with room for all, and fills gaps when there is none', async () => {
    const world = await StructureWorld.create();
    const entries = [...'abcdefghi'].map((name) => entry(world, name));
    await add(world, entries);
    await world.operate(async (operation) =>
      removeEntries(
        operation,
        await world.home(),
        [0, 3, 4].map((i) => entries[i]!.capability),
      ),
    );
    expect(await counts(world)).toEqual([2, 1, 3]);
    await add(world, [entry(world, 'x'), entry(world, 'y')]);
    expect(await counts(world)).toEqual([2, 3, 3]);
    await add(world, [entry(world, 'p'), entry(world, 'q'), entry(world, 'r')]);
    expect(await counts(world)).toEqual([3, 3, 3, 2]);
  });

  test('goes on where an earlier edit has ended, without reading what is before that', async () => {
    const world = await StructureWorld.create();
    await world.operate(async (operation) => {
      const [changes, home] = [new ChunkChanges(operation), await world.home()];
      const first = new DirectoryEdit(operation, changes, home, MAX);
      expect(first.end).toBeUndefined();
      for (const name of 'abcdefgh') first.add(entry(world, name));
      await first.apply();
      await changes.commit();
      expect(first.end?.index).toBe(2);
      const next = new DirectoryEdit(operation, changes, first.directory, { ...MAX, from: first.end });
      // Nobody looks into the first chunk, which has this name already: whoever says where to begin vouches for that.
      for (const name of 'axyz') next.add(entry(world, name));
      await next.apply();
      await changes.commit();
      expect(next.end?.index).toBe(3);
      const last = new DirectoryEdit(operation, changes, first.directory, { ...MAX, from: next.end });
      last.add(entry(world, 'z'));
      expect(await outcome(last.apply())).toBe('conflict.exists');
    });
    expect(await counts(world)).toEqual([3, 3, 3, 3]);
    expect((await world.names('')).join('')).toBe('abcdefghaxyz');
  });

  test('keeps what was there byte for byte', async () => {
    const world = await StructureWorld.create();
    await add(world, [entry(world, 'a'), entry(world, 'b')]);
    const before = await entriesOf(world);
    await add(world, [entry(world, 'c')]);
    const after = await entriesOf(world);
    expect(after.slice(0, 2).map(({ cbor }) => cbor)).toEqual(before.map(({ cbor }) => cbor));
  });

  test('resolves to the directory as it is then', async () => {
    const world = await StructureWorld.create();
    const home = await world.home();
    const after = await add(world, [entry(world, 'a')]);
    expect(after.cid.equals(home.cid)).toBe(false);
    expect(after.cid.equals((await world.home()).cid)).toBe(true);
    expect(after.name).toBe('ada');
  });

  test('nothing, and names that are in use or given twice', async () => {
    const world = await StructureWorld.create();
    world.files.requests();
    await add(world, []);
    expect(world.files.requests()).not.toContain('putBlocks');
    await add(
      world,
      [...'abcd'].map((name) => entry(world, name)),
    );
    for (const name of 'abcd') expect(await outcome(add(world, [entry(world, 'new'), entry(world, name)]))).toBe('conflict.exists');
    expect(await outcome(add(world, [entry(world, 'e'), entry(world, 'e')]))).toBe('conflict.exists');
    await expect(add(world, [{ ...entry(world, 'x'), name: 'a/b' }])).rejects.toThrow(ArgumentError);
    expect((await world.names('')).join('')).toBe('abcd');
    // Names are compared exactly.
    await add(world, [entry(world, 'A'), entry(world, 'e\u0301'), entry(world, '\u00e9')]);
    expect((await world.names('')).length).toBe(7);
  });

  test('a child with the write key of the directory is refused', async () => {
    const world = await StructureWorld.create();
    const { owner, writer, mapKey, bat, rBaseKey, wBaseKey } = (await world.home()).capability;
    const capability = AbsoluteCapability.of({ owner, writer, mapKey, bat, rBaseKey, wBaseKey });
    await expect(add(world, [{ ...entry(world, 'x'), capability }])).rejects.toThrow(ArgumentError);
  });

  test('read access is not enough', async () => {
    const world = await StructureWorld.create();
    const readOnly = await openItem(world.view(), (await world.home()).capability.toReadOnly());
    await expect(world.operate((operation) => addEntries(operation, readOnly, [entry(world, 'x')]))).rejects.toThrow(DeniedError);
  });
});

describe('removing', () => {
  test('from any chunk; empty chunks stay; what is not listed is passed over', async () => {
    const world = await StructureWorld.create();
    const entries = [...'abcdefg'].map((name) => entry(world, name));
    await add(world, entries);
    const remove = async (...indices: number[]): Promise<Item> =>
      world.operate(async (operation) =>
        removeEntries(
          operation,
          await world.home(),
          indices.map((i) => entries[i]!.capability),
        ),
      );
    await remove(6, 0);
    expect(await counts(world)).toEqual([2, 3, 0]);
    await remove(0, 1, 2, 3, 4, 5, 6);
    expect(await counts(world)).toEqual([0, 0, 0]);
    const before = await world.home();
    expect((await remove(0)).cid.equals(before.cid)).toBe(true);
    await add(world, [entry(world, 'x')]);
    expect(await counts(world)).toEqual([1, 0, 0]);
  });

  test('the place counts, not the name', async () => {
    const world = await StructureWorld.create();
    await add(world, [entry(world, 'a')]);
    await world.operate(async (operation) => removeEntries(operation, await world.home(), [entry(world, 'a').capability]));
    expect(await world.names('')).toEqual(['a']);
  });
});

describe('what other clients have written', () => {
  test('malformed elements stay where they are, and can be taken out', async () => {
    const world = await StructureWorld.create();
    const { files } = world;
    const broken = ChildEntry.fromCbor(new Map<string, string>([['n', 'broken']]));
    await files.list(files.home, [broken]);
    await add(world, [entry(world, 'a')]);
    const [kept] = await entriesOf(world);
    expect(kept!.error).toBeDefined();
    expect(kept!.cbor).toEqual(broken.cbor);
    const home = await world.home();
    const dangling = new DanglingEntry(kept!, kept!.error!, undefined);
    await world.operate((operation) => deleteItems(operation, home, [dangling]));
    expect(await world.names('')).toEqual(['a']);
  });

  test('legacy lists without names: names of the children count, and the list is not mixed', async () => {
    const world = await StructureWorld.create();
    const { files } = world;
    await files.addFile(files.home, 'old', content(10), { isNameless: true });
    expect(await outcome(add(world, [entry(world, 'old')]))).toBe('conflict.exists');
    await add(world, [entry(world, 'new')]);
    expect(await counts(world)).toEqual([1, 1]);
    const [first] = await entriesOf(world);
    expect(first!.name).toBeUndefined();
    const old = await world.at('old');
    const renamed = await world.operate(async (operation) => rename(operation, await world.home(), old, 'older'));
    expect(renamed.name).toBe('older');
    expect((await entriesOf(world))[0]!.name).toBeUndefined();
    expect((await world.at('older')).capability.equals(old.capability)).toBe(true);
  });

  test('a damaged chunk may hide a name: nothing is added, but elsewhere things can be taken out', async () => {
    const world = await StructureWorld.create();
    const { files } = world;
    await files.addDirectory(files.home, 'd');
    const children: Item[] = [];
    for (const name of 'abc')
      children.push(await world.operate(async (operation) => makeDirectory(operation, await world.at('d'), name, { maxPerChunk: 1 })));
    // The second chunk is one of another directory.
    const d = await world.at('d');
    const other = files.sealDirectory(files.home, 0);
    const { mapKey } = d.opened.next!;
    world.wait();
    await files.put(files.signer, [{ ...other, location: ChunkLocation.of(mapKey, d.opened.next!.bat) }]);
    world.wait();
    expect(await outcome(world.operate(async (operation) => makeDirectory(operation, await world.at('d'), 'x')))).not.toBe('resolved');
    await world.operate(async (operation) => deleteItems(operation, await world.at('d'), [children[0]!]));
    const view = world.view();
    expect(await outcome(findEntry(view, await world.at('d', view), 'a'))).not.toBe('resolved');
  });
});

test('several changes in one pass', async () => {
  const world = await StructureWorld.create();
  const entries = [...'abcdefg'].map((name) => entry(world, name));
  await add(world, entries);
  await world.operate(async (operation) =>
    editEntries(
      operation,
      await world.home(),
      (edit) => {
        edit.remove(entries[0]!.capability);
        edit.relist(entries[4]!.capability, { name: 'E', mimeType: 'text/html' });
        edit.replace(entries[6]!.capability, { ...entry(world, 'g'), name: 'g' });
        edit.add(entry(world, 'h'));
      },
      MAX,
    ),
  );
  expect((await world.names('')).join('')).toBe('bchdEfg');
  expect(await counts(world)).toEqual([3, 3, 1]);
});
