import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PyrgosError } from '@pyrgos/core/errors';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ServerWorld } from '../test/server-world.js';
import { PyrgosServer } from './pyrgos-server.js';
import type { UserSession } from './user-session.js';

let world: ServerWorld;
let ada: UserSession;
const user = { username: 'ada', password: 'violet anchor sleeps beneath copper' };
beforeAll(async () => {
  world = await ServerWorld.start();
  ada = await new PyrgosServer(world.network(), { crypto: world.quick }).signUp({ ...user });
});
afterAll(async () => world.close());

/** The files in which the server keeps blocks, with their sizes. */
async function blockFiles(): Promise<Map<string, number>> {
  const files = new Map<string, number>();
  const root = join(world.dataDirectory, 'blocks');
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    files.set(path, (await stat(path)).size);
  }
  return files;
}

/** Damages a file of the server while `work` runs; the server remembers nothing of it. */
async function withDamage<T>(path: string, work: () => Promise<T>): Promise<T> {
  const before = await readFile(path);
  const damaged = Buffer.from(before);
  const last = damaged.length - 1;
  damaged[last] = (damaged[last] ?? 0) ^ 1;
  // A server that starts puts back what its journal has.
  await world.restart();
  await writeFile(path, damaged);
  try {
    return await work();
  } finally {
    await writeFile(path, before);
  }
}

/** What somebody sees who has nothing in any cache: files by name, with their sizes or the code of what is wrong with them. */
async function seen(): Promise<Map<string, number | string>> {
  const { files } = await new PyrgosServer(world.network(), { crypto: world.quick }).logIn(user);
  const result = new Map<string, number | string>();
  for await (const entry of files.list('/ada/box')) {
    if (entry.isDamaged) {
      result.set(entry.name ?? '', entry.error.code);
      continue;
    }
    try {
      result.set(entry.name, (await files.read(entry.path)).length);
    } catch (error) {
      result.set(entry.name, error instanceof PyrgosError ? error.code : 'no error of ours');
    }
  }
  return result;
}

describe('a block that has gone bad on the disk of the server', () => {
  test('is damaged data, and what is beside it stays readable', async () => {
    const before = await blockFiles();
    await ada.files.makeDirectory('/ada/box');
    for (const name of ['a', 'b', 'c']) await ada.files.write(`/ada/box/${name}`, new Uint8Array(6000).fill(name.charCodeAt(0)));
    const whole: readonly (readonly [string, number])[] = [
      ['a', 6000],
      ['b', 6000],
      ['c', 6000],
    ];
    expect(await seen()).toEqual(new Map(whole));

    // The content of a file is a block of its own, encrypted and padded to 8 KiB.
    const contents = [...(await blockFiles())].filter(([path, size]) => !before.has(path) && size > 6000 && size < 9000);
    expect(contents.length).toBeGreaterThanOrEqual(3);
    const codes = new Set<string | number>();
    for (const [path] of contents.slice(0, 3)) {
      const found = [...(await withDamage(path, seen))];
      const bad = found.filter(([, size]) => size !== 6000);
      expect(found).toHaveLength(3);
      expect(bad.length).toBeLessThanOrEqual(1);
      for (const [, code] of bad) codes.add(code);
    }
    expect([...codes]).toEqual(['format.block']);
    // The nodes of files are blocks of equal size, too.
    const nodes = [...(await blockFiles())].filter(([path, size]) => !before.has(path) && size > 800 && size < 1000);
    const hit = new Set<string>();
    for (const [path] of nodes) {
      const found = await withDamage(path, seen);
      expect(found.size).toBe(3);
      for (const [name, code] of found) if (code !== 6000) hit.add(`${name} ${code}`);
    }
    expect([...hit].sort()).toEqual(['a format.block', 'b format.block', 'c format.block']);
    await world.restart();
    expect(await seen()).toEqual(new Map(whole));
  });

  test('is found by verify, with the path', async () => {
    const findings = new Set<string>();
    for (const [path, size] of await blockFiles()) {
      if (size < 6000 || size > 9000) continue;
      await withDamage(path, async () => {
        const { files } = await new PyrgosServer(world.network(), { crypto: world.quick }).logIn(user);
        for await (const { path: place, error } of files.verify('/ada/box', { content: true })) findings.add(`${place} ${error.code}`);
      });
    }
    expect([...findings].sort()).toEqual(['/ada/box/a format.block', '/ada/box/b format.block', '/ada/box/c format.block']);
  });
});
