import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { decodeTrailer } from '@pyrgos/core/api';
import { fromHex, toHex } from '@pyrgos/core/bytes';
import { loadCrypto } from '@pyrgos/core/crypto';
import { DeniedError } from '@pyrgos/core/errors';
import { ProofOfWork, ScryptSecretGeneration, SigningKeyPair } from '@pyrgos/core/keys';
import { pino } from 'pino';
import { testApp } from '../../test/http/http-world.js';
import { scriptedServices } from '../../test/http/scripted-services.js';
import { SignUpClient } from '@pyrgos/testkit/server';
import { loadConfig } from '../config/index.js';
import { startServer } from '../server.js';
import type { ServerServices } from '../services.js';
import { startHttpServer } from './http-server.js';
import v from '../../../../vectors/02/exchanges.json' with { type: 'json' };

/** The worst services there could be: whatever they are given, they put it into the text of an error. */
function reflecting(): ServerServices {
  const describeValue = (value: unknown): string => {
    if (value instanceof Uint8Array) return Buffer.from(value).toString('latin1');
    if (Array.isArray(value)) return value.map(describeValue).join();
    return typeof value === 'object' && value !== null && value.constructor === Object
      ? Object.values(value).map(describeValue).join()
      : String(value);
  };
  const fail = (given: readonly unknown[]): never => {
    throw new DeniedError('denied.auth', `<b>${given.map(describeValue).join('\r\n')}`);
  };
  const area = new Proxy(
    {},
    {
      get: (_, name) => {
        // Bodies are to be read.
        if (name === 'assertKnownWriter') return async () => undefined;
        // The end of the server, which is no request.
        if (name === 'close') return () => undefined;
        return name === 'version' || name === 'properties'
          ? (...given: readonly unknown[]) => fail(given)
          : async (...given: readonly unknown[]) => fail(given);
      },
    },
  );
  const { ids } = scriptedServices();
  return new Proxy({ ids }, { get: (target, name) => (name === 'ids' ? target.ids : area) }) as unknown as ServerServices;
}

interface Received {
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Buffer;
}

interface Target {
  readonly port: number;
  close(): Promise<void>;
}

/** A whole server, with a user whose key and name stand in the requests. */
async function realServer(): Promise<Target> {
  const directory = mkdtempSync(join(tmpdir(), 'pyrgos-hostile-'));
  const flags = new Map([
    ['port', '0'],
    ['listen-host', '127.0.0.1'],
    ['max-users', '10'],
  ]);
  const { config } = await loadConfig({ dataDirectory: directory, environment: {}, flags });
  const pkiAlgorithms = { identity: ScryptSecretGeneration.of({ logN: 15 }), keyFile: ScryptSecretGeneration.of({ logN: 15, length: 32 }) };
  const running = await startServer(config, { pkiAlgorithms, logger: pino({ level: 'silent' }) });
  const crypto = await loadCrypto();
  const identity = SigningKeyPair.fromSeed(
    crypto,
    Uint8Array.from({ length: 32 }, (_, i) => i),
  );
  const { core, ids } = running.context.services;
  const { username, link, log } = await new SignUpClient(crypto, ids.current).build('alice', { identity, now: Date.now() });
  expect(await core.signup(username, link, log, ProofOfWork.empty(), '')).toEqual({ accepted: true });
  return {
    port: running.port,
    close: async () => {
      await running.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

let server: Target;
let agent: Agent;

async function send(method: string, path: string, body: Uint8Array, headers: Readonly<Record<string, string>> = {}): Promise<Received> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      { port: server.port, agent, method, path, headers: { host: `127.0.0.1:${server.port}`, ...headers } },
      (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('end', () => {
          const raw = answer.rawHeaders;
          const pairs = Array.from({ length: raw.length / 2 }, (_, i) => [raw[2 * i]!.toLowerCase(), raw[2 * i + 1]!] as const);
          resolve({ status: answer.statusCode ?? 0, headers: pairs, body: Buffer.concat(chunks) });
        });
      },
    );
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

/** The headers that any answer may have. */
const known = new Set(
  (
    'x-content-type-options content-security-policy cross-origin-resource-policy cache-control etag content-length content-encoding content-type ' +
    'transfer-encoding trailer location allow date connection keep-alive cross-origin-embedder-policy cross-origin-opener-policy ' +
    'origin-agent-cluster x-frame-options x-xss-protection x-dns-prefetch-control referrer-policy permissions-policy'
  ).split(' '),
);

function check({ status, headers, body }: Received): void {
  expect([200, 302, 304, 400, 403, 404, 405, 429]).toContain(status);
  const names = headers.map(([name]) => name);
  expect(names.filter((name) => !known.has(name))).toEqual([]);
  expect(new Set(names).size).toBe(names.length);
  for (const [, value] of headers) expect(value).toMatch(/^[\u0020-\u007e]*$/u);
  const trailer = headers.find(([name]) => name === 'trailer')?.[1];
  expect(trailer !== undefined).toBe(status === 400 || status === 429);
  if (status === 200) return;
  expect(body.length).toBe(0);
  if (trailer === undefined) return;
  expect(trailer).toMatch(/^(?:[A-Za-z0-9.*_+-]|%[0-9A-F]{2})+$/u);
  expect(trailer.length).toBeLessThanOrEqual(4096);
  // Whatever was sent has been foreseen; and no program text of ours.
  expect(decodeTrailer(trailer)).not.toMatch(/^Internal error/u);
  expect(decodeTrailer(trailer)).not.toMatch(/\n\s+at |\.ts:\d|node:internal|TypeError|is not a function|undefined \(/u);
}

/** Text that would do harm where it is not expected. */
const hostileText = fc.oneof(
  fc.constantFrom(
    '\r\nSet-Cookie: a=b',
    '\r\n\r\n<script>alert(1)</script>',
    '\n',
    '\r',
    '\0',
    '<img src=x onerror=alert(1)>',
    '"><svg/onload=alert(1)>',
    '%0d%0aX: y',
    '\u2028',
    '\u010d\u010a',
    '../../etc/passwd',
    '{"a":1}',
    "' OR 1=1 --",
    '__proto__',
    'toString',
    '-1',
    '0',
    '99999999999999999999999999',
    'NaN',
    '',
    ' ',
    '+',
    'z',
    'z'.repeat(3000),
    'Qm',
    '1',
    'ff'.repeat(2000),
  ),
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.string({ maxLength: 60 }),
  fc.uint8Array({ maxLength: 100 }).map(toHex),
  fc.uint8Array({ maxLength: 100 }).map((bytes) => `f${toHex(bytes)}`),
);

/** One request per endpoint, in order, as the chapter prints them. */
const endpoints = [...new Map(v.valid.map((vector) => [vector.path.split('?')[0], vector])).values()].map(({ method, path, ...rest }) => ({
  method,
  path,
  body: fromHex('body' in rest ? (rest.body ?? '') : ''),
}));

const targets = [
  ['services that reflect everything', async () => startReflecting(), 1],
  ['the real services', realServer, 0.3],
] as const;

async function startReflecting(): Promise<Target> {
  const { port, close } = await startHttpServer(testApp(reflecting()), { host: '127.0.0.1', port: 0 });
  return { port, close: async () => close(0) };
}

describe.each(targets)('%s', (_name, start, share) => {
  beforeAll(async () => {
    agent = new Agent({ keepAlive: true, maxSockets: 4 });
    server = await start();
  });
  afterAll(async () => {
    agent.destroy();
    await server.close();
  });

  describe.each(endpoints.map((endpoint) => [endpoint.path.split('?')[0]!, endpoint] as const))('%s', (base, { method, path, body }) => {
    const parameters = (path.split('?')[1] ?? '').split('&').filter((part) => part !== '');
    const whole = parameters.length === 0 ? '' : `?${parameters.join('&')}`;

    test('the request itself', async () => {
      check(await send(method, `${base}${whole}`, body));
    });

    test('hostile parameters', async () => {
      await fc.assert(
        fc.asyncProperty(hostileText, fc.integer({ min: 0, max: parameters.length }), fc.boolean(), async (text, index, raw) => {
          // Escaped, or as it stands as far as a request line allows.
          const value = raw ? text.replace(/[^!-~]|[#]/gu, '') : encodeURIComponent(text);
          const changed = [...parameters];
          changed[index] = index < parameters.length ? `${parameters[index]!.split('=')[0]}=${value}` : `extra=${value}`;
          check(await send(method, `${base}?${changed.join('&')}`, body));
        }),
        { numRuns: 40 * share },
      );
    });

    test('missing parameters', async () => {
      for (let i = 0; i < parameters.length; i++) check(await send(method, `${base}?${parameters.toSpliced(i, 1).join('&')}`, body));
      check(await send(method, base, body));
      check(await send(method, `${base}?`, body));
    });

    test('hostile bodies', async () => {
      await fc.assert(
        fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), fc.nat(), fc.nat(255), async (bytes, position, byte) => {
          check(await send(method === 'GET' ? 'POST' : method, `${base}${whole}`, bytes));
          if (body.length > 0) {
            check(await send(method, `${base}${whole}`, body.with(position % body.length, byte)));
            check(await send(method, `${base}${whole}`, body.subarray(0, position % body.length)));
          }
        }),
        { numRuns: 20 * share },
      );
    });
  });

  test('hostile paths', async () => {
    const prefix = fc.constantFrom(
      '/',
      '/api/v0/',
      '/peergos/v0/',
      '/peergos/v0/core/',
      '/public/',
      '/secret/',
      '/peergos/v0/login/',
      '//',
      '/healthz/',
    );
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('GET', 'POST', 'HEAD', 'PUT'),
        prefix,
        hostileText,
        fc.boolean(),
        async (method, start, text, raw) => {
          const rest = raw ? text.replace(/[^!-~]|[#]/gu, '') : encodeURIComponent(text);
          const received = await send(method, `${start}${rest}`, new Uint8Array());
          check(received);
        },
      ),
      { numRuns: 400 * share },
    );
  });

  test('hostile headers', async () => {
    const name = fc.constantFrom(
      'origin',
      'sec-fetch-site',
      'authorization',
      'if-none-match',
      'content-type',
      'cookie',
      'x-forwarded-host',
      'range',
      'accept-encoding',
    );
    await fc.assert(
      fc.asyncProperty(name, hostileText, fc.constantFrom(...endpoints), async (header, text, { method, path, body }) => {
        const value = text.replace(/[^ -~]/gu, '');
        check(await send(method, path, body, { [header]: value }));
        check(await send('GET', '/landing.css', new Uint8Array(), { [header]: value }));
      }),
      { numRuns: 200 * share },
    );
  });

  test('multipart bodies in pieces', async () => {
    const { path } = endpoints.find((endpoint) => endpoint.path.includes('block/put/bulk'))!;
    const put = `${path.replace('/put/bulk', '/put')}&signatures=00`;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom('--XX', '--', '\r\n', '\r\n\r\n', 'A: b', 'x', '\0'), { maxLength: 14 }),
        hostileText,
        async (pieces, text) => {
          const boundary = fc.stringify(text).length % 3 === 0 ? text.replace(/[^!-~]/gu, '') : 'XX';
          check(await send('POST', put, Buffer.from(pieces.join('')), { 'content-type': `multipart/form-data;boundary=${boundary}` }));
        },
      ),
      { numRuns: 150 * share },
    );
  });
});
