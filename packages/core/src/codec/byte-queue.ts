import { untilAborted } from '../abort.js';
import { assertMethods } from '../arguments.js';
import { assertBytes } from '../bytes.js';

/**
 * Bytes of a chunked source, taken in pieces of any size. Holds one chunk and the piece under construction. Waiting for the source ends
 * with an AbortedError for `operation` when the signal fires, even if the source never says anything again.
 */
export class ByteQueue {
  private readonly source: AsyncIterator<Uint8Array>;
  /** Whether the source has been asked and has not answered. */
  private isAsked = false;
  private chunk: Uint8Array = new Uint8Array(0);
  private position = 0;
  private ended = false;

  constructor(
    source: AsyncIterable<Uint8Array>,
    private readonly signal: AbortSignal | undefined,
    private readonly operation: string,
  ) {
    const iterator = source[Symbol.asyncIterator]();
    assertMethods('source', iterator, 'next');
    this.source = iterator;
  }

  private async ask(): Promise<IteratorResult<Uint8Array>> {
    this.isAsked = true;
    try {
      return await this.source.next();
    } finally {
      this.isAsked = false;
    }
  }

  /** Makes sure that the chunk has an unread byte; false at the end of the source. */
  private async fill(): Promise<boolean> {
    while (this.position === this.chunk.length) {
      if (this.ended) return false;
      const next = await untilAborted(async () => this.ask(), this.signal, this.operation);
      if (next.done === true) {
        this.ended = true;
        return false;
      }
      assertBytes('source', next.value);
      this.chunk = next.value;
      this.position = 0;
    }
    return true;
  }

  /** The next byte, or undefined at the end. */
  async byte(): Promise<number | undefined> {
    return (await this.fill()) ? this.chunk[this.position++] : undefined;
  }

  /** The next `count` bytes as a fresh array, or undefined when the source ends before. The caller has checked `count`. */
  async take(count: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const out = new Uint8Array(count);
    let filled = 0;
    while (filled < count) {
      if (!(await this.fill())) return undefined;
      const piece = this.chunk.subarray(this.position, this.position + count - filled);
      out.set(piece, filled);
      filled += piece.length;
      this.position += piece.length;
    }
    return out;
  }

  /** Tells the source that no more is wanted. */
  async close(): Promise<void> {
    if (this.ended) return;
    this.ended = true;
    this.chunk = new Uint8Array(0);
    this.position = 0;
    const closing = this.closeSource();
    // A generator lets return() wait for the next() it is busy with, which may be for ever.
    if (this.isAsked) closing.catch(() => undefined);
    else await closing;
  }

  private async closeSource(): Promise<void> {
    await this.source.return?.();
  }
}
