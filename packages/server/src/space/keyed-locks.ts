import { PyrgosError } from '@pyrgos/core/errors';

interface Lock {
  /** Resolves when the last one in the queue is done. */
  tail: Promise<void>;
  waiting: number;
}

/**
 * Locks under names, first come first served. Taking several at once cannot deadlock, because everybody takes them in the same order;
 * work under a lock must not take another one.
 */
export class KeyedLocks {
  private readonly locks = new Map<string, Lock>();

  /** `maxWaiting`: how many may wait for one lock; more are refused with PyrgosError `rate`, which clients retry. */
  constructor(private readonly maxWaiting: number) {}

  /** Runs `work` alone among all that name one of the keys. */
  async run<T>(keys: readonly string[], work: () => Promise<T>): Promise<T> {
    const ordered = [...new Set(keys)].toSorted((a, b) => (a < b ? -1 : 1));
    const releases: (() => void)[] = [];
    try {
      for (const key of ordered) releases.push(await this.acquire(key));
      return await work();
    } finally {
      for (const release of releases) release();
    }
  }

  private async acquire(key: string): Promise<() => void> {
    const lock = this.locks.get(key) ?? { tail: Promise.resolve(), waiting: 0 };
    // The wording is part of the protocol: clients slow down when they read it (chapter 02 section 2.4).
    if (lock.waiting > this.maxWaiting) throw new PyrgosError('rate', 'Queue full, please try again later', { retry: 'safe' });
    this.locks.set(key, lock);
    lock.waiting++;
    const before = lock.tail;
    let done: () => void = () => undefined;
    lock.tail = new Promise((resolve) => {
      done = resolve;
    });
    await before;
    return () => {
      if (--lock.waiting === 0) this.locks.delete(key);
      done();
    };
  }
}
