import { SLOW_READ_MILLISECONDS, SLOW_READ_REST_MILLISECONDS } from '../limits.js';

/**
 * Decides whether small files are read at once or through Node's thread pool. What lies in the memory of the operating system is there in
 * a few µs, while each of the three calls through the pool costs ten times that; but a disk that has to move its head makes
 * everybody wait for 10 ms. So after a slow read the pool is used for a while: a slow disk gets two looks a second.
 */
export class ReadPace {
  private restUntil = Number.NEGATIVE_INFINITY;

  /** `now`: a monotonic clock in milliseconds. */
  constructor(private readonly now: () => number) {}

  /** Runs a synchronous read, unless the disk was slow lately: then undefined. What it throws passes. */
  attempt<T>(read: () => T): { readonly value: T } | undefined {
    const started = this.now();
    if (started < this.restUntil) return undefined;
    try {
      return { value: read() };
    } finally {
      const ended = this.now();
      if (ended - started > SLOW_READ_MILLISECONDS) this.restUntil = ended + SLOW_READ_REST_MILLISECONDS;
    }
  }
}
