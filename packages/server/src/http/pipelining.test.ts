import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { getRequestListener } from '@hono/node-server';
import { afterEach, describe, expect, test } from 'vitest';
import { eventually, OWNER, RawClient, testApp } from '../../test/http/http-world.js';
import { ListeningWorld, statuses } from '../../test/http/listening.js';
import { type Script, scriptedServices } from '../../test/http/scripted-services.js';
import { DOWNLOAD_MEMORY, MAX_PIPELINED_REQUESTS, MAX_REQUESTS_IN_FLIGHT } from '../limits.js';
import { HttpMetrics } from './http-metrics.js';
import type { HttpOptions } from './http-options.js';
import type { HttpServerOptions } from './http-server.js';

const CID = 'zb2rhZfjRh2FHHB2RkHVEvL2vJnCTcu7kwRqgVsf9gpkLgteo';
const BAT = 'z2mdSxvpvjsAbnyD4WFvM5a8B9FkZCJgY9eTUrwrjEdcfdDgMTB7HS7KwgoEhrtfGk49B5QuBn2baMFYvSc2XgEpBLSRLU3mn18MP9atzPt5GVR';
const GET_BLOCK = `POST /api/v0/block/get?arg=${CID}&owner=${OWNER}`;
const START = `POST /api/v0/transaction/start?owner=${OWNER}`;
const SET_POINTER = `POST /peergos/v0/mutable/setPointer?owner=${OWNER}&writer=${OWNER}`;

let world: ListeningWorld | undefined;
afterEach(async () => {
  await world?.close();
  world = undefined;
});

async function start(script: Script, options?: Partial<HttpServerOptions> & Partial<HttpOptions>): Promise<ListeningWorld> {
  world = await ListeningWorld.start(script, options);
  return world;
}

/** Calls that take until a test says so. */
class Gate {
  calls = 0;
  private readonly waiting: ((text: string) => void)[] = [];

  readonly script: Script = {
    blocks: {
      startTransaction: async () =>
        new Promise<string>((resolve) => {
          this.calls++;
          this.waiting.push(resolve);
        }),
    },
  };

  open(): void {
    for (const resolve of this.waiting.splice(0)) resolve('done');
  }
}

/** Both ends live in this process: some turns later the server has read what was sent. */
async function settled(): Promise<void> {
  for (let i = 0; i < 20; i++) await pause(5);
}

async function reset(client: RawClient): Promise<void> {
  client.socket.resetAndDestroy();
  await client.closed();
}

describe('requests that wait behind another one of their connection', () => {
  test('take no slot from others', async () => {
    const gate = new Gate();
    const { app, raw, request } = bound(await start(gate.script));
    const greedy = await raw();
    greedy.send(request(START).repeat(MAX_PIPELINED_REQUESTS + 1));
    await eventually(() => gate.calls > 0);
    await settled();
    expect([gate.calls, app.inFlight]).toEqual([1, 1]);
    const other = await raw();
    other.send(request('POST /api/v0/id'));
    expect(statuses(await other.until((text) => text.includes('}')))).toEqual([200]);
  });

  test('are given back when their connection is reset', async () => {
    const gate = new Gate();
    const metrics = new HttpMetrics();
    const { app, raw, request } = bound(await start(gate.script, { metrics }));
    for (let i = 0; i < 30; i++) {
      const client = await raw();
      client.send(request(START).repeat(40));
      await eventually(() => gate.calls === i + 1);
      await reset(client);
    }
    await settled();
    gate.open();
    await eventually(() => app.inFlight === 0);
    expect(await metrics.text()).toContain('pyrgos_http_requests_in_flight 0');
    expect(gate.calls).toBe(30);
    // All slots are there again.
    const clients = await Promise.all(Array.from({ length: MAX_REQUESTS_IN_FLIGHT }, raw));
    for (const client of clients) client.send(request(START));
    await eventually(() => gate.calls === 30 + MAX_REQUESTS_IN_FLIGHT);
    gate.open();
    for (const client of clients) expect(statuses(await client.until((text) => text.endsWith('done')))).toEqual([200]);
  });

  test('give the memory of their answers back when their connection is reset', async () => {
    const large = new Uint8Array(1_000_000);
    const { app, raw, request } = bound(
      await start(
        { blocks: { readBlock: async (_owner, _cid, bat) => (bat === undefined ? large : Uint8Array.of(1)) } },
        { bodyPatience: 20 },
      ),
    );
    for (let i = 0; i < 4; i++) {
      const client = await raw();
      client.socket.pause();
      client.send(request(GET_BLOCK).repeat(DOWNLOAD_MEMORY / 1_000_000 / 2));
      await eventually(() => app.inFlight > 0);
      await pause(50);
      client.socket.resetAndDestroy();
    }
    const other = await raw();
    other.send(request(`${GET_BLOCK}&bat=${BAT}`));
    expect(statuses(await other.until((text) => text.endsWith('\u0001')))).toEqual([200]);
    await eventually(() => app.inFlight === 0);
  });

  test('are cut off with the answer that takes too long', async () => {
    const gate = new Gate();
    const { app, raw, request } = bound(await start(gate.script, { responseTimeout: 100 }));
    const client = await raw();
    client.send(request(START).repeat(5));
    expect(await client.closed()).toBe('');
    gate.open();
    await eventually(() => app.inFlight === 0);
    expect(gate.calls).toBe(1);
  });

  test('are cut off with an answer that is not read while others wait for memory', async () => {
    const large = new Uint8Array(DOWNLOAD_MEMORY);
    const { app, raw, request } = bound(
      await start(
        { blocks: { readBlock: async (_owner, _cid, bat) => (bat === undefined ? large : Uint8Array.of(1)) } },
        { bodyPatience: 50 },
      ),
    );
    const deaf = await raw();
    deaf.socket.pause();
    deaf.send(request(GET_BLOCK).repeat(3));
    await eventually(() => app.inFlight > 0);
    await settled();
    const other = await raw();
    other.send(request(`${GET_BLOCK}&bat=${BAT}`));
    expect(statuses(await other.until((text) => text.endsWith('\u0001')))).toEqual([200]);
    await eventually(() => app.inFlight === 0);
  });

  test('are answered in order: errors, bodies that were announced, heads, unread bodies', async () => {
    let served = 0;
    const { app, raw, request } = bound(
      await start(
        {
          pointers: { setPointer: async (_owner, _writer, signed) => signed.length === 3 },
          blocks: { startTransaction: async () => `turn ${++served};` },
        },
        { publicServer: true },
      ),
    );
    const client = await raw();
    client.send(
      request(START) +
        request(SET_POINTER, ['Content-Length: 3', 'Expect: 100-continue'], 'abc') +
        request('POST /peergos/v0/core/nothing', ['Content-Length: 4'], 'abcd') +
        request('HEAD /api/v0/id') +
        request('GET /healthz', ['Connection: keep-alive']) +
        request(SET_POINTER, ['Transfer-Encoding: chunked'], '2\r\nab\r\n0\r\n\r\n') +
        request(START) +
        request(START, ['Connection: close']),
    );
    const answer = await client.closed();
    expect(statuses(answer)).toEqual([200, 100, 200, 400, 200, 200, 200, 200, 200]);
    const marks = ['turn 1;', ' 100 Continue', '\u0001', 'Unknown+method', 'ok\n', '\u0000', 'turn 2;', 'turn 3;'];
    const places = marks.map((mark) => answer.indexOf(mark));
    expect(places).toEqual([...places].sort((x, y) => x - y));
    expect(places).not.toContain(-1);
    expect(answer.endsWith('turn 3;')).toBe(true);
    await eventually(() => app.inFlight === 0);
  });

  test('a connection can be used on and on, in bursts', async () => {
    let served = 0;
    const { raw, request } = bound(await start({ blocks: { startTransaction: async () => `turn ${++served};` } }));
    const client = await raw();
    for (let burst = 1; burst <= 20; burst++) {
      client.send(request(START).repeat(16));
      await client.until((text) => text.endsWith(`turn ${burst * 16};`));
    }
    const turns = [...client.text.matchAll(/turn (\d+);/gu)].map(([, turn]) => Number(turn));
    expect(turns).toEqual(Array.from({ length: 320 }, (_, i) => i + 1));
  });

  test('a large body that waits behind another request arrives whole', async () => {
    const gate = new Gate();
    const { raw, request } = bound(
      await start({ ...gate.script, pointers: { setPointers: async (_owner, updates) => updates.length === 1 } }),
    );
    const client = await raw();
    const body = 'x'.repeat(300_000);
    client.send(request(START) + request(`POST /peergos/v0/mutable/setPointers?owner=${OWNER}`, ['Content-Length: 300000'], body));
    await eventually(() => gate.calls === 1);
    await settled();
    client.send(request('POST /api/v0/id').repeat(3));
    gate.open();
    // No commit at all, but it was read to its end: what follows is understood.
    expect(statuses(await client.until((text) => text.split('}').length > 3))).toEqual([200, 400, 200, 200, 200]);
  });

  test('too many of them end the connection', async () => {
    const gate = new Gate();
    const { app, raw, request } = bound(await start(gate.script));
    const client = await raw();
    client.send(request(START).repeat(MAX_PIPELINED_REQUESTS + 2));
    await client.closed();
    gate.open();
    await eventually(() => app.inFlight === 0);
    expect(gate.calls).toBeLessThanOrEqual(1);
  });

  test('are not read while enough of them wait', async () => {
    const gate = new Gate();
    const { raw, request } = bound(await start(gate.script));
    const client = await raw();
    client.send(request(START).repeat(8));
    await eventually(() => gate.calls === 1);
    await settled();
    // One after the other, so that none of them comes with many others.
    for (let i = 0; i < 100; i++) {
      client.send(request(START));
      await pause(0);
    }
    for (let i = 1; i <= 108; i++) {
      await eventually(() => gate.calls === i);
      gate.open();
    }
    expect(statuses(await client.until((text) => text.split('done').length > 108))).toHaveLength(108);
  });

  test.each([
    ['a tunnel', 'CONNECT example.org:443', []],
    ['no request at all', '\u0000\u0001', []],
  ])('%s behind a slow request ends the connection', async (_, line, headers) => {
    const gate = new Gate();
    const { app, raw, request } = bound(await start(gate.script));
    const client = await raw();
    client.send(request(START).repeat(2) + request(line, headers));
    await client.closed();
    await settled();
    gate.open();
    await eventually(() => app.inFlight === 0);
  });

  test('an offer to change the protocol is ignored behind a slow request, too', async () => {
    const gate = new Gate();
    const { raw, request } = bound(await start(gate.script));
    const client = await raw();
    client.send(request(START) + request('POST /api/v0/id', ['Connection: Upgrade', 'Upgrade: h2c']));
    await eventually(() => gate.calls === 1);
    gate.open();
    expect(statuses(await client.until((text) => text.includes('}')))).toEqual([200, 200]);
  });

  test('a client that says that it sends nothing more leaves nothing behind', async () => {
    const gate = new Gate();
    const { app, raw, request } = bound(await start(gate.script));
    const client = await raw();
    client.send(request(START).repeat(3));
    client.socket.end();
    await eventually(() => gate.calls === 1);
    await client.closed();
    gate.open();
    await eventually(() => app.inFlight === 0);
  });

  test('a server that stops finishes the one that it works on, and ends', async () => {
    const gate = new Gate();
    const { app, raw, request, server } = bound(await start(gate.script));
    const client = await raw();
    client.send(request(START).repeat(10));
    await eventually(() => gate.calls === 1);
    const gone = await raw();
    gone.send(request(START).repeat(10));
    await eventually(() => gate.calls === 2);
    await reset(gone);
    const closed = server.close(60_000);
    gate.open();
    const answer = await client.closed();
    expect(statuses(answer)).toEqual([200]);
    expect(answer).toMatch(/connection: close/iu);
    await closed;
    expect([app.inFlight, gate.calls]).toEqual([0, 2]);
  });
});

describe('an app behind a listener that hands out all requests at once', () => {
  test('gives back what requests have whose connection is reset, or has been already', async () => {
    const gate = new Gate();
    const app = testApp(scriptedServices(gate.script), { listenHost: '127.0.0.1', port: 0 });
    const listener = getRequestListener(
      async (request, env) => app.fetch(request, env as { incoming: IncomingMessage; outgoing: ServerResponse }),
      { overrideGlobalObjects: false },
    );
    let isLate = false;
    const late: (() => void)[] = [];
    const server = createServer((incoming, outgoing) => {
      const serve = (): void => void listener(incoming, outgoing);
      if (isLate) late.push(serve);
      else serve();
    });
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    const { port } = server.address() as AddressInfo;
    try {
      for (isLate of [false, true]) {
        const client = await RawClient.open(port);
        client.send(`${START} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`.repeat(10));
        await eventually(() => (isLate ? late.length : gate.calls) === 10);
        await reset(client);
        await settled();
        for (const serve of late) serve();
      }
      expect(app.inFlight).toBeGreaterThan(0);
      gate.open();
      await eventually(() => app.inFlight === 0);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });
});

function bound(started: ListeningWorld) {
  return {
    app: started.app,
    server: started.server,
    raw: async () => started.raw(),
    request: (line: string, headers?: readonly string[], body?: string) => started.request(line, headers, body),
  };
}
