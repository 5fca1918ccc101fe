import { inspect } from 'node:util';
import { toHex } from '@pyrgos/core/bytes';
import { PyrgosError } from '@pyrgos/core/errors';
import { describe, expect, test } from 'vitest';
import { parseConfigFile } from './config-file.js';
import { explainConfig } from './explain-config.js';
import { options, unsupportedOptions, unusedOptions } from './options.js';
import { type LoadedConfig, parseConfig, variableOf } from './parse-config.js';

interface Given {
  readonly file?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly flags?: Readonly<Record<string, string>>;
  readonly files?: Readonly<Record<string, string>>;
}

function load({ file, environment = {}, flags = {}, files = {} }: Given = {}): LoadedConfig {
  return parseConfig({
    dataDirectory: '/data',
    environment,
    flags: new Map(Object.entries(flags)),
    file: file === undefined ? undefined : parseConfigFile(file),
    notices: [],
    readSecretFile: (variable, path) => {
      const content = files[path];
      if (content === undefined) throw new PyrgosError('storage', `The file that ${variable} names does not exist.`);
      return content;
    },
  });
}

function problemsOf(given: Given): string[] {
  try {
    load(given);
  } catch (error) {
    if (error instanceof PyrgosError && error.code === 'format.config') return error.message.split('\n  - ').slice(1);
    throw error;
  }
  return [];
}

describe('defaults', () => {
  test('are those of the chapters', () => {
    const { config, sources, warnings } = load();
    expect(config).toMatchObject({
      port: 8000,
      listenHost: 'localhost',
      publicServer: false,
      publicDomain: undefined,
      basicAuth: undefined,
      maxUsers: 0,
      defaultQuota: 1_073_741_824,
      quotaUploadLimitSeconds: 86_400,
      adminUsernames: [],
      blacklistFile: '/data/blacklist.txt',
      allowExternalLogin: true,
      allowExternalSecretLinks: true,
      enableGc: true,
      gcPeriod: 43_200_000,
      webroot: undefined,
      includeCsp: true,
      webauthnOrigins: [],
      apps: ['markup-viewer', 'email', 'calendar', 'code-editor', 'pdf'],
      collectMetrics: false,
      metricsAddress: 'localhost',
      metricsPort: 8001,
    });
    expect(new Set(sources.values())).toEqual(new Set(['default']));
    expect(warnings).toEqual([]);
  });

  test('that depend on others follow them', () => {
    expect(load({ flags: { 'listen-host': '0.0.0.0' } }).config).toMatchObject({ maxUsers: 0, allowExternalSecretLinks: false });
    expect(load({ flags: { 'listen-host': '127.0.0.1' } }).config.maxUsers).toBe(0);
    expect(load({ flags: { 'public-domain': 'example.org' } }).config.maxUsers).toBe(0);
    const given = { flags: { 'public-server': 'true', 'public-domain': 'example.org' } };
    expect(load(given).config).toMatchObject({ allowExternalLogin: false, maxUsers: 0 });
    expect(load({ flags: { ...given.flags, 'allow-external-login': 'true' } }).config.allowExternalLogin).toBe(true);
  });

  test('cannot be changed afterwards', () => {
    const { config } = load();
    expect(Object.isFrozen(config)).toBe(true);
    expect(Object.isFrozen(config.apps)).toBe(true);
  });
});

describe('sources', () => {
  test('the command line wins over variables, these over the file, that over the default', () => {
    const file = 'port = 1\nlog-count = 2\nmax-users = 3';
    const environment = { PYRGOS_PORT: '11', PYRGOS_LOG_COUNT: '12' };
    const { config, sources } = load({ file, environment, flags: { port: '21' } });
    expect(config).toMatchObject({ port: 21, logCount: 12, maxUsers: 3 });
    expect([sources.get('port'), sources.get('logCount'), sources.get('maxUsers'), sources.get('webroot')]).toEqual([
      'command line',
      'PYRGOS_LOG_COUNT',
      'config line 3',
      'default',
    ]);
  });

  test('variables have our name or that of the reference, or name a file', () => {
    expect(variableOf('gc.period.millis')).toBe('PYRGOS_GC_PERIOD_MILLIS');
    expect(load({ environment: { 'listen-host': '::1' } }).config.listenHost).toBe('::1');
    const { config, sources } = load({ environment: { PYRGOS_BASIC_AUTH_FILE: '/run/auth' }, files: { '/run/auth': 'me:open sesame' } });
    expect(config.basicAuth?.revealed).toBe('me:open sesame');
    expect(sources.get('basicAuth')).toBe('PYRGOS_BASIC_AUTH_FILE');
    expect(problemsOf({ environment: { PYRGOS_PORT_FILE: '/none' } })).toEqual(['The file that PYRGOS_PORT_FILE names does not exist.']);
    expect(problemsOf({ environment: { PYRGOS_PORT: '1', PYRGOS_PORT_FILE: '/x' }, files: { '/x': '2' } })).toEqual([
      'PYRGOS_PORT and PYRGOS_PORT_FILE both set port; leave one',
    ]);
  });

  test('an option is accepted under each of its names', () => {
    expect(load({ file: 'payment-domains = pay.example.org' }).config.paymentDomains).toEqual(['pay.example.org']);
    expect(load({ file: 'payment-domain = pay.example.org' }).config.paymentDomains).toEqual(['pay.example.org']);
    for (const name of ['blacklist-file', 'blacklist_file']) {
      expect(load({ flags: { [name]: 'banned' } }).config.blacklistFile).toBe('/data/banned');
    }
    // Its end is part of the name here.
    for (const name of ['PYRGOS_BLACKLIST_FILE', 'blacklist_file']) {
      expect(load({ environment: { [name]: 'banned' } }).config.blacklistFile).toBe('/data/banned');
    }
  });

  test('names are unique', () => {
    const names = Object.values(options).flatMap(({ aliases, name }) => [name, ...(aliases ?? [])]);
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) {
      expect(unusedOptions.has(name)).toBe(false);
      expect(unsupportedOptions.some((pattern) => pattern.test(name))).toBe(false);
    }
  });
});

describe('values', () => {
  test.each([
    ['default-quota', '0', 'defaultQuota', 0],
    ['default-quota', '500m', 'defaultQuota', 524_288_000],
    ['default-quota', '1.5 GiB', 'defaultQuota', 1_610_612_736],
    ['default-quota', '2G', 'defaultQuota', 2_147_483_648],
    ['default-quota', '1t', 'defaultQuota', 1_099_511_627_776],
    ['default-quota', '7k', 'defaultQuota', 7168],
    ['port', '0', 'port', 0],
    ['port', '65535', 'port', 65_535],
    ['listen-host', '[::]', 'listenHost', '::'],
    ['listen-host', 'Nas.Local', 'listenHost', 'nas.local'],
    ['listen-host', '0.0.0.0', 'listenHost', '0.0.0.0'],
    ['public-domain', 'Files.Example.org', 'publicDomain', 'files.example.org'],
    ['admin-usernames', ' ann, bob ,,ann', 'adminUsernames', ['ann', 'bob']],
    ['admin-usernames', '', 'adminUsernames', []],
    ['webroot', 'ui', 'webroot', '/data/ui'],
    ['webroot', '/srv/ui', 'webroot', '/srv/ui'],
    ['include-csp', 'false', 'includeCsp', false],
    ['log-level', 'debug', 'logLevel', 'debug'],
    [
      'webauthn-origins',
      'http://localhost:5173, HTTP://LocalHost:4173/',
      'webauthnOrigins',
      ['http://localhost:5173', 'http://localhost:4173'],
    ],
    ['webauthn-origins', '', 'webauthnOrigins', []],
  ] as const)('%s = %s', (name, text, key, value) => {
    expect(load({ flags: { [name]: text } }).config[key]).toEqual(value);
  });

  test.each([
    ['port', '65536'],
    ['port', '-1'],
    ['port', '80a'],
    ['port', ''],
    ['port', '1e3'],
    ['port', ' 8000'],
    ['default-quota', '1gigabyte'],
    ['default-quota', '1,5g'],
    ['default-quota', '99999999999t'],
    ['public-server', 'yes'],
    ['public-server', 'TRUE'],
    ['listen-host', 'http://localhost'],
    ['listen-host', 'localhost:8000'],
    ['listen-host', 'a b'],
    ['listen-host', '999.1.1.1'],
    ['listen-host', '1.2.3'],
    ['listen-host', '1::2::3'],
    ['metrics.address', '127.0.0.256'],
    ['listen-host', ''],
    ['public-domain', 'https://example.org'],
    ['public-domain', '-x.org'],
    ['public-domain', '1.2.3.4'],
    ['public-domain', '[2001:db8::1]'],
    ['admin-usernames', 'ann,Bob'],
    ['admin-usernames', '../x'],
    ['apps', 'a.b'],
    ['basic-auth', 'nopassword'],
    ['basic-auth', 'user:'],
    ['basic-auth', ':x'],
    ['basic-auth', 'user:a\nb'],
    ['instance-bat', 'zzzz'],
    ['log-level', 'loud'],
    ['log-count', '0'],
    ['webroot', ''],
    ['gc.period.millis', '10'],
    ['webauthn-origins', 'localhost:4173'],
    ['webauthn-origins', 'http://localhost:80'],
    ['webauthn-origins', 'http://localhost:99999'],
    ['webauthn-origins', 'http://localhost:5173/app'],
    ['webauthn-origins', 'http://localhost.evil.example'],
    ['webauthn-origins', 'http://localhost:5173,https://evil.example'],
    ['webauthn-origins', 'http://127.0.0.1:5173'],
    ['webauthn-origins', '*'],
  ])('%s = %j is refused with its source and without the value', (name, text) => {
    const [problem, ...more] = problemsOf({ flags: { [name]: text } });
    expect(problem).toContain(`${name} (command line) must be`);
    expect(more).toEqual([]);
    if (text.length > 6) expect(problem).not.toContain(text);
  });

  test('all problems are reported at once', () => {
    const problems = problemsOf({
      file: 'port = x\nport = 5\nthis is no setting\nmax-users = many\ns3.bucket = mine',
      environment: { PYRGOS_LOG_LEVEL: 'loud' },
      flags: { 'public-server': 'perhaps' },
    });
    expect(problems).toHaveLength(7);
    expect(problems.join('\n')).not.toContain('many');
  });

  test('options that only make sense together are judged together', () => {
    expect(problemsOf({ flags: { 'public-server': 'true' } })).toEqual([expect.stringContaining('public-domain')]);
    expect(problemsOf({ flags: { 'collect-metrics': 'true', 'metrics.port': '8000' } })).toHaveLength(1);
    const flags = { 'webauthn-origins': 'http://localhost:5173', 'public-domain': 'files.example.org' };
    expect(problemsOf({ flags })).toEqual([expect.stringContaining('webauthn-origins')]);
  });
});

describe('names that are not options', () => {
  test('are errors beside all others, with a suggestion', () => {
    const problems = problemsOf({
      file: 'prot = 1\nfrobnicate = 2\nlog-level = loud',
      flags: { 'max-user': '3' },
      environment: { PYRGOS_LISTEN_HSOT: 'x', PYRGOS_PORTT_FILE: '/y' },
    });
    expect(problems).toEqual([
      'prot (config line 1) is unknown; did you mean port?',
      'frobnicate (config line 2) is unknown; pyrgos config explain lists all names',
      'PYRGOS_LISTEN_HSOT (environment) is unknown; did you mean PYRGOS_LISTEN_HOST?',
      'PYRGOS_PORTT_FILE (environment) is unknown; did you mean PYRGOS_PORT_FILE?',
      'max-user (command line) is unknown; did you mean max-users?',
      expect.stringContaining('log-level (config line 3) must be'),
    ]);
  });

  test('variables of other parts and of the system are none of our business', () => {
    expect(load({ environment: { PYRGOS_CHROMIUM: '/x', PYRGOS_PATH: '/y', HOME: '/z', PORT: '1' } }).warnings).toEqual([]);
  });

  test('options of the reference that mean nothing here are named as such', () => {
    expect(load({ file: 'ipfs-swarm-port = 4001' }).warnings).toEqual([expect.stringContaining('does not use')]);
  });

  test('options of the reference that would store data elsewhere or open other doors are refused', () => {
    for (const name of ['s3.bucket', 'use-postgres', 'postgres.host', 'metadb.postgres.host', 'mirror.username', 'tls.keyfile.password']) {
      expect(problemsOf({ file: `${name} = x` }), name).toEqual([expect.stringContaining('does not support')]);
    }
  });

  test('that are names of Object.prototype harm nothing', () => {
    expect(problemsOf({ file: 'constructor = 1\n__proto__ = 2\ntoString = 3' })).toHaveLength(3);
  });
});

describe('the configuration file', () => {
  test('has the form of chapter 08', () => {
    const { settings, problems } = parseConfigFile(
      '\ufeff# comment\r\n\r\n  port = 8000 # inline\nbasic-auth=me:a#b\nkey = YWJj==\nempty =\n#x = y\nlist = a, b\n',
    );
    expect(problems).toEqual([]);
    expect(settings.map(({ name, value, line }) => [name, value, line])).toEqual([
      ['port', '8000', 3],
      ['basic-auth', 'me:a#b', 4],
      ['key', 'YWJj', 5],
      ['empty', '', 6],
      ['list', 'a, b', 8],
    ]);
  });

  test('each strange line is named, and values are not repeated', () => {
    const { problems } = parseConfigFile('secret words\na = b = c\n= x\nport = 1\nport = 2');
    expect(problems).toHaveLength(4);
    for (const [index, line] of [1, 2, 3, 5].entries()) expect(problems[index]).toContain(`line ${line}`);
    expect(problems.join()).not.toContain('secret');
  });
});

describe('secrets', () => {
  const bat = 'f' + toHex(Uint8Array.from(Buffer.from('a2616244a161625820' + '11'.repeat(32), 'hex')));

  test('never appear in errors, explanations or prints', () => {
    const secret = 'me:open sesame';
    const loaded = load({ flags: { 'basic-auth': secret } });
    const shown = [
      JSON.stringify(loaded.config),
      inspect(loaded.config, { depth: 9 }),
      String(loaded.config.basicAuth),
      JSON.stringify(explainConfig(loaded)),
    ].join();
    expect(shown).not.toContain('sesame');
    expect(explainConfig(loaded).find(({ name }) => name === 'basic-auth')).toMatchObject({ value: '(secret)', source: 'command line' });
    expect(problemsOf({ flags: { 'instance-bat': bat } }).join()).not.toContain('1111');
  });
});

describe('the explanation', () => {
  test('lists every option once, and its values can be read again', () => {
    const given = { 'default-quota': '1536m', apps: 'email,pdf', webroot: 'ui', 'log-limit': '1000' };
    const explained = explainConfig(load({ flags: given }));
    expect(explained.map(({ name }) => name)).toEqual(Object.values(options).map(({ name }) => name));
    const again = Object.fromEntries(explained.flatMap(({ name, value }) => (value === undefined ? [] : [[name, value]])));
    expect(explainConfig(load({ flags: again })).map(({ value }) => value)).toEqual(explained.map(({ value }) => value));
    expect(explained.find(({ name }) => name === 'default-quota')?.value).toBe('1536m');
  });
});
