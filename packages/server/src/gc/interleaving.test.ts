import type { Cid } from '@pyrgos/core/codec';
import { seededRandom } from '@pyrgos/testkit/random';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type BlockFixture, blockFixture, crypto, nodeBlock, rawBlock, TestClock } from '../../test/block-fixture.js';
import { Interleaver, type Schedule, shuffled, switchOnce, switchTwice } from '../../test/interleaver.js';
import { SimulatedDisk } from '../../test/simulated-disk.js';
import { FileBlockStorage } from '../blocks/file-block-storage.js';
import { LocalBlockStore } from '../blocks/local-block-store.js';
import type { StoredBlock } from '../ports/local-blocks.js';
import type { SqlDatabase } from '../sql/sql-database.js';
import { GarbageCollector } from './garbage-collector.js';

/** A collector and clients that meet at every wait there is: each call of the disk, each sync of the database, each turn of the collector. */
let fixture: BlockFixture;
beforeAll(async () => {
  fixture = await blockFixture();
});
afterAll(() => fixture.remove());

const quiet = { info: () => undefined, warn: () => undefined };
let nextUser = 0;

const leaf = rawBlock('a leaf that stays');
/** Garbage at first: stored, not linked, in no transaction. */
const loose = rawBlock('a loose leaf');
const looseNode = nodeBlock([loose.cid], [], 'loose');
const oldRoot = nodeBlock([leaf.cid], [], 'old root');
const newRoot = nodeBlock([leaf.cid, looseNode.cid], [], 'new root');

class World {
  readonly username = `user${nextUser++}`;
  readonly interleaver = new Interleaver();
  readonly clock = new TestClock();
  disk: SimulatedDisk = new SimulatedDisk(() => 0);
  roots: readonly Cid[] = [oldRoot.cid];
  /** What must be readable whatever happens: reachable, or uploaded in an open transaction. */
  readonly needed = new Map<string, StoredBlock>([oldRoot, leaf].map((block) => [block.cid.key, block]));
  local!: LocalBlockStore;
  collector!: GarbageCollector;
  storage!: FileBlockStorage;
  private readonly db: SqlDatabase;

  constructor() {
    const { db } = fixture;
    this.db = {
      prepare: (sql) => db.prepare(sql),
      execute: (sql) => db.execute(sql),
      transaction: (work) => db.transaction(work),
      durable: () => this.interleaver.pause(),
      copyTo: (path) => db.copyTo(path),
      close: () => db.close(),
    };
  }

  async open(): Promise<void> {
    const { interleaver, username, clock } = this;
    this.storage = await FileBlockStorage.open({ root: '/blocks', hasher: crypto, random: crypto, fileSystem: this.disk });
    this.local = new LocalBlockStore({ storage: this.storage, db: this.db, clock, random: crypto });
    this.collector = new GarbageCollector({
      db: this.db,
      storage: this.storage,
      local: this.local,
      roots: {
        users: async () => [username],
        settleDeletion: () => interleaver.pause(),
        rootsOf: async () => {
          await interleaver.pause();
          const { roots } = this;
          await interleaver.pause();
          return roots;
        },
      },
      hasher: crypto,
      clock,
      logger: quiet,
      turn: () => interleaver.pause(),
    });
    this.disk.before = () => interleaver.pause();
  }

  /** `loose` and `looseNode` are there without being needed; `orphans`: without metadata too, as after a crash. */
  async prepare(orphans: boolean): Promise<void> {
    await this.open();
    await this.local.put(this.username, [oldRoot, leaf], 'first');
    if (orphans) await this.storage.putMany(this.username, [loose, looseNode]);
    else await this.local.put(this.username, [loose, looseNode], 'first');
    await this.local.closeTransaction(this.username, 'first');
  }

  async check(): Promise<void> {
    for (const { cid, bytes } of this.needed.values()) {
      expect(await this.local.get(this.username, cid)).toEqual(bytes);
      expect((await this.local.metadata(this.username, cid))?.size).toBe(bytes.length);
      expect(await this.storage.has(this.username, cid)).toBe(true);
    }
  }
}

type Client = (world: World) => Promise<void>;

const need = (world: World, ...blocks: readonly StoredBlock[]): void => {
  for (const block of blocks) world.needed.set(block.cid.key, block);
};

/** Uploads, links and closes, as every client does. */
const linking: Client = async (world) => {
  const { local, username } = world;
  await local.put(username, [loose, looseNode], 't');
  need(world, loose, looseNode);
  await local.put(username, [newRoot], 't');
  need(world, newRoot);
  world.roots = [newRoot.cid];
  world.needed.delete(oldRoot.cid.key);
  await local.closeTransaction(username, 't');
};

/** Uploads everything in parallel requests. */
const parallel: Client = async (world) => {
  const { local, username } = world;
  await Promise.all([loose, looseNode, newRoot].map((block) => local.put(username, [block], 't')));
  need(world, loose, looseNode, newRoot);
  world.roots = [newRoot.cid];
  world.needed.delete(oldRoot.cid.key);
  await local.closeTransaction(username, 't');
};

/** Uploads, and has not linked yet when the collector is done. */
const pinning: Client = async (world) => {
  await world.local.put(world.username, [loose], 't');
  need(world, loose);
};

/** Links first and closes never: some clients crash. */
const careless: Client = async (world) => {
  await world.local.put(world.username, [newRoot, looseNode, loose], 't');
  need(world, newRoot, looseNode, loose);
  world.roots = [newRoot.cid];
  world.needed.delete(oldRoot.cid.key);
};

/** Reads what may be garbage, while it goes. */
const reading: Client = async (world) => {
  for (let i = 0; i < 3; i++) {
    for (const { cid, bytes } of [loose, looseNode]) {
      const read = await world.local.get(world.username, cid);
      if (read !== undefined) expect(read).toEqual(bytes);
      await world.local.metadata(world.username, cid);
    }
  }
};

const clients: readonly (readonly [string, Client])[] = [
  ['uploads, links, closes', linking],
  ['uploads in parallel', parallel],
  ['has not linked yet', pinning],
  ['never closes', careless],
];

const run = async (client: Client, orphans: boolean, schedule: Schedule): Promise<ReadonlyMap<string, number>> => {
  const world = new World();
  await world.prepare(orphans);
  const actors = new Map([
    ['client', () => client(world)],
    [
      'collector',
      async () => {
        const { failures } = await world.collector.collect();
        expect(failures).toEqual([]);
      },
    ],
  ]);
  await world.interleaver.run(actors, schedule);
  await world.check();
  // Another run in peace finds nothing wrong either, and takes what is not needed now.
  await world.interleaver.run(
    new Map([['collector', async () => expect((await world.collector.collect()).failures).toEqual([])]]),
    shuffled(seededRandom(1)),
  );
  await world.check();
  return world.interleaver.steps;
};

describe.each([false, true])('garbage with lost metadata: %s', (orphans) => {
  describe.each(clients)('a client that %s', (_name, client) => {
    test('all of it at every point of the collection, and the collection at every point of it', async () => {
      const steps = await run(client, orphans, switchOnce('collector', 1e9, 'client'));
      const [collector, other] = [steps.get('collector') ?? 0, steps.get('client') ?? 0];
      expect(Math.min(collector, other)).toBeGreaterThan(5);
      for (let i = 0; i <= collector; i++) await run(client, orphans, switchOnce('collector', i, 'client'));
      for (let i = 0; i <= other; i++) await run(client, orphans, switchOnce('client', i, 'collector'));
    });

    test('a part of it at every point of the collection', async () => {
      const steps = await run(client, orphans, switchOnce('collector', 1e9, 'client'));
      const [collector, other] = [steps.get('collector') ?? 0, steps.get('client') ?? 0];
      for (let i = 0; i <= collector; i += 3) {
        for (let j = 1; j <= other; j += 5) await run(client, orphans, switchTwice('collector', i, 'client', j));
      }
    });

    test('random orders', async () => {
      for (let seed = 1; seed <= 60; seed++) await run(client, orphans, shuffled(seededRandom(seed)));
    });
  });

  test('a reader never sees wrong bytes, and nothing comes back', async () => {
    for (let seed = 1; seed <= 100; seed++) {
      const world = new World();
      await world.prepare(orphans);
      const actors = new Map<string, () => Promise<unknown>>([
        ['client', () => reading(world)],
        ['collector', () => world.collector.collect()],
      ]);
      await world.interleaver.run(actors, shuffled(seededRandom(seed)));
      await world.interleaver.run(new Map([['collector', () => world.collector.collect()]]), shuffled(seededRandom(1)));
      await world.check();
      for (const { cid } of [loose, looseNode]) {
        expect(await world.local.get(world.username, cid)).toBeUndefined();
        expect(await world.local.metadata(world.username, cid)).toBeUndefined();
      }
    }
  });

  test('a power failure at any point of both leaves what is needed, and the next run cleans up', async () => {
    for (let seed = 1; seed <= 150; seed++) {
      const random = seededRandom(seed);
      const world = new World();
      await world.prepare(orphans);
      let left = 1 + random.nextInteger(60);
      let next: SimulatedDisk | undefined;
      world.interleaver.afterStep = () => {
        if (--left === 0) next = world.disk.crash(random);
      };
      const ends = new Map<string, () => Promise<unknown>>([
        ['client', () => linking(world).catch(() => undefined)],
        ['collector', () => world.collector.collect().catch(() => undefined)],
      ]);
      await world.interleaver.run(ends, shuffled(random));
      world.interleaver.afterStep = () => undefined;
      if (next !== undefined) {
        world.disk = next;
        await world.open();
      }
      await world.check();
      // Two days later open transactions have expired too.
      world.clock.time += 2 * 86_400_000;
      await world.interleaver.run(new Map([['collector', () => world.collector.collect()]]), shuffled(random));
      const kept: string[] = [];
      for await (const cid of world.storage.list(world.username)) kept.push(cid.key);
      const reachable = world.roots[0]?.equals(newRoot.cid) === true ? [newRoot, looseNode, loose, leaf] : [oldRoot, leaf];
      expect(kept.toSorted()).toEqual(reachable.map(({ cid }) => cid.key).toSorted());
      for (const { cid, bytes } of reachable) expect(await world.local.get(world.username, cid)).toEqual(bytes);
    }
  });
});
