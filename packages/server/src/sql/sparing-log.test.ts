import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadEngine } from './load-engine.js';
import { openDatabase } from './open-database.js';

const grouped = (await loadEngine(undefined)).durability === 'group';

test.skipIf(!grouped)('a log that is kept short stays short however much is written (needs a SQLite that syncs in groups)', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'pyrgos-sparing-'));
  const path = join(folder, 'test.sqlite');
  const db = await openDatabase({ path });
  try {
    db.execute('CREATE TABLE item (id INTEGER PRIMARY KEY, value BLOB) STRICT');
    db.spareDisk(true);
    const write = async (): Promise<number> => {
      for (let i = 0; i < 200; i++) {
        db.transaction(() => db.prepare('INSERT INTO item (value) VALUES (?)').run(new Uint8Array(8000)));
        if (i % 10 === 0) await db.shortenLog();
      }
      return statSync(`${path}-wal`).size;
    };
    expect(await write()).toBeLessThan(500_000);
    expect(await write()).toBeLessThan(500_000);
    expect(db.prepare('SELECT count(*) AS n FROM item').get()).toEqual({ n: 400 });
  } finally {
    await db.close();
    rmSync(folder, { recursive: true, force: true });
  }
});
