import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawnTypeScript } from '@pyrgos/testkit/child';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type SqlEngine, sqlEngines } from './engine.js';
import { loadEngine } from './load-engine.js';
import { openDatabase } from './open-database.js';

const script = new URL('../../test/commit-forever.ts', import.meta.url);

/** Lets a process commit until it has acknowledged `enough` pairs, kills it, and returns all that it acknowledged. */
async function commitAndKill(path: string, engine: SqlEngine, enough: number): Promise<number[]> {
  const child = spawnTypeScript(script, [path, engine]);
  let [output, errors] = ['', ''];
  let lines = 0;
  child.stderr?.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  child.stdout?.on('data', (chunk: Buffer) => {
    output += chunk.toString();
    for (const byte of chunk) if (byte === 10) lines++;
    if (lines >= enough) child.kill('SIGKILL');
  });
  const [, signal] = (await once(child, 'close')) as [number | null, string | null];
  if (signal !== 'SIGKILL') throw new Error(`the child ended by itself: ${errors}`);
  return output.split('\n').slice(0, -1).map(Number);
}

describe('a process that is killed between commits', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'pyrgos-crash-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  for (const engine of sqlEngines) {
    test(`${engine}: everything acknowledged is there, and no transaction is half done`, async ({ skip }) => {
      const missing = await loadEngine(engine).then(
        () => false,
        () => true,
      );
      skip(missing, `skipped: ${engine} is not on this Node`);
      const path = join(folder, 'test.sqlite');
      const acknowledged: number[] = [];
      for (const enough of [1, 30, 7, 150, 60]) {
        acknowledged.push(...(await commitAndKill(path, engine, enough)));
        const db = await openDatabase({ path, engine });
        try {
          expect(db.prepare('PRAGMA integrity_check').all()).toEqual([{ integrity_check: 'ok' }]);
          const stored = new Set(
            db
              .prepare('SELECT n FROM pair_a')
              .all()
              .map((row) => row['n']),
          );
          expect(acknowledged.filter((n) => !stored.has(n))).toEqual([]);
          const unequal = db.prepare('SELECT count(*) AS count FROM pair_a FULL JOIN pair_b USING (n) WHERE length(payload) IS NOT size');
          expect(unequal.get()).toEqual({ count: 0 });
        } finally {
          await db.close();
        }
      }
      expect(acknowledged.length).toBeGreaterThanOrEqual(248);
    });
  }
});
