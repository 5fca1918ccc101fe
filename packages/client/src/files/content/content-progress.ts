import type { ProgressListener } from '../../waiting/progress.js';

/** Adds up the bytes of content that are stored, or were stored already. */
export class ProgressMeter {
  private done = 0;

  /** `total` is undefined for a stream, whose length nobody knows. */
  constructor(
    private readonly total: number | undefined,
    private readonly listener: ProgressListener | undefined,
  ) {}

  /** More bytes are done. */
  add(bytes: number): void {
    if (this.listener === undefined || bytes === 0) return;
    this.done += bytes;
    this.listener({ done: this.done, total: this.total, unit: 'bytes' });
  }

  /** Everything is done, however little had to be. */
  finish(): void {
    if (this.total !== undefined) this.add(this.total - this.done);
  }
}
