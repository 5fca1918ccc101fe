import type { LocalStore } from '@pyrgos/client';

/**
 * A store of the browser that may fill up, or be taken away, at any time: what cannot be written there is kept in memory, as long as the page is open,
 * instead of ending what somebody is doing. Deleting is not: what has to be gone and is not is an error.
 */
export class ResilientStore implements LocalStore {
  private readonly memory = new Map<string, Uint8Array>();

  constructor(private readonly kept: LocalStore) {}

  /** What was put last, wherever it is. */
  async get(key: string): Promise<Uint8Array | undefined> {
    const value = this.memory.get(key);
    if (value !== undefined) return new Uint8Array(value);
    return this.kept.get(key).catch(() => undefined);
  }

  /** Never rejects. */
  async put(key: string, value: Uint8Array): Promise<void> {
    const copy = new Uint8Array(value);
    try {
      await this.kept.put(key, value);
      this.memory.delete(key);
    } catch {
      this.memory.set(key, copy);
    }
  }

  async delete(key: string): Promise<void> {
    this.memory.delete(key);
    await this.kept.delete(key);
  }
}
