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
  daemon = await startDaemonProcess({ 'max-users': '2', 'default-quota': String(QUOTA) });
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
  // Two limits end it, both exact: what fits into the quota, and one quota of uploads a day, a quarter beside it, and a sixteenth of it for small requests as these
  // are, where the request that crosses it still passes.
  expect(accepted).toBeGreaterThanOrEqual(Math.floor((QUOTA - before) / BLOCK));
  expect(accepted).toBeLessThanOrEqual(Math.floor((QUOTA + QUOTA / 4 + QUOTA / 16) / BLOCK) + 1);
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

/** Opens connections that announce a body, send a part of it and then say nothing, and does so again and again for those that are closed. */
class Silent {
  private readonly sockets = new Set<Socket>();
  private isOver = false;

  constructor(
    private readonly path: string,
    private readonly announced: number,
    private readonly sent: number,
  ) {}

  /** Resolves when each of them has been sent what it says. */
  async open(count: number): Promise<void> {
    await Promise.all(
      Array.from(
        { length: count },
        async () =>
          new Promise<void>((resolve) => {
            this.one(resolve);
          }),
      ),
    );
  }

  private one(sent: () => void): void {
    const { hostname, port } = new URL(daemon.url);
    const socket = connect(Number(port), hostname);
    this.sockets.add(socket);
    socket.on('error', () => undefined);
    socket.resume();
    socket.on('close', () => {
      this.sockets.delete(socket);
      sent();
      if (!this.isOver) this.one(sent);
    });
    socket.write(`POST /${this.path} HTTP/1.1\r\nHost: localhost:${port}\r\nContent-Length: ${this.announced}\r\n\r\n`);
    socket.write(new Uint8Array(this.sent), sent);
  }

  close(): void {
    this.isOver = true;
    for (const socket of this.sockets) socket.destroy();
  }
}

test('strangers who announce large bodies and fall silent keep nobody from uploading or signing up', { timeout: 120_000 }, async () => {
  const crypto = await loadCrypto();
  const client = new WireClient(daemon.url, crypto);
  const account = await client.signUp('alice');
  const writer = account.home.signer;
  const transaction = await client.startTransaction(account);
  // Whose keys these are anybody can ask.
  const { path: upload } = client.putCall(account, writer, [new Uint8Array(1)], true, transaction);
  const crowds = [
    new Silent('peergos/v0/core/signup/', 4_000_000, 40_000),
    new Silent('peergos/v0/core/signup/', 80_000, 70_000),
    new Silent('peergos/v0/core/updateChain/', 500_000, 300_000),
    new Silent(upload, 4_000_000, 40_000),
    new Silent(upload, 4_000_000, 150_000),
  ];
  for (const crowd of crowds) {
    await crowd.open(150);
    for (let i = 0; i < 3; i++) {
      await client.put(account, writer, [new Uint8Array(randomBytes(300_000))], true, transaction);
    }
  }
  await client.signUp('bob');
  const peak = await peakMemory();
  if (peak !== undefined) expect(peak).toBeLessThan(MEMORY_BOUND);
  for (const crowd of crowds) crowd.close();
  client.close();
});
