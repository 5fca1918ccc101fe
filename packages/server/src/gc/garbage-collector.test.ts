import { utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Cid, CidCodec, encodeCbor, formatBlockStoreName, Multihash, MultihashCode } from '@pyrgos/core/codec';
import { AbortedError, PyrgosError } from '@pyrgos/core/errors';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type BlockFixture, blockFixture, cborBlock, crypto, nodeBlock, openFixture, rawBlock } from '../../test/block-fixture.js';
import { FaultyFileSystem, systemError } from '../../test/faulty-file-system.js';
import { GARBAGE_STEPS_PER_SLICE, TRANSACTION_LIFE_MILLISECONDS, TRANSACTION_PERIOD_MILLISECONDS } from '../limits.js';
import type { StoredBlock } from '../ports/local-blocks.js';
import type { SqlDatabase } from '../sql/sql-database.js';
import { GarbageCollector, type GarbageCollectorOptions } from './garbage-collector.js';
import type { GarbageReport } from './garbage-report.js';

let fixture: BlockFixture;
let fileSystem: FaultyFileSystem;
let roots: Map<string, readonly Cid[]>;
let settled: string[];
let warnings: object[];

beforeEach(async () => {
  fileSystem = new FaultyFileSystem();
  fixture = await blockFixture({ fileSystem });
  roots = new Map();
  settled = [];
  warnings = [];
});
afterEach(() => fixture.remove());

const optionsOf = (db: SqlDatabase): GarbageCollectorOptions => ({
  db,
  storage: fixture.storage,
  local: fixture.local,
  roots: {
    users: async () => [...roots.keys()],
    settleDeletion: async (username) => {
      settled.push(username);
    },
    rootsOf: async (username) => roots.get(username) ?? [],
  },
  hasher: crypto,
  clock: fixture.clock,
  logger: { info: () => undefined, warn: (facts) => warnings.push(facts) },
});
const collectorOf = (db: SqlDatabase = fixture.db, turn?: () => Promise<void>): GarbageCollector =>
  new GarbageCollector({ ...optionsOf(db), ...(turn === undefined ? {} : { turn }) });
/** Stores blocks that no transaction protects. */
const store = async (username: string, ...blocks: readonly StoredBlock[]): Promise<void> => {
  await fixture.local.put(username, blocks, 'store');
  await fixture.local.closeTransaction(username, 'store');
};
const stored = async (username: string): Promise<string[]> => {
  const names: string[] = [];
  for await (const cid of fixture.files.list(username)) names.push(cid.toString());
  return names.sort();
};
const names = (...blocks: readonly StoredBlock[]): string[] => blocks.map(({ cid }) => cid.toString()).sort();
const rows = (): number => Number(fixture.db.prepare('SELECT count(*) AS n FROM blocks').get()?.['n']);
const fileOf = ({ cid }: StoredBlock, username = 'alice'): string => {
  const name = formatBlockStoreName(cid);
  return join(fixture.folder, 'blocks', username, name.slice(-2, -1), `${name}.data`);
};
const reads = (): number => fileSystem.calls.filter(({ name }) => name === 'read').length;

test('keeps what is reachable and what open transactions protect, takes the rest', async () => {
  const [leaf, loose, open] = [rawBlock('leaf'), rawBlock('loose'), rawBlock('open')];
  const inner = nodeBlock([leaf.cid, leaf.cid], [], 'inner');
  const root = nodeBlock([inner.cid], [], 'root');
  await store('alice', leaf, inner, root, loose, nodeBlock([loose.cid]));
  await fixture.local.put('alice', [open], 'transaction');
  roots.set('alice', [root.cid]);
  const report = await collectorOf().collect();
  expect(await stored('alice')).toEqual(names(leaf, inner, root, open));
  expect(report).toMatchObject({ users: 1, blocks: 6, reachable: 3, kept: 1, deleted: 2, linkReads: 2, missing: 0, failures: [] });
  expect(report.deletedBytes).toBe(loose.bytes.length + nodeBlock([loose.cid]).bytes.length);
  expect(rows()).toBe(4);
  expect(settled).toEqual(['alice']);
  await fixture.local.closeTransaction('alice', 'transaction');
  await collectorOf().collect();
  expect(await stored('alice')).toEqual(names(leaf, inner, root));
});

test('says how long a run took and how long its longest slice kept others waiting, without the time that the disk takes', async () => {
  let now = 1000;
  const collected: GarbageReport[] = [];
  const all = Array.from({ length: 2 * GARBAGE_STEPS_PER_SLICE }, (_, i) => rawBlock(`leaf ${i}`));
  await store('alice', ...all);
  roots.set('alice', []);
  const collector = new GarbageCollector({
    ...optionsOf(fixture.db),
    // Each look at the clock of a slice takes some time, others' turns and deletions take much.
    monotonic: () => (now += 3),
    turn: async () => {
      await Promise.resolve();
      now += 10_000;
    },
    local: Object.assign(Object.create(fixture.local) as typeof fixture.local, {
      collect: async (...parameters: Parameters<typeof fixture.local.collect>) => {
        const result = await fixture.local.collect(...parameters);
        now += 100_000;
        return result;
      },
    }),
    onCollected: (report) => collected.push(report),
  });
  const report = await collector.collect();
  expect(collected).toEqual([report]);
  expect(report.deleted).toBe(all.length);
  expect(report.milliseconds).toBeGreaterThan(400_000);
  expect(report.longestSliceMilliseconds).toBeGreaterThan(0);
  expect(report.longestSliceMilliseconds).toBeLessThan(10_000);
});

describe('acceptance scenarios (chapter 08 section 18)', () => {
  test('mark: of 512 raw leaves under one root nothing is collected, and no leaf is asked for links', async () => {
    const leaves = Array.from({ length: 512 }, (_, i) => rawBlock(`leaf ${i}`));
    const root = nodeBlock(leaves.map(({ cid }) => cid));
    await store('alice', ...leaves, root);
    roots.set('alice', [root.cid]);
    const report = await collectorOf().collect();
    expect(report).toMatchObject({ blocks: 513, reachable: 513, deleted: 0, linkReads: 1 });
    expect(reads()).toBe(0);
    expect((await stored('alice')).length).toBe(513);
  });

  test('full: 1000 leaves; again; without pointer', async () => {
    const leaves = Array.from({ length: 1000 }, (_, i) => cborBlock(`leaf ${i}`));
    let level: readonly StoredBlock[] = leaves;
    const inner: StoredBlock[] = [];
    while (level.length > 1) {
      const next: StoredBlock[] = [];
      for (let i = 0; i < level.length; i += 2)
        next.push(
          nodeBlock(
            level.slice(i, i + 2).map(({ cid }) => cid),
            [],
            `${inner.length} ${i}`,
          ),
        );
      inner.push(...next);
      level = next;
    }
    await store('alice', ...leaves, ...inner);
    roots.set('alice', [level[0]!.cid]);
    let statements = 0;
    const counting: SqlDatabase = {
      prepare: (sql) => {
        if (/FROM blocks/.test(sql) && !/SELECT id FROM/.test(sql)) statements++;
        return fixture.db.prepare(sql);
      },
      execute: (sql) => fixture.db.execute(sql),
      transaction: (work) => fixture.db.transaction(work),
      durable: () => fixture.db.durable(),
      copyTo: (path) => fixture.db.copyTo(path),
      close: () => fixture.db.close(),
    };
    const collector = collectorOf(counting);
    const first = await collector.collect();
    expect(first).toMatchObject({ deleted: 0, reachable: leaves.length + inner.length });
    // A leaf without links costs one look-up, a node one more for its links.
    expect(first.linkReads).toBe(inner.length);
    expect(first.linkReads).toBeLessThan(2000);
    statements = 0;
    const second = await collector.collect();
    expect([second.unchanged, second.linkReads, second.blocks, statements]).toEqual([1, 0, 0, 0]);
    roots.set('alice', []);
    const third = await collector.collect();
    expect(third.deleted).toBe(leaves.length + inner.length);
    expect([await stored('alice'), rows()]).toEqual([[], 0]);
    expect(reads()).toBe(0);
  });
});

test('an unchanged user is judged again as soon as anything changed', async () => {
  const root = nodeBlock([], [], 'root');
  await store('alice', root);
  roots.set('alice', [root.cid]);
  const collector = collectorOf();
  const unchanged = async (): Promise<number> => (await collector.collect()).unchanged;
  expect([await unchanged(), await unchanged()]).toEqual([0, 1]);
  await store('alice', rawBlock('loose'));
  expect([await unchanged(), await unchanged()]).toEqual([0, 1]);
  expect(await stored('alice')).toEqual(names(root));
  await fixture.local.put('alice', [rawBlock('open')], 'transaction');
  expect([await unchanged(), await unchanged()]).toEqual([0, 1]);
  await fixture.local.closeTransaction('alice', 'transaction');
  expect([await unchanged(), await unchanged()]).toEqual([0, 1]);
  expect(await stored('alice')).toEqual(names(root));
  // It is remembered across restarts.
  await fixture.close();
  fixture = await openFixture(fixture.folder, fixture.clock);
  expect((await collectorOf().collect()).unchanged).toBe(1);
});

test('a transaction protects each of its blocks for 24 hours, and none for much longer', async () => {
  const [first, late] = [rawBlock('first'), rawBlock('late')];
  await fixture.local.put('alice', [first], 'transaction');
  roots.set('alice', []);
  fixture.clock.time += TRANSACTION_LIFE_MILLISECONDS / 2;
  await fixture.local.put('alice', [late], 'transaction');
  fixture.clock.time += TRANSACTION_LIFE_MILLISECONDS / 2;
  expect((await collectorOf().collect()).deleted).toBe(0);
  // The transaction goes on, which does not keep what is too old.
  fixture.clock.time += TRANSACTION_PERIOD_MILLISECONDS + 1;
  expect((await collectorOf().collect()).deleted).toBe(1);
  expect(await stored('alice')).toEqual(names(late));
  fixture.clock.time += TRANSACTION_LIFE_MILLISECONDS / 2 - TRANSACTION_PERIOD_MILLISECONDS;
  expect((await collectorOf().collect()).deleted).toBe(0);
  fixture.clock.time += TRANSACTION_PERIOD_MILLISECONDS + 1;
  expect((await collectorOf().collect()).deleted).toBe(1);
  expect(fixture.db.prepare('SELECT count(*) AS n FROM transactions').get()?.['n']).toBe(0);
});

test('what was put while a transaction is open stays until it is closed, whoever put it', async () => {
  const [before, open, other] = [rawBlock('before'), rawBlock('open'), rawBlock('other')];
  await store('alice', before);
  await fixture.local.put('alice', [open], 'transaction');
  await store('alice', other);
  roots.set('alice', []);
  expect(await collectorOf().collect()).toMatchObject({ deleted: 1, kept: 2 });
  expect(await stored('alice')).toEqual(names(open, other));
  await fixture.local.closeTransaction('alice', 'transaction');
  expect(await collectorOf().collect()).toMatchObject({ deleted: 2, kept: 0 });
});

test('users are apart', async () => {
  const block = rawBlock('block');
  const root = nodeBlock([block.cid]);
  await store('alice', root, block);
  await store('bob', root, block);
  roots.set('bob', []).set('alice', [root.cid]);
  expect(await collectorOf().collect()).toMatchObject({ users: 2, deleted: 2 });
  expect(settled).toEqual(['alice', 'bob']);
  expect([await stored('alice'), await stored('bob')]).toEqual([names(root, block), []]);
});

test('one user alone', async () => {
  await store('alice', rawBlock('a'));
  await store('bob', rawBlock('b'));
  roots.set('alice', []).set('bob', []);
  expect(await collectorOf().collect('bob')).toMatchObject({ users: 1, deleted: 1 });
  expect((await stored('alice')).length).toBe(1);
  // Whose roots are not known, of that nothing may be deleted.
  roots.delete('alice');
  await expect(collectorOf().collect('alice')).rejects.toMatchObject({ code: 'not-found.user' });
  expect((await stored('alice')).length).toBe(1);
});

test('identity CIDs as roots are followed, as links they are not blocks', async () => {
  const block = rawBlock('block');
  const inline = (bytes: Uint8Array): Cid => Cid.v1(CidCodec.dagCbor, Multihash.create(MultihashCode.identity, bytes));
  const inner = nodeBlock([block.cid, inline(encodeCbor('key'))]);
  await store('alice', block, inner);
  roots.set('alice', [inline(encodeCbor([inner.cid]))]);
  expect(await collectorOf().collect()).toMatchObject({ deleted: 0, failures: [] });
});

describe('an error while marking deletes nothing of this user and is reported', () => {
  const loose = rawBlock('loose');
  const other = rawBlock('other');

  const expectFailure = async (code: string): Promise<void> => {
    await store('bob', other);
    roots.set('bob', []);
    const report = await collectorOf().collect();
    expect(report.failures).toMatchObject([{ username: 'alice', code }]);
    expect(warnings.length).toBe(1);
    expect(await stored('alice')).toContain(loose.cid.toString());
    expect(await stored('bob')).toEqual([]);
    // It is not taken for a complete run.
    expect((await collectorOf().collect()).failures.length).toBe(1);
  };

  test('a missing root', async () => {
    await store('alice', loose);
    roots.set('alice', [nodeBlock([]).cid]);
    await expectFailure('not-found.block');
  });

  test('a damaged block whose metadata is lost', async () => {
    const root = nodeBlock([]);
    await store('alice', root, loose);
    fixture.db.prepare('DELETE FROM blocks WHERE cid = ?').run(root.cid.bytes);
    await writeFile(fileOf(root), 'damaged');
    roots.set('alice', [root.cid]);
    await expectFailure('storage');
  });

  test('damaged metadata', async () => {
    const root = nodeBlock([loose.cid]);
    await store('alice', root, loose);
    fixture.db.prepare('UPDATE blocks SET links = ? WHERE cid = ?').run(Uint8Array.of(0xff), root.cid.bytes);
    roots.set('alice', [root.cid]);
    await expectFailure('format.cbor');
  });

  test('roots that cannot be read', async () => {
    await store('alice', loose);
    roots.set('alice', []);
    const collector = new GarbageCollector({
      db: fixture.db,
      storage: fixture.storage,
      local: fixture.local,
      roots: {
        users: async () => ['alice'],
        settleDeletion: async () => undefined,
        rootsOf: async () => {
          throw new PyrgosError('storage', 'The database is closed.');
        },
      },
      hasher: crypto,
      clock: fixture.clock,
      logger: { info: () => undefined, warn: () => undefined },
    });
    expect((await collector.collect()).failures).toMatchObject([{ code: 'storage' }]);
    expect((await stored('alice')).length).toBe(1);
  });
});

test('a missing raw block hides nothing: it is counted, and the rest is collected', async () => {
  const [loose, lost] = [rawBlock('loose'), rawBlock('lost')];
  const root = nodeBlock([lost.cid]);
  await store('alice', root, loose);
  roots.set('alice', [root.cid]);
  expect(await collectorOf().collect()).toMatchObject({ deleted: 1, missing: 1, failures: [] });
  expect(await stored('alice')).toEqual(names(root));
});

test('a missing dag-cbor block does not keep the garbage: what it would link is out of reach', async () => {
  const [loose, kept, unreachable] = [rawBlock('loose'), rawBlock('kept'), rawBlock('unreachable')];
  const lost = nodeBlock([unreachable.cid], [], 'never stored');
  const root = nodeBlock([lost.cid, kept.cid]);
  await store('alice', root, kept, unreachable, loose);
  roots.set('alice', [root.cid]);
  expect(await collectorOf().collect()).toMatchObject({ deleted: 2, missing: 1, failures: [] });
  expect(await stored('alice')).toEqual(names(root, kept));
  // It may still arrive, and is judged like any other block then.
  await store('alice', lost);
  expect(await collectorOf().collect()).toMatchObject({ deleted: 0, reachable: 3, missing: 1, failures: [] });
});

test('lost metadata is computed again on the way', async () => {
  const leaf = rawBlock('leaf');
  const inner = nodeBlock([leaf.cid], [], 'inner');
  const root = nodeBlock([inner.cid], [], 'root');
  await store('alice', root, inner, leaf);
  fixture.db.prepare('DELETE FROM blocks WHERE cid <> ?').run(leaf.cid.bytes);
  roots.set('alice', [root.cid]);
  expect(await collectorOf().collect()).toMatchObject({ deleted: 0, reachable: 3, failures: [] });
  expect(rows()).toBe(3);
});

describe('files that the database does not know', () => {
  const age = async (block: StoredBlock, hours: number): Promise<void> => {
    const time = new Date(fixture.clock.time - hours * 3_600_000);
    await utimes(fileOf(block), time, time);
  };

  test('old ones are collected unless they are reachable; young ones are left alone', async () => {
    const [kept, young, old] = [rawBlock('kept'), rawBlock('young'), rawBlock('old')];
    const root = nodeBlock([kept.cid]);
    await fixture.files.putMany('alice', [root, kept, young, old]);
    for (const block of [root, kept, old]) await age(block, 25);
    await age(young, 23);
    roots.set('alice', [root.cid]);
    expect(await collectorOf().collect()).toMatchObject({ adopted: 3, deleted: 1, failures: [] });
    expect(await stored('alice')).toEqual(names(root, kept, young));
    // The search is repeated once a day only.
    fixture.clock.time += 3_600_000 * 2;
    expect(await collectorOf().collect()).toMatchObject({ adopted: 0, deleted: 0 });
    fixture.clock.time += 3_600_000 * 23;
    expect(await collectorOf().collect()).toMatchObject({ adopted: 1, deleted: 1 });
    expect(await stored('alice')).toEqual(names(root, kept));
  });

  test('what holds no block is deleted, what cannot be read is left', async () => {
    const [damaged, unreadable] = [rawBlock('damaged'), rawBlock('unreadable')];
    const undecodable = { cid: Cid.v1(CidCodec.dagCbor, rawBlock('x').cid.multihash), bytes: rawBlock('x').bytes };
    await fixture.files.putMany('alice', [damaged, undecodable]);
    await writeFile(fileOf(damaged), 'broken');
    await age(damaged, 25);
    await age(undecodable, 25);
    roots.set('alice', []);
    expect(await collectorOf().collect()).toMatchObject({ adopted: 0, orphansDeleted: 2, failures: [] });
    await fixture.files.putMany('alice', [unreadable]);
    await age(unreadable, 48);
    fixture.clock.time += 86_400_000;
    fileSystem.before = ({ name }) => {
      if (name === 'read') throw systemError('EIO');
    };
    expect((await collectorOf().collect()).failures).toMatchObject([{ code: 'storage' }]);
    expect(await stored('alice')).toEqual(names(unreadable));
  });
});

test('a file that cannot be deleted is reported, and found again', async () => {
  const loose = rawBlock('loose');
  await store('alice', loose);
  roots.set('alice', []);
  fileSystem.before = ({ name }) => {
    if (name === 'unlink') throw systemError('EIO');
  };
  expect((await collectorOf().collect()).failures).toMatchObject([{ code: 'storage' }]);
  fileSystem.before = () => undefined;
  expect(await stored('alice')).toEqual(names(loose));
  const time = new Date(fixture.clock.time);
  await utimes(fileOf(loose), time, time);
  fixture.clock.time += 2 * 86_400_000;
  expect(await collectorOf().collect()).toMatchObject({ adopted: 1, deleted: 1 });
  expect(await stored('alice')).toEqual([]);
});

test('works in small steps: others never wait for more than some hundred statements', async () => {
  const leaves = Array.from({ length: 1500 }, (_, i) => rawBlock(`leaf ${i}`));
  const loose = Array.from({ length: 1500 }, (_, i) => rawBlock(`loose ${i}`));
  const root = nodeBlock(leaves.map(({ cid }) => cid));
  for (let i = 0; i < 1500; i += 500) await store('alice', ...leaves.slice(i, i + 500), ...loose.slice(i, i + 500));
  await fixture.local.put('alice', [root, ...leaves.slice(0, 700)], 'open');
  roots.set('alice', [root.cid]);
  let statements = 0;
  let most = 0;
  const counting: SqlDatabase = {
    prepare: (sql) => {
      statements++;
      return fixture.db.prepare(sql);
    },
    execute: (sql) => fixture.db.execute(sql),
    transaction: (work) => fixture.db.transaction(work),
    durable: () => fixture.db.durable(),
    copyTo: (path) => fixture.db.copyTo(path),
    close: () => fixture.db.close(),
  };
  let turns = 0;
  const collector = collectorOf(counting, async () => {
    most = Math.max(most, statements);
    statements = 0;
    turns++;
  });
  expect(await collector.collect()).toMatchObject({ deleted: 1500, reachable: 1501, kept: 0 });
  expect(turns).toBeGreaterThan(30);
  expect(most).toBeLessThan(400);
});

describe('start and stop', () => {
  test('runs at once and again, until it is stopped', async () => {
    roots.set('alice', []);
    await store('alice', rawBlock('one'));
    const collector = collectorOf();
    const gone = async (): Promise<void> => {
      while ((await stored('alice')).length > 0) {
        await new Promise((resolve) => {
          setTimeout(resolve, 5);
        });
      }
    };
    collector.start(10);
    await gone();
    await store('alice', rawBlock('two'));
    await gone();
    await collector.stop();
    await store('alice', rawBlock('three'));
    await expect(collector.collect()).rejects.toBeInstanceOf(AbortedError);
    expect((await stored('alice')).length).toBe(1);
    collector.start(10);
    await gone();
    await collector.stop();
  });

  test('a stop ends a run between two steps and loses nothing', async () => {
    const blocks = Array.from({ length: 1000 }, (_, i) => rawBlock(`block ${i}`));
    await store('alice', ...blocks);
    roots.set('alice', []);
    let turns = 0;
    const collector: GarbageCollector = collectorOf(fixture.db, async () => {
      turns++;
      if (turns === 4) void collector.stop();
    });
    await expect(collector.collect()).rejects.toBeInstanceOf(AbortedError);
    const left = (await stored('alice')).length;
    expect(left).toBeGreaterThan(0);
    expect(left).toBe(rows());
    expect(await collectorOf().collect()).toMatchObject({ deleted: left });
  });

  test('runs do not overlap', async () => {
    await store('alice', rawBlock('loose'));
    roots.set('alice', []);
    const collector = collectorOf();
    const reports = await Promise.all([collector.collect(), collector.collect(), collector.collect()]);
    expect(reports.map(({ deleted, unchanged }) => [deleted, unchanged])).toEqual([
      [1, 0],
      [0, 1],
      [0, 1],
    ]);
  });
});
