import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ScryptSecretGeneration, SigningKeyPair } from '@pyrgos/core/keys';
import { loadCrypto } from '@pyrgos/core/crypto';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { loadConfig } from './config/load-config.js';
import { findLockHolder } from './config/data-directory-lock.js';
import { ownMark } from './config/process-life.js';
import type { ServerConfig } from './config/server-config.js';
import { createLogger } from './logger.js';
import { openOperator } from './operator/open-operator.js';
import { signUpLinkAtStart } from './operator/sign-up-link.js';
import { type RunningServer, type ServerOverrides, startServer } from './server.js';

const pkiAlgorithms = {
  identity: ScryptSecretGeneration.of({ logN: 15 }),
  keyFile: ScryptSecretGeneration.of({ logN: 15, length: 32 }),
};
const quiet = createLogger({ level: 'silent' }).logger;

describe('the server', () => {
  let directory: string;
  let outside: string;
  const open: RunningServer[] = [];
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'pyrgos-server-'));
    outside = mkdtempSync(join(tmpdir(), 'pyrgos-outside-'));
  });
  afterEach(async () => {
    for (const server of open.splice(0)) await server.close();
    for (const folder of [directory, outside]) rmSync(folder, { recursive: true, force: true });
  });

  const configure = async (flags: Readonly<Record<string, string>> = {}): Promise<ServerConfig> => {
    const all = new Map(Object.entries({ port: '0', ...flags }));
    return (await loadConfig({ dataDirectory: directory, environment: {}, flags: all })).config;
  };
  const start = async (flags: Readonly<Record<string, string>> = {}, overrides: ServerOverrides = {}): Promise<RunningServer> => {
    const server = await startServer(await configure(flags), { pkiAlgorithms, ...overrides });
    open.push(server);
    return server;
  };
  const get = async (url: string): Promise<{ status: number; text: string }> => {
    const response = await fetch(url, { headers: { connection: 'close' } });
    return { status: response.status, text: await response.text() };
  };

  test('is healthy when it has started, keeps its identity, and lets go of everything', async () => {
    const first = await start();
    expect(first.localUrl).toBe(`http://localhost:${first.port}`);
    expect(await get(`${first.localUrl}/healthz`)).toMatchObject({ status: 200, text: 'ok\n' });
    expect(JSON.parse((await get(`${first.localUrl}/healthz/readiness`)).text)).toMatchObject({ ready: true, database: true, pki: true });
    const ids = async (server: RunningServer): Promise<string> => (await fetch(`${server.localUrl}/api/v0/ids`, { method: 'POST' })).text();
    const before = await ids(first);
    expect(before).toMatch(/^\{"IDS":\["z\w+"\]\}$/);
    expect(await findLockHolder(directory)).toMatchObject({ pid: process.pid, purpose: 'server' });
    await first.close();
    await first.close();
    await first.closed;
    expect(await findLockHolder(directory)).toBeUndefined();
    await expect(fetch(`${first.localUrl}/healthz`)).rejects.toThrow();
    expect(await ids(await start())).toBe(before);
  });

  test('keeps everything in the data directory, for the owner only', async () => {
    const server = await start();
    await server.close();
    expect((statSync(directory).mode & 0o777).toString(8)).toBe('700');
    const privately = ['config', 'pyrgos.sqlite', 'pki/secrets.json', 'pki/secret.key', 'logs/pyrgos.log'];
    for (const name of privately) expect((statSync(join(directory, name)).mode & 0o777).toString(8), name).toBe('600');
    const known = new Set([
      'config',
      'pki',
      'blocks',
      'logs',
      'lock',
      'reserve',
      'pyrgos.sqlite',
      'pyrgos.sqlite-shm',
      'pyrgos.sqlite-wal',
    ]);
    expect(readdirSync(directory).filter((name) => !known.has(name))).toEqual([]);
    expect(readFileSync(join(directory, 'logs/pyrgos.log'), 'utf8')).toContain('the server is ready');
  });

  test.each([
    ['gone', () => undefined],
    ['empty', () => writeFileSync(join(directory, 'pyrgos.sqlite'), '')],
  ])('a directory whose database is %s does not become a new server', async (_, damage) => {
    await (await start()).close();
    for (const name of readdirSync(directory).filter((it) => it.startsWith('pyrgos.sqlite'))) rmSync(join(directory, name));
    damage();
    for (let attempt = 0; attempt < 2; attempt++) {
      await expect(start()).rejects.toMatchObject({ code: 'storage', message: expect.stringContaining('pyrgos.sqlite-wal') });
    }
    for (const name of ['blocks', 'pki']) rmSync(join(directory, name), { recursive: true });
    await start();
  });

  test('the log of a database that is gone stays as it is: the database may come back', async () => {
    await (await start()).close();
    rmSync(join(directory, 'pyrgos.sqlite'));
    writeFileSync(join(directory, 'pyrgos.sqlite-wal'), 'what was written last');
    await expect(start()).rejects.toMatchObject({ code: 'storage', message: expect.stringContaining('pyrgos.sqlite-wal') });
    expect(readFileSync(join(directory, 'pyrgos.sqlite-wal'), 'utf8')).toBe('what was written last');
    expect(existsSync(join(directory, 'pyrgos.sqlite'))).toBe(false);
  });

  test.each([
    ['gone', () => rmSync(join(directory, 'pki'), { recursive: true })],
    ['damaged', () => writeFileSync(join(directory, 'pki', 'secret.key'), 'x')],
  ])('is not ready when its keys are %s: nobody can sign up', async (_, damage) => {
    await (await start()).close();
    damage();
    const server = await start();
    const { status, text } = await get(`${server.localUrl}/healthz/readiness`);
    expect([status, JSON.parse(text)]).toEqual([503, expect.objectContaining({ ready: false, database: true, pki: false })]);
    await vi.waitFor(() => expect(readFileSync(join(directory, 'logs', 'pyrgos.log'), 'utf8')).toContain('nobody can sign up'));
  });

  test('a second one on the same directory is refused and does no harm', async () => {
    const server = await start();
    await expect(startServer(await configure(), { pkiAlgorithms })).rejects.toMatchObject({
      code: 'storage',
      message: expect.stringContaining(String(process.pid)),
    });
    expect((await get(`${server.localUrl}/healthz`)).status).toBe(200);
  });

  test('a port that is taken is told with advice, and the directory is free again', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, 'localhost', resolve));
    const { port } = other.address() as AddressInfo;
    await expect(start({ port: String(port) })).rejects.toMatchObject({ code: 'network', message: expect.stringContaining('--port') });
    expect(await findLockHolder(directory)).toBeUndefined();
    await new Promise((resolve) => other.close(resolve));
    expect((await start({ port: String(port) })).port).toBe(port);
  });

  test('a host that is none of ours is told as such, and a first start that fails makes no server', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as AddressInfo;
    const failures: readonly (readonly [Readonly<Record<string, string>>, RegExp])[] = [
      // Of the documentation, and a name that no name server has.
      [{ 'listen-host': '192.0.2.1' }, /^192\.0\.2\.1 is not an address of this machine\. Choose another one with --listen-host\.$/u],
      [{ 'listen-host': 'nobody.invalid' }, /^nobody\.invalid is .*--listen-host\.$/u],
      [{ port: String(port) }, /^Port \d+ of 127\.0\.0\.1 is used by another program\. Choose another one with --port/u],
      [
        { 'collect-metrics': 'true', 'metrics.port': String(port) },
        /^The port for metrics, \d+ of 127\.0\.0\.1, is used by another program\. Choose another one with --metrics\.port/u,
      ],
      [{ 'collect-metrics': 'true', 'metrics.address': '192.0.2.1' }, /^192\.0\.2\.1, for metrics, is not .*--metrics\.address/u],
    ];
    for (const [flags, message] of failures) {
      await expect(start(flags)).rejects.toMatchObject({ code: 'network', message: expect.stringMatching(message) });
      expect(readdirSync(directory)).toEqual(['config']);
    }
    await new Promise((resolve) => other.close(resolve));
  });

  test('a web folder that is none is told as such, and a first start makes no server', async () => {
    for (const webroot of [join(directory, 'none'), join(directory, 'config')]) {
      await expect(start({ webroot })).rejects.toMatchObject({ code: 'format.config', message: expect.stringContaining(webroot) });
    }
    expect(readdirSync(directory)).toEqual(['config']);
  });

  test('after a run that was killed a start says what it has repaired', async () => {
    const log = (): string => readFileSync(join(directory, 'logs/pyrgos.log'), 'utf8');
    await (await start()).close();
    await (await start()).close();
    expect(log()).not.toContain('orderly way');
    // Of a process that is gone: another boot of this machine.
    const [boot, machine] = ['another', ownMark().machine];
    const holder = { pid: 1, boot, machine, purpose: 'server', socket: join(directory, 'lock', 'x.sock'), secret: 'x' };
    writeFileSync(join(directory, 'lock', 'x.json'), JSON.stringify(holder));
    writeFileSync(join(directory, 'blocks', '.tmp', '0123456789abcdef-7'), 'half a block');
    await (await start()).close();
    const line = log()
      .split('\n')
      .find((text) => text.includes('the last run did not end in an orderly way'));
    expect(JSON.parse(line ?? 'null')).toMatchObject({ temporaryFiles: 1, restoredBlocks: 0, openSignUps: 0 });
  });

  test('a database that cannot be used leaves nothing behind', async () => {
    writeFileSync(join(directory, 'pyrgos.sqlite'), 'somebody else\u2019s file\n'.repeat(300));
    await expect(start()).rejects.toMatchObject({ code: 'storage' });
    expect(await findLockHolder(directory)).toBeUndefined();
  });

  test('metrics, basic authentication and the public name do what the configuration says', async () => {
    const server = await start({ 'collect-metrics': 'true', 'metrics.port': '0', 'public-domain': 'files.example.org' });
    expect(server.url).toBe('https://files.example.org');
    expect((await get(`${server.localUrl}/healthz`)).status).toBe(200);
    expect((await get(server.metricsUrl!)).text).toContain('pyrgos_http_requests_total');
    await server.close();
    writeFileSync(join(directory, 'config'), 'basic-auth = me:sesame\n', { mode: 0o600 });
    const closed = await start();
    expect((await get(closed.localUrl)).status).toBe(401);
    await closed.close();
    expect(readFileSync(join(directory, 'logs/pyrgos.log'), 'utf8')).not.toContain('sesame');
  });

  test('metrics count what garbage collection does', async () => {
    const server = await start({ 'collect-metrics': 'true', 'metrics.port': '0' });
    await server.context.garbage.collect();
    const { text } = await get(server.metricsUrl!);
    expect(text).toContain('pyrgos_gc_runs_total 1\n');
    expect(text).toContain('pyrgos_gc_seconds_count 1\n');
    expect(text).toMatch(/^pyrgos_gc_longest_slice_seconds \d/mu);
    await server.close();
  });

  test('answers what is in flight when it stops, and takes nothing new', async () => {
    const server = await start();
    // A request whose body is not complete yet.
    const slow = request(`${server.localUrl}/api/v0/ids`, {
      method: 'POST',
      headers: { 'content-length': '1', connection: 'close', expect: '100-continue' },
    });
    const answered = new Promise<number>((resolve, reject) => {
      slow.on('response', (response) => {
        response.resume();
        response.on('end', () => resolve(response.statusCode ?? 0));
      });
      slow.on('error', reject);
    });
    const arrived = new Promise((resolve) => slow.once('continue', resolve));
    slow.flushHeaders();
    await arrived;
    const closing = server.close();
    await expect(fetch(`${server.localUrl}/healthz`)).rejects.toThrow();
    slow.end('x');
    expect(await answered).toBe(200);
    await closing;
  });

  test('cuts off what does not end', async () => {
    const server = await start({}, { drainMilliseconds: 50 });
    const hanging = connect(server.port, 'localhost');
    hanging.on('error', () => undefined);
    await new Promise((resolve) =>
      hanging.write('POST /api/v0/ids HTTP/1.1\r\nHost: localhost:1\r\nContent-Length: 9\r\n\r\nhalf', resolve),
    );
    await server.close();
    expect(existsSync(join(directory, 'pyrgos.sqlite-wal')) && statSync(join(directory, 'pyrgos.sqlite-wal')).size > 0).toBe(false);
  });

  test('stops when this machine asks it to', async () => {
    const server = await start();
    const response = await fetch(`${server.localUrl}/peergos/v0/stop/`, { method: 'POST' });
    expect(response.status).toBe(200);
    await server.closed;
    expect(await findLockHolder(directory)).toBeUndefined();
  });

  test('shows a sign-up link until somebody has signed up', async () => {
    const server = await start();
    const link = await signUpLinkAtStart(server.operator, false);
    expect(link?.link).toBe(`${server.url}/?signup=true&token=${link?.token}`);
    expect(await signUpLinkAtStart(server.operator, false)).toEqual(link);
    await server.operator.revokeToken(link!.token);
    expect((await signUpLinkAtStart(server.operator, false))?.token).not.toBe(link!.token);
    // A user, as the sign-up would make it.
    const crypto = await loadCrypto();
    const { hash } = SigningKeyPair.generate(crypto).publicKey;
    server.context.quotas.set('ann', 1000);
    await server.context.space.registerUser('ann', hash);
    expect(await signUpLinkAtStart(server.operator, false)).toBeUndefined();
    expect(await signUpLinkAtStart(server.operator, true)).toBeUndefined();
    for (const { token } of await server.operator.listTokens()) await server.operator.revokeToken(token);
    expect(await signUpLinkAtStart(server.operator, false)).toBeUndefined();
    expect(await signUpLinkAtStart(server.operator, true)).toBeDefined();
  });

  describe('the operator', () => {
    const everything = async (config: ServerConfig, isRemote: boolean): Promise<void> => {
      const opened = await openOperator(config, { logger: quiet, overrides: { pkiAlgorithms } });
      try {
        expect(opened.isRemote).toBe(isRemote);
        const { operator } = opened;
        const made = await operator.createTokens(3);
        expect(made).toHaveLength(3);
        const listed = await operator.listTokens();
        expect(listed.map(({ token }) => token)).toEqual(expect.arrayContaining(made.map(({ token }) => token)));
        expect(await operator.revokeToken(made[0]!.token)).toBe(true);
        expect(await operator.revokeToken(made[0]!.token)).toBe(false);
        await expect(operator.createTokens(0)).rejects.toMatchObject({ code: 'argument' });
        expect(await operator.listUsers()).toEqual([{ name: 'ann', quota: 1000, used: 0 }]);
        await operator.setQuota('ann', 2000);
        expect(await operator.listUsers()).toMatchObject([{ quota: 2000 }]);
        await operator.setQuota('ann', 1000);
        for (const call of [
          operator.setQuota('nobody', 1),
          operator.deleteUser('constructor'),
          operator.sendMessage('nobody', 'x'),
          operator.readMessages('nobody'),
          operator.approveRequest('ann'),
          operator.rejectRequest('ann'),
        ]) {
          await expect(call).rejects.toMatchObject({ code: 'not-found.user' });
        }
        expect(await operator.listRequests()).toEqual([]);
        await operator.sendMessage('ann', 'hello\nann');
        expect((await operator.readMessages('ann')).at(-1)).toMatchObject({ from: 'server', body: 'hello\nann' });
        // Folders above it that are not there are made.
        const target = join(outside, 'above', `backup-${String(isRemote)}`);
        expect(await operator.backUp(target)).toMatchObject({ folder: target });
        expect(readdirSync(target).toSorted()).toEqual(['blocks.car', 'config', 'state.json', 'state.json.sha256']);
        await expect(operator.backUp(target)).rejects.toMatchObject({ code: 'storage' });
        await expect(operator.backUp(join(directory, 'blocks', 'mine'))).rejects.toMatchObject({
          code: 'storage',
          message: expect.stringContaining('inside the data directory'),
        });
        await expect(operator.backUp('relative')).rejects.toMatchObject({ code: 'argument' });
      } finally {
        await opened.close();
      }
    };
    const addAnn = async ({ context }: RunningServer): Promise<void> => {
      context.quotas.set('ann', 1000);
      await context.space.registerUser('ann', SigningKeyPair.generate(await loadCrypto()).publicKey.hash);
    };

    test('can do the same with a running server and without one', async () => {
      const server = await start();
      await addAnn(server);
      const config = await configure();
      await everything(config, true);
      expect((await get(`${server.localUrl}/healthz`)).status).toBe(200);
      await server.close();
      await everything(config, false);
      expect(await findLockHolder(directory)).toBeUndefined();
    });

    test('deletes an account', async () => {
      const server = await start();
      await addAnn(server);
      await server.operator.deleteUser('ann');
      expect(await server.operator.listUsers()).toEqual([]);
      await expect(server.operator.deleteUser('ann')).rejects.toMatchObject({ code: 'not-found.user' });
    });

    test('is not called without the secret, with nonsense, or for what does not exist', async () => {
      await start();
      const { secret, socket } = (await findLockHolder(directory))!;
      const call = async (line: string): Promise<string> =>
        new Promise((resolve) => {
          let answer = '';
          const connection = connect(socket);
          connection.on('data', (chunk) => (answer += chunk.toString()));
          connection.on('close', () => resolve(answer));
          connection.on('error', () => undefined);
          connection.write(line);
        });
      const message = (given: object): string => `${JSON.stringify({ secret, operation: 'listTokens', parameters: [], ...given })}\n`;
      expect(JSON.parse(await call(message({})))).toEqual({ result: [] });
      expect(JSON.parse(await call(message({ secret: 'x' })))).toMatchObject({ error: { code: 'denied.admin' } });
      for (const operation of ['constructor', 'toString', 'close', '__proto__']) {
        expect(JSON.parse(await call(message({ operation })))).toMatchObject({ error: { code: 'argument' } });
      }
      for (const parameters of [[], ['1'], [1.5], [null]]) {
        expect(JSON.parse(await call(message({ operation: 'createTokens', parameters })))).toMatchObject({ error: { code: 'argument' } });
      }
      for (const line of ['\n', '{}\n', 'null\n', '{"secret":1}\n', 'not json\n']) expect(await call(line)).toContain('"error"');
      expect(await call('x'.repeat(200_000))).toBe('');
    });
  });
});
