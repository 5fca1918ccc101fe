import type { LoadedEngine } from './engine.js';
import type { SqlValue } from './sql-database.js';

const samples: readonly SqlValue[] = [
  null,
  0,
  -1,
  Number.MAX_SAFE_INTEGER,
  Number.MIN_SAFE_INTEGER,
  9007199254740993n,
  -9223372036854775808n,
  9223372036854775807n,
  0.5,
  '',
  'a?\u00e9\u{1f600}',
  new Uint8Array(0),
  Uint8Array.from({ length: 256 }, (_, i) => i),
];

function isSame(a: SqlValue | undefined, b: SqlValue): boolean {
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b) === 0;
  return a === b;
}

/**
 * Does with a database in memory what the server relies on: every kind of value comes back as it went in, transactions roll back,
 * constraints hold. Throws with the failed step; a binding that is broken on this machine is found here and not in somebody's data.
 */
export function checkEngine(engine: LoadedEngine): void {
  const require = (condition: boolean, step: string): void => {
    if (!condition) throw new Error(`self-check failed: ${step}`);
  };
  const connection = engine.open(':memory:');
  try {
    connection.execute('CREATE TABLE sample (id INTEGER PRIMARY KEY, value ANY, part BLOB UNIQUE) STRICT');
    const insert = connection.prepare('INSERT INTO sample (id, value, part) VALUES (?, ?, ?) ON CONFLICT (id) DO NOTHING');
    const select = connection.prepare('SELECT value FROM sample WHERE id = ?');
    const returning = connection.prepare('DELETE FROM sample WHERE id = ? RETURNING id');
    const count = connection.prepare('SELECT count(*) AS rows, total(length(part)) AS bytes FROM sample');
    for (const [id, value] of samples.entries()) {
      require(insert.run([id, value, null]) === 1, 'insert');
      require(isSame(select.get([id])?.['value'], value), 'value');
    }
    require(insert.run([0, 'again', null]) === 0, 'conflict clause');
    require(select.get([samples.length]) === undefined, 'no row');
    connection.execute('BEGIN IMMEDIATE');
    require(insert.run([100, 1, Uint8Array.of(1)]) === 1, 'insert in a transaction');
    let refused = false;
    try {
      insert.run([101, 1, Uint8Array.of(1)]);
    } catch {
      refused = true;
    }
    require(refused, 'unique constraint');
    require(returning.all([1]).length === 1, 'returning clause');
    connection.execute('ROLLBACK');
    const row = count.get([]);
    require(row?.['rows'] === samples.length && row['bytes'] === 0, 'rollback');
    for (const statement of [insert, select, returning, count]) statement.finalize();
  } finally {
    connection.close();
  }
}
