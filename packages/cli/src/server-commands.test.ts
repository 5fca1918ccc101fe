import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SpaceRequest } from '@pyrgos/core/accounts';
import { toHex } from '@pyrgos/core/bytes';
import { loadCrypto } from '@pyrgos/core/crypto';
import { WireClient } from '@pyrgos/testkit/server';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { runInProcess } from '../test/run-in-process.js';

const bin = fileURLToPath(new URL('../bin/pyrgos.js', import.meta.url));

interface Result {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface Ready {
  readonly url: string;
  readonly localUrl: string;
  readonly pid: number;
  readonly dataDirectory: string;
  readonly signUpLink: string | null;
  readonly lanUrls: readonly string[];
  readonly warnings: readonly string[];
}

// Many servers are started, on machines that may be busy with other tests.
describe('the commands of a server', { timeout: 240_000 }, () => {
  let folder: string;
  let data: string;
  const children: ChildProcess[] = [];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'pyrgos-cli-'));
    data = join(folder, 'data');
  });
  afterEach(async () => {
    for (const child of children.splice(0)) await kill(child, 'SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });

  const environment = (extra: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv => ({ ...process.env, PYRGOS_PATH: data, ...extra });
  /** A command. One that starts a server is a process of its own, as the server is. */
  const pyrgos = async (
    args: readonly string[],
    { input = '', env = {} }: { readonly input?: string; readonly env?: NodeJS.ProcessEnv } = {},
  ): Promise<Result> => {
    if (args[0] !== 'daemon') return runInProcess(args, { cwd: process.cwd(), env: environment(env), input });
    const { status, stdout, stderr } = spawnSync(process.execPath, [bin, ...args], {
      encoding: 'utf8',
      timeout: 120_000,
      input,
      env: environment(env),
    });
    return { status, stdout, stderr };
  };
  const json = async (args: readonly string[]): Promise<unknown> => {
    const result = await pyrgos([...args, '--json']);
    if (result.status !== 0) throw new Error(result.stderr);
    return JSON.parse(result.stdout);
  };
  /** Starts `pyrgos daemon` and waits for `enough` of its output. */
  const spawnDaemon = async (
    args: readonly string[],
    enough: (output: string) => boolean,
  ): Promise<{ child: ChildProcess; output: string }> => {
    const child = spawn(process.execPath, [bin, 'daemon', '--port', '0', ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: environment(),
    });
    children.push(child);
    let [output, errors] = ['', ''];
    child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
    for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
      output += chunk.toString();
      if (enough(output)) return { child, output };
    }
    throw new Error(`the server did not start: ${errors}`);
  };
  const startDaemon = async (...args: string[]): Promise<{ child: ChildProcess; ready: Ready }> => {
    const { child, output } = await spawnDaemon(['--json', ...args], (text) => text.endsWith('\n'));
    return { child, ready: JSON.parse(output) as Ready };
  };
  async function kill(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
    if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
    return child.exitCode;
  }
  const healthy = async ({ localUrl }: Ready): Promise<boolean> => (await fetch(`${localUrl}/healthz`)).ok;

  test('daemon says where everything is, with the sign-up link last, and stops in order', async () => {
    const first = await spawnDaemon([], (text) => /token=\w{64}\n$/.test(text));
    const lines = first.output.trimEnd().split('\n');
    const address = /Address +(http:\/\/localhost:\d+)/.exec(first.output)?.[1];
    expect(lines.at(-1)).toMatch(new RegExp(`^${address}/\\?signup=true&token=[0-9a-f]{64}$`));
    expect(first.output).toContain(`Data     ${data}`);
    expect((await fetch(`${address}/healthz`)).status).toBe(200);
    expect((statSync(data).mode & 0o777).toString(8)).toBe('700');
    expect(await kill(first.child, 'SIGINT')).toBe(0);
    // The same link: nobody has used it.
    const second = await startDaemon();
    expect(second.ready.signUpLink?.split('token=')[1]).toBe(lines.at(-1)?.split('token=')[1]);
    expect(await kill(second.child, 'SIGTERM')).toBe(0);
  });

  test.skipIf(process.platform === 'win32')('the command that daemon prints for more links runs as it stands', async () => {
    data = join(folder, "the server's data");
    const { output } = await spawnDaemon(['--data', data], (text) => /token=\w{64}\n$/.test(text));
    const command = /more people: (.*)$/m.exec(output)?.[1] ?? '';
    const { PYRGOS_PATH: _, ...env } = environment();
    const { status, stderr, stdout } = spawnSync('sh', ['-c', command], { encoding: 'utf8', env: { ...env, HOME: folder } });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/^http:\/\/localhost:\d+\/\?signup=true&token=\w{64}\n$/);
    expect(stdout).toContain(/Address +(\S+)/.exec(output)?.[1]);
  });

  test('daemon starts again after it was killed', async () => {
    const { child, ready } = await startDaemon();
    expect(await healthy(ready)).toBe(true);
    await kill(child, 'SIGKILL');
    const again = await startDaemon();
    expect(await healthy(again.ready)).toBe(true);
    expect(again.ready.signUpLink?.split('token=')[1]).toBe(ready.signUpLink?.split('token=')[1]);
  });

  test('commands work at once after the server was killed', async () => {
    const { child } = await startDaemon();
    await kill(child, 'SIGKILL');
    expect(await pyrgos(['token', 'list', '--json'])).toMatchObject({ status: 0, stderr: '' });
  });

  test('commands that ask for something do not make a server where there is none', async () => {
    for (const args of [
      ['admin', 'user', 'list'],
      ['token', 'list'],
      ['admin', 'backup', join(folder, 'backup')],
    ]) {
      expect(await pyrgos(args)).toMatchObject({ status: 1, stderr: expect.stringContaining(`no server in ${data}`) });
    }
    expect(readdirSync(folder)).toEqual([]);
  });

  test('a first start that fails leaves only the configuration', async () => {
    expect(await pyrgos(['daemon', '--port', '0', '--listen-host', '192.0.2.1'])).toMatchObject({ status: 1 });
    expect(readdirSync(data)).toEqual(['config']);
  });

  test('gc says what it freed, with and without a running server', async () => {
    expect(await pyrgos(['admin', 'gc'])).toMatchObject({ status: 1, stderr: expect.stringContaining(`no server in ${data}`) });
    const { child } = await startDaemon();
    expect(await pyrgos(['admin', 'gc'])).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^(nothing to delete|deleted \d+ blocks, .*)\n$/),
    });
    expect(await json(['admin', 'gc'])).toMatchObject({ users: 1, blocks: 0, bytes: 0, failed: [] });
    await kill(child, 'SIGTERM');
    expect(await json(['admin', 'gc'])).toMatchObject({ users: 1, blocks: 0, bytes: 0, failed: [] });
  });

  const asOtherUser = (...args: readonly string[]) =>
    spawnSync('setpriv', ['--reuid=65534', process.execPath, bin, ...args], { encoding: 'utf8', env: { ...process.env, HOME: folder } });
  // The checkout may be in a folder that others must not enter.
  const canActAsOther = process.getuid?.() === 0 && asOtherUser('--version').status === 0;
  test.skipIf(!canActAsOther)(
    'a directory that this user may not enter is not called empty (needs the right to act as another user, who may enter the checkout)',
    async () => {
      expect(await pyrgos(['token', 'create'])).toMatchObject({ status: 0 });
      const { status, stderr } = asOtherUser('admin', 'user', 'list', '--data', data);
      expect(status).toBe(1);
      expect(stderr).toContain('may not look into it');
      expect(stderr).not.toContain('no server');
    },
  );

  test('daemon explains why it cannot start', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const { port } = taken.address() as AddressInfo;
    // Asynchronously, because the port must stay taken.
    const child = spawn(process.execPath, [bin, 'daemon', '--port', String(port)], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: environment(),
    });
    let errors = '';
    child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
    await once(child, 'close');
    taken.close();
    expect(child.exitCode).toBe(1);
    expect(errors).toMatch(new RegExp(`^pyrgos: Port ${port} .*--port`));
    expect(errors).not.toContain('    at ');

    writeFileSync(join(folder, 'file'), '');
    for (const path of [join(folder, 'file'), join(folder, 'file', 'data')]) {
      const result = await pyrgos(['daemon', '--data', path]);
      expect(result).toMatchObject({ status: 1, stdout: '' });
      expect(result.stderr).toContain('--data');
    }
  });

  test('daemon reports all mistakes of its configuration at once, unknown names included, as a wrong use', async () => {
    mkdirSync(data);
    writeFileSync(join(data, 'config'), 'prot = 1\nmax-users = many\nlog-level = loud\n', { mode: 0o600 });
    for (const command of [['daemon'], ['config', 'explain']]) {
      const result = await pyrgos([...command, '--port', '70000', '--listen-host', '999.1.1.1']);
      expect(result).toMatchObject({ status: 2, stdout: '' });
      for (const name of [
        'prot (config line 1) is unknown; did you mean port?',
        'port (command line)',
        'listen-host (command line) must be a host name or an IP address',
        'max-users (config line 2)',
        'log-level (config line 3)',
      ]) {
        expect(result.stderr).toContain(name);
      }
    }
    writeFileSync(join(data, 'config'), Uint8Array.of(0xff), { mode: 0o600 });
    expect((await pyrgos(['daemon'])).status).toBe(2);
    expect((await pyrgos(['daemon', '--prot', '1'])).status).toBe(2);
    expect((await pyrgos(['token', 'create', '0'])).status).toBe(2);
  });

  test('a secret on the command line is refused, and the advice works', async () => {
    const refused = await pyrgos(['daemon', '--basic-auth', 'me:sesame']);
    expect(refused).toMatchObject({ status: 2, stdout: '' });
    expect(refused.stderr).toContain('PYRGOS_BASIC_AUTH_FILE');
    expect(refused.stderr).not.toContain('sesame');
    writeFileSync(join(folder, 'auth'), 'me:sesame\n');
    const explained = await pyrgos(['config', 'explain'], { env: { PYRGOS_BASIC_AUTH_FILE: join(folder, 'auth') } });
    expect(explained.status).toBe(0);
    expect(explained.stdout).toMatch(/basic-auth +\(secret\) +\(PYRGOS_BASIC_AUTH_FILE\)/);
    expect(explained.stdout).not.toContain('sesame');
    // It only looks.
    expect(readdirSync(folder)).toEqual(['auth']);
  });

  test('token create says that it has made a server', async () => {
    expect((await pyrgos(['token', 'create'])).stderr).toContain(`there was no server in ${data}`);
    expect((await pyrgos(['token', 'create'])).stderr).not.toContain('no server');
  });

  const createLinks = async (count: string): Promise<string[]> => {
    const created = await pyrgos(['token', 'create', count]);
    expect(created.status).toBe(0);
    const links = created.stdout.trimEnd().split('\n');
    for (const link of links) expect(link).toMatch(/^http:\/\/localhost:\d+\/\?signup=true&token=[0-9a-f]{64}$/);
    return links;
  };
  const listedLinks = async (): Promise<(string | undefined)[]> =>
    (await pyrgos(['token', 'list'])).stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.split('  ')[1]);

  test('a second server on the same data is told about the first; the other commands go through the first', async () => {
    const { ready } = await startDaemon();
    const second = await pyrgos(['daemon', '--port', '0']);
    expect(second).toMatchObject({ status: 1, stdout: '' });
    expect(second.stderr).toContain(`process ${ready.pid}`);

    const [first, other] = await createLinks('2');
    expect(new URL(first!).origin).toBe(ready.url);
    expect(await listedLinks()).toEqual(expect.arrayContaining([first, other]));
    const token = first!.split('token=')[1]!;
    expect((await pyrgos(['token', 'revoke', token.slice(0, 10)])).status).toBe(0);
    expect((await pyrgos(['token', 'revoke', token.slice(0, 10)])).status).toBe(1);
    expect(await listedLinks()).not.toContain(first);
    expect(await pyrgos(['admin', 'user', 'list'])).toMatchObject({ status: 0, stdout: '' });
    expect(await pyrgos(['admin', 'requests'])).toMatchObject({ status: 0, stdout: '' });
    for (const args of [
      ['user', 'quota', 'nobody', '1g'],
      ['user', 'delete', 'nobody', '--yes'],
      ['message', 'nobody', 'hello'],
      ['messages', 'nobody'],
    ]) {
      expect(await pyrgos(['admin', ...args])).toMatchObject({ status: 1, stdout: '', stderr: expect.stringContaining('No such user') });
    }
    expect(await healthy(ready)).toBe(true);
  });

  test('without a running server commands open the data themselves', async () => {
    const [first, second] = await createLinks('2');
    expect(await listedLinks()).toHaveLength(2);
    expect(await listedLinks()).toEqual(expect.arrayContaining([first, second]));
    expect((await pyrgos(['token', 'revoke', '-'], { input: `${first}\n` })).status).toBe(0);
    expect(await listedLinks()).toEqual([second]);
    expect(await json(['admin', 'user', 'list'])).toEqual({ users: [] });
  });

  test('commands refuse what they cannot mean', async () => {
    for (const args of [
      ['token', 'create', '0'],
      ['token', 'create', 'many'],
      ['admin', 'user', 'quota', 'ann', '1 gigabyte'],
      ['admin', 'requests', 'approve', 'ann', 'a', 'lot'],
      ['admin', 'requests', 'reject'],
      ['admin', 'user'],
      ['admin', 'backup'],
    ]) {
      expect((await pyrgos(args)).status, args.join(' ')).toBe(2);
    }
    const deletion = await pyrgos(['admin', 'user', 'delete', 'ann']);
    expect(deletion).toMatchObject({ status: 2, stderr: expect.stringContaining('--yes') });
    expect(deletion.stderr).toContain('never be used again');
    expect(await pyrgos(['token', 'revoke', 'nonsense'])).toMatchObject({ status: 2, stderr: expect.stringContaining('digits') });
    expect(readdirSync(folder)).toEqual([]);
  });

  test('status tells whether the server runs, and how it is', async () => {
    expect(await pyrgos(['status'])).toMatchObject({ status: 1, stderr: expect.stringContaining(`no server in ${data}`) });
    const { child, ready } = await startDaemon();
    expect(await json(['status'])).toMatchObject({
      version: expect.stringMatching(/^\d+\.\d+/),
      dataDirectory: data,
      url: ready.url,
      process: { pid: ready.pid, localUrl: ready.localUrl, started: expect.any(Number) },
      disk: { free: expect.any(Number), size: expect.any(Number) },
      accounts: 0,
      stored: 0,
      requests: 0,
      tokens: 1,
    });
    expect((await pyrgos(['config', 'explain'])).stderr).toContain(`process ${ready.pid}`);
    const { stdout } = await pyrgos(['status']);
    expect(stdout).toMatch(new RegExp(`^Server +running since .* process ${ready.pid}\\nAddress +${ready.url}\\n`));
    expect(stdout).toMatch(/Disk +.* free of /);
    await kill(child, 'SIGTERM');
    expect(await json(['status'])).toMatchObject({ process: null, dataDirectory: data });
    expect((await pyrgos(['status'])).stdout).toMatch(/^Server +not running\n/);
    expect((await pyrgos(['status'])).stdout).not.toContain('Problem');
    rmSync(join(data, 'pki'), { recursive: true });
    expect((await pyrgos(['status'])).stdout).toMatch(/\nProblem +keys of the user directory are missing/);
    expect(await json(['status'])).toMatchObject({ health: { database: true, pki: false } });
    expect((await pyrgos(['config', 'explain'])).stderr).toBe('');
  });

  test('a server on all addresses names those of the network, and warns', async () => {
    const { ready } = await startDaemon('--listen-host', '0.0.0.0');
    const urls = ready.lanUrls;
    expect(ready.warnings).toEqual([expect.stringContaining('plain HTTP')]);
    expect([ready.url, ready.signUpLink?.split('/?')[0]]).toEqual([urls[0] ?? ready.localUrl, ready.url]);
    for (const url of urls) {
      const answer = await fetch(`${url}/peergos/v0/admin/version`, { method: 'POST' });
      expect([url, answer.status]).toEqual([url, 200]);
    }
  });

  test('requests for space are answered in the sizes that people write', async () => {
    const { ready } = await startDaemon('--max-users', '1');
    const crypto = await loadCrypto();
    const client = new WireClient(ready.localUrl, crypto);
    const account = await client.signUp('kid');
    const ask = async (bytes: number): Promise<void> => {
      const signed = SpaceRequest.of({ username: 'kid', bytes, time: Date.now() }).sign(crypto, account.identity.secretKey);
      await client.call(`peergos/v0/storage/request?owner=${account.identity.publicKey.hash.toString()}&req=${toHex(signed)}`);
    };
    await ask(60e6);
    expect((await pyrgos(['admin', 'requests'])).stdout).toMatch(/kid +asks for 60 MB +has 1\.1 GB\n$/);
    const approved = await pyrgos(['admin', 'requests', 'approve', 'kid', '40', 'MB']);
    expect(approved).toMatchObject({ status: 0, stderr: 'pyrgos: kid may store 40 MB now; the request for 60 MB is settled\n' });
    await ask(1e15);
    const promised = await pyrgos(['admin', 'requests', 'approve', 'kid']);
    expect(promised).toMatchObject({ status: 1, stderr: expect.stringMatching(/1000 TB more.*--yes/) });
    expect(await pyrgos(['admin', 'requests', 'reject', 'kid'])).toMatchObject({
      status: 0,
      stderr: expect.stringContaining('the request of kid for 1000 TB is refused'),
    });
    expect(await json(['admin', 'requests'])).toEqual({ requests: [] });
    expect((await pyrgos(['admin', 'user', 'quota', 'kid', '1.5', 'MiB'])).stderr).toBe('pyrgos: kid may store 1.6 MB now\n');
    expect((await pyrgos(['admin', 'user', 'list'])).stdout).toMatch(/^kid +\d.* of 1\.6 MB\n$/);
    client.close();
  });

  test('a backup of a running server becomes another server', async () => {
    const { child, ready } = await startDaemon();
    const ids = await (await fetch(`${ready.localUrl}/api/v0/ids`, { method: 'POST' })).text();
    const backup = join(folder, 'backup');
    writeFileSync(join(data, 'blacklist.txt'), 'trudy\n');
    expect(await json(['admin', 'backup', backup])).toMatchObject({ folder: backup, users: 0, files: ['config', 'blacklist.txt'] });
    expect((await pyrgos(['admin', 'backup', `${backup}-2`])).stdout).toMatch(
      /^0 accounts \(and the server's own\), \d+ blocks, \d+ B, config and blacklist\.txt are in /,
    );
    expect((await pyrgos(['admin', 'backup', backup])).status).toBe(1);
    const refused = await pyrgos(['admin', 'restore', backup]);
    expect(refused).toMatchObject({ status: 1, stderr: expect.stringContaining(`process ${ready.pid}`) });
    await kill(child, 'SIGTERM');
    expect((await pyrgos(['admin', 'restore', backup])).stderr).toContain('holds a server already');
    data = join(folder, 'other');
    expect(await json(['admin', 'restore', backup])).toMatchObject({ directory: data, users: 0 });
    expect(readdirSync(data)).toEqual(expect.arrayContaining(['config', 'blacklist.txt']));
    const restored = await startDaemon();
    expect(await (await fetch(`${restored.ready.localUrl}/api/v0/ids`, { method: 'POST' })).text()).toBe(ids);
    expect(restored.ready.signUpLink?.split('token=')[1]).toBe(ready.signUpLink?.split('token=')[1]);
  });

  test('a backup without blocks that the disk has lost is no success', async () => {
    const { ready } = await startDaemon('--max-users', '1');
    const client = new WireClient(ready.localUrl, await loadCrypto());
    await client.signUp('kid');
    client.close();
    const blocks = join(data, 'blocks', 'kid');
    const files = readdirSync(blocks, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.data'));
    for (const name of files) rmSync(join(blocks, name));
    const backup = await pyrgos(['admin', 'backup', join(folder, 'backup'), '--json']);
    expect(backup).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/ of kid (is|are) lost or damaged[^]*the backup is incomplete\n$/),
    });
    const lines = backup.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown);
    expect(lines).toMatchObject([{ incomplete: [{ username: 'kid', missing: 0 }] }, { event: 'error', code: 'storage' }]);
  });

  test('a damaged backup is refused with the reasons', async () => {
    const backup = join(folder, 'backup');
    mkdirSync(backup);
    writeFileSync(join(backup, 'state.json'), '{"version": 99}');
    writeFileSync(join(backup, 'blocks.car'), 'nothing');
    const result = await pyrgos(['admin', 'restore', backup]);
    expect(result).toMatchObject({ status: 1, stdout: '' });
    expect(result.stderr).toContain(`The backup in ${backup} is damaged (`);
    expect(result.stderr).toContain('nothing was changed. Take another copy of it, or another backup.\n');
    // Not even an empty folder.
    expect(readdirSync(folder)).toEqual(['backup']);
  });

  test('a full disk is explained, and nothing is left half-made', async ({ skip }) => {
    const disk = join(folder, 'disk');
    mkdirSync(disk);
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', disk]).status === 0;
    skip(!mounted, 'needs the right to mount a small disk');
    try {
      data = join(disk, 'data');
      const result = await pyrgos(['daemon', '--port', '0']);
      expect(result).toMatchObject({ status: 1, stdout: '' });
      expect(result.stderr).toMatch(/ is full/);
      expect(result.stderr).not.toContain('    at ');
      spawnSync('mount', ['-o', 'remount,size=16m', disk]);
      const { ready } = await startDaemon();
      expect(await healthy(ready)).toBe(true);
    } finally {
      for (const child of children.splice(0)) await kill(child, 'SIGKILL');
      spawnSync('umount', [disk]);
    }
  });
});
