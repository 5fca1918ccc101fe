import { IpnsEntry } from '@pyrgos/core/api';
import { assertBoolean, assertFunction, assertMethods, assertObject, assertOptions, assertString } from '@pyrgos/core/arguments';
import { assertInteger, fromHex } from '@pyrgos/core/bytes';
import { type Cid, parsePeerId } from '@pyrgos/core/codec';
import type { CryptoProvider, RandomSource } from '@pyrgos/core/crypto';
import { ArgumentError, FormatError, PyrgosError } from '@pyrgos/core/errors';
import { MAX_CLIENT_REQUESTS, MAX_SERVER_IDS } from '@pyrgos/core/limits';
import type { PointerStore } from '@pyrgos/core/store';
import { createTransport } from '#http-transport';
import { type Clock, systemClock } from '../../commit/clock.js';
import type { ServerTime } from '../../commit/server-time.js';
import { platformTimer, type SetTimer } from '../../waiting/timer.js';
import type { Accounts } from '../accounts.js';
import type { Admin } from '../admin.js';
import type { Bats } from '../bats.js';
import type { Blocks } from '../blocks.js';
import type { CoreNode } from '../core-node.js';
import type { Live } from '../live.js';
import type { Network } from '../network.js';
import type { PublicFiles } from '../public-files.js';
import type { RequestObserver } from '../request-observer.js';
import type { SecretLinks } from '../secret-links.js';
import type { ServerMessages } from '../server-messages.js';
import type { Social } from '../social.js';
import type { Space } from '../space.js';
import { jsonMember, readJson } from './answers.js';
import { Caller } from './caller.js';
import { endpoints } from './endpoints.js';
import { createFetchTransport, type Fetch } from './fetch-transport.js';
import { HttpAccounts } from './http-accounts.js';
import { HttpAdmin } from './http-admin.js';
import { HttpBats } from './http-bats.js';
import { HttpBlocks } from './http-blocks.js';
import { HttpCoreNode } from './http-core.js';
import { HttpLinks } from './http-links.js';
import { HttpLive } from './http-live.js';
import { HttpMessages } from './http-messages.js';
import { HttpPointers } from './http-pointers.js';
import { HttpPublicFiles } from './http-public-files.js';
import { HttpSocial } from './http-social.js';
import { HttpSpace } from './http-space.js';
import { formatQuery } from './query.js';
import { RequestSigner } from './request-signer.js';
import type { CallTimeouts } from './watchdog.js';

/** How a server is reached. */
export interface HttpNetworkOptions {
  /** Where the server is, for instance `https://peergos.example` or `http://localhost:8000`. */
  readonly server: string | URL;
  /** Hashes blocks and signs calls. */
  readonly crypto: CryptoProvider;
  /** User and password of a server that asks for them before anything else (chapter 02 section 1.4). */
  readonly basicAuth?: { readonly user: string; readonly password: string } | undefined;
  /** Reads as GET; default: when the server is not on this machine. A server that wants POST says so, which is remembered. */
  readonly isPublic?: boolean | undefined;
  /** Requests in flight. Default: MAX_CLIENT_REQUESTS. */
  readonly maxRequests?: number | undefined;
  readonly timeouts?: CallTimeouts | undefined;
  /** Is told of every request. */
  readonly onRequest?: RequestObserver | undefined;
  /** Milliseconds since the epoch, and waiting between attempts. Default: the machine's clock. */
  readonly clock?: Clock | undefined;
  /** Spreads attempts. Default: the engine's random source. */
  readonly random?: RandomSource | undefined;
  /** What time-outs wait for. Default: the platform's. */
  readonly timer?: SetTimer | undefined;
  /** Replaces the platform's way to send requests. */
  readonly fetch?: Fetch | undefined;
}

/** The names of the options that `connect` passes on. */
const OPTIONS: Readonly<Record<Exclude<keyof HttpNetworkOptions, 'server' | 'crypto'>, true>> = {
  basicAuth: true,
  isPublic: true,
  maxRequests: true,
  timeouts: true,
  onRequest: true,
  clock: true,
  random: true,
  timer: true,
  fetch: true,
};

/** Requires options of HTTP calls that are known and can be. ArgumentError, whose `data.field` begins with `http`. @internal */
export function assertHttpOptions(options: Omit<HttpNetworkOptions, 'server' | 'crypto'>): void {
  assertOptions('http', options, Object.keys(OPTIONS));
  const { basicAuth, isPublic, maxRequests, timeouts, onRequest, clock, random, timer, fetch } = options;
  if (basicAuth !== undefined) {
    assertObject('http.basicAuth', basicAuth);
    assertString('http.basicAuth.user', basicAuth.user);
    assertString('http.basicAuth.password', basicAuth.password);
  }
  if (isPublic !== undefined) assertBoolean('http.isPublic', isPublic);
  if (maxRequests !== undefined) assertInteger('http.maxRequests', maxRequests, 1, Number.MAX_SAFE_INTEGER);
  if (timeouts !== undefined) assertTimeouts(timeouts);
  if (onRequest !== undefined) assertFunction('http.onRequest', onRequest);
  if (clock !== undefined) assertMethods('http.clock', clock, 'now', 'sleep');
  if (random !== undefined) assertMethods('http.random', random, 'randomBytes');
  if (timer !== undefined) assertFunction('http.timer', timer);
  if (fetch !== undefined) assertFunction('http.fetch', fetch);
}

function assertTimeouts(timeouts: CallTimeouts): void {
  assertOptions('http.timeouts', timeouts, ['call', 'idle']);
  const { call, idle } = timeouts;
  if (call !== undefined) assertInteger('http.timeouts.call', call, 1, Number.MAX_SAFE_INTEGER);
  if (idle !== undefined) assertInteger('http.timeouts.idle', idle, 1, Number.MAX_SAFE_INTEGER);
}

/** Names and addresses of this machine (chapter 02 section 1.2). */
function isLoopback(host: string): boolean {
  return host === 'localhost' || host.endsWith('.localhost') || host === '[::1]' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/u.test(host);
}

function serverUrl(server: string | URL): URL {
  let url: URL;
  try {
    url = new URL(server);
  } catch {
    throw new ArgumentError('server', 'must be a URL');
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw new ArgumentError('server', 'must be an http or https URL');
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    throw new ArgumentError('server', 'must have neither user, password, query nor fragment');
  }
  if (!url.pathname.endsWith('/')) url.pathname += '/';
  return url;
}

function authorization({ user, password }: { readonly user: string; readonly password: string }): Record<string, string> {
  if (user.includes(':')) throw new ArgumentError('basicAuth.user', 'must not contain a colon');
  const bytes = new TextEncoder().encode(`${user}:${password}`);
  return { authorization: `Basic ${btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''))}` };
}

/**
 * A server over HTTP (chapter 02). Nothing is sent before the first call. See {@link Network} for what can be expected of every method. Calls
 * that can be repeated without harm are: `/api/v0/` up to 7 times, pointers and reads up to 3 times, with growing pauses.
 */
export class HttpNetwork implements Network {
  readonly blocks: Blocks;
  readonly pointers: PointerStore;
  readonly core: CoreNode;
  readonly accounts: Accounts;
  readonly bats: Bats;
  readonly space: Space;
  readonly social: Social;
  readonly admin: Admin;
  readonly messages: ServerMessages;
  readonly links: SecretLinks;
  readonly publicFiles: PublicFiles;
  readonly live: Live;
  readonly time: ServerTime;
  private readonly caller: Caller;

  constructor(options: HttpNetworkOptions) {
    const { crypto, basicAuth, clock = systemClock, random = crypto, timer = platformTimer, timeouts = {} } = options;
    const server = serverUrl(options.server);
    const { isPublic = server.protocol === 'https:' || !isLoopback(server.hostname), maxRequests = MAX_CLIENT_REQUESTS } = options;
    if (!Number.isSafeInteger(maxRequests) || maxRequests < 1) throw new ArgumentError('maxRequests', 'must be at least 1');
    // One more for the request that waits.
    const settings = { server, maxConnections: maxRequests + 1, headers: basicAuth === undefined ? {} : authorization(basicAuth) };
    const transport = options.fetch === undefined ? createTransport(settings) : createFetchTransport(options.fetch, settings);
    const { onRequest } = options;
    const caller = new Caller({ transport, basePath: server.pathname, isPublic, clock, random, timer, timeouts, maxRequests, onRequest });
    const signer = new RequestSigner(crypto, clock);
    this.caller = caller;
    this.time = caller.time;
    this.blocks = new HttpBlocks(caller, crypto);
    this.pointers = new HttpPointers(caller);
    this.core = new HttpCoreNode(caller, signer);
    this.accounts = new HttpAccounts(caller, signer);
    this.bats = new HttpBats(caller, signer);
    this.space = new HttpSpace(caller, signer);
    this.social = new HttpSocial(caller, signer);
    this.admin = new HttpAdmin(caller, signer);
    this.messages = new HttpMessages(caller, signer);
    this.links = new HttpLinks(caller);
    this.publicFiles = new HttpPublicFiles(caller);
    this.live = new HttpLive(caller, signer);
  }

  async serverId(signal?: AbortSignal): Promise<Cid> {
    const json = readJson('id', await this.caller.call(endpoints.id, {}, signal));
    return readId('id', jsonMember('id', json, 'ID'));
  }

  async serverIds(signal?: AbortSignal): Promise<readonly Cid[]> {
    const json = readJson('ids', await this.caller.call(endpoints.ids, {}, signal));
    const list = jsonMember('ids', json, 'IDS');
    if (!Array.isArray(list) || list.length === 0 || list.length > MAX_SERVER_IDS) {
      throw new FormatError('format.request', 'ids', `must be a list of 1 to ${MAX_SERVER_IDS} ids`);
    }
    return (list as readonly unknown[]).map((id) => readId('ids', id));
  }

  async ipnsRecord(id: Cid, signal?: AbortSignal): Promise<IpnsEntry> {
    // Bare: the multihash alone.
    const query = formatQuery([['arg', id.multihash.toString()]]);
    const json = readJson('ipns/get', await this.caller.call(endpoints.ipnsRecord, { query }, signal));
    return IpnsEntry.of(readHex(jsonMember('ipns/get', json, 'sig')), readHex(jsonMember('ipns/get', json, 'data')));
  }

  /** Closes the connections that are idle. The network can be used further. */
  close(): void {
    this.caller.close();
  }
}

function readId(where: string, text: unknown): Cid {
  if (typeof text !== 'string') throw new FormatError('format.request', where, 'must be text');
  return parsePeerId(text);
}

function readHex(text: unknown): Uint8Array {
  if (typeof text !== 'string') throw new FormatError('format.request', 'ipns/get', 'must be hex');
  try {
    return fromHex(text);
  } catch (error) {
    if (error instanceof PyrgosError) throw new FormatError('format.request', 'ipns/get', 'must be hex');
    throw error;
  }
}
