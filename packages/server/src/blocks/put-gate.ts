/**
 * Keeps uploads and deletions of the same block apart. An upload waits while one of its blocks is being deleted, and what is being
 * uploaded is not deleted, whatever the database says. Both sides change state synchronously, so nobody gets in between.
 */
export class PutGate {
  /** Uploads in progress, by block. */
  private readonly puts = new Map<string, number>();
  /** Deletions in progress, by block: resolves when over. */
  private readonly deletions = new Map<string, Promise<void>>();

  /** Waits until none of the blocks is being deleted, then keeps them from being deleted until the returned function is called. */
  async enterPut(keys: readonly string[]): Promise<() => void> {
    for (;;) {
      const deletion = keys.map((key) => this.deletions.get(key)).find((promise) => promise !== undefined);
      if (deletion === undefined) break;
      await deletion;
    }
    for (const key of keys) this.puts.set(key, (this.puts.get(key) ?? 0) + 1);
    return () => {
      for (const key of keys) {
        const count = (this.puts.get(key) ?? 1) - 1;
        if (count === 0) this.puts.delete(key);
        else this.puts.set(key, count);
      }
    };
  }

  /** Whether a block is being uploaded. */
  isBeingPut(key: string): boolean {
    return this.puts.has(key);
  }

  /** Whether a block is being uploaded more than once at the same time. */
  isBeingPutTwice(key: string): boolean {
    return (this.puts.get(key) ?? 0) > 1;
  }

  /** Whether a block is being deleted: its file may still be there, but is not for long. */
  isBeingDeleted(key: string): boolean {
    return this.deletions.has(key);
  }

  /** Runs a deletion; uploads of these blocks wait until it is over. None of them may be being uploaded. */
  async duringDeletion(keys: readonly string[], work: () => Promise<void>): Promise<void> {
    const { promise, resolve } = latch();
    for (const key of keys) this.deletions.set(key, promise);
    try {
      await work();
    } finally {
      for (const key of keys) this.deletions.delete(key);
      resolve();
    }
  }
}

function latch(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
