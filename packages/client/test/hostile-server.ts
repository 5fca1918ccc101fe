import { createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';

/** What a hostile server does with a connection on which a request has arrived. It may write anything, also after it has returned. */
export type Misbehaviour = (socket: Socket, request: string) => void;

/** A server that speaks as much HTTP as it likes. */
export class HostileServer {
  private readonly sockets = new Set<Socket>();
  connections = 0;
  /** Heads of the requests that arrived. */
  readonly requests: string[] = [];
  /** Bytes that went out. */
  sent = 0;

  private constructor(
    private readonly server: Server,
    private behaviour: Misbehaviour,
  ) {
    server.on('connection', (socket) => {
      this.connections++;
      this.sockets.add(socket);
      let received = '';
      socket.on('data', (data) => {
        received += data.toString('latin1');
        const end = received.indexOf('\r\n\r\n');
        if (end < 0) return;
        const head = received.slice(0, end);
        const length = Number(/content-length: (\d+)/iu.exec(head)?.[1] ?? 0);
        if (received.length < end + 4 + length) return;
        received = received.slice(end + 4 + length);
        this.requests.push(head);
        this.behaviour(socket, head);
      });
      socket.on('error', () => undefined);
      socket.on('close', () => {
        this.sent += socket.bytesWritten;
        this.sockets.delete(socket);
      });
    });
  }

  static async start(): Promise<HostileServer> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new HostileServer(server, (socket) => socket.destroy());
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** How it treats the requests from now on. */
  behave(behaviour: Misbehaviour): void {
    this.behaviour = behaviour;
    for (const socket of this.sockets) socket.destroy();
    this.requests.length = 0;
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }
}

/** An answer with its length. */
export function answer(status: string, body: Uint8Array | string = '', headers: readonly string[] = []): Misbehaviour {
  const bytes = Buffer.from(typeof body === 'string' ? Buffer.from(body) : body);
  return (socket) => {
    socket.write([`HTTP/1.1 ${status}`, `Content-Length: ${bytes.length}`, ...headers, '', ''].join('\r\n'));
    socket.write(bytes);
  };
}

/** Raw text, and then the end of the connection unless it is to stay. */
export function raw(text: string, stays = false): Misbehaviour {
  return (socket) => {
    socket.write(Buffer.from(text, 'latin1'));
    if (!stays) socket.end();
  };
}
