/** A share of a {@link ByteBudget}. */
export interface ByteLease {
  /** Changes the size without waiting, when the true size becomes known. */
  resize(bytes: number): void;
  /** From now on the holder cannot be evicted: it does not depend on its client any more. */
  settle(): void;
  /** From now on (again) it depends on its client how long the lease lasts. */
  unsettle(): void;
  /** Gives the share back. More than once is fine. */
  release(): void;
}

interface Waiter {
  readonly bytes: number;
  readonly grant: () => void;
}

/**
 * Bounds the memory of all message bodies in flight. Who wants a share waits in line; a holder never waits for more, so nothing can lock.
 * While somebody waits, holders that hang on a slow client for longer than the patience are evicted, so that a few hanging clients
 * cannot shut everybody else out.
 */
export class ByteBudget {
  private used = 0;
  private readonly waiting: Waiter[] = [];
  private readonly evictable = new Set<Lease>();
  private timer: NodeJS.Timeout | undefined;

  constructor(
    /** Bytes. A single lease may not be larger; what is asked beyond is cut to this. */
    readonly capacity: number,
    /** Milliseconds. */
    readonly patience: number,
    private readonly now: () => number,
  ) {}

  /** Bytes that are leased at the moment; above the capacity when leases grew. */
  get inUse(): number {
    return this.used;
  }

  /** Takes a share now when it is free and nobody waits, else waits in line. `evict` ends what the holder is doing. */
  async acquire(bytes: number, evict: () => void): Promise<ByteLease> {
    const size = Math.min(bytes, this.capacity);
    if (this.waiting.length > 0 || this.used + size > this.capacity) {
      await new Promise<void>((resolve) => {
        this.waiting.push({ bytes: size, grant: resolve });
        this.watch();
      });
      // The granter has counted it already.
    } else {
      this.used += size;
    }
    const lease = new Lease(size, evict, this.now(), {
      changed: (difference) => {
        this.used += difference;
        if (difference < 0) this.serve();
      },
      evictable: (is) => {
        if (is) this.evictable.add(lease);
        else this.evictable.delete(lease);
      },
      now: this.now,
    });
    this.evictable.add(lease);
    return lease;
  }

  private serve(): void {
    for (let next = this.waiting[0]; next !== undefined && this.used + next.bytes <= this.capacity; next = this.waiting[0]) {
      this.waiting.shift();
      this.used += next.bytes;
      next.grant();
    }
    if (this.waiting.length === 0 && this.timer !== undefined) {
      clearTimeout(this.timer);
      this.timer = undefined;
    }
  }

  private watch(): void {
    if (this.timer !== undefined) return;
    this.timer = setTimeout(() => {
      this.timer = undefined;
      const before = this.now() - this.patience;
      for (const lease of this.evictable) if (lease.since <= before) lease.evict();
      if (this.waiting.length > 0) this.watch();
    }, this.patience);
    this.timer.unref();
  }
}

interface Ledger {
  readonly changed: (difference: number) => void;
  readonly evictable: (is: boolean) => void;
  readonly now: () => number;
}

class Lease implements ByteLease {
  private released = false;

  constructor(
    private bytes: number,
    private readonly onEvict: () => void,
    public since: number,
    private readonly ledger: Ledger,
  ) {}

  resize(bytes: number): void {
    if (this.released) return;
    const difference = bytes - this.bytes;
    this.bytes = bytes;
    this.ledger.changed(difference);
  }

  settle(): void {
    this.ledger.evictable(false);
  }

  unsettle(): void {
    if (this.released) return;
    this.since = this.ledger.now();
    this.ledger.evictable(true);
  }

  release(): void {
    this.settle();
    this.resize(0);
    this.released = true;
  }

  evict(): void {
    this.settle();
    this.onEvict();
  }
}
