import { encodeCbor } from '@pyrgos/core/codec';
import { PyrgosError } from '@pyrgos/core/errors';
import type { Signer } from '@pyrgos/core/keys';
import { type Snapshot, type WriterData, WriterTree } from '@pyrgos/core/model';
import { describe, expect, test } from 'vitest';
import { block, CommitWorld, hex, mapKey, networkError, outcome } from '../../test/commit-world.js';
import type { Committer } from './committer.js';
import { TreeEdit } from './tree-edit.js';
import { createChildWriter } from './writer-lifecycle.js';

/**
 * Nothing that is sent links to a block that was dropped without being stored, whoever still remembers its CID; and nothing that is stored
 * after all is taken for dropped.
 */

/** Lets the first request called `name` fail. */
function failOnce(world: CommitWorld, name: string, error = new PyrgosError('quota', 'full')): void {
  let isDone = false;
  world.server.hooks.before = (operation) => {
    if (operation.name !== name || isDone) return;
    isDone = true;
    throw error;
  };
}

/** The writer's data with one more entry, all its blocks buffered. */
async function withEntry(committer: Committer, start: Snapshot, signer: Signer, n = 1): Promise<WriterData> {
  const writer = signer.publicKeyHash;
  const sink = committer.blocks.sinkFor(writer);
  const cid = committer.blocks.putCbor(writer, block(`entry ${n}`));
  return new WriterTree(committer.blocks, sink, committer.context).put(start.get(writer)!.writerData!, mapKey(n), undefined, cid);
}

const putEntry =
  (n: number) =>
  async (tree: TreeEdit): Promise<void> =>
    void (await tree.putBlock(mapKey(n), await tree.get(mapKey(n)), block(`entry ${n}`)));

describe('a version that was not stored', () => {
  test('cannot be committed again in the same operation', async () => {
    const world = await CommitWorld.create();
    const [a] = await world.populate(1);
    const writer = a!.publicKeyHash;
    failOnce(world, 'putBlocks');
    const operation = world.session().update([writer], async (start, committer) => {
      const data = await withEntry(committer, start, a!);
      await committer.commit(start, a!, data);
      expect(await outcome(committer.flush())).toBe('quota');
      return committer.commit(start, a!, data);
    });
    expect(await outcome(operation)).toBe('conflict.snapshot');
    expect((await world.tree(writer)).size).toBe(1);
  });

  test('nor in a later one', async () => {
    const world = await CommitWorld.create();
    const [a] = await world.populate(1);
    const writer = a!.publicKeyHash;
    const session = world.session();
    failOnce(world, 'putBlocks');
    let data: WriterData | undefined;
    const attempt = (): Promise<string> =>
      outcome(
        session.update([writer], async (start, committer) => {
          data ??= await withEntry(committer, start, a!);
          return committer.commit(start, a!, data);
        }),
      );
    expect(await attempt()).toBe('quota');
    expect(await attempt()).toBe('conflict.snapshot');
    expect((await world.tree(writer)).size).toBe(1);
    // Computed anew it is fine, although every block of it is one that was dropped.
    data = undefined;
    expect(await attempt()).toBe('resolved');
    expect((await world.tree(writer)).size).toBe(2);
  });

  test('nor after an operation that gave up before it sent anything', async () => {
    const world = await CommitWorld.create();
    const [a] = await world.populate(1);
    const writer = a!.publicKeyHash;
    const session = world.session();
    let data: WriterData | undefined;
    const first = session.update([writer], async (start, committer) => {
      data = await withEntry(committer, start, a!);
      throw new PyrgosError('aborted', 'changed my mind');
    });
    expect(await outcome(first)).toBe('aborted');
    expect(await outcome(session.update([writer], (start, committer) => committer.commit(start, a!, data!)))).toBe('conflict.snapshot');
    expect((await world.tree(writer)).size).toBe(1);
  });

  test('nor by a tree edit that is committed a second time', async () => {
    const world = await CommitWorld.create();
    const [a] = await world.populate(1);
    const writer = a!.publicKeyHash;
    failOnce(world, 'putBlocks');
    const operation = world.session({ flushSize: 100 }).update([writer], async (start, committer) => {
      const tree = TreeEdit.open(committer, start, a!);
      for (let n = 1; n < 60; n++) await putEntry(n)(tree);
      expect(await outcome(tree.commit(start))).toBe('quota');
      return tree.commit(start);
    });
    expect(await outcome(operation)).toBe('conflict.snapshot');
    expect((await world.tree(writer)).size).toBe(1);
  });

  test('is refused as a whole: no writer of the operation is changed, and nothing is uploaded', async () => {
    const world = await CommitWorld.create();
    const [a, b] = await world.populate(2);
    const session = world.session();
    let data: WriterData | undefined;
    failOnce(world, 'putBlocks');
    const writers = [a!.publicKeyHash, b!.publicKeyHash];
    const both = (): Promise<string> =>
      outcome(
        session.update(writers, async (start, committer) => {
          data ??= await withEntry(committer, start, b!, 2);
          const next = await committer.commit(start, a!, await withEntry(committer, start, a!));
          return committer.commit(next, b!, data);
        }),
      );
    expect(await both()).toBe('quota');
    world.log.length = 0;
    expect(await both()).toBe('conflict.snapshot');
    expect(world.log.map(({ name }) => name).filter((name) => !name.startsWith('get'))).toEqual([]);
    for (const writer of writers) expect((await world.tree(writer)).size).toBe(1);
  });

  test('an intermediate version of an operation cannot come back after a flush', async () => {
    const world = await CommitWorld.create();
    const [a] = await world.populate(1);
    const writer = a!.publicKeyHash;
    const operation = world.session().update([writer], async (start, committer) => {
      const intermediate = await withEntry(committer, start, a!, 1);
      let next = await committer.commit(start, a!, intermediate);
      next = await committer.commit(next, a!, await withEntry(committer, start, a!, 2));
      await committer.flush();
      return committer.commit(next, a!, intermediate);
    });
    expect(await outcome(operation)).toBe('conflict.snapshot');
    expect([...(await world.tree(writer)).keys()].toSorted()).toEqual([mapKey(2), mapKey(255)].map(hex).toSorted());
  });
});

describe('a flush in the middle of an operation', () => {
  test('keeps what no version links to yet', async () => {
    const world = await CommitWorld.create();
    const [a, b] = await world.populate(2);
    const writers = [a!.publicKeyHash, b!.publicKeyHash];
    const operation = world.session({ flushSize: 1 }).update(writers, async (start, committer) => {
      const fragment = committer.blocks.putRaw(writers[1]!, new Uint8Array(50));
      const [first, second] = [TreeEdit.open(committer, start, a!), TreeEdit.open(committer, start, b!)];
      await putEntry(1)(first);
      await putEntry(1)(second);
      let next = await first.commit(start);
      // The first flush is over; the chunk and the fragment of the second tree wait for their turn.
      await second.putBlock(mapKey(2), undefined, encodeCbor([fragment]));
      next = await second.commit(next);
      return next;
    });
    expect(await outcome(operation)).toBe('resolved');
    expect((await world.tree(writers[0]!)).size).toBe(2);
    expect((await world.tree(writers[1]!)).size).toBe(3);
  });

  test('drops the intermediate versions', async () => {
    const world = await CommitWorld.create();
    const [a] = await world.populate(1);
    await world.session().update([a!.publicKeyHash], async (start, committer) => {
      let next = start;
      for (let n = 0; n < 20; n++) {
        const tree = TreeEdit.open(committer, next, a!);
        await putEntry(n)(tree);
        next = await tree.commit(next);
      }
      const before = committer.blocks.count;
      await committer.flush();
      expect([before >= 60, committer.blocks.count, committer.blocks.size]).toEqual([true, 0, 0]);
      return next;
    });
    expect((await world.tree(a!.publicKeyHash)).size).toBe(21);
  });
});

describe('what was dropped but is stored after all', () => {
  /** Two sessions: one whose commit of many entries is applied although it never hears of it, and another device. */
  async function appliedUnknown(): Promise<{ world: CommitWorld; a: Signer; session: ReturnType<CommitWorld['session']> }> {
    const world = await CommitWorld.create();
    const [a] = await world.populate(1);
    const session = world.session();
    world.server.hooks.after = ({ name }) => {
      if (name === 'setPointers') throw new PyrgosError('network', 'the connection was lost');
    };
    const edit = session.editTree(a!, async (tree) => {
      for (let n = 0; n < 60; n++) await putEntry(n)(tree);
    });
    expect(await outcome(edit)).toBe('network');
    world.server.hooks.after = undefined;
    expect((await world.tree(a!.publicKeyHash)).size).toBe(61);
    return { world, a: a!, session };
  }

  test('can be built upon', async () => {
    const { world, a, session } = await appliedUnknown();
    for (const n of [70, 3, 71]) expect(await outcome(session.editTree(a, putEntry(n)))).toBe('resolved');
    expect((await world.tree(a.publicKeyHash)).size).toBe(63);
  });

  test('can be built upon in steps, with flushes in between', async () => {
    const { world, a, session } = await appliedUnknown();
    const operation = session.update([a.publicKeyHash], async (start, committer) => {
      const first = TreeEdit.open(committer, start, a);
      await putEntry(70)(first);
      const next = await first.commit(start);
      // Reads its nodes while they are buffered, and is committed when they are stored.
      const second = TreeEdit.open(committer, next, a);
      await putEntry(71)(second);
      await committer.flush();
      return second.commit(next);
    });
    expect(await outcome(operation)).toBe('resolved');
    expect((await world.tree(a.publicKeyHash)).size).toBe(63);
  });

  test('can be built upon by two updates of one flush', async () => {
    const { world, a, session } = await appliedUnknown();
    const operation = session.update([a.publicKeyHash], async (start, committer) => {
      let next = start;
      // Between the two updates of the parent stands the creation of a child (decision 005).
      for (const n of [70, 71]) {
        const tree = TreeEdit.open(committer, next, a);
        await putEntry(n)(tree);
        next = await tree.commit(next);
        if (n === 70) next = await createChildWriter(committer, next, a, world.signer(101));
      }
      return next;
    });
    expect(await outcome(operation)).toBe('resolved');
    expect((await world.tree(a.publicKeyHash)).size).toBe(63);
    expect(await world.target(world.signer(101).publicKeyHash)).toBeDefined();
  });

  test('also when another device has built upon it before', async () => {
    const { world, a, session } = await appliedUnknown();
    await world.session().editTree(a, putEntry(70));
    expect(await outcome(session.editTree(a, putEntry(71)))).toBe('resolved');
    expect((await world.tree(a.publicKeyHash)).size).toBe(63);
  });

  test('also when the other device comes in between, so that there is a merge', async () => {
    const { world, a, session } = await appliedUnknown();
    let isDone = false;
    world.server.hooks.before = async ({ name }) => {
      if (name !== 'setPointers' || isDone) return;
      isDone = true;
      await world.session().editTree(a, putEntry(70));
    };
    expect(await outcome(session.editTree(a, putEntry(71)))).toBe('resolved');
    expect((await world.tree(a.publicKeyHash)).size).toBe(63);
  });

  test('also when the lost commit is applied only now', async () => {
    const world = await CommitWorld.create();
    const [a] = await world.populate(1);
    const session = world.session();
    let late: (() => Promise<unknown>) | undefined;
    const { pointers } = world.server;
    const delaying = world.session({
      pointers: {
        getPointer: pointers.getPointer.bind(pointers),
        setPointer: pointers.setPointer.bind(pointers),
        setPointers: async (...parameters) => {
          if (late !== undefined) {
            await late();
            return pointers.setPointers(...parameters);
          }
          late = async () => pointers.setPointers(...parameters).catch(() => undefined);
          throw new PyrgosError('network', 'the connection was lost');
        },
      },
    });
    expect(await outcome(delaying.editTree(a!, putEntry(1)))).toBe('network');
    expect(await outcome(delaying.editTree(a!, putEntry(2)))).toBe('resolved');
    expect((await world.tree(a!.publicKeyHash)).size).toBe(3);
    expect(await outcome(session.editTree(a!, putEntry(3)))).toBe('resolved');
  });

  test('a block that other writers share is not lost with an operation that failed', async () => {
    const world = await CommitWorld.create();
    const session = world.session();
    const [a] = await world.populate(1, session);
    failOnce(world, 'setPointers');
    // Every new writer has the same empty map of owned keys.
    const create = session.update([world.owner], (start, committer) =>
      createChildWriter(committer, start, world.identity, world.signer(101)),
    );
    expect(await outcome(create)).toBe('quota');
    expect(await outcome(session.updateWriterData(a!, (data) => data.with({ inbound: world.owner })))).toBe('resolved');
    expect((await world.writerData(a!.publicKeyHash))?.inbound).toEqual(world.owner);
    await world.reachable(a!.publicKeyHash);
  });

  test('an error that is safe to repeat leads to the same commit', async () => {
    const world = await CommitWorld.create();
    const [a] = await world.populate(1);
    failOnce(world, 'setPointers', networkError());
    expect(await outcome(world.session().editTree(a!, putEntry(1)))).toBe('resolved');
  });
});
