/**
 * Runs one sync for many waiting callers. At most one sync is in flight; who calls meanwhile may have written something that it no longer
 * covers and so shares the next one with all others that came meanwhile.
 */
export class GroupSync {
  private running: Promise<void> | undefined;
  private next: Promise<void> | undefined;

  /** `work` makes durable everything that was written before it is called. */
  constructor(private readonly work: () => Promise<void>) {}

  /** Resolves when a sync that began after this call is done; rejects with its error. */
  sync(): Promise<void> {
    if (this.next !== undefined) return this.next;
    if (this.running === undefined) return this.start();
    const following = async (): Promise<void> => {
      this.next = undefined;
      return this.start();
    };
    this.next = this.running.then(following, following);
    return this.next;
  }

  private start(): Promise<void> {
    const running = this.work().finally(() => {
      if (this.running === running) this.running = undefined;
    });
    this.running = running;
    return running;
  }
}
