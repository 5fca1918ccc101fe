import { afterEach, describe, expect, test } from 'vitest';
import { eventually, OWNER, RawClient, testApp } from '../../test/http/http-world.js';
import { type Script, scriptedServices } from '../../test/http/scripted-services.js';
import { addressGroup } from './connection-room.js';
import { type HttpServer, type HttpServerOptions, startHttpServer } from './http-server.js';

let servers: HttpServer[] = [];
let clients: RawClient[] = [];
afterEach(async () => {
  for (const client of clients) client.destroy();
  await Promise.all(servers.map(async (server) => server.close(0)));
  servers = [];
  clients = [];
});

async function start(options: Partial<HttpServerOptions>, script: Script = {}): Promise<number> {
  const server = await startHttpServer(testApp(scriptedServices(script)), { host: '127.0.0.1', ...options, port: 0 });
  servers.push(server);
  return server.port;
}

async function raw(port: number, ...text: string[]): Promise<RawClient> {
  const client = await RawClient.open(port);
  clients.push(client);
  for (const part of text) client.send(part);
  return client;
}

const HALF = 'POST /api/v0/id HTTP/1.1\r\nX-A: b';
const whole = (port: number): string => `POST /api/v0/id HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`;
const slow = (port: number): string => `POST /api/v0/transaction/start?owner=${OWNER} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`;

/** Asks on a connection of its own until one is accepted. */
async function ask(port: number, path: string): Promise<string> {
  for (;;) {
    const client = await RawClient.open(port);
    client.send(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: close\r\n\r\n`);
    const answer = await client.closed();
    if (answer !== '') return answer;
  }
}

describe('connections whose headers do not end', () => {
  test('make room when they are scarce', async () => {
    const port = await start({ maxConnections: 40, maxUnfinishedPerAddress: 40, headersPatience: 50 });
    const open = await Promise.all(Array.from({ length: 40 }, async () => raw(port, HALF)));
    await Promise.race(open.map(async (client) => client.closed()));
    expect(await ask(port, '/healthz')).toMatch(/^HTTP\/1\.1 200 /u);
    // Those beyond nine tenths have to go as well, although nobody else comes.
    await eventually(() => open.filter(({ socket }) => !socket.destroyed).length < 36);
  });

  test('make room for somebody new, the oldest first, however short they have been there', async () => {
    const port = await start({ maxConnections: 20, maxUnfinishedPerAddress: 20, headersPatience: 3_600_000 });
    const open: RawClient[] = [];
    for (let i = 0; i < 30; i++) open.push(await raw(port, HALF));
    expect(await ask(port, '/healthz')).toMatch(/^HTTP\/1\.1 200 /u);
    // One place in twenty is kept free: twelve had to go for those that came after them, and one for us.
    await eventually(() => open.filter(({ socket }) => socket.destroyed).length >= 13);
    expect(open.map(({ socket }) => socket.destroyed)).toEqual(open.map((_client, i) => i < 13));
    expect(open.at(-1)?.text).toBe('');
  });

  test('also those that have sent a whole request before', async () => {
    const port = await start({ maxConnections: 20, maxUnfinishedPerAddress: 20, headersPatience: 50 });
    const open = await Promise.all(Array.from({ length: 17 }, async () => raw(port, whole(port))));
    for (const client of open) await client.until((text) => text.includes('}'));
    for (const client of open) client.send(HALF);
    await raw(port, HALF);
    await Promise.race(open.map(async (client) => client.closed()));
    expect(await ask(port, '/healthz')).toMatch(/^HTTP\/1\.1 200 /u);
  });

  test('harm nobody whose request is being answered', async () => {
    let release: (text: string) => void = () => undefined;
    const gate = new Promise<string>((resolve) => {
      release = resolve;
    });
    const port = await start(
      { maxConnections: 20, maxUnfinishedPerAddress: 20, headersPatience: 20 },
      { blocks: { startTransaction: async () => gate } },
    );
    // The second of two requests that were sent at once is still open when the first is answered.
    const busy = await Promise.all(Array.from({ length: 10 }, async () => raw(port, whole(port), slow(port))));
    for (const client of busy) await client.until((text) => text.includes('}'));
    const open: RawClient[] = [];
    for (let i = 0; i < 30; i++) open.push(await raw(port, HALF));
    await eventually(() => open.filter(({ socket }) => socket.destroyed).length > 20);
    release('done');
    for (const client of busy) expect(await client.until((text) => text.endsWith('done'))).toMatch(/done$/u);
  });

  test('are bounded for one address, and give way to those of others who share it', async () => {
    const port = await start({ maxConnections: 100, maxUnfinishedPerAddress: 10 });
    const used = await Promise.all(Array.from({ length: 20 }, async () => raw(port, whole(port))));
    for (const client of used) await client.until((text) => text.includes('}'));
    const open: RawClient[] = [];
    for (let i = 0; i < 25; i++) open.push(await raw(port, HALF));
    await eventually(() => open.filter(({ socket }) => socket.destroyed).length === 15);
    expect(open.map(({ socket }) => socket.destroyed)).toEqual(open.map((_client, i) => i < 15));
    expect(await ask(port, '/healthz')).toMatch(/^HTTP\/1\.1 200 /u);
    // Connections that have been used and wait for their next request count nothing.
    expect(used.filter(({ socket }) => socket.destroyed)).toEqual([]);
  });

  test('that are finished in time are answered', async () => {
    const port = await start({ maxConnections: 20, headersPatience: 3_600_000 });
    const client = await raw(port, 'POST /api/v0/id HTTP/1.1\r\nHost: 127.0');
    client.send(`.0.1:${port}\r\n\r\n`);
    expect(await client.until((text) => text.includes('}'))).toMatch(/^HTTP\/1\.1 200 /u);
  });
});

test.each([
  ['10.0.0.1', '10.0.0.1'],
  ['::ffff:10.0.0.1', '10.0.0.1'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
  ['2001:db8::1', '2001:db8:0:0'],
  ['2001:db8:1:2::', '2001:db8:1:2'],
  ['fe80::1%eth0', 'fe80:0:0:0'],
  ['::1', '0:0:0:0'],
  ['', ''],
])('%s belongs to %s', (address, group) => {
  expect(addressGroup(address)).toBe(group);
});
