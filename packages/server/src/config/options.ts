import { PyrgosError } from '@pyrgos/core/errors';
import { BatWithId } from '@pyrgos/core/keys';
import { MAX_CONNECTIONS } from '../limits.js';
import { isLoopbackHost } from './loopback-host.js';
import {
  appsOption,
  booleanOption,
  bytesOption,
  choiceOption,
  domainOption,
  domainsOption,
  hostOption,
  integerOption,
  localOriginsOption,
  type Option,
  pathOption,
  proxiesOption,
  readBasicAuth,
  secretOption,
  suffixOption,
  usernamesOption,
} from './option.js';
import { OptionProblem } from './option-problem.js';
import type { ServerOptions } from './server-config.js';

function readInstanceBat(text: string): BatWithId {
  try {
    return BatWithId.parse(text);
  } catch (error) {
    if (error instanceof PyrgosError) throw new OptionProblem('must be the text form of a BAT with its id');
    throw error;
  }
}

/** Every option: its name is that of chapter 08 section 2.2 where the reference has it. */
export const options: { readonly [K in keyof ServerOptions]: Option<ServerOptions[K]> } = {
  port: integerOption({ name: 'port', help: 'port of the web interface and API; 0 takes any free one', fallback: 8000 }, 0, 65_535),
  listenHost: hostOption({ name: 'listen-host', help: 'name or address to listen on; 0.0.0.0 for all', fallback: 'localhost' }),
  publicServer: booleanOption({
    name: 'public-server',
    help: 'the server is for the public: GET is allowed on the API, users of other servers cannot log in here',
    fallback: false,
  }),
  publicDomain: domainOption({
    name: 'public-domain',
    help: 'the name under which a proxy with TLS makes the server public',
    fallback: undefined,
  }),
  trustedProxies: proxiesOption({
    name: 'trusted-proxies',
    help: 'proxies on other machines or in other containers whose X-Forwarded-For counts; private: every address of a private network',
    fallback: [],
  }),
  webauthnOrigins: localOriginsOption({
    name: 'webauthn-origins',
    help: 'for development: further addresses of pages on this machine where security keys work, http://localhost:5173 for instance',
    fallback: [],
  }),
  basicAuth: secretOption(
    { name: 'basic-auth', help: 'a name and password that browsers ask for before everything' },
    'USER:PASSWORD',
    readBasicAuth,
  ),
  maxConnections: integerOption({ name: 'max-connections', help: 'open connections', fallback: MAX_CONNECTIONS }, 1, 1_000_000),
  maxUsers: integerOption(
    {
      name: 'max-users',
      help: 'while fewer people than this have an account, anybody may sign up without a token; by default nobody',
      // The reference lets the first one in. Here a first start prints a token, and a second open door would be one too many.
      fallback: 0,
    },
    0,
    1_000_000_000,
  ),
  defaultQuota: bytesOption({ name: 'default-quota', help: 'what a new user may store', fallback: 2 ** 30 }),
  maxDailySignups: integerOption(
    {
      name: 'max-daily-signups',
      help: 'sign-ups a day, evenly spread, from which on each needs a proof of work',
      // Tokens decide who may sign up; the proof of work is for servers without them.
      fallback: 864_000,
    },
    0,
    1_000_000_000,
  ),
  generateToken: booleanOption({
    name: 'generate-token',
    help: 'make a sign-up token at every start that finds none unused; without it, only until the first user has signed up',
    fallback: false,
  }),
  enableWaitList: booleanOption({
    name: 'enable-wait-list',
    help: 'collect e-mail addresses of people who want an account',
    fallback: false,
  }),
  quotaUploadLimitSeconds: integerOption(
    {
      name: 'quota-upload-limit-seconds',
      help: 'the time in which a user may upload as much as its quota',
      fallback: 86_400,
    },
    1,
    1_000_000_000,
  ),
  adminUsernames: usernamesOption({ name: 'admin-usernames', help: 'users who may approve requests for space', fallback: [] }),
  unlistedUsernames: usernamesOption({ name: 'unlisted-usernames', help: 'users who are not in the list of names', fallback: [] }),
  blacklistFile: pathOption({
    name: 'blacklist-file',
    // The name of the reference.
    aliases: ['blacklist_file'],
    help: 'file with the names of banned users, one a line',
    fallback: 'blacklist.txt',
  }),
  allowExternalLogin: booleanOption({
    name: 'allow-external-login',
    help: 'users of other servers may log in here; by default unless this is a public server',
    fallback: (get) => !get('publicServer'),
  }),
  allowExternalSecretLinks: booleanOption({
    name: 'allow-external-secret-links',
    help: 'secret links of users of other servers work here; by default when only this machine reaches the server',
    fallback: (get) => isLoopbackHost(get('listenHost')),
  }),
  instanceBat: secretOption(
    { name: 'instance-bat', help: 'a BAT that opens every block of this server, for its mirrors' },
    'BAT',
    readInstanceBat,
  ),
  enableGc: booleanOption({ name: 'enable-gc', help: 'delete blocks that nothing needs any more', fallback: true }),
  gcPeriod: integerOption(
    { name: 'gc.period.millis', help: 'milliseconds between two collections', fallback: 43_200_000 },
    1000,
    2_147_483_647,
  ),
  webroot: pathOption({
    name: 'webroot',
    help: 'folder with a web app to serve; by default the one that comes with Pyrgos',
    fallback: undefined,
  }),
  includeCsp: booleanOption({
    name: 'include-csp',
    help: 'send the content security policy; false is for development only',
    fallback: true,
  }),
  apps: appsOption({
    name: 'apps',
    help: 'apps that have a subdomain of their own',
    fallback: ['markup-viewer', 'email', 'calendar', 'code-editor', 'pdf'],
  }),
  paymentDomains: domainsOption({
    name: 'payment-domain',
    aliases: ['payment-domains'],
    help: 'hosts that pages may show in a frame for payments',
    fallback: [],
  }),
  domainSuffix: suffixOption({
    name: 'domain-suffix',
    help: 'show the web sites of users at USER.DOMAIN, on a port of their own; by default there are none',
    fallback: undefined,
  }),
  gatewayPort: integerOption({ name: 'gateway-port', help: 'port for the web sites of users', fallback: 9000 }, 0, 65_535),
  collectMetrics: booleanOption({ name: 'collect-metrics', help: 'offer metrics for Prometheus', fallback: false }),
  metricsAddress: hostOption({ name: 'metrics.address', help: 'name or address for metrics', fallback: 'localhost' }),
  metricsPort: integerOption({ name: 'metrics.port', help: 'port for metrics', fallback: 8001 }, 0, 65_535),
  logLevel: choiceOption({ name: 'log-level', help: 'how much the log says', fallback: 'info' }, [
    'trace',
    'debug',
    'info',
    'warn',
    'error',
    'fatal',
    'silent',
  ]),
  logToFile: booleanOption({ name: 'log-to-file', help: 'write the log to the folder logs of the data directory', fallback: true }),
  logToConsole: booleanOption({ name: 'log-to-console', help: 'write the log to the standard error output', fallback: false }),
  logLimit: bytesOption({ name: 'log-limit', help: 'size at which a log file is full and a new one begun', fallback: 2 ** 20 }),
  logCount: integerOption({ name: 'log-count', help: 'log files that are kept', fallback: 10 }, 1, 1000),
};

/** Options of the reference that mean nothing here, because this server keeps everything in one place and has no peers yet. */
export const unusedOptions: ReadonlySet<string> = new Set([
  'max-connection-queue',
  'handler-threads',
  'ipfs-api-handler-threads',
  'peergos.identity.hash',
  'pki-node-id',
  'pki.node.ipaddress',
  'pki.node.swarm.port',
  'ipfs-api-address',
  'ipfs-gateway-address',
  'proxy-target',
  'IPFS_PATH',
  'ipfs-swarm-port',
  'ipfs-swarm-addrs',
  'ipfs-announce-addresses',
  'ipfs-config-bootstrap-node-list',
  'async-bootstrap',
  'ipfs.identity.peerid',
  'ipfs.identity.priv-key',
  'useIPFS',
  'block-store-filter',
  'block-store-filter-false-positive-rate',
  'blockstore_dir',
  'address-book',
  'bat-store',
  'mutable-pointers-file',
  'social-sql-file',
  'account-sql-file',
  'space-requests-sql-file',
  'quotas-sql-file',
  'space-usage-sql-file',
  'link-counts-sql-file',
  'server-messages-sql-file',
  'transactions-sql-file',
  'serverids-file',
  'partition-status-file',
  'block-metadata-db-type',
  'block-metadata-sql-file',
  'pki-mirror-state-path',
  'block-cache-dir',
  'partition-blockstore',
  'quotas-init-file',
  'max-daily-paid-signups',
  'update-usage',
  'app-dev-target',
  // A file of the web app that was changed is noticed anyway.
  'webcache',
  'ipfs.metrics.port',
  'run-gateway',
  'sync-watch-local-dirs',
  'sync-watch-debounce-ms',
  'sync-watch-min-interval-ms',
  'native-tweetnacl-path',
  'native-sqlite-path',
  'log-name',
  'log-append',
  'print-log-location',
  'mirror-users',
  'mirror-pki',
  'server-url',
  'peergos-url',
  'max-cached-blocks',
  'max-cached-block-size',
]);

/** Options of the reference that change what is stored or who can listen: starting without them would be worse than not starting. */
export const unsupportedOptions: readonly RegExp[] = [
  /^tls\./,
  /^s3\./,
  /^remote\.s3\./,
  /^(use-)?postgres/,
  /^metadb\./,
  /^mirror\./,
  /^(mirror-instance-bat|login-keypair|quota-admin-address|use-glacier|direct-s3-writes|public-s3-reads|authed-s3-reads|blockstore-url)$/,
];
