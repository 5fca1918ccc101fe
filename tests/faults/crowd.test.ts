/** A thousand clients at once, and clients that hang half-way: everybody is served, quota is exact, memory stays bounded. */
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { loadCrypto } from '@pyrgos/core/crypto';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type DaemonProcess, startDaemonProcess, WireClient, WireError } from '@pyrgos/testkit/server';

const CLIENTS = 1000;
const BLOCK = 64 * 1024;
const QUOTA = 40 * 1024 * 1024;
/** Bytes. The idle server takes some 100 MiB; every client may have a body in flight. */
const MEMORY_BOUND = 700 * 1024 * 1024;

let daemon: DaemonProcess;
beforeEach(async () => {
  daemon = await startDaemonProcess({ 'max-users': '1', 'default-quota': String(QUOTA) });
}, 180_000);
afterEach(async () => {
  await daemon.stop();
}, 60_000);

/** The largest resident size so far, in bytes; undefined where the system does not tell. */
async function peakMemory(): Promise<number | undefined> {
  try {
    const status = await readFile(`/proc/${daemon.pid}/status`, 'utf8');
    return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
  } catch {
    return undefined;
  }
}

test('a thousand clients upload at once: exactly the quota is accepted', { timeout: 120_000 }, async () => {
  const crypto = await loadCrypto();
  const first = new WireClient(daemon.url, crypto);
  const account = await first.signUp('alice');
  const writer = account.home.signer;
  const before = await first.usage(account, true);
  const transaction = await first.startTransaction(account);
  const clients = Array.from({ length: CLIENTS }, () => new WireClient(daemon.url, crypto, 1));
  const results = await Promise.allSettled(
    clients.map(async (client) => client.put(account, writer, [new Uint8Array(randomBytes(BLOCK))], true, transaction)),
  );
  const accepted = results.filter(({ status }) => status === 'fulfilled').length;
  for (const result of results) {
    if (result.status === 'fulfilled') continue;
    expect(result.reason).toBeInstanceOf(WireError);
    expect((result.reason as WireError).text).toMatch(/^(?:Storage quota reached!|Upload bandwidth exceeded)/);
  }
  // Two limits end it, both exact: what fits into the quota, and one quota of uploads a day, where the request that crosses it still passes.
  expect(accepted).toBeGreaterThanOrEqual(Math.floor((QUOTA - before) / BLOCK));
  expect(accepted).toBeLessThanOrEqual(Math.floor(QUOTA / BLOCK) + 1);
  expect(await first.usage(account)).toBe(before);
  const peak = await peakMemory();
  if (peak !== undefined) expect(peak).toBeLessThan(MEMORY_BOUND);
  for (const client of [first, ...clients]) client.close();
});

test('clients that send half a request and fall silent do not keep others from being served', { timeout: 120_000 }, async () => {
  const crypto = await loadCrypto();
  const { hostname, port } = new URL(daemon.url);
  const silent: Socket[] = [];
  for (let i = 0; i < 300; i++) {
    const socket = connect(Number(port), hostname);
    socket.on('error', () => undefined);
    const head = i % 3 === 0 ? 'POST /api/v0/id HT' : `POST /api/v0/block/put/bulk?format=raw HTTP/1.1\r\nHost: localhost:${port}\r\n`;
    socket.write(i % 3 === 2 ? `${head}Content-Length: 1000000\r\n\r\nhalf a body` : head);
    silent.push(socket);
  }
  const client = new WireClient(daemon.url, crypto);
  const account = await client.signUp('alice');
  const writer = client.homeWriter(account);
  const reached = await client.commit(account, writer, [new Uint8Array(randomBytes(BLOCK))]);
  for (const cid of reached) expect(await client.get(account, cid)).toBeDefined();
  const peak = await peakMemory();
  if (peak !== undefined) expect(peak).toBeLessThan(MEMORY_BOUND);
  for (const socket of silent) socket.destroy();
  client.close();
});
