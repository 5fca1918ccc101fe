import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bin, FilesWorld } from '../../test/files-world.js';

describe('manners of commands', () => {
  let world: FilesWorld;
  beforeAll(async () => {
    world = await FilesWorld.start();
    await world.session.files.write('/ada/large.bin', randomBytes(8_000_000));
    await world.session.files.write('/ada/A/B/c', 'c', { parents: true });
    await world.session.files.write('/ada/A/d', 'd');
    await world.keepSession();
  });
  afterAll(async () => world?.stop());

  test.skipIf(process.platform === 'win32')('who reads may stop reading: the command ends quietly (needs a POSIX shell)', () => {
    const pipe = (command: string, reader: string) =>
      spawnSync('sh', ['-c', `{ "$@"; echo "code $?" >&2; } | ${reader}`, 'sh', process.execPath, bin, ...command.split(' ')], {
        encoding: 'utf8',
        cwd: world.folder,
        env: world.environment,
      });
    for (const [command, reader] of [
      ['cat large.bin', 'head -c 10'],
      ['cat large.bin large.bin', 'true'],
      ['ls -l', 'head -1'],
      ['find', 'head -1'],
      ['find --json', 'true'],
      ['du', 'true'],
    ] as const) {
      const { stderr } = pipe(command, reader);
      expect([command, stderr]).toEqual([command, 'code 0\n']);
    }
    expect(pipe('cat large.bin', 'head -c 10 | wc -c').stdout.trim()).toBe('10');
  });

  test('a folder cannot go into itself', async () => {
    for (const [args, verb] of [
      [['mv', 'A', 'A/B'], 'moved'],
      [['mv', 'A', 'A'], 'moved'],
      [['mv', 'A', 'A/new'], 'moved'],
      [['cp', '-r', 'A', 'A/B'], 'copied'],
      [['cp', '-r', 'A/', './A/B/'], 'copied'],
    ] as const) {
      expect([args, await world.run(args)]).toEqual([
        args,
        { status: 2, stdout: '', stderr: `pyrgos: A folder cannot be ${verb} into itself: name a target outside of it.\n` },
      ]);
    }
    expect((await world.run(['find'])).stdout.split('\n').sort()).toEqual([
      '',
      '/ada',
      '/ada/A',
      '/ada/A/B',
      '/ada/A/B/c',
      '/ada/A/d',
      '/ada/large.bin',
    ]);
    expect(await world.run(['mv', 'A/d', 'A/d/x'])).toMatchObject({ stderr: expect.stringContaining('is a file, not a directory') });
  });

  test('what is not there on this machine is named', async () => {
    const missing = join(world.folder, 'missing');
    expect(await world.run(['put', 'missing'])).toEqual({
      status: 3,
      stdout: '',
      stderr: `pyrgos: ${missing}: there is no such file or folder on this machine\n`,
    });
    expect(await world.json(['put', 'missing'])).toEqual([expect.objectContaining({ event: 'error', code: 'ENOENT', local: missing })]);
  });

  test('a script of the shell: errors are on the standard error output, and the exit code says that there were some', async () => {
    const input = 'cat nothing\nls "\nmkdir new\nfrobnicate\nls A\n';
    const { status, stderr, stdout } = await world.run(['shell'], { input });
    expect([status, stdout.split('\n').filter((line) => line !== '')]).toEqual([8, ['Successfully created /ada/new', 'B', 'd']]);
    expect(stderr.split('\n')).toEqual([
      expect.stringContaining('/ada/nothing'),
      'Failed to execute cat',
      'Could not parse command.',
      expect.stringContaining("Unknown command 'frobnicate'"),
      '',
    ]);
    // What could not be done before is none of the next command.
    mkdirSync(join(world.folder, 'odd'));
    symlinkSync('nowhere', join(world.folder, 'odd', 'link'));
    const { stdout: told } = await world.run(['shell'], { input: 'put odd\nget A\n' });
    expect(told.split('\n').slice(0, 3)).toEqual([
      '0 stored, 0 there already, 1 not stored',
      '2 fetched, 0 there already',
      `Downloaded /ada/A to ${join(world.folder, 'A')}`,
    ]);
    expect(await world.run(['shell'], { input: 'ls A\nexit\n' })).toMatchObject({ status: 0, stderr: '' });
  });
});
