import type { Signer } from '@pyrgos/core/keys';
import { MAX_MERGES_PER_FLUSH } from '@pyrgos/core/limits';
import type { PointerStore } from '@pyrgos/core/store';
import { describe, expect, test } from 'vitest';
import { block, CommitWorld, hex, mapKey, networkError, outcome } from '../../test/commit-world.js';
import { edit, emptyData, interfere, once, put, writes } from '../../test/interference.js';
import { TreeEdit } from './tree-edit.js';
import { createChildWriter } from './writer-lifecycle.js';

describe('lost races', () => {
  test('one writer: merged, and the merged version is handed back and used from then on', async () => {
    const world = await CommitWorld.create();
    const session = world.session();
    const [a] = await world.populate(1, session);
    once(world, 'setPointers', () => interfere(world));
    const snapshot = await edit(session, world);
    const tree = await world.tree(a!.publicKeyHash);
    expect([tree.has(hex(mapKey(1))), tree.has(hex(mapKey(50)))]).toEqual([true, true]);
    expect(snapshot.get(a!.publicKeyHash)?.hash).toEqual(await world.target(a!.publicKeyHash));
    expect(snapshot.get(a!.publicKeyHash)?.sequence).toBe(4);
    world.log.length = 0;
    await edit(session, world, 2);
    expect(writes(world).filter((name) => name.startsWith('set'))).toEqual(['setPointers(A)']);
  });

  test('the same key: ConflictError, and the other side stays', async () => {
    const world = await CommitWorld.create();
    const session = world.session();
    const [a] = await world.populate(1, session);
    once(world, 'setPointers', () => interfere(world, a, 1));
    expect(await outcome(edit(session, world))).toBe('conflict.merge');
    const stored = await world.tree(a!.publicKeyHash);
    const seen = await session.read(a!.publicKeyHash);
    expect((await session.get(seen, a!.publicKeyHash, mapKey(1)))?.toString()).toBe(stored.get(hex(mapKey(1))));
    expect(await outcome(edit(session, world))).toBe('resolved');
  });

  test('several writers: not merged, nothing committed', async () => {
    const world = await CommitWorld.create();
    const [a, b] = await world.populate(2);
    const session = world.session();
    const before = await world.target(b!.publicKeyHash);
    once(world, 'setPointers', () => interfere(world));
    const both = session.editTrees([a!, b!], async ([x, y]) => {
      await put(x);
      await put(y);
    });
    expect(await outcome(both)).toBe('conflict.pointer');
    expect(await world.target(b!.publicKeyHash)).toEqual(before);
    expect((await world.tree(a!.publicKeyHash)).has(hex(mapKey(1)))).toBe(false);
  });

  test('a plain refusal (00) is a lost race, too', async () => {
    const world = await CommitWorld.create();
    const [a, b] = await world.populate(2);
    once(world, 'commitPointers', () => interfere(world));
    await edit(world.session(), world);
    expect((await world.tree(a!.publicKeyHash)).size).toBe(3);
    once(world, 'commitPointers', () => interfere(world, a, 51));
    const both = world.session().editTrees([a!, b!], async ([x, y]) => {
      await put(x, 2);
      await put(y, 2);
    });
    expect(await outcome(both)).toBe('conflict.pointer');
    expect((await world.tree(b!.publicKeyHash)).size).toBe(1);
  });

  test('our change of another field than the tree is not silently lost', async () => {
    const world = await CommitWorld.create();
    const session = world.session();
    const [a] = await world.populate(1, session);
    once(world, 'setPointers', () => interfere(world));
    const change = session.updateWriterData(a!, (data) => data.with({ links: data.owned }));
    expect(await outcome(change)).toBe('conflict.merge');
    expect((await world.writerData(a!.publicKeyHash))?.links).toBe(undefined);
  });

  test('deletion and creation are never merged', async () => {
    const world = await CommitWorld.create();
    const session = world.session();
    const [a] = await world.populate(1, session);
    once(world, 'setPointers', () => interfere(world));
    const deletion = session.update([a!.publicKeyHash], (start, committer) => committer.delete(start, a!));
    expect(await outcome(deletion)).toBe('conflict.pointer');
    expect((await world.tree(a!.publicKeyHash)).size).toBe(2);
    expect(await outcome(world.session().initialiseWriter(a!))).toBe('conflict.pointer');
    // Not even when the snapshot does not know that the writer exists.
    const blind = world.session().update([], (start, committer) => committer.commit(start, a!, emptyData(a!)));
    expect(await outcome(blind)).toBe('conflict.pointer');
  });

  test('a change of a writer that somebody deleted is a conflict', async () => {
    const world = await CommitWorld.create();
    const [a] = await world.populate(1);
    const session = world.session();
    await session.read(a!.publicKeyHash);
    await world.session().update([a!.publicKeyHash], (start, committer) => committer.delete(start, a!));
    expect(await outcome(edit(session, world))).toBe('conflict.merge');
  });

  test('a server that always refuses does not keep us for ever', async () => {
    const world = await CommitWorld.create();
    await world.populate(1);
    const { pointers } = world.server;
    let key = 60;
    const refusing: PointerStore = {
      getPointer: pointers.getPointer.bind(pointers),
      setPointer: pointers.setPointer.bind(pointers),
      setPointers: async () => {
        await interfere(world, world.signer(100), key++);
        return false;
      },
    };
    expect(await outcome(edit(world.session({ pointers: refusing }), world))).toBe('conflict.pointer');
    expect(key).toBe(60 + 1 + MAX_MERGES_PER_FLUSH);
  });
});

describe('lost replies', () => {
  test('an update that was applied although its reply was lost is a success, and applied once', async () => {
    for (const name of ['setPointers', 'setPointer'] as const) {
      const world = await CommitWorld.create();
      const session = world.session();
      const [a, b] = await world.populate(2, session);
      let isLost = false;
      world.server.hooks.after = (operation) => {
        if (operation.name !== name || isLost) return;
        isLost = true;
        throw networkError();
      };
      const snapshot =
        name === 'setPointer'
          ? await session.update([world.owner], (s, committer) => createChildWriter(committer, s, world.identity, world.signer(102)))
          : await session.editTrees([a!, b!], async ([x, y]) => {
              await put(x);
              await put(y);
            });
      expect(isLost).toBe(true);
      for (const writer of snapshot.writers) expect(await world.target(writer)).toEqual(snapshot.get(writer)?.hash);
      expect(snapshot.get(name === 'setPointer' ? world.signer(102).publicKeyHash : a!.publicKeyHash)?.sequence).toBe(
        name === 'setPointer' ? 1 : 3,
      );
    }
  });

  test('so is a merged update whose reply was lost', async () => {
    const world = await CommitWorld.create();
    const session = world.session();
    const [a] = await world.populate(1, session);
    once(world, 'setPointers', () => interfere(world));
    let accepted = 0;
    world.server.hooks.after = ({ name }) => {
      if (name === 'setPointers' && ++accepted === 1) throw networkError();
    };
    const snapshot = await edit(session, world);
    expect(accepted).toBe(1);
    expect(snapshot.get(a!.publicKeyHash)?.hash).toEqual(await world.target(a!.publicKeyHash));
    expect((await world.tree(a!.publicKeyHash)).size).toBe(3);
  });

  describe('when another device has built upon an update before its lost reply was noticed', () => {
    /** Loses the reply to the first `setPointers`, and lets `action` happen before it is repeated. */
    const loseReply = (world: CommitWorld, action: () => Promise<unknown>): void => {
      world.server.hooks.after = async ({ name }) => {
        if (name !== 'setPointers') return;
        world.server.hooks.after = undefined;
        await action();
        throw networkError();
      };
    };
    const others = (world: CommitWorld, signer: Signer, key: number): Promise<unknown> =>
      world.session().editTree(signer, (tree) => put(tree, key));

    test('it is a success, and theirs is the current version', async () => {
      const world = await CommitWorld.create();
      const [a] = await world.populate(1);
      const session = world.session();
      loseReply(world, () => others(world, a!, 9));
      const snapshot = await session.editTree(a!, async (tree) => {
        for (const key of [1, 2, 3]) await tree.putBlock(mapKey(key), undefined, block(`ours ${key}`));
        await tree.remove(mapKey(255), (await tree.get(mapKey(255)))!);
      });
      expect((await world.tree(a!.publicKeyHash)).size).toBe(4);
      expect(snapshot.get(a!.publicKeyHash)?.hash).toEqual(await world.target(a!.publicKeyHash));
      expect(snapshot.get(a!.publicKeyHash)?.sequence).toBe(4);
      expect(await outcome(session.editTree(a!, (tree) => put(tree, 20)))).toBe('resolved');
    });

    test('also with several writers', async () => {
      const world = await CommitWorld.create();
      const [a, b] = await world.populate(2);
      loseReply(world, () => others(world, b!, 9));
      const both = world.session().editTrees([a!, b!], async ([x, y]) => {
        await x!.putBlock(mapKey(1), undefined, block('ours in a'));
        await y!.putBlock(mapKey(1), undefined, block('ours in b'));
      });
      const snapshot = await both;
      for (const { publicKeyHash } of [a!, b!]) expect(snapshot.get(publicKeyHash)?.hash).toEqual(await world.target(publicKeyHash));
      expect((await world.tree(b!.publicKeyHash)).size).toBe(3);
    });

    test('also with a change of another field', async () => {
      const world = await CommitWorld.create();
      const [a] = await world.populate(1);
      loseReply(world, () => others(world, a!, 9));
      const change = world.session().update([a!.publicKeyHash], async (start, committer) => {
        const tree = TreeEdit.open(committer, start, a!);
        await tree.putBlock(mapKey(1), undefined, block('ours'));
        const next = await tree.commit(start);
        return committer.commit(next, a!, next.get(a!.publicKeyHash)!.writerData!.with({ inbound: world.owner }));
      });
      expect(await outcome(change)).toBe('resolved');
      expect((await world.writerData(a!.publicKeyHash))?.inbound).toEqual(world.owner);
    });

    test('but not when they have changed the same, or when nothing shows that it was ours', async () => {
      const world = await CommitWorld.create();
      const [a] = await world.populate(1);
      const first = async (tree: TreeEdit): Promise<void> => void (await tree.putBlock(mapKey(1), undefined, block('ours')));
      loseReply(world, () => interfere(world, a, 1));
      expect(await outcome(world.session().editTree(a!, first))).toBe('conflict.merge');
      // Both remove the same key: each may have been the one.
      const remove = async (tree: TreeEdit): Promise<void> => tree.remove(mapKey(255), (await tree.get(mapKey(255)))!);
      const session = world.session();
      await session.read(a!.publicKeyHash);
      once(world, 'setPointers', async () => {
        await world.session().editTree(a!, async (tree) => {
          await remove(tree);
          await put(tree, 30);
        });
      });
      expect(await outcome(session.editTree(a!, remove))).toBe('conflict.merge');
    });
  });
});
