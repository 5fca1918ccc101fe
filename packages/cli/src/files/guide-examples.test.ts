import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { connect } from '@pyrgos/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bin, FilesWorld, password } from '../../test/files-world.js';

const guide = readFileSync(new URL('../../../../docs/cli.md', import.meta.url), 'utf8');
const examples = [...guide.matchAll(/```sh\n(.*?)```/gsu)].map(([, code = '']) => code);

/** The example of the guide that has a command in it. */
function exampleWith(command: string): string {
  const example = examples.find((code) => code.includes(command));
  if (example === undefined) throw new Error(`the guide has no example with ${command}`);
  return example;
}

describe.skipIf(process.platform === 'win32')('what docs/cli.md shows (needs a POSIX shell)', () => {
  let world: FilesWorld;
  beforeAll(async () => {
    world = await FilesWorld.start({ 'max-users': '3' });
    mkdirSync(join(world.folder, 'bin'));
    const command = join(world.folder, 'bin', 'pyrgos');
    writeFileSync(command, `#!/bin/sh\nexec '${process.execPath}' '${bin}' "$@"\n`);
    chmodSync(command, 0o755);
    mkdirSync(join(world.folder, '.config'));
    writeFileSync(join(world.folder, '.config', 'pyrgos-password'), readFileSync(join(world.folder, 'password')), { mode: 0o600 });
    mkdirSync(join(world.folder, 'photos', 'sea'), { recursive: true });
    writeFileSync(join(world.folder, 'photos', 'sea', 'bay.txt'), 'waves');
    mkdirSync(join(world.folder, 'back'));
    await world.session.files.makeDirectory('/ada/backup');
  });
  afterAll(async () => world?.stop());

  /** Runs an example as it stands, but for where the server and the folders are. */
  const run = (code: string, shell = 'sh'): ReturnType<typeof spawnSync> => {
    const here = code.replace('https://files.example.org', world.server).replaceAll('/tmp', join(world.folder, 'back'));
    const env = { HOME: world.folder, TZ: 'UTC', PATH: `${join(world.folder, 'bin')}${delimiter}${process.env['PATH'] ?? ''}` };
    return spawnSync(shell, ['-e', '-c', here], { cwd: world.folder, env, encoding: 'utf8' });
  };

  test('a folder goes up, is listed, and comes back', () => {
    const { status, stdout, stderr } = run(exampleWith('pyrgos put -r'));
    expect(String(stderr)).toBe('');
    expect(status).toBe(0);
    expect(String(stdout)).toMatch(/sea/u);
    expect(readFileSync(join(world.folder, 'back', 'photos', 'sea', 'bay.txt'), 'utf8')).toBe('waves');
  });

  test('the shell runs a script', () => {
    writeFileSync(join(world.folder, 'commands.txt'), 'cd backup/photos/sea\ncat bay.txt\n');
    const line = exampleWith('pyrgos shell <')
      .split('\n')
      .find((text) => text.includes('<'));
    const account = (exampleWith('pyrgos put -r').split('\n')[0] ?? '').trim();
    const { status, stdout } = run(`${account}\n${line}`);
    expect(status).toBe(0);
    expect(String(stdout)).toContain('waves');
  });

  test('a link is made, and opened by somebody without an account', () => {
    const [make = '', open = ''] = exampleWith('pyrgos link create').split('\n');
    const account = (exampleWith('pyrgos put -r').split('\n')[0] ?? '').trim();
    const made = run(`${account}\n${make}`);
    expect([made.status, String(made.stderr), String(made.stdout)]).toEqual([0, '', '']);
    const opened = run(open);
    expect([opened.status, String(opened.stderr)]).toEqual([0, '']);
    expect(readFileSync(join(world.folder, 'back', 'theirs', 'sea', 'bay.txt'), 'utf8')).toBe('waves');
  });

  test('a chat is begun with a friend, written in and read', async () => {
    const server = await connect(world.server, { pointerCacheMilliseconds: 0 });
    const bob = await server.signUp({ username: 'bob', password });
    await bob.friends.follow('ada');
    await world.session.friends.accept('bob');
    await bob.friends.state();
    const account = (exampleWith('pyrgos put -r').split('\n')[0] ?? '').trim();
    const { status, stdout, stderr } = run(`${account}\n${exampleWith('pyrgos chat create')}`);
    expect([status, String(stderr)]).toEqual([0, '']);
    const [id = '', ...lines] = String(stdout).split('\n');
    expect(lines.join('\n')).toMatch(/ada: Tomorrow at eight\?\n {4}\[attached: [^ ]+\.txt\]\n.* ada: [^\n]*20\d\d[^\n]*\n$/u);
    await bob.chats.join({ id, inviter: 'ada' });
    expect((await bob.chats.list()).chats).toMatchObject([{ id, title: 'Sailing', members: ['ada', 'bob'] }]);
    bob.close();
  });

  const hasBash = spawnSync('bash', ['--version']).status === 0;
  test.skipIf(!hasBash)('completions are loaded into bash (needs bash)', () => {
    const line = exampleWith('completion bash')
      .split('\n')
      .find((text) => text.includes('bash'));
    const { status, stdout, stderr } = run(`${line}\ncomplete -p pyrgos`, 'bash');
    expect(String(stderr)).toBe('');
    expect(status).toBe(0);
    expect(String(stdout)).toContain('pyrgos');
  });
});
