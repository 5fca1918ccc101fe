import { pino } from 'pino';
import { describe, expect, test, vi } from 'vitest';
import { decodeTrailer } from '@pyrgos/core/api';
import { PyrgosError } from '@pyrgos/core/errors';
import { call, healthy, OWNER, ORIGIN, readAnswer, testApp, eventually } from '../../test/http/http-world.js';
import { scriptedServices } from '../../test/http/scripted-services.js';

const services = scriptedServices({ admin: { version: () => ({ version: '1.0.0', source: '' }) } });
const VERSION = '/peergos/v0/admin/version';
const BLOCK = `/api/v0/block/get?arg=zb2rhZfjRh2FHHB2RkHVEvL2vJnCTcu7kwRqgVsf9gpkLgteo&owner=${OWNER}`;
const trailer = (answer: { readonly headers: ReadonlyMap<string, string> }): string => decodeTrailer(answer.headers.get('trailer') ?? '');

describe('verbs (section 1.2)', () => {
  test.each(['GET', 'HEAD', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'])('%s is refused by a private server, without a text', async (method) => {
    for (const path of [VERSION, '/api/v0/id', '/api/v0/nothing', '/peergos/v0/admin/nothing']) {
      const answer = await call(testApp(services), path, { method });
      expect(answer.status).toBe(405);
      expect(answer.headers.has('trailer')).toBe(false);
      expect(answer.body.length).toBe(0);
    }
  });

  test.each(['GET', 'POST', 'PUT'])('%s is accepted by a public server', async (method) => {
    expect((await call(testApp(services, { publicServer: true }), VERSION, { method })).status).toBe(200);
  });

  test('pages and public links take GET and HEAD on every server, nothing else', async () => {
    for (const path of ['/', '/public/alice/a']) {
      for (const publicServer of [true, false]) {
        const answer = await call(testApp(services, { publicServer }), path);
        expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
      }
    }
  });
});

describe('paths (section 2.1)', () => {
  test('what follows a method is ignored, except in the block API', async () => {
    expect((await call(testApp(services), `${VERSION}/more/of/it`)).status).toBe(200);
    expect((await call(testApp(services), '/api/v0/id/more')).status).toBe(404);
  });

  test.each([
    'block/rm',
    'block/rm/bulk',
    'block/has',
    'block/stat/bulk',
    'bloom/add',
    'refs/local',
    '',
    'ID',
    'i%64',
    '__proto__',
    'constructor',
  ])('the block API has no %s', async (name) => {
    const answer = await call(testApp(services), `/api/v0/${name}?owner=${OWNER}`);
    expect(answer.status).toBe(404);
    expect(answer.body.length).toBe(0);
    expect(answer.headers.has('trailer')).toBe(false);
  });

  test.each(['core/nothing', 'login/', 'mutable/__proto__', 'social/getFollowRequest', 'bats/%67etUserBats'])(
    '%s is an unknown method',
    async (name) => {
      const answer = await call(testApp(services), `/peergos/v0/${name}`);
      expect(answer.status).toBe(400);
      expect(trailer(answer)).toBe('Unknown method');
    },
  );

  test.each(['reflector/file/x', 'config/cache/get-size', 'sync/status', 'mount/open', 'webauthn/create', 'nothing', ''])(
    '%s belongs to nothing here',
    async (name) => {
      expect((await call(testApp(services), `/peergos/v0/${name}`)).status).toBe(404);
    },
  );

  test.each(['completePaidSignup', 'completePaidMirror', 'mirror', 'migrateUser', 'getUserSnapshots'])(
    'core/%s belongs to other servers',
    async (name) => {
      const answer = await call(testApp(services), `/peergos/v0/core/${name}`, { body: new Uint8Array(10) });
      expect(answer.status).toBe(400);
      expect(trailer(answer)).not.toContain('Internal');
    },
  );

  test('the proof of work for a paid mirror can never be enough', async () => {
    const body = '00000005616c69636500000001ff00000017a26474797065126670726566697848' + '00'.repeat(8);
    const answer = await call(testApp(services), '/peergos/v0/core/startPaidMirror', { body });
    expect([...answer.body]).toEqual([0, 0, 0, 1, 0]);
  });
});

describe('headers', () => {
  test('an answer of the API can never become a page', async () => {
    const { headers, status } = await call(testApp(services), VERSION);
    expect(status).toBe(200);
    expect(headers.has('content-type')).toBe(false);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('content-security-policy')).toBe("default-src 'none'; sandbox");
    expect(headers.get('cross-origin-resource-policy')).toBe('same-origin');
    for (const name of headers.keys()) expect(name).not.toMatch(/^access-control-/u);
  });

  test('the public is kept on TLS, on every kind of answer', async () => {
    const app = testApp(services, { publicServer: true, publicDomain: 'a.example', strictTransportSecurity: true });
    const at = async (path: string, host = 'a.example') => call(app, path, { method: 'GET', headers: { host } });
    for (const answer of [
      await at(VERSION),
      await at('/'),
      await at('/nothing'),
      await at('/api/v0/x'),
      await at('/', 'evil'),
      await at(BLOCK),
    ]) {
      expect(answer.headers.get('strict-transport-security')).toBe('max-age=31536000');
    }
    expect((await call(testApp(services), VERSION)).headers.has('strict-transport-security')).toBe(false);
  });

  test('other sites, and apps in frames, cannot make a browser call the API', async () => {
    for (const site of ['cross-site', 'same-site', 'nonsense']) {
      const answer = await call(testApp(services, { publicServer: true }), VERSION, { headers: { 'sec-fetch-site': site } });
      expect([answer.status, answer.body.length]).toEqual([403, 0]);
    }
    for (const site of ['same-origin', 'none']) {
      expect((await call(testApp(services), VERSION, { headers: { 'sec-fetch-site': site } })).status).toBe(200);
    }
    // Links to pages come from anywhere.
    expect((await call(testApp(services), '/', { method: 'GET', headers: { 'sec-fetch-site': 'cross-site' } })).status).toBe(200);
  });

  test('another host is 404 for everything but the health, and the operator is told once', async () => {
    const lines: string[] = [];
    const logger = pino({ level: 'warn' }, { write: (line: string) => void lines.push(line) });
    const app = testApp(services, { logger });
    const headers = { host: 'evil.example' };
    for (const path of [VERSION, '/', '/healthz', '/healthz/more', '/public/a/b', '/peergos/v0/stop/']) {
      const answer = await call(app, path, { headers });
      expect([answer.status, answer.body.length]).toEqual([404, 0]);
    }
    for (const path of ['/healthz', '/healthz/readiness']) {
      for (const method of ['GET', 'HEAD']) expect((await call(app, path, { method, headers })).status).toBe(200);
    }
    expect(lines.length).toBe(1);
    expect(lines[0]).toContain('public-domain');
    expect(lines[0]).not.toContain('evil');
  });

  test('an app subdomain reaches pages only', async () => {
    const app = testApp(services, { publicServer: true });
    const headers = { host: 'calendar.localhost:8000' };
    for (const path of [VERSION, '/api/v0/id', '/public/a/b', '/peergos/v0/nothing']) {
      expect((await call(app, path, { method: 'GET', headers })).status).toBe(404);
    }
  });
});

describe('basic auth (section 1.4)', () => {
  const app = testApp(services, { basicAuth: 'user:pass:word' });
  const ask = async (authorization?: string) => call(app, VERSION, { headers: authorization === undefined ? {} : { authorization } });
  const encode = (text: string): string => Buffer.from(text).toString('base64');

  test('the right credentials pass', async () => {
    expect((await ask(`Basic ${encode('user:pass:word')}`)).status).toBe(200);
    expect((await ask(`basic ${encode('user:pass:word')}`)).status).toBe(200);
  });

  test.each([
    undefined,
    '',
    'Basic',
    'Basic ',
    'Bearer x',
    `Basic ${encode('user:wrong')}`,
    encode('user:pass:word'),
    `Basic ${encode('user:pass:word')}x`,
  ])('refuses %j', async (authorization) => {
    const answer = await ask(authorization);
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toBe('Basic realm="Peergos server access", charset="UTF-8"');
  });

  test('the host is judged first, and health needs no credentials', async () => {
    expect((await call(app, VERSION, { headers: { host: 'evil.example' } })).status).toBe(404);
    expect((await call(app, '/healthz', { method: 'GET' })).status).toBe(200);
  });
});

describe('health', () => {
  test('GET and HEAD on a private server', async () => {
    const app = testApp(services);
    const alive = await call(app, '/healthz', { method: 'GET' });
    expect([alive.status, alive.text, alive.headers.get('cache-control')]).toEqual([200, 'ok\n', 'no-store']);
    expect((await call(app, '/healthz', { method: 'HEAD' })).status).toBe(200);
    expect((await call(app, '/healthz')).status).toBe(405);
    const ready = await call(app, '/healthz/readiness', { method: 'GET' });
    expect([ready.status, ready.text]).toEqual([200, '{"ready":true,"draining":false,"database":true,"pki":true,"disk":true}']);
  });

  test.each([
    ['databaseWritable', 'database'],
    ['pkiReady', 'pki'],
    ['diskSpace', 'disk'],
  ])('without %s it is not ready', async (check, field) => {
    const failures = [async () => false, async () => Promise.reject(new Error('/secret/path'))];
    for (const failure of failures) {
      const app = testApp(services, { health: { ...healthy, [check]: failure } });
      const answer = await call(app, '/healthz/readiness', { method: 'GET' });
      expect(answer.status).toBe(503);
      expect(JSON.parse(answer.text)).toMatchObject({ ready: false, [field]: false });
      expect(answer.text).not.toContain('secret');
      expect((await call(app, '/healthz', { method: 'GET' })).status).toBe(200);
    }
  });

  test('a server that goes down says so', async () => {
    const app = testApp(services);
    app.drain();
    expect((await call(app, '/healthz', { method: 'GET' })).status).toBe(503);
    expect((await call(app, '/healthz/readiness', { method: 'GET' })).status).toBe(503);
    expect((await call(app, VERSION)).status).toBe(200);
  });
});

describe('errors (section 2.4)', () => {
  const failing = (error: unknown) =>
    testApp(
      scriptedServices({
        blocks: {
          readBlock: async () => {
            throw error;
          },
        },
      }),
    );

  test('the form of every error', async () => {
    const answer = await call(failing(new PyrgosError('quota', 'Storage quota reached! \nUsed 5 é')), BLOCK);
    expect(answer.status).toBe(400);
    expect(answer.headers.get('trailer')).toBe('Storage+quota+reached%21+%0AUsed+5+%C3%A9');
    expect(answer.headers.get('content-type')).toBe('text/plain');
    expect(answer.headers.get('transfer-encoding')).toBe('chunked');
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
    expect(answer.headers.has('content-length')).toBe(false);
    expect(answer.body.length).toBe(0);
  });

  test('a rate limit is 429', async () => {
    const answer = await call(failing(new PyrgosError('rate', 'Rate Limit: slow down')), BLOCK);
    expect([answer.status, trailer(answer)]).toEqual([429, 'Rate Limit: slow down']);
  });

  test('a rate limit is 400 outside of the block API', async () => {
    const services = scriptedServices({
      pointers: {
        getPointer: async () => {
          throw new PyrgosError('rate', 'Queue full, please try again later');
        },
      },
    });
    const answer = await call(testApp(services), `/peergos/v0/mutable/getPointer?owner=${OWNER}&writer=${OWNER}`);
    expect([answer.status, trailer(answer)]).toEqual([400, 'Queue full, please try again later']);
  });

  test.each(['/api/v0/id?x', '/api/v0/blockstore/props?a=b&x', '/peergos/v0/admin/version?x', '/api/v0/ids?%zz', '/api/v0/id?%26x'])(
    'a malformed query of a call without parameters: %s',
    async (path) => {
      const answer = await call(testApp(scriptedServices()), path);
      expect([answer.status, trailer(answer)]).toEqual([400, expect.stringMatching(/query|request line/u)]);
    },
  );

  test.each([
    `/api/v0/block/get?arg=z${'2'.repeat(256)}&owner=${OWNER}`,
    `/api/v0/block/get?arg=${OWNER}&owner=z${'2'.repeat(15_000)}`,
    `/api/v0/block/stat?arg=z${'2'.repeat(15_000)}`,
    `/api/v0/champ/get/bulk?arg=z${'2'.repeat(15_000)}&owner=${OWNER}&caps=`,
    `/api/v0/ipns/get?arg=1${'2'.repeat(15_000)}`,
    `/peergos/v0/admin/pending?admin=${OWNER}&instance=z${'2'.repeat(15_000)}&auth=00`,
  ])('a long CID is refused before it is decoded: %.40s', async (path) => {
    const answer = await call(testApp(scriptedServices()), path);
    expect([answer.status, trailer(answer)]).toEqual([400, expect.stringMatching(/^length of \w+/u)]);
  });

  test.each(['/api/v0/id?', '/api/v0/id?&&', '/api/v0/id?a=b&'])('a query of no consequence: %s', async (path) => {
    expect((await call(testApp(scriptedServices()), path)).status).toBe(200);
  });

  test('an empty text is not sent', async () => {
    expect(trailer(await call(failing(new PyrgosError('limit', '')), BLOCK))).toBe('Request failed');
  });

  test.each([
    new Error('at /home/x.ts:1'),
    new PyrgosError('internal', '/home/x'),
    new PyrgosError('crypto.worker', '/home/x'),
    'a text',
    undefined,
    null,
  ])('a fault of ours is logged under an id, and only the id is sent: %s', async (error) => {
    const lines: string[] = [];
    const app = testApp(
      scriptedServices({
        blocks: {
          readBlock: async () => {
            throw error;
          },
        },
      }),
      { logger: pino({ level: 'error' }, { write: (line: string) => void lines.push(line) }) },
    );
    const answer = await call(app, BLOCK);
    expect([answer.status, trailer(answer)]).toEqual([400, 'Internal error abc123']);
    expect(JSON.parse(lines[0]!)).toMatchObject({ errorId: 'abc123', route: 'api/block/get' });
    expect(lines[0]).not.toContain(OWNER);
  });

  test('trouble with the storage is told, without its place', async () => {
    const text = async (message: string): Promise<string> => trailer(await call(failing(new PyrgosError('storage', message)), BLOCK));
    expect(await text('The disk is full.')).toBe('The disk is full. abc123');
    expect(await text('ENOSPC /data/x')).toBe('Storage error abc123');
    expect(await text('ENOSPC C:\\data')).toBe('Storage error abc123');
  });

  test('long texts are cut at a whole character', async () => {
    for (const character of ['a', ' ', 'é', '€', '\u{1f600}', '\ud800', '\n']) {
      const value = (await call(failing(new PyrgosError('limit', character.repeat(100_000))), BLOCK)).headers.get('trailer') ?? '';
      expect(value.length).toBeLessThanOrEqual(4096);
      expect(value.length).toBeGreaterThan(4000);
      expect(value).toMatch(/^(?:[A-Za-z0-9.*_+-]|%[0-9A-F]{2})*$/u);
      expect(new Set(decodeTrailer(value)).size).toBe(1);
    }
  });

  test('a missing owner has the text that clients know', async () => {
    expect(trailer(await call(testApp(services), '/api/v0/transaction/start'))).toBe('No value present');
  });

  test('too many caps have their own text', async () => {
    const { encodeCbor, encodeBase58 } = await import('@pyrgos/core/codec');
    const caps = `z${encodeBase58(encodeCbor(Array.from({ length: 21 }, () => new Map([['m', new Uint8Array(32)]]))))}`;
    const root = 'zdpuAx1iYkvRXKxmt5JNL3xKtuEeizTF8fYrWZm1BarrNRvzv';
    const answer = await call(testApp(services), `/api/v0/champ/get/bulk?arg=${root}&owner=${OWNER}&caps=${caps}`);
    expect(trailer(answer)).toBe('Too many caps in bulk champ get call! 21');
  });
});

describe('local-only calls (section 16)', () => {
  const stop = vi.fn();
  const over = async (
    app: ReturnType<typeof testApp>,
    headers: readonly string[],
    method = 'POST',
    address = '127.0.0.1',
    path = '/peergos/v0/stop/',
  ) => {
    const incoming = {
      url: path,
      method,
      rawHeaders: headers,
      headers: pairs(headers),
      socket: { localPort: 8000, remoteAddress: address },
    };
    const request = new Request(`${ORIGIN}${path}`, { method });
    return readAnswer(await app.fetch(request, { incoming: incoming as never }));
  };
  const pairs = (headers: readonly string[]): Record<string, string> =>
    Object.fromEntries(Array.from({ length: headers.length / 2 }, (_, i) => [headers[2 * i]!.toLowerCase(), headers[2 * i + 1]!]));
  const host = ['Host', 'localhost:8000'];

  test('the user of this machine can stop the server', async () => {
    for (const address of ['127.0.0.1', '127.3.2.1', '::1', '::ffff:127.0.0.1']) {
      stop.mockClear();
      expect((await over(testApp(services, { stop }), host, 'POST', address)).status).toBe(200);
      expect(stop).toHaveBeenCalledOnce();
    }
    const page = [...host, 'Origin', 'http://localhost:8000', 'Sec-Fetch-Site', 'same-origin'];
    expect((await over(testApp(services, { stop }), page)).status).toBe(200);
  });

  test.each([
    [404, host, 'POST', '192.168.1.5'],
    [404, host, 'POST', '::ffff:10.0.0.1'],
    [405, host, 'GET', '127.0.0.1'],
    [404, ['Host', '127.0.0.1:8000'], 'POST', '127.0.0.1'],
    [404, ['Host', '12D3KooWA4Xop1JaT3MHxwYMkCepYsv4iPVopMXwCz5iHYdBfeSB'], 'POST', '127.0.0.1'],
    [404, [...host, ...host], 'POST', '127.0.0.1'],
    [404, [], 'POST', '127.0.0.1'],
    [403, [...host, 'Origin', 'http://localhost:8001'], 'POST', '127.0.0.1'],
    [403, [...host, 'Origin', 'null'], 'POST', '127.0.0.1'],
    [403, [...host, 'Origin', 'http://sandbox.localhost:8000'], 'POST', '127.0.0.1'],
    [403, [...host, 'Sec-Fetch-Site', 'cross-site'], 'POST', '127.0.0.1'],
    [403, [...host, 'Sec-Fetch-Site', 'same-site'], 'POST', '127.0.0.1'],
  ])('%d for %j %s from %s', async (status, headers, method, address) => {
    stop.mockClear();
    const answer = await over(testApp(services, { stop }), headers, method, address);
    expect([answer.status, answer.body.length, stop.mock.calls.length]).toEqual([status, 0, 0]);
  });

  test('there is nothing to stop on a public server, below another path, or without a connection', async () => {
    stop.mockClear();
    expect((await over(testApp(services, { stop, publicServer: true }), host)).status).toBe(404);
    expect((await over(testApp(services, { stop, publicDomain: 'localhost:8000' }), host)).status).toBe(404);
    expect((await over(testApp(services, { stop }), host, 'POST', '127.0.0.1', '/peergos/v0/stop/now')).status).toBe(404);
    expect((await over(testApp(services), host)).status).toBe(404);
    expect((await call(testApp(services, { stop }), '/peergos/v0/stop/')).status).toBe(404);
    expect(stop).not.toHaveBeenCalled();
  });
});

describe('the request log', () => {
  test('has method, route, status and duration, and nothing that the client chose', async () => {
    const lines: string[] = [];
    let now = 0;
    const app = testApp(scriptedServices({ blocks: { readBlock: async () => Uint8Array.of(1) } }), {
      logger: pino({ level: 'debug' }, { write: (line: string) => void lines.push(line) }),
      monotonic: () => (now += 5),
    });
    await call(app, BLOCK, { headers: { 'user-agent': 'tell-tale' } });
    await call(app, '/api/v0/tell-tale?tell=tale');
    await call(app, '/secret/tell-tale', { method: 'GET' });
    const records = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(records).toMatchObject([
      { method: 'POST', route: 'api/block/get', status: 200, msg: 'request' },
      { method: 'POST', route: 'refused', status: 404 },
      { method: 'GET', route: 'page', status: 200 },
    ]);
    expect(records[0]!['milliseconds']).toBeGreaterThan(0);
    expect(Object.keys(records[0]!).toSorted()).toEqual([
      'hostname',
      'level',
      'method',
      'milliseconds',
      'msg',
      'pid',
      'route',
      'status',
      'time',
    ]);
    expect(lines.join('')).not.toContain('tell-tale');
    expect(lines.join('')).not.toContain(OWNER);
  });

  test('requests in flight are counted until they are answered', async () => {
    let release: ((value: undefined) => void) | undefined;
    const app = testApp(
      scriptedServices({
        blocks: {
          readBlock: async () =>
            new Promise<undefined>((resolve) => {
              release = resolve;
            }),
        },
      }),
    );
    const pending = call(app, BLOCK);
    await eventually(() => release !== undefined);
    expect(app.inFlight).toBe(1);
    release?.(undefined);
    await pending;
    expect(app.inFlight).toBe(0);
  });
});
