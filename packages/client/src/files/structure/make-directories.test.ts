import { ArgumentError, DeniedError, LimitError } from '@pyrgos/core/errors';
import { Bat, SymmetricKey } from '@pyrgos/core/keys';
import { type NamedRelativeCapability, openNode } from '@pyrgos/core/model';
import { describe, expect, test } from 'vitest';
import { outcome } from '../../../test/commit-world.js';
import { content } from '../../../test/file-world.js';
import { StructureWorld } from '../../../test/structure-world.js';
import { type Item, loadNode, type OperationView, openItem } from '../view/index.js';
import { addEntries, getOrMakeDirectories, makeDirectory, type MakeDirectoryOptions } from './index.js';

async function make(world: StructureWorld, name: string, path = '', options: MakeDirectoryOptions = {}): Promise<Item> {
  return world.operate(async (operation) => makeDirectory(operation, await world.at(path), name, options));
}

test('a directory appears in its parent, with the properties of section 19.1', async () => {
  const world = await StructureWorld.create();
  const { clock } = world.files.base;
  const made = await make(world, 'docs', '', { clock, isHidden: true });
  expect(made.isWritable).toBe(true);
  const found = await world.inspect();
  expect(found.problems).toEqual([]);
  expect([...found.tree.keys()]).toEqual(['/ada', '/ada/docs']);
  expect(found.chunks.get('/ada')).toEqual([1]);
  const item = found.items.get('/ada/docs')!;
  expect(item.properties.equals(made.properties)).toBe(true);
  expect(item.properties).toMatchObject({ name: 'docs', isDirectory: true, isHidden: true, mimeType: '', size: 0, thumbnail: undefined });
  expect(item.properties.modified.toMilliseconds()).toBe(clock.time);
  expect(item.properties.created.equals(item.properties.modified)).toBe(true);
  const link = item.entry?.link as NamedRelativeCapability;
  expect(link).toMatchObject({ name: 'docs', isDirectory: true, mimeType: '' });
  expect(link.created?.seconds).toBe(Math.floor(clock.time / 1000));
});

test('keys and links are those of the format', async () => {
  const world = await StructureWorld.create();
  await make(world, 'docs');
  const item = await world.at('docs');
  const home = await world.home();
  const { opened, capability } = item;
  expect(opened.parentKey.equals(capability.rBaseKey)).toBe(false);
  expect(capability.wBaseKey!.equals(home.capability.wBaseKey)).toBe(false);
  expect(opened.base?.signerLink).toBeUndefined();
  // The parent's list leads down with write access and without a writer, the parent link up with neither.
  const { capability: down } = item.entry!.link as NamedRelativeCapability;
  expect(down.writer).toBeUndefined();
  expect(down.writeKeyLink).toBeDefined();
  const up = opened.parentLink!;
  expect(up.writer).toBeUndefined();
  expect(up.writeKeyLink).toBeUndefined();
  expect(up.key.equals(home.opened.parentKey)).toBe(true);
  const above = await openItem(world.view(), up.toAbsolute(world.files.crypto, capability));
  expect(above.name).toBe('ada');
  expect(above.isReadable).toBe(false);
  expect(above.isWritable).toBe(false);
  // Nobody fetches the node without its BAT.
  expect(item.node.batIds.length).toBe(2);
  expect(item.node.mirrorBatId!.equals(world.files.mirrorBatId)).toBe(true);
  expect(await outcome(world.files.base.server.clone().blocks.getBlock(item.cid, { owner: world.owner }))).toBe('denied.block');
});

test('several levels in one commit; what is there is used', async () => {
  const world = await StructureWorld.create();
  const getOrMake = (names: readonly string[]): Promise<Item> =>
    world.operate(async (operation) => getOrMakeDirectories(operation, await world.home(), names));
  const first = await getOrMake(['a', 'b', 'c']);
  expect(first.name).toBe('c');
  await getOrMake(['a', 'b', 'd']);
  world.files.requests();
  const again = await getOrMake(['a', 'b', 'c']);
  expect(again.capability.equals(first.capability)).toBe(true);
  expect(world.files.requests()).not.toContain('putBlocks');
  expect((await getOrMake([])).name).toBe('ada');
  const found = await world.inspect();
  expect(found.problems).toEqual([]);
  expect([...found.tree.keys()]).toEqual(['/ada', '/ada/a', '/ada/a/b', '/ada/a/b/c', '/ada/a/b/d']);
});

test('a read key that was agreed upon is used', async () => {
  const world = await StructureWorld.create();
  const rBaseKey = SymmetricKey.generate(world.files.crypto);
  await make(world, 'bob', '', { rBaseKey });
  expect((await world.at('bob')).capability.rBaseKey.equals(rBaseKey)).toBe(true);
});

test('the mirror BAT of the account is for directories without one', async () => {
  const world = await StructureWorld.create();
  const other = Bat.generate(world.files.crypto).mirrorId(world.files.crypto);
  await make(world, 'a', '', { mirrorBatId: other });
  expect((await world.at('a')).node.mirrorBatId!.equals(world.files.mirrorBatId)).toBe(true);
  const bare = await world.files.addDirectory(world.files.home, 'legacy', { isWithoutBat: true });
  expect(bare.capability.bat).toBeUndefined();
});

describe('refusals change nothing', () => {
  test('names', async () => {
    const world = await StructureWorld.create();
    await make(world, 'docs');
    const before = await world.inspect();
    expect(await outcome(make(world, 'docs'))).toBe('conflict.exists');
    for (const name of ['', '.', '..', 'a/b', '\ud800']) await expect(make(world, name)).rejects.toThrow(ArgumentError);
    await expect(make(world, 'x'.repeat(256))).rejects.toThrow(LimitError);
    expect(await world.inspect()).toEqual(before);
  });

  test('no room in a chunk', async () => {
    const world = await StructureWorld.create();
    for (const maxPerChunk of [0, 501, 1.5]) await expect(make(world, 'x', '', { maxPerChunk })).rejects.toThrow(ArgumentError);
  });

  test('a name in a later chunk of the directory', async () => {
    const world = await StructureWorld.create();
    for (let i = 0; i < 5; i++) await make(world, `d${i}`, '', { maxPerChunk: 2 });
    expect((await world.inspect()).chunks.get('/ada')).toEqual([2, 2, 1]);
    for (let i = 0; i < 5; i++) expect(await outcome(make(world, `d${i}`, '', { maxPerChunk: 2 }))).toBe('conflict.exists');
  });

  test('a file in the way', async () => {
    const world = await StructureWorld.create();
    await world.files.addFile(world.files.home, 'f', content(10));
    const through = world.operate(async (operation) => getOrMakeDirectories(operation, await world.home(), ['f', 'g']));
    expect(await outcome(through)).toBe('conflict.file');
    const onto = world.operate(async (operation) => getOrMakeDirectories(operation, await world.home(), ['f']));
    expect(await outcome(onto)).toBe('conflict.file');
    expect(await outcome(make(world, 'x', 'f'))).toBe('format.cryptree');
  });

  test('no write access', async () => {
    const world = await StructureWorld.create();
    await make(world, 'docs');
    const readOnly = await openItem(world.view(), (await world.at('docs')).capability.toReadOnly());
    const making = world.operate((operation) => makeDirectory(operation, readOnly, 'x'));
    await expect(making).rejects.toThrow(DeniedError);
  });
});

describe('how many children a chunk takes', () => {
  test('22 children make chunks of 10, 10 and 2', async () => {
    const world = await StructureWorld.create();
    for (let i = 0; i < 22; i++) await make(world, `d${i}`, '', { maxPerChunk: 10 });
    const found = await world.inspect();
    expect(found.problems).toEqual([]);
    expect(found.chunks.get('/ada')).toEqual([10, 10, 2]);
  });

  test('500 and one more', async () => {
    const world = await StructureWorld.create();
    const view = world.view();
    const home = await world.home(view);
    const { capability } = await make(world, 'real');
    const time = home.properties.created;
    // Elements only; what they lead to is not looked at.
    const entries = Array.from({ length: 500 }, (_, i) => ({ name: `e${i}`, capability, isDirectory: true, mimeType: '', created: time }));
    await world.operate(async (operation) => addEntries(operation, home, entries));
    expect((await world.names('')).length).toBe(501);
    const again = await world.home();
    expect(again.opened.next).toBeDefined();
    expect(await loadNode(world.view(), again.owner, again.writer, again.opened.next!.location)).toBeDefined();
  });

  test('later chunks hold the constant properties, and copies of BAT and parent link', async () => {
    const world = await StructureWorld.create();
    await make(world, 'docs');
    for (let i = 0; i < 3; i++) await make(world, `d${i}`, 'docs', { maxPerChunk: 2 });
    const docs = await world.at('docs');
    const next = docs.opened.next!;
    const later = (await loadNode(world.view(), docs.owner, docs.writer, next.location))!.node!;
    const opened = openNode(world.files.crypto, later, docs.capability.withLocation(next.location));
    expect(opened.properties).toMatchObject({ name: '.subsequent-dir-chunk', isDirectory: true, size: 0 });
    expect(opened.properties.modified.seconds).toBe(-31_557_014_135_596_800n);
    expect(opened.parentKey.equals(docs.opened.parentKey)).toBe(true);
    expect(opened.parentLink!.equals(docs.opened.parentLink)).toBe(true);
    expect(opened.base?.signerLink).toBeUndefined();
    expect(later.batIds[0]!.inlineBat!.equals(next.bat)).toBe(true);
    expect(later.mirrorBatId!.equals(world.files.mirrorBatId)).toBe(true);
    expect(opened.next!.location.equals(next.location)).toBe(false);
    // Its children lead back to the first chunk.
    expect((await world.at('docs/d2')).opened.parentLink!.location.equals(docs.capability.location)).toBe(true);
  });
});

test.each([0, 10, 40])('costs at most six storage requests in a directory of %d', async (count) => {
  const world = await StructureWorld.create();
  // Many give a tree of several levels, and a list that is not in its node.
  await world.files.addFiles(
    world.files.home,
    Array.from({ length: count }, (_, i) => ({ name: `f${i}`, content: content(10) })),
  );
  const directory = await world.home();
  await world.names('');
  world.files.requests();
  // The pointer is out of date.
  world.files.base.clock.time += 60_000;
  const writers = [world.files.signer.publicKeyHash];
  await world.operateOn(writers, (operation) => makeDirectory(operation, directory, 'new'));
  const requests = world.files.requests().filter((name) => name !== 'commitPointers');
  expect(requests.length).toBeLessThanOrEqual(6);
});

describe('at the same time', () => {
  test('eight in one directory through one session all succeed', async () => {
    const world = await StructureWorld.create();
    const home = await world.home();
    const writers = [world.files.signer.publicKeyHash];
    await Promise.all(
      Array.from({ length: 8 }, (_, i) =>
        world.operateOn(writers, (operation) => makeDirectory(operation, home, `d${i}`, { maxPerChunk: 3 })),
      ),
    );
    const found = await world.inspect();
    expect(found.problems).toEqual([]);
    expect(found.chunks.get('/ada')).toEqual([3, 3, 2]);
  });

  test('two devices in different directories both succeed; in one chunk the second fails', async () => {
    const world = await StructureWorld.create();
    await make(world, 'a');
    await make(world, 'b');
    const other = await StructureWorld.create();
    Object.assign(other, { files: world.files, sessions: world.files.newSessions() });
    const writers = [world.files.signer.publicKeyHash];
    const both = async (first: string, second: string): Promise<string[]> => {
      const mine = await world.at(first);
      const theirs = await other.at(second);
      let proceed = (): void => undefined;
      const gate = new Promise<void>((resolve) => {
        proceed = resolve;
      });
      const waiting = outcome(
        world.operateOn(writers, async (operation: OperationView) => {
          await makeDirectory(operation, mine, 'mine');
          await gate;
        }),
      );
      const theirOutcome = await outcome(other.operateOn(writers, (operation) => makeDirectory(operation, theirs, 'theirs')));
      proceed();
      return [theirOutcome, await waiting];
    };
    expect(await both('a', 'b')).toEqual(['resolved', 'resolved']);
    expect((await world.inspect()).problems).toEqual([]);
    expect([...(await world.inspect()).tree.keys()]).toEqual(['/ada', '/ada/a', '/ada/a/mine', '/ada/b', '/ada/b/theirs']);
    await make(world, 'c');
    expect(await both('c', 'c')).toEqual(['resolved', 'conflict.merge']);
    expect((await world.inspect()).problems).toEqual([]);
  });
});
