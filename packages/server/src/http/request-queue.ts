import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { MAX_PIPELINED_REQUESTS, MAX_READ_AHEAD_REQUESTS } from '../limits.js';

/** Works on a request of node:http. */
export type Serve = (incoming: IncomingMessage, outgoing: ServerResponse) => void;

interface Waiting {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
}

/** What is known of one connection whose request is worked on. */
interface Line {
  /** Arrived behind that request, in order. */
  readonly waiting: Waiting[];
  isPaused: boolean;
}

/**
 * Serves the requests of each connection one after the other (chapter 02 section 1.1; ours). node:http hands out all requests that a client
 * sends without waiting for answers at once, and sends their answers in order; an answer that waits for its turn there has no socket, is
 * not told when the connection ends, and cannot end it. So what waits here is nothing yet: it takes no slot, no memory and no time from
 * anybody, and vanishes with its connection. A connection from which too many requests wait is not read for the moment, and closed when
 * more arrive all the same, as one read can hold thousands of them.
 */
export class RequestQueue {
  private readonly lines = new Map<Socket, Line>();

  constructor(private readonly serve: Serve) {}

  /** A request has arrived: it is served now or when those before it have been answered. */
  add(incoming: IncomingMessage, outgoing: ServerResponse): void {
    const { socket } = incoming;
    if (socket.destroyed) return;
    const line = this.lines.get(socket);
    if (line === undefined) {
      const opened: Line = { waiting: [], isPaused: false };
      this.lines.set(socket, opened);
      this.begin(socket, opened, { incoming, outgoing });
      return;
    }
    if (line.waiting.length >= MAX_PIPELINED_REQUESTS) {
      line.waiting.length = 0;
      socket.destroy();
      return;
    }
    line.waiting.push({ incoming, outgoing });
    if (line.waiting.length >= MAX_READ_AHEAD_REQUESTS) {
      line.isPaused = true;
      socket.pause();
    }
  }

  private begin(socket: Socket, line: Line, { incoming, outgoing }: Waiting): void {
    outgoing.once('close', () => {
      this.next(socket, line);
    });
    this.serve(incoming, outgoing);
  }

  private next(socket: Socket, line: Line): void {
    const next = line.waiting.shift();
    // An answer without a socket comes after the last one of its connection: it will never be sent.
    if (next === undefined || socket.destroyed || next.outgoing.socket !== socket) {
      this.lines.delete(socket);
      return;
    }
    if (line.isPaused && line.waiting.length < MAX_READ_AHEAD_REQUESTS) {
      line.isPaused = false;
      socket.resume();
    }
    this.begin(socket, line, next);
  }
}
