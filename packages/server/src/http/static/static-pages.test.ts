import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Answer, call, RawClient, testApp } from '../../../test/http/http-world.js';
import { scriptedServices } from '../../../test/http/scripted-services.js';
import type { HttpOptions } from '../http-options.js';
import { type HttpServer, startHttpServer } from '../http-server.js';

let folder: string;
let server: HttpServer;
/** Neither a file nor a folder. */
let special: Server;
beforeAll(async () => {
  const outside = mkdtempSync(join(tmpdir(), 'pyrgos-web-'));
  folder = join(outside, 'web');
  for (const path of ['assets', 'apps/sandbox', 'apps/calendar', 'apps/other', '.git', 'web2'])
    mkdirSync(join(folder, path), { recursive: true });
  const files = {
    'index.html': '<!DOCTYPE html>home',
    'secret.html': 'secret page',
    'assets/app.js': 'js',
    'assets/style.css': 'css',
    'assets/module.wasm': 'wasm',
    'assets/font.woff': 'woff',
    'assets/data.json': '{}',
    'assets/unknown.xyz': 'x',
    'assets/noextension': 'x',
    'assets/ä b.svg': 'svg',
    'apps/sandbox/sandbox.html': 'sandbox',
    'apps/calendar/index.html': 'calendar',
    'apps/other/index.html': 'other',
    '.git/config': 'hidden',
    '../secret.txt': 'outside',
    '../web-twin.txt': 'outside',
  };
  for (const [path, text] of Object.entries(files)) writeFileSync(join(folder, path), text);
  symlinkSync(join(outside, 'secret.txt'), join(folder, 'link.txt'));
  symlinkSync(outside, join(folder, 'linked'));
  symlinkSync('app.js', join(folder, 'assets/inside.js'));
  symlinkSync('loop', join(folder, 'loop'));
  special = createServer().listen(join(folder, 'special'));
  server = await startHttpServer(testApp(scriptedServices(), { webroot: folder }), { host: '127.0.0.1', port: 0 });
});
afterAll(async () => {
  await server.close(0);
  special.close();
  rmSync(join(folder, '..'), { recursive: true, force: true });
});

const ask = async (
  path: string,
  options: Partial<HttpOptions> & { readonly method?: string; readonly headers?: Readonly<Record<string, string>> } = {},
): Promise<Answer> => {
  const { method = 'GET', headers = {}, ...more } = options;
  return call(testApp(scriptedServices(), { webroot: folder, ...more }), path, { method, headers });
};
const textOf = (answer: Answer): string => gunzipSync(answer.body).toString();
const at = (host: string): { readonly headers: Readonly<Record<string, string>> } => ({ headers: { host } });

describe('files (section 14.1)', () => {
  test.each([
    ['/', '<!DOCTYPE html>home', 'text/html'],
    ['/index.html', '<!DOCTYPE html>home', 'text/html'],
    ['/?signup=true&token=abc', '<!DOCTYPE html>home', 'text/html'],
    ['/?not-a-parameter', '<!DOCTYPE html>home', 'text/html'],
    ['/secret/z59vuw/123', 'secret page', 'text/html'],
    ['/assets/app.js', 'js', 'text/javascript'],
    ['//assets///app.js', 'js', 'text/javascript'],
    ['/assets/inside.js', 'js', 'text/javascript'],
    ['/assets/style.css', 'css', 'text/css'],
    ['/assets/module.wasm', 'wasm', 'application/wasm'],
    ['/assets/font.woff', 'woff', 'application/font-woff'],
    ['/assets/data.json', '{}', 'application/json'],
    ['/assets/%C3%A4%20b.svg', 'svg', 'image/svg+xml'],
    ['/assets/unknown.xyz', 'x', undefined],
    ['/assets/noextension', 'x', undefined],
    ['/apps/other/index.html', 'other', 'text/html'],
  ])('%s', async (path, text, type) => {
    const answer = await ask(path);
    expect(answer.status).toBe(200);
    expect(textOf(answer)).toBe(text);
    expect(answer.headers.get('content-encoding')).toBe('gzip');
    expect(answer.headers.get('content-type')).toBe(type);
    const isRoot = path.startsWith('/?') || path === '/' || path === '/index.html';
    expect(answer.headers.get('cache-control')).toBe(isRoot ? undefined : 'public, max-age=600');
    expect(answer.headers.get('etag')).toBe(isRoot ? undefined : createHash('sha256').update(answer.body).digest('hex').slice(0, 16));
  });

  test.each([
    '/missing',
    '/assets',
    '/assets/',
    '/assets/app.js/',
    '/assets/app.js/x',
    '/../secret.txt',
    '/assets/../../secret.txt',
    '/%2e%2e/secret.txt',
    '/..%2fsecret.txt',
    '/%2e%2e%2fsecret.txt',
    '/assets/%2e%2e/%2e%2e/secret.txt',
    '/..%5csecret.txt',
    '/link.txt',
    '/linked/secret.txt',
    '/loop',
    '/special',
    '/.git/config',
    '/assets/./app.js',
    '/assets/%00',
    '/assets/app.js%00.html',
    '/index.html:stream',
    `/${'a'.repeat(300)}`,
    `/${'a/'.repeat(2000)}a`,
    '/apps/sandbox/sandbox.html',
    '/apps//sandbox/sandbox.html',
    '/apps/%73andbox/sandbox.html',
    '/__proto__',
  ])('%# is 404', async (path) => {
    // Over a socket: Fetch requests put paths right before anybody sees them.
    const client = await RawClient.open(server.port);
    client.send(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nConnection: close\r\n\r\n`);
    expect(await client.closed()).toMatch(/^HTTP\/1\.1 404 Not Found\r\n(?:.+\r\n)*\r\n$/u);
  });

  test('a path that is no text is refused like any malformed request', async () => {
    expect((await ask('/%ff')).status).toBe(400);
    expect((await ask('/%')).status).toBe(400);
  });

  test('a folder that does not exist has nothing, until it is there', async () => {
    const later = join(folder, '..', 'later');
    const app = testApp(scriptedServices(), { webroot: later });
    expect((await call(app, '/', { method: 'GET' })).status).toBe(404);
    mkdirSync(later);
    writeFileSync(join(later, 'index.html'), 'there');
    expect(textOf(await call(app, '/', { method: 'GET' }))).toBe('there');
  });

  test('a changed file is served anew', async () => {
    const app = testApp(scriptedServices(), { webroot: folder });
    const path = join(folder, 'assets/changing.js');
    const get = async (): Promise<Answer> => call(app, '/assets/changing.js', { method: 'GET' });
    writeFileSync(path, 'one');
    const first = await get();
    expect((await get()).headers.get('etag')).toBe(first.headers.get('etag'));
    writeFileSync(path, 'two');
    utimesSync(path, 1, 1);
    const second = await get();
    expect(textOf(second)).toBe('two');
    expect(second.headers.get('etag')).not.toBe(first.headers.get('etag'));
    rmSync(path);
    expect((await get()).status).toBe(404);
  });

  test('what a browser has already is not sent again', async () => {
    const etag = (await ask('/assets/app.js')).headers.get('etag')!;
    for (const value of [etag, `"${etag}"`, `W/"${etag}"`, `"x", "${etag}"`]) {
      const answer = await ask('/assets/app.js', { headers: { 'if-none-match': value } });
      expect([answer.status, answer.body.length, answer.headers.get('etag')]).toEqual([304, 0, etag]);
    }
    expect((await ask('/assets/app.js', { headers: { 'if-none-match': 'other' } })).status).toBe(200);
    expect((await ask('/', { headers: { 'if-none-match': etag } })).status).toBe(200);
  });

  test('HEAD tells what GET would: the compressed length, the encoding, the type, the tag and the policy', async () => {
    for (const path of ['/assets/app.js', '/']) {
      const whole = await ask(path);
      const { status, headers, body: none } = await ask(path, { method: 'HEAD' });
      expect([status, none.length]).toEqual([200, 0]);
      expect(Object.fromEntries(headers)).toEqual({ ...Object.fromEntries(whole.headers), 'content-length': String(whole.body.length) });
      expect(headers.get('content-encoding')).toBe('gzip');
      expect(headers.get('content-security-policy')).toContain("object-src 'none'");
    }
    expect((await ask('/missing', { method: 'HEAD' })).status).toBe(404);
  });
});

describe('security headers (section 14.1)', () => {
  const common = {
    'cross-origin-embedder-policy': 'require-corp',
    'cross-origin-opener-policy': 'same-origin',
    'origin-agent-cluster': '?1',
    'x-xss-protection': '1; mode=block',
    'x-dns-prefetch-control': 'off',
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'permissions-policy':
      'interest-cohort=(), geolocation=(), gyroscope=(), magnetometer=(), accelerometer=(), microphone=(), camera=(self), fullscreen=(self)',
  };
  const policy = (answer: Answer): ReadonlyMap<string, string> =>
    new Map(
      answer.headers
        .get('content-security-policy')!
        .split('; ')
        .map((directive) => [directive.split(' ')[0]!, directive.split(' ').slice(1).join(' ')]),
    );

  test('main pages', async () => {
    const answer = await ask('/', { paymentDomains: ['https://pay.example'] });
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      ...common,
      'cross-origin-resource-policy': 'same-origin',
      'x-frame-options': 'sameorigin',
    });
    const home = 'http://localhost:8000';
    expect(Object.fromEntries(policy(answer))).toEqual({
      'default-src': `'self' ${home}`,
      'script-src': `'self' ${home} 'wasm-unsafe-eval'`,
      'worker-src': `'self'`,
      'style-src': `'self' ${home}`,
      'frame-src': `'self' https://pay.example http://*.localhost:8000`,
      'frame-ancestors': `'self' ${home}`,
      'connect-src': `'self' ${home} peergos-drop:`,
      'media-src': `'self' ${home} blob:`,
      'img-src': `'self' ${home} data: blob:`,
      'object-src': `'none'`,
      'base-uri': `'none'`,
      'form-action': `'self'`,
    });
  });

  test('app subdomains', async () => {
    const answer = await ask('/apps/calendar/index.html', at('calendar.localhost:8000'));
    expect(textOf(answer)).toBe('calendar');
    expect(Object.fromEntries(answer.headers)).toMatchObject({ ...common, 'cross-origin-resource-policy': 'cross-origin' });
    expect(answer.headers.has('x-frame-options')).toBe(false);
    const home = 'http://localhost:8000';
    expect(Object.fromEntries(policy(answer))).toMatchObject({
      'style-src': `'self' ${home} 'unsafe-inline' https://calendar.localhost:8000`,
      sandbox: 'allow-same-origin allow-scripts allow-forms allow-modals',
      'frame-src': `'self'`,
      'frame-ancestors': `'self' ${home}`,
      'base-uri': `'self'`,
      'form-action': `'self'`,
    });
  });

  test('the name of a public server is reached by TLS', async () => {
    const answer = await ask('/', { publicDomain: 'files.example', publicServer: true, ...at('files.example') });
    expect(policy(answer).get('default-src')).toBe(`'self' https://files.example`);
    expect(policy(answer).get('frame-src')).toBe(`'self' https://*.files.example`);
    const local = await ask('/', { publicDomain: 'peergos.localhost', ...at('peergos.localhost') });
    expect(policy(local).get('default-src')).toBe(`'self' http://peergos.localhost`);
  });

  test('a server on all addresses names the one that was asked', async () => {
    const answer = await ask('/', { listenHost: '0.0.0.0', ...at('192.168.1.5:8000') });
    expect(policy(answer).get('default-src')).toBe(`'self' http://192.168.1.5:8000`);
  });

  test('the policy can be left out for development, and then there is none at all', async () => {
    expect((await ask('/', { contentSecurityPolicy: false })).headers.has('content-security-policy')).toBe(false);
  });

  test('a missing page cannot be framed or guessed either', async () => {
    expect((await ask('/missing')).headers.get('content-security-policy')).toBe("default-src 'none'; sandbox");
  });
});

describe('app subdomains (section 14.3)', () => {
  test.each([
    ['calendar.localhost:8000', '/apps/calendar/index.html', 'calendar'],
    ['sandbox.localhost:8000', '/sandbox.html', 'sandbox'],
    ['bafyqwerty.localhost:8000', '/sandbox.html', 'sandbox'],
    ['other.localhost:8000', '/sandbox.html', 'sandbox'],
    ['calendar.localhost:8000', '/', undefined],
    ['calendar.localhost:8000', '/index.html', undefined],
    ['calendar.localhost:8000', '/apps/other/index.html', undefined],
    ['calendar.localhost:8000', '/apps/calendar', undefined],
    ['calendar.localhost:8000', '/secret/a/b', undefined],
    ['other.localhost:8000', '/apps/other/index.html', undefined],
    ['sandbox.localhost:8000', '/../other/index.html', undefined],
    ['sandbox.localhost:8000', '/%2e%2e/other/index.html', undefined],
    ['sandbox.localhost:8000', '/apps/sandbox/sandbox.html', undefined],
    ['sandbox.localhost:8000', '/assets/app.js', undefined],
  ])('%s%s', async (host, path, text) => {
    const answer = await ask(path, at(host));
    expect(answer.status).toBe(text === undefined ? 404 : 200);
    if (text !== undefined) expect(textOf(answer)).toBe(text);
  });

  test('which apps have one is configured', async () => {
    expect((await ask('/apps/other/index.html', { apps: ['other'], ...at('other.localhost:8000') })).status).toBe(200);
    expect((await ask('/apps/calendar/index.html', { apps: ['other'], ...at('calendar.localhost:8000') })).status).toBe(404);
  });
});
