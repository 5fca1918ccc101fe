import { Cid, CidCodec } from '@pyrgos/core/codec';
import type { Signer } from '@pyrgos/core/keys';
import { MAX_MERGES_PER_FLUSH } from '@pyrgos/core/limits';
import type { PointerStore } from '@pyrgos/core/store';
import { describe, expect, test } from 'vitest';
import { block, CommitWorld, hex, mapKey, networkError, outcome } from '../../test/commit-world.js';
import { edit, emptyData, interfere, once, put, writes } from '../../test/interference.js';
import { isRetryable } from './retry.js';
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

    const putOurs =
      (...keys: number[]) =>
      async (tree: TreeEdit): Promise<void> => {
        for (const key of keys) await tree.putBlock(mapKey(key), await tree.get(mapKey(key)), block(`ours ${key}`));
      };
    const valueOf = async (world: CommitWorld, signer: Signer, key: number): Promise<string> => {
      const view = world.view();
      const text = (await world.tree(signer.publicKeyHash, view)).get(hex(mapKey(key)));
      for (const name of ['theirs', `ours ${key}`]) {
        if (text === Cid.ofSha256(world.crypto.sha256(block(name)), CidCodec.dagCbor).toString()) return name;
      }
      return 'another';
    };

    test('also when they have changed the same: their version names ours as its predecessor', async () => {
      const world = await CommitWorld.create();
      const [a] = await world.populate(1);
      loseReply(world, () => interfere(world, a, 1));
      expect(await outcome(world.session().editTree(a!, putOurs(1)))).toBe('resolved');
      expect(await valueOf(world, a!, 1)).toBe('theirs');
    });

    test('also when they have put everything back', async () => {
      const world = await CommitWorld.create();
      const [a] = await world.populate(1);
      const before = await world.target(a!.publicKeyHash);
      loseReply(world, async () => {
        await world.session().editTree(a!, async (tree) => tree.remove(mapKey(1), (await tree.get(mapKey(1)))!));
        // So that an old version and the current one differ in their sequence only.
        expect(await world.target(a!.publicKeyHash)).toEqual(before);
      });
      expect(await outcome(world.session().editTree(a!, putOurs(1)))).toBe('resolved');
      expect(await world.target(a!.publicKeyHash)).toEqual(before);
    });

    test('also after several commits, as long as something of ours is left and nothing is as before', async () => {
      const world = await CommitWorld.create();
      const [a] = await world.populate(1);
      loseReply(world, async () => {
        await interfere(world, a, 1);
        await interfere(world, a, 9);
      });
      expect(await outcome(world.session().editTree(a!, putOurs(1, 2)))).toBe('resolved');
      expect([await valueOf(world, a!, 1), await valueOf(world, a!, 2)]).toEqual(['theirs', 'ours 2']);
    });

    test('after several commits that leave nothing of ours the outcome is unknown, and nothing is repeated', async () => {
      for (const writers of [1, 2]) {
        const world = await CommitWorld.create();
        const signers = await world.populate(writers);
        const [a] = signers;
        loseReply(world, async () => {
          await interfere(world, a, 1);
          await interfere(world, a, 9);
        });
        world.log.length = 0;
        const change = world.session().editTrees(signers, async (trees) => {
          for (const tree of trees) await putOurs(1)(tree);
        });
        const error: unknown = await change.catch((thrown: unknown) => thrown);
        expect(error).toMatchObject({ code: 'network', retry: 'after', data: { reason: 'unknown-outcome' } });
        expect(isRetryable(error)).toBe(false);
        expect(await valueOf(world, a!, 1)).toBe('theirs');
        expect(world.log.filter(({ name }) => name === 'setPointers')).toHaveLength(2);
      }
    });

    test('when the pointers cannot be read then, the outcome is unknown as well', async () => {
      const world = await CommitWorld.create();
      const [a] = await world.populate(1);
      const session = world.session();
      await session.read(a!.publicKeyHash);
      loseReply(world, async () => {
        await interfere(world, a, 1);
        world.server.hooks.before = ({ name }) => {
          if (name === 'getPointer') throw networkError();
        };
      });
      const error: unknown = await session.editTree(a!, putOurs(1)).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: 'network', retry: 'after', data: { reason: 'unknown-outcome' } });
    });

    test('but not when they were faster, and the call whose answer was lost has done nothing', async () => {
      for (const commits of [1, 2]) {
        const world = await CommitWorld.create();
        const [a] = await world.populate(1);
        const session = world.session();
        await session.read(a!.publicKeyHash);
        once(world, 'setPointers', async () => {
          for (let i = 0; i < commits; i++) await interfere(world, a, 50 + i);
          throw networkError();
        });
        expect(await outcome(session.editTree(a!, putOurs(1)))).toBe('resolved');
        expect([await valueOf(world, a!, 1), await valueOf(world, a!, 50)]).toEqual(['ours 1', 'theirs']);
        expect((await world.tree(a!.publicKeyHash)).size).toBe(2 + commits);
      }
    });

    test('without a lost answer any number of commits is a lost race', async () => {
      const world = await CommitWorld.create();
      const [a] = await world.populate(1);
      const session = world.session();
      await session.read(a!.publicKeyHash);
      once(world, 'setPointers', async () => {
        for (const key of [1, 9, 10]) await interfere(world, a, key);
      });
      expect(await outcome(session.editTree(a!, putOurs(1)))).toBe('conflict.merge');
      once(world, 'setPointers', async () => {
        for (const key of [11, 12, 13]) await interfere(world, a, key);
      });
      expect(await outcome(session.editTree(a!, putOurs(2)))).toBe('resolved');
      expect(await valueOf(world, a!, 2)).toBe('ours 2');
    });

    test('but not when nothing shows that it was ours', async () => {
      const world = await CommitWorld.create();
      const [a] = await world.populate(1);
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
