import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { noTerminal, PseudoTerminal } from '../../test/pseudo-terminal.js';
import { FilesWorld } from '../../test/files-world.js';
import { transferText, treeSize } from './tree-progress.js';

test('a folder is counted as it is stored', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'pyrgos-tree-'));
  try {
    mkdirSync(join(folder, 'a', 'b'), { recursive: true });
    writeFileSync(join(folder, 'one'), 'x'.repeat(10));
    writeFileSync(join(folder, 'a', 'b', 'two'), 'x'.repeat(5));
    symlinkSync('one', join(folder, 'link'));
    expect(await treeSize(folder, new AbortController().signal)).toEqual({ files: 2, bytes: 15 });
    expect(await treeSize(folder, AbortSignal.abort())).toEqual({ files: 0, bytes: 0 });
    expect(await treeSize(join(folder, 'nothing'), new AbortController().signal)).toEqual({ files: 0, bytes: 0 });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('how much, how fast, how long', () => {
  const mebi = 2 ** 20;
  expect(transferText(0, undefined, 0, 0)).toBe('0 B');
  expect(transferText(mebi, 30 * mebi, mebi, 10)).toBe('1.0 MiB of 30 MiB');
  expect(transferText(10 * mebi, 30 * mebi, 8 * mebi, 2000)).toBe('10 MiB of 30 MiB, 4.0 MiB/s, 5 s left');
  expect(transferText(mebi, undefined, mebi, 2000)).toBe('1.0 MiB, 512 KiB/s');
  expect(transferText(mebi, 241 * mebi, mebi, 1000)).toContain(', 4 min left');
  expect(transferText(mebi, 5401 * mebi, mebi, 1000)).toContain(', 1 h 30 min left');
});

test.skipIf(noTerminal !== undefined)('put -r on a terminal says how much there is, and its bar fills', async () => {
  const world = await FilesWorld.start();
  try {
    mkdirSync(join(world.folder, 'tree'));
    for (const name of ['a', 'b', 'c']) writeFileSync(join(world.folder, 'tree', name), new Uint8Array(12_000_000).fill(7));
    const terminal = PseudoTerminal.start(['put', '-r', 'tree'], world.environment, world.folder);
    await terminal.sees('/3) ');
    await terminal.sees(' of 34 MiB');
    await terminal.sees('[==');
    await terminal.sees('3 stored, 0 there already');
  } finally {
    await world.stop();
  }
});
