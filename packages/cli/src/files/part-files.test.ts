import { type spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { bin, FilesWorld } from '../../test/files-world.js';
import { LocalFolder } from './local-folder.js';
import { isPartName, PartFolder } from './part-files.js';

const entry = { path: '/ada/a', version: 'first', size: 10 };

describe('parts in a folder', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'pyrgos-parts-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  const open = async (changed: Partial<typeof entry> = {}) =>
    (await PartFolder.read(await LocalFolder.at(folder))).open({ ...entry, ...changed });
  /** As if the process that has written a part were another one. */
  const handTo = (part: string, change: (words: string[]) => string[]): void => {
    const words = part.slice(folder.length + 1, -'.part'.length).split('-');
    renameSync(part, join(folder, `${change(words).join('-')}.part`));
  };
  const dead = ([pyrgos = '', file = '', version = '', , started = '', ...rest]: string[]): string[] => [
    pyrgos,
    file,
    version,
    '4194305',
    started,
    ...rest,
  ];

  test('what was cut off goes on, in this process and after it', async () => {
    const first = await open();
    await first.handle.write('12345');
    await first.close(true);
    const second = await open();
    expect(second.length).toBe(5);
    await second.close(true);
    handTo(second.path, dead);
    const third = await open();
    expect([third.length, readdirSync(folder).length]).toEqual([5, 1]);
    await third.close(false);
    expect(readdirSync(folder)).toEqual([]);
  });

  test('of another version nothing is left, nor of what is longer than the file', async () => {
    for (const changed of [{ version: 'second' }, { size: 3 }]) {
      const first = await open();
      await first.handle.write('12345');
      await first.close(true);
      const second = await open(changed);
      expect([second.length, readdirSync(folder).length]).toEqual([0, 1]);
      await second.close(false);
    }
  });

  test('another file has parts of its own, and what is there by now is forgotten', async () => {
    await (await open()).close(true);
    await (await open({ path: '/ada/b' })).close(true);
    expect(readdirSync(folder)).toHaveLength(2);
    await (await PartFolder.read(await LocalFolder.at(folder))).forget(entry);
    expect(readdirSync(folder)).toHaveLength(1);
  });

  test('what somebody writes is left alone: on another machine as long as it changes', async () => {
    const first = await open();
    await first.handle.write('12345');
    await first.close(true);
    handTo(first.path, (words) => [...words.slice(0, 5), ...Array.from({ length: 3 }, () => 'ffffffff')]);
    const second = await open();
    expect([second.length, readdirSync(folder).length]).toEqual([0, 2]);
    await second.close(false);
    const [name = ''] = readdirSync(folder);
    utimesSync(join(folder, name), new Date(0), new Date(0));
    const third = await open();
    expect([third.length, readdirSync(folder).length]).toEqual([5, 1]);
    await third.close(false);
  });

  test('what only looks alike is no part', () => {
    for (const name of ['.pyrgos-a.part', 'x.part', `.pyrgos-${'a'.repeat(32)}.part2`]) expect(isPartName(name)).toBe(false);
    expect(isPartName(`.pyrgos-${'a'.repeat(32)}.part`)).toBe(true);
  });
});

describe('unfinished downloads', () => {
  let world: FilesWorld;
  const content = randomBytes(40_000_000);
  beforeAll(async () => {
    world = await FilesWorld.start();
    await world.session.files.write('/ada/large.bin', content);
    await world.keepSession();
  });
  afterAll(async () => world?.stop());

  /** Begins to fetch the large file, and stops the process by a signal when some of it is there. */
  const begin = async (
    folder: string,
    signal: 'SIGKILL' | 'SIGSTOP',
  ): Promise<{ child: ReturnType<typeof spawn>; ended: Promise<unknown> }> => {
    let child: ReturnType<typeof spawn> | undefined;
    const ended = world.run(['get', 'large.bin', folder], { watch: (started) => (child = started) });
    for (;;) {
      const part = readdirSync(folder).find((name) => isPartName(name));
      if (part !== undefined && statSync(join(folder, part)).size > 9_000_000) break;
      if (readdirSync(folder).includes('large.bin')) throw new Error('the download was too fast to be stopped');
      await new Promise((done) => setTimeout(done, 1));
    }
    child?.kill(signal);
    if (child === undefined) throw new Error('nothing was started');
    return { child, ended };
  };

  test('two at the same time, of one file to one place: both succeed, and nothing is left', async () => {
    const folder = join(world.folder, 'twice');
    mkdirSync(folder);
    const first = await begin(folder, 'SIGSTOP');
    expect(await world.run(['get', 'large.bin', folder])).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(readFileSync(join(folder, 'large.bin')).equals(content)).toBe(true);
    first.child.kill('SIGCONT');
    expect(await first.ended).toMatchObject({ status: 0, stderr: '' });
    expect(readFileSync(join(folder, 'large.bin')).equals(content)).toBe(true);
    expect(readdirSync(folder)).toEqual(['large.bin']);
  });

  test('are not stored by put -r, and go when the file has changed', async () => {
    const folder = join(world.folder, 'cut');
    mkdirSync(folder);
    writeFileSync(join(folder, 'mine'), 'mine');
    await (
      await begin(folder, 'SIGKILL')
    ).ended;
    expect(await world.json(['put', '-r', 'cut'])).toContainEqual(expect.objectContaining({ event: 'summary', stored: 1, leftOut: 1 }));
    expect((await world.run(['ls', '-a', 'cut'])).stdout).toBe('mine\n');
    expect(await world.run(['put', '-r', 'cut'])).toEqual({
      status: 0,
      stdout: '',
      stderr: 'pyrgos: 1 item left out: parts of unfinished downloads (.pyrgos-….part)\n',
    });
    await world.session.files.write('/ada/large.bin', 'another');
    expect((await world.run(['get', 'large.bin', 'cut'])).status).toBe(0);
    expect(readFileSync(join(folder, 'large.bin'), 'utf8')).toBe('another');
    expect(readdirSync(folder).sort()).toEqual(['large.bin', 'mine']);
  });

  test('a full disk is told with its place and what to do', async ({ skip }) => {
    const mounted = (command: string): string => `mount -t tmpfs -o size=4m none "$1" && shift && ${command}`;
    const place = join(world.folder, 'full disk');
    mkdirSync(place);
    const unshare = (command: string, args: readonly string[] = []) =>
      spawnSync('unshare', ['-rm', 'sh', '-c', mounted(command), 'sh', place, ...args], { encoding: 'utf8', env: world.environment });
    skip(unshare('true').status !== 0, 'needs unshare, and a system that allows it');
    await world.session.files.write('/ada/too-large', content.subarray(0, 8_000_000));
    const { status, stderr } = unshare('"$@"', [process.execPath, bin, 'get', 'too-large', place]);
    expect([status, stderr]).toEqual([
      6,
      `pyrgos: the disk that holds the folder ${place} is full: make room there and run the same command again\n`,
    ]);
  });
});
