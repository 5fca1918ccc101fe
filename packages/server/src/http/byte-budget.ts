/** A share of a {@link ByteBudget}. */
export interface ByteLease {
  /**
   * Asks that the share becomes this large. Undefined: it is; else it is when the promise is resolved, or it has been released meanwhile.
   * While it waits the holder cannot be evicted.
   */
  grow(bytes: number): Promise<void> | undefined;
  /** So many bytes have come from the client in all; it is evicted later. */
  progressed(bytes: number): void;
  /** Changes the size without waiting, when the true size becomes known. */
  resize(bytes: number): void;
  /** From now on the holder cannot be evicted: it does not depend on its client any more. */
  settle(): void;
  /** From now on (again) it depends on its client how long the lease lasts. */
  unsettle(): void;
  /** Gives the share back. More than once is fine. */
  release(): void;
}

/** How much memory there is, and for how long a client may keep it from others. */
export interface ByteBudgetOptions {
  /** Bytes in all; what is asked beyond is cut to what one lease may have. */
  readonly capacity: number;
  /** Leases at a time that get what they need up to `largest`, whatever others hold. 0 unless said otherwise: no lease may grow while it holds something. */
  readonly lanes?: number;
  /** Bytes of the largest lease that grows. */
  readonly largest?: number;
  /** Milliseconds for which a holder may hang on its client while somebody waits. */
  readonly patience: number;
  /** The same when many wait; `patience` unless said otherwise. */
  readonly leastPatience?: number;
  /** Bytes that have to come from a client within that time. */
  readonly leastProgress?: number;
  /** Milliseconds, monotonic. */
  readonly now: () => number;
}

/** The part of what is not set aside for lanes that the clients of one address may take together. */
const GROUP_SHARE = 0.75;
/** With so many more in line, the patience is half as long. */
const IMPATIENT_LINE = 8;

/** The clients of one address. */
interface Group {
  /** Leases that have not been released. */
  leases: number;
  /** Bytes in all, and without those in lanes. */
  held: number;
  ordinary: number;
  lanes: number;
  /** In order of arrival. */
  readonly waiting: Waiter[];
}

interface Waiter {
  readonly lease: Lease;
  readonly bytes: number;
  readonly order: number;
  readonly since: number;
  readonly granted: () => void;
}

/**
 * Bounds the memory of all message bodies in flight. Who wants a share waits in line: those whose address holds least are first, then
 * those who came first; who has waited for longer than the patience is before all. While somebody waits, holders that hang on their client for longer than the patience are evicted, so that hanging
 * clients cannot shut others out; the patience shrinks as the line grows.
 *
 * A lease can grow while it holds something, and many that wait to grow could wait for each other for ever. So a part of the memory is set
 * aside for a few of them, the lanes: a lease in a lane gets all that it needs, ends, and leaves its memory and its lane to the next one.
 * No address may have more than half of the lanes, nor all of the rest.
 */
export class ByteBudget {
  private readonly groups = new Map<string, Group>();
  /** Those of them with somebody who waits. */
  private readonly queue = new Set<Group>();
  private readonly evictable = new Set<Lease>();
  private readonly lanes: number;
  private readonly largest: number;
  private readonly leastPatience: number;
  private readonly leastProgress: number;
  /** Bytes that are not set aside for lanes, of which `ordinary` are in use. */
  private readonly ordinaryCapacity: number;
  private ordinary = 0;
  private used = 0;
  private lanesTaken = 0;
  private waiters = 0;
  private orders = 0;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly options: ByteBudgetOptions) {
    this.lanes = options.lanes ?? 0;
    this.largest = options.largest ?? 0;
    this.leastPatience = Math.min(options.leastPatience ?? options.patience, options.patience);
    this.leastProgress = options.leastProgress ?? 1;
    this.ordinaryCapacity = options.capacity - this.lanes * this.largest;
  }

  /** Bytes that are leased at the moment; above the capacity when leases grew to their true size. */
  get inUse(): number {
    return this.used;
  }

  /** Leases that wait for a share. */
  get inLine(): number {
    return this.waiters;
  }

  /** A lease of no bytes for a client of this address. `evict` ends what the holder is doing; the lease has been released then. */
  open(address: string, evict: () => void): ByteLease {
    const group = this.groups.get(address) ?? { leases: 0, held: 0, ordinary: 0, lanes: 0, waiting: [] };
    this.groups.set(address, group);
    group.leases++;
    return new Lease(group, evict, {
      grow: (lease, bytes) => this.grow(lease, bytes),
      changed: (lease, difference) => {
        this.change(lease, difference);
        if (difference < 0) this.serve();
      },
      evictable: (lease, is) => {
        if (is) this.evictable.add(lease);
        else this.evictable.delete(lease);
      },
      released: (lease) => {
        this.leave(lease);
        if (--group.leases === 0) this.groups.delete(address);
        this.serve();
      },
      now: this.options.now,
      leastProgress: this.leastProgress,
    });
  }

  /** Takes a share of a size that is known, or waits in line for it. */
  async acquire(bytes: number, address: string, evict: () => void): Promise<ByteLease> {
    const lease = this.open(address, evict);
    await lease.grow(bytes);
    return lease;
  }

  private change(lease: Lease, difference: number): void {
    const { group } = lease;
    lease.bytes += difference;
    this.used += difference;
    group.held += difference;
    if (!lease.hasLane) this.changeOrdinary(group, difference);
  }

  private changeOrdinary(group: Group, difference: number): void {
    this.ordinary += difference;
    group.ordinary += difference;
  }

  private grow(lease: Lease, wanted: number): Promise<void> | undefined {
    const bytes = Math.min(wanted, Math.max(this.ordinaryCapacity, this.largest));
    // Who has a lane waits for nobody: those in line may be waiting for its end.
    if (bytes <= lease.bytes || ((lease.hasLane || this.waiters === 0) && this.admit(lease, bytes))) return undefined;
    let isGranted = false;
    const granted = new Promise<void>((resolve) => {
      this.waiters++;
      const waiter: Waiter = {
        lease,
        bytes,
        order: this.orders++,
        since: this.options.now(),
        granted: () => {
          isGranted = true;
          resolve();
        },
      };
      lease.group.waiting.push(waiter);
      this.queue.add(lease.group);
      this.evictable.delete(lease);
    });
    this.serve();
    if (this.waiters > 0) this.watch();
    return isGranted ? undefined : granted;
  }

  /** Whether there is room for it at all, whoever asks. */
  private isRoomFor({ lease, bytes }: Pick<Waiter, 'lease' | 'bytes'>): boolean {
    return this.ordinary + bytes - lease.bytes <= this.ordinaryCapacity || this.lanesTaken < this.lanes;
  }

  private admit(lease: Lease, bytes: number): boolean {
    const { group } = lease;
    const more = bytes - lease.bytes;
    const isAlone = group.ordinary === lease.bytes;
    const isOrdinary =
      lease.hasLane ||
      (this.ordinary + more <= this.ordinaryCapacity && (isAlone || group.ordinary + more <= this.ordinaryCapacity * GROUP_SHARE));
    if (!isOrdinary) {
      if (bytes > this.largest || this.lanesTaken >= this.lanes || group.lanes >= Math.ceil(this.lanes / 2)) return false;
      this.lanesTaken++;
      group.lanes++;
      this.changeOrdinary(group, -lease.bytes);
      lease.hasLane = true;
    }
    this.change(lease, more);
    return true;
  }

  private serve(): void {
    const limited = new Set<Group>();
    for (let group = this.first(limited); group !== undefined; group = this.first(limited)) {
      const waiter = group.waiting[0];
      if (waiter === undefined) return;
      if (this.admit(waiter.lease, waiter.bytes)) {
        this.take(waiter);
        waiter.lease.served();
        waiter.granted();
      } else if (this.isRoomFor(waiter)) {
        // It has its own address to blame.
        limited.add(group);
      } else {
        // Nobody overtakes it: it would wait for ever if others only ever wanted little.
        return;
      }
    }
  }

  private first(limited: ReadonlySet<Group>): Group | undefined {
    const patient = this.options.now() - this.options.patience;
    let least: Group | undefined;
    let eldest: Waiter | undefined;
    for (const group of this.queue) {
      const waiter = group.waiting[0];
      if (waiter === undefined || limited.has(group)) continue;
      const order = least?.waiting[0]?.order ?? 0;
      if (least === undefined || group.held < least.held || (group.held === least.held && waiter.order < order)) least = group;
      if (eldest === undefined || waiter.order < eldest.order) eldest = waiter;
    }
    // However many come from other addresses: nobody waits for ever.
    return eldest !== undefined && eldest.since <= patient ? eldest.lease.group : least;
  }

  private take(waiter: Waiter): void {
    const { group } = waiter.lease;
    group.waiting.splice(group.waiting.indexOf(waiter), 1);
    this.waiters--;
    if (group.waiting.length === 0) this.queue.delete(group);
    if (this.waiters > 0 || this.timer === undefined) return;
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  private leave(lease: Lease): void {
    const waiter = lease.group.waiting.find((one) => one.lease === lease);
    if (waiter !== undefined) this.take(waiter);
    this.evictable.delete(lease);
    this.change(lease, -lease.bytes);
    if (lease.hasLane) {
      lease.hasLane = false;
      this.lanesTaken--;
      lease.group.lanes--;
    }
    waiter?.granted();
  }

  private watch(): void {
    if (this.timer !== undefined) return;
    this.timer = setTimeout(
      () => {
        this.timer = undefined;
        this.evict();
        if (this.waiters > 0) this.watch();
      },
      Math.max(5, this.leastPatience / 4),
    );
    this.timer.unref();
  }

  /** Evicts no more than those in line need: of those that hang, who has a lane, then whose address holds most, then who has hung for longest. */
  private evict(): void {
    const patience = Math.max(this.leastPatience, this.options.patience / (1 + (this.waiters - 1) / IMPATIENT_LINE));
    const now = this.options.now();
    // Who has a lane has to hurry: it is free as soon as all has arrived.
    const isHanging = ({ since, hasLane }: Lease): boolean => now - since >= (hasLane ? this.leastPatience / 2 : patience);
    let needed = 0;
    let isShort = false;
    for (const { waiting } of this.queue) {
      for (const { lease, bytes } of waiting) needed += bytes - lease.bytes;
      isShort ||= waiting[0] !== undefined && !this.isRoomFor(waiting[0]);
    }
    if (isShort) needed += this.ordinary - this.ordinaryCapacity;
    const hanging = [...this.evictable]
      // Where an address has only itself to blame, no other one has to give way.
      .filter((lease) => lease.bytes > 0 && isHanging(lease) && (isShort || this.queue.has(lease.group)))
      .sort((a, b) => Number(b.hasLane) - Number(a.hasLane) || b.group.held - a.group.held || a.since - b.since);
    for (const lease of hanging) {
      if (needed <= 0) return;
      needed -= lease.bytes;
      lease.evict();
    }
  }
}

interface Ledger {
  readonly grow: (lease: Lease, bytes: number) => Promise<void> | undefined;
  readonly changed: (lease: Lease, difference: number) => void;
  readonly evictable: (lease: Lease, is: boolean) => void;
  readonly released: (lease: Lease) => void;
  readonly now: () => number;
  readonly leastProgress: number;
}

class Lease implements ByteLease {
  bytes = 0;
  hasLane = false;
  /** Since when it has been hanging. */
  since: number;
  private isSettled = false;
  private isReleased = false;
  private marked = 0;

  constructor(
    readonly group: Group,
    private readonly onEvict: () => void,
    private readonly ledger: Ledger,
  ) {
    this.since = ledger.now();
    ledger.evictable(this, true);
  }

  grow(bytes: number): Promise<void> | undefined {
    return this.isReleased ? undefined : this.ledger.grow(this, bytes);
  }

  /** It has got what it waited for: its silence meanwhile was not its client's fault. */
  served(): void {
    if (!this.isSettled) this.unsettle();
  }

  progressed(bytes: number): void {
    if (bytes - this.marked < this.ledger.leastProgress) return;
    this.marked = bytes;
    this.since = this.ledger.now();
  }

  resize(bytes: number): void {
    if (!this.isReleased) this.ledger.changed(this, bytes - this.bytes);
  }

  settle(): void {
    this.isSettled = true;
    this.ledger.evictable(this, false);
  }

  unsettle(): void {
    if (this.isReleased) return;
    this.isSettled = false;
    this.since = this.ledger.now();
    this.ledger.evictable(this, true);
  }

  release(): void {
    if (this.isReleased) return;
    this.isReleased = true;
    this.ledger.released(this);
  }

  evict(): void {
    this.release();
    this.onEvict();
  }
}
