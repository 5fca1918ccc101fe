import { Champ, MemoryBlocks } from '@pyrgos/core/model';
import type { BlockSource } from '@pyrgos/core/store';
import { beforeAll, expect, test } from 'vitest';
import { CommitWorld } from '../../test/commit-world.js';
import { OpenTrees } from './open-trees.js';

let world: CommitWorld;
beforeAll(async () => {
  world = await CommitWorld.create();
});

const mapKey = (n: number): Uint8Array => world.crypto.sha256(Uint8Array.of(n & 255, n >> 8));

/** A stored tree with `count` keys, and a source that counts what is read of it. */
async function stored(count: number) {
  const blocks = new MemoryBlocks(world.crypto);
  const context = { owner: world.owner };
  const champ = Champ.empty(blocks, context);
  for (let i = 0; i < count; i++) await champ.put(mapKey(i), undefined, i);
  const root = champ.flush(blocks);
  const reads = { count: 0 };
  const source: BlockSource = {
    getBlock: async (cid) => {
      reads.count++;
      return blocks.getBlock(cid);
    },
  };
  return { blocks, root, reads, trees: new OpenTrees(source, context) };
}

test('a tree that was given back is decoded no second time', async () => {
  const { blocks, root, reads, trees } = await stored(200);
  const champ = trees.take(root);
  for (let i = 0; i < 200; i++) await champ.put(mapKey(i), i, i + 1);
  const next = champ.flush(blocks);
  const before = reads.count;
  trees.give(champ);
  expect(await trees.read(next, async (tree) => tree.get(mapKey(7)))).toBe(8);
  expect(await trees.take(next).get(mapKey(8))).toBe(9);
  expect(reads.count).toBe(before);
});

test('who edits shares the tree with nobody: neither with an edit nor with a lookup', async () => {
  const { root, trees } = await stored(50);
  const first = trees.take(root);
  const second = trees.take(root);
  await first.put(mapKey(1), 1, 100);
  expect(await second.get(mapKey(1))).toBe(1);
  trees.give(second);
  await trees.read(root, async (tree) => {
    const editor = trees.take(root);
    await editor.put(mapKey(2), 2, 200);
    expect(await tree.get(mapKey(2))).toBe(2);
  });
});

test('a tree with unsaved changes is not kept, large ones are not kept decoded, and few are kept at all', async () => {
  const { root, reads, trees } = await stored(12_000);
  const unsaved = trees.take(root);
  await unsaved.put(mapKey(1), 1, 100);
  trees.give(unsaved);
  const champ = trees.take(root);
  for (let i = 0; i < 12_000; i++) await champ.get(mapKey(i));
  expect(champ.loadedNodes).toBeGreaterThan(1024);
  trees.give(champ);
  expect(champ.loadedNodes).toBe(0);
  trees.clear();
  const before = reads.count;
  expect(await trees.read(root, async (tree) => tree.get(mapKey(1)))).toBe(1);
  expect(reads.count).toBeGreaterThan(before);
});
