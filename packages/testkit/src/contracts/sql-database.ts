import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ArgumentError, PyrgosError } from '@pyrgos/core/errors';
import type { SqlDatabase, SqlValue } from '@pyrgos/server/sql';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

/** How a test of the contract gets at databases. */
export interface SqlHarness {
  /** Opens the file, which may exist. */
  readonly open: (path: string) => Promise<SqlDatabase>;
}

const TABLE = 'CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT UNIQUE, value ANY) STRICT';

/** What every {@link SqlDatabase} promises. */
export function sqlDatabaseContract(name: string, { open }: SqlHarness): void {
  describe(`SQL database contract: ${name}`, () => {
    let folder: string;
    let path: string;
    let db: SqlDatabase;

    beforeEach(async () => {
      folder = mkdtempSync(join(tmpdir(), 'pyrgos-sql-'));
      path = join(folder, 'test.sqlite');
      db = await open(path);
      db.execute(TABLE);
    });
    afterEach(async () => {
      await db.close();
      rmSync(folder, { recursive: true, force: true });
    });

    const insert = (id: number, text: string | null = null, value: SqlValue = null): number =>
      db.prepare('INSERT INTO item (id, name, value) VALUES (?, ?, ?)').run(id, text, value).changes;
    const ids = (): SqlValue[] =>
      db
        .prepare('SELECT id FROM item ORDER BY id')
        .all()
        .map((row) => row['id'] ?? null);
    const failure = (action: () => unknown): PyrgosError => {
      try {
        action();
      } catch (error) {
        if (error instanceof PyrgosError) return error;
        throw error;
      }
      throw new Error('did not fail');
    };

    describe('values', () => {
      const values: readonly (readonly [SqlValue, string])[] = [
        [null, 'null'],
        [0, 'integer'],
        [-1, 'integer'],
        [2 ** 31, 'integer'],
        [2 ** 32 + 1, 'integer'],
        [Number.MAX_SAFE_INTEGER, 'integer'],
        [Number.MIN_SAFE_INTEGER, 'integer'],
        [2n ** 53n, 'integer'],
        [-(2n ** 63n), 'integer'],
        [2n ** 63n - 1n, 'integer'],
        [0.1, 'real'],
        [1e300, 'real'],
        ['', 'text'],
        ['\u00e9\u{1f600} \ufeff\r\n\'"?', 'text'],
        [new Uint8Array(0), 'blob'],
        [Uint8Array.of(0, 255, 0), 'blob'],
      ];
      test.each(values.map(([value, type], i) => ({ value, type, i })))('$type $i comes back as it went in', ({ value, type }) => {
        insert(1, null, value);
        const row = db.prepare('SELECT value, typeof(value) AS type FROM item').get();
        expect(row?.['value']).toEqual(value);
        expect(typeof row?.['value']).toBe(typeof value);
        expect(row?.['type']).toBe(type);
        expect(db.prepare('SELECT typeof(?) AS type').get(value)?.['type']).toBe(type);
      });

      test('a large value', () => {
        const value = Uint8Array.from({ length: 3_000_000 }, (_, i) => (i * 7919) >> 3);
        insert(1, null, value);
        const read = db.prepare('SELECT value FROM item').get()?.['value'];
        expect(read instanceof Uint8Array && Buffer.compare(read, value) === 0).toBe(true);
      });

      test('any bytes, text and 64-bit integer', () => {
        const value = fc.oneof(
          fc.uint8Array({ maxLength: 300 }),
          fc.string({ unit: 'binary', maxLength: 50 }).filter((text) => !text.includes('\0')),
          fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
        );
        const select = db.prepare('SELECT ? AS value');
        fc.assert(
          fc.property(value, (it) => {
            const safe = typeof it === 'bigint' && Number.isSafeInteger(Number(it)) ? Number(it) : it;
            expect(select.get(it)?.['value']).toEqual(safe);
          }),
          { numRuns: 200 },
        );
      });

      test('a small bigint comes out as number', () => {
        expect(db.prepare('SELECT ? AS value').get(5n)).toEqual({ value: 5 });
      });

      test('bytes are copied, also out of a larger buffer', () => {
        const bytes = Uint8Array.of(1, 2, 3, 4).subarray(1, 3);
        insert(1, null, bytes);
        bytes.fill(9);
        expect(db.prepare('SELECT value FROM item').get()).toEqual({ value: Uint8Array.of(2, 3) });
      });

      test.each<readonly [string, unknown]>([
        ['undefined', undefined],
        ['a boolean', true],
        ['NaN', Number.NaN],
        ['Infinity', Number.POSITIVE_INFINITY],
        ['an integer of more than 64 bits', 2n ** 63n],
        ['text with NUL', 'a\0b'],
        ['an array', [1]],
        ['an object', {}],
        ['a function', () => 1],
        ['a symbol', Symbol('x')],
        ['an ArrayBuffer', new ArrayBuffer(1)],
      ])('%s is refused', (_, value) => {
        expect(failure(() => db.prepare('INSERT INTO item (value) VALUES (?)').run(value as SqlValue))).toBeInstanceOf(ArgumentError);
        expect(ids()).toEqual([]);
      });

      test('the number of parameters must fit', () => {
        const select = db.prepare("SELECT ? AS a, ? AS b, '?' AS c -- ?\n/* ? */");
        expect(select.get(1, 2)).toEqual({ a: 1, b: 2, c: '?' });
        for (const wrong of [[], [1], [1, 2, 3]]) expect(failure(() => select.get(...wrong))).toBeInstanceOf(ArgumentError);
        for (const sql of ['SELECT ?1', 'SELECT :name', 'SELECT @name', 'SELECT $name']) {
          expect(failure(() => db.prepare(sql))).toBeInstanceOf(ArgumentError);
        }
      });

      test('a column may have any name', () => {
        const row = db.prepare('SELECT 1 AS "constructor", 2 AS "__proto__", 3 AS "toString"').get();
        expect(row?.['constructor']).toBe(1);
        expect(Object.getPrototypeOf(row)).not.toBe(2);
      });
    });

    describe('statements', () => {
      test('run counts changes; get and all return rows', () => {
        expect(insert(1, 'one')).toBe(1);
        expect(insert(2, 'two')).toBe(1);
        expect(db.prepare('UPDATE item SET value = ?').run(7).changes).toBe(2);
        expect(db.prepare('UPDATE item SET value = ? WHERE id = 9').run(7).changes).toBe(0);
        expect(db.prepare('SELECT name FROM item WHERE id = ?').get(2)).toEqual({ name: 'two' });
        expect(db.prepare('SELECT name FROM item WHERE id = ?').get(3)).toBeUndefined();
        expect(db.prepare('SELECT name FROM item WHERE id > ? ORDER BY id').all(0)).toEqual([{ name: 'one' }, { name: 'two' }]);
        expect(db.prepare('SELECT name FROM item WHERE id > ?').all(5)).toEqual([]);
        expect(db.prepare('DELETE FROM item').run().changes).toBe(2);
      });

      test('RETURNING works with each method and always completes', async () => {
        const returning = 'INSERT INTO item (id) VALUES (?), (?) RETURNING id';
        expect(db.prepare(returning).get(1, 2)).toEqual({ id: 1 });
        expect(db.prepare(returning).all(3, 4)).toEqual([{ id: 3 }, { id: 4 }]);
        db.prepare(returning).run(5, 6);
        db.transaction(() => insert(7));
        await db.close();
        db = await open(path);
        expect(ids()).toEqual([1, 2, 3, 4, 5, 6, 7]);
      });

      test('an aborted read leaves no transaction open', () => {
        for (let i = 0; i < 5; i++) insert(i);
        expect(db.prepare('SELECT id FROM item ORDER BY id').get()).toEqual({ id: 0 });
        db.transaction(() => insert(10));
        expect(db.prepare('DELETE FROM item').run().changes).toBe(6);
      });

      test('the same text may be prepared again and used alternately', () => {
        const a = db.prepare('SELECT ? AS value');
        const b = db.prepare('SELECT ? AS value');
        expect([a.get(1), b.get(2), a.get(3)]).toEqual([{ value: 1 }, { value: 2 }, { value: 3 }]);
      });

      test('very many different statements stay usable', () => {
        const statements = Array.from({ length: 1000 }, (_, i) => db.prepare(`SELECT ${i} AS value`));
        expect(statements.map((statement) => statement.get()?.['value'])).toEqual(statements.map((_, i) => i));
        expect(statements[0]?.get()).toEqual({ value: 0 });
      });

      test('a statement notices that the schema has changed', () => {
        const select = db.prepare('SELECT * FROM item WHERE id = ?');
        insert(1);
        expect(select.get(1)).toEqual({ id: 1, name: null, value: null });
        db.execute('ALTER TABLE item ADD COLUMN extra INTEGER NOT NULL DEFAULT 5');
        expect(select.get(1)).toEqual({ id: 1, name: null, value: null, extra: 5 });
      });

      test('LIMIT, OFFSET and arithmetic take numbers', () => {
        for (let i = 0; i < 5; i++) insert(i, null, i * 10);
        expect(db.prepare('SELECT id FROM item ORDER BY id LIMIT ? OFFSET ?').all(2, 1)).toEqual([{ id: 1 }, { id: 2 }]);
        expect(db.prepare('UPDATE item SET value = value + ? WHERE id = 1').run(1)).toEqual({ changes: 1 });
        expect(db.prepare('SELECT value, typeof(value) AS type FROM item WHERE id = 1').get()).toEqual({ value: 11, type: 'integer' });
      });

      test('foreign keys hold', () => {
        db.execute('CREATE TABLE part (item INTEGER NOT NULL REFERENCES item (id) ON DELETE CASCADE) STRICT');
        expect(failure(() => db.prepare('INSERT INTO part VALUES (?)').run(1))).toMatchObject({ code: 'storage' });
        insert(1);
        db.prepare('INSERT INTO part VALUES (?)').run(1);
        db.prepare('DELETE FROM item').run();
        expect(db.prepare('SELECT count(*) AS count FROM part').get()).toEqual({ count: 0 });
      });
    });

    describe('failures', () => {
      test('are PyrgosErrors without values, paths or the original', () => {
        insert(1, 'one');
        const errors = [
          failure(() => insert(1, 'secret-name', 'secret-value')),
          failure(() => insert(2, 'one', 'secret-value')),
          failure(() => db.prepare('INSERT INTO item (id, name) VALUES (?, ?)').run('secret-id', 'x')),
          failure(() => db.prepare('UPDATE item SET name = ?').run(Uint8Array.of(1))),
          failure(() => db.prepare('SELECT * FROM nothing').all()),
          failure(() => db.execute('CREATE TABLE item (id)')),
          failure(() => db.prepare('nonsense ?').run('secret')),
        ];
        for (const error of errors) {
          expect(error.code).toBe('storage');
          expect(error.cause).toBeUndefined();
          expect(JSON.stringify([error.message, error.data])).not.toContain('secret');
          expect(JSON.stringify([error.message, error.data])).not.toContain(folder);
        }
        expect(errors[0]?.data['detail']).toBe('UNIQUE constraint failed: item.id');
        expect(ids()).toEqual([1]);
      });

      test('leave the statement usable', () => {
        insert(1, 'one');
        for (let i = 0; i < 3; i++) expect(failure(() => insert(1)).code).toBe('storage');
        expect(insert(2)).toBe(1);
      });
    });

    describe('transactions', () => {
      test('commit together and return the result', () => {
        const result = db.transaction(() => {
          insert(1);
          insert(2);
          return ids().length;
        });
        expect(result).toBe(2);
        expect(ids()).toEqual([1, 2]);
      });

      test('roll back on any error and pass it on', () => {
        insert(1);
        const error = new Error('mine');
        expect(() =>
          db.transaction(() => {
            insert(2);
            db.execute('CREATE TABLE other (id INTEGER) STRICT');
            throw error;
          }),
        ).toThrow(error);
        expect(
          failure(() =>
            db.transaction(() => {
              insert(2);
              insert(1);
            }),
          ).code,
        ).toBe('storage');
        expect(ids()).toEqual([1]);
        expect(failure(() => db.prepare('SELECT * FROM other').all()).code).toBe('storage');
        expect(insert(2)).toBe(1);
      });

      test('a failed statement that is caught does not undo the others', () => {
        insert(1);
        db.transaction(() => {
          insert(2);
          failure(() => insert(1));
          insert(3);
        });
        expect(ids()).toEqual([1, 2, 3]);
      });

      test('nested ones are undone alone', () => {
        db.transaction(() => {
          insert(1);
          expect(() =>
            db.transaction(() => {
              insert(2);
              db.transaction(() => insert(3));
              throw new Error('inner');
            }),
          ).toThrow('inner');
          db.transaction(() => {
            insert(4);
            db.transaction(() => insert(5));
          });
          insert(6);
        });
        expect(ids()).toEqual([1, 4, 5, 6]);
      });

      test('an outer error undoes nested ones that succeeded', () => {
        expect(() =>
          db.transaction(() => {
            db.transaction(() => insert(1));
            throw new Error('outer');
          }),
        ).toThrow('outer');
        expect(ids()).toEqual([]);
      });

      test('an asynchronous callback is refused and undone', () => {
        const work = async (): Promise<void> => {
          insert(1);
          await Promise.resolve();
        };
        expect(failure(() => db.transaction(work))).toBeInstanceOf(ArgumentError);
        expect(ids()).toEqual([]);
      });

      test('durable, copyTo and close are refused inside', async () => {
        const attempts: Promise<unknown>[] = [];
        db.transaction(() => {
          insert(1);
          attempts.push(db.durable(), db.copyTo(join(folder, 'copy')), db.close());
        });
        for (const { status } of await Promise.allSettled(attempts)) expect(status).toBe('rejected');
        expect(ids()).toEqual([1]);
      });
    });

    describe('a full database', () => {
      const fill = (): void => {
        for (let id = 0; id < 1000; id++) insert(id, null, new Uint8Array(4000));
      };
      beforeEach(() => {
        const pages = Number(db.prepare('PRAGMA page_count').get()?.['page_count']);
        db.prepare(`PRAGMA max_page_count = ${pages + 20}`).get();
      });

      test('says what to do, rolls back and goes on when there is room again', () => {
        const error = failure(() => db.transaction(fill));
        expect(error).toMatchObject({ code: 'storage', retry: 'safe', message: expect.stringContaining('Free some space') });
        expect(ids()).toEqual([]);
        db.prepare('PRAGMA max_page_count = 100000').get();
        db.transaction(() => insert(1));
        expect(ids()).toEqual([1]);
      });

      test('a callback that ignores the failure commits nothing, before it or after it', () => {
        const reached: string[] = [];
        const error = failure(() =>
          db.transaction(() => {
            insert(5000);
            try {
              db.transaction(fill);
            } catch {
              reached.push('caught');
            }
            try {
              insert(6000);
            } catch {
              reached.push('caught');
            }
            reached.push('end');
          }),
        );
        expect(error.code).toBe('storage');
        expect(reached).toEqual(['caught', 'caught', 'end']);
        expect(ids()).toEqual([]);
        expect(insert(1)).toBe(1);
      });
    });

    describe('life', () => {
      test('many callers wait for durability at once', async () => {
        await db.durable();
        const waiting: Promise<void>[] = [];
        for (let i = 0; i < 200; i++) {
          insert(i);
          waiting.push(db.durable());
          if (i % 50 === 0) await Promise.resolve();
        }
        await Promise.all(waiting);
        await db.durable();
        expect(ids()).toHaveLength(200);
      });

      test('what was committed is there after closing and opening again', async () => {
        insert(1, 'one', Uint8Array.of(1));
        await db.close();
        db = await open(path);
        expect(db.prepare('SELECT * FROM item').all()).toEqual([{ id: 1, name: 'one', value: Uint8Array.of(1) }]);
      });

      test('a closed database says so', async () => {
        const statement = db.prepare('SELECT 1');
        await Promise.all([db.close(), db.close()]);
        await db.close();
        const calls = [
          () => statement.get(),
          () => db.prepare('SELECT 1'),
          () => db.execute('SELECT 1'),
          () => db.transaction(() => undefined),
        ];
        for (const call of calls) expect(failure(call)).toMatchObject({ code: 'storage', message: expect.stringContaining('closed') });
        await expect(db.durable()).rejects.toMatchObject({ code: 'storage' });
        await expect(db.copyTo(join(folder, 'copy'))).rejects.toMatchObject({ code: 'storage' });
        db = await open(path);
      });

      test('the files are for the owner only', async () => {
        insert(1);
        await db.durable();
        for (const suffix of ['', '-wal', '-shm']) {
          if (existsSync(path + suffix)) expect((statSync(path + suffix).mode & 0o777).toString(8)).toBe('600');
        }
      });

      test('a copy is consistent while writes go on, and complete', async () => {
        db.execute('CREATE TABLE twin (id INTEGER PRIMARY KEY, value ANY) STRICT');
        const write = (id: number): void =>
          db.transaction(() => {
            insert(id, null, new Uint8Array(2000).fill(id));
            db.prepare('INSERT INTO twin VALUES (?, ?)').run(id, id);
          });
        for (let id = 0; id < 1000; id++) write(id);
        const copying = db.copyTo(join(folder, 'copy.sqlite'));
        let next = 1000;
        const turn = async (): Promise<boolean> => new Promise((resolve) => setImmediate(resolve, false));
        const copied = copying.then(() => true);
        do write(next++);
        while (next < 3000 && !(await Promise.race([copied, turn()])));
        await copied;
        expect((statSync(join(folder, 'copy.sqlite')).mode & 0o777).toString(8)).toBe('600');
        const copy = await open(join(folder, 'copy.sqlite'));
        try {
          expect(copy.prepare('PRAGMA integrity_check').all()).toEqual([{ integrity_check: 'ok' }]);
          const count = Number(copy.prepare('SELECT count(*) AS count FROM item').get()?.['count']);
          expect(count).toBeGreaterThanOrEqual(1000);
          expect(copy.prepare('SELECT count(*) AS count, max(id) AS last FROM twin').get()).toEqual({ count, last: count - 1 });
        } finally {
          await copy.close();
        }
      });

      test('a copy needs a new file in a folder that is there', async () => {
        await db.copyTo(join(folder, 'copy.sqlite'));
        await expect(db.copyTo(join(folder, 'copy.sqlite'))).rejects.toMatchObject({ code: 'storage', data: { system: 'EEXIST' } });
        await expect(db.copyTo(join(folder, 'no', 'copy.sqlite'))).rejects.toMatchObject({ code: 'storage', data: { system: 'ENOENT' } });
        expect(existsSync(join(folder, 'copy.sqlite'))).toBe(true);
      });

      test('a file that is no database is refused and left alone', async () => {
        const { writeFileSync, readFileSync } = await import('node:fs');
        const other = join(folder, 'other.sqlite');
        const content = 'this is not a database, it is somebody else\u2019s file\n'.repeat(100);
        writeFileSync(other, content);
        await expect(open(other)).rejects.toMatchObject({ code: 'storage' });
        expect(readFileSync(other, 'utf8')).toBe(content);
      });
    });
  });
}
