import { LimitError } from '@pyrgos/core/errors';
import { SMALL_ANSWER_SIZE } from '@pyrgos/core/limits';
import type { Slots } from './slots.js';

/** Memory for an answer of unknown size at first. */
const FIRST_SIZE = 4096;

/** What an answer waits for, or makes wait. */
export interface AnswerMemory {
  /** Answers beyond SMALL_ANSWER_SIZE need one of these, so that a lying server cannot fill the memory. */
  readonly largeAnswers: Slots;
  readonly signal: AbortSignal;
  /** Called around a wait. */
  readonly onPause: () => void;
  readonly onResume: () => void;
}

/**
 * Collects the body of one answer. An announced size is allocated at once and filled without another copy; memory for what exceeds
 * SMALL_ANSWER_SIZE is only taken as the bytes come.
 */
export class AnswerBuffer {
  private buffer: Uint8Array<ArrayBuffer>;
  private length = 0;
  private isLarge = false;
  private isOver = false;

  /** LimitError when the announced size exceeds `limit`. */
  constructor(
    private readonly limit: number,
    announcedSize: number | undefined,
    private readonly memory: AnswerMemory,
  ) {
    if (announcedSize !== undefined && announcedSize > limit) throw new LimitError('answer size', announcedSize, limit);
    this.buffer = new Uint8Array(Math.min(announcedSize ?? FIRST_SIZE, SMALL_ANSWER_SIZE));
  }

  /** Bytes so far. */
  get size(): number {
    return this.length;
  }

  /** Takes a part; a promise when there is to be a wait before the next one. LimitError beyond the limit. */
  take(chunk: Uint8Array): Promise<void> | undefined {
    const length = this.length + chunk.length;
    if (length > this.limit) throw new LimitError('answer size', length, this.limit);
    if (length > SMALL_ANSWER_SIZE && !this.isLarge) {
      // Places are given away in order, and the part that is here already stays within what the connection buffers anyway.
      return this.enlarge(chunk);
    }
    this.append(chunk);
    return undefined;
  }

  /** The whole answer. */
  finish(): Uint8Array<ArrayBuffer> {
    if (this.length === this.buffer.length) return this.buffer;
    // A copy only where much memory would hang on to little.
    return this.length * 2 < this.buffer.length ? this.buffer.slice(0, this.length) : this.buffer.subarray(0, this.length);
  }

  /** Call it when the answer is complete or given up. */
  release(): void {
    this.isOver = true;
    if (this.isLarge) this.memory.largeAnswers.release();
    this.isLarge = false;
  }

  private async enlarge(chunk: Uint8Array): Promise<void> {
    const { largeAnswers, signal, onPause, onResume } = this.memory;
    onPause();
    await largeAnswers.take(signal);
    if (this.isOver) {
      // The answer was given up meanwhile.
      largeAnswers.release();
      return;
    }
    onResume();
    this.isLarge = true;
    this.append(chunk);
  }

  private append(chunk: Uint8Array): void {
    const length = this.length + chunk.length;
    if (length > this.buffer.length) {
      const grown = new Uint8Array(Math.min(Math.max(length, this.buffer.length * 2), this.limit));
      grown.set(this.buffer.subarray(0, this.length));
      this.buffer = grown;
    }
    this.buffer.set(chunk, this.length);
    this.length = length;
  }
}
