import { describe, expect, test } from 'vitest';
import { outcome } from '../../../test/commit-world.js';
import { StructureWorld } from '../../../test/structure-world.js';
import { createWritingSpace, makeDirectory, removeWritingSpace, rotateAllKeys, spaceSigner, writingSpacesBelow } from './index.js';

describe('the key of a space', () => {
  test('depends on the key of its owner and the place of the item, on nothing else', async () => {
    const world = await StructureWorld.create();
    const { crypto, base } = world.files;
    const [one, other] = [
      (await world.home()).capability,
      (await world.operate(async (operation) => makeDirectory(operation, await world.home(), 'd'))).capability,
    ];
    const [a, b] = [base.signer(1), base.signer(2)];
    const signers = [spaceSigner(crypto, a, one), spaceSigner(crypto, a, other), spaceSigner(crypto, b, one)];
    expect(new Set(signers.map(({ publicKeyHash }) => publicKeyHash.key)).size).toBe(3);
    expect(spaceSigner(crypto, a, one).equals(signers[0])).toBe(true);
    expect(signers.every(({ secretKey }) => secretKey.isConsistent(crypto))).toBe(true);
  });
});

describe('creating', () => {
  test('sends an empty writer at once; may be repeated until it is used', async () => {
    const world = await StructureWorld.create();
    const { base, signer } = world.files;
    const child = base.signer(150);
    const create = (): Promise<void> => world.operate((operation) => createWritingSpace(operation, signer, child));
    await create();
    const { tree, controller } = (await base.writerData(child.publicKeyHash))!;
    expect(tree).toBeUndefined();
    expect(controller.equals(child.publicKeyHash)).toBe(true);
    world.restart();
    await create();
    expect((await world.inspect()).owned.length).toBe(3);
    // Inside it another one was begun: still unused.
    await world.operate((operation) => createWritingSpace(operation, child, base.signer(151)));
    await create();
    await world.files.put(child, [world.files.sealDirectory(world.files.home, 0)]);
    world.wait();
    expect(await outcome(create())).toBe('conflict.pointer');
  });

  test('needs a reserved owner', async () => {
    const world = await StructureWorld.create();
    const { base, signer } = world.files;
    const creating = world.operateOn([world.owner], (operation) => createWritingSpace(operation, signer, base.signer(150)));
    expect(await outcome(creating)).toBe('conflict.snapshot');
  });
});

test('removing: nobody owns it, and its pointer is empty', async () => {
  const world = await StructureWorld.create();
  const { base, signer } = world.files;
  const child = await world.files.addWriter(signer, 150);
  world.wait();
  await world.operate((operation) => removeWritingSpace(operation, signer, child));
  expect((await world.inspect()).owned.length).toBe(2);
  expect(await base.target(child.publicKeyHash)).toBeUndefined();
});

test('all spaces below a writer, as far as they exist', async () => {
  const world = await StructureWorld.create();
  const { files } = world;
  const below = async (): Promise<number> => (await writingSpacesBelow(world.view(), world.owner, files.signer.publicKeyHash)).length;
  expect(await below()).toBe(1);
  for (const path of ['a', 'a/b', 'a/b/c']) {
    const parent = path.slice(0, Math.max(0, path.length - 2));
    await world.operate(async (operation) => makeDirectory(operation, await world.at(parent), path.at(-1)!));
  }
  for (const path of ['a', 'a/b', 'a/b/c']) {
    const parent = path.slice(0, Math.max(0, path.length - 2));
    await world.operate(async (operation) =>
      rotateAllKeys(operation, await world.at(parent), await world.at(path), { rotateSigner: true }),
    );
  }
  expect(await below()).toBe(4);
  expect((await world.inspect()).problems).toEqual([]);
  // Authorised, but cut off before its first version.
  const { hooks } = files.base.server;
  hooks.before = ({ name }) => {
    if (name === 'setPointer') throw new Error('gone');
  };
  await expect(world.operate((operation) => createWritingSpace(operation, files.signer, files.base.signer(150)))).rejects.toThrow('gone');
  hooks.before = undefined;
  world.wait();
  expect(await below()).toBe(4);
});
