import { Agent, createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { parseTarget } from '../network-replay.js';

/** One request of a client, as it came. */
export interface Exchange {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  /** The last part of the path: `getPointer`, or `block/get` for those of two parts. */
  readonly endpoint: string;
  readonly parameters: ReadonlyMap<string, string>;
  readonly body: Buffer;
}

/** A proper answer. */
export interface Answer {
  readonly status: number;
  /** The header of errors. */
  readonly trailer?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** What the client gets: an answer, bytes that may be none and then the end of the connection, or nothing at all until it gives up. */
export type Reply = Answer | { readonly raw: Buffer; readonly ending: 'reset' | 'end' | 'hang' };

/**
 * What happens to a request instead of being passed on. `pass` asks the honest server, if wanted for something else than was asked, as often
 * as wanted. Undefined leaves the request alone.
 */
export type Attack = (exchange: Exchange, pass: (instead?: Partial<Exchange>) => Promise<Answer>) => Promise<Reply | undefined>;

/** What the proxy has seen pass by. */
export interface Passed {
  readonly exchange: Exchange;
  readonly answer: Answer;
}

const MAX_REMEMBERED = 400;
/** Answers larger than this are remembered for one endpoint only: block/get. */
const MAX_REMEMBERED_BODY = 2_000_000;

function endpointOf(path: string): string {
  return path.replace(/^\/(?:api\/v0\/|peergos\/v0\/[^/]+\/)/u, '').replace(/\/$/u, '');
}

function isSame(a: Answer, b: Answer): boolean {
  return a.status === b.status && a.trailer === b.trailer && a.headers === undefined && a.body.equals(b.body);
}

/** A server between a client and the honest server, over real connections. It passes everything on until it is told to attack. */
export class HostileProxy {
  private attack: Attack | undefined;
  private readonly sockets = new Set<Socket>();
  private readonly hung = new Set<Socket>();
  private readonly agent = new Agent({ keepAlive: true });
  /** Requests since the last attack began. */
  readonly exchanges: Exchange[] = [];
  /** Answers of the honest server, the latest ones. */
  readonly passed: Passed[] = [];
  /** Replies that were not what the honest server said. */
  applied = 0;
  private active = 0;
  /** What the attacks themselves have done wrong. */
  readonly failures: unknown[] = [];
  /** Called again and again while a request hangs: lets the client's time pass. */
  onHang: () => void = () => undefined;
  private readonly hangTimer: NodeJS.Timeout;

  private constructor(
    private readonly server: Server,
    private readonly upstream: () => string,
  ) {
    server.on('connection', (socket: Socket) => {
      this.sockets.add(socket);
      socket.on('error', () => undefined);
      socket.once('close', () => {
        this.sockets.delete(socket);
        this.hung.delete(socket);
      });
    });
    server.on('request', (message: IncomingMessage, response: ServerResponse) => {
      this.handle(message, response).catch((error: unknown) => {
        this.failures.push(error);
        response.destroy();
      });
    });
    this.hangTimer = setInterval(() => {
      if (this.hung.size > 0) this.onHang();
    }, 2);
  }

  static async start(upstream: () => string): Promise<HostileProxy> {
    const server = createServer({ keepAliveTimeout: 60_000 });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new HostileProxy(server, upstream);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Attacks from now on. */
  begin(attack: Attack): void {
    this.attack = attack;
    this.applied = 0;
    this.exchanges.length = 0;
    this.failures.length = 0;
  }

  /** Passes everything on again; what hangs is cut off. */
  end(): void {
    this.attack = undefined;
    for (const socket of this.hung) socket.destroy();
  }

  /** Does something beside the answers to requests. */
  later(work: () => Promise<void>): void {
    this.active++;
    work()
      .catch((error: unknown) => this.failures.push(error))
      .finally(() => this.active--);
  }

  /** Waits until the honest server has answered everything, also what is sent later. */
  async idle(): Promise<void> {
    do await new Promise((resolve) => setTimeout(resolve, 1));
    while (this.active > 0);
  }

  async close(): Promise<void> {
    clearInterval(this.hangTimer);
    for (const socket of this.sockets) socket.destroy();
    this.agent.destroy();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }

  private async handle(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = [];
    try {
      for await (const part of message) parts.push(part as Buffer);
    } catch {
      // The client gave up.
      return;
    }
    const target = message.url ?? '/';
    const { path, parameters } = parseTarget(target);
    const exchange: Exchange = {
      method: message.method ?? 'GET',
      target,
      endpoint: endpointOf(path),
      parameters,
      body: Buffer.concat(parts),
    };
    this.exchanges.push(exchange);
    let honest: Answer | undefined;
    const pass = async (instead: Partial<Exchange> = {}): Promise<Answer> => {
      const answer = await this.send({ ...exchange, ...instead });
      if (Object.keys(instead).length === 0) honest = answer;
      return answer;
    };
    const reply = await this.attack?.(exchange, pass);
    if (reply === undefined) {
      this.reply(response, honest ?? (await pass()));
      return;
    }
    if ('raw' in reply || honest === undefined || !isSame(reply, honest)) this.applied++;
    this.reply(response, reply);
  }

  private reply(response: ServerResponse, reply: Reply): void {
    const { socket } = response;
    if (socket === null || socket.destroyed) return;
    if ('raw' in reply) {
      if (reply.ending === 'hang') {
        this.hung.add(socket);
        socket.write(reply.raw);
      } else if (reply.ending === 'reset' && reply.raw.length === 0) socket.resetAndDestroy();
      else socket.end(reply.raw, () => socket.destroySoon());
      return;
    }
    const { status, trailer, headers = {}, body } = reply;
    if (trailer === undefined || status === 204 || status === 304) {
      response.writeHead(status, { 'content-length': body.length, ...headers });
    } else {
      response.writeHead(status, { trailer, ...headers });
    }
    response.end(body);
  }

  /** Asks the honest server. */
  async send(exchange: Exchange): Promise<Answer> {
    this.active++;
    try {
      return await this.sendNow(exchange);
    } finally {
      this.active--;
    }
  }

  private async sendNow({ method, target, body, endpoint, parameters }: Exchange): Promise<Answer> {
    const { hostname, port } = new URL(this.upstream());
    const answer = await new Promise<Answer>((resolve, reject) => {
      const outgoing = request(
        { hostname, port, method, path: target, agent: this.agent, headers: { 'content-length': body.length } },
        (message) => {
          const parts: Buffer[] = [];
          message.on('data', (part: Buffer) => parts.push(part));
          message.once('error', reject);
          message.once('end', () => {
            const trailer = message.headers['trailer'];
            resolve({ status: message.statusCode ?? 0, body: Buffer.concat(parts), ...(trailer === undefined ? {} : { trailer }) });
          });
        },
      );
      outgoing.once('error', reject);
      outgoing.end(body);
    });
    if (answer.status === 200 && answer.body.length > 0 && answer.body.length <= MAX_REMEMBERED_BODY) {
      this.passed.push({ exchange: { method, target, body, endpoint, parameters }, answer });
      if (this.passed.length > MAX_REMEMBERED) this.passed.shift();
    }
    return answer;
  }
}
