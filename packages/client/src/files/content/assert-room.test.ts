import { PyrgosError } from '@pyrgos/core/errors';
import { expect, test } from 'vitest';
import { outcome } from '../../../test/commit-world.js';
import { FileWorld } from '../../../test/file-world.js';
import { FileSystem } from '../file-system.js';

const ORIGINAL = 6_000_000;

async function fullAccount(): Promise<FileSystem> {
  const world = await FileWorld.create();
  const { server, clock } = world.base;
  let quota = 1e12;
  const space = { usage: async () => 20_500_000, quota: async () => quota };
  const home = world.home.capability;
  const files = new FileSystem({ sessions: world.newSessions(), username: 'ada', home, blocks: server.blocks, clock, space });
  await files.write('/ada/f', new Uint8Array(ORIGINAL));
  quota = 20_600_000;
  return files;
}

async function* stream(count: number): AsyncGenerator<Uint8Array> {
  for (let i = 0; i < count; i++) yield new Uint8Array(1_000_000).fill(i);
}

test('a nearly full account can make files shorter, and writes only what fits beside what is there', async () => {
  const files = await fullAccount();
  expect(await outcome(files.truncate('/ada/f', ORIGINAL - 10))).toBe('resolved');
  expect(await outcome(files.append('/ada/f', new Uint8Array(10)))).toBe('resolved');
  expect(await outcome(files.write('/ada/f', new Uint8Array(2_000_000).fill(1)))).toBe('quota');
  expect(await outcome(files.write('/ada/f', stream(2)))).toBe('quota');
  expect((await files.stat('/ada/f')).size).toBe(ORIGINAL);
  expect(await outcome(files.write('/ada/f', new Uint8Array(500_000).fill(1)))).toBe('resolved');
  expect(await outcome(files.truncate('/ada/f', 0))).toBe('resolved');
});

test('what cannot fit is refused before it is sent', async () => {
  const files = await fullAccount();
  const grown: unknown = await files.append('/ada/f', new Uint8Array(2_000_000)).catch((error: unknown) => error);
  expect(grown).toBeInstanceOf(PyrgosError);
  expect(grown).toMatchObject({ code: 'quota', data: { size: ORIGINAL - 5_242_880 + 2_000_000 } });
  expect(await outcome(files.append('/ada/f', stream(7)))).toBe('quota');
  expect(await outcome(files.write('/ada/f', stream(8)))).toBe('quota');
  expect(await outcome(files.write('/ada/g', stream(8)))).toBe('quota');
  expect((await files.stat('/ada/f')).size).toBe(ORIGINAL);
});
