import { describe, expect, test } from 'vitest';
import type { EngineConnection, LoadedEngine, SqlEngine } from './engine.js';
import { createEngineLoader, loadEngine } from './load-engine.js';

const real = await loadEngine(undefined);

/** The working engine under another name, with connections that are changed by `breakIt`. */
function engine(name: SqlEngine, breakIt: (connection: EngineConnection) => EngineConnection = (it) => it): LoadedEngine {
  return { name, durability: 'group', open: (path) => breakIt(real.open(path)) };
}

const breakages: readonly (readonly [string, (connection: EngineConnection) => EngineConnection])[] = [
  ['loses changes', (it) => ({ ...forward(it), prepare: (sql) => ({ ...forwardStatement(it, sql), run: () => 1 }) })],
  [
    'cuts integers',
    (it) => ({ ...forward(it), prepare: (sql) => changeValues(it, sql, (value) => (typeof value === 'bigint' ? 0 : value)) }),
  ],
  [
    'cuts bytes',
    (it) => ({ ...forward(it), prepare: (sql) => changeValues(it, sql, (value) => (value instanceof Uint8Array ? null : value)) }),
  ],
  ['ignores ROLLBACK', (it) => ({ ...forward(it), execute: (sql) => it.execute(sql === 'ROLLBACK' ? 'COMMIT' : sql) })],
  [
    'throws',
    () => {
      throw new Error('cannot open\nmore');
    },
  ],
];

function forward(it: EngineConnection): EngineConnection {
  return {
    prepare: (sql) => it.prepare(sql),
    execute: (sql) => it.execute(sql),
    copyTo: async (path) => it.copyTo(path),
    close: () => it.close(),
  };
}

function forwardStatement(it: EngineConnection, sql: string): ReturnType<EngineConnection['prepare']> {
  const statement = it.prepare(sql);
  return {
    run: (values) => statement.run(values),
    get: (values) => statement.get(values),
    all: (values) => statement.all(values),
    finalize: () => statement.finalize(),
  };
}

function changeValues(it: EngineConnection, sql: string, change: (value: unknown) => unknown): ReturnType<EngineConnection['prepare']> {
  const statement = forwardStatement(it, sql);
  return {
    ...statement,
    get: (values) => {
      const row = statement.get(values);
      if (row === undefined || !('value' in row)) return row;
      return { value: change(row['value']) as null };
    },
  };
}

describe('choosing a SQLite binding', () => {
  test('one that cannot be loaded is passed over, and the reason told', async () => {
    const refused: string[] = [];
    const load = createEngineLoader(
      new Map<SqlEngine, () => Promise<LoadedEngine>>([
        ['node:sqlite', async () => Promise.reject(new Error('No such built-in module'))],
        ['@photostructure/sqlite', async () => engine('@photostructure/sqlite')],
      ]),
    );
    expect((await load(undefined, (name, reason) => refused.push(`${name}: ${reason}`))).name).toBe('@photostructure/sqlite');
    expect(refused).toEqual(['node:sqlite: No such built-in module']);
  });

  test.each(breakages)('one that %s is refused by the self-check and the next one taken', async (_, breakIt) => {
    const refused: string[] = [];
    const load = createEngineLoader(
      new Map<SqlEngine, () => Promise<LoadedEngine>>([
        ['node:sqlite', async () => engine('node:sqlite', breakIt)],
        ['@photostructure/sqlite', async () => engine('@photostructure/sqlite', breakIt)],
        ['node-sqlite3-wasm', async () => engine('node-sqlite3-wasm')],
      ]),
    );
    expect((await load(undefined, (name) => refused.push(name))).name).toBe('node-sqlite3-wasm');
    expect(refused).toEqual(['node:sqlite', '@photostructure/sqlite']);
  });

  test('when none works the error says so, in one line', async () => {
    const load = createEngineLoader(new Map([['node:sqlite', async () => Promise.reject(new Error('a\nb'))]]));
    await expect(load(undefined)).rejects.toMatchObject({ code: 'storage', message: expect.stringContaining('node:sqlite: a;') });
    await expect(load('node-sqlite3-wasm')).rejects.toMatchObject({ code: 'storage' });
  });

  test('one that was asked for is not replaced by another', async () => {
    const load = createEngineLoader(new Map([['node-sqlite3-wasm', async () => engine('node-sqlite3-wasm')]]));
    await expect(load('node:sqlite')).rejects.toMatchObject({ code: 'storage' });
  });

  test('loading is silent and done once', async () => {
    const warnings: unknown[] = [];
    const listen = (warning: unknown): void => void warnings.push(warning);
    process.on('warning', listen);
    try {
      expect(await loadEngine(undefined)).toBe(await loadEngine(real.name));
      await new Promise((resolve) => setImmediate(resolve));
    } finally {
      process.off('warning', listen);
    }
    expect(warnings).toEqual([]);
  });
});
