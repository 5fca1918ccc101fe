import { equalBytes } from '@pyrgos/core/bytes';
import { Bat, batIdsOfRawBlock, type BatWithId } from '@pyrgos/core/keys';
import { openItem } from '../view/index.js';
import { expect, test } from 'vitest';
import { outcome } from '../../../test/commit-world.js';
import { content } from '../../../test/file-world.js';
import { StructureWorld } from '../../../test/structure-world.js';
import { addMirrorBat } from './mirror-bat.js';

/** A world in which things are made without a mirror BAT. */
async function create(): Promise<{ readonly world: StructureWorld; readonly mirrorBat: BatWithId }> {
  const world = await StructureWorld.create();
  const mirrorBat = Bat.generate(world.files.crypto).withMirrorId(world.files.crypto);
  Object.assign(world.files, { mirrorBatId: undefined });
  return { world, mirrorBat };
}

test('nodes and fragments get the id, and content stays', async () => {
  const { world, mirrorBat } = await create();
  const { files } = world;
  const bytes = content(6_000_000);
  await files.addFile(files.home, 'f', bytes);
  const before = await world.at('f');
  expect(before.node.batIds.length).toBe(1);
  const add = async (): Promise<number> => world.operate(async (operation) => addMirrorBat(operation, await world.at('f'), mirrorBat.id));
  expect(await add()).toBe(2);
  const after = await world.at('f');
  expect(after.capability.equals(before.capability)).toBe(true);
  expect(after.node.mirrorBatId!.equals(mirrorBat.id)).toBe(true);
  expect(equalBytes(await world.read('f'), bytes)).toBe(true);
  // A mirror has no other BAT.
  const { blocks } = files.base.server.clone();
  const read = { owner: world.owner, bat: mirrorBat };
  await blocks.getBlock(after.cid, read);
  for (const { cid } of after.node.data.fragments) expect(batIdsOfRawBlock(await blocks.getBlock(cid, read)).length).toBe(2);
  expect(await outcome(blocks.getBlock(before.cid, read))).toBe('denied.block');
  expect((await world.inspect()).problems).toEqual([]);
  // What is complete is not written again.
  expect(await add()).toBe(0);
  expect((await world.at('f')).cid.equals(after.cid)).toBe(true);
});

test('directories of several chunks, with their link nodes', async () => {
  const { world, mirrorBat } = await create();
  const { files } = world;
  files.entriesPerChunk = 1;
  const space = await files.addLinkedDirectory(files.home, 'space', 150);
  for (const name of 'abc') await files.addFile(space, name, content(10));
  expect(await world.operate(async (operation) => addMirrorBat(operation, await world.at('space'), mirrorBat.id))).toBe(4);
  const item = await world.at('space');
  expect(item.node.mirrorBatId).toBeDefined();
  expect(item.link!.node.mirrorBatId).toBeDefined();
  expect((await world.at('space/a')).node.mirrorBatId).toBeUndefined();
  expect((await world.inspect()).problems).toEqual([]);
});

test('legacy items without BATs stay as they are', async () => {
  const { world, mirrorBat } = await create();
  await world.files.addFile(world.files.home, 'old', content(10), { isWithoutBat: true });
  expect(await world.operate(async (operation) => addMirrorBat(operation, await world.at('old'), mirrorBat.id))).toBe(0);
});

test('needs write access', async () => {
  const { world, mirrorBat } = await create();
  const file = await world.files.addFile(world.files.home, 'f', content(10));
  const readOnly = await openItem(world.view(), file.capability.toReadOnly());
  expect(await outcome(world.operate((operation) => addMirrorBat(operation, readOnly, mirrorBat.id)))).toBe('denied.file');
});
