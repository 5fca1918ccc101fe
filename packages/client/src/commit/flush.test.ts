import { PyrgosError } from '@pyrgos/core/errors';
import type { Signer } from '@pyrgos/core/keys';
import { MAX_MERGES_PER_FLUSH } from '@pyrgos/core/limits';
import { WriterData } from '@pyrgos/core/model';
import type { PointerStore } from '@pyrgos/core/store';
import { describe, expect, test } from 'vitest';
import { block, CommitWorld, hex, mapKey, networkError, outcome } from '../../test/commit-world.js';
import { createChildWriter, deleteSubspace, TreeEdit, type WriteSession } from './index.js';

/** The log as `name(writers)`, reads left out. */
function writes(world: CommitWorld): string[] {
  const names = new Map([
    [world.owner.key, 'P'],
    ...[100, 101, 102].map((n, i): [string, string] => [world.signer(n).publicKeyHash.key, 'ABC'[i]!]),
  ]);
  return world.log
    .filter(({ name }) => !name.startsWith('get') && name !== 'lookUpChamp' && name !== 'commitPointers')
    .map(({ name, writers }) => name + (writers === undefined ? '' : `(${writers.map(({ key }) => names.get(key)).join('')})`));
}

/** Another device changes one key. */
async function interfere(world: CommitWorld, writer = world.signer(100), key = 50): Promise<void> {
  const { hooks } = world.server;
  const saved = { ...hooks };
  Object.assign(hooks, { before: undefined, after: undefined });
  await world
    .session()
    .editTree(writer, async (tree) => void (await tree.putBlock(mapKey(key), await tree.get(mapKey(key)), block('theirs'))));
  Object.assign(hooks, saved);
}

/** Calls `action` once, when the first request called `name` arrives. */
function once(world: CommitWorld, name: string, action: () => void | Promise<void>): void {
  const { before } = world.server.hooks;
  let isDone = false;
  world.server.hooks.before = async (operation) => {
    await before?.(operation);
    if (operation.name !== name || isDone) return;
    isDone = true;
    await action();
  };
}

const edit = (
  session: WriteSession,
  world: CommitWorld,
  key = 1,
  options?: { signal?: AbortSignal },
): ReturnType<WriteSession['editTree']> =>
  session.editTree(
    world.signer(100),
    async (tree) => void (await tree.putBlock(mapKey(key), await tree.get(mapKey(key)), block('ours'))),
    options,
  );

/** A version without anything. */
const emptyData = (signer: Signer): WriterData => WriterData.of(signer.publicKeyHash);

const put = async (tree: TreeEdit | undefined, key = 1): Promise<void> =>
  void (await tree!.putBlock(mapKey(key), await tree!.get(mapKey(key)), block('ours')));

describe('the order of requests', () => {
  test('several writers: all blocks, then one setPointers, inside one transaction', async () => {
    const world = await CommitWorld.create();
    const [a, b] = await world.populate(2);
    await world.session().editTrees([a!, b!], async ([x, y]) => {
      await put(x);
      await put(y);
    });
    expect(writes(world)).toEqual(['startTransaction', 'putBlocks(A)', 'putBlocks(B)', 'setPointers(AB)', 'closeTransaction']);
  });

  test("a new writer: the parent's pointer, then the child's blocks, the child's pointer, then what links to it", async () => {
    const world = await CommitWorld.create();
    const session = world.session();
    const [a] = await world.populate(1, session);
    const child = world.signer(101);
    const snapshot = await session.update([a!.publicKeyHash], async (start, committer) => {
      let next = await createChildWriter(committer, start, a!, child);
      const inside = TreeEdit.open(committer, next, child);
      await put(inside);
      next = await inside.commit(next);
      const link = TreeEdit.open(committer, next, a!);
      await put(link);
      return link.commit(next);
    });
    expect(writes(world)).toEqual([
      'startTransaction',
      'putBlocks(A)',
      'setPointers(A)',
      'putBlocks(B)',
      'setPointer(B)',
      'putBlocks(A)',
      'setPointers(A)',
      'closeTransaction',
    ]);
    // Two steps of the parent, one of the child, and the versions handed back are those of the server.
    expect([snapshot.get(a!.publicKeyHash)?.sequence, snapshot.get(child.publicKeyHash)?.sequence]).toEqual([4, 1]);
    for (const writer of [a!, child]) expect(await world.target(writer.publicKeyHash)).toEqual(snapshot.get(writer.publicKeyHash)?.hash);
  });

  test('at every moment of a creation the server is consistent: a crash leaves no link to nothing', async () => {
    const world = await CommitWorld.create();
    const [a] = await world.populate(1);
    const child = world.signer(101);
    let moments = 0;
    world.server.hooks.after = async ({ name }) => {
      if (name !== 'setPointer' && name !== 'setPointers') return;
      moments++;
      const isLinked = (await world.tree(a!.publicKeyHash)).has(hex(mapKey(1)));
      const isThere = (await world.tree(child.publicKeyHash)).has(hex(mapKey(1)));
      expect(isLinked && !isThere).toBe(false);
    };
    await world.session().update([a!.publicKeyHash], async (start, committer) => {
      let next = await createChildWriter(committer, start, a!, child);
      for (const signer of [child, a!]) {
        const tree = TreeEdit.open(committer, next, signer);
        await put(tree);
        next = await tree.commit(next);
      }
      return next;
    });
    expect(moments).toBe(3);
  });

  test('deleting a subspace: one setPointers for parent and child, without blocks of the child', async () => {
    const world = await CommitWorld.create();
    const session = world.session();
    const [a] = await world.populate(1, session);
    await session.update([world.owner, a!.publicKeyHash], (start, committer) => deleteSubspace(committer, start, world.identity, a!));
    expect(writes(world)).toEqual(['startTransaction', 'putBlocks(P)', 'setPointers(PA)', 'closeTransaction']);
    expect(await world.target(a!.publicKeyHash)).toBe(undefined);
  });

  test('a flush of nothing but a deletion is sent', async () => {
    const world = await CommitWorld.create();
    const session = world.session();
    const [a] = await world.populate(1, session);
    await session.update([a!.publicKeyHash], (start, committer) => committer.commit(start, a!, undefined));
    expect(writes(world)).toEqual(['startTransaction', 'setPointers(A)', 'closeTransaction']);
    expect(await world.target(a!.publicKeyHash)).toBe(undefined);
    // And the writer comes back to life with a higher sequence.
    const again = await session.update([a!.publicKeyHash], (start, committer) => committer.commit(start, a!, emptyData(a!)));
    expect(again.get(a!.publicKeyHash)?.sequence).toBe(4);
  });

  test('nothing recorded: no request', async () => {
    const world = await CommitWorld.create();
    const session = world.session();
    const [a] = await world.populate(1, session);
    await session.editTree(a!, async (tree) => void (await tree.get(mapKey(1))));
    expect(writes(world)).toEqual([]);
  });

  test('uploads only what the new version needs, each block once', async () => {
    const world = await CommitWorld.create();
    const session = world.session();
    const [a] = await world.populate(1, session);
    const oldBlocks = await world.reachable(a!.publicKeyHash);
    await session.update([a!.publicKeyHash], async (start, committer) => {
      committer.blocks.putRaw(a!.publicKeyHash, new Uint8Array(10));
      let next = start;
      for (let i = 0; i < 5; i++) {
        const tree = TreeEdit.open(committer, next, a!);
        await put(tree, i);
        next = await tree.commit(next);
      }
      return next;
    });
    const uploaded = world.log.filter(({ name }) => name === 'putBlocks').flatMap(({ cids }) => cids!.map(String));
    expect(new Set(uploaded).size).toBe(uploaded.length);
    // Exactly what is new behind the pointer: no loose fragment, no intermediate tree, no intermediate WriterData.
    const isNew = new Set(await world.reachable(a!.publicKeyHash));
    for (const old of oldBlocks) isNew.delete(old);
    expect(uploaded.toSorted()).toEqual([...isNew].toSorted());
    expect((await world.tree(a!.publicKeyHash)).size).toBe(6);
  });
});

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
    const deletion = session.update([a!.publicKeyHash], (start, committer) => committer.commit(start, a!, undefined));
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
    await world.session().update([a!.publicKeyHash], (start, committer) => committer.commit(start, a!, undefined));
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

describe('lost replies and failures', () => {
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

  test('after a failed upload nothing is committed, the transaction is closed, and the next operation works', async () => {
    const world = await CommitWorld.create();
    const session = world.session();
    const [a] = await world.populate(1, session);
    const before = await world.target(a!.publicKeyHash);
    once(world, 'putBlocks', () => {
      throw new PyrgosError('quota', 'the quota is used up');
    });
    expect(await outcome(edit(session, world))).toBe('quota');
    expect(writes(world)).toEqual(['startTransaction', 'putBlocks(A)', 'closeTransaction']);
    expect(await world.target(a!.publicKeyHash)).toEqual(before);
    expect(await outcome(edit(session, world))).toBe('resolved');
    expect(world.server.openBlocks(world.owner)).toEqual([]);
  });

  test('a transaction that cannot be closed does not undo a commit', async () => {
    const world = await CommitWorld.create();
    const session = world.session();
    await world.populate(1, session);
    world.server.hooks.before = ({ name }) => {
      if (name === 'closeTransaction') throw networkError();
    };
    expect(await outcome(edit(session, world))).toBe('resolved');
    expect(world.clock.sleeps).toEqual([]);
  });

  test('a creation that fails in the middle leaves a listed writer without content, and can be repeated', async () => {
    const world = await CommitWorld.create();
    const session = world.session();
    await world.populate(0, session);
    const child = world.signer(100);
    once(world, 'setPointer', () => {
      throw new PyrgosError('internal', 'the client died');
    });
    const create = (): Promise<unknown> =>
      session.update([world.owner], (start, committer) => createChildWriter(committer, start, world.identity, child));
    expect(await outcome(create())).toBe('internal');
    expect(world.server.isKnownWriter(child.publicKeyHash)).toBe(true);
    expect(await world.target(child.publicKeyHash)).toBe(undefined);
    // The parent lists it already; what is missing is its first version.
    expect(await outcome(create())).toBe('conflict.champ');
    expect(await outcome(session.initialiseWriter(child))).toBe('resolved');
  });
});

describe('cancelling', () => {
  test.each(['startTransaction', 'putBlocks'])('before the commit point (%s): no pointer is sent', async (name) => {
    const world = await CommitWorld.create();
    const session = world.session();
    const [a] = await world.populate(1, session);
    const before = await world.target(a!.publicKeyHash);
    const controller = new AbortController();
    once(world, name, () => controller.abort());
    expect(await outcome(edit(session, world, 1, { signal: controller.signal }))).toBe('aborted');
    expect(writes(world).some((request) => request.startsWith('set'))).toBe(false);
    expect(await world.target(a!.publicKeyHash)).toEqual(before);
    expect(world.server.openBlocks(world.owner)).toEqual([]);
    expect(await outcome(edit(session, world))).toBe('resolved');
  });

  test('after the commit point: ignored, also between the steps of a creation', async () => {
    const world = await CommitWorld.create();
    const session = world.session();
    await world.populate(1, session);
    const controller = new AbortController();
    once(world, 'setPointers', () => controller.abort());
    const child = world.signer(101);
    const created = session.update([world.owner], (start, committer) => createChildWriter(committer, start, world.identity, child), {
      signal: controller.signal,
    });
    expect(await outcome(created)).toBe('resolved');
    expect(await world.target(child.publicKeyHash)).toBeDefined();
  });
});
