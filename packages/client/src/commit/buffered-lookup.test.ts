import { describe, expect, test } from 'vitest';
import { block, CommitWorld, mapKey } from '../../test/commit-world.js';
import { TreeEdit } from './tree-edit.js';

const lookups = (...keys: number[]): { key: Uint8Array }[] => keys.map((n) => ({ key: mapKey(n) }));

async function populated(keys: number): Promise<{ world: CommitWorld; signer: ReturnType<CommitWorld['signer']> }> {
  const world = await CommitWorld.create();
  const [signer] = await world.populate(1);
  await world.session().editTree(signer!, async (tree) => {
    for (let n = 0; n < keys; n++) await tree.putBlock(mapKey(n), undefined, block(`value ${n}`));
  });
  world.log.length = 0;
  return { world, signer: signer! };
}

describe('lookups during an operation', () => {
  test('ask the server about the committed tree, for what the buffer does not answer', async () => {
    const { world, signer } = await populated(60);
    const session = world.session();
    const writer = signer.publicKeyHash;
    await session.update([writer], async (start, committer) => {
      const { tree: committed } = start.get(writer)!.writerData!;
      const tree = TreeEdit.open(committer, start, signer);
      await tree.putBlock(mapKey(100), undefined, block('new'));
      await tree.putBlock(mapKey(5), await tree.get(mapKey(5)), block('changed'));
      await tree.remove(mapKey(6), (await tree.get(mapKey(6)))!);
      const next = await tree.commit(start);
      world.log.length = 0;
      const found = await session.lookUpIn(committer, next, writer, lookups(100, 5, 6, 7, 8, 999));
      expect(found.map((one) => one?.bytes)).toEqual([
        block('new'),
        block('changed'),
        undefined,
        block('value 7'),
        block('value 8'),
        undefined,
      ]);
      const asked = world.log.filter(({ name }) => name === 'lookUpChamp');
      expect(asked.map(({ cids }) => cids)).toEqual([[committed]]);
      // The buffer alone answers these: no request at all.
      world.log.length = 0;
      await session.lookUpIn(committer, next, writer, lookups(100, 5));
      expect(world.log).toEqual([]);
      return next;
    });
  });

  test('of an unchanged tree are one request', async () => {
    const { world, signer } = await populated(60);
    const session = world.session();
    await session.update([signer.publicKeyHash], async (start, committer) => {
      world.log.length = 0;
      const found = await session.lookUpIn(committer, start, signer.publicKeyHash, lookups(1, 2, 3));
      expect(found.map((one) => one?.bytes)).toEqual([block('value 1'), block('value 2'), block('value 3')]);
      expect(world.log.map(({ name }) => name)).toEqual(['lookUpChamp']);
      return start;
    });
  });

  test('of a writer that was created in the operation need no request', async () => {
    const world = await CommitWorld.create();
    const session = world.session();
    const [a] = await world.populate(1, session);
    await session.update([a!.publicKeyHash], async (start, committer) => {
      const bare = await committer.commit(start, a!, start.get(a!.publicKeyHash)!.writerData!.with({ tree: undefined }));
      expect(await session.lookUpIn(committer, bare, a!.publicKeyHash, lookups(1))).toEqual([undefined]);
      return bare;
    });
  });

  test('a session serves what a lookup brought from memory', async () => {
    const { world, signer } = await populated(20);
    const session = world.session();
    const snapshot = await session.read(signer.publicKeyHash);
    const found = await session.lookUp(snapshot, signer.publicKeyHash, lookups(1, 2));
    world.log.length = 0;
    expect(await session.getBlock(found[0]!.cid!)).toEqual(block('value 1'));
    expect((await session.get(snapshot, signer.publicKeyHash, mapKey(2)))?.equals(found[1]?.cid)).toBe(true);
    expect(world.log).toEqual([]);
  });
});
