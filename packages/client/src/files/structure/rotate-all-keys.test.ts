import { concatBytes, equalBytes } from '@pyrgos/core/bytes';
import { Bat, type SymmetricKey } from '@pyrgos/core/keys';
import { AbsoluteCapability, openNode } from '@pyrgos/core/model';
import { describe, expect, test } from 'vitest';
import { outcome } from '../../../test/commit-world.js';
import { content } from '../../../test/file-world.js';
import { type Inspection, StructureWorld } from '../../../test/structure-world.js';
import { appendContent } from '../content/index.js';
import { FileReader, type Item, openItem } from '../view/index.js';
import { makeDirectory, moveItem, rename, rotateAllKeys, type RotateOptions } from './index.js';

async function rotate(world: StructureWorld, path: string, options: RotateOptions): Promise<Item> {
  const parent = path.split('/').slice(0, -1).join('/');
  return world.operate(async (operation) => rotateAllKeys(operation, await world.at(parent), await world.at(path), options));
}

/** The directory `/ada/docs` with two files, a directory, and optionally a nested writing space. */
async function populated(options: { readonly isNested?: boolean } = {}): Promise<StructureWorld> {
  const world = await StructureWorld.create();
  const { files } = world;
  files.entriesPerChunk = 2;
  const docs = await files.addDirectory(files.home, 'docs');
  await files.addFiles(docs, [
    { name: 'small', content: content(100) },
    { name: 'large', content: content(6_000_000, 2) },
    { name: 'empty', content: new Uint8Array() },
  ]);
  const inner = await files.addDirectory(docs, 'inner');
  await files.addFile(inner, 'deep', content(5000, 3));
  if (options.isNested === true) {
    const space = await files.addLinkedDirectory(docs, 'space', 150);
    await files.addFile(space, 'g', content(200, 4));
    const nested = await files.addLinkedDirectory(space, 'nested', 151);
    await files.addFile(nested, 'h', content(300, 5));
  }
  await sound(world);
  return world;
}

async function sound(world: StructureWorld): Promise<Inspection> {
  const found = await world.inspect();
  expect(found.problems).toEqual([]);
  return found;
}

/** What must be new after a rotation: no key, BAT or place of before opens anything. */
function expectNothingKept(before: Inspection, after: Inspection, prefix: string): void {
  for (const [path, item] of after.items) {
    if (!path.startsWith(prefix)) continue;
    const old = before.items.get(path)!;
    expect(equalBytes(item.capability.mapKey, old.capability.mapKey)).toBe(false);
    expect(item.capability.bat!.equals(old.capability.bat)).toBe(false);
    expect(item.capability.rBaseKey.equals(old.capability.rBaseKey)).toBe(false);
    expect(item.capability.wBaseKey!.equals(old.capability.wBaseKey)).toBe(false);
    expect(item.opened.parentKey.equals(old.opened.parentKey)).toBe(false);
    if (!item.isDirectory) {
      expect(equalBytes(item.opened.properties.streamSecret!, old.opened.properties.streamSecret!)).toBe(false);
      expect(item.opened.isDirty).toBe(true);
      expect(item.opened.dataKey!.equals(old.opened.dataKey!.toDirty())).toBe(true);
      expect(item.node.data.equals(old.node.data)).toBe(true);
    }
  }
}

describe('revoking read access', () => {
  test('of a tree: new keys and places, same content, names and chunks', async () => {
    const world = await populated();
    const before = await sound(world);
    const rotated = await rotate(world, 'docs', { rotateSigner: false });
    const after = await sound(world);
    expect(after.tree).toEqual(before.tree);
    expect(after.chunks).toEqual(before.chunks);
    expect(rotated.writer.equals(world.files.signer.publicKeyHash)).toBe(true);
    expectNothingKept(before, after, '/ada/docs');
    expect(after.items.get('/ada')!.capability.equals(before.items.get('/ada')!.capability)).toBe(true);
  });

  test('who had access finds nothing any more; others in the parent do', async () => {
    const world = await populated();
    await world.files.addFile(world.files.home, 'other', content(10));
    world.wait();
    const old = (await world.at('docs/small')).capability.toReadOnly();
    const directory = (await world.at('docs')).capability.toReadOnly();
    await rotate(world, 'docs', { rotateSigner: false });
    world.restart();
    for (const capability of [old, directory]) expect(await outcome(openItem(world.view(), capability))).toBe('not-found.file');
    expect((await world.read('other')).length).toBe(10);
    expect((await world.read('docs/small')).length).toBe(100);
  });

  test('metadata of afterwards cannot be opened with any key of before', async () => {
    const world = await populated();
    const old = await world.at('docs');
    await rotate(world, 'docs', { rotateSigner: false });
    await world.operate(async (operation) => rename(operation, await world.home(), await world.at('docs'), 'secret'));
    const now = await world.at('secret');
    for (const rBaseKey of [old.capability.rBaseKey, old.opened.parentKey]) {
      const capability = openWith(now, rBaseKey);
      expect(() => openNode(world.files.crypto, now.node, capability)).toThrow();
    }
  });

  test('of a file', async () => {
    const world = await populated();
    const before = await sound(world);
    await rotate(world, 'docs/large', { rotateSigner: false });
    const after = await sound(world);
    expect(after.tree).toEqual(before.tree);
    expectNothingKept(before, after, '/ada/docs/large');
    // Later chunks are at new places, without a parent link, and open with the new BAT only.
    const file = after.items.get('/ada/docs/large')!;
    expect(equalBytes(await world.read('docs/large'), content(6_000_000, 2))).toBe(true);
    expect(file.opened.properties.name).toBe('large');
  });

  test('of an item with a writing space of its own: the space and a link node stay', async () => {
    const world = await populated({ isNested: true });
    const before = await sound(world);
    const rotated = await rotate(world, 'docs/space', { rotateSigner: false });
    const after = await sound(world);
    expect(after.tree).toEqual(before.tree);
    expect(after.owned.map(({ writer }) => writer.key)).toEqual(before.owned.map(({ writer }) => writer.key));
    expect(rotated.writer.equals(world.files.base.signer(150).publicKeyHash)).toBe(true);
    expect(rotated.link!.writer.equals(world.files.signer.publicKeyHash)).toBe(true);
    expectNothingKept(before, after, '/ada/docs/space');
  });

  test('of a directory with a nested writing space: that is kept, with its content (the hazard of section 22.3)', async () => {
    const world = await populated({ isNested: true });
    const before = await sound(world);
    await rotate(world, 'docs', { rotateSigner: false });
    const after = await sound(world);
    expect(after.tree).toEqual(before.tree);
    expect(after.chunks).toEqual(before.chunks);
    expectNothingKept(before, after, '/ada/docs');
    for (const n of [150, 151]) expect(await world.files.base.target(world.files.base.signer(n).publicKeyHash)).toBeDefined();
    expect(after.items.get('/ada/docs/space')!.writer.equals(world.files.base.signer(150).publicKeyHash)).toBe(true);
    expect((await world.read('docs/space/nested/h')).length).toBe(300);
  });
});

describe('after revoking read access', () => {
  test('the owner can append: the file is encrypted anew first, and has old and new content', async () => {
    const world = await populated();
    const old = await world.at('docs/large');
    await rotate(world, 'docs/large', { rotateSigner: false });
    const { blocks } = world.files.base.server;
    const added = content(100, 9);
    await world.operate(async (operation) => appendContent(operation, { blocks }, await world.at('docs/large'), added));
    const now = await world.at('docs/large');
    expect(now.opened.isDirty).toBe(false);
    expect(equalBytes(now.opened.dataKey!.bytes, old.opened.dataKey!.bytes)).toBe(false);
    expect(equalBytes(await world.read('docs/large'), concatBytes(content(6_000_000, 2), added))).toBe(true);
    await sound(world);
  });

  test('of a directory: a file in it that is shared anew can be seen, the directory cannot', async () => {
    const world = await populated();
    const theirs = (await world.at('docs')).capability.toReadOnly();
    await rotate(world, 'docs', { rotateSigner: false });
    const shared = (await world.at('docs/small')).capability.toReadOnly();
    const view = world.view();
    expect(await outcome(openItem(view, theirs))).toBe('not-found.file');
    const file = await openItem(view, shared);
    expect(equalBytes(await new FileReader(view, file).read(0, 100), content(100))).toBe(true);
    const above = await openItem(view, file.opened.parentLink!.toAbsolute(world.files.crypto, file.capability));
    expect(above.name).toBe('docs');
    expect(above.isReadable).toBe(false);
  });
});

describe('granting and revoking write access', () => {
  test('gives an item a writing space of its own, behind a link node', async () => {
    const world = await populated();
    const before = await sound(world);
    const rotated = await rotate(world, 'docs', { rotateSigner: true });
    const after = await sound(world);
    expect(after.tree).toEqual(before.tree);
    expect(after.chunks).toEqual(before.chunks);
    expectNothingKept(before, after, '/ada/docs');
    expect(rotated.writer.equals(world.files.signer.publicKeyHash)).toBe(false);
    expect(after.owned.length).toBe(3);
    expect(after.owned.find(({ writer }) => writer.equals(rotated.writer))!.parent!.equals(world.files.signer.publicKeyHash)).toBe(true);
    // The link node is in the space of the parent, has one child, and the target's parent link leads to it.
    const link = rotated.link!;
    expect(link.writer.equals(world.files.signer.publicKeyHash)).toBe(true);
    expect(link.opened.properties).toMatchObject({ name: 'docs', isLink: true, isDirectory: true });
    const up = rotated.opened.parentLink!;
    expect(up.writer!.equals(world.files.signer.publicKeyHash)).toBe(true);
    expect(up.key.equals(link.opened.parentKey)).toBe(true);
    expect(equalBytes(up.mapKey, link.capability.mapKey)).toBe(true);
    expect(rotated.opened.base!.signerLink).toBeDefined();
    // Everything below is in the new space.
    for (const [path, item] of after.items) {
      if (path.startsWith('/ada/docs')) expect(item.writer.equals(rotated.writer)).toBe(true);
    }
  });

  test('of a file: the link node says that it is none', async () => {
    const world = await populated();
    const rotated = await rotate(world, 'docs/large', { rotateSigner: true });
    await sound(world);
    expect(rotated.isDirectory).toBe(false);
    expect(rotated.link!.opened.properties).toMatchObject({
      isLink: true,
      isDirectory: false,
      streamSecret: undefined,
      thumbnail: undefined,
    });
    expect(rotated.entry!.link).toMatchObject({ name: 'large', isDirectory: false });
    expect(equalBytes(await world.read('docs/large'), content(6_000_000, 2))).toBe(true);
  });

  test('once more: the old space is gone, and its link node', async () => {
    const world = await populated();
    const first = await rotate(world, 'docs', { rotateSigner: true });
    const before = await sound(world);
    const second = await rotate(world, 'docs', { rotateSigner: true });
    const after = await sound(world);
    expect(after.tree).toEqual(before.tree);
    expect(second.writer.equals(first.writer)).toBe(false);
    expect(after.owned.length).toBe(3);
    expect(await world.files.base.target(first.writer)).toBeUndefined();
    expectNothingKept(before, after, '/ada/docs');
  });

  test('of a tree with nested writing spaces: they are all replaced, each owned by the one around it', async () => {
    const world = await populated({ isNested: true });
    const before = await sound(world);
    const rotated = await rotate(world, 'docs', { rotateSigner: true });
    const after = await sound(world);
    expect(after.tree).toEqual(before.tree);
    expect(after.chunks).toEqual(before.chunks);
    expectNothingKept(before, after, '/ada/docs');
    const owner = (path: string): string | undefined =>
      after.owned.find(({ writer }) => writer.equals(after.items.get(path)!.writer))?.parent?.key;
    expect(owner('/ada/docs')).toBe(world.files.signer.publicKeyHash.key);
    expect(owner('/ada/docs/space')).toBe(rotated.writer.key);
    expect(owner('/ada/docs/space/nested')).toBe(after.items.get('/ada/docs/space')!.writer.key);
    expect(after.owned.length).toBe(5);
    for (const n of [150, 151]) expect(await world.files.base.target(world.files.base.signer(n).publicKeyHash)).toBeUndefined();
  });

  test('nested, then on the parent: chunks of 10, 10 and 2 stay so, nothing twice', async () => {
    const world = await StructureWorld.create();
    const home = await world.home();
    for (const path of ['d', 'd/0']) {
      const parent = path === 'd' ? '' : 'd';
      await world.operate(async (operation) => makeDirectory(operation, await world.at(parent), path.at(-1)!));
    }
    for (let i = 1; i < 22; i++) {
      await world.operate(async (operation) => makeDirectory(operation, await world.at('d'), `${i}`, { maxPerChunk: 10 }));
    }
    const names = await world.names('d');
    for (const path of ['d/3', 'd/12', 'd/21', 'd']) {
      await rotate(world, path, { rotateSigner: true });
      const found = await sound(world);
      expect(found.chunks.get('/ada/d')).toEqual([10, 10, 2]);
      expect(await world.names('d')).toEqual(names);
    }
    await rotate(world, 'd', { rotateSigner: false });
    expect((await sound(world)).chunks.get('/ada/d')).toEqual([10, 10, 2]);
    expect((await world.home()).capability.equals(home.capability)).toBe(true);
  });

  test('what else is committed is committed together with it', async () => {
    const world = await populated();
    let isCalled = false;
    const failing = rotate(world, 'docs', {
      rotateSigner: true,
      alsoCommit: async (rotated) => {
        isCalled = rotated.name === 'docs';
        throw new Error('no record');
      },
    });
    const before = await world.inspect();
    await expect(failing).rejects.toThrow('no record');
    expect(isCalled).toBe(true);
    expect((await sound(world)).tree).toEqual(before.tree);
  });
});

test('renaming an item with a writing space changes link node and target', async () => {
  const world = await populated();
  await rotate(world, 'docs', { rotateSigner: true });
  await world.operate(async (operation) => rename(operation, await world.home(), await world.at('docs'), 'ours'));
  const item = await world.at('ours');
  expect([item.opened, item.link!.opened].map(({ properties }) => properties.name)).toEqual(['ours', 'ours']);
  await sound(world);
});

test('a mirror BAT of the account replaces that of the nodes', async () => {
  const world = await populated();
  const mirrorBatId = Bat.generate(world.files.crypto).mirrorId(world.files.crypto);
  await rotate(world, 'docs', { rotateSigner: false, mirrorBatId });
  for (const [path, { node }] of (await sound(world)).items) {
    if (path.startsWith('/ada/docs')) expect(node.mirrorBatId!.equals(mirrorBatId)).toBe(true);
  }
});

describe('legacy and damaged data', () => {
  test('files without BATs and stream secret get both', async () => {
    const world = await StructureWorld.create();
    const { files } = world;
    const docs = await files.addDirectory(files.home, 'docs');
    await files.addFile(docs, 'old', content(6_000_000), { isLegacy: true, isWithoutBat: true });
    await rotate(world, 'docs', { rotateSigner: false });
    const item = (await sound(world)).items.get('/ada/docs/old')!;
    expect(item.capability.bat).toBeDefined();
    expect(item.opened.properties.streamSecret).toBeDefined();
    expect(equalBytes(await world.read('docs/old'), content(6_000_000))).toBe(true);
  });

  test('a child that is gone is left out; one that is damaged is an error unless it may be skipped', async () => {
    const world = await StructureWorld.create();
    const { files } = world;
    const docs = await files.addDirectory(files.home, 'docs');
    const gone = await files.addFile(docs, 'gone', content(10));
    const bad = await files.addFile(docs, 'bad', content(10));
    await files.addFile(docs, 'good', content(10));
    await files.remove(files.signer, gone.locations);
    await files.put(files.signer, [{ ...files.sealDirectory(files.home, 0), location: bad.locations[0]! }]);
    world.wait();
    expect(await outcome(rotate(world, 'docs', { rotateSigner: false }))).toBe('denied.block');
    expect(await world.names('docs')).toEqual(['gone', 'bad', 'good']);
    await rotate(world, 'docs', { rotateSigner: false, leaveOutDamaged: true });
    expect(await world.names('docs')).toEqual(['good']);
    // What could not be opened may be anybody's, and stays where it was.
    expect((await world.inspect()).problems).toEqual([expect.stringMatching(/^orphan chunk /u)]);
  });

  test('a directory that lists itself', async () => {
    const world = await StructureWorld.create();
    const { files } = world;
    const loop = await files.addDirectory(files.home, 'loop');
    const inner = await files.addDirectory(loop, 'inner');
    await files.list(inner, [loop.entry!]);
    const left: string[] = [];
    await rotate(world, 'loop', { rotateSigner: false, onLeftOut: (names) => left.push(names.join('/')) });
    expect(left).toEqual(['loop/inner/loop']);
    expect(await world.names('loop/inner')).toEqual([]);
    await sound(world);
  });
});

test('nodes of a large tree are uploaded ahead of the commit, so that memory is bounded', async () => {
  const world = await StructureWorld.create();
  const { files } = world;
  const docs = await files.addDirectory(files.home, 'docs');
  await files.addFiles(
    docs,
    Array.from({ length: 300 }, (_, i) => ({ name: `f${i}`, content: content(i % 50) })),
  );
  const before = await sound(world);
  let largest = 0;
  const { blocks } = files.base.server;
  await world.operate(async (operation) => {
    files.base.server.hooks.before = () => {
      largest = Math.max(largest, operation.committer.blocks.size);
    };
    const staging = { blocks, bufferSize: 200_000 };
    return rotateAllKeys(operation, await world.home(), await world.at('docs'), { rotateSigner: true, staging });
  });
  const after = await sound(world);
  expect(after.tree).toEqual(before.tree);
  // Of 1.4 MB of nodes; there is also the tree of the writer.
  expect(largest).toBeGreaterThan(190_000);
  expect(largest).toBeLessThan(400_000);
});

describe('what others did in the meantime', () => {
  test('keys that were rotated are not rotated again by mistake', async () => {
    const world = await populated();
    const [home, docs] = [await world.home(), await world.at('docs')];
    await rotate(world, 'docs', { rotateSigner: true });
    expect(await outcome(world.operate((operation) => rotateAllKeys(operation, home, docs, { rotateSigner: true })))).toBe(
      'not-found.file',
    );
  });

  test('what was moved elsewhere is not torn from there', async () => {
    const world = await populated();
    const { blocks } = world.files.base.server;
    const [docs, inner] = [await world.at('docs'), await world.at('docs/inner')];
    await world.operate(async (operation) => moveItem(operation, { blocks }, docs, inner, await world.home(), { keepAccess: true }));
    const before = await world.inspect();
    const rotating = world.operate((operation) => rotateAllKeys(operation, docs, inner, { rotateSigner: false }));
    expect(await outcome(rotating)).toBe('not-found.file');
    expect(await world.inspect()).toEqual(before);
  });
});

/** The capability of an item with another read key. */
function openWith({ capability }: Item, rBaseKey: SymmetricKey): AbsoluteCapability {
  const { owner, writer, mapKey, bat } = capability;
  return AbsoluteCapability.of({ owner, writer, mapKey, bat, rBaseKey });
}
