import { PyrgosError } from '@pyrgos/core/errors';
import type { BlockStore } from '@pyrgos/core/store';
import { describe, expect, test } from 'vitest';
import { CommitWorld, hex, mapKey, networkError, outcome } from '../../test/commit-world.js';
import { edit, emptyData, interfere, once, put, writes } from '../../test/interference.js';
import { TreeEdit } from './tree-edit.js';
import { createChildWriter, deleteSubspace } from './writer-lifecycle.js';

describe('the order of requests', () => {
  test('several writers: all blocks, then one setPointers, inside one transaction', async () => {
    const world = await CommitWorld.create();
    const [a, b] = await world.populate(2);
    await world.session().editTrees([a!, b!], async ([x, y]) => {
      await put(x);
      await put(y);
    });
    expect(writes(world)).toEqual(['putBlocks(A)', 'putBlocks(B)', 'setPointers(AB)', 'closeTransaction']);
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
    expect(writes(world)).toEqual(['putBlocks(P)', 'setPointers(PA)', 'closeTransaction']);
    expect(await world.target(a!.publicKeyHash)).toBe(undefined);
  });

  test('a flush of nothing but a deletion is sent', async () => {
    const world = await CommitWorld.create();
    const session = world.session();
    const [a] = await world.populate(1, session);
    await session.update([a!.publicKeyHash], (start, committer) => committer.delete(start, a!));
    expect(writes(world)).toEqual(['setPointers(A)', 'closeTransaction']);
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

describe('failures', () => {
  test('after a failed upload nothing is committed, the transaction is closed, and the next operation works', async () => {
    const world = await CommitWorld.create();
    const session = world.session();
    const [a] = await world.populate(1, session);
    const before = await world.target(a!.publicKeyHash);
    once(world, 'putBlocks', () => {
      throw new PyrgosError('quota', 'the quota is used up');
    });
    expect(await outcome(edit(session, world))).toBe('quota');
    expect(writes(world)).toEqual(['putBlocks(A)', 'closeTransaction']);
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

  test.each<[string, () => Promise<void>]>([
    ['that never answers', () => new Promise<void>(() => undefined)],
    [
      'that throws at once',
      () => {
        throw new TypeError('closed');
      },
    ],
  ])('nobody waits for a closing %s', async (_name, close) => {
    const world = await CommitWorld.create();
    const [a] = await world.populate(1);
    const { blocks } = world.server;
    let controller: AbortController | undefined;
    const store: BlockStore = {
      getBlock: blocks.getBlock.bind(blocks),
      startTransaction: blocks.startTransaction.bind(blocks),
      closeTransaction: close,
      putBlocks: async (...parameters) => {
        controller?.abort();
        return blocks.putBlocks(...parameters);
      },
    };
    const session = world.session({ blocks: store });
    expect(await outcome(edit(session, world))).toBe('resolved');
    controller = new AbortController();
    expect(await outcome(edit(session, world, 2, { signal: controller.signal }))).toBe('aborted');
    controller = undefined;
    expect(await outcome(edit(session, world, 3))).toBe('resolved');
    expect((await world.tree(a!.publicKeyHash)).size).toBe(3);
  });

  test('an answer that is neither yes nor no is not taken for yes', async () => {
    for (const answer of [undefined, null, {}, 'false', 'true', 1, 0]) {
      const world = await CommitWorld.create();
      const [a] = await world.populate(1);
      const { pointers } = world.server;
      const junk = async (): Promise<boolean> => answer as boolean;
      const session = world.session({
        pointers: { getPointer: pointers.getPointer.bind(pointers), setPointer: junk, setPointers: junk },
      });
      expect(await outcome(edit(session, world))).toBe('format.pointer');
      const create = session.update([world.owner], (start, committer) =>
        createChildWriter(committer, start, world.identity, world.signer(101)),
      );
      expect(await outcome(create)).toBe('format.pointer');
      expect((await world.tree(a!.publicKeyHash)).size).toBe(1);
    }
  });

  test('every commit has a transaction of its own, whose id costs no request', async () => {
    const world = await CommitWorld.create();
    await world.populate(1);
    const ids: string[] = [];
    const { blocks } = world.server;
    const store: BlockStore = {
      getBlock: blocks.getBlock.bind(blocks),
      startTransaction: blocks.startTransaction.bind(blocks),
      closeTransaction: async (owner, transaction) => {
        ids.push(transaction);
        return blocks.closeTransaction(owner, transaction);
      },
      putBlocks: async (owner, writer, signed, transaction) => {
        ids.push(transaction);
        return blocks.putBlocks(owner, writer, signed, transaction);
      },
    };
    const session = world.session({ blocks: store, random: world.crypto });
    await edit(session, world);
    await edit(session, world, 2);
    expect([ids[0], ids[2]]).toEqual([ids[1], ids[3]]);
    expect(new Set(ids).size).toBe(2);
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{32}$/);
    expect(world.log.some(({ name }) => name === 'startTransaction')).toBe(false);
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
    world.log.length = 0;
    expect(await outcome(create())).toBe('resolved');
    expect(writes(world)).toEqual(['putBlocks(A)', 'setPointer(A)', 'closeTransaction']);
    expect(await world.target(child.publicKeyHash)).toBeDefined();
  });
});

describe('cancelling', () => {
  test('before the commit point: no pointer is sent', async () => {
    const world = await CommitWorld.create();
    const session = world.session();
    const [a] = await world.populate(1, session);
    const before = await world.target(a!.publicKeyHash);
    const controller = new AbortController();
    once(world, 'putBlocks', () => controller.abort());
    expect(await outcome(edit(session, world, 1, { signal: controller.signal }))).toBe('aborted');
    expect(writes(world).some((request) => request.startsWith('set'))).toBe(false);
    expect(await world.target(a!.publicKeyHash)).toEqual(before);
    expect(world.server.openBlocks(world.owner)).toEqual([]);
    expect(await outcome(edit(session, world))).toBe('resolved');
  });

  test('during the merge after a lost race: nothing is committed', async () => {
    const world = await CommitWorld.create();
    const [a] = await world.populate(1);
    const session = world.session();
    const controller = new AbortController();
    once(world, 'setPointers', () => interfere(world));
    // The block of their version is the first one that is read for the merge.
    world.server.hooks.after = ({ name }) => {
      if (name === 'getPointer' && world.log.some((request) => request.name === 'setPointers')) controller.abort();
    };
    expect(await outcome(edit(session, world, 1, { signal: controller.signal }))).toBe('aborted');
    expect(writes(world).filter((name) => name.startsWith('set'))).toEqual(['setPointers(A)']);
    world.server.hooks.after = undefined;
    expect((await world.tree(a!.publicKeyHash)).has(hex(mapKey(1)))).toBe(false);
    expect(await outcome(edit(session, world))).toBe('resolved');
  });

  test('not before it is known whether the update was applied', async () => {
    const world = await CommitWorld.create();
    await world.populate(1);
    const controller = new AbortController();
    world.server.hooks.after = ({ name }) => {
      if (name !== 'setPointers') return;
      world.server.hooks.after = undefined;
      controller.abort();
      throw networkError();
    };
    expect(await outcome(edit(world.session(), world, 1, { signal: controller.signal }))).toBe('resolved');
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
