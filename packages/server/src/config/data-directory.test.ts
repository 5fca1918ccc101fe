import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { locateDataDirectory, prepareDataDirectory } from './data-directory.js';
import { writePrivateFile } from './private-file.js';

describe('the place of the data directory', () => {
  test('is what was asked for, else a variable, else in the home folder', () => {
    const both = { PYRGOS_PATH: '/ours', PEERGOS_PATH: '/theirs' };
    expect(locateDataDirectory('/asked', both)).toBe('/asked');
    expect(locateDataDirectory(undefined, both)).toBe('/ours');
    expect(locateDataDirectory(undefined, { PEERGOS_PATH: '/theirs' })).toBe('/theirs');
    expect(locateDataDirectory(undefined, { PYRGOS_PATH: '', PEERGOS_PATH: '/theirs' })).toBe('/theirs');
    expect(locateDataDirectory(undefined, {}, '/home/ann')).toBe('/home/ann/.pyrgos');
    expect(locateDataDirectory('here', {})).toBe(resolve('here'));
  });
});

describe('preparing a data directory', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'pyrgos-data-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  const mode = (path: string): string => (statSync(path).mode & 0o777).toString(8);

  test('makes it, with its parents, for the owner only', async () => {
    const path = join(folder, 'a', 'b');
    expect(await prepareDataDirectory(path)).toEqual([]);
    expect(mode(path)).toBe('700');
    expect(await prepareDataDirectory(path)).toEqual([]);
  });

  test('closes one that others can look into, and says so', async () => {
    chmodSync(folder, 0o755);
    expect(await prepareDataDirectory(folder)).toEqual([expect.stringContaining(folder)]);
    expect(mode(folder)).toBe('700');
  });

  test('a folder that holds other things is refused, and stays as it is', async () => {
    chmodSync(folder, 0o755);
    mkdirSync(join(folder, '.ssh'));
    writeFileSync(join(folder, 'config'), '');
    await expect(prepareDataDirectory(folder)).rejects.toMatchObject({ code: 'storage', message: expect.stringContaining('.ssh') });
    expect(mode(folder)).toBe('755');
    // The folder is that of a server, whatever else somebody has put there.
    writeFileSync(join(folder, 'pyrgos.sqlite'), '');
    expect(await prepareDataDirectory(folder)).toHaveLength(1);
    expect(mode(folder)).toBe('700');
  });

  test('a fresh disk, and what a first start and its operator leave, are no other things', async () => {
    for (const name of ['lost+found', 'logs', 'lock']) mkdirSync(join(folder, name));
    for (const name of ['config', 'blacklist.txt', 'waiting-list.txt', 'config.0123456789ab.tmp', '.probe'])
      writeFileSync(join(folder, name), '');
    await prepareDataDirectory(folder);
    expect(mode(folder)).toBe('700');
  });

  test('refuses a file, a path through a file, and the directory of the reference server', async () => {
    writeFileSync(join(folder, 'file'), '');
    for (const path of [join(folder, 'file'), join(folder, 'file', 'x')]) {
      await expect(prepareDataDirectory(path)).rejects.toMatchObject({ code: 'storage', message: expect.stringContaining('--data') });
    }
    mkdirSync(join(folder, 'java'));
    writeFileSync(join(folder, 'java', 'mutable.sql'), '');
    await expect(prepareDataDirectory(join(folder, 'java'))).rejects.toThrow('belongs to another Peergos server');
  });

  test('private files are written whole or not at all', async () => {
    const path = join(folder, 'config');
    await writePrivateFile(path, 'one');
    await writePrivateFile(path, 'two');
    expect(mode(path)).toBe('600');
    await expect(writePrivateFile(join(folder, 'none', 'config'), 'x')).rejects.toThrow();
    await expect(writePrivateFile(folder, 'x')).rejects.toThrow();
    expect(existsSync(`${folder}.tmp`)).toBe(false);
  });

  test('a place where no folder can be made is refused, and not tried for ever', async ({ skip }) => {
    skip(process.platform !== 'linux', 'needs /proc');
    await expect(prepareDataDirectory('/proc/pyrgos/data')).rejects.toMatchObject({ code: 'storage' });
  });
});
