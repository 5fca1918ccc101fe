import type { ConnectionState } from './calls.js';
import type { Handlers } from './engine-host.js';

type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** Milliseconds before each further look whether the server is back; the last one goes on. The first look keeps a single lost request from being told. */
const PAUSES = [500, 1000, 2000, 4000, 8000, 15_000];
/** What a gateway answers when the server behind it does not. */
const GATEWAY = new Set([502, 503, 504]);
/** Something small of the server's that no cache answers for. */
const PROBE = '/manifest.webmanifest';
/** Milliseconds for a look. */
const PROBE_PATIENCE = 10_000;

/** Notices when requests get no answer, and looks by itself until the server answers again. */
export class ConnectionWatch {
  private readonly listeners = new Set<(state: ConnectionState) => void>();
  private state: ConnectionState = 'there';
  private isLooking = false;
  /** Answers so far; for noticing that one has come meanwhile. */
  private answers = 0;
  private difference = 0;

  constructor(
    private readonly origin: string,
    private readonly plainFetch: Fetch = async (url, init) => fetch(url, init),
    private readonly sleep: (milliseconds: number) => Promise<void> = async (milliseconds) =>
      new Promise((resolve) => {
        setTimeout(resolve, milliseconds);
      }),
    private readonly now: () => number = Date.now,
  ) {}

  /** Milliseconds by which the clock here is ahead of the server's, as far as the last answer tells; to the second at best. */
  get clockDifference(): number {
    return this.difference;
  }

  /** As `fetch`; what becomes of every request is noted. */
  readonly fetch: Fetch = async (url, init) => {
    try {
      const response = await this.plainFetch(url, init);
      const date = Date.parse(response.headers.get('date') ?? '');
      if (!Number.isNaN(date)) this.difference = this.now() - date;
      if (GATEWAY.has(response.status)) this.noteFailure();
      else this.noteAnswer();
      return response;
    } catch (error) {
      if (init.signal?.aborted !== true) this.noteFailure();
      throw error;
    }
  };

  /** Tells the page every change, until it does not want to know any more. */
  readonly service: Pick<Handlers, 'page.connection'> = {
    'page.connection': async (_, { signal, emit }) => {
      this.listeners.add(emit);
      if (this.state !== 'there') emit(this.state);
      await new Promise<void>((resolve) => {
        signal.addEventListener('abort', () => resolve(), { once: true });
      });
      this.listeners.delete(emit);
      return undefined;
    },
  };

  private noteAnswer(): void {
    this.answers++;
    this.set('there');
  }

  private noteFailure(): void {
    if (!this.isLooking) void this.look();
  }

  /** Until something is answered. */
  private async look(): Promise<void> {
    this.isLooking = true;
    const before = this.answers;
    for (let look = 0; this.answers === before; look++) {
      await this.sleep(PAUSES[Math.min(look, PAUSES.length - 1)] ?? 0);
      if (this.answers !== before) break;
      if (await this.isAnswered()) this.noteAnswer();
      else if (this.answers === before) this.set('away');
    }
    this.isLooking = false;
  }

  private async isAnswered(): Promise<boolean> {
    try {
      const init = { method: 'HEAD', cache: 'no-store', signal: AbortSignal.timeout(PROBE_PATIENCE) } as const;
      return !GATEWAY.has((await this.plainFetch(new URL(PROBE, this.origin).href, init)).status);
    } catch {
      return false;
    }
  }

  private set(state: ConnectionState): void {
    if (this.state === state) return;
    this.state = state;
    for (const listener of this.listeners) listener(state);
  }
}
