import { once } from 'node:events';
import { get, request } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { decodeTrailer } from '@pyrgos/core/api';
import { pino } from 'pino';
import { DeniedError, PyrgosError } from '@pyrgos/core/errors';
import { OWNER, RawClient, testApp, eventually } from '../../test/http/http-world.js';
import { type Script, scriptedServices } from '../../test/http/scripted-services.js';
import { CHAMP_ANSWER_MEMORY, DOWNLOAD_MEMORY, MAX_BODIES_UNDER_WAY, MAX_PUT_BODY_SIZE, MAX_REQUESTS_IN_FLIGHT } from '../limits.js';
import type { HttpApp } from './http-app.js';
import type { HttpOptions } from './http-options.js';
import { type HttpServer, type HttpServerOptions, startHttpServer } from './http-server.js';

const CID = 'zb2rhZfjRh2FHHB2RkHVEvL2vJnCTcu7kwRqgVsf9gpkLgteo';
const GET_BLOCK = `/api/v0/block/get?arg=${CID}&owner=${OWNER}`;
const SET_POINTER = `/peergos/v0/mutable/setPointer?owner=${OWNER}&writer=${OWNER}`;
const PUT = `/api/v0/block/put/bulk?format=raw&owner=${OWNER}&transaction=t&writer=${OWNER}`;

let servers: HttpServer[] = [];
let clients: RawClient[] = [];
afterEach(async () => {
  for (const client of clients) client.destroy();
  await Promise.all(servers.map(async (server) => server.close(0)));
  servers = [];
  clients = [];
});

async function start(
  script: Script = {},
  options: Partial<HttpServerOptions> & Partial<HttpOptions> = {},
): Promise<{ readonly app: HttpApp; readonly server: HttpServer; readonly port: number }> {
  const app = testApp(scriptedServices(script), options);
  const server = await startHttpServer(app, { host: '127.0.0.1', ...options, port: 0 });
  servers.push(server);
  return { app, server, port: server.port };
}

async function raw(port: number): Promise<RawClient> {
  const client = await RawClient.open(port);
  clients.push(client);
  return client;
}

/** Sends a request line and headers, with the Host that the server wants, and reads to the end of the connection. */
async function exchange(port: number, line: string, headers: readonly string[] = [], body = ''): Promise<string> {
  const client = await raw(port);
  client.send([line, `Host: 127.0.0.1:${port}`, 'Connection: close', ...headers, '', body].join('\r\n'));
  return client.closed();
}

const statusOf = (answer: string): number => Number(answer.slice(9, 12));

describe('one connection', () => {
  test('an answer of the API has a length, and no type', async () => {
    const { port } = await start();
    const answer = await exchange(port, 'POST /api/v0/id HTTP/1.1', ['Content-Length: 0']);
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/u);
    expect(answer).toMatch(/\r\nContent-Length: 64\r\n/iu);
    expect(answer).not.toMatch(/\r\ncontent-type:/iu);
    expect(answer).toMatch(/\r\n\r\n\{"ID":"z5Aan\w+"\}$/u);
  });

  test('an empty answer has the length 0', async () => {
    const { port } = await start({ pointers: { getPointer: async () => undefined } });
    const answer = await exchange(port, `POST ${SET_POINTER.replace('set', 'get')} HTTP/1.1`);
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n(?:.+\r\n)*content-length: 0\r\n(?:.+\r\n)*\r\n$/iu);
  });

  test('an error is chunked, empty, and has its text in a header', async () => {
    const { port } = await start();
    const answer = await exchange(port, 'POST /api/v0/transaction/start HTTP/1.1');
    expect(answer).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/u);
    expect(answer).toMatch(/\r\ntrailer: No\+value\+present\r\n/u);
    expect(answer).toMatch(/\r\ncontent-type: text\/plain\r\n/u);
    expect(answer).toMatch(/\r\ntransfer-encoding: chunked\r\n/u);
    expect(answer).not.toMatch(/content-length/iu);
    expect(answer.endsWith('\r\n\r\n0\r\n\r\n')).toBe(true);
  });

  test('an error also reaches HTTP/1.0 clients and HEAD requests', async () => {
    const { port } = await start({}, { publicServer: true });
    for (const line of ['GET /api/v0/transaction/start HTTP/1.0', 'HEAD /api/v0/transaction/start HTTP/1.1']) {
      expect(await exchange(port, line)).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n(?:.+\r\n)*trailer: No\+value\+present\r\n/u);
    }
  });

  test('an offer of h2c is ignored, and the body is read', async () => {
    const seen = vi.fn();
    const { port } = await start({
      pointers: {
        setPointer: async (_owner, _writer, signed) => {
          seen([...signed]);
          return true;
        },
      },
    });
    const client = await raw(port);
    client.send(
      [
        `POST ${SET_POINTER} HTTP/1.1`,
        'Connection: Upgrade, HTTP2-Settings',
        'Content-Length: 3',
        `Host: 127.0.0.1:${port}`,
        'HTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA',
        'Upgrade: h2c',
        '',
        'abc',
      ].join('\r\n'),
    );
    expect(await client.until((text) => text.includes('\r\n\r\n\u0001'))).toMatch(/^HTTP\/1\.1 200 OK\r\n/u);
    expect(seen).toHaveBeenCalledWith([97, 98, 99]);
  });

  test('requests in one packet are answered in order, errors and unread bodies among them', async () => {
    const { port } = await start({
      admin: { joinWaitList: async (email) => email === 'yes' },
      blocks: {
        startTransaction: async () =>
          new Promise<string>((resolve) => {
            setTimeout(resolve, 20, 'slow');
          }),
      },
    });
    const client = await raw(port);
    const host = `Host: 127.0.0.1:${port}\r\n`;
    client.send(
      `POST /api/v0/transaction/start?owner=${OWNER} HTTP/1.1\r\n${host}\r\n` +
        `POST /peergos/v0/admin/waitlist?email=yes HTTP/1.1\r\n${host}Content-Length: 5\r\n\r\nunread`.slice(0, -1) +
        `GET /nothing HTTP/1.1\r\n${host}\r\n` +
        `POST /peergos/v0/core/nothing HTTP/1.1\r\n${host}\r\n` +
        `POST /peergos/v0/admin/waitlist?email=no HTTP/1.1\r\n${host}Connection: close\r\n\r\n`,
    );
    const answer = await client.closed();
    expect([...answer.matchAll(/HTTP\/1\.1 (\d+)/gu)].map(([, status]) => Number(status))).toEqual([200, 200, 404, 400, 200]);
    expect(answer).toMatch(/slow[^]*\u00f5[^]*Unknown\+method[^]*\u00f4$/u);
  });

  test('the path and the query count as they were sent', async () => {
    const seen = vi.fn();
    const { port } = await start({
      admin: {
        joinWaitList: async (email) => {
          seen(email);
          return true;
        },
      },
    });
    const waitList = '/peergos/v0/admin/waitlist?email=';
    expect(statusOf(await exchange(port, `POST ${waitList}"<>|^\`{}\\a+b%20c%C3%A9 HTTP/1.1`))).toBe(200);
    expect(seen).toHaveBeenCalledWith('"<>|^`{}\\a+b cé');
    // node:http takes ASCII only.
    expect(statusOf(await exchange(port, `POST ${waitList}\u00c3\u00a9 HTTP/1.1`))).toBe(400);
    // A path is not put right before it is matched.
    expect(statusOf(await exchange(port, 'POST /x/../api/v0/id HTTP/1.1'))).toBe(405);
    expect(statusOf(await exchange(port, 'POST /api/v0/../v0/id HTTP/1.1'))).toBe(404);
    expect(statusOf(await exchange(port, 'POST //api/v0/id HTTP/1.1'))).toBe(405);
  });

  test.each([
    'POST http://127.0.0.1/api/v0/id HTTP/1.1',
    'OPTIONS * HTTP/1.1',
    'POST api/v0/id HTTP/1.1',
    'GET \\api HTTP/1.1',
    'GET /\\api\\v0 HTTP/1.1',
  ])('%s is refused', async (line) => {
    const { port } = await start();
    const answer = await exchange(port, line);
    expect([400, 404]).toContain(statusOf(answer));
    expect(answer).not.toContain('api');
  });

  test.each([
    [[]],
    [['Host: evil.example']],
    [['Host: 127.0.0.1:PORT', 'Host: 127.0.0.1:PORT']],
    [['Host: 127.0.0.1:PORT', 'host: evil.example']],
    [['Host:']],
    [['Host: a b']],
  ])('Host headers %j are 404', async (hosts) => {
    const { port } = await start();
    const client = await raw(port);
    client.send(
      ['POST /api/v0/id HTTP/1.1', ...hosts.map((host) => host.replace('PORT', String(port))), 'Connection: close', '', ''].join('\r\n'),
    );
    const answer = await client.closed();
    expect(statusOf(answer)).toBe(404);
    expect(answer).not.toContain('evil');
  });

  test('many headers do not hide a second Host', async () => {
    const { port } = await start();
    const headers = Array.from({ length: 2500 }, () => 'a:b');
    expect(statusOf(await exchange(port, 'POST /api/v0/id HTTP/1.1', [...headers, 'Host: evil.example']))).toBe(404);
    expect(statusOf(await exchange(port, 'POST /api/v0/id HTTP/1.1', headers))).toBe(200);
  });

  test('request lines of 8 KiB and more are accepted, endless ones are not', async () => {
    const { port } = await start();
    expect(statusOf(await exchange(port, `POST /api/v0/id?x=${'y'.repeat(30_000)} HTTP/1.1`))).toBe(200);
    expect(statusOf(await exchange(port, `POST /api/v0/id?x=${'y'.repeat(33_000)} HTTP/1.1`))).toBe(431);
  });

  test.each([
    ['both lengths', ['Content-Length: 3', 'Transfer-Encoding: chunked']],
    ['two lengths', ['Content-Length: 3', 'Content-Length: 4']],
    ['a length that is none', ['Content-Length: 3x']],
    ['a header with a space before the colon', ['X : y']],
    ['a folded header', ['X: y', ' z']],
  ])('%s is not understood', async (_, headers) => {
    const { port } = await start();
    expect(statusOf(await exchange(port, 'POST /api/v0/id HTTP/1.1', headers, 'abc'))).toBe(400);
  });
});

describe('bodies', () => {
  const script: Script = { pointers: { setPointer: async (_owner, _writer, signed) => signed.length === 1024 } };

  test('exactly the limit passes, one byte more is refused, with and without a length', async () => {
    const { port, app } = await start(script);
    const line = `POST ${SET_POINTER} HTTP/1.1`;
    const chunked = (size: number): string => `${size.toString(16)}\r\n${'x'.repeat(size)}\r\n0\r\n\r\n`;
    expect((await exchange(port, line, ['Content-Length: 1024'], 'x'.repeat(1024))).endsWith('\u0001')).toBe(true);
    expect((await exchange(port, line, ['Transfer-Encoding: chunked'], chunked(1024))).endsWith('\u0001')).toBe(true);
    for (const answer of [
      await exchange(port, line, ['Content-Length: 1025'], 'x'.repeat(1025)),
      await exchange(port, line, ['Transfer-Encoding: chunked'], chunked(1025)),
    ]) {
      expect(statusOf(answer)).toBe(400);
      expect(answer).toContain('trailer: request+body+is+1025%3B+the+maximum+is+1024\r\n');
    }
    await eventually(() => app.inFlight === 0);
  });

  test('a claimed length is refused before anything is sent, and an endless body is cut off', async () => {
    const { port, app } = await start(script);
    const claimed = await raw(port);
    claimed.send(`POST ${SET_POINTER} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Length: 99999999999\r\n\r\n`);
    expect(statusOf(await claimed.until((text) => text.includes('\r\n\r\n')))).toBe(400);
    const endless = await raw(port);
    endless.send(`POST ${PUT} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nTransfer-Encoding: chunked\r\n\r\n`);
    const chunk = Buffer.concat([Buffer.from('10000\r\n'), Buffer.alloc(0x10000), Buffer.from('\r\n')]);
    let sent = 0;
    const before = process.memoryUsage().arrayBuffers;
    while (!endless.socket.destroyed && sent < 400 * chunk.length) {
      sent += chunk.length;
      if (!endless.send(chunk)) {
        await Promise.race([once(endless.socket, 'drain'), endless.closed()]);
      }
      expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8 * MAX_PUT_BODY_SIZE);
    }
    expect(statusOf(await endless.until((text) => text.includes('\r\n\r\n')))).toBe(400);
    endless.destroy();
    claimed.destroy();
    await eventually(() => app.inFlight === 0);
  });

  test('large bodies arrive whole', async () => {
    const seen = vi.fn();
    const { port } = await start({
      blocks: {
        assertKnownWriter: async () => undefined,
        putBulk: async (_owner, _writer, blocks, signatures) => {
          seen(
            blocks.map((block) => [block.length, block[0], block.at(-1)]),
            signatures.length,
          );
          return [];
        },
      },
    });
    const { BlockWriteGroup } = await import('@pyrgos/core/api');
    const block = new Uint8Array(1_000_000).fill(7);
    const body = BlockWriteGroup.of([block, block, block], [block.subarray(0, 96), block.subarray(0, 96), block.subarray(0, 96)]).encode();
    const send = async (headers: Record<string, string | number>): Promise<number> =>
      new Promise((resolve, reject) => {
        const outgoing = request({ port, path: PUT, method: 'POST', headers }, (answer) => {
          answer.resume().on('end', () => {
            resolve(answer.statusCode ?? 0);
          });
        });
        outgoing.on('error', reject);
        outgoing.end(body);
      });
    expect(await send({ 'Content-Length': body.length })).toBe(200);
    expect(await send({ 'Transfer-Encoding': 'chunked' })).toBe(200);
    const parts = [1_000_000, 7, 7];
    expect(seen.mock.calls).toEqual([
      [[parts, parts, parts], 3],
      [[parts, parts, parts], 3],
    ]);
  });

  test('an upload of a stranger is answered before its body is read', async () => {
    const put = vi.fn();
    const refuse = async (): Promise<void> => {
      throw new DeniedError('denied.block', 'Unknown writer on this server!');
    };
    const { port, app } = await start({ blocks: { assertKnownWriter: refuse, putBulk: put } });
    for (const path of [PUT, `${PUT.replace('/bulk', '')}&signatures=00`]) {
      const client = await raw(port);
      client.send(`POST ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Length: 4000000\r\n\r\n`);
      const answer = await client.until((text) => text.includes('\r\n\r\n'));
      expect(statusOf(answer)).toBe(400);
      expect(decodeTrailer(/trailer: (.*)\r\n/iu.exec(answer)![1]!)).toBe('Unknown writer on this server!');
      client.destroy();
    }
    await eventually(() => app.inFlight === 0);
    expect(put).not.toHaveBeenCalled();
  });

  test('clients that go away in the middle leave nothing behind', async () => {
    const set = vi.fn();
    const { port, app } = await start({
      pointers: { setPointer: set },
      blocks: { assertKnownWriter: async () => undefined, putBulk: set },
    });
    for (const [line, length, part] of [
      [SET_POINTER, 1000, 10],
      [PUT, 2_000_000, 10],
      [PUT, 2_000_000, 1_500_000],
    ] as const) {
      const client = await raw(port);
      client.send(`POST ${line} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Length: ${length}\r\n\r\n`);
      client.send(new Uint8Array(part));
      await eventually(() => app.inFlight === 1);
      client.destroy();
      await eventually(() => app.inFlight === 0);
    }
    expect(set).not.toHaveBeenCalled();
    expect(statusOf(await exchange(port, 'POST /api/v0/id HTTP/1.1'))).toBe(200);
  });
});

describe('slow clients', () => {
  test('headers that do not end', async () => {
    const { port } = await start({}, { headersTimeout: 100, requestTimeout: 200 });
    const client = await raw(port);
    client.send('POST /api/v0/id HTTP/1.1\r\nX-A: ');
    const timer = setInterval(() => client.send('a'), 20);
    expect(statusOf(await client.closed())).toBe(408);
    clearInterval(timer);
  });

  test('a body that does not end', async () => {
    const { port, app } = await start({}, { headersTimeout: 100, requestTimeout: 200 });
    const client = await raw(port);
    client.send(`POST ${SET_POINTER} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Length: 1000\r\n\r\n`);
    const timer = setInterval(() => client.send('a'), 20);
    await client.closed();
    clearInterval(timer);
    await eventually(() => app.inFlight === 0);
  });

  test('an answer that does not come, and one that is not read', async () => {
    const large = new Uint8Array(64_000_000);
    const { port, app } = await start(
      {
        blocks: { readBlock: async () => large, startTransaction: async () => new Promise<string>(() => undefined) },
      },
      { responseTimeout: 100 },
    );
    const waiting = await raw(port);
    waiting.send(`POST /api/v0/transaction/start?owner=${OWNER} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`);
    expect(await waiting.closed()).toBe('');
    const deaf = await raw(port);
    deaf.socket.pause();
    deaf.send(`POST ${GET_BLOCK} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`);
    // The call that never ends stays in flight; the other one is over.
    await eventually(() => app.inFlight === 2);
    await eventually(() => app.inFlight === 1);
  });
});

describe('many clients', () => {
  let body: Uint8Array;
  beforeAll(() => {
    body = new Uint8Array(4096).fill(9);
  });

  test('1000 connections at the same time are all answered', async () => {
    const { port } = await start({ blocks: { readBlock: async () => body } });
    const open = await Promise.all(Array.from({ length: 1000 }, async () => raw(port)));
    for (const client of open) client.send(`POST ${GET_BLOCK} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`);
    const answers = await Promise.all(open.map(async (client) => client.until((text) => text.length > 4096 + 200)));
    for (const answer of answers) expect(statusOf(answer)).toBe(200);
  });

  test('more requests than can be handled are refused in a form that clients repeat', async () => {
    let release: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const { port, app } = await start({
      blocks: {
        startTransaction: async () => {
          await gate;
          return 'done';
        },
      },
    });
    const line = `POST /api/v0/transaction/start?owner=${OWNER} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`;
    const open = await Promise.all(Array.from({ length: MAX_REQUESTS_IN_FLIGHT }, async () => raw(port)));
    for (const client of open) client.send(line);
    await eventually(() => app.inFlight === MAX_REQUESTS_IN_FLIGHT);
    const extra = await raw(port);
    extra.send(line);
    const answer = await extra.closed();
    expect(statusOf(answer)).toBe(503);
    expect(decodeTrailer(/trailer: (.*)\r\n/u.exec(answer)![1]!)).toMatch(/^Queue full/u);
    release();
    for (const text of await Promise.all(open.map(async (client) => client.until((received) => received.endsWith('done'))))) {
      expect(statusOf(text)).toBe(200);
    }
    await eventually(() => app.inFlight === 0);
  });

  test('clients that do not read what they asked for cannot keep others from their answers', async () => {
    const large = new Uint8Array(60_000_000);
    let read = 0;
    const { port, app } = await start(
      {
        blocks: {
          readBlock: async (_owner, _cid, bat) => {
            if (bat !== undefined) return Uint8Array.of(1);
            read++;
            return large;
          },
        },
      },
      { bodyPatience: 50 },
    );
    const deaf = await Promise.all(Array.from({ length: 3 }, async () => raw(port)));
    for (const client of deaf) {
      client.socket.pause();
      client.send(`POST ${GET_BLOCK} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`);
    }
    // The third has to wait for the memory of another, which may be cut off before anybody looks.
    await eventually(() => read === 3);
    const bat = 'z2mdSxvpvjsAbnyD4WFvM5a8B9FkZCJgY9eTUrwrjEdcfdDgMTB7HS7KwgoEhrtfGk49B5QuBn2baMFYvSc2XgEpBLSRLU3mn18MP9atzPt5GVR';
    expect(statusOf(await exchange(port, `POST ${GET_BLOCK}&bat=${bat} HTTP/1.1`))).toBe(200);
    // Only as many are cut off as others need: one, or two when the third had its turn before.
    await eventually(() => app.inFlight <= 2);
    expect(app.inFlight).toBeGreaterThan(0);
  });

  test('CHAMP look-ups wait for the memory that their answers may take, and are told how much that is', async () => {
    let working = 0;
    let most = 0;
    const bounds = new Set<number | undefined>();
    const large = Array.from({ length: 4 }, () => new Uint8Array(1_000_000));
    const { port, app } = await start(
      {
        blocks: {
          champGet: async (_owner, _root, _caps, maxBytes) => {
            bounds.add(maxBytes);
            most = Math.max(most, ++working);
            await pause(10);
            working--;
            return large;
          },
        },
      },
      { bodyPatience: 50 },
    );
    const deaf = await Promise.all(Array.from({ length: 60 }, async () => raw(port)));
    for (const client of deaf) {
      client.socket.pause();
      client.send(`POST /api/v0/champ/get/bulk?arg=${CID}&arg=00&owner=${OWNER} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`);
    }
    // Those that do not read are cut off for those who wait, so all get their turn. An answer that is made takes what it needs.
    const answerSize = large.reduce((sum, { length }) => sum + length, 0);
    await eventually(() => bounds.size > 0 && app.inFlight <= DOWNLOAD_MEMORY / answerSize && working === 0);
    expect(most).toBeLessThanOrEqual(DOWNLOAD_MEMORY / CHAMP_ANSWER_MEMORY);
    expect([...bounds]).toEqual([CHAMP_ANSWER_MEMORY]);
  });

  test('requests whose body does not arrive shut nobody out', async () => {
    const set = vi.fn(async () => true);
    const { port, app } = await start({ pointers: { setPointer: set } });
    const half = `POST ${SET_POINTER} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Length: 4\r\n\r\nab`;
    const open = await Promise.all(Array.from({ length: MAX_BODIES_UNDER_WAY }, async () => raw(port)));
    for (const client of open) client.send(half);
    await eventually(() => app.inFlight === MAX_BODIES_UNDER_WAY);
    expect(statusOf(await exchange(port, 'GET /healthz HTTP/1.1'))).toBe(200);
    expect(statusOf(await exchange(port, 'POST /api/v0/id HTTP/1.1', ['Content-Length: 0']))).toBe(200);
    // One body more than may be under way: the one that has been silent for longest has to go, in a form that clients repeat.
    expect(statusOf(await exchange(port, `POST ${SET_POINTER} HTTP/1.1`, ['Content-Length: 4'], 'abcd'))).toBe(200);
    const answer = await Promise.race(open.map(async (client) => client.closed()));
    expect(statusOf(answer)).toBe(503);
    expect(answer).toMatch(/\r\nconnection: close\r\n/iu);
    expect(decodeTrailer(/trailer: (.*)\r\n/u.exec(answer)![1]!)).toMatch(/^Queue full/u);
    const rest = open.filter((client) => client.text === '');
    expect(rest).toHaveLength(MAX_BODIES_UNDER_WAY - 1);
    for (const client of rest) client.send('cd');
    for (const client of rest) expect(statusOf(await client.until((text) => text !== ''))).toBe(200);
    await eventually(() => app.inFlight === 0);
  });

  test('a full house answers the health check, and refuses a body that is complete', async () => {
    let release: () => void = () => undefined;
    const gate = new Promise<string>((resolve) => {
      release = () => {
        resolve('done');
      };
    });
    const { port, app } = await start({ blocks: { startTransaction: async () => gate }, pointers: { setPointer: async () => true } });
    const late = await raw(port);
    late.send(`POST ${SET_POINTER} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Length: 4\r\n\r\nab`);
    const line = `POST /api/v0/transaction/start?owner=${OWNER} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`;
    const open = await Promise.all(Array.from({ length: MAX_REQUESTS_IN_FLIGHT }, async () => raw(port)));
    for (const client of open) client.send(line);
    await eventually(() => app.inFlight === MAX_REQUESTS_IN_FLIGHT + 1);
    for (const path of ['/healthz', '/healthz/readiness']) expect(statusOf(await exchange(port, `GET ${path} HTTP/1.1`))).toBe(200);
    late.send('cd');
    expect(statusOf(await late.closed())).toBe(503);
    release();
    await eventually(() => app.inFlight === 0);
  });

  test('connections are bounded, and idle ones make room', async () => {
    const { port } = await start({}, { maxConnections: 10 });
    const open = await Promise.all(Array.from({ length: 8 }, async () => raw(port)));
    for (const client of open) {
      client.send(`POST /api/v0/id HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`);
      await client.until((text) => text.includes('}'));
    }
    const ninth = await raw(port);
    await Promise.all(open.map(async (client) => client.closed()));
    ninth.send(`POST /api/v0/id HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`);
    expect(statusOf(await ninth.until((text) => text.includes('}')))).toBe(200);
    const more = await Promise.all(Array.from({ length: 12 }, async () => raw(port)));
    for (const client of more) client.send('POST /api/v0/id HTTP/1.1\r\nX');
    await Promise.race(more.map(async (client) => client.closed()));
    expect(more.filter((client) => client.socket.destroyed).length).toBeGreaterThan(0);
  });
});

describe('start and stop', () => {
  test('a port in use is a typed error', async () => {
    const { port } = await start();
    await expect(startHttpServer(testApp(scriptedServices()), { host: '127.0.0.1', port })).rejects.toMatchObject({
      code: 'network',
      message: `Port ${port} of 127.0.0.1 is used by another program`,
    });
  });

  test('requests in flight are answered, then the connections end; nobody new is let in', async () => {
    let release: (text: string) => void = () => undefined;
    const { port, server, app } = await start({
      blocks: {
        startTransaction: async () =>
          new Promise<string>((resolve) => {
            release = resolve;
          }),
      },
    });
    const busy = await raw(port);
    busy.send(`POST /api/v0/transaction/start?owner=${OWNER} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`);
    const idle = await raw(port);
    idle.send(`POST /api/v0/id HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`);
    await idle.until((text) => text.includes('}'));
    await eventually(() => app.inFlight === 1);
    const closed = server.close(60_000);
    await idle.closed();
    await expect(raw(port)).rejects.toThrow('ECONNREFUSED');
    release('finished');
    expect(await busy.closed()).toMatch(/finished$/u);
    await closed;
  });

  test('what takes too long is cut off', async () => {
    const { port, server, app } = await start({ blocks: { startTransaction: async () => new Promise<string>(() => undefined) } });
    const busy = await raw(port);
    busy.send(`POST /api/v0/transaction/start?owner=${OWNER} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`);
    await eventually(() => app.inFlight === 1);
    await server.close(10);
    expect(await busy.closed()).toBe('');
  });

  test('the log says when a client did not wait for its answer', async () => {
    const lines: string[] = [];
    let answer: (text: string) => void = () => undefined;
    const { port, app } = await start(
      {
        blocks: {
          startTransaction: async () =>
            new Promise<string>((resolve) => {
              answer = resolve;
            }),
        },
      },
      { logger: pino({ level: 'debug' }, { write: (line: string) => void lines.push(line) }) },
    );
    const client = await raw(port);
    client.send(`POST /api/v0/transaction/start?owner=${OWNER} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`);
    await eventually(() => app.inFlight === 1);
    client.socket.resetAndDestroy();
    await client.closed();
    // Both ends live in this process: a few turns later the server knows too.
    for (let i = 0; i < 10; i++) await pause(5);
    answer('late');
    await eventually(() => lines.length === 1);
    expect(JSON.parse(lines[0]!)).toMatchObject({ route: 'api/transaction/start', aborted: true });
  });

  test('a failure after the client has gone harms nobody', async () => {
    let fail: (error: Error) => void = () => undefined;
    const { port, app } = await start({
      blocks: {
        startTransaction: async () =>
          new Promise<string>((_resolve, reject) => {
            fail = reject;
          }),
      },
    });
    const client = await raw(port);
    client.send(`POST /api/v0/transaction/start?owner=${OWNER} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`);
    await eventually(() => app.inFlight === 1);
    const gone = client.closed();
    client.destroy();
    await gone;
    fail(new PyrgosError('storage', 'too late'));
    await eventually(() => app.inFlight === 0);
    const alive = await new Promise<Buffer>((resolve) => {
      get({ port, path: '/healthz', headers: { host: `127.0.0.1:${port}` } }, (answer) => {
        answer.once('data', resolve);
      });
    });
    expect(alive.toString()).toBe('ok\n');
  });
});
