import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import {
  CONNECTION_BACKLOG,
  KEEP_ALIVE_TIMEOUT,
  MAX_CONNECTIONS,
  MAX_REQUEST_HEADER_SIZE,
  MAX_UNFINISHED_PER_ADDRESS,
  REQUEST_HEADERS_TIMEOUT,
  REQUEST_TIMEOUT,
  RESPONSE_TIMEOUT,
  SCARCE_HEADERS_TIMEOUT,
} from '../limits.js';
import { ConnectionRoom } from './connection-room.js';
import type { HttpApp } from './http-app.js';
import { listen } from './listen.js';
import { RequestQueue } from './request-queue.js';

/** Where to listen, and for how long to wait. What is left out is taken from limits.ts; tests shorten it. */
export interface HttpServerOptions {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  readonly headersTimeout?: number;
  readonly requestTimeout?: number;
  readonly responseTimeout?: number;
  readonly maxConnections?: number;
  /** Connections of one address on which no request has arrived yet; at most half of all unless said otherwise. */
  readonly maxUnfinishedPerAddress?: number;
  /** Milliseconds that headers may take when connections are scarce. */
  readonly headersPatience?: number;
}

/** A listening server. */
export interface HttpServer {
  readonly port: number;
  /** Stops listening, lets requests in flight finish for up to `drainMilliseconds`, then cuts them off. */
  close(drainMilliseconds: number): Promise<void>;
}

/**
 * Listens with node:http (chapter 02 section 1.1): HTTP/1.1 only. There is deliberately no `upgrade` listener, so that the h2c offers of
 * Java clients are ignored and not swallowed. ListenError when the address cannot be used.
 */
export async function startHttpServer(app: HttpApp, options: HttpServerOptions): Promise<HttpServer> {
  const server = createServer({
    maxHeaderSize: MAX_REQUEST_HEADER_SIZE,
    headersTimeout: options.headersTimeout ?? REQUEST_HEADERS_TIMEOUT,
    requestTimeout: options.requestTimeout ?? REQUEST_TIMEOUT,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT,
    connectionsCheckingInterval: Math.min(5000, options.headersTimeout ?? REQUEST_HEADERS_TIMEOUT),
    // A request without Host is refused by the host filter, in the protocol's form.
    requireHostHeader: false,
    noDelay: true,
  });
  // Bytes are bounded already; a bound on the count would hide headers from the host filter.
  server.maxHeadersCount = 0;
  const slow = new ResponseTimer(options.responseTimeout ?? RESPONSE_TIMEOUT);
  const maximum = options.maxConnections ?? MAX_CONNECTIONS;
  const room = new ConnectionRoom(server, {
    maximum,
    maximumUnfinished: options.maxUnfinishedPerAddress ?? Math.min(MAX_UNFINISHED_PER_ADDRESS, Math.ceil(maximum / 2)),
    patience: options.headersPatience ?? SCARCE_HEADERS_TIMEOUT,
  });

  const listener = getRequestListener(
    (request, env) => app.fetch(request, env as { incoming: IncomingMessage; outgoing: ServerResponse }),
    {
      errorHandler: () => app.refuseMalformed(),
    },
  );
  const queue = new RequestQueue((incoming, outgoing) => {
    slow.add(incoming.socket, outgoing);
    // Only the Fetch request is built from it, and a strange value must not fail there: the app judges the headers as they were sent.
    incoming.headers.host = 'localhost';
    void listener(incoming, outgoing);
  });
  server.on('request', (incoming: IncomingMessage, outgoing: ServerResponse) => {
    queue.add(incoming, outgoing);
  });

  await listen(server, { host: options.host, port: options.port, backlog: CONNECTION_BACKLOG });
  // From now on errors of the listener concern single connections.
  server.on('error', () => undefined);
  const { port } = server.address() as AddressInfo;
  return {
    port,
    close: async (drainMilliseconds) => {
      app.drain();
      const closed = new Promise<void>((resolve) => {
        server.close(() => {
          resolve();
        });
      });
      // Also those that become idle while we wait: an answer that was on its way did not say that it is the last one.
      server.closeIdleConnections();
      const sweep = setInterval(() => {
        server.closeIdleConnections();
      }, 100);
      const cut = setTimeout(() => {
        server.closeAllConnections();
      }, drainMilliseconds);
      await closed;
      clearInterval(sweep);
      clearTimeout(cut);
      slow.stop();
      room.stop();
    },
  };
}

/** Ends the connections of answers that take too long, with one timer for all of them. */
class ResponseTimer {
  private readonly started = new Map<ServerResponse, { readonly socket: Socket; readonly since: number }>();
  private readonly timer: NodeJS.Timeout;

  constructor(private readonly timeout: number) {
    this.timer = setInterval(
      () => {
        const before = performance.now() - this.timeout;
        for (const [outgoing, { socket, since }] of this.started) {
          // In order of arrival.
          if (since > before) break;
          // Nothing is left to be done here, whether or not the end of the connection is reported.
          this.started.delete(outgoing);
          socket.destroy();
        }
      },
      Math.max(10, Math.min(5000, timeout / 4)),
    );
    this.timer.unref();
  }

  add(socket: Socket, outgoing: ServerResponse): void {
    this.started.set(outgoing, { socket, since: performance.now() });
    outgoing.once('close', () => this.started.delete(outgoing));
  }

  stop(): void {
    clearInterval(this.timer);
  }
}
