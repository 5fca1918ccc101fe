/** Lets a bounded number of actions run at a time; the others wait in line. */
export class Slots {
  private readonly waiting: (() => void)[] = [];

  /** `free`: how many may run at a time. */
  constructor(private free: number) {}

  /** Runs `action` when a slot is free. */
  async run<T>(action: () => Promise<T>): Promise<T> {
    if (this.free > 0) this.free--;
    else await new Promise<void>((resolve) => this.waiting.push(resolve));
    try {
      return await action();
    } finally {
      const next = this.waiting.shift();
      // The slot passes on directly, so that nobody gets in between.
      if (next === undefined) this.free++;
      else next();
    }
  }
}
