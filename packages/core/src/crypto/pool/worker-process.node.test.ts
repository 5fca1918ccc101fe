import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { createCryptoPool } from './crypto-pool.js';
import type { JobRequest } from './protocol.js';
import { spawnWorker } from './spawn.node.js';

test('a real worker that stops is reported once', async () => {
  const reasons: string[] = [];
  await new Promise<void>((resolve) => {
    const worker = spawnWorker({
      onResponse: () => undefined,
      onFailure: (reason) => {
        reasons.push(reason);
        setTimeout(resolve, 50);
      },
    });
    // No request at all: the loop of the worker cannot even answer.
    worker?.hold(true);
    worker?.post(null as unknown as JobRequest, []);
  });
  expect(reasons).toHaveLength(1);
});

test('shared memory is copied even with consume', async () => {
  const pool = createCryptoPool({ size: 1 });
  try {
    const shared = new Uint8Array(new SharedArrayBuffer(64));
    expect(await pool.sha256(shared, { consume: true })).toEqual(await pool.sha256(new Uint8Array(64)));
    expect(shared.byteLength).toBe(64);
  } finally {
    await pool.close();
  }
});

test('neither an idle pool nor a finished or cancelled scrypt keeps the process alive', async () => {
  const dist = new URL('../../../dist/crypto/pool/', import.meta.url).href;
  const program = `
    const { createCryptoPool } = await import('${dist}crypto-pool.js');
    const { scryptOffThread } = await import('${dist}scrypt.js');
    const one = Uint8Array.of(1), parameters = { logN: 14, r: 8, p: 1, length: 32 };
    const pool = createCryptoPool({ size: 2, backend: 'portable' });
    const hash = await pool.sha256(one);
    const key = await scryptOffThread(one, one, parameters);
    const controller = new AbortController();
    const cancelled = scryptOffThread(one, one, { ...parameters, logN: 17 }, { signal: controller.signal });
    setTimeout(() => controller.abort(), 20);
    const code = await cancelled.catch((error) => error.code);
    process.stdout.write([hash.length, key.length, code].join());`;
  // Killed, and so rejected, when it does not end by itself.
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program], { timeout: 50_000 });
  expect(stdout).toBe('32,32,aborted');
});
