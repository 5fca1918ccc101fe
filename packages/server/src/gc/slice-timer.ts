/**
 * Measures for how long a task that gives way now and then keeps the processor to itself: the time between two points at which it waits for
 * something else, the disk or the turns of others. Two looks at the clock for each of them.
 */
export class SliceTimer {
  private since = 0;
  private most = 0;

  /** `now` in milliseconds, monotonic. */
  constructor(private readonly now: () => number) {}

  /** The longest slice since the start, in milliseconds. */
  get longest(): number {
    return this.most;
  }

  /** The task begins; the result tells how many milliseconds ago that was. */
  start(): () => number {
    const started = this.now();
    this.since = started;
    this.most = 0;
    return () => {
      this.pause();
      return this.since - started;
    };
  }

  /** Waits for something that others do. What it does before it waits for the first time belongs to the slice. */
  async outside<T>(work: () => Promise<T>): Promise<T> {
    const done = work();
    this.pause();
    try {
      return await done;
    } finally {
      this.since = this.now();
    }
  }

  /** The same for each step of an iteration. */
  async *outsideOf<T>(items: AsyncIterable<T>): AsyncGenerator<T, void, undefined> {
    const iterator = items[Symbol.asyncIterator]();
    try {
      for (;;) {
        const next = await this.outside(async () => iterator.next());
        if (next.done === true) return;
        yield next.value;
      }
    } finally {
      await iterator.return?.();
    }
  }

  private pause(): void {
    const now = this.now();
    this.most = Math.max(this.most, now - this.since);
    this.since = now;
  }
}
