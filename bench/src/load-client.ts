import { connect, type Socket } from 'node:net';

/** A request as it is sent: prepared before the time is taken. */
export interface LoadRequest {
  readonly head: Buffer;
  readonly body: Uint8Array;
}

/** Prepares a request. `path` begins with a slash. */
export function loadRequest(method: 'GET' | 'POST', url: string, path: string, body: Uint8Array = new Uint8Array(0)): LoadRequest {
  const length = method === 'GET' ? '' : `Content-Length: ${body.length}\r\n`;
  return { head: Buffer.from(`${method} ${path} HTTP/1.1\r\nHost: ${new URL(url).host}\r\n${length}\r\n`, 'latin1'), body };
}

const HEAD_END = Buffer.from('\r\n\r\n');

/** One kept-alive connection with one request in flight at a time. */
class Connection {
  private head: Buffer = Buffer.alloc(0);
  /** Bytes of the body that are still to come; undefined while the head comes. */
  private missing: number | undefined;
  private size = 0;
  private failure: Error | undefined;
  private waiting: { readonly resolve: (size: number) => void; readonly reject: (error: Error) => void } | undefined;

  constructor(private readonly socket: Socket) {
    socket.setNoDelay(true);
    socket.on('data', (chunk) => this.receive(chunk));
    socket.on('error', (error) => this.fail(error));
    socket.on('close', () => this.fail(new Error('the server closed the connection')));
  }

  /** Sends a request; resolves to the size of the body of its answer. */
  async exchange({ head, body }: LoadRequest): Promise<number> {
    if (this.failure !== undefined) throw this.failure;
    const answer = new Promise<number>((resolve, reject) => {
      this.waiting = { resolve, reject };
    });
    this.socket.cork();
    this.socket.write(head);
    if (body.length > 0) this.socket.write(body);
    this.socket.uncork();
    return answer;
  }

  close(): void {
    this.socket.destroy();
  }

  private fail(error: Error): void {
    this.failure ??= error;
    this.waiting?.reject(error);
    this.waiting = undefined;
  }

  private receive(chunk: Buffer): void {
    if (this.missing === undefined) {
      this.head = this.head.length === 0 ? chunk : Buffer.concat([this.head, chunk]);
      const end = this.head.indexOf(HEAD_END);
      if (end < 0) return;
      const text = this.head.toString('latin1', 0, end);
      const length = /\r\ncontent-length: (\d+)/i.exec(text)?.[1];
      if (!text.startsWith('HTTP/1.1 200 ') || length === undefined) {
        this.fail(new Error(`unexpected answer: ${text}`));
        return;
      }
      this.size = Number(length);
      this.missing = this.size - (this.head.length - end - HEAD_END.length);
      this.head = Buffer.alloc(0);
    } else {
      this.missing -= chunk.length;
    }
    if (this.missing > 0) return;
    this.missing = undefined;
    this.waiting?.resolve(this.size);
  }
}

/**
 * An HTTP client that costs next to nothing, because on a small machine it takes its time from the server that it measures: requests are
 * prepared, and of an answer only its status and length are looked at. Every answer must be 200 with a Content-Length.
 */
export class LoadClient {
  private constructor(private readonly connections: readonly Connection[]) {}

  /** Opens the connections. */
  static async open(url: string, connections: number): Promise<LoadClient> {
    const { hostname, port } = new URL(url);
    const open = async (): Promise<Connection> =>
      new Promise((resolve, reject) => {
        const socket = connect(Number(port), hostname, () => {
          socket.off('error', reject);
          resolve(new Connection(socket));
        });
        socket.once('error', reject);
      });
    return new LoadClient(await Promise.all(Array.from({ length: connections }, open)));
  }

  /** Sends all requests, each over the next free connection; resolves to the bytes of all bodies of the answers. */
  async run(requests: readonly LoadRequest[]): Promise<number> {
    let next = 0;
    let bytes = 0;
    const work = async (connection: Connection): Promise<void> => {
      for (let request = requests[next++]; request !== undefined; request = requests[next++]) {
        const size = await connection.exchange(request);
        bytes += size;
      }
    };
    await Promise.all(this.connections.map(work));
    return bytes;
  }

  /** Sends one line of requests over each connection, in order; there are at most as many lines as connections. */
  async runLines(lines: readonly (readonly LoadRequest[])[]): Promise<void> {
    const work = async (line: readonly LoadRequest[], i: number): Promise<void> => {
      for (const request of line) await this.connections[i]?.exchange(request);
    };
    await Promise.all(lines.map(work));
  }

  /** Closes the connections. */
  close(): void {
    for (const connection of this.connections) connection.close();
  }
}
