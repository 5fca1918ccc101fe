import { assertInteger } from '@pyrgos/core/bytes';

interface Entry<V> {
  readonly value: V;
  readonly size: number;
}

/** What an entry costs besides its value: key, Map slot and objects, roughly. */
const OVERHEAD = 200;

/** A cache that is bounded in bytes: what was not used for the longest time goes first. */
export class ByteLru<V> {
  private readonly entries = new Map<string, Entry<V>>();
  private total = 0;

  /** `capacity` in bytes; 0 keeps nothing. */
  constructor(readonly capacity: number) {
    assertInteger('capacity', capacity, 0, Number.MAX_SAFE_INTEGER);
  }

  /** Bytes in the cache, keys and overhead included; at most the capacity. */
  get size(): number {
    return this.total;
  }

  /** The value, which then counts as used just now. */
  get(key: string): V | undefined {
    const entry = this.entries.get(key);
    if (entry === undefined) return undefined;
    this.entries.delete(key);
    this.entries.set(key, entry);
    return entry.value;
  }

  /** Keeps a value of `size` bytes in place of an older one; one that alone exceeds the capacity is not kept. */
  set(key: string, value: V, size: number): void {
    this.delete(key);
    const cost = size + OVERHEAD;
    if (cost > this.capacity) return;
    this.entries.set(key, { value, size: cost });
    this.total += cost;
    for (const oldest of this.entries.keys()) {
      if (this.total <= this.capacity) break;
      this.delete(oldest);
    }
  }

  /** Forgets one value. */
  delete(key: string): void {
    const entry = this.entries.get(key);
    if (entry === undefined) return;
    this.entries.delete(key);
    this.total -= entry.size;
  }

  /** Forgets everything. */
  clear(): void {
    this.entries.clear();
    this.total = 0;
  }
}
