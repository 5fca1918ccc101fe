import { beforeEach, expect, test } from 'vitest';
import { FileWorld } from '../../test/file-world.js';
import type { FileSystem } from './file-system.js';
import type { TreeEntry } from './file-system-options.js';

// A tree of many small directories costs few requests, one after the other least of all: on the way to a distant server each takes its time.

let world: FileWorld;

beforeEach(async () => {
  world = await FileWorld.create();
});

const tree = (directories: number, files: number, version = 0): TreeEntry[] =>
  Array.from({ length: directories }, (_, d) =>
    Array.from({ length: files }, (__, f) => ({ path: ['t', `d${d}`, 'in', `f${f}`], source: `${d} ${f} ${version}` })),
  ).flat();

async function write(files: FileSystem, entries: readonly TreeEntry[], replace = false): Promise<ReadonlySet<string>> {
  const outcomes = new Set<string>();
  for await (const { outcome } of files.writeTree('/ada', entries, replace ? { onExisting: () => 'replace' } : {})) outcomes.add(outcome);
  return outcomes;
}

/** Requests since the last call, and how many of them are commits. */
function cost(): { readonly requests: number; readonly commits: number } {
  const requests = world.requests();
  return { requests: requests.length, commits: requests.filter((name) => name.startsWith('setPointer')).length };
}

/** What comes of writing 40 directories with 3 files each, writing them again, and writing other contents. */
async function costs(): Promise<Record<'created' | 'unchanged' | 'replaced', ReturnType<typeof cost>>> {
  cost();
  expect(await write(world.device(), tree(40, 3))).toEqual(new Set(['created']));
  const created = cost();
  expect(await write(world.device(), tree(40, 3))).toEqual(new Set(['unchanged']));
  const unchanged = cost();
  expect(await write(world.device(), tree(40, 3, 1), true)).toEqual(new Set(['replaced']));
  const replaced = cost();
  const found: string[] = [];
  for await (const { path, error } of world.device().verify('/ada', { content: true })) found.push(`${path} ${error.message}`);
  expect(found).toEqual([]);
  expect(new TextDecoder().decode(await world.device().read('/ada/t/d39/in/f2'))).toBe('39 2 1');
  return { created, unchanged, replaced };
}

test('40 directories with 3 files each, in a small account', async () => {
  const { created, unchanged, replaced } = await costs();
  expect([created.commits, unchanged.commits, replaced.commits]).toEqual([1, 0, 1]);
  expect(created.requests).toBeLessThanOrEqual(10);
  // 16 to 23 by which lookups meet in one request, which a busy machine changes; one directory after the other would be 80 and more.
  expect(unchanged.requests).toBeLessThanOrEqual(30);
  expect(replaced.requests).toBeLessThanOrEqual(35);
  // One more file in each.
  expect(await write(world.device(), tree(40, 4, 1))).toEqual(new Set(['unchanged', 'created']));
});

test('40 directories with 3 files each, in an account with many files', async () => {
  await write(
    world.device(),
    Array.from({ length: 1500 }, (_, i) => ({ path: ['many', `${i}`], source: `${i}` })),
  );
  const { created, unchanged, replaced } = await costs();
  expect([created.commits, unchanged.commits, replaced.commits]).toEqual([1, 0, 1]);
  for (const { requests } of [created, unchanged, replaced]) expect(requests).toBeLessThanOrEqual(45);
});

test('many directories are made in parts, each of which is whole', async () => {
  const directories = Array.from({ length: 2500 }, (_, i) => ({ path: ['t', `d${i}`], isDirectory: true }) as const);
  cost();
  expect(await write(world.device(), directories)).toEqual(new Set());
  expect(cost().commits).toBe(2);
  let count = 0;
  for await (const _ of world.device().names('/ada/t')) count++;
  expect(count).toBe(2500);
});
