import { randomBytes } from 'node:crypto';
import { type Context, Hono } from 'hono';
import { PyrgosError } from '@pyrgos/core/errors';
import {
  BODY_MEMORY_PATIENCE,
  DOWNLOAD_MEMORY,
  LEAST_BODY_MEMORY_PATIENCE,
  LEAST_BODY_PROGRESS,
  MAX_BODIES_UNDER_WAY,
  MAX_PUT_BODY_SIZE,
  MAX_REQUESTS_IN_FLIGHT,
  MAX_STRANGERS_BODY_SIZE,
  STRANGERS_UPLOAD_MEMORY,
  UPLOAD_LANES,
  UPLOAD_MEMORY,
} from '../limits.js';
import type { ServerServices } from '../services.js';
import { AnswerMemory } from './answer-memory.js';
import { BasicAuth } from './basic-auth.js';
import { ByteBudget } from './byte-budget.js';
import { errorReply } from './error-reply.js';
import { type Connection, Exchange, type ExchangeShared, rawPath, rawTarget } from './exchange.js';
import { livenessReply, readinessReply } from './health.js';
import { type HostRules, matchHost } from './host-filter.js';
import type { HttpOptions } from './http-options.js';
import { emptyReply, type Reply } from './reply.js';
import { OverloadError, RequestSlots } from './request-slots.js';
import { adminRoutes } from './routes/admin-routes.js';
import { batRoutes } from './routes/bat-routes.js';
import { blockRoutes } from './routes/block-routes.js';
import { coreRoutes } from './routes/core-routes.js';
import { loginRoutes } from './routes/login-routes.js';
import { messageRoutes } from './routes/message-routes.js';
import { pointerRoutes } from './routes/pointer-routes.js';
import { PUBLIC_PREFIX, publicFile } from './routes/public-file-route.js';
import type { Handler, RouteTable } from './routes/route.js';
import { socialRoutes } from './routes/social-routes.js';
import { spaceRoutes } from './routes/space-routes.js';
import { STOP_PREFIX, stopReply } from './routes/stop-route.js';
import { watchRoutes } from './routes/watch-routes.js';
import { StaticPages } from './static/static-pages.js';
import { TrustedProxies } from './trusted-proxies.js';

/** Where the block storage API begins. */
const BLOCK_PREFIX = '/api/v0/';
/** Where everything else of the API begins. */
const API_PREFIX = '/peergos/v0/';
const HEALTH_PATH = '/healthz';
const HEALTH_PATHS: readonly string[] = [HEALTH_PATH, `${HEALTH_PATH}/readiness`];

/** The areas below {@link API_PREFIX} (chapter 02 section 2.1). */
const areas = (): ReadonlyMap<string, RouteTable> =>
  new Map([
    ['bats', batRoutes],
    ['mutable', pointerRoutes],
    ['core', coreRoutes()],
    ['social', socialRoutes],
    ['login', loginRoutes],
    ['storage', spaceRoutes],
    ['admin', adminRoutes],
    ['server-message', messageRoutes],
    ['pyrgos', watchRoutes],
  ]);

interface AppEnv {
  readonly Bindings: Connection;
  readonly Variables: { exchange: Exchange };
}

/** The HTTP front end as a function from request to answer: for a socket, for tests in the same process, and for peer-to-peer streams. */
export interface HttpApp {
  /** Answers a request. `connection` is what node:http knows about it, if it came that way. Never rejects. */
  fetch(request: Request, connection?: Connection): Promise<Response>;
  /** The answer for a request that could not even be understood. */
  refuseMalformed(): Response;
  /** From now on the health endpoints say that the server goes down, and connections end after their answer. */
  drain(): void;
  /** Requests that are being answered. */
  readonly inFlight: number;
}

/** What no page may do with an answer of the API: run as a page, be guessed to be something else, be loaded by another site. */
const apiHeaders: Readonly<Record<string, string>> = {
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; sandbox",
  'cross-origin-resource-policy': 'same-origin',
};

/**
 * Builds the front end over the services (chapter 02 sections 1 to 14). The order of the checks is the order of the registrations:
 * memory, health, host, credentials, local-only calls, verb, origin, route.
 */
export function createHttpApp(services: ServerServices, options: HttpOptions): HttpApp {
  return new Front(services, options);
}

function respond(c: Context<AppEnv>, reply: Reply): Response {
  return c.get('exchange').respond(reply);
}

class Front implements HttpApp {
  private readonly hono: Hono<AppEnv>;
  private readonly shared: ExchangeShared;
  private readonly pages: StaticPages;
  private readonly now: () => number;
  private readonly hostRules: HostRules;
  private hostHintGiven = false;
  inFlight = 0;

  constructor(
    private readonly services: ServerServices,
    private readonly options: HttpOptions,
  ) {
    this.now = options.monotonic ?? (() => performance.now());
    const patience = options.bodyPatience ?? BODY_MEMORY_PATIENCE;
    const arriving = {
      lanes: UPLOAD_LANES,
      patience,
      leastPatience: LEAST_BODY_MEMORY_PATIENCE,
      leastProgress: LEAST_BODY_PROGRESS,
      now: this.now,
    };
    const always = options.strictTransportSecurity === true ? { 'strict-transport-security': 'max-age=31536000' } : {};
    this.shared = {
      port: options.port,
      bodies: new ByteBudget({ ...arriving, capacity: STRANGERS_UPLOAD_MEMORY, largest: MAX_STRANGERS_BODY_SIZE }),
      uploads: new ByteBudget({ ...arriving, capacity: UPLOAD_MEMORY, largest: MAX_PUT_BODY_SIZE }),
      downloads: new ByteBudget({ capacity: DOWNLOAD_MEMORY, patience, now: this.now }),
      memory: new AnswerMemory(),
      proxies: new TrustedProxies(options.trustedProxies ?? []),
      slots: new RequestSlots(MAX_REQUESTS_IN_FLIGHT, MAX_BODIES_UNDER_WAY),
      commonHeaders: { ...apiHeaders, ...always },
      commonPageHeaders: always,
      isDraining: false,
    };
    const { listenHost, publicDomain } = options;
    this.hostRules = { listenHost, ids: services.ids, ...(publicDomain === undefined ? {} : { publicDomain }) };
    this.pages = new StaticPages(options);
    this.hono = this.routes();
  }

  async fetch(request: Request, connection: Connection = {}): Promise<Response> {
    return this.hono.fetch(request, connection);
  }

  refuseMalformed(): Response {
    const { status, headers } = errorReply(new PyrgosError('format.request', 'Malformed request'), () => '');
    return new Response(null, { status, headers: { ...this.shared.commonHeaders, ...headers } });
  }

  drain(): void {
    this.shared.isDraining = true;
    this.services.watches.close();
  }

  private routes(): Hono<AppEnv> {
    const app = new Hono<AppEnv>({ getPath: (request, context) => rawPath(rawTarget(request, context?.env)) });
    app.use(async (c, next) => this.observe(c, next));
    app.onError((error, c) => respond(c, this.failure(c.get('exchange'), error)));
    this.addHealth(app);
    app.use(async (c, next) => this.admitHost(c, next));
    if (this.options.basicAuth !== undefined) {
      const auth = new BasicAuth(this.options.basicAuth);
      app.use(async (c, next) => {
        const refusal = auth.check(c.get('exchange').header('authorization'));
        return refusal === undefined ? next() : respond(c, refusal);
      });
    }
    this.addStop(app);
    for (const prefix of [BLOCK_PREFIX, API_PREFIX, PUBLIC_PREFIX]) {
      app.use(`${prefix}*`, async (c, next) => {
        const refusal = this.refuseCall(c.get('exchange'), prefix === PUBLIC_PREFIX);
        return refusal === undefined ? next() : respond(c, refusal);
      });
    }
    this.addApi(app);
    app.all('*', async (c) => {
      const exchange = c.get('exchange');
      exchange.route = 'page';
      return respond(c, await this.pages.reply(exchange));
    });
    return app;
  }

  /** Under every name: a monitor on this machine knows none of ours, and the answers say nothing that a page of another site could use. */
  private addHealth(app: Hono<AppEnv>): void {
    for (const path of HEALTH_PATHS) {
      app.on(['GET', 'HEAD'], path, async (c) => {
        const exchange = c.get('exchange');
        exchange.route = path.slice(1);
        const { isDraining } = this.shared;
        return respond(c, path === HEALTH_PATH ? livenessReply(isDraining) : await readinessReply(this.options.health, isDraining));
      });
    }
  }

  /** Only where nobody but this machine's user can be meant. */
  private addStop(app: Hono<AppEnv>): void {
    const { stop, publicServer, publicDomain } = this.options;
    if (stop === undefined || publicServer || publicDomain !== undefined) return;
    app.all(`${STOP_PREFIX}*`, (c) => {
      const exchange = c.get('exchange');
      exchange.route = 'stop';
      return respond(c, stopReply(exchange, stop));
    });
  }

  private addApi(app: Hono<AppEnv>): void {
    const { services } = this;
    const { metrics, publicDomain } = this.options;
    const call = (route: string, handler: Handler) => async (c: Context<AppEnv>) => {
      const exchange = c.get('exchange');
      exchange.route = route;
      // The links to public files have a query for the page, not for us.
      if (handler !== publicFile) exchange.assertQuery();
      return respond(c, await handler({ exchange, services, metrics }));
    };
    const linkHost = (port: number): string => publicDomain ?? `localhost:${port}`;
    for (const [name, handler] of blockRoutes(linkHost)) app.all(`${BLOCK_PREFIX}${name}`, call(`api/${name}`, handler));
    app.all(`${BLOCK_PREFIX}*`, (c) => respond(c, emptyReply(404)));
    for (const [area, table] of areas()) {
      // What follows the method is ignored: the prefix of getUsernamesGzip, for instance.
      for (const [name, handler] of table) app.all(`${API_PREFIX}${area}/${name}/*`, call(`${area}/${name}`, handler));
      app.all(`${API_PREFIX}${area}/*`, () => {
        throw new PyrgosError('unsupported', 'Unknown method');
      });
    }
    app.all(`${API_PREFIX}*`, (c) => respond(c, emptyReply(404)));
    app.all(`${PUBLIC_PREFIX}*`, call('public', publicFile));
  }

  /** The host filter (chapter 02 section 1.3). */
  private async admitHost(c: Context<AppEnv>, next: () => Promise<void>): Promise<Response | undefined> {
    const exchange = c.get('exchange');
    const match = matchHost(exchange.hosts, exchange.port, this.hostRules);
    if (match === undefined) {
      this.hintAtHost(exchange.port);
      return respond(c, emptyReply(404));
    }
    exchange.uiHost = match.uiHost;
    exchange.subdomain = match.subdomain;
    await next();
    return undefined;
  }

  private failure(exchange: Exchange, error: unknown): Reply {
    const report = (cause: unknown): string => this.report(exchange, cause);
    if (!(error instanceof OverloadError)) return errorReply(error, report, exchange.path.startsWith(BLOCK_PREFIX) ? 429 : 400);
    exchange.closeAfterwards();
    return errorReply(error, report, 503);
  }

  /** Counts and logs a request, and gives its memory back when the answer has left. */
  private async observe(c: Context<AppEnv>, next: () => Promise<void>): Promise<Response | undefined> {
    const exchange = new Exchange(c.req.raw, c.env, this.shared);
    c.set('exchange', exchange);
    const started = this.now();
    this.inFlight++;
    this.options.metrics?.started();
    // Over when the work is done and the answer has left: a client that goes away does not end the work that it caused.
    let open = 2;
    const done = (): void => {
      if (--open > 0) return;
      this.inFlight--;
      exchange.release();
      this.record(exchange, c.res.status, this.now() - started);
    };
    exchange.whenSent(done);
    try {
      // Who watches over the server must hear from it above all when it has much to do.
      if (!HEALTH_PATHS.includes(exchange.path)) exchange.enter();
      if (!exchange.path.startsWith('/')) throw new PyrgosError('format.request', 'Malformed request target');
      await next();
      return undefined;
    } catch (error) {
      // Hono hands errors to onError; what is thrown and is no Error arrives here.
      return exchange.respond(this.failure(exchange, error));
    } finally {
      done();
    }
  }

  private record(exchange: Exchange, status: number, milliseconds: number): void {
    this.options.metrics?.finished(exchange.route, status, milliseconds / 1000, exchange.received, exchange.sent);
    if (!this.options.logger.isLevelEnabled('debug')) return;
    const { method, route, wasSent } = exchange;
    const record = { method, route, status, milliseconds: Math.round(milliseconds * 10) / 10, ...(wasSent ? {} : { aborted: true }) };
    this.options.logger.debug(record, 'request');
  }

  /** Writes a failure of ours to the log and returns the id under which it can be found there. */
  private report(exchange: Exchange, error: unknown): string {
    const id = this.options.errorId?.() ?? randomBytes(6).toString('hex');
    this.options.logger.error({ errorId: id, route: exchange.route, err: error }, 'a request failed');
    return id;
  }

  /** Why a call of the API is refused before its route is looked at, or undefined. */
  private refuseCall(exchange: Exchange, isPublicFile: boolean): Reply | undefined {
    const { method } = exchange;
    exchange.route = 'refused';
    // App subdomains are for pages only.
    if (exchange.subdomain !== undefined) return emptyReply(404);
    if (isPublicFile) return method === 'GET' || method === 'HEAD' ? undefined : emptyReply(405, { allow: 'GET, HEAD' });
    if (!this.options.publicServer && method !== 'POST') return emptyReply(405, { allow: 'POST' });
    // Browsers say where a request comes from. No other site, and no app in a frame, has anything to do here.
    const site = exchange.header('sec-fetch-site');
    if (site !== undefined && site !== 'same-origin' && site !== 'none') return emptyReply(403);
    return undefined;
  }

  /** Tells the operator once why browsers get 404; the log is no place for what strangers send. */
  private hintAtHost(port: number): void {
    if (this.hostHintGiven) return;
    this.hostHintGiven = true;
    const { listenHost, publicDomain } = this.options;
    this.options.logger.warn(
      { listenHost, publicDomain, port },
      'a request named another host and was refused with 404; behind a reverse proxy keep the Host header and set public-domain to it',
    );
  }
}
