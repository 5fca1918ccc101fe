/**
 * Lets only a few computations that need much memory run at a time, and only one for each user, in the order in which they asked: one
 * hostile user cannot keep the others out.
 */
export class LargeCounts {
  private readonly active = new Set<string>();
  private readonly waiting: { readonly username: string; readonly start: () => void }[] = [];

  constructor(private readonly maximum: number) {}

  /** Resolves when a computation for this user may begin; the result ends it. */
  async enter(username: string): Promise<() => void> {
    await new Promise<void>((resolve) => {
      this.waiting.push({ username, start: resolve });
      this.startNext();
    });
    return () => {
      this.active.delete(username);
      this.startNext();
    };
  }

  private startNext(): void {
    if (this.active.size >= this.maximum) return;
    const index = this.waiting.findIndex(({ username }) => !this.active.has(username));
    const [next] = index < 0 ? [] : this.waiting.splice(index, 1);
    if (next === undefined) return;
    this.active.add(next.username);
    next.start();
  }
}
