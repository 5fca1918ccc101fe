// Child process of crash.test.ts: commits pairs of rows from several writers at once and prints the number of each pair once it is
// durable. Ends when it is killed.
import { writeSync } from 'node:fs';
import { openDatabase } from '../src/sql/open-database.js';
import { migrate } from '../src/sql/migrate.js';
import { type SqlEngine, sqlEngines } from '../src/sql/engine.js';

const [path = '', name = ''] = process.argv.slice(2);
const engine: SqlEngine | undefined = sqlEngines.find((it) => it === name);
// Often enough that the log begins anew many times.
const db = await openDatabase({ path, writesPerCheckpoint: 400, ...(engine === undefined ? {} : { engine }) });
migrate(db, [
  [
    'CREATE TABLE pair_a (n INTEGER PRIMARY KEY, payload BLOB NOT NULL) STRICT',
    'CREATE TABLE pair_b (n INTEGER PRIMARY KEY, size INTEGER NOT NULL) STRICT',
  ],
]);

let next = Number(db.prepare('SELECT coalesce(max(n), 0) AS last FROM pair_a').get()?.['last']) + 1;
const insertA = db.prepare('INSERT INTO pair_a VALUES (?, ?)');
const insertB = db.prepare('INSERT INTO pair_b VALUES (?, ?)');
const remove = db.prepare('UPDATE pair_a SET payload = zeroblob(length(payload)) WHERE n = ?');

async function writer(): Promise<never> {
  for (;;) {
    const n = next++;
    // Large enough that the log is checkpointed and started again many times.
    const size = (n * 7919) % 20_000;
    db.transaction(() => {
      insertA.run(n, new Uint8Array(size).fill(n));
      insertB.run(n, size);
      if (n > 100) remove.run(n - 100);
    });
    await db.durable();
    writeSync(1, `${n}\n`);
  }
}

await Promise.all(Array.from({ length: 4 }, writer));
