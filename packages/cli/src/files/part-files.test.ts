import { type spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { bin, FilesWorld } from '../../test/files-world.js';
import { LocalFolder } from './local-folder.js';
import { PART_STEP, PartDigests } from './part-digests.js';
import { isPartName, type OpenPart, PartFolder } from './part-files.js';

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

  test('only what is as it came goes on, step by step', async () => {
    const signal = new AbortController().signal;
    const large = { size: 4 * PART_STEP };
    const write = async (part: OpenPart, steps: number): Promise<void> => {
      for (let step = 0; step < steps; step++) {
        const bytes = Buffer.alloc(PART_STEP, step + 1);
        await part.handle.write(bytes, 0, bytes.length, step * PART_STEP);
        part.digests.add(bytes);
        await part.digests.finishStep(step);
      }
    };
    const first = await open(large);
    expect(await first.digests.verified(first.handle, 0, signal)).toBe(0);
    await write(first, 3);
    await first.handle.write(Buffer.from('more'), 0, 4, 3 * PART_STEP);
    await first.close(true);
    handTo(first.path, dead);
    // The process has died, and so have its digests.
    handTo(first.path.replace(/\.part$/, '-d.part'), (words) => dead(words));
    const second = await open(large);
    expect([second.length, await second.digests.verified(second.handle, second.length, signal)]).toEqual([
      3 * PART_STEP + 4,
      3 * PART_STEP,
    ]);
    await second.handle.write(Buffer.from('x'), 0, 1, 2 * PART_STEP - 1);
    await second.close(true);
    const third = await open(large);
    expect(await third.digests.verified(third.handle, third.length, signal)).toBe(PART_STEP);
    await third.handle.write(Buffer.from([2]), 0, 1, 2 * PART_STEP - 1);
    await third.close(true);
    const digests = readdirSync(folder).find((name) => name.endsWith('-d.part'));
    truncateSync(join(folder, digests ?? ''), 50);
    const fourth = await open(large);
    expect(await fourth.digests.verified(fourth.handle, fourth.length, signal)).toBe(PART_STEP);
    // Digests fit one version of one file only.
    const other = new PartDigests(join(folder, 'other'), large.size, { path: entry.path, version: 'second' });
    writeFileSync(join(folder, 'other'), readFileSync(join(folder, readdirSync(folder).find((name) => name.endsWith('-d.part')) ?? '')));
    expect(await other.verified(fourth.handle, fourth.length, signal)).toBe(0);
    await other.close(false);
    await fourth.close(false);
    expect(readdirSync(folder)).toEqual([]);
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

  const partsIn = (folder: string): string[] => readdirSync(folder).flatMap((name) => (isPartName(name) ? [join(folder, name)] : []));

  /** Begins to fetch the large file, and stops the process by a signal when some of it is there. */
  const begin = async (
    folder: string,
    signal: 'SIGKILL' | 'SIGSTOP',
  ): Promise<{ child: ReturnType<typeof spawn>; ended: Promise<unknown> }> => {
    let child: ReturnType<typeof spawn> | undefined;
    const ended = world.run(['get', 'large.bin', folder], { watch: (started) => (child = started) });
    for (;;) {
      if (partsIn(folder).some((part) => statSync(part).size > 9_000_000) && partsIn(folder).length > 1) break;
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

  test('what another program has written into a part is fetched again', async () => {
    const folder = join(world.folder, 'foreign');
    const target = join(folder, 'large.bin');
    mkdirSync(folder);
    for (const damage of [
      (part: string) => writeFileSync(part, 'damaged', { flag: 'r+' }),
      (part: string) => writeFileSync(part, Buffer.alloc(content.length, 'A')),
    ]) {
      rmSync(target, { force: true });
      await (
        await begin(folder, 'SIGKILL')
      ).ended;
      const part = partsIn(folder).find((path) => statSync(path).size > 9_000_000);
      damage(part ?? '');
      expect(await world.run(['get', 'large.bin', folder])).toEqual({ status: 0, stdout: '', stderr: '' });
      expect(readFileSync(target).equals(content)).toBe(true);
      expect(readdirSync(folder)).toEqual(['large.bin']);
    }
    // As one that an older version has left: there is nothing to check it with.
    rmSync(target);
    await (
      await begin(folder, 'SIGKILL')
    ).ended;
    for (const path of partsIn(folder)) {
      if (statSync(path).size > 9_000_000) writeFileSync(path, Buffer.alloc(content.length, 'A'));
      else rmSync(path);
    }
    expect((await world.run(['get', 'large.bin', folder])).status).toBe(0);
    expect(readFileSync(target).equals(content)).toBe(true);
  });

  test('are not stored by put -r, and go when the file has changed', async () => {
    const folder = join(world.folder, 'cut');
    mkdirSync(folder);
    writeFileSync(join(folder, 'mine'), 'mine');
    await (
      await begin(folder, 'SIGKILL')
    ).ended;
    expect(await world.json(['put', '-r', 'cut'])).toContainEqual(expect.objectContaining({ event: 'summary', stored: 1, leftOut: 2 }));
    expect((await world.run(['ls', '-a', 'cut'])).stdout).toBe('mine\n');
    expect(await world.run(['put', '-r', 'cut'])).toEqual({
      status: 0,
      stdout: '',
      stderr: 'pyrgos: 2 items left out: parts of unfinished downloads (.pyrgos-….part)\n',
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
