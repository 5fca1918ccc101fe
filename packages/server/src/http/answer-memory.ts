import { ANSWER_MEMORY_POOL, MIN_POOLED_ANSWER_SIZE, POOLED_ANSWER_SIZE } from '../limits.js';

/**
 * Memory for the bodies of large answers, used again and again: a fresh megabyte for each block makes the engine collect garbage for a
 * sixth of the time.
 */
export class AnswerMemory {
  private readonly free: Uint8Array[] = [];

  /** At least MIN_POOLED_ANSWER_SIZE and at most POOLED_ANSWER_SIZE bytes with any content, or undefined for other sizes. */
  take(size: number): Uint8Array | undefined {
    if (size < MIN_POOLED_ANSWER_SIZE || size > POOLED_ANSWER_SIZE) return undefined;
    return this.free.pop() ?? new Uint8Array(Buffer.allocUnsafeSlow(POOLED_ANSWER_SIZE).buffer);
  }

  /** Takes memory back that nobody reads or writes any more. */
  giveBack(memory: Uint8Array): void {
    if (this.free.length < ANSWER_MEMORY_POOL) this.free.push(memory);
  }
}
