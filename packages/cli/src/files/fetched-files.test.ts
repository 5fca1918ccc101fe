import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FilesWorld } from '../../test/files-world.js';
import { localChildren, localEntry, localSource } from './local-tree.js';

async function all<T>(elements: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const element of elements) found.push(element);
  return found;
}

describe.skipIf(process.platform === 'win32')('what a fetched file takes the place of (needs POSIX)', () => {
  let world: FilesWorld;
  beforeAll(async () => {
    world = await FilesWorld.start();
    await world.session.files.write('/ada/a', 'new');
    await world.keepSession();
  });
  afterAll(async () => world?.stop());

  test('a pipe and a link are refused, and stay', async () => {
    const [pipe, link, other] = ['pipe', 'link', 'other'].map((name) => join(world.folder, name)) as [string, string, string];
    expect(spawnSync('mkfifo', [pipe]).status).toBe(0);
    writeFileSync(other, 'mine');
    symlinkSync(other, link);
    for (const target of [pipe, link]) {
      const { status, stderr } = await world.run(['get', 'a', target]);
      expect(status).toBe(7);
      expect(stderr).toContain('in the way');
    }
    expect(lstatSync(pipe).isFIFO()).toBe(true);
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
    expect(readFileSync(other, 'utf8')).toBe('mine');
  });

  test('the rights of a private file stay, and a new one gets those of new files', async () => {
    const folder = join(world.folder, 'rights');
    mkdirSync(folder);
    writeFileSync(join(folder, 'private'), 'old');
    chmodSync(join(folder, 'private'), 0o600);
    for (const name of ['private', 'fresh']) expect((await world.run(['get', 'a', join(folder, name)])).status).toBe(0);
    expect(statSync(join(folder, 'private')).mode & 0o777).toBe(0o600);
    writeFileSync(join(folder, 'usual'), '');
    expect(statSync(join(folder, 'fresh')).mode).toBe(statSync(join(folder, 'usual')).mode);
    expect(readFileSync(join(folder, 'private'), 'utf8')).toBe('new');
  });

  test('a file that is changed while it is stored is told', async () => {
    const path = join(world.folder, 'changing');
    writeFileSync(path, Buffer.alloc(200_000));
    const { open } = localSource(path, await localEntry(path));
    const reading = async (): Promise<void> => {
      let isChanged = false;
      for await (const piece of open(0)) {
        expect(piece.length).toBeGreaterThan(0);
        if (!isChanged) appendFileSync(path, 'x');
        isChanged = true;
      }
    };
    await expect(reading()).rejects.toMatchObject({ code: 'conflict.source' });
    // Nor is it taken for what was seen later.
    await expect(reading()).rejects.toMatchObject({ code: 'conflict.source' });
    let bytes = 0;
    for await (const piece of localSource(path, await localEntry(path)).open(150_001)) bytes += piece.length;
    expect(bytes).toBe(50_000);
  });
  test('what takes the place of a file or folder after it was listed is not stored', async () => {
    const folder = join(world.folder, 'swapped');
    const secret = join(world.folder, 'secret');
    mkdirSync(join(folder, 'sub'), { recursive: true });
    mkdirSync(secret);
    writeFileSync(join(secret, 'a'), 'secret');
    for (const name of ['link', 'pipe', 'other', 'longer']) writeFileSync(join(folder, name), 'public');
    const problems: unknown[] = [];
    const problem = (_path: string, error: unknown): void => void problems.push(error);
    const listed = await all(localChildren(folder, problem));
    expect(listed).toHaveLength(5);
    for (const name of ['link', 'pipe', 'other']) rmSync(join(folder, name));
    symlinkSync(join(secret, 'a'), join(folder, 'link'));
    expect(spawnSync('mkfifo', [join(folder, 'pipe')]).status).toBe(0);
    writeFileSync(join(folder, 'fresh'), 'secret');
    renameSync(join(folder, 'fresh'), join(folder, 'other'));
    appendFileSync(join(folder, 'longer'), ' and more');
    for (const entry of listed.filter(({ isDirectory }) => !isDirectory)) {
      const read = all(localSource(entry.path, entry).open(0));
      await expect(read, entry.name).rejects.toMatchObject({ code: 'conflict.source' });
    }
    const sub = listed.find(({ isDirectory }) => isDirectory);
    renameSync(join(folder, 'sub'), join(folder, 'moved'));
    symlinkSync(secret, join(folder, 'sub'));
    expect(problems).toEqual([]);
    expect(await all(localChildren(join(folder, 'sub'), problem, sub?.identity))).toEqual([]);
    expect(problems).toMatchObject([{ code: 'conflict.source' }]);
  });

  test('a link that is named is followed', async () => {
    writeFileSync(join(world.folder, 'led to'), 'linked');
    symlinkSync(join(world.folder, 'led to'), join(world.folder, 'named'));
    expect((await world.run(['put', 'named'])).status).toBe(0);
    expect((await world.run(['cat', 'named'])).stdout).toBe('linked');
  });
});
