import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { openDatabase, type SqliteDatabase } from './index.js';
import { loadEngine } from './load-engine.js';
import { WalFile } from './wal-file.js';

const grouped = (await loadEngine(undefined)).durability === 'group' && process.platform !== 'win32';

describe.skipIf(!grouped)(`syncs of the log${grouped ? '' : ' (needs a SQLite that syncs in groups)'}`, () => {
  let folder: string;
  let path: string;
  let db: SqliteDatabase;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'pyrgos-syncs-'));
    path = join(folder, 'test.sqlite');
    db = await openDatabase({ path });
    db.execute('CREATE TABLE t (a INTEGER) STRICT');
    db.execute('PRAGMA user_version = 7');
    await db.durable();
  });
  afterEach(async () => {
    vi.restoreAllMocks();
    await db.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test('what wrote nothing waits for none', async () => {
    const sync = vi.spyOn(WalFile.prototype, 'sync');
    db.transaction(() => db.prepare('SELECT a FROM t').all());
    await db.durable();
    expect(sync).not.toHaveBeenCalled();
    db.transaction(() => db.prepare('INSERT INTO t VALUES (1)').run());
    await db.durable();
    expect(sync).toHaveBeenCalledOnce();
  });

  test('what an earlier life has committed is synced before anybody relies on it', async () => {
    await db.close();
    db = await openDatabase({ path });
    const sync = vi.spyOn(WalFile.prototype, 'sync');
    db.transaction(() => db.prepare('SELECT a FROM t').all());
    await db.durable();
    expect(sync).toHaveBeenCalledOnce();
    await db.durable();
    expect(sync).toHaveBeenCalledOnce();
  });

  test('a probe writes and syncs, and changes nothing', async () => {
    const sync = vi.spyOn(WalFile.prototype, 'sync');
    const before = statSync(`${path}-wal`).size;
    await db.probe();
    await db.probe();
    expect(statSync(`${path}-wal`).size).toBeGreaterThan(before);
    expect(sync).toHaveBeenCalledTimes(2);
    expect(db.prepare('PRAGMA user_version').get()).toEqual({ user_version: 7 });
  });
});
