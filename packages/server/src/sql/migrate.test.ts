import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { migrate, SCHEMA_VERSION } from './migrate.js';
import { openDatabase } from './open-database.js';
import type { SqlDatabase } from './sql-database.js';

describe('migrate', () => {
  let folder: string;
  let db: SqlDatabase;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'pyrgos-migrate-'));
    db = await openDatabase({ path: join(folder, 'test.sqlite') });
  });
  afterEach(async () => {
    await db.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const tables = (): unknown[] =>
    db
      .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
      .all()
      .map((row) => row['name']);
  const schemas = [['CREATE TABLE a (x INTEGER) STRICT', 'CREATE INDEX a_x ON a (x)'], ['CREATE TABLE b (x INTEGER) STRICT']];

  test('creates everything once and keeps what is there', () => {
    migrate(db, schemas);
    expect(tables()).toEqual(['a', 'b']);
    db.prepare('INSERT INTO a VALUES (1)').run();
    migrate(db, schemas);
    expect(db.prepare('SELECT count(*) AS count FROM a').get()).toEqual({ count: 1 });
    expect(db.prepare('PRAGMA user_version').get()).toEqual({ user_version: SCHEMA_VERSION });
  });

  test('creates all or nothing', () => {
    expect(() => migrate(db, [...schemas, ['CREATE TABLE a (y INTEGER) STRICT']])).toThrow();
    expect(tables()).toEqual([]);
    migrate(db, schemas);
    expect(tables()).toEqual(['a', 'b']);
  });

  test.each([
    ['a database with tables of another program', 'CREATE TABLE theirs (x)', 'another program'],
    ['a database marked by another program', 'PRAGMA application_id = 7', 'another program'],
    ['a versioned database of another program', 'PRAGMA user_version = 1', 'another program'],
  ])('%s is refused and not changed', (_, statement, text) => {
    db.execute(statement);
    const before = tables();
    expect(() => migrate(db, schemas)).toThrow(text);
    expect(tables()).toEqual(before);
  });

  test.each([
    ['with another column', [['CREATE TABLE a (x INTEGER, y INTEGER) STRICT', 'CREATE INDEX a_x ON a (x)'], schemas[1] ?? []]],
    ['with a table more', [...schemas, ['CREATE TABLE c (x INTEGER) STRICT']]],
    ['with a table less', schemas.slice(0, 1)],
    ['with a trigger more', [...schemas, ['CREATE TRIGGER t AFTER INSERT ON a BEGIN DELETE FROM b; END']]],
  ])('a database of a version that was never released, %s, is refused', (_, older) => {
    migrate(db, older);
    const before = tables();
    expect(() => migrate(db, schemas)).toThrow('never released');
    expect(tables()).toEqual(before);
    migrate(db, older);
  });

  test('what SQLite adds by itself is fine', () => {
    migrate(db, schemas);
    db.prepare('INSERT INTO a VALUES (1)').run();
    db.execute('ANALYZE');
    migrate(db, schemas);
  });

  test('a database of a newer version is refused', () => {
    migrate(db, schemas);
    db.execute(`PRAGMA user_version = ${SCHEMA_VERSION + 1}`);
    expect(() => migrate(db, schemas)).toThrow('newer Pyrgos');
  });
});
