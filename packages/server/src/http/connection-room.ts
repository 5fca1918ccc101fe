import type { Server } from 'node:http';
import { isIPv6, type Socket } from 'node:net';

/** How many connections there may be, and for how long one may say nothing when they become scarce. */
export interface ConnectionRoomOptions {
  /** Connections at a time. */
  readonly maximum: number;
  /** Connections of one address at a time on which no request has arrived yet. */
  readonly maximumUnfinished: number;
  /** Milliseconds that a connection has to send the headers of a request when connections are scarce. */
  readonly patience: number;
  /** Milliseconds, monotonic. */
  readonly now?: () => number;
}

/** From which part of the connections on they are scarce: those that nobody misses are closed. */
const SCARCE = 0.9;
/** From which part of them on each new one takes the place of the one that has waited longest, however long that is. */
const FULL = 0.95;
/** Milliseconds between two sweeps while connections are scarce. */
const SWEEP_INTERVAL = 1000;
/** Hextets of the part of an IPv6 address that one customer gets. */
const NETWORK_HEXTETS = 4;

/** What is known of a connection. */
interface Place {
  readonly group: string;
  /** Requests that have arrived and are not answered yet. */
  requests: number;
  /** Whether the headers of any request have arrived. */
  isProven: boolean;
}

/**
 * Keeps room for new connections (chapter 02 section 1.1; ours). Who opens connections and does not finish the headers of a request costs
 * himself nothing, so such connections give way to others: at most some of one address, and when connections are scarce those that have
 * waited longest. Connections whose request is being received or answered are never touched.
 */
export class ConnectionRoom {
  private readonly places = new Map<Socket, Place>();
  /** Since when connections have been waiting for the headers of a request, the longest first. */
  private readonly waiting = new Map<Socket, number>();
  /** Those of them on which no request has ever arrived, by address, the oldest first. */
  private readonly unproven = new Map<string, Set<Socket>>();
  private readonly now: () => number;
  private readonly scarce: number;
  private readonly full: number;
  private sweeper: NodeJS.Timeout | undefined;

  constructor(
    private readonly server: Server,
    private readonly options: ConnectionRoomOptions,
  ) {
    this.now = options.now ?? (() => performance.now());
    this.scarce = Math.ceil(options.maximum * SCARCE);
    this.full = Math.ceil(options.maximum * FULL);
    server.maxConnections = options.maximum;
    server.on('connection', (socket: Socket) => {
      this.enter(socket);
    });
    server.on('request', ({ socket }, answer) => {
      this.begin(socket);
      answer.once('close', () => {
        this.end(socket);
      });
    });
  }

  /** No sweep follows. */
  stop(): void {
    clearInterval(this.sweeper);
  }

  private enter(socket: Socket): void {
    const group = addressGroup(socket.remoteAddress ?? '');
    this.places.set(socket, { group, requests: 0, isProven: false });
    this.waiting.set(socket, this.now());
    const neighbours = this.unproven.get(group) ?? new Set();
    this.unproven.set(group, neighbours.add(socket));
    socket.once('close', () => {
      this.leave(socket);
    });
    const [oldest] = neighbours;
    // The oldest goes, not the new one: a client that shares the address and means it has its headers there at once.
    if (neighbours.size > this.options.maximumUnfinished && oldest !== undefined) this.dismiss(oldest);
    if (this.places.size >= this.scarce) this.makeRoom();
    const [longest] = this.waiting.keys();
    if (this.places.size >= this.full && longest !== undefined) this.dismiss(longest);
  }

  private begin(socket: Socket): void {
    const place = this.places.get(socket);
    if (place === undefined) return;
    place.requests++;
    this.waiting.delete(socket);
    if (place.isProven) return;
    place.isProven = true;
    this.forget(socket, place.group);
  }

  private end(socket: Socket): void {
    const place = this.places.get(socket);
    if (place !== undefined && --place.requests === 0) this.waiting.set(socket, this.now());
  }

  private leave(socket: Socket): void {
    const place = this.places.get(socket);
    this.places.delete(socket);
    this.waiting.delete(socket);
    if (place !== undefined) this.forget(socket, place.group);
  }

  private forget(socket: Socket, group: string): void {
    const neighbours = this.unproven.get(group);
    neighbours?.delete(socket);
    if (neighbours?.size === 0) this.unproven.delete(group);
  }

  /** At once, and then again and again for as long as connections are scarce: nobody new may be able to come in. */
  private makeRoom(): void {
    if (this.sweeper !== undefined) return;
    this.sweep();
    this.sweeper = setInterval(
      () => {
        if (this.places.size >= this.scarce) return this.sweep();
        clearInterval(this.sweeper);
        this.sweeper = undefined;
      },
      Math.min(SWEEP_INTERVAL, this.options.patience),
    );
    this.sweeper.unref();
  }

  private sweep(): void {
    this.server.closeIdleConnections();
    const before = this.now() - this.options.patience;
    for (const [socket, since] of this.waiting) {
      if (since > before || this.places.size < this.scarce) return;
      this.dismiss(socket);
    }
  }

  private dismiss(socket: Socket): void {
    // Its place is free at once, also for the counts here: that it is closed is reported later.
    this.leave(socket);
    socket.destroy();
  }
}

/** What counts as one address: an IPv4 address, in either notation, or the network of an IPv6 address (64 bits). */
export function addressGroup(address: string): string {
  const plain = address.replace(/%.*$/u, '');
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/iu.exec(plain)?.[1];
  if (mapped !== undefined || !isIPv6(plain)) return mapped ?? plain;
  const [head = '', tail = ''] = plain.split('::');
  const first = head === '' ? [] : head.split(':');
  const missing = plain.includes('::') ? 8 - first.length - (tail === '' ? 0 : tail.split(':').length) : 0;
  const all = [...first, ...Array.from({ length: missing }, () => '0'), ...(tail === '' ? [] : tail.split(':'))];
  return all.slice(0, NETWORK_HEXTETS).join(':');
}
