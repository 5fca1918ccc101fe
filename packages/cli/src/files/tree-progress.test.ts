import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { noTerminal, PseudoTerminal } from '../../test/pseudo-terminal.js';
import { FilesWorld } from '../../test/files-world.js';
import { aboutFile, TransferMeter, treeSize } from './tree-progress.js';

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
  let now = 0;
  const meterAt = (...samples: readonly (readonly [at: number, bytes: number])[]): TransferMeter => {
    const meter = new TransferMeter(() => now);
    for (const [at, bytes] of samples) {
      now = at;
      meter.add(bytes);
    }
    return meter;
  };
  const mega = 1e6;
  expect(meterAt().text(0, undefined)).toBe('0 B');
  expect(meterAt([0, 0], [10, mega]).text(mega, 30 * mega)).toBe('1 MB of 30 MB');
  expect(meterAt([0, 0], [2000, 8 * mega]).text(10 * mega, 30 * mega)).toBe('10 MB of 30 MB, 4 MB/s, 5 s left');
  expect(meterAt([0, 0], [2000, mega]).text(mega, undefined)).toBe('1 MB, 500 kB/s');
  expect(meterAt([0, 0], [1000, mega]).text(mega, 241 * mega)).toContain(', 4 min left');
  expect(meterAt([0, 0], [1000, mega]).text(mega, 5401 * mega)).toContain(', 1 h 30 min left');
  expect(meterAt([0, 0], [2000, mega]).text(mega, mega)).toBe('1 MB of 1 MB');
});

test('the speed is that of the last seconds, and falls when nothing comes any more', () => {
  let now = 0;
  const meter = new TransferMeter(() => now);
  for (; now <= 60_000; now += 1000) meter.add(now * 1000);
  now = 60_000;
  expect(meter.text(60e6, 100e6)).toBe('60 MB of 100 MB, 1 MB/s, 40 s left');
  now = 64_000;
  expect(meter.text(60e6, 100e6)).toBe('60 MB of 100 MB, 500 kB/s, 80 s left'.replace('80 s', '2 min'));
  now = 68_000;
  expect(meter.text(60e6, 100e6)).toBe('60 MB of 100 MB, waiting for the server (8 s)');
  // The same number again is no progress.
  meter.add(60e6);
  now = 180_000;
  expect(meter.text(60e6, 100e6)).toBe('60 MB of 100 MB, waiting for the server (2 min)');
  meter.add(61e6);
  now = 181_000;
  meter.add(63e6);
  expect(meter.text(63e6, 100e6)).toMatch(/^63 MB of 100 MB, [\d.]+ (kB|MB)\/s, .* left$/);
});

test.skipIf(noTerminal !== undefined)('put -r and get -r on a terminal say how much there is, and their bars fill', async () => {
  const world = await FilesWorld.start();
  try {
    mkdirSync(join(world.folder, 'tree'));
    for (const name of ['a', 'b', 'c']) writeFileSync(join(world.folder, 'tree', name), new Uint8Array(12_000_000).fill(7));
    const terminal = PseudoTerminal.start(['put', '-r', 'tree'], world.environment, world.folder);
    await terminal.sees('/3) ');
    await terminal.sees(' of 36 MB');
    await terminal.sees('[==');
    await terminal.sees('3 stored, 0 there already');
    const back = PseudoTerminal.start(['get', '-r', 'tree', 'back'], world.environment, world.folder);
    await back.sees('/3) ');
    await back.sees(' of 36 MB');
    await back.sees('[==');
    await back.sees('3 fetched, 0 there already');
  } finally {
    await world.stop();
  }
});

test('of one file the name is told, as much of it as there is room for', () => {
  expect(aboutFile('/ada/large.bin', '16 MB of 30 MB')).toBe('/ada/large.bin 16 MB of 30 MB');
  const long = aboutFile(`/ada/${'x'.repeat(60)}.bin`, '16 MB of 30 MB');
  expect(long).toMatch(/^…x+\.bin 16 MB of 30 MB$/u);
  expect(long).toHaveLength(46);
  expect(aboutFile(`/ada/${'x'.repeat(60)}.bin`, '16 MB of 30 MB, 4 MB/s, 3 min left, or so')).toBe(
    '16 MB of 30 MB, 4 MB/s, 3 min left, or so',
  );
});
