import type { HttpApp } from '../../src/http/http-app.js';
import type { HttpOptions } from '../../src/http/http-options.js';
import { type HttpServer, type HttpServerOptions, startHttpServer } from '../../src/http/http-server.js';
import { RawClient, testApp } from './http-world.js';
import { type Script, scriptedServices } from './scripted-services.js';

/** A front end that listens, and clients that send exactly what a test wants. */
export class ListeningWorld {
  private readonly clients: RawClient[] = [];

  private constructor(
    readonly app: HttpApp,
    readonly server: HttpServer,
  ) {}

  /** Listens on a free port of this machine. */
  static async start(script: Script, options: Partial<HttpServerOptions> & Partial<HttpOptions> = {}): Promise<ListeningWorld> {
    const app = testApp(scriptedServices(script), options);
    return new ListeningWorld(app, await startHttpServer(app, { host: '127.0.0.1', ...options, port: 0 }));
  }

  get port(): number {
    return this.server.port;
  }

  /** A connection. */
  async raw(): Promise<RawClient> {
    const client = await RawClient.open(this.port);
    this.clients.push(client);
    return client;
  }

  /** The bytes of a request with the Host that the server wants. */
  request(line: string, headers: readonly string[] = [], body = ''): string {
    return [`${line} HTTP/1.1`, `Host: 127.0.0.1:${this.port}`, ...headers, '', body].join('\r\n');
  }

  /** Ends everything. */
  async close(): Promise<void> {
    for (const client of this.clients) client.destroy();
    await this.server.close(0);
  }
}

/** The status of every answer in what a client received, in order. */
export function statuses(text: string): number[] {
  return [...text.matchAll(/HTTP\/1\.1 (\d+)/gu)].map(([, status]) => Number(status));
}
