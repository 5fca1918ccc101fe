import {
  ANSWER_MEMORY_POOL,
  LARGE_ANSWER_MEMORY,
  MEDIUM_ANSWER_MEMORY,
  MIN_LARGE_ANSWER,
  SMALL_ANSWER_MEMORY,
  SMALL_ANSWER_MEMORY_POOL,
} from '../limits.js';

/** Pieces of memory of one size. */
interface Pool {
  /** Bytes of a body that gets such a piece. */
  readonly from: number;
  readonly to: number;
  /** Pieces that are kept. */
  readonly most: number;
  readonly free: Uint8Array[];
}

/**
 * Memory for bodies, used again and again. Memory of arrays lies outside of the engine's heap and is freed when the engine collects garbage:
 * with a fresh array for each block that took a sixth of the time.
 */
export class AnswerMemory {
  private readonly pools: readonly Pool[] = [
    { from: 1, to: SMALL_ANSWER_MEMORY, most: SMALL_ANSWER_MEMORY_POOL, free: [] },
    { from: SMALL_ANSWER_MEMORY + 1, to: MEDIUM_ANSWER_MEMORY, most: ANSWER_MEMORY_POOL, free: [] },
    { from: MIN_LARGE_ANSWER, to: LARGE_ANSWER_MEMORY, most: ANSWER_MEMORY_POOL, free: [] },
  ];

  /** At least `size` bytes with any content; undefined when there is nothing fitting. */
  take(size: number): Uint8Array | undefined {
    const pool = this.pools.find(({ from, to }) => size >= from && size <= to);
    if (pool === undefined) return undefined;
    return pool.free.pop() ?? new Uint8Array(Buffer.allocUnsafeSlow(pool.to).buffer);
  }

  /** Takes memory back that nobody reads or writes any more. */
  giveBack(memory: Uint8Array): void {
    const pool = this.pools.find(({ to }) => to === memory.length);
    if (pool !== undefined && pool.free.length < pool.most) pool.free.push(memory);
  }
}
