import { readdir, rm } from 'node:fs/promises';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseCid } from '@pyrgos/core/codec';
import { spawnTypeScript } from '@pyrgos/testkit/child';
import { expect, test } from 'vitest';
import { openFixture } from '../../test/block-fixture.js';

const script = new URL('../../test/put-forever.ts', import.meta.url);

/** Runs the script until it has acknowledged `count` trees, and kills it. The trees by client, in order. */
async function runAndKill(folder: string, life: number, count: number): Promise<Map<string, string[]>> {
  const child = spawnTypeScript(script, [folder, String(life)]);
  const trees = new Map<string, string[]>();
  let errors = '';
  child.stderr?.on('data', (data: Buffer) => {
    errors += data.toString();
  });
  let left = count;
  for await (const line of createInterface({ input: child.stdout! })) {
    const [client = '', root = ''] = line.split(' ');
    expect(client, line).toMatch(/^\d$/);
    trees.set(client, [...(trees.get(client) ?? []), root]);
    if (--left === 0) child.kill('SIGKILL');
  }
  expect(left, errors).toBeLessThanOrEqual(0);
  return trees;
}

test('kill -9 under load: every linked tree that was acknowledged is there and whole', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'pyrgos-crash-'));
  try {
    for (const [life, count] of [1, 40, 333].entries()) {
      const trees = await runAndKill(folder, life, count);
      const fixture = await openFixture(folder);
      for (const roots of trees.values()) {
        // Older ones may be garbage already.
        for (const text of roots.slice(-50)) {
          const root = parseCid(text);
          expect((await fixture.local.get('alice', root))?.length).toBeGreaterThan(0);
          const metadata = await fixture.local.metadata('alice', root);
          for (const leaf of metadata?.links ?? []) expect(await fixture.local.get('alice', leaf), text).toBeDefined();
        }
      }
      // What has a name is whole.
      for await (const cid of fixture.files.list('alice')) await fixture.files.get('alice', cid);
      expect(await readdir(join(folder, 'blocks', '.tmp'))).toEqual([]);
      await fixture.close();
    }
  } finally {
    await rm(folder, { recursive: true });
  }
});
