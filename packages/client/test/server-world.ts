import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CryptoProvider, loadCrypto } from '@pyrgos/core/crypto';
import { ScryptSecretGeneration } from '@pyrgos/core/keys';
import { createLogger, type RunningServer, startServer } from '@pyrgos/server';
import { restoreBackup } from '@pyrgos/server/backup';
import { loadConfig } from '@pyrgos/server/config';
import { HttpNetwork, type HttpNetworkOptions, RequestCounter } from '../src/network/index.js';

/** How the server of a test is. */
export interface ServerWorldOptions {
  /** Options of the server. */
  readonly flags?: Readonly<Record<string, string>>;
  /** A backup that the server starts with. */
  readonly backup?: string;
  /** The server's clock. */
  readonly clock?: { now(): number };
  /** Whether it writes down, in the folder `logs` of its data, as much as it ever does. */
  readonly isTalkative?: boolean;
}

const pkiAlgorithms = {
  identity: ScryptSecretGeneration.of({ logN: 15 }),
  keyFile: ScryptSecretGeneration.of({ logN: 15, length: 32 }),
};
const systemTime = { now: () => Date.now() };

/**
 * The engine with key derivation at a fraction of its cost, for tests that log in often. Servers do not notice: the parameters that the
 * account publishes are the real ones.
 */
function withCheapScrypt(crypto: CryptoProvider): CryptoProvider {
  const scrypt: CryptoProvider['scrypt'] = async (password, salt, parameters, options) =>
    crypto.scrypt(password, salt, { ...parameters, logN: 8 }, options);
  return Object.create(crypto, { scrypt: { value: scrypt } }) as CryptoProvider;
}

/** The real server in this process, and networks that talk to it over HTTP. */
export class ServerWorld {
  private readonly networks: HttpNetwork[] = [];
  /** For clients of accounts that only this test file uses; see {@link withCheapScrypt}. */
  readonly quick: CryptoProvider;

  private constructor(
    readonly crypto: CryptoProvider,
    private server: RunningServer,
    private readonly directory: string,
    private readonly flags: ReadonlyMap<string, string>,
    private readonly clock: { now(): number },
    private readonly isTalkative: boolean,
  ) {
    this.quick = withCheapScrypt(crypto);
  }

  static async start(options: ServerWorldOptions = {}): Promise<ServerWorld> {
    const crypto = await loadCrypto();
    const directory = await mkdtemp(join(tmpdir(), 'pyrgos-world-'));
    if (options.backup !== undefined) {
      await restoreBackup({ source: options.backup, directory: join(directory, 'data'), crypto, clock: systemTime });
    }
    const flags = new Map(Object.entries({ port: '0', 'max-users': '1000', ...options.flags }));
    const { clock = systemTime, isTalkative = false } = options;
    return new ServerWorld(crypto, await startAt(join(directory, 'data'), flags, clock, isTalkative), directory, flags, clock, isTalkative);
  }

  /** The server itself: what its operator can do and see. */
  get running(): RunningServer {
    return this.server;
  }

  get url(): string {
    return this.server.localUrl;
  }

  /** A new client of the server. */
  network(options: Partial<HttpNetworkOptions> = {}): HttpNetwork {
    const network = new HttpNetwork({ server: this.url, crypto: this.crypto, ...options });
    this.networks.push(network);
    return network;
  }

  /** A new client whose requests are counted. */
  counted(options: Partial<HttpNetworkOptions> = {}): { readonly network: HttpNetwork; readonly counter: RequestCounter } {
    const counter = new RequestCounter();
    return { network: this.network({ onRequest: counter.onRequest, ...options }), counter };
  }

  /** Where the server keeps its data. */
  get dataDirectory(): string {
    return join(this.directory, 'data');
  }

  /** Stops the server; nobody can reach it then. */
  async stop(): Promise<void> {
    await this.server.close();
  }

  /** Starts it again on the same port and data. */
  async restart(): Promise<void> {
    const port = String(this.server.port);
    await this.stop();
    this.server = await startAt(join(this.directory, 'data'), new Map([...this.flags, ['port', port]]), this.clock, this.isTalkative);
  }

  async close(): Promise<void> {
    for (const network of this.networks) network.close();
    await this.server.close();
    await rm(this.directory, { recursive: true, force: true });
  }
}

async function startAt(
  dataDirectory: string,
  flags: ReadonlyMap<string, string>,
  clock: { now(): number },
  isTalkative: boolean,
): Promise<RunningServer> {
  const { config } = await loadConfig({ dataDirectory, environment: {}, flags: new Map(flags) });
  const files = { path: join(dataDirectory, 'logs', 'test.log'), limit: 1 << 26, count: 2 };
  const { logger } = createLogger(isTalkative ? { level: 'trace', files } : { level: 'silent' });
  return startServer(config, { pkiAlgorithms, clock, logger, drainMilliseconds: 0 });
}
