import type { PublicKeyHash } from '@pyrgos/core/keys';
import { Snapshot, type WriterData } from '@pyrgos/core/model';
import type { BlockStore } from '@pyrgos/core/store';
import { seededRandom } from '@pyrgos/testkit/random';
import { describe, expect, test } from 'vitest';
import { block, CommitWorld, hex, mapKey, outcome } from '../../test/commit-world.js';
import type { Committer } from './committer.js';
import { WriteSession } from './write-session.js';

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

  test('hands back a result with the committed versions', async () => {
    const world = await CommitWorld.create();
    const session = world.session();
    await world.populate(0, session);
    const { snapshot, result } = await session.compute([world.owner], async (start, committer) => ({
      snapshot: await committer.commit(start, world.identity, start.get(world.owner)!.writerData!.with({ inbound: world.owner })),
      result: 42,
    }));
    expect(result).toBe(42);
    expect(snapshot.get(world.owner)?.hash).toEqual(await world.target(world.owner));
    expect((await session.readCommitted(world.owner)).get(world.owner)?.writerData?.inbound).toEqual(world.owner);
  });

  test('a change that changes nothing is not sent', async () => {
    const world = await CommitWorld.create();
    const session = world.session();
    await world.populate(0, session);
    await session.updateWriterData(world.identity, (data) => data);
    expect(world.log.some(({ name }) => name !== 'getPointer' && name !== 'getBlock')).toBe(false);
  });

  test('own commits need no further reads', async () => {
    const world = await CommitWorld.create();
    const session = world.session();
    const [child] = await world.populate(1, session);
    for (let i = 0; i < 3; i++) {
      await session.editTree(child!, async (tree) => void (await tree.putBlock(mapKey(i), undefined, block(`${i}`))));
    }
    expect(world.log.filter(({ name }) => name.startsWith('get'))).toEqual([]);
  });

  test('operations of one session on one writer never conflict with each other', async () => {
    const world = await CommitWorld.create();
    const session = world.session();
    const [child] = await world.populate(1, session);
    await Promise.all(
      Array.from({ length: 6 }, () =>
        session.editTree(child!, async (tree) => {
          const before = await tree.get(mapKey(1));
          const count = before === undefined ? 0 : (await session.getBlock(before)).length;
          await tree.putBlock(mapKey(1), before, block('x'.repeat(count)));
        }),
      ),
    );
    expect((await session.read(child!.publicKeyHash)).get(child!.publicKeyHash)?.sequence).toBe(8);
  });

  test('reads and writes of a tree-less or unknown writer', async () => {
    const world = await CommitWorld.create();
    const session = world.session();
    await world.populate(0, session);
    const snapshot = await session.read(world.owner);
    expect(await session.get(snapshot, world.owner, mapKey(1))).toBe(undefined);
    expect(await session.lookUp(snapshot, world.owner, [{ key: mapKey(1) }])).toEqual([undefined]);
    expect((await session.read(world.signer(9).publicKeyHash)).size).toBe(0);
    expect(await outcome(session.get(snapshot, world.signer(9).publicKeyHash, mapKey(1)))).toBe('not-found.pointer');
    expect(() => world.session({ owner: 'x' as unknown as PublicKeyHash })).toThrow('owner');
  });

  test('works with the machine clock and the engine as random source', async () => {
    const world = await CommitWorld.create();
    const { crypto, owner } = world;
    const session = new WriteSession({ owner, crypto, blocks: world.server.blocks, pointers: world.server.pointers });
    expect(await outcome(session.initialiseWriter(world.identity, (data) => data.with({ inbound: owner })))).toBe('resolved');
    expect((await world.writerData(owner))?.inbound).toEqual(owner);
  });
});

describe('mistakes of the caller', () => {
  test('a change that returns nothing does not delete the writer', async () => {
    const world = await CommitWorld.create();
    const session = world.session();
    const [child] = await world.populate(1, session);
    const before = await world.target(child!.publicKeyHash);
    for (const answer of [undefined, null, {}, 'x', Promise.resolve(undefined)]) {
      expect(await outcome(session.updateWriterData(child!, () => answer as WriterData))).toBe('argument');
      expect(await outcome(session.initialiseWriter(world.signer(50), () => answer as WriterData))).toBe('argument');
    }
    expect(await world.target(child!.publicKeyHash)).toEqual(before);
    expect(world.log.some(({ name }) => !name.startsWith('get'))).toBe(false);
    const outcomes = await session.update([child!.publicKeyHash], async (start, committer) => {
      expect(await outcome(committer.commit(start, child!, undefined as unknown as WriterData))).toBe('argument');
      expect(await outcome(committer.delete(Snapshot.empty(), child!))).toBe('argument');
      return start;
    });
    expect(outcomes.get(child!.publicKeyHash)?.hash).toEqual(before);
  });

  test('an operation that returns no snapshot commits nothing', async () => {
    const world = await CommitWorld.create();
    const session = world.session();
    await world.populate(0, session);
    const before = await world.target(world.owner);
    for (const answer of [undefined, null, {}, 'x'] as unknown[]) {
      const change = async (start: Snapshot, committer: Committer): Promise<void> => {
        await committer.commit(start, world.identity, start.get(world.owner)!.writerData!.with({ inbound: world.owner }));
      };
      const update = session.update([world.owner], async (start, committer) => {
        await change(start, committer);
        return answer as Snapshot;
      });
      expect(await outcome(update)).toBe('argument');
      for (const whole of [answer, { snapshot: answer, result: 1 }]) {
        const compute = session.compute([world.owner], async (start, committer) => {
          await change(start, committer);
          return whole as { snapshot: Snapshot; result: number };
        });
        expect(await outcome(compute)).toBe('argument');
      }
    }
    expect(await world.target(world.owner)).toEqual(before);
  });

  test('a committer is of no use after its operation', async () => {
    const world = await CommitWorld.create();
    const session = world.session({ flushSize: 1 });
    const [child] = await world.populate(1, session);
    const before = await world.target(child!.publicKeyHash);
    let kept: Committer | undefined;
    let start: Snapshot | undefined;
    let late: Promise<string> | undefined;
    await session.update([child!.publicKeyHash], async (snapshot, committer) => {
      [kept, start] = [committer, snapshot];
      // Not awaited: it comes too late.
      late = Promise.resolve().then(async () => {
        for (let i = 0; i < 50; i++) await Promise.resolve();
        return outcome(committer.commit(snapshot, child!, snapshot.get(child!.publicKeyHash)!.writerData!.with({ inbound: world.owner })));
      });
      return snapshot;
    });
    expect(await late).toBe('argument');
    expect(await outcome(kept!.delete(start!, child!))).toBe('argument');
    expect(() => kept!.blocks.putCbor(child!.publicKeyHash, block('x'))).toThrow('has ended');
    expect(await world.target(child!.publicKeyHash)).toEqual(before);
  });

  test.each<[string, Record<string, unknown>]>([
    ['owner', { owner: 'x' }],
    ['blocks', { blocks: undefined }],
    ['blocks', { blocks: {} }],
    ['pointers', { pointers: null }],
    ['crypto', { crypto: undefined }],
    ['clock', { clock: 1 }],
    ['random', { random: {} }],
    ['capacity', { cacheSize: -1 }],
    ['capacity', { cacheSize: 'x' }],
    ['flushSize', { flushSize: Number.NaN }],
    ['flushSize', { flushSize: -5 }],
    ['cacheMilliseconds', { pointerCacheMilliseconds: '1' }],
    ['cacheMilliseconds', { pointerCacheMilliseconds: -1 }],
  ])('a wrong option is refused at once: %s', async (field, options) => {
    const world = await CommitWorld.create();
    expect(() => world.session(options)).toThrow(expect.objectContaining({ code: 'argument' }) as Error);
    expect(() => world.session(options)).toThrow(field);
  });

  test('a signal that is none is refused, even when nothing is to be waited for', async () => {
    const world = await CommitWorld.create();
    const session = world.session();
    const [child] = await world.populate(1, session);
    const writer = child!.publicKeyHash;
    const snapshot = await session.read(writer);
    const options = { signal: 'x' as unknown as AbortSignal };
    const cid = await session.get(snapshot, writer, mapKey(255));
    const calls = [
      session.read(writer, options),
      session.readCommitted(writer, options),
      session.getBlock(cid!, options),
      session.get(snapshot, writer, mapKey(255), options),
      session.lookUp(snapshot, writer, [{ key: mapKey(255) }], options),
      session.update([writer], async (start) => start, options),
      session.editTree(child!, async () => undefined, options),
      session.updateWriterData(child!, (data) => data, options),
      session.initialiseWriter(world.signer(50), (data) => data, options),
    ];
    for (const call of calls) expect(await outcome(call)).toBe('argument');
  });
});

describe('a hostile block store', () => {
  const keys = Array.from({ length: 30 }, (_, n) => n);

  /** The server's store with block reads and lookups in the hands of `corrupt`. */
  function hostile(world: CommitWorld, corrupt: (bytes: Uint8Array) => Uint8Array, hasLookUp: boolean): BlockStore {
    const { blocks } = world.server;
    return {
      getBlock: async (cid, context) => corrupt(await blocks.getBlock(cid, context)),
      startTransaction: blocks.startTransaction.bind(blocks),
      closeTransaction: blocks.closeTransaction.bind(blocks),
      putBlocks: blocks.putBlocks.bind(blocks),
      ...(hasLookUp ? { lookUpChamp: async (root, list, context) => (await blocks.lookUpChamp(root, list, context)).map(corrupt) } : {}),
    };
  }

  test('gives typed errors or the truth, never another value', async () => {
    const world = await CommitWorld.create();
    const [child] = await world.populate(1);
    const writer = child!.publicKeyHash;
    await world.session().editTree(child!, async (tree) => {
      for (const n of keys) await tree.putBlock(mapKey(n), undefined, block(`value ${n}`));
    });
    const results = new Map<string, number>();
    for (let seed = 1; seed <= 60; seed++) {
      const random = seededRandom(seed);
      const corrupt = (bytes: Uint8Array): Uint8Array => {
        if (random.nextInteger(4) > 0) return bytes;
        const changed = bytes.slice();
        if (random.nextInteger(2) === 0) return changed.subarray(0, random.nextInteger(changed.length + 1));
        changed[random.nextInteger(changed.length)]! ^= 1 << random.nextInteger(8);
        return changed;
      };
      const session = world.session({ blocks: hostile(world, corrupt, seed % 2 === 0) });
      const read = async (): Promise<void> => {
        const snapshot = await session.read(writer);
        const found = await session.lookUp(
          snapshot,
          writer,
          [...keys, 500].map((n) => ({ key: mapKey(n) })),
        );
        // Each key has its value or says what is wrong; an absent key is never more than absent.
        const truth = [...keys.map((n) => block(`value ${n}`)), undefined];
        expect(found.map((one, i) => (one?.error === undefined ? one?.bytes : truth[i]))).toEqual(truth);
        const damaged = found.find((one) => one?.error !== undefined)?.error;
        if (damaged !== undefined) throw damaged;
      };
      const result = await outcome(read());
      results.set(result, (results.get(result) ?? 0) + 1);
    }
    expect([...results.keys()].every((result) => result === 'resolved' || result === 'format.block')).toBe(true);
    expect(results.get('format.block')).toBeGreaterThan(10);
  });

  test('that drops blocks makes reads fail, not keys disappear', async () => {
    const world = await CommitWorld.create();
    const [child] = await world.populate(1);
    await world.session().editTree(child!, async (tree) => {
      for (const n of keys) await tree.putBlock(mapKey(n), undefined, block(`value ${n}`));
    });
    const root = (await world.writerData(child!.publicKeyHash))!.tree!;
    const { blocks } = world.server;
    const dropping: BlockStore = {
      getBlock: async (cid, context) => {
        if (cid.equals(root)) return blocks.getBlock(world.signer(200).publicKeyHash.cid, context);
        return blocks.getBlock(cid, context);
      },
      startTransaction: blocks.startTransaction.bind(blocks),
      closeTransaction: blocks.closeTransaction.bind(blocks),
      putBlocks: blocks.putBlocks.bind(blocks),
      lookUpChamp: () => Promise.resolve([]),
    };
    const session = world.session({ blocks: dropping });
    const snapshot = await session.read(child!.publicKeyHash);
    expect(await outcome(session.get(snapshot, child!.publicKeyHash, mapKey(1)))).toBe('not-found.block');
    expect(await outcome(session.lookUp(snapshot, child!.publicKeyHash, [{ key: mapKey(1) }]))).toBe('not-found.block');
    const edit = session.editTree(child!, async (tree) => void (await tree.putBlock(mapKey(99), undefined, block('x'))));
    expect(await outcome(edit)).toBe('not-found.block');
  });

  test('that goes back to an old state is noticed by a session that saw the new one', async () => {
    const world = await CommitWorld.create();
    const session = world.session();
    const [child] = await world.populate(1, session);
    const old = world.server.saveState();
    await session.editTree(child!, async (tree) => void (await tree.putBlock(mapKey(1), undefined, block('new'))));
    world.server.restoreState(old);
    expect(await outcome(session.read(child!.publicKeyHash, { fresh: true }))).toBe('denied.stale');
    // Writing on top of what we know is refused by the server, and its excuse by us.
    const edit = session.editTree(child!, async (tree) => void (await tree.putBlock(mapKey(2), undefined, block('newer'))));
    expect(await outcome(edit)).toBe('denied.stale');
  });
});
