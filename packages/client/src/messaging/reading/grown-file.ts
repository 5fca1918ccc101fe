import { concatBytes } from '@pyrgos/core/bytes';
import { isDamage } from '../../files/view/index.js';
import type { LogFile } from './log-file.js';

/** Bytes behind the part that was read that are kept in memory. */
const MAX_TAIL = 1_048_576;

/**
 * A log that has grown by bytes that are at hand: what was there before comes from where it was read before, which has its last chunk in memory still. A log is never rewritten (chapter 07
 * section 9.1), so both are the same.
 */
export class GrownFile implements LogFile {
  private constructor(
    private readonly before: LogFile,
    private readonly tail: Uint8Array,
    private readonly now: LogFile,
  ) {}

  /** `before` with `tail` behind it, which is what `now` has, too. Undefined when so much has come that it is better read anew. */
  static of(before: LogFile, tail: Uint8Array, now: LogFile): GrownFile | undefined {
    const isGrown = before instanceof GrownFile;
    const whole = isGrown ? concatBytes(before.tail, tail) : tail;
    return whole.length > MAX_TAIL ? undefined : new GrownFile(isGrown ? before.before : before, whole, now);
  }

  get size(): number {
    return this.before.size + this.tail.length;
  }

  async read(start: number, end: number, options?: { readonly signal?: AbortSignal | undefined }): Promise<Uint8Array> {
    const { size } = this.before;
    const tail = this.tail.slice(Math.max(0, start - size), Math.max(0, end - size));
    if (start >= size) return tail;
    const head = await this.readBefore(start, Math.min(end, size), options);
    return tail.length === 0 ? head : concatBytes(head, tail);
  }

  private async readBefore(start: number, end: number, options?: { readonly signal?: AbortSignal | undefined }): Promise<Uint8Array> {
    try {
      return await this.before.read(start, end, options);
    } catch (error) {
      // The server may have dropped the blocks of the version before.
      if (!isDamage(error)) throw error;
      return this.now.read(start, end, options);
    }
  }
}
