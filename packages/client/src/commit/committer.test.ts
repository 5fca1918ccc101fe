import { type Cid, encodeCbor } from '@pyrgos/core/codec';
import { PyrgosError } from '@pyrgos/core/errors';
import { WRITE_BUFFER_FLUSH_SIZE } from '@pyrgos/core/limits';
import { type Snapshot, WriterData } from '@pyrgos/core/model';
import { describe, expect, test } from 'vitest';
import { block, CommitWorld, hex, mapKey, outcome } from '../../test/commit-world.js';
import type { Committer } from './committer.js';
import { TreeEdit } from './tree-edit.js';

const sent = (world: CommitWorld): number => world.log.filter(({ name }) => name === 'setPointers').length;

/** Puts a chunk of a given size with a raw fragment, as an upload does. */
async function putChunk(committer: Committer, start: Snapshot, world: CommitWorld, n: number, size: number): Promise<Snapshot> {
  const signer = world.signer(100);
  return committer.withoutFlush(async () => {
    const fragment = committer.blocks.putRaw(signer.publicKeyHash, new Uint8Array(size).fill(n));
    await Promise.resolve();
    const tree = TreeEdit.open(committer, start, signer);
    await tree.putBlock(mapKey(n), undefined, encodeCbor([fragment]));
    return tree.commit(start);
  });
}

describe('Committer', () => {
  test('sends nothing before the end, and one step per writer', async () => {
    const world = await CommitWorld.create();
    const session = world.session();
    const [a] = await world.populate(1, session);
    const snapshot = await session.update([a!.publicKeyHash], async (start, committer) => {
      let next = start;
      for (let i = 0; i < 10; i++) {
        next = await putChunk(committer, next, world, i, 100);
        expect(next.get(a!.publicKeyHash)?.sequence).toBe(3);
      }
      expect(sent(world)).toBe(0);
      return next;
    });
    expect(sent(world)).toBe(1);
    expect(snapshot.get(a!.publicKeyHash)?.sequence).toBe(3);
    expect((await world.tree(a!.publicKeyHash)).size).toBe(11);
  });

  test('flushes once the buffer is full, never inside withoutFlush', async () => {
    const world = await CommitWorld.create();
    const session = world.session({ flushSize: 18_000 });
    const [a] = await world.populate(1, session);
    await session.update([a!.publicKeyHash], async (start, committer) => {
      let next = await putChunk(committer, start, world, 1, 9000);
      expect([sent(world), committer.blocks.size > 9000]).toEqual([0, true]);
      // The chunk that fills the buffer is complete before anything is sent.
      next = await committer.withoutFlush(async () => {
        const inner = await putChunk(committer, next, world, 2, 9000);
        expect(sent(world)).toBe(0);
        expect(await outcome(committer.flush())).toBe('argument');
        return inner;
      });
      expect([sent(world), committer.blocks.size]).toEqual([1, 0]);
      const fragment = committer.blocks.putRaw(a!.publicKeyHash, new Uint8Array(18_000));
      const data = next.get(a!.publicKeyHash)!.writerData!;
      next = await committer.commit(next, a!, data.with({ links: data.owned }));
      // What nothing links to yet is not sent, and not lost either.
      expect([sent(world), committer.blocks.size]).toEqual([2, 18_000]);
      const tree = TreeEdit.open(committer, next, a!);
      await tree.putBlock(mapKey(3), undefined, encodeCbor([fragment]));
      next = await tree.commit(next);
      expect([sent(world), committer.blocks.size]).toEqual([3, 0]);
      return next;
    });
    expect(sent(world)).toBe(3);
    expect((await world.tree(a!.publicKeyHash)).size).toBe(4);
  });

  test('the limit of the buffer is 20 MiB', async () => {
    for (const [missing, flushes] of [
      [1, 0],
      [0, 1],
    ] as const) {
      const world = await CommitWorld.create();
      const session = world.session();
      const [a] = await world.populate(1, session);
      await session.update([a!.publicKeyHash], async (start, committer) => {
        const data = start.get(a!.publicKeyHash)!.writerData!.with({ links: start.get(a!.publicKeyHash)!.writerData!.owned });
        let left = WRITE_BUFFER_FLUSH_SIZE - data.encode().length - missing;
        for (let n = 0; left > 0; n++) {
          const size = Math.min(1_000_000, left);
          committer.blocks.putRaw(a!.publicKeyHash, new Uint8Array(size).fill(n));
          left -= size;
        }
        const next = await committer.commit(start, a!, data);
        expect(sent(world)).toBe(flushes);
        return next;
      });
    }
  });

  test('parallel chunks of one operation lose no fragment to a flush', async () => {
    const world = await CommitWorld.create();
    const session = world.session({ flushSize: 1 });
    const [a] = await world.populate(1, session);
    await session.update([a!.publicKeyHash], async (start, committer) => {
      let next = start;
      let turn: Promise<unknown> = Promise.resolve();
      const link = async (n: number, fragment: Cid): Promise<void> => {
        const tree = TreeEdit.open(committer, next, a!);
        await tree.putBlock(mapKey(n), undefined, encodeCbor([fragment]));
        next = await tree.commit(next);
      };
      const upload = async (n: number): Promise<void> =>
        committer.withoutFlush(async () => {
          const fragment = committer.blocks.putRaw(a!.publicKeyHash, new Uint8Array(100).fill(n));
          // The trees of one writer are changed one after the other, the fragments come in any order.
          turn = turn.then(() => link(n, fragment));
          await turn;
        });
      await Promise.all(Array.from({ length: 8 }, (_, n) => upload(n)));
      return next;
    });
    expect((await world.tree(a!.publicKeyHash)).size).toBe(9);
  });

  test('reads see what is buffered', async () => {
    const world = await CommitWorld.create();
    const session = world.session();
    const [a] = await world.populate(1, session);
    await session.update([a!.publicKeyHash], async (start, committer) => {
      const next = await putChunk(committer, start, world, 1, 100);
      const tree = TreeEdit.open(committer, next, a!);
      const cid = await tree.get(mapKey(1));
      expect((await committer.blocks.getBlock(cid!, committer.context)).length).toBeGreaterThan(30);
      expect(await tree.get(mapKey(255))).toBeDefined();
      expect(committer.committedVersionOf(a!.publicKeyHash)?.sequence).toBe(2);
      return next;
    });
  });

  test.each(['in a commit', 'after withoutFlush'])('goes on after a flush %s that was merged', async (where) => {
    const world = await CommitWorld.create();
    const session = world.session({ flushSize: 1 });
    const [a] = await world.populate(1, session);
    let [requests, isInterfering] = [0, false];
    world.server.hooks.before = async ({ name }) => {
      if (name !== 'setPointers' || isInterfering) return;
      // The first and the fourth request of the operation lose a race; the second and the fifth are their repetitions.
      const key = 50 + ++requests;
      if (key !== 51 && key !== 54) return;
      isInterfering = true;
      await world.session().editTree(a!, async (tree) => void (await tree.putBlock(mapKey(key), undefined, block('theirs'))));
      isInterfering = false;
    };
    const snapshot = await session.update([a!.publicKeyHash], async (start, committer) => {
      let next = start;
      for (let i = 0; i < 4; i++) {
        const put = async (): Promise<Snapshot> => {
          const tree = TreeEdit.open(committer, next, a!);
          await tree.putBlock(mapKey(i), undefined, block(`ours ${i}`));
          return tree.commit(next);
        };
        next = where === 'in a commit' ? await put() : await committer.withoutFlush(put);
        // Whatever has been merged: the server is never behind what the operation was told.
        expect((await world.tree(a!.publicKeyHash)).has(hex(mapKey(i)))).toBe(true);
      }
      return next;
    });
    expect((await world.tree(a!.publicKeyHash)).size).toBe(7);
    expect(snapshot.get(a!.publicKeyHash)?.hash).toEqual(await world.target(a!.publicKeyHash));
    // Four updates and two repetitions: the operation does not lose races against its own past.
    expect(requests).toBe(6);
  });

  test('a deletion based on a version that was merged meanwhile is a conflict', async () => {
    const world = await CommitWorld.create();
    const session = world.session({ flushSize: 1 });
    const [a] = await world.populate(1, session);
    let isFirst = true;
    world.server.hooks.before = async ({ name }) => {
      if (name !== 'setPointers' || !isFirst) return;
      isFirst = false;
      await world.session().editTree(a!, async (tree) => void (await tree.putBlock(mapKey(50), undefined, block('theirs'))));
    };
    const operation = session.update([a!.publicKeyHash], async (start, committer) => {
      const outdated = await putChunk(committer, start, world, 1, 10);
      return committer.delete(outdated, a!);
    });
    expect(await outcome(operation)).toBe('conflict.merge');
    expect((await world.tree(a!.publicKeyHash)).size).toBe(3);
  });

  test('refuses commits on an outdated version, read-only snapshots and foreign WriterData', async () => {
    const world = await CommitWorld.create();
    const session = world.session();
    const [a] = await world.populate(1, session);
    await session.update([a!.publicKeyHash], async (start, committer) => {
      const next = await putChunk(committer, start, world, 1, 10);
      expect(await outcome(putChunk(committer, start, world, 2, 10))).toBe('conflict.snapshot');
      const data = start.get(a!.publicKeyHash)!.writerData!;
      expect(await outcome(committer.commit(next.withReadOnly(true), a!, data))).toBe('argument');
      expect(await outcome(committer.commit(next, a!, WriterData.of(world.owner)))).toBe('argument');
      expect(await outcome(committer.commit(next, 'x' as unknown as typeof world.identity, data))).toBe('argument');
      expect(await outcome(committer.commit('x' as unknown as Snapshot, a!, data))).toBe('argument');
      expect(await outcome(committer.commit(next, a!, 'x' as unknown as WriterData))).toBe('argument');
      return next;
    });
    expect((await world.tree(a!.publicKeyHash)).size).toBe(2);
  });

  test('has an empty buffer after a failed flush, and can go on from what the server has', async () => {
    const world = await CommitWorld.create();
    const session = world.session();
    const [a] = await world.populate(1, session);
    await session.update([a!.publicKeyHash], async (start, committer) => {
      await putChunk(committer, start, world, 1, 10);
      world.server.hooks.before = ({ name }) => {
        if (name === 'putBlocks') throw new PyrgosError('quota', 'the quota is used up');
      };
      expect(await outcome(committer.flush())).toBe('quota');
      world.server.hooks.before = undefined;
      expect([committer.blocks.count, committer.blocks.size]).toEqual([0, 0]);
      expect(committer.acknowledged.size).toBe(0);
      return putChunk(committer, start, world, 2, 10);
    });
    expect([...(await world.tree(a!.publicKeyHash)).keys()].toSorted()).toEqual([mapKey(2), mapKey(255)].map(hex).toSorted());
  });

  test('a cancelled operation commits nothing', async () => {
    const world = await CommitWorld.create();
    const session = world.session();
    const [a] = await world.populate(1, session);
    const controller = new AbortController();
    const operation = session.update(
      [a!.publicKeyHash],
      async (start, committer) => {
        controller.abort();
        return putChunk(committer, start, world, 1, 10);
      },
      { signal: controller.signal },
    );
    expect(await outcome(operation)).toBe('aborted');
    expect(sent(world)).toBe(0);
  });
});
