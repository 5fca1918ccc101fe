import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { seededRandom } from '@pyrgos/testkit/random';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { MAX_SQL_LOG_WRITES } from '../limits.js';
import { Checkpointer } from './checkpointer.js';
import type { EngineConnection, LoadedEngine } from './engine.js';
import { loadEngine } from './load-engine.js';
import { openDatabase } from './open-database.js';

const PAGE = 4096;
const engine: LoadedEngine = await loadEngine(undefined);
const grouped = engine.durability === 'group' && process.platform !== 'win32';

/** A file as it is. A database is not opened here: closing any descriptor of it drops the locks that this process has on it. */
function bytesOf(path: string): Buffer {
  return path.endsWith('-wal') ? readFileSync(path) : execFileSync('cat', [path], { maxBuffer: 1 << 28 });
}

/** A sync that ends when the test says so. */
class Hook {
  waiting: (() => void) | undefined;
  failure: Error | undefined;
  /** Runs when a sync begins and when it ends. */
  onBegin: () => void = () => undefined;
  onEnd: () => void = () => undefined;
  holds = false;

  async run(): Promise<void> {
    this.onBegin();
    if (this.holds) await new Promise<void>((resolve) => (this.waiting = resolve));
    if (this.failure !== undefined) throw this.failure;
    this.onEnd();
  }

  release(): void {
    const { waiting } = this;
    this.waiting = undefined;
    waiting?.();
  }
}

const turn = async (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe.skipIf(!grouped)(`Checkpointer${grouped ? '' : ' (needs a SQLite that syncs in groups)'}`, () => {
  let folder: string;
  let path: string;
  let writer: EngineConnection;
  let reader: EngineConnection;
  /** What SQLite's own copying, with its syncs, throws. */
  let ownFailure: Error | undefined;
  /** Told when SQLite itself has copied and synced the whole log. */
  let onOwnCheckpoint: () => void;
  let log: Hook;
  let file: Hook;
  let writes: number;
  let checkpointer: Checkpointer;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'pyrgos-checkpoint-'));
    path = join(folder, 'test.sqlite');
    writer = engine.open(path);
    for (const sql of ['PRAGMA journal_mode = WAL', 'PRAGMA synchronous = NORMAL', 'PRAGMA wal_autocheckpoint = 0']) writer.execute(sql);
    writer.execute('CREATE TABLE item (id INTEGER PRIMARY KEY, value BLOB) STRICT');
    writer.execute('PRAGMA wal_checkpoint(TRUNCATE)');
    reader = engine.open(path);
    [log, file] = [new Hook(), new Hook()];
    writes = 0;
    onOwnCheckpoint = () => undefined;
    ownFailure = undefined;
    checkpointer = new Checkpointer({
      writer: watched(writer),
      reader,
      file: { sync: async () => file.run() },
      syncLog: async () => log.run(),
      writes: () => writes,
      writesPerCheckpoint: 20,
    });
  });
  afterEach(() => {
    reader.close();
    writer.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** The connection, and a look at what it is told. */
  const watched = (connection: EngineConnection): EngineConnection => {
    let syncs = true;
    return {
      prepare: (sql) => {
        const statement = connection.prepare(sql);
        return {
          run: (values) => statement.run(values),
          get: (values) => {
            if (syncs && ownFailure !== undefined && sql.includes('wal_checkpoint')) throw ownFailure;
            const row = statement.get(values);
            if (syncs && row?.['log'] === row?.['checkpointed']) onOwnCheckpoint();
            return row;
          },
          all: (values) => statement.all(values),
          finalize: () => statement.finalize(),
        };
      },
      execute: (sql) => {
        if (sql.startsWith('PRAGMA synchronous')) syncs = sql.endsWith('NORMAL');
        connection.execute(sql);
      },
      copyTo: (target) => connection.copyTo(target),
      close: () => connection.close(),
    };
  };

  let next = 1;
  /** One commit that touches a page of its own. */
  const commit = (id = next++): number => {
    const statement = writer.prepare('INSERT OR REPLACE INTO item VALUES (?, ?)');
    statement.run([id, new Uint8Array(3000).fill(id)]);
    statement.finalize();
    writes++;
    checkpointer.committed();
    return id;
  };
  const commitMany = (count: number): void => {
    for (let i = 0; i < count; i++) commit();
  };
  /** Changes whenever the log begins anew. */
  const salt = (): string => bytesOf(`${path}-wal`).subarray(16, 24).toString('hex');
  const logSize = (): number => bytesOf(`${path}-wal`).length;

  test('begins after enough writes and not before', async () => {
    commitMany(19);
    log.onBegin = () => expect(writes).toBe(20);
    file.holds = true;
    expect(file.waiting).toBeUndefined();
    commit();
    await turn();
    expect(file.waiting).toBeDefined();
    file.release();
    await checkpointer.idle();
  });

  test('the log is not used again before the database file is synced, and is afterwards', async () => {
    file.holds = true;
    commitMany(20);
    await turn();
    const before = salt();
    expect(file.waiting).toBeDefined();
    commitMany(3);
    expect(salt()).toBe(before);
    file.release();
    await checkpointer.idle();
    // The three late ones were few enough to be copied at once.
    commit();
    expect(salt()).not.toBe(before);
  });

  test('a disk that refuses the late commits is no end: they stay in the log and are copied later', async () => {
    file.holds = true;
    commitMany(20);
    await turn();
    const before = salt();
    commitMany(3);
    ownFailure = new Error('disk I/O error');
    file.release();
    await checkpointer.idle();
    await checkpointer.room();
    expect(checkpointer.failure).toBeUndefined();
    commit();
    expect(salt()).toBe(before);
    ownFailure = undefined;
    file.holds = false;
    await checkpointer.copyNow();
    commit();
    expect(salt()).not.toBe(before);
  });

  test('nothing is copied before the log is synced, and what is committed meanwhile is not copied with it', async () => {
    log.holds = true;
    const original = bytesOf(path);
    commitMany(20);
    await turn();
    const durableLog = bytesOf(`${path}-wal`);
    expect(bytesOf(path)).toEqual(original);
    const late = commit(1);
    file.holds = true;
    log.release();
    await turn();
    expect(bytesOf(path)).not.toEqual(original);
    // What a power failure leaves at worst: all pages that were copied, and of the log only what was synced.
    const after = join(folder, 'after');
    mkdirSync(after);
    writeFileSync(join(after, 'test.sqlite'), bytesOf(path));
    writeFileSync(join(after, 'test.sqlite-wal'), durableLog);
    const db = await openDatabase({ path: join(after, 'test.sqlite') });
    expect(db.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' });
    expect(db.prepare('SELECT count(*) AS n FROM item WHERE id <> ?').get(late)).toMatchObject({ n: expect.any(Number) });
    await db.close();
    file.release();
    await checkpointer.idle();
  });

  test('when the disk refuses the database file, the log is kept for ever', async () => {
    file.failure = Object.assign(new Error('EIO'), { code: 'EIO' });
    commitMany(20);
    await checkpointer.idle();
    expect(checkpointer.failure).toMatchObject({ code: 'storage', data: { system: 'EIO' } });
    const before = salt();
    file.failure = undefined;
    commitMany(100);
    await checkpointer.idle();
    expect(salt()).toBe(before);
  });

  test('when the log cannot be synced nothing is copied, and it is tried again', async () => {
    log.failure = new Error('EIO');
    const original = bytesOf(path);
    commitMany(20);
    await checkpointer.idle();
    expect(bytesOf(path)).toEqual(original);
    expect(checkpointer.failure).toBeUndefined();
    log.failure = undefined;
    const before = salt();
    commitMany(20);
    await checkpointer.idle();
    commit();
    expect(salt()).not.toBe(before);
  });

  test('somebody else who reads keeps the log in use and nobody waiting', async () => {
    const other = engine.open(path);
    other.execute('BEGIN');
    const statement = other.prepare('SELECT count(*) AS n FROM item');
    expect(statement.get([])).toEqual({ n: 0 });
    commitMany(20);
    await checkpointer.idle();
    writes += 2 * MAX_SQL_LOG_WRITES;
    commitMany(20);
    await checkpointer.room();
    await checkpointer.idle();
    expect(statement.get([])).toEqual({ n: 0 });
    statement.finalize();
    other.execute('ROLLBACK');
    other.close();
    const size = logSize();
    commitMany(20);
    await checkpointer.idle();
    commit();
    expect(logSize()).toBeGreaterThanOrEqual(size);
    const before = salt();
    commitMany(20);
    await checkpointer.idle();
    commit();
    expect(salt()).not.toBe(before);
  });

  test('writers wait when the log is long, until all of it is copied', async () => {
    file.holds = true;
    commitMany(20);
    await turn();
    let hadRoom = false;
    const waiting = checkpointer.room().then(() => (hadRoom = true));
    await waiting;
    writes += MAX_SQL_LOG_WRITES;
    hadRoom = false;
    const waitingNow = checkpointer.room().then(() => (hadRoom = true));
    await turn();
    expect(hadRoom).toBe(false);
    file.release();
    await turn();
    // Much was written meanwhile: once more.
    expect([hadRoom, file.waiting !== undefined]).toEqual([false, true]);
    file.release();
    await waitingNow;
    expect(hadRoom).toBe(true);
  });

  test('power failures at any time: whatever parts of both files the disk has, everything synced is there', async () => {
    const { nextInteger } = seededRandom(7);
    const [database, wal] = [path, `${path}-wal`];
    let durable = { database: bytesOf(database), wal: bytesOf(wal), rows: 0 };
    let rows = 0;
    // What was there when a sync began is durable when it has ended.
    let [atLogSync, atFileSync] = [durable, durable];
    log.onBegin = () => (atLogSync = { ...durable, wal: bytesOf(wal), rows });
    log.onEnd = () => (durable = { ...durable, wal: atLogSync.wal, rows: atLogSync.rows });
    file.onBegin = () => (atFileSync = { ...durable, database: bytesOf(database) });
    file.onEnd = () => (durable = { ...durable, database: atFileSync.database });
    onOwnCheckpoint = () => (durable = { database: bytesOf(database), wal: bytesOf(wal), rows });
    const mix = (now: Buffer, kept: Buffer): Buffer => {
      const result = Buffer.from(nextInteger(2) === 0 ? now : kept);
      for (let at = 0; at < result.length; at += PAGE) {
        const from = nextInteger(2) === 0 ? now : kept;
        if (at < from.length) from.copy(result, at, at, Math.min(at + PAGE, result.length));
      }
      return result;
    };
    const check = async (): Promise<void> => {
      const now = { database: bytesOf(database), wal: bytesOf(wal) };
      for (const image of [
        [durable.database, durable.wal],
        [now.database, durable.wal],
        [durable.database, now.wal],
        [mix(now.database, durable.database), mix(now.wal, durable.wal)],
      ] as const) {
        const after = join(folder, 'after');
        mkdirSync(after);
        writeFileSync(join(after, 'test.sqlite'), image[0]);
        writeFileSync(join(after, 'test.sqlite-wal'), image[1]);
        const connection = engine.open(join(after, 'test.sqlite'));
        const count = connection.prepare('SELECT count(*) AS n, total(id) AS sum FROM item WHERE id <= ?');
        const { n, sum } = count.get([durable.rows]) ?? {};
        expect([n, sum]).toEqual([durable.rows, (durable.rows * (durable.rows + 1)) / 2]);
        count.finalize();
        const integrity = connection.prepare('PRAGMA integrity_check');
        expect(integrity.get([])).toEqual({ integrity_check: 'ok' });
        integrity.finalize();
        connection.close();
        rmSync(after, { recursive: true });
      }
    };
    // When the log begins anew, SQLite writes its new head and syncs it before anything else.
    const commitNext = (): void => {
      const before = bytesOf(wal);
      rows = commit(rows + 1);
      const head = bytesOf(wal).subarray(0, 32);
      if (!head.equals(before.subarray(0, 32))) durable = { ...durable, wal: Buffer.concat([head, before.subarray(32)]) };
    };
    [log.holds, file.holds] = [true, true];
    const seen = new Set<string>();
    for (let step = 0; step < 220; step++) {
      const choice = nextInteger(10);
      if (choice < 5) for (let i = nextInteger(12); i > 0; i--) commitNext();
      else if (choice < 7) log.release();
      else if (choice < 9) file.release();
      await turn();
      seen.add(salt());
      if (step % 3 === 0) await check();
    }
    expect(seen.size).toBeGreaterThan(3);
    [log.holds, file.holds] = [false, false];
    log.release();
    file.release();
    await checkpointer.idle();
  });
});

test('a database copies its log by itself and keeps everything', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'pyrgos-checkpoint-'));
  const path = join(folder, 'test.sqlite');
  try {
    const db = await openDatabase({ path, writesPerCheckpoint: 50 });
    db.execute('CREATE TABLE item (id INTEGER PRIMARY KEY, value BLOB) STRICT');
    const insert = db.prepare('INSERT INTO item VALUES (?, ?)');
    for (let id = 0; id < 2000; id++) {
      insert.run(id, new Uint8Array(1000));
      if (id % 20 === 0) await db.durable();
    }
    await db.close();
    expect(readFileSync(path).length).toBeGreaterThan(2_000_000);
    const again = await openDatabase({ path });
    expect(again.prepare('SELECT count(*) AS n FROM item').get()).toEqual({ n: 2000 });
    await again.close();
  } finally {
    rmSync(folder, { recursive: true });
  }
});
