import { connect as tcp, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { FilesWorld } from '../../test/files-world.js';
import { connectForSites, type Gateway, type GatewayOptions, startGateway } from './gateway.js';

// What strangers can do to a gateway with connections and requests of their own making.

const MINUTE = 60_000;
let world: FilesWorld;
let gateway: Gateway;
const sockets: Socket[] = [];

beforeAll(async () => {
  world = await FilesWorld.start({});
  const { files, publishing } = world.session;
  await files.makeDirectory('/ada/site', { parents: true });
  await files.write('/ada/site/notes.txt', '0123456789');
  await publishing.publishWebRoot('/ada/site');
}, 2 * MINUTE);
afterAll(async () => world.stop());
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await gateway.close();
});

async function start(options: Partial<GatewayOptions> = {}): Promise<void> {
  const server = await connectForSites(world.server);
  gateway = await startGateway({
    server,
    domain: 'sites.localhost',
    host: '127.0.0.1',
    port: 0,
    strictTransportSecurity: false,
    ...options,
  });
}

/** A connection on which this was sent; resolves when it is there. */
async function open(text: string): Promise<Socket> {
  return new Promise((resolve) => {
    const socket = tcp(gateway.port, '127.0.0.1');
    sockets.push(socket);
    socket.on('error', () => undefined);
    socket.once('connect', () => socket.write(text, () => resolve(socket)));
  });
}

/** Everything that comes back until the connection ends. */
async function answerTo(text: string): Promise<string> {
  const socket = tcp(gateway.port, '127.0.0.1');
  sockets.push(socket);
  return new Promise((resolve) => {
    let answer = '';
    socket.on('data', (data) => (answer += data.toString('latin1')));
    socket.on('error', () => undefined);
    socket.once('close', () => resolve(answer));
    socket.write(text);
  });
}

const HOST = 'Host: ada.sites.localhost\r\nConnection: close\r\n';
const honest = async (): Promise<string> => answerTo(`GET /notes.txt HTTP/1.1\r\n${HOST}\r\n`);

describe('connections', () => {
  test('one client that never finishes its headers keeps nobody out', { timeout: MINUTE }, async () => {
    await start({ maxConnections: 40 });
    for (let i = 0; i < 100; i++) await open('GET / HTTP/1.1\r\nX-a: ');
    for (let i = 0; i < 3; i++) expect(await honest()).toMatch(/^HTTP\/1.1 200 [^]*0123456789$/u);
  });

  test('headers that do not come are waited for no longer than is said', { timeout: 20_000 }, async () => {
    await start({ headersTimeout: 200 });
    expect(await answerTo('GET / HTTP/1.1\r\nX-a: ')).toMatch(/^HTTP\/1.1 408 [^]*x-content-type-options: nosniff/u);
  });
});

describe('requests', () => {
  test.each([
    ['a whole address as target', 'GET http://ada.sites.localhost/notes.txt HTTP/1.1\r\nHost: ada.sites.localhost\r\n'],
    [
      'which counts more than the Host header',
      'GET HTTP://ADA.sites.localhost:80/notes.txt?a HTTP/1.1\r\nHost: nobody.sites.localhost\r\n',
    ],
    ['a dot at the end of the host', 'GET /notes.txt HTTP/1.1\r\nHost: ada.sites.localhost.\r\n'],
  ])('%s', async (_, text) => {
    await start();
    expect(await answerTo(`${text}Connection: close\r\n\r\n`)).toMatch(/^HTTP\/1.1 200 [^]*0123456789$/u);
  });

  test.each([
    ['http://nobody.sites.localhost/notes.txt', 404],
    ['http://x@ada.sites.localhost/notes.txt', 404],
    ['http:///notes.txt', 404],
    ['http://ada.sites.localhost', 404],
    ['ftp://ada.sites.localhost/notes.txt', 404],
  ])('%s has no page', async (target, status) => {
    await start();
    expect(await answerTo(`GET ${target} HTTP/1.1\r\n${HOST}\r\n`)).toMatch(new RegExp(`^HTTP/1.1 ${status} `, 'u'));
  });

  test.each([
    ['what is no request', 'nonsense\r\n\r\n', 400],
    ['two lengths', `GET / HTTP/1.1\r\n${HOST}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, 400],
    ['too much of it', `GET / HTTP/1.1\r\n${HOST}X-a: ${'a'.repeat(20_000)}\r\n\r\n`, 431],
    ['an expectation', `GET / HTTP/1.1\r\n${HOST}Expect: nonsense\r\n\r\n`, 417],
  ])('%s is refused with the headers of every answer', async (_, text, status) => {
    await start();
    const answer = await answerTo(text);
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `, 'u'));
    for (const name of ['content-security-policy', 'x-content-type-options', 'x-frame-options', 'referrer-policy'])
      expect(answer.toLowerCase()).toContain(`\r\n${name}: `);
  });
});
