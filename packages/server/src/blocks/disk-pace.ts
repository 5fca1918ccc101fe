import { SLOW_DISK_MILLISECONDS, SLOW_DISK_REST_MILLISECONDS } from '../limits.js';

/**
 * Decides whether small files are read and written at once or through Node's thread pool. What only touches the memory of the operating system
 * takes a few µs, while each call through the pool costs ten times that; but a disk that has to move its head makes everybody wait for 10 ms. So
 * after a slow call the pool is used for a while: a slow disk gets two looks a second.
 */
export class DiskPace {
  private restUntil = Number.NEGATIVE_INFINITY;

  /** `now`: a monotonic clock in milliseconds. */
  constructor(private readonly now: () => number) {}

  /** Runs a synchronous call, unless the disk was slow lately: then undefined. What it throws passes. */
  attempt<T>(call: () => T): { readonly value: T } | undefined {
    const started = this.now();
    if (started < this.restUntil) return undefined;
    try {
      return { value: call() };
    } finally {
      const ended = this.now();
      if (ended - started > SLOW_DISK_MILLISECONDS) this.restUntil = ended + SLOW_DISK_REST_MILLISECONDS;
    }
  }
}
