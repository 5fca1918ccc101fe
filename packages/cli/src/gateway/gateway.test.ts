import { request } from 'node:http';
import { connect } from '@pyrgos/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FilesWorld, password } from '../../test/files-world.js';

// The web sites of users (chapter 06 section 13.5), on a real server with its gateway.

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Buffer;
}

let world: FilesWorld;
let port: number;
const big = new Uint8Array(12 * 1024 * 1024 + 17).map((_, i) => (i * 31 + (i >> 11)) & 255);
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const MINUTES = 60_000;

beforeAll(async () => {
  world = await FilesWorld.start({ 'domain-suffix': '.sites.localhost:9000', 'gateway-port': '0', 'max-users': '10' });
  const ready =
    world.daemon
      .output()
      .split('\n')
      .find((line) => line.startsWith('{')) ?? '{}';
  port = (JSON.parse(ready) as { readonly gatewayPort: number }).gatewayPort;
  const { files, publishing } = world.session;
  await files.makeDirectory('/ada/site/docs/empty', { parents: true });
  const pages: readonly (readonly [string, Uint8Array])[] = [
    ['index.html', bytes('<!DOCTYPE html>home')],
    ['docs/index.html', bytes('<!DOCTYPE html>docs')],
    ['404.html', bytes('<!DOCTYPE html>not here')],
    ['page', bytes('<!DOCTYPE html>no ending')],
    ['app.js', bytes('1')],
    ['style.css', bytes('a{}')],
    ['pic.svg', bytes('<svg/>')],
    ['data.json', bytes('{}')],
    ['empty.txt', new Uint8Array()],
    ['notes.txt', bytes('0123456789')],
    ['größe ä.txt', bytes('umlaut')],
    ['big.bin', big],
  ];
  for (const [name, content] of pages) await files.write(`/ada/site/${name}`, content);
  await files.write('/ada/private.txt', bytes('private'));
  await publishing.publishWebRoot('/ada/site');
}, 2 * MINUTES);
afterAll(async () => world.stop());

async function ask(
  path: string,
  {
    host = 'ada.sites.localhost',
    method = 'GET',
    headers = {},
  }: { readonly host?: string; readonly method?: string; readonly headers?: Readonly<Record<string, string>> } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, path, method, headers: { ...headers, host }, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers as Answer['headers'], body: Buffer.concat(chunks) }),
      );
      response.on('error', reject);
    });
    sent.on('error', reject);
    sent.end();
  });
}

const text = ({ status, body }: Answer): readonly [number, string] => [status, body.toString()];

describe('pages', () => {
  test.each([
    ['/', 'home', 'text/html'],
    ['/index.html', 'home', 'text/html'],
    ['//', 'home', 'text/html'],
    ['/?a=b', 'home', 'text/html'],
    ['/docs/', 'docs', 'text/html'],
    ['/docs//index.html', 'docs', 'text/html'],
    ['/page', 'no ending', 'text/html'],
  ])('%s (P5)', async (path, content, type) => {
    const answer = await ask(path);
    expect(text(answer)).toEqual([200, `<!DOCTYPE html>${content}`]);
    expect(answer.headers['content-type']).toBe(type);
  });

  test.each([
    ['/app.js', 'text/javascript'],
    ['/style.css', 'text/css'],
    ['/pic.svg', 'image/svg+xml'],
    ['/data.json', 'application/json'],
    ['/notes.txt', 'text/plain'],
  ])('%s has its type', async (path, type) => {
    const answer = await ask(path);
    expect([answer.status, answer.headers['content-type']]).toEqual([200, type]);
  });

  test('a name beyond ASCII', async () => {
    expect(text(await ask('/gr%C3%B6%C3%9Fe%20%C3%A4.txt'))).toEqual([200, 'umlaut']);
  });

  test('a directory without slash leads to the one with it, and to no other host', async () => {
    const answer = await ask('/docs');
    expect([answer.status, answer.headers['location']]).toEqual([301, '/docs/']);
    for (const path of ['//evil.example/docs', '/\\evil.example', '/%2f%2fevil.example'])
      expect((await ask(path)).headers['location']).toBeUndefined();
  });

  test.each([
    '/missing',
    '/docs/empty/',
    '/docs/missing.html',
    '/index.html/',
    '/index.html/x',
    '/%2e%2e/private.txt',
    '/..%2fprivate.txt',
    '/%00',
    '/%',
    `/${'a'.repeat(5000)}`,
  ])('%# is not there, and the page of the site says so', async (path) => {
    const answer = await ask(path);
    expect(text(answer)).toEqual([404, '<!DOCTYPE html>not here']);
    expect(answer.headers['content-type']).toBe('text/html');
    expect(answer.headers['etag']).toBeUndefined();
  });

  test('HEAD says what GET would, and no other method does anything', async () => {
    const answer = await ask('/notes.txt', { method: 'HEAD' });
    expect([answer.status, answer.headers['content-length'], answer.headers['content-type'], answer.body.length]).toEqual([
      200,
      '10',
      'text/plain',
      0,
    ]);
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) expect((await ask('/', { method })).status).toBe(405);
  });
});

describe('hosts', () => {
  test.each([
    'sites.localhost',
    'nobody.sites.localhost',
    'localhost',
    '127.0.0.1',
    'ada.sites.localhost.evil.example',
    'x.ada.sites.localhost',
    'peergos.sites.localhost',
  ])('%s has nothing', async (host) => {
    const answer = await ask('/', { host });
    expect([answer.status, answer.body.length]).toEqual([404, 0]);
  });

  test('nothing of the API or of the app is here, nor what is not published', async () => {
    for (const path of ['/api/v0/id', '/peergos/v0/core/getUsernamesGzip/', '/secret/z1/1', '/public/ada/site', '/private.txt']) {
      expect((await ask(path)).status).toBe(404);
    }
  });
});

describe('parts, and what a browser has already', () => {
  test.each([
    ['bytes=2-4', '234', 'bytes 2-4/10'],
    ['bytes=7-', '789', 'bytes 7-9/10'],
    ['bytes=-2', '89', 'bytes 8-9/10'],
  ])('%s', async (range, content, described) => {
    const answer = await ask('/notes.txt', { headers: { range } });
    expect([...text(answer), answer.headers['content-range'], answer.headers['content-length']]).toEqual([
      206,
      content,
      described,
      String(content.length),
    ]);
  });

  test('beyond the end, of several, and of another version', async () => {
    const beyond = await ask('/notes.txt', { headers: { range: 'bytes=10-' } });
    expect([beyond.status, beyond.headers['content-range'], beyond.body.length]).toEqual([416, 'bytes */10', 0]);
    expect((await ask('/notes.txt', { headers: { range: 'bytes=0-1,3-4' } })).status).toBe(200);
    const { etag = '' } = (await ask('/notes.txt')).headers;
    expect((await ask('/notes.txt', { headers: { range: 'bytes=0-1', 'if-range': etag } })).status).toBe(206);
    expect((await ask('/notes.txt', { headers: { range: 'bytes=0-1', 'if-range': '"other"' } })).status).toBe(200);
  });

  test('a large file, whole and in part', async () => {
    const whole = await ask('/big.bin');
    expect(whole.body.equals(big)).toBe(true);
    const part = await ask('/big.bin', { headers: { range: `bytes=${5 * 1024 * 1024 - 3}-${5 * 1024 * 1024 + 2}` } });
    expect(part.body).toEqual(Buffer.from(big.subarray(5 * 1024 * 1024 - 3, 5 * 1024 * 1024 + 3)));
  });

  test('an empty file', async () => {
    const answer = await ask('/empty.txt');
    expect([answer.status, answer.headers['content-length'], answer.body.length]).toEqual([200, '0', 0]);
  });

  test('what has not changed is not sent again; what has changed is', async () => {
    const { etag = '' } = (await ask('/app.js')).headers;
    const same = await ask('/app.js', { headers: { 'if-none-match': `"x", W/${etag}` } });
    expect([same.status, same.body.length, same.headers['etag']]).toEqual([304, 0, etag]);
    await world.session.files.write('/ada/site/app.js', bytes('22'));
    await expect
      .poll(async () => text(await ask('/app.js', { headers: { 'if-none-match': etag } })), { timeout: MINUTES })
      .toEqual([200, '22']);
  });

  test('many readers at a time', async () => {
    const answers = await Promise.all(
      Array.from({ length: 24 }, async () => ask('/big.bin', { headers: { range: 'bytes=6000000-6000099' } })),
    );
    for (const { body } of answers) expect(body).toEqual(Buffer.from(big.subarray(6_000_000, 6_000_100)));
  });
});

describe('headers', () => {
  test('of every answer keep the site apart', async () => {
    for (const path of ['/', '/missing', '/docs', '/app.js']) {
      const { headers } = await ask(path);
      expect(headers).toMatchObject({
        'content-security-policy': "default-src 'self'",
        'x-frame-options': 'sameorigin',
        'x-xss-protection': '1; mode=block',
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'permissions-policy': 'interest-cohort=()',
        'origin-agent-cluster': '?1',
        'cross-origin-opener-policy': 'same-origin',
      });
      for (const name of ['set-cookie', 'access-control-allow-origin', 'strict-transport-security']) expect(headers[name]).toBeUndefined();
    }
  });

  test('a site sets its own policy', async () => {
    const policy = "default-src 'self'; img-src *";
    const bob = await (await connect(world.server)).signUp({ username: 'bob', password });
    await bob.files.makeDirectory('/bob/www');
    await bob.files.write('/bob/www/headers.json', bytes(JSON.stringify({ 'content-security-policy': policy, 'set-cookie': 'a=b' })));
    await bob.files.write('/bob/www/index.html', bytes('<!DOCTYPE html>bob'));
    await bob.publishing.publishWebRoot('/bob/www');
    const answer = await ask('/', { host: 'bob.sites.localhost:9000' });
    expect([...text(answer), answer.headers['content-security-policy'], answer.headers['set-cookie']]).toEqual([
      200,
      '<!DOCTYPE html>bob',
      policy,
      undefined,
    ]);
    expect((await ask('/missing', { host: 'bob.sites.localhost' })).body.length).toBe(0);
    // The field is there, and what it names is not public any more; then it names something of somebody else.
    await bob.publishing.unpublishWebRoot();
    await expect.poll(async () => (await ask('/', { host: 'bob.sites.localhost' })).status, { timeout: MINUTES }).toBe(404);
    await bob.files.write('/bob/.profile/webroot', bytes('/ada/site'));
    expect((await ask('/', { host: 'bob.sites.localhost' })).status).toBe(404);
  });
});
