import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { PyrgosError } from '@pyrgos/core/errors';
import type { Logger } from 'pino';
import { ConfigError } from './config/config-error.js';
import { dataPaths } from './config/data-paths.js';
import { DataDirectoryLock } from './config/data-directory-lock.js';
import type { ServerConfig } from './config/server-config.js';
import { type ContextOverrides, createContext, type ServerContext } from './context.js';
import { healthOfContext } from './health-of-context.js';
import { createHttpApp } from './http/http-app.js';
import { startHttpServer } from './http/http-server.js';
import type { HttpMetrics } from './http/http-metrics.js';
import { assertFree, ListenError, type ListenPlace } from './http/listen.js';
import type { MetricsServer } from './http/metrics-server.js';
import { DRAIN_MILLISECONDS, FIRST_COLLECTION_DELAY, FREE_DISK_CHECK_MILLISECONDS, SETTLE_MILLISECONDS } from './limits.js';
import { createLogger, type LoggerOptions } from './logger.js';
import { answerCalls } from './operator/answer-calls.js';
import { LocalOperator } from './operator/local-operator.js';
import type { Operator, ServerStatus } from './operator/operator.js';
import { systemClock } from './ports/clock.js';
import { bindAddress, lanUrls, localUrl, publicUrl } from './public-url.js';
import type { SqlEngine } from './sql/index.js';
import { systemCode, systemReason } from './system-reason.js';

/** What tests and special uses replace. */
export interface ServerOverrides extends ContextOverrides {
  /** Instead of the log that the configuration asks for. */
  readonly logger?: Logger;
  /** Called when somebody at this machine asked the server to stop (`/peergos/v0/stop/`). Default: {@link RunningServer.close}. */
  readonly onStop?: () => void;
  /** Milliseconds that requests in flight have to finish when the server stops. */
  readonly drainMilliseconds?: number;
}

/** A server that takes requests. */
export interface RunningServer {
  /** Where people open it, without slash at the end. */
  readonly url: string;
  /** Where this machine reaches it, without slash at the end. */
  readonly localUrl: string;
  /** Where others in the local network reach it over plain HTTP, the likeliest first: of a server on all addresses without a public name. */
  readonly lanUrls: readonly string[];
  readonly port: number;
  /** Where metrics are, if they are on. */
  readonly metricsUrl: string | undefined;
  readonly dataDirectory: string;
  /** The SQLite binding in use. */
  readonly engine: SqlEngine;
  readonly operator: Operator;
  readonly logger: Logger;
  /** Everything behind it; for backups, tests and measurements. */
  readonly context: ServerContext;
  /** Answers what is in flight, takes nothing new, and lets go of the data directory. Safe to repeat. */
  close(): Promise<void>;
  /** Resolves when it is closed. */
  readonly closed: Promise<void>;
}

/**
 * Starts a server on a data directory, which {@link loadConfig} has prepared. It is healthy when this resolves. PyrgosError: `storage` when the
 * directory is in use or cannot be used, `network` when the port cannot be used; nothing is left open then.
 */
export async function startServer(config: ServerConfig, overrides: ServerOverrides = {}): Promise<RunningServer> {
  const cleanUp: (() => Promise<void> | void)[] = [];
  try {
    return await start(config, overrides, cleanUp);
  } catch (error) {
    for (const action of cleanUp.toReversed()) await action();
    throw error;
  }
}

async function start(config: ServerConfig, overrides: ServerOverrides, cleanUp: (() => Promise<void> | void)[]): Promise<RunningServer> {
  const lock = await DataDirectoryLock.acquire(config.dataDirectory, 'server');
  cleanUp.push(async () => lock.release());
  const places = placesOf(config);
  // Before anything is made: a first start that fails leaves no server behind.
  if (config.webroot !== undefined) await requireWebFolder(config.webroot);
  for (const place of [places.web, places.metrics]) if (place !== undefined) await advised(place, async () => assertFree(place));
  const log = overrides.logger === undefined ? createLogger(loggerOptions(config)) : { logger: overrides.logger, close: () => undefined };
  const { logger } = log;
  cleanUp.push(() => log.close());

  // Known once it listens; nobody asks before.
  let port = config.port;
  const metrics = config.collectMetrics ? await makeMetrics() : undefined;
  const { clock = systemClock } = overrides;
  let collected: NonNullable<ServerStatus['process']>['collection'];
  const context = await createContext({
    config,
    logger,
    overrides,
    onCollected: (report) => {
      metrics?.collected(report);
      const { deleted: deletedBlocks, deletedBytes, failures } = report;
      collected = { ended: clock.now(), deletedBlocks, deletedBytes, failures: failures.length };
    },
    port: () => port,
  });
  cleanUp.push(async () => context.close());

  let stop = (): void => undefined;
  const health = healthOfContext(context);
  const app = createHttpApp(context.services, {
    listenHost: config.listenHost,
    port: config.port,
    publicServer: config.publicServer,
    ...(config.publicDomain === undefined ? {} : { publicDomain: config.publicDomain }),
    strictTransportSecurity: config.publicServer,
    ...(config.basicAuth === undefined ? {} : { basicAuth: config.basicAuth.revealed }),
    ...(config.webroot === undefined ? {} : { webroot: config.webroot }),
    contentSecurityPolicy: config.includeCsp,
    apps: config.apps,
    paymentDomains: config.paymentDomains,
    trustedProxies: config.trustedProxies,
    logger,
    health,
    stop: () => stop(),
    ...(metrics === undefined ? {} : { metrics }),
  });
  const http = await advised(places.web, async () => startHttpServer(app, { ...places.web, maxConnections: config.maxConnections }));
  cleanUp.push(async () => http.close(0));
  ({ port } = http);
  const metricsServer = metrics === undefined || places.metrics === undefined ? undefined : await startMetrics(places.metrics, metrics);
  if (metricsServer !== undefined) cleanUp.push(async () => metricsServer.close());

  const collection = config.enableGc
    ? setTimeout(() => context.garbage.start(config.gcPeriod), Math.min(FIRST_COLLECTION_DELAY, config.gcPeriod))
    : undefined;
  collection?.unref();
  const checkDisk = (): void => void context.keeper.check(config.enableGc);
  context.room.onRefused(checkDisk);
  const diskChecks = setInterval(checkDisk, FREE_DISK_CHECK_MILLISECONDS);
  diskChecks.unref();
  checkDisk();
  const started = clock.now();
  const running = (): ServerStatus['process'] => ({ pid: process.pid, localUrl: localUrl(config, port), started, collection: collected });
  const operator = new LocalOperator(context, () => publicUrl(config, port), { running, health });
  answerCalls(lock, operator);
  if (lock.foundTraces) {
    logger.info(context.repairs, 'the last run did not end in an orderly way: what it left behind is repaired');
  }
  if (!(await context.pkiFiles.areWhole())) {
    logger.error(
      {},
      'keys of the user directory are missing or damaged: nobody can sign up. Restore a backup into another directory and copy its folder "pki" from there',
    );
  }
  logger.info({ port, engine: context.db.engine, pid: process.pid }, 'the server is ready');

  const end = async (): Promise<void> => {
    logger.info('the server stops');
    clearTimeout(collection);
    await http.close(overrides.drainMilliseconds ?? DRAIN_MILLISECONDS);
    await settle(() => app.inFlight === 0);
    clearInterval(diskChecks);
    await Promise.all([context.keeper.stop(), context.garbage.stop()]);
    await metricsServer?.close();
    await context.close();
    logger.info('the server has stopped');
    log.close();
    await lock.release();
  };
  let closing: Promise<void> | undefined;
  let isClosed = (): void => undefined;
  const closed = new Promise<void>((resolve) => {
    isClosed = resolve;
  });
  const close = async (): Promise<void> => {
    closing ??= end().finally(() => isClosed());
    return closing;
  };
  stop = overrides.onStop ?? (() => void close());
  return {
    url: publicUrl(config, port),
    localUrl: localUrl(config, port),
    lanUrls: lanUrls(config, port),
    port,
    metricsUrl:
      metricsServer === undefined
        ? undefined
        : `${localUrl({ listenHost: config.metricsAddress, publicDomain: undefined }, metricsServer.port)}/metrics`,
    dataDirectory: config.dataDirectory,
    engine: context.db.engine,
    operator,
    logger,
    context,
    close,
    closed,
  };
}

/** Work goes on when its connection is cut off; it still has a moment before the database closes under it. */
async function settle(isDone: () => boolean): Promise<void> {
  const end = performance.now() + SETTLE_MILLISECONDS;
  while (!isDone() && performance.now() < end) await new Promise((resolve) => setTimeout(resolve, 10));
}

/** ConfigError unless it is a folder that can be read. */
async function requireWebFolder(path: string): Promise<void> {
  try {
    await readdir(path);
  } catch (error) {
    const reason = systemCode(error) === 'ENOTDIR' ? 'it is no folder' : systemReason(error);
    throw new ConfigError(`webroot ${path} cannot be used: ${reason}.`);
  }
}

/** Where a server listens, and what the person calls it. */
interface NamedPlace extends ListenPlace {
  readonly portOption: string;
  readonly hostOption: string;
  /** What it is for, unless that is plain. */
  readonly purpose?: string;
}

function placesOf(config: ServerConfig): { readonly web: NamedPlace; readonly metrics: NamedPlace | undefined } {
  const web: NamedPlace = {
    host: bindAddress(config.listenHost),
    port: config.port,
    portOption: '--port',
    hostOption: '--listen-host',
  };
  const metrics: NamedPlace = {
    host: bindAddress(config.metricsAddress),
    port: config.metricsPort,
    portOption: '--metrics.port',
    hostOption: '--metrics.address',
    purpose: 'for metrics',
  };
  return { web, metrics: config.collectMetrics ? metrics : undefined };
}

/** Says what to do when it is not possible to listen somewhere. */
async function advised<T>(place: NamedPlace, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof ListenError)) throw error;
    const { host, port, purpose } = place;
    const isPort = error.culprit === 'port';
    const plain = isPort ? `Port ${port} of ${host}` : host;
    const named = isPort ? `The port ${purpose}, ${port} of ${host},` : `${host}, ${purpose},`;
    const advice = isPort ? `${place.portOption}, or stop what uses it` : place.hostOption;
    throw new PyrgosError('network', `${purpose === undefined ? plain : named} ${error.reason}. Choose another one with ${advice}.`, {
      data: { port },
      cause: error,
    });
  }
}

/** What metrics need takes time to load, and most servers have none. */
async function makeMetrics(): Promise<HttpMetrics> {
  const { HttpMetrics } = await import('./http/http-metrics.js');
  return new HttpMetrics();
}

async function startMetrics(place: NamedPlace, metrics: HttpMetrics): Promise<MetricsServer> {
  const { startMetricsServer } = await import('./http/metrics-server.js');
  return advised(place, async () => startMetricsServer(metrics, place));
}

function loggerOptions(config: ServerConfig): LoggerOptions {
  return {
    level: config.logLevel,
    ...(config.logToFile
      ? { files: { path: join(dataPaths.logs(config.dataDirectory), 'pyrgos.log'), limit: config.logLimit, count: config.logCount } }
      : {}),
    ...(config.logToConsole ? { console: process.stderr } : {}),
    alarm: process.stderr,
  };
}
