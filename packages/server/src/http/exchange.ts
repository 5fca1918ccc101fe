import type { IncomingMessage, ServerResponse } from 'node:http';
import { AbortedError } from '@pyrgos/core/errors';
import type { AnswerMemory } from './answer-memory.js';
import type { ByteBudget, ByteLease } from './byte-budget.js';
import { clientGroup, knownClient } from './client-group.js';
import { receiveBody, receiveStream } from './message-body.js';
import { Query } from './query.js';
import type { Reply } from './reply.js';
import { OverloadError, type RequestSlots } from './request-slots.js';
import type { TrustedProxies } from './trusted-proxies.js';

/** What node:http knows of a request. Absent for in-process calls and peer-to-peer streams. */
export interface Connection {
  readonly incoming?: IncomingMessage;
  readonly outgoing?: ServerResponse;
}

/** What all exchanges of one server share. */
export interface ExchangeShared {
  /** For requests whose connection does not tell. */
  readonly port: number;
  /** For the bodies of calls that anybody can make. */
  readonly bodies: ByteBudget;
  /** For those of calls whose writer is known to this server. */
  readonly uploads: ByteBudget;
  readonly downloads: ByteBudget;
  readonly slots: RequestSlots;
  readonly memory: AnswerMemory;
  readonly proxies: TrustedProxies;
  /** Headers that every answer carries; those of a reply replace them. Names in lower case. */
  readonly commonHeaders: Readonly<Record<string, string>>;
  /** The same for pages, which have a security policy of their own. */
  readonly commonPageHeaders: Readonly<Record<string, string>>;
  /** Whether connections end after their answer. */
  isDraining: boolean;
}

/** The request target as it was sent: node:http keeps it, a Fetch request has it inside its URL. */
export function rawTarget(request: Request, connection: Connection | undefined): string {
  const sent = connection?.incoming?.url;
  if (sent !== undefined) return sent;
  const { url } = request;
  const start = url.indexOf('/', url.indexOf('://') + 3);
  const fragment = url.indexOf('#');
  return start < 0 ? '/' : url.slice(start, fragment < 0 ? undefined : fragment);
}

/** The path of a request target, still escaped: routes are matched as they were sent. */
export function rawPath(target: string): string {
  const query = target.indexOf('?');
  return query < 0 ? target : target.slice(0, query);
}

const empty = new Uint8Array();

/** The body; empty instead of none where node:http would else use chunks to say that there is none. */
function bodyOf({ body, status, headers }: Reply): Uint8Array | null {
  if (body !== undefined) return body;
  return status === 304 || 'transfer-encoding' in headers || 'content-length' in headers ? null : empty;
}

/** One request and its answer. */
export class Exchange {
  readonly method: string;
  /** Still escaped. */
  readonly path: string;
  /** The text after `?`, still escaped. */
  readonly rawQuery: string;
  /** The port on which the request arrived. */
  readonly port: number;
  /** The name of the route, for logs and metrics; paths can hold secrets. */
  route = 'none';
  /** Set by the host filter: the host of the main pages and the app label in front of it. */
  uiHost = '';
  subdomain: string | undefined;
  /** Bytes of the request body that were read, and of the answer. */
  received = 0;
  sent = 0;
  private parsed: Query | undefined;
  private readonly leases: ByteLease[] = [];
  private answer: ByteLease | undefined;
  private readonly borrowed: Uint8Array[] = [];
  private hasSlot = false;

  constructor(
    private readonly request: Request,
    private readonly connection: Connection | undefined,
    private readonly shared: ExchangeShared,
  ) {
    const target = rawTarget(request, connection);
    this.method = connection?.incoming?.method ?? request.method;
    this.path = rawPath(target);
    this.rawQuery = target.slice(this.path.length + 1);
    this.port = connection?.incoming?.socket.localPort ?? shared.port;
  }

  /** All Host headers, as sent. */
  get hosts(): readonly string[] {
    const raw = this.connection?.incoming?.rawHeaders;
    if (raw === undefined) return [this.request.headers.get('host') ?? new URL(this.request.url).host];
    const hosts: string[] = [];
    for (let i = 0; i + 1 < raw.length; i += 2) {
      const name = raw[i] as string;
      if (name.length === 4 && name.toLowerCase() === 'host') hosts.push(raw[i + 1] as string);
    }
    return hosts;
  }

  /** The address of the TCP peer; undefined when the request did not come over TCP. */
  get peerAddress(): string | undefined {
    return this.connection?.incoming?.socket.remoteAddress;
  }

  /** Who asks, as one address or one IPv6 network; undefined where nobody tells: see {@link knownClient}. */
  get client(): string | undefined {
    const incoming = this.connection?.incoming;
    return incoming === undefined ? undefined : knownClient(incoming, this.shared.proxies);
  }

  /** A header, or undefined. Repeated ones are joined or the first one counts, as node:http and Fetch do. */
  header(name: string): string | undefined {
    const headers = this.connection?.incoming?.headers;
    if (headers === undefined) return this.request.headers.get(name) ?? undefined;
    const value = headers[name];
    return Array.isArray(value) ? value.join(', ') : value;
  }

  /** The query. FormatError `format.request`. */
  get query(): Query {
    this.parsed ??= Query.parse(this.rawQuery);
    return this.parsed;
  }

  /** FormatError `format.request` when the query is malformed, also for calls that have no parameters (chapter 02 section 2.2). */
  assertQuery(): void {
    this.parsed ??= Query.parse(this.rawQuery);
  }

  /** Takes one of the slots for requests that are worked on, until {@link release}. OverloadError when there is none. */
  enter(): void {
    if (!this.shared.slots.tryEnter()) throw new OverloadError();
    this.hasSlot = true;
  }

  private leave(): void {
    if (this.hasSlot) this.shared.slots.leave();
    this.hasSlot = false;
  }

  /**
   * Reads the body of a call that anybody can make: at most `limit` bytes, else LimitError. The bytes belong to the caller until the answer
   * has been made. While it arrives, the request takes no slot from others; OverloadError when none is left afterwards.
   */
  async body(limit: number): Promise<Uint8Array> {
    return this.receive(limit, this.shared.bodies, undefined);
  }

  /**
   * The same for an upload whose writer was found to be known: strangers do not compete for the memory of such bodies. A large one may be
   * in memory that the next request gets, so nobody may keep a view of it.
   */
  async upload(limit: number): Promise<Uint8Array> {
    return this.receive(limit, this.shared.uploads, (size) => this.memory(size));
  }

  private async receive(
    limit: number,
    budget: ByteBudget,
    memory: ((size: number) => Uint8Array | undefined) | undefined,
  ): Promise<Uint8Array> {
    const incoming = this.connection?.incoming;
    const { slots } = this.shared;
    this.leave();
    const { bytes, lease } =
      incoming === undefined
        ? await receiveStream(this.request, limit, budget, slots)
        : await receiveBody(incoming, limit, budget, slots, { group: this.group, memory });
    if (lease !== undefined) this.leases.push(lease);
    this.received = bytes.length;
    this.enter();
    return bytes;
  }

  /** Whose share of memory it takes. */
  private get group(): string {
    const incoming = this.connection?.incoming;
    return incoming === undefined ? '' : clientGroup(incoming, this.shared.proxies);
  }

  /** Waits until there is memory for an answer of this size. Ask before the answer is read from disk. */
  async reserveAnswer(bytes: number): Promise<void> {
    this.answer = await this.shared.downloads.acquire(bytes, this.group, () => {
      this.cut();
    });
    this.answer.settle();
    this.leases.push(this.answer);
    if (this.isCut) throw new AbortedError('answering');
  }

  /** Memory for a body, at least of that size and with any content, or undefined: then the caller makes its own. */
  memory(size: number): Uint8Array | undefined {
    // Only node:http says when the answer has left and the memory can be used again.
    if (this.connection?.outgoing === undefined) return undefined;
    const memory = this.shared.memory.take(size);
    if (memory !== undefined) this.borrowed.push(memory);
    return memory;
  }

  /** The Fetch response of a reply. Call it once. */
  respond(reply: Reply): Response {
    if (this.shared.isDraining) this.closeAfterwards();
    this.sent = reply.body?.length ?? 0;
    this.answer?.resize(this.sent);
    this.answer?.unsettle();
    return new Response(bodyOf(reply) as Uint8Array<ArrayBuffer> | null, {
      status: reply.status,
      headers: { ...(reply.isPage === true ? this.shared.commonPageHeaders : this.shared.commonHeaders), ...reply.headers },
    });
  }

  /** Runs `done` once when the answer has left the process or the client has gone; at once when there is no connection to watch. */
  whenSent(done: () => void): void {
    const outgoing = this.connection?.outgoing;
    const socket = this.connection?.incoming?.socket;
    if (outgoing === undefined || outgoing.closed || socket?.closed === true) {
      done();
      return;
    }
    // An answer that waits behind others of its connection is not told when that ends. Others are told while the socket tells it.
    let isOver = false;
    const over = (): void => {
      if (isOver) return;
      isOver = true;
      outgoing.off('close', over);
      socket?.off('close', over);
      done();
    };
    outgoing.on('close', over);
    socket?.on('close', over);
  }

  /**
   * From now on the request takes no slot from others, for one that waits until something happens. The signal fires when its client goes away. Call it once, and do
   * nothing afterwards that takes long.
   */
  standAside(): AbortSignal {
    this.leave();
    const outgoing = this.connection?.outgoing;
    if (outgoing === undefined) return this.request.signal;
    const controller = new AbortController();
    // Without an answer neither of the two closes unless the connection does.
    this.whenSent(() => controller.abort());
    return controller.signal;
  }

  /** Ends the connection, also when the answer waits behind others and has no way of its own to do so. */
  private cut(): void {
    this.connection?.incoming?.socket.destroy();
    this.connection?.outgoing?.destroy();
  }

  private get isCut(): boolean {
    return this.connection?.outgoing?.destroyed === true || this.connection?.incoming?.socket.destroyed === true;
  }

  /** Whether the answer left completely; true without a connection. */
  get wasSent(): boolean {
    return this.connection?.outgoing?.writableFinished ?? true;
  }

  /** Gives the memory of the bodies and the slot back. */
  release(): void {
    this.leave();
    for (const lease of this.leases) lease.release();
    this.leases.length = 0;
    for (const memory of this.borrowed) this.shared.memory.giveBack(memory);
    this.borrowed.length = 0;
  }

  /** Asks that the connection ends after this answer. */
  closeAfterwards(): void {
    this.connection?.outgoing?.setHeader('Connection', 'close');
  }
}
