import { existsSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SpaceRequest } from '@pyrgos/core/accounts';
import { toHex } from '@pyrgos/core/bytes';
import { loadCrypto, type CryptoProvider } from '@pyrgos/core/crypto';
import { ScryptSecretGeneration, type SigningKeyPair } from '@pyrgos/core/keys';
import { PointerUpdate } from '@pyrgos/core/model';
import { type NewAccount, WireClient } from '@pyrgos/testkit/server';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { loadConfig } from '../config/load-config.js';
import { createLogger } from '../logger.js';
import { type RunningServer, startServer } from '../server.js';
import { LocalOperator } from './local-operator.js';
import { openOperator } from './open-operator.js';
import type { Operator } from './operator.js';

const QUOTA = 5000;
const pkiAlgorithms = {
  identity: ScryptSecretGeneration.of({ logN: 15 }),
  keyFile: ScryptSecretGeneration.of({ logN: 15, length: 32 }),
};

/** The operator of a running server, in its process and over its socket, with accounts that people have made. */
describe.each([['here'], ['over the socket']])('an operator %s', (place) => {
  let crypto: CryptoProvider;
  let directory: string;
  let server: RunningServer;
  let client: WireClient;
  let operator: Operator;
  let names = 0;
  let logged = '';
  const log = { write: (line: string) => (logged += line) };
  let account: NewAccount;
  beforeAll(async () => {
    crypto = await loadCrypto();
    directory = mkdtempSync(join(tmpdir(), 'pyrgos-operator-'));
    const flags = new Map(Object.entries({ port: '0', 'max-users': '100', 'default-quota': String(QUOTA) }));
    const { config } = await loadConfig({ dataDirectory: directory, environment: {}, flags });
    server = await startServer(config, { pkiAlgorithms, logger: createLogger({ level: 'info', console: log }).logger });
    client = new WireClient(server.localUrl, crypto);
    operator = place === 'here' ? server.operator : (await openOperator(config)).operator;
  });
  afterAll(async () => {
    client.close();
    await server.close();
    rmSync(directory, { recursive: true, force: true });
  });
  beforeEach(async () => {
    account = await client.signUp(`kid-${++names}`);
  });

  const ask = async (bytes: number, time = Date.now()): Promise<void> => {
    const signed = SpaceRequest.of({ username: account.username, bytes, time }).sign(crypto, account.identity.secretKey);
    await client.call(`peergos/v0/storage/request?owner=${account.identity.publicKey.hash.toString()}&req=${toHex(signed)}`);
  };
  const waiting = async (): Promise<readonly number[]> =>
    (await operator.listRequests()).filter(({ username }) => username === account.username).map(({ bytes }) => bytes);
  const quota = (): number | undefined => server.context.quotas.get(account.username);
  const empty = async ({ publicKey, signer }: SigningKeyPair): Promise<void> => {
    const current = await client.getPointer(account, signer);
    const { body, path } = client.setPointerCall(account, signer, PointerUpdate.next(current, undefined));
    expect([publicKey.hash.toString(), ...(await client.call(path, body))]).toEqual([publicKey.hash.toString(), 1]);
  };

  test('sees the last wish of a user, and what it has', async () => {
    const now = Date.now();
    await ask(8000, now);
    await ask(7000, now + 1);
    expect(await operator.listRequests()).toContainEqual({ username: account.username, bytes: 7000, quota: QUOTA, claimedTime: now + 1 });
  });

  test('grants a wish as it is, or another size', async () => {
    await ask(7000);
    expect(await operator.approveRequest(account.username)).toEqual({ bytes: 7000, requested: 7000 });
    expect([quota(), await waiting()]).toEqual([7000, []]);
    await ask(90_000);
    expect(await operator.approveRequest(account.username, 8000)).toEqual({ bytes: 8000, requested: 90_000 });
    expect([quota(), await waiting()]).toEqual([8000, []]);
    await expect(operator.approveRequest(account.username)).rejects.toMatchObject({ code: 'not-found.user' });
  });

  test('refuses a wish, and may be asked again', async () => {
    await ask(7000);
    expect(await operator.rejectRequest(account.username)).toBe(7000);
    expect([quota(), await waiting()]).toEqual([QUOTA, []]);
    await expect(operator.rejectRequest(account.username)).rejects.toMatchObject({ code: 'not-found.user' });
    await ask(6000);
    expect(await waiting()).toEqual([6000]);
  });

  test('a new quota settles a wish', async () => {
    await ask(7000);
    expect(await operator.setQuota(account.username, 6000)).toMatchObject({ bytes: 6000, requested: 7000 });
    expect([quota(), await waiting()]).toEqual([6000, []]);
    expect((await operator.setQuota(account.username, 6500)).requested).toBeUndefined();
  });

  test('promises more than the disk has only on purpose', async () => {
    const much = 2 ** 52;
    await ask(much);
    for (const call of [operator.approveRequest(account.username), operator.setQuota(account.username, much)]) {
      await expect(call).rejects.toMatchObject({ code: 'storage', message: expect.stringMatching(/4504 TB more.* free.*--yes/u) });
    }
    expect([quota(), await waiting()]).toEqual([QUOTA, [much]]);
    await operator.approveRequest(account.username, undefined, { isSure: true });
    expect(quota()).toBe(much);
    // Less is always possible.
    await operator.setQuota(account.username, much - 1);
  });

  test.each(['backUp', 'collectGarbage'] as const)('%s is cancelled, and nothing is left', async (operation) => {
    const backups = mkdtempSync(join(tmpdir(), 'pyrgos-backup-'));
    const target = join(backups, 'b');
    const spy = vi.spyOn(LocalOperator.prototype, operation);
    // Both wait until others let garbage collection go on.
    const release = await server.context.garbage.suspend();
    try {
      const controller = new AbortController();
      const { signal } = controller;
      const call = operation === 'backUp' ? operator.backUp(target, undefined, signal) : operator.collectGarbage(signal);
      const failure = call.catch((error: unknown) => error);
      await vi.waitUntil(() => spy.mock.calls.length > 0, { timeout: 60_000 });
      const seen = spy.mock.lastCall?.at(-1) as AbortSignal;
      const isSeen = new Promise((resolve) => {
        seen.addEventListener('abort', resolve);
      });
      controller.abort();
      await isSeen;
      release();
      expect(await failure).toMatchObject({ code: 'aborted' });
      expect([existsSync(target), readdirSync(backups)]).toEqual([false, []]);
    } finally {
      release();
      spy.mockRestore();
      rmSync(backups, { recursive: true, force: true });
    }
  });

  test('sets a quota below what is stored only on purpose', async () => {
    const call = operator.setQuota(account.username, 20);
    await expect(call).rejects.toMatchObject({ code: 'storage', message: expect.stringMatching(/stores .* with 20 B .*--yes/u) });
    await ask(20);
    await expect(operator.approveRequest(account.username)).rejects.toMatchObject({ code: 'storage' });
    expect(quota()).toBe(QUOTA);
    await operator.setQuota(account.username, 20, { isSure: true });
    expect(quota()).toBe(20);
  });

  test('what it changes is in the log, without tokens', async () => {
    logged = '';
    const { token } = (await operator.createTokens(1))[0] ?? { token: '' };
    await operator.revokeToken(token);
    await operator.setQuota(account.username, 6000);
    await ask(7000);
    await operator.rejectRequest(account.username);
    await operator.deleteUser(account.username);
    for (const what of ['links were made', 'link was revoked', 'quota was set', 'request for space was refused', 'account was deleted']) {
      expect(logged).toContain(what);
    }
    expect(logged).toContain(account.username);
    expect(logged).not.toContain(token);
  });

  test('tells that the server is not ready, and why', async () => {
    const gone = join(directory, 'gone');
    expect((await operator.status()).health.pki).toBe(true);
    renameSync(join(directory, 'pki'), gone);
    try {
      // It remembers for a moment.
      await vi.waitUntil(async () => !(await operator.status()).health.pki, { timeout: 60_000, interval: 200 });
    } finally {
      renameSync(gone, join(directory, 'pki'));
    }
    await vi.waitUntil(async () => (await operator.status()).health.pki, { timeout: 60_000, interval: 200 });
  });

  test('tells how the server is', async () => {
    const before = await operator.status();
    await ask(7000);
    await operator.createTokens(2);
    await server.context.garbage.collect();
    const after = await operator.status();
    expect(after).toMatchObject({
      dataDirectory: directory,
      url: server.url,
      process: { pid: process.pid, localUrl: server.localUrl, collection: { failures: 0 } },
      accounts: (await operator.listUsers()).length,
      health: { database: true },
      requests: before.requests + 1,
      tokens: before.tokens + 2,
    });
    expect(after.stored).toBeGreaterThan(0);
    expect(after.disk.size).toBeGreaterThan(after.disk.free);
  });

  test('an account that its owner has deleted is gone at once, with its last wish', async () => {
    await empty(account.home);
    await ask(1_000_000);
    await empty(account.identity);
    expect((await operator.listUsers()).map(({ name }) => name)).not.toContain(account.username);
    expect(await waiting()).toEqual([]);
    await expect(operator.setQuota(account.username, 1)).rejects.toMatchObject({ code: 'not-found.user' });
    expect(quota()).toBe(QUOTA);
    await server.context.garbage.collect();
    expect([quota(), server.context.requests.get(account.username)]).toEqual([undefined, undefined]);
  });

  test('an account that its owner has deleted can be deleted for good before that', async () => {
    await empty(account.identity);
    await operator.deleteUser(account.username);
    expect(quota()).toBeUndefined();
  });
});
