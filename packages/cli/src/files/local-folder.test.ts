import { existsSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { FilesWorld } from '../../test/files-world.js';
import { downloadFile } from './download-file.js';
import { LocalFolder } from './local-folder.js';
import { PartFolder } from './part-files.js';

describe.skipIf(process.platform === 'win32')('folders that are replaced while somebody writes into them (needs links)', () => {
  let folder: string;
  beforeEach(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'pyrgos-folder-')));
    mkdirSync(join(folder, 'elsewhere'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  const refused = { code: 'conflict.exists' };
  /** Puts a link into the place of a folder. */
  const swap = (name: string, target = 'elsewhere'): void => {
    renameSync(join(folder, name), join(folder, 'moved'));
    symlinkSync(join(folder, target), join(folder, name));
  };

  test('a link, another folder, a link to the folder itself, and nothing', async () => {
    const made = await LocalFolder.make(join(folder, 'a'));
    await made.requireSame();
    swap('a');
    await expect(made.requireSame()).rejects.toMatchObject(refused);
    await expect(made.child('b')).rejects.toMatchObject(refused);
    await expect(LocalFolder.make(join(folder, 'a'))).rejects.toMatchObject(refused);
    rmSync(join(folder, 'a'));
    await expect(made.requireSame()).rejects.toMatchObject(refused);
    symlinkSync(join(folder, 'moved'), join(folder, 'a'));
    await expect(made.requireSame()).rejects.toMatchObject(refused);
    rmSync(join(folder, 'a'));
    mkdirSync(join(folder, 'a'));
    await expect(made.requireSame()).rejects.toMatchObject(refused);
    expect(readdirSync(join(folder, 'elsewhere'))).toEqual([]);
  });

  test('a folder further up', async () => {
    const inner = await (await (await LocalFolder.make(join(folder, 'a'))).child('b')).child('c');
    swap('a', 'moved');
    await expect(inner.requireSame()).rejects.toMatchObject(refused);
  });

  test('links that lead to the folder that was named are followed', async () => {
    symlinkSync(join(folder, 'elsewhere'), join(folder, 'named'));
    await (await (await LocalFolder.at(join(folder, 'named'))).child('a')).requireSame();
    expect(existsSync(join(folder, 'elsewhere', 'a'))).toBe(true);
  });

  describe('files', () => {
    let world: FilesWorld;
    beforeAll(async () => {
      world = await FilesWorld.start();
      await world.session.files.write('/ada/a', 'content');
    });
    afterAll(async () => world?.stop());

    test.each(['before it is made', 'before it takes its place'])('nothing is written elsewhere: %s', async (moment) => {
      const { files } = world.session;
      const entry = await files.stat('/ada/a');
      const made = await LocalFolder.make(join(folder, 'out'));
      const parts = await PartFolder.read(made);
      if (moment === 'before it is made') swap('out');
      const onProgress = (bytes: number): void => {
        if (bytes === entry.size) swap('out');
      };
      const fetched = downloadFile(files, entry, join(made.path, 'a'), parts, { signal: AbortSignal.timeout(60_000), onProgress });
      await expect(fetched).rejects.toMatchObject(refused);
      expect(readdirSync(join(folder, 'elsewhere'))).toEqual([]);
    });
  });
});
