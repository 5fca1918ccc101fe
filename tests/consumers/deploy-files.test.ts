import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { options, parseConfig, variableOf } from '@pyrgos/server/config';
import { describe, expect, test } from 'vitest';

// What is handed out to run a server with says nothing that the server does not know any more.

function read(name: string): string {
  return readFileSync(fileURLToPath(new URL(`../../${name}`, import.meta.url)), 'utf8');
}

/** The variables of the server that a text speaks of, but those that say where its data is. */
function variablesIn(text: string): readonly string[] {
  return [...new Set(text.match(/\bPYRGOS_[A-Z_]+\b/gu))].filter((name) => !['PYRGOS_PATH', 'PYRGOS_DOMAIN'].includes(name));
}

/** What a server would be configured with. Throws what it would say. */
function configured(environment: Readonly<Record<string, string>>, flags: readonly (readonly [string, string])[] = []) {
  const readSecretFile = (): string => '';
  return parseConfig({ dataDirectory: '/data', environment, flags: new Map(flags), file: undefined, notices: [], readSecretFile }).config;
}

const { port, gatewayPort } = configured({});
const known = new Set(Object.values(options).map(({ name }) => variableOf(name)));
const dockerfile = read('Dockerfile');
const compose = read('compose.yaml');

test.each(['Dockerfile', 'compose.yaml', 'deploy/Caddyfile', 'deploy/nginx.conf', 'deploy/pyrgos.service', 'docs/self-hosting.md'])(
  '%s names only variables that there are',
  (name) => {
    for (const variable of variablesIn(read(name))) expect(known, variable).toContain(variable);
  },
);

describe('the image', () => {
  test('has the ports of the server', () => {
    expect(/^EXPOSE (.*)$/mu.exec(dockerfile)?.[1]).toBe(`${port} ${gatewayPort}`);
    expect(dockerfile).toContain(`process.env.${variableOf(options.port.name)} ?? ${port}`);
  });

  test('is started with options that there are, and asked for its health where the server answers', () => {
    const [, ...flags] = JSON.parse(/^CMD (\[.*\])$/mu.exec(dockerfile)?.[1] ?? '') as readonly string[];
    const pairs = flags.flatMap((flag, i) => (i % 2 === 0 ? [[flag.slice(2), flags[i + 1] ?? ''] as const] : []));
    expect(configured({}, pairs).listenHost).toBe('0.0.0.0');
    expect(read('packages/server/src/http/http-app.ts')).toContain("HEALTH_PATH = '/healthz'");
    expect(dockerfile).toContain("+ '/healthz'");
  });
});

test('the composition starts a server for a name, with the proxy believed, and with web sites where they are wanted', () => {
  // Lines of the server, one `NAME: value` each; the name of the machine is given by whoever starts it.
  const [, server = ''] = /^  pyrgos:\n(.*?)^  proxy:/msu.exec(compose) ?? [];
  const lines = [...server.matchAll(/^ {6}(PYRGOS_[A-Z_]+): '?([^'\n]*)'?$/gmu)].map(([, name = '', value = '']) => [name, value] as const);
  const settings = { ...Object.fromEntries(lines), PYRGOS_PUBLIC_DOMAIN: 'files.example.org' };
  expect(lines.map(([name]) => name)).toEqual(['PYRGOS_PUBLIC_DOMAIN', 'PYRGOS_MAX_USERS', 'PYRGOS_TRUSTED_PROXIES']);
  const expose = [...(/expose:\n((?: +- '\d+'\n)+)/u.exec(server)?.[1] ?? '').matchAll(/\d+/gu)].map(([found]) => found);
  const config = configured({ ...settings, PYRGOS_DOMAIN_SUFFIX: 'sites.example.org' }, [['listen-host', '0.0.0.0']]);
  expect(config.publicDomain).toBe('files.example.org');
  expect(expose).toEqual([String(port), String(gatewayPort)]);
});

test('the proxies lead to the ports of the server', () => {
  const ports = (name: string, pattern: RegExp): readonly string[] => [...read(name).matchAll(pattern)].map(([, found = '']) => found);
  expect(ports('deploy/Caddyfile', /reverse_proxy pyrgos:(\d+)/gu)).toEqual([String(port), String(gatewayPort)]);
  expect(ports('deploy/nginx.conf', /127\.0\.0\.1:(\d+)/gu)).toEqual([String(port), String(gatewayPort)]);
});

test('the unit keeps the data where it may be written, and leaves a place for backups', () => {
  const unit = read('deploy/pyrgos.service');
  expect(/^Environment=PYRGOS_PATH=\/var\/lib\/(\w+)$/mu.exec(unit)?.[1]).toBe(/^StateDirectory=(\w+)$/mu.exec(unit)?.[1]);
  expect(unit).toMatch(/^ProtectSystem=strict$/mu);
  expect(unit).toMatch(/^ReadWritePaths=-\/backups$/mu);
});
