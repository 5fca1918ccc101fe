import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { completionScript } from '../completion-scripts.js';
import { checkPort, checkPrograms } from '../doctor/machine-checks.js';
import { checkServer } from '../doctor/server-checks.js';
import { createProgram } from '../main.js';
import { bin, FilesWorld } from '../../test/files-world.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pyrgos-doctor-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('pyrgos doctor', () => {
  const doctor = (...args: string[]) =>
    spawnSync(process.execPath, [bin, 'doctor', ...args], {
      encoding: 'utf8',
      env: { PATH: process.env['PATH'], HOME: folder, PYRGOS_PATH: join(folder, 'data') },
    });

  test('says what is in order and what is not, with what to do, and changes nothing', () => {
    const [healthy] = [JSON.parse(doctor('--json').stdout) as { checks: { name: string; state: string }[] }];
    const states = new Map(healthy.checks.map(({ name, state }) => [name, state]));
    for (const name of ['version', 'crypto', 'settings', 'data', 'server data', 'session'])
      expect([name, states.get(name)]).toEqual([name, 'ok']);
    expect(readdirSync(folder)).toEqual([]);

    mkdirSync(join(folder, 'data'));
    chmodSync(join(folder, 'data'), 0o755);
    writeFileSync(join(folder, 'data', 'config'), 'prot = 1\n', { mode: 0o600 });
    const ill = doctor('--server', 'http://localhost:1');
    expect(ill.status).toBe(1);
    expect(ill.stdout).toMatch(/LOOK +data +.* can be used by other users.*\n +do: chmod/);
    expect(ill.stdout).toMatch(/WRONG +settings +The configuration cannot be used:\n.*prot.*unknown/);
    expect(ill.stdout).toMatch(/WRONG +server +.*\n +do: check the address/);
    expect(ill.stderr).not.toContain('    at ');
  });

  test('finds the server that runs here, whatever its port, and the session that commands use', async () => {
    const world = await FilesWorld.start();
    try {
      await world.keepSession();
      const file = world.environment['PYRGOS_SESSION_FILE'] ?? '';
      const look = async (args: string[] = []) => {
        const { stdout } = await world.run(['doctor', '--data', world.daemon.dataDirectory, '--json', ...args], {
          env: { PYRGOS_SERVER: '' },
        });
        const { checks } = JSON.parse(stdout) as { checks: { name: string; state: string; text: string }[] };
        const found = new Map<string, string>();
        for (const { name, state, text } of checks) found.set(name, `${found.get(name) ?? ''}${state} ${text}\n`);
        return found;
      };
      const found = await look();
      expect(found.get('server')).toMatch(new RegExp(`^ok .*:${new URL(world.server).port} answers`));
      expect(found.get('port')).toContain(`it is at ${world.server}`);
      expect(found.get('session')).toContain(`ok ${file} belongs to you alone, for 'ada'`);
      expect((await look(['--session-file', join(folder, 'none')])).get('session')).toContain('none is kept');
      // The server that commands use from here need not run here.
      expect((await look(['--data', folder])).get('server')).toMatch(new RegExp(`^ok ${world.server} answers`));
      if (process.platform === 'win32') return;
      process.kill(world.daemon.pid, 'SIGSTOP');
      const stopped = await look();
      process.kill(world.daemon.pid, 'SIGCONT');
      expect(stopped.get('server')).toMatch(new RegExp(`^problem process \\d+ does not answer\nproblem no answer from ${world.server}\n$`));
      chmodSync(`${file}.key`, 0o644);
      expect((await look()).get('session')).toMatch(/^problem .*session\.key can be used by other users/);
      chmodSync(`${file}.key`, 0o600);
      chmodSync(file, 0o640);
      expect((await look()).get('session')).toMatch(/^problem .*session can be used by other users/);
    } finally {
      await world.stop();
    }
  });

  test('a port that another program has, an address of somebody else, an old Node', async () => {
    const other = createServer();
    await new Promise<void>((done) => other.listen(0, '127.0.0.1', done));
    const { port } = other.address() as AddressInfo;
    expect(await checkPort('127.0.0.1', port, undefined)).toMatchObject({ state: 'problem', advice: expect.stringContaining('--port') });
    expect(await checkPort('127.0.0.1', port, 7)).toMatchObject({ state: 'ok' });
    await new Promise((done) => other.close(done));
    expect(await checkPort('127.0.0.1', port, undefined)).toMatchObject({ state: 'ok' });
    expect(await checkPort('203.0.113.1', port, undefined)).toMatchObject({
      state: 'problem',
      advice: expect.stringContaining('listen-host'),
    });
    expect((await checkPrograms('20.18.0'))[0]).toMatchObject({ state: 'problem', advice: expect.stringContaining('20.19') });
    expect((await checkPrograms('22.0.0'))[0]).toMatchObject({ state: 'ok' });
  });

  test('clocks that do not agree, and what is no Peergos server', async () => {
    // What the version call answers: CBOR {"s": "", "v": "1.0.0"}.
    const answer = Buffer.from('a261736061766531 2e302e30'.replaceAll(' ', ''), 'hex');
    let date = Date.now();
    let isPeergos = true;
    const server = createHttpServer((_, response) => {
      response.setHeader('date', new Date(date).toUTCString());
      response.end(isPeergos ? answer : '<html>');
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const stateOf = async (drift: number) => {
      date = Date.now() + drift;
      return (await checkServer(url)).map(({ name, state }) => `${name} ${state}`);
    };
    expect(await stateOf(0)).toEqual(['server ok', 'clock ok']);
    expect(await stateOf(90_000)).toEqual(['server ok', 'clock warning']);
    expect(await stateOf(-600_000)).toEqual(['server ok', 'clock problem']);
    isPeergos = false;
    expect((await checkServer(url))[0]).toMatchObject({ name: 'server', state: 'problem' });
    server.closeAllConnections();
    server.close();
  });
});

describe('pyrgos completion', () => {
  test('knows every command and option that the help shows', () => {
    const program = createProgram();
    for (const shell of ['bash', 'zsh', 'fish'] as const) {
      const script = completionScript(program, shell);
      for (const word of ['get', 'skip-existing', 'doctor', 'completion', 'admin', 'quota'])
        expect([shell, script]).toEqual([shell, expect.stringContaining(word)]);
      // Never offered: it is only there to be refused.
      expect(script).not.toMatch(/'--password'|--password |-l 'password'/);
    }
  });

  test('quotation marks in descriptions stay text', () => {
    const program = new Command('odd');
    program.command('one').description(`it's "$(touch /tmp/never)" \\ here`);
    expect(completionScript(program, 'zsh')).toContain(String.raw`'one:it'\''s "$(touch /tmp/never)" \ here'`);
    expect(completionScript(program, 'fish')).toContain(String.raw`'it\'s "$(touch /tmp/never)" \\ here'`);
  });

  test('bash completes commands at every level, and options', ({ skip }) => {
    const hasBash = spawnSync('bash', ['--version']).status === 0;
    skip(!hasBash, 'needs bash');
    writeFileSync(join(folder, 'completion'), completionScript(createProgram(), 'bash'));
    const complete = (...words: string[]): string => {
      const typed = ['pyrgos', ...words].map((word) => `'${word}'`).join(' ');
      const script = `source '${join(folder, 'completion')}'; COMP_WORDS=(${typed}); COMP_CWORD=${words.length}; _pyrgos; echo "\${COMPREPLY[@]}"`;
      return spawnSync('bash', ['-c', script], { encoding: 'utf8' }).stdout.trim();
    };
    expect([
      complete('doc'),
      complete('admin', 'us'),
      complete('admin', 'user', 'q'),
      complete('get', '--sk'),
      complete('ls', 'x'),
      // Files, which the shell itself completes.
      complete('put', ''),
      complete('completion', ''),
      complete('find', '--type', ''),
    ]).toEqual(['doctor', 'user', 'quota', '--skip-existing', '', '', 'bash zsh fish', 'f d']);
  });

  test('zsh completes commands and options, and files only where there may be some', ({ skip }) => {
    skip(spawnSync('zsh', ['--version']).status !== 0, 'needs zsh');
    const script = join(folder, 'completion');
    writeFileSync(script, completionScript(createProgram(), 'zsh'));
    const complete = (...words: string[]): string => {
      // The functions of zsh that show what they are given work only while somebody types.
      const world = `compdef() { :; }; _describe() { print -l -- "\${(@P)@[-1]%%:*}"; }; _files() { print FILES; }`;
      const typed = ['pyrgos', ...words].map((word) => `'${word}'`).join(' ');
      const { stderr, stdout } = spawnSync(
        'zsh',
        ['-fc', `${world}; source '${script}'; words=(${typed}); CURRENT=${words.length + 1}; _pyrgos`],
        { encoding: 'utf8' },
      );
      expect(stderr).toBe('');
      return stdout.trim().replaceAll('\n', ' ');
    };
    expect(complete('')).toMatch(/^daemon status .*completion$/);
    expect(complete('admin', 'user', '')).toMatch(/\bquota\b(?!.*FILES)/);
    expect(complete('get', '-')).toMatch(/--skip-existing(?!.*FILES)/);
    expect([complete('put', ''), complete('find', '--type', ''), complete('completion', '')]).toEqual(['FILES', 'f d', 'bash zsh fish']);
  });

  test('fish completes commands and options, and files only where there may be some', ({ skip }) => {
    skip(spawnSync('fish', ['--version']).status !== 0, 'needs fish');
    const script = join(folder, 'completion');
    writeFileSync(script, completionScript(createProgram(), 'fish'));
    const complete = (typed: string): string[] => {
      const { stdout } = spawnSync('fish', ['--no-config', '-c', `source '${script}'; complete -C '${typed}'`], {
        encoding: 'utf8',
        cwd: folder,
        env: { ...process.env, HOME: folder },
      });
      return stdout.split('\n').flatMap((line) => (line === '' ? [] : [line.split('\t')[0] ?? '']));
    };
    expect(complete('pyrgos doc')).toEqual(['doctor']);
    expect(complete('pyrgos admin user q')).toEqual(['quota']);
    expect(complete('pyrgos admin comp')).toEqual([]);
    expect(complete('pyrgos put comp')).toEqual(['completion']);
    expect(complete('pyrgos get --sk')).toEqual(['--skip-existing']);
    expect([complete('pyrgos find --type '), complete('pyrgos completion ')]).toEqual([
      ['d', 'f'],
      ['bash', 'fish', 'zsh'],
    ]);
  });
});
