import type { StreamOffer, StreamReply, StreamRequest } from './stream-messages.js';

/** Milliseconds between two looks whether the page is still there, while something is waited for. */
const LOOK_INTERVAL = 5000;

/** What is known of the page that gives a thing out, and of time. */
export interface Surroundings {
  /** Whether the page, and with it the engine at the other end of the port, is still there. */
  isPageThere(): Promise<boolean>;
  sleep(milliseconds: number): Promise<void>;
}

/**
 * A thing that is given out, in the service worker: its line to the engine, and the streams that are read from it. A page that is closed says nothing, and its port
 * neither; so whoever waits for a piece looks for the page. Streams fail when the thing is taken back or the page is gone: what the browser stores would hang for ever.
 */
export class GivenOut {
  private readonly streams = new Map<number, (reply: StreamReply) => void>();
  /** The streams that wait for a piece. */
  private readonly waiting = new Set<number>();
  private nextStream = 1;
  private isOver = false;
  private isWatching = false;

  constructor(
    readonly offer: StreamOffer,
    private readonly port: MessagePort,
    private readonly surroundings: Surroundings,
    /** Told once, when the thing is not given out any more. */
    private readonly onEnd: () => void = () => undefined,
  ) {
    port.onmessage = ({ data }: MessageEvent<StreamReply>) => this.streams.get(data.stream)?.(data);
  }

  /** The bytes [start, end) as a stream that asks for a piece only when the one before is gone. */
  open(start: number, end: number | undefined): ReadableStream<Uint8Array<ArrayBuffer>> {
    const id = this.nextStream++;
    let answered = (): void => undefined;
    const close = (): void => {
      this.streams.delete(id);
      this.waiting.delete(id);
      answered();
    };
    return new ReadableStream<Uint8Array<ArrayBuffer>>(
      {
        start: (controller) => {
          this.streams.set(id, (reply) => {
            if (reply.kind === 'piece') {
              controller.enqueue(reply.bytes);
              this.waiting.delete(id);
              answered();
              return;
            }
            if (reply.kind === 'end') controller.close();
            else controller.error(new Error('the file could not be read to its end'));
            close();
          });
          this.ask({ kind: 'open', stream: id, start, end });
          if (this.isOver) this.fail(id);
        },
        pull: async () =>
          new Promise<void>((resolve) => {
            answered = resolve;
            this.waiting.add(id);
            this.ask({ kind: 'pull', stream: id });
            void this.watch();
          }),
        cancel: () => {
          close();
          this.ask({ kind: 'cancel', stream: id });
        },
      },
      { highWaterMark: 0 },
    );
  }

  /** Gives it out no more; streams that have not come to their end fail. */
  end(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.port.close();
    for (const id of this.streams.keys()) this.fail(id);
    this.onEnd();
  }

  private fail(stream: number): void {
    this.streams.get(stream)?.({ kind: 'failed', stream });
  }

  private ask(request: StreamRequest): void {
    this.port.postMessage(request);
  }

  /** As long as anything is waited for. */
  private async watch(): Promise<void> {
    if (this.isWatching) return;
    this.isWatching = true;
    while (this.waiting.size > 0) {
      await this.surroundings.sleep(LOOK_INTERVAL);
      if (this.waiting.size > 0 && !(await this.surroundings.isPageThere())) this.end();
    }
    this.isWatching = false;
  }
}
