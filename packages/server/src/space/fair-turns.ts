/**
 * Divides long computations into turns so that requests are served in between and no user gets more than its share: one turn for each
 * round of the event loop, the users one after the other, each user's computations in the order in which they asked.
 */
export class FairTurns {
  private readonly waiting = new Map<string, (() => void)[]>();
  private scheduled = false;

  /** Resolves when it is the turn of a computation for this user. */
  async next(username: string): Promise<void> {
    return new Promise((resolve) => {
      const queue = this.waiting.get(username);
      if (queue === undefined) this.waiting.set(username, [resolve]);
      else queue.push(resolve);
      this.schedule();
    });
  }

  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    setImmediate(() => {
      this.scheduled = false;
      this.grant();
    });
  }

  private grant(): void {
    const [first] = this.waiting;
    if (first === undefined) return;
    const [username, queue] = first;
    const resolve = queue.shift();
    // To the end of the round, or out of it.
    this.waiting.delete(username);
    if (queue.length > 0) this.waiting.set(username, queue);
    if (this.waiting.size > 0) this.schedule();
    resolve?.();
  }
}
