/** A map that forgets what was used longest ago when it holds more than `capacity` entries. */
export class BoundedMap<V> {
  private readonly entries = new Map<string, V>();

  constructor(private readonly capacity: number) {}

  /** Number of entries. */
  get size(): number {
    return this.entries.size;
  }

  /** The value, which counts as used now; or undefined. */
  get(key: string): V | undefined {
    const value = this.entries.get(key);
    if (value === undefined) return undefined;
    this.entries.delete(key);
    this.entries.set(key, value);
    return value;
  }

  /** Whether the key is there; does not count as use. */
  has(key: string): boolean {
    return this.entries.has(key);
  }

  /** Adds or replaces a value; returns the one that was forgotten for it. */
  set(key: string, value: V): V | undefined {
    this.entries.delete(key);
    this.entries.set(key, value);
    if (this.entries.size <= this.capacity) return undefined;
    const [oldest] = this.entries;
    if (oldest === undefined) return undefined;
    this.entries.delete(oldest[0]);
    return oldest[1];
  }

  /** Forgets a key. */
  delete(key: string): void {
    this.entries.delete(key);
  }
}
