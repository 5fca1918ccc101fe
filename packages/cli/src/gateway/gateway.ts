import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { connect, type FileEntry, type PyrgosServer } from '@pyrgos/client';
import { NotFoundError, PyrgosError } from '@pyrgos/core/errors';
import { DEFAULT_SITE_POLICY, parseSitePath, siteContentType } from '@pyrgos/core/social';
import { ConnectionRoom } from '@pyrgos/server';
import { parseRange } from './byte-range.js';
import { answerMalformed, targetOf } from './raw-requests.js';
import { siteOwner } from './site-hosts.js';
import { type Site, siteCaches, Sites } from './sites.js';
import { storedType } from './stored-type.js';

/** How a gateway runs. */
export interface GatewayOptions {
  readonly server: PyrgosServer;
  /** Sites are at `<user>.<domain>`. */
  readonly domain: string;
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** Whether browsers are told to come back by TLS only. */
  readonly strictTransportSecurity: boolean;
  /** Milliseconds in which a whole answer of a small file must have left; larger ones have more. */
  readonly patience?: number;
  /** Connections at a time, half of them at most from one address that has not finished a request yet. */
  readonly maxConnections?: number;
  /** Milliseconds in which the headers of a request must have arrived. */
  readonly headersTimeout?: number;
  /** Told what went wrong that is nobody's request. */
  readonly onError?: (error: unknown) => void;
}

/** A gateway that takes requests. */
export interface Gateway {
  readonly port: number;
  /** Ends it, with all connections. */
  close(): Promise<void>;
}

/** Requests that are answered at a time; files that are sent at a time, each of which takes up to 15 MiB of memory. */
const MAX_REQUESTS = 256;
const MAX_FILES = 16;
const MAX_CONNECTIONS = 1024;
/** Milliseconds. */
const PATIENCE = 30_000;
const HEADERS_TIMEOUT = 10_000;
/** Milliseconds for headers where connections are scarce. */
const SCARCE_HEADERS_TIMEOUT = 2000;
/** Bytes a second that a client has to take at least of a large file. */
const LEAST_PACE = 32 * 1024;
/** By what a page is recognised whose name does not say it. */
const DOCTYPE = '<!DOCTYPE html>';

/**
 * Shows the directories that users of a server have published as their web sites (chapter 06 section 13.5), each under a host name of its own, and nothing else: no call of the API, no page of the
 * app. What is shown is verified by the client; the server is asked as by everybody without an account.
 */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const front = new Front(options);
  const headersTimeout = options.headersTimeout ?? HEADERS_TIMEOUT;
  const server = createServer(
    {
      maxHeaderSize: 16_384,
      headersTimeout,
      requestTimeout: Math.max(20_000, headersTimeout),
      keepAliveTimeout: 5000,
      // Node looks every 30 seconds otherwise, whatever the limits are.
      connectionsCheckingInterval: Math.min(1000, headersTimeout),
      requireHostHeader: false,
    },
    (request, response) => {
      void front.answer(request, response);
    },
  );
  const maximum = options.maxConnections ?? MAX_CONNECTIONS;
  const room = new ConnectionRoom(server, { maximum, maximumUnfinished: Math.ceil(maximum / 2), patience: SCARCE_HEADERS_TIMEOUT });
  answerMalformed(server, front.headers());
  await listen(server, options);
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      front.close();
      server.closeAllConnections();
      await closed;
      room.stop();
    },
  };
}

async function listen(server: Server, { host, port }: Pick<GatewayOptions, 'host' | 'port'>): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const reason = cause.code === 'EADDRINUSE' ? 'is used by another program' : `cannot be used (${cause.code ?? 'unknown'})`;
      reject(
        new PyrgosError(
          'network',
          `Port ${port} of ${host}, for the web sites of users, ${reason}. Choose another one with --gateway-port.`,
          { data: { port }, cause },
        ),
      );
    });
    server.listen({ host, port }, resolve);
  });
  server.on('error', () => undefined);
}

/** The client with which a gateway reads: it keeps little for each site, and blocks for all of them together. */
export async function connectForSites(url: string): Promise<PyrgosServer> {
  return connect(url, siteCaches());
}

/** What is answered. */
interface Found {
  readonly status: number;
  readonly site: Site;
  readonly entry: FileEntry;
}

class Front {
  private readonly sites: Sites;
  private readonly ended = new AbortController();
  private requests = 0;
  private files = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(private readonly options: GatewayOptions) {
    this.sites = new Sites(options.server, this.ended.signal);
  }

  close(): void {
    this.ended.abort();
  }

  /** Never rejects. */
  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { patience = PATIENCE, onError } = this.options;
    const gone = new AbortController();
    const end = (): void => gone.abort();
    response.once('close', end);
    this.ended.signal.addEventListener('abort', end);
    // Also for who reads nothing: nobody may hold what others wait for.
    let timer = setTimeout(() => request.socket.destroy(), patience);
    const allow = (bytes: number): void => {
      clearTimeout(timer);
      timer = setTimeout(() => request.socket.destroy(), patience + (bytes / LEAST_PACE) * 1000);
    };
    this.requests++;
    try {
      if (this.requests > MAX_REQUESTS) this.empty(response, 503, { 'retry-after': '5' });
      else await this.serve(request, response, gone.signal, allow);
    } catch (error) {
      if (!gone.signal.aborted) {
        if (!(error instanceof PyrgosError)) onError?.(error);
        // What has begun cannot be taken back: the client sees that it is not whole.
        if (response.headersSent) response.destroy();
        else this.refuse(response, error);
      }
    } finally {
      this.requests--;
      clearTimeout(timer);
      response.off('close', end);
      this.ended.signal.removeEventListener('abort', end);
      request.resume();
    }
  }

  private async serve(
    request: IncomingMessage,
    response: ServerResponse,
    signal: AbortSignal,
    allow: (bytes: number) => void,
  ): Promise<void> {
    const { hosts, target } = targetOf(request);
    const owner = siteOwner(hosts, this.options.domain);
    if (owner === undefined) return this.empty(response, 404);
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return this.empty(response, 405, { allow: 'GET, HEAD', connection: 'close' });
    const site = await this.sites.get(owner);
    signal.throwIfAborted();
    if (site === undefined) return this.empty(response, 404);
    const path = decoded(target.replace(/[?#].*$/su, ''));
    const names = path === undefined || !path.startsWith('/') ? undefined : parseSitePath(path);
    const entry = names === undefined ? undefined : await site.find(names, signal);
    if (entry?.isDirectory === true && path?.endsWith('/') === false) {
      // Relative links of its page would else begin one directory too high. Names only: it cannot lead to another host.
      return this.empty(response, 301, { location: `/${(names ?? []).map(encodeURIComponent).join('/')}/`, ...this.headers(site) });
    }
    const found =
      entry?.isDirectory === true ? await site.find([...(names ?? []), 'index.html'], signal) : isFileName(path) ? entry : undefined;
    if (found?.isDirectory === false) return this.send(request, response, { status: 200, site, entry: found }, signal, allow);
    const missing = await site.find(['404.html'], signal);
    if (missing?.isDirectory !== false) return this.empty(response, 404, { 'content-type': 'text/plain', ...this.headers(site) });
    return this.send(request, response, { status: 404, site, entry: missing }, signal, allow);
  }

  private async send(
    request: IncomingMessage,
    response: ServerResponse,
    { status, site, entry }: Found,
    signal: AbortSignal,
    allow: (bytes: number) => void,
  ): Promise<void> {
    const isPage = status === 200;
    const etag = `"${createHash('sha256').update(entry.version).digest('base64url').slice(0, 22)}"`;
    const headers: Record<string, string> = {
      ...this.headers(site),
      'cache-control': 'no-cache',
      ...(isPage ? { etag, 'accept-ranges': 'bytes' } : {}),
    };
    if (isPage && matches(request.headers['if-none-match'], etag)) return this.empty(response, 304, headers);
    const leave = await this.enter(signal);
    try {
      const reader = await site.read(entry, signal);
      // Something else is there since the look: what was said of it would be about that.
      if (reader.size !== entry.size) throw new PyrgosError('network', 'the file has changed meanwhile');
      const start =
        siteContentType(entry.name) ??
        (await sniffed(reader.size < DOCTYPE.length ? undefined : async () => reader.read(0, DOCTYPE.length, { signal })));
      headers['content-type'] = isPage ? (start ?? storedType(entry.mimeType)) : 'text/html';
      const ifRange = request.headers['if-range'];
      const range = isPage && (ifRange === undefined || ifRange === etag) ? parseRange(request.headers.range, reader.size) : undefined;
      if (range === 'unsatisfiable') return this.empty(response, 416, { ...headers, 'content-range': `bytes */${reader.size}` });
      const { start: first, end } = range ?? { start: 0, end: reader.size };
      if (range !== undefined) headers['content-range'] = `bytes ${first}-${end - 1}/${reader.size}`;
      headers['content-length'] = String(end - first);
      response.writeHead(range === undefined ? status : 206, headers);
      if (request.method === 'HEAD' || end === first) {
        response.end();
        return;
      }
      allow(end - first);
      await pipeline(Readable.fromWeb(reader.stream({ start: first, end, signal }) as Parameters<typeof Readable.fromWeb>[0]), response, {
        signal,
      });
    } finally {
      leave();
    }
  }

  /** Waits until there is memory for one file more; resolves to what gives it back. */
  private async enter(signal: AbortSignal): Promise<() => void> {
    while (this.files >= MAX_FILES) {
      await new Promise<void>((resolve) => {
        this.waiting.push(resolve);
        const giveUp = (): void => {
          const at = this.waiting.indexOf(resolve);
          // Whose turn has come already passes it on.
          if (at < 0) this.waiting.shift()?.();
          else this.waiting.splice(at, 1);
          resolve();
        };
        signal.addEventListener('abort', giveUp, { once: true });
      });
      signal.throwIfAborted();
    }
    this.files++;
    return () => {
      this.files--;
      this.waiting.shift()?.();
    };
  }

  /** The headers of every answer. */
  headers(site?: Site): Record<string, string> {
    return {
      'content-security-policy': site?.policy ?? DEFAULT_SITE_POLICY,
      'x-frame-options': 'sameorigin',
      'x-xss-protection': '1; mode=block',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'permissions-policy': 'interest-cohort=()',
      // Browsers keep pages of different sites apart, also where they share a domain: not in one process, not by a reference to a window.
      'origin-agent-cluster': '?1',
      'cross-origin-opener-policy': 'same-origin',
      ...(this.options.strictTransportSecurity ? { 'strict-transport-security': 'max-age=31536000' } : {}),
    };
  }

  private empty(response: ServerResponse, status: number, headers: Readonly<Record<string, string>> = {}): void {
    const length = status === 304 ? {} : { 'content-length': '0' };
    response.writeHead(status, { ...this.headers(), ...length, ...headers });
    response.end();
  }

  private refuse(response: ServerResponse, error: unknown): void {
    if (error instanceof NotFoundError) return this.empty(response, 404);
    const isAway = error instanceof PyrgosError && error.code === 'network';
    this.empty(response, isAway ? 503 : 500, isAway ? { 'retry-after': '5' } : {});
  }
}

function decoded(path: string): string | undefined {
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}

/** Whether a path can be that of a file; nothing stands for the page at the top. */
function isFileName(path: string | undefined): boolean {
  return path !== undefined && (/^\/*$/u.test(path) || !path.endsWith('/'));
}

function matches(header: string | undefined, etag: string): boolean {
  return header !== undefined && header.split(',').some((one) => one.trim().replace(/^W\//u, '') === etag);
}

async function sniffed(read: (() => Promise<Uint8Array>) | undefined): Promise<string | undefined> {
  return read !== undefined && Buffer.from(await read()).toString('latin1') === DOCTYPE ? 'text/html' : undefined;
}
