import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { urlHost } from './host-filter.js';
import type { HttpMetrics } from './http-metrics.js';
import { listen } from './listen.js';

/** A listening metrics endpoint. */
export interface MetricsServer {
  readonly port: number;
  close(): Promise<void>;
}

/**
 * `GET /metrics` on a listener of its own, meant for loopback (chapter 02 section 1.1; off unless configured). On a loopback address it
 * answers only when it is called by the name of that address, so that no web page can read it by rebinding a name of its own. ListenError.
 */
export async function startMetricsServer(
  metrics: HttpMetrics,
  options: { readonly host: string; readonly port: number },
): Promise<MetricsServer> {
  const isLoopback = options.host === 'localhost' || options.host === '::1' || options.host.startsWith('127.');
  const server = createServer({ maxHeaderSize: 8192, headersTimeout: 10_000, requestTimeout: 10_000 });
  server.maxConnections = 32;
  server.on('request', (incoming, outgoing) => {
    const { port } = server.address() as AddressInfo;
    const names = ['localhost', '127.0.0.1', '[::1]', urlHost(options.host)].map((name) => `${name}:${port}`);
    const isOurs = !isLoopback || names.includes(incoming.headers.host ?? '');
    if (!isOurs || incoming.url !== '/metrics') {
      outgoing.writeHead(404).end();
      return;
    }
    if (incoming.method !== 'GET') {
      outgoing.writeHead(405, { allow: 'GET' }).end();
      return;
    }
    metrics.text().then(
      (text) => outgoing.writeHead(200, { 'content-type': metrics.contentType, 'x-content-type-options': 'nosniff' }).end(text),
      () => outgoing.writeHead(500).end(),
    );
  });
  await listen(server, options);
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => {
        server.close(() => {
          resolve();
        });
      });
    },
  };
}
