import { spawnSync } from 'node:child_process';
import { appendFileSync, chmodSync, lstatSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FilesWorld } from '../../test/files-world.js';
import { localSource } from './local-tree.js';

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
    const { open } = localSource(path, 200_000);
    const reading = async (): Promise<void> => {
      let isChanged = false;
      for await (const piece of open(0)) {
        expect(piece.length).toBeGreaterThan(0);
        if (!isChanged) appendFileSync(path, 'x');
        isChanged = true;
      }
    };
    await expect(reading()).rejects.toMatchObject({ code: 'conflict.source' });
    await reading().catch(() => undefined);
    let bytes = 0;
    for await (const piece of open(150_000)) bytes += piece.length;
    expect(bytes).toBe(50_000);
  });
});
