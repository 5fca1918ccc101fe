/** Ends copying a file that is larger than what may be read now. */
export class Postponed extends Error {}

/** What is read to copy one file, and may be. */
export class ReadBudget {
  private read = 0;

  constructor(
    private readonly budget: number,
    /** Bytes of its author that were read in vain before. */
    readonly wasted: number,
  ) {}

  /** Bytes that were read. */
  get bytes(): number {
    return this.read;
  }

  /** Notes that so many bytes more were read. */
  note(bytes: number): void {
    this.read += bytes;
  }

  /** {@link Postponed} when so many bytes more may not be read now. */
  assertLeft(size: number): void {
    if (this.read + size > this.budget) throw new Postponed();
  }
}
