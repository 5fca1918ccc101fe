import type { RunningServer } from '@pyrgos/server';
import { isLoopbackHost, locateDataDirectory, type ServerConfig } from '@pyrgos/server/config';
import type { Command } from 'commander';
import { commandName, quotedWord } from '../command-name.js';
import type { Gateway } from '../gateway/gateway.js';
import { assertSeparate } from '../gateway/site-hosts.js';
import { searchGarbageLess } from '../heap-policy.js';
import { watchParent } from '../parent-watch.js';
import { addServerOptions, loadSettings } from '../server-settings.js';
import { formatTable, notify, printJson, printLine } from '../terminal.js';
import { version } from '../version.js';
import { webFolder } from '../web-folder.js';

/** Said when others can reach the server without TLS. */
const PLAIN_HTTP =
  'others in the network reach this server over plain HTTP. Files stay encrypted, but who sits in between sees names of users and sizes, and could ' +
  'change web pages: use it in a network that you trust, or put a proxy with TLS in front and set public-domain (docs/self-hosting.md)';
/** Milliseconds that the process may live after its server has stopped, in case something keeps it. */
const PATIENCE = 1000;
/** Milliseconds after a signal in which further ones mean the same. */
const SAME_WISH = 500;

/** `pyrgos daemon`: the server, until it is told to stop. */
export function addDaemonCommand(program: Command): void {
  const command = program
    .command('daemon')
    .description('run the server until it is stopped with Ctrl-C or SIGTERM')
    .option('--json', 'print one JSON object when the server is ready, and nothing else');
  addServerOptions(command).action(async (given: { readonly json?: true }) => {
    const { config: settings, warnings } = await loadSettings(command);
    const config = { ...settings, webroot: settings.webroot ?? webFolder() };
    const isOpen = config.publicDomain === undefined && !isLoopbackHost(config.listenHost);
    const openWarnings = isOpen ? [PLAIN_HTTP] : [];
    for (const warning of openWarnings) notify(warning);
    searchGarbageLess();
    const { signUpLinkAtStart, startServer } = await import('@pyrgos/server');
    if (config.domainSuffix !== undefined) assertSeparate(config.domainSuffix, config);
    const server = await startServer(config);
    const gateway = await gatewayOf(server, config);
    stopOnSignals(server);
    dieLoudly(server);
    try {
      const link = await signUpLinkAtStart(server.operator, config.generateToken);
      if (given.json === true)
        printJson({
          ...facts(server),
          gatewayPort: gateway?.port ?? null,
          signUpLink: link?.link ?? null,
          warnings: [...warnings, ...openWarnings],
        });
      else printWelcome(server, link?.link, sitesOf(gateway, config));
    } catch (error) {
      await server.close();
      throw error;
    }
    await server.closed;
    await gateway?.close();
    setTimeout(() => process.exit(), PATIENCE).unref();
  });
}

function facts({ dataDirectory, engine, lanUrls, localUrl, metricsUrl, port, url }: RunningServer): object {
  return { version: version(), pid: process.pid, url, localUrl, lanUrls, port, metricsUrl: metricsUrl ?? null, dataDirectory, engine };
}

/** The web sites of users, where they are configured. Without the port that was asked for there is no server either. */
async function gatewayOf(server: RunningServer, config: ServerConfig): Promise<Gateway | undefined> {
  const { domainSuffix: domain, gatewayPort: port, listenHost, publicServer } = config;
  if (domain === undefined) return undefined;
  const { startGateway, connectForSites } = await import('../gateway/gateway.js');
  try {
    return await startGateway({
      server: await connectForSites(server.localUrl),
      domain,
      host: listenHost === 'localhost' ? '127.0.0.1' : listenHost,
      port,
      strictTransportSecurity: publicServer,
      onError: (error) => server.logger.error({ err: error }, 'a web site of a user could not be shown'),
    });
  } catch (error) {
    await server.close();
    throw error;
  }
}

function sitesOf(gateway: Gateway | undefined, { domainSuffix, publicDomain }: ServerConfig): string | undefined {
  if (gateway === undefined) return undefined;
  return publicDomain === undefined
    ? `http://USER.${domainSuffix}:${gateway.port}`
    : `USER.${domainSuffix}, which the proxy finds at port ${gateway.port}`;
}

function printWelcome(server: RunningServer, link: string | undefined, sites: string | undefined): void {
  printLine(`Pyrgos ${version()} is running.`);
  const rows = [
    ['Address', server.url],
    ...server.lanUrls.slice(1).map((url) => ['or', url]),
    ...(server.url === server.localUrl ? [] : [['Here', server.localUrl]]),
    ...(sites === undefined ? [] : [['Web sites', sites]]),
    ...(server.metricsUrl === undefined ? [] : [['Metrics', server.metricsUrl]]),
    ['Data', server.dataDirectory],
  ];
  for (const row of formatTable(rows)) printLine(`  ${row}`);
  const isDefault = server.dataDirectory === locateDataDirectory(undefined, {});
  const data = isDefault ? '' : ` --data ${quotedWord(server.dataDirectory)}`;
  printLine(`Stop it with Ctrl-C. Sign-up links for more people: ${commandName} token create${data}`);
  if (link === undefined) return;
  printLine();
  printLine('To create an account, open this link. It works once:');
  printLine(link);
}

/**
 * The first signal stops the server in order, the second one at once. So does the end of the npm that runs this command, unless a signal came as well.
 */
function stopOnSignals(server: RunningServer): void {
  let stopping: number | undefined;
  const stop = (): void => {
    stopping = performance.now();
    endWatch();
    notify('stopping: requests in flight have ten seconds to finish; once more stops at once');
    server.close().catch((error: unknown) => {
      server.logger.fatal({ err: error }, 'the server could not stop in order');
      process.exit(1);
    });
  };
  const endWatch = watchParent(stop);
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (stopping === undefined) stop();
      // Ctrl-C reaches us from the terminal, and often once more from npm.
      else if (performance.now() - stopping > SAME_WISH) process.exit(1);
    });
  }
}

/** A bug that nobody caught leaves the process in an unknown state: it is logged, and the process ends; the next start repairs. */
function dieLoudly(server: RunningServer): void {
  const die = (error: unknown): void => {
    server.logger.fatal({ err: error }, 'the server ends because of an unexpected error');
    process.exit(1);
  };
  process.on('uncaughtException', die);
  process.on('unhandledRejection', die);
}
