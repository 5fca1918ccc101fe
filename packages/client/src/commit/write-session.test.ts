import { describe, expect, test } from 'vitest';
import { block, CommitWorld, hex, mapKey, outcome } from '../../test/commit-world.js';
import { createChildWriter, writerDataOf } from './index.js';

describe('WriteSession', () => {
  test('writes, reads back, overwrites and removes map keys', async () => {
    const world = await CommitWorld.create();
    const session = world.session();
    const [child] = await world.populate(1, session);
    const writer = child!.publicKeyHash;
    const first = await session.editTree(child!, async (tree) => {
      for (let i = 0; i < 40; i++) await tree.putBlock(mapKey(i), undefined, block(`v${i}`));
    });
    expect((await world.tree(writer)).size).toBe(41);
    const cid = await session.get(first, writer, mapKey(7));
    expect(await session.getBlock(cid!)).toEqual(block('v7'));
    await session.editTree(child!, async (tree) => {
      await tree.putBlock(mapKey(7), cid, block('again'));
      await tree.remove(mapKey(8), (await tree.get(mapKey(8)))!);
      await tree.removeAll([mapKey(9), mapKey(10), mapKey(200)]);
    });
    const tree = await world.tree(writer);
    expect(tree.size).toBe(38);
    expect(tree.has(hex(mapKey(8)))).toBe(false);
    const now = await session.read(writer);
    expect(await session.getBlock((await session.get(now, writer, mapKey(7)))!)).toEqual(block('again'));
    expect(await session.get(now, writer, mapKey(9))).toBe(undefined);
  });
});
