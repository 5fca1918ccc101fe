import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openDatabase } from './open-database.js';
import { WalFile } from './wal-file.js';

describe('WalFile', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'pyrgos-wal-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  test('needs the log to be there', async () => {
    await expect(WalFile.open(join(folder, 'test.sqlite'))).rejects.toMatchObject({ code: 'storage', data: { system: 'ENOENT' } });
  });

  test('never reports success again after a failure', async () => {
    writeFileSync(join(folder, 'test.sqlite-wal'), 'log');
    const wal = await WalFile.open(join(folder, 'test.sqlite'));
    await wal.sync();
    // The nearest to a failing disk that a test can do without one: the descriptor is gone.
    await wal.close();
    const failure = { code: 'storage', retry: 'never', message: expect.stringContaining('restart the server') };
    await expect(wal.sync()).rejects.toMatchObject(failure);
    await expect(wal.sync()).rejects.toMatchObject(failure);
    await wal.close();
  });

  test('opening, syncing and closing it leaves the locks of the database alone', async () => {
    const path = join(folder, 'test.sqlite');
    const db = await openDatabase({ path });
    db.execute('CREATE TABLE t (a INTEGER) STRICT');
    await db.durable();
    const second = await openDatabase({ path });
    second.execute('PRAGMA busy_timeout = 0');
    db.transaction(() => {
      db.prepare('INSERT INTO t VALUES (1)').run();
      expect(() => second.execute('BEGIN IMMEDIATE')).toThrow(expect.objectContaining({ code: 'storage', retry: 'safe' }));
    });
    await second.close();
    await db.close();
  });
});
