import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConflictError } from '@pyrgos/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FilesWorld } from '../../test/files-world.js';
import { explainError } from './explain-error.js';

describe('paths that no command can do anything with', () => {
  let world: FilesWorld;
  beforeAll(async () => {
    world = await FilesWorld.start();
    writeFileSync(join(world.folder, 'local'), 'local');
    await world.session.files.write('/ada/A/f', 'f', { parents: true });
    await world.keepSession();
  });
  afterAll(async () => world?.stop());

  /** In the shell, which runs many commands at the price of one. */
  const inShell = async (commands: readonly string[]): Promise<string[]> => {
    const { status, stderr } = await world.run(['shell'], { input: `${commands.join('\n')}\n` });
    expect(status).toBe(8);
    return stderr.split('\n').filter((line) => line !== '' && !line.startsWith('Failed to execute'));
  };

  test('home directories and the root stay, and nothing else is beside them', async () => {
    const inRoot = (path: string): string =>
      `pyrgos: There are only home directories in /, so ${path} is no place: name one in yours, /ada.`;
    const nothing = (path: string): string => `pyrgos: Could not find remote specified remote path '${path}'`;
    const kept = 'name what is in your home directory, as /ada/notes.txt.';
    const cases: readonly (readonly [string, string])[] = [
      ['rm /', `pyrgos: / holds the home directories, and stays: ${kept}`],
      ['rm .', `pyrgos: /ada is your home directory, and stays: ${kept}`],
      ['rm ../ada', `pyrgos: /ada is your home directory, and stays: ${kept}`],
      ['rm /bob', nothing('/bob')],
      ['mv / new', `pyrgos: / holds the home directories, and stays: ${kept}`],
      ['mv /ada A', `pyrgos: /ada is your home directory, and stays: ${kept}`],
      ['mv /bob A', nothing('/bob')],
      ['mv A/f /', inRoot('/')],
      ['mv A/f /bob', inRoot('/bob')],
      ['mv A ..', inRoot('/')],
      ['cp A/f /', inRoot('/')],
      ['cp A /\u001bx', inRoot(String.raw`/\u{1b}x`)],
      ['put local /', inRoot('/')],
      ['put local /bob', inRoot('/bob')],
      ['put . /', inRoot('/')],
      ['put . /bob/x', 'pyrgos: There is no home directory /bob, so /bob/x is no place: name one in yours, /ada.'],
      ['mkdir /bob', inRoot('/bob')],
      ['get /', 'pyrgos: / has no name of its own: name a new folder for what is in it, or fetch a home directory.'],
      ['get /bob', nothing('/bob')],
    ];
    expect(await inShell(cases.map(([command]) => command))).toEqual(cases.map(([, message]) => message));
    expect(await world.json(['find', '--type', 'f'])).toEqual([expect.objectContaining({ path: '/ada/A/f' })]);
  });

  test('they are wrong use', async () => {
    for (const args of [
      ['rm', '-r', '/ada'],
      ['rm', '/'],
      ['mv', 'A', '/bob'],
      ['mkdir', '-p', '/bob/x'],
      ['put', '-', '/ada'],
      ['put', '-', '/bob'],
    ]) {
      expect([args, await world.run(args, { input: 'x' })]).toEqual([
        args,
        { status: 2, stdout: '', stderr: expect.stringMatching(/^pyrgos: [^\n]+\n$/) },
      ]);
    }
    expect(await world.run(['rm', '-rf', '/bob'])).toEqual({ status: 0, stdout: '', stderr: '' });
  });

  test('an empty name is none', async () => {
    const commands = ['ls', 'stat', 'cat', 'mkdir', 'rm', 'find', 'du', 'verify', 'get', 'put', 'cd', 'lcd', 'lls'].map(
      (command) => `${command} ""`,
    );
    const more = ['mv "" x', 'mv A ""', 'cp "" x', 'cp A ""', 'get A ""', 'put local ""'];
    const messages = await inShell([...commands, ...more]);
    expect(messages).toEqual([...commands, ...more].map(() => expect.stringMatching(/^pyrgos: A name is missing: /)));
    expect(await world.run(['mkdir', ''])).toMatchObject({ status: 2, stderr: expect.stringContaining('A name is missing') });
    expect(await world.run(['ls', '--password-file', ''])).toMatchObject({ status: 2, stderr: expect.stringContaining('--password-file') });
  });
});

test('one sentence says what to do after a lost race', () => {
  const message = 'The password was changed by somebody else meanwhile. Log in again.';
  expect(explainError(new ConflictError('conflict.snapshot', message)).text).toBe(message);
  expect(explainError(new ConflictError('conflict.merge', 'Two changes do not fit together.')).text).toMatch(
    /together\. Somebody else .*again$/,
  );
});
