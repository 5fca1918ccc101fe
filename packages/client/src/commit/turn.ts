import { orAborted } from '../waiting/or-aborted.js';

/** One queue per writer, which turns join at their ends. */
export interface TurnQueues {
  /** Resolves when everybody who waits for a writer has had the turn. */
  readonly tails: Map<string, Promise<void>>;
  /** How often somebody has joined a queue. */
  joined: number;
}

/**
 * The right of one operation to its writers. It can be lent: code of callers, which may want to change the same writers and would wait
 * for ever, runs without it.
 */
export class Turn {
  private release = (): void => undefined;
  /** Tasks that are waited for without the turn. */
  private lent = 0;
  private joinedBefore = 0;
  /** Whether somebody waited already when it was lent. */
  private hadSuccessor = false;
  /** What whoever comes next waits for. */
  private tail: Promise<void> | undefined;
  private hasEnded = false;

  constructor(
    private readonly queues: TurnQueues,
    private readonly keys: readonly string[],
    private readonly signal: AbortSignal | undefined,
  ) {}

  /** Waits for the turn in all queues at once. They are joined in one step, so two operations never wait for each other. AbortedError. */
  async take(): Promise<void> {
    const { tails } = this.queues;
    const before = Promise.all(this.keys.map((key) => tails.get(key) ?? Promise.resolve()));
    const released = new Promise<void>((resolve) => {
      this.release = resolve;
    });
    const tail: Promise<void> = before.then(() => released);
    this.tail = tail;
    this.queues.joined++;
    for (const key of this.keys) tails.set(key, tail);
    void tail.then(() => {
      for (const key of this.keys) if (tails.get(key) === tail) tails.delete(key);
    });
    await orAborted(before, this.signal, 'the call');
  }

  /**
   * Runs a task while others may have the turn, and waits for it again. Of several tasks at a time the last one does that. Tells whether
   * anybody else wanted it before or meanwhile: then the writers may have other versions now.
   */
  async lend<T>(task: () => Promise<T>): Promise<{ readonly result: T; readonly wasUsed: boolean }> {
    if (this.lent++ === 0) {
      this.joinedBefore = this.queues.joined;
      this.hadSuccessor = this.keys.some((key) => this.queues.tails.get(key) !== this.tail);
      this.release();
    }
    const { joinedBefore, hadSuccessor } = this;
    let result: T;
    try {
      result = await task();
    } finally {
      this.lent--;
      if (this.lent === 0 && !this.hasEnded) await this.take();
    }
    // Its own joining does not count.
    return { result, wasUsed: hadSuccessor || this.queues.joined - (this.lent === 0 ? 1 : 0) > joinedBefore };
  }

  /** Gives the turn to the next one, for good. */
  end(): void {
    this.hasEnded = true;
    this.release();
  }
}
