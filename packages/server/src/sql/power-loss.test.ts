import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { spawnTypeScript } from '@pyrgos/testkit/child';
import { seededRandom } from '@pyrgos/testkit/random';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type SqlEngine, sqlEngines } from './engine.js';
import { loadEngine } from './load-engine.js';
import { openDatabase } from './open-database.js';

const script = new URL('../../test/commit-forever.ts', import.meta.url);
const source = fileURLToPath(new URL('../../test/lossy-disk.c', import.meta.url));
const PAGE = 4096;

/** What may be on the disk: for each page either what the process wrote last or what was synced last. */
function mix(current: Buffer, durable: Buffer, coin: () => boolean): Buffer {
  const result = Buffer.from(coin() ? current : durable);
  for (let at = 0; at < result.length; at += PAGE) {
    const from = coin() ? current : durable;
    if (at < from.length) from.copy(result, at, at, Math.min(at + PAGE, result.length));
  }
  return result;
}

describe('a machine that loses its power', () => {
  let scratch: string;
  let library: string | undefined;
  beforeAll(() => {
    scratch = mkdtempSync(join(tmpdir(), 'pyrgos-power-'));
    const output = join(scratch, 'lossy-disk.so');
    const compiled =
      process.platform === 'linux' && spawnSync('cc', ['-shared', '-fPIC', '-O1', '-o', output, source, '-lpthread']).status === 0;
    library = compiled ? output : undefined;
  });
  afterAll(() => {
    rmSync(scratch, { recursive: true, force: true });
  });

  /** Runs the writers on a lossy disk until enough is acknowledged; what they acknowledged, and the folders of both contents. */
  async function commitAndFail(
    engine: SqlEngine,
    enough: number,
    preload: string,
  ): Promise<{ acknowledged: number[]; written: string; durable: string }> {
    const [written, durable] = [join(scratch, `${enough}-written`), join(scratch, `${enough}-durable`)];
    for (const folder of [written, durable]) mkdirSync(folder);
    const child = spawnTypeScript(script, [join(written, 'test.sqlite'), engine], {
      env: { LD_PRELOAD: preload, LOSSY_DISK: written, LOSSY_DISK_DURABLE: durable },
    });
    let [output, errors, lines] = ['', '', 0];
    child.stderr?.on('data', (chunk: Buffer) => (errors += chunk.toString()));
    child.stdout?.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      for (const byte of chunk) if (byte === 10) lines++;
      if (lines >= enough) child.kill('SIGKILL');
    });
    await once(child, 'close');
    if (lines < enough) throw new Error(`the child ended by itself: ${errors}`);
    return { acknowledged: output.split('\n').slice(0, -1).map(Number), written, durable };
  }

  async function expectWhole(path: string, engine: SqlEngine, acknowledged: readonly number[]): Promise<void> {
    const db = await openDatabase({ path, engine });
    try {
      expect(db.prepare('PRAGMA integrity_check').all()).toEqual([{ integrity_check: 'ok' }]);
      const rows = db.prepare('SELECT n FROM pair_a').all();
      const stored = new Set(rows.map((row) => row['n']));
      expect(acknowledged.filter((n) => !stored.has(n))).toEqual([]);
      const unequal = db.prepare('SELECT count(*) AS count FROM pair_a FULL JOIN pair_b USING (n) WHERE length(payload) IS NOT size');
      expect(unequal.get()).toEqual({ count: 0 });
    } finally {
      await db.close();
    }
  }

  for (const [position, engine] of sqlEngines.entries()) {
    test(`${engine}: everything acknowledged is there, whatever else the disk kept`, async ({ skip }) => {
      skip(library === undefined, 'needs Linux and a C compiler (cc)');
      const missing = await loadEngine(engine).then(
        () => false,
        () => true,
      );
      skip(missing, `skipped: ${engine} is not on this Node`);
      for (const enough of [20, 300, 600]) {
        const { acknowledged, written, durable } = await commitAndFail(engine, enough * 3 + position, library ?? '');
        for (let round = 0; round < 6; round++) {
          const folder = join(scratch, 'after');
          mkdirSync(folder);
          const { nextInteger } = seededRandom(round);
          for (const name of ['test.sqlite', 'test.sqlite-wal']) {
            const [now, kept] = [join(written, name), join(durable, name)].map((path) =>
              existsSync(path) ? readFileSync(path) : Buffer.alloc(0),
            ) as [Buffer, Buffer];
            // The first round is the worst disk: it kept nothing that it was not told to.
            writeFileSync(join(folder, name), round === 0 ? kept : mix(now, kept, () => nextInteger(2) === 0));
          }
          await expectWhole(join(folder, 'test.sqlite'), engine, acknowledged);
          rmSync(folder, { recursive: true });
        }
      }
    });
  }
});
