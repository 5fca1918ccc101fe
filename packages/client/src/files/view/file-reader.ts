import { whenAborted } from '@pyrgos/core/abort';
import { assertFunction, assertInstance, assertObject } from '@pyrgos/core/arguments';
import { assertInteger, copyBytes, unsharedBytes } from '@pyrgos/core/bytes';
import { LimitError, throwIfAborted } from '@pyrgos/core/errors';
import { MAX_CHUNK_SIZE, MAX_CHAMP_LOOKUPS, MAX_READ_SIZE } from '@pyrgos/core/limits';
import { type FoundChunk, requireChunk } from './file-chunk.js';
import { FileChunks } from './file-chunks.js';
import { Item } from './item.js';
import { orAborted } from '../../waiting/or-aborted.js';
import type { ProgressListener } from '../../waiting/progress.js';
import { SharedTasks } from '../../waiting/shared-tasks.js';
import { assertRead, type ReadOptions, type View } from './view.js';

/** How a {@link FileReader} works. */
export interface FileReaderOptions {
  /** Chunks of 5 MiB that are fetched ahead of the reader, 0 to 4; default 2. Legacy files are never fetched ahead. */
  readonly prefetch?: number | undefined;
  /** Decrypted chunks that {@link FileReader.read} keeps, 0 to 16; default 1. */
  readonly cachedChunks?: number | undefined;
}

/** What part of a file is streamed, and how. */
export interface StreamOptions extends ReadOptions {
  /** First byte; default 0. */
  readonly start?: number | undefined;
  /** End of the range, exclusive; default the size of the file. What lies beyond that is not there: the range ends with the file. */
  readonly end?: number | undefined;
  /** Told after every piece how many bytes of the range have been given out. */
  readonly onProgress?: ProgressListener | undefined;
}

/**
 * Reads the bytes of a file (chapter 04 section 12.2): any range of it, everything verified. Holds at most the chunks it fetches ahead, the
 * one in use, and those it keeps; each takes up to 10 MiB while it is decrypted and 5 MiB then. Any number of reads may run at a time.
 *
 * Errors: FormatError when a chunk is missing or damaged, `crypto.authentication` when one does not decrypt, NotFoundError `not-found.block`
 * for a lost fragment, AbortedError. Other chunks remain readable.
 */
export class FileReader {
  private readonly chunks: FileChunks;
  private readonly prefetch: number;
  private readonly kept: SharedTasks<number, Uint8Array>;

  /** `item` is a file that can be read, and `view` the view in which it was opened. `told` says an error in the words of the caller. */
  constructor(
    private readonly view: View,
    item: Item,
    options: FileReaderOptions = {},
    private readonly told: (error: unknown) => unknown = (error) => error,
  ) {
    assertRead(view, {});
    assertInstance('item', item, Item);
    assertObject('options', options);
    const { prefetch = 2, cachedChunks = 1 } = options;
    assertInteger('prefetch', prefetch, 0, 4);
    assertInteger('cachedChunks', cachedChunks, 0, 16);
    this.chunks = new FileChunks(view, item);
    this.prefetch = this.chunks.isSeekable ? prefetch : 0;
    this.kept = new SharedTasks('reading a file', cachedChunks);
  }

  /** Bytes of the file. */
  get size(): number {
    return this.chunks.size;
  }

  /**
   * The bytes [start, end), as an array of their own; by default all. As with `Blob.slice` a range ends with the file: beyond it there are fewer
   * bytes than asked for, or none. ArgumentError for a range that is none (negative, in fractions, or with its end before its start); LimitError for
   * more than MAX_READ_SIZE, which are to be streamed. Decrypts whole chunks of 5 MiB and keeps the last ones: small reads near each other
   * cost one.
   */
  async read(from = 0, to?: number, options: ReadOptions = {}): Promise<Uint8Array<ArrayBuffer>> {
    const { start, end } = this.range(from, to);
    assertObject('options', options);
    const signal = options.signal ?? this.view.signal;
    throwIfAborted(signal, 'reading a file');
    if (end - start > MAX_READ_SIZE) throw new LimitError('bytes read at once', end - start, MAX_READ_SIZE);
    if (start === end) return new Uint8Array();
    const first = Math.floor(start / MAX_CHUNK_SIZE);
    if (end > (first + 1) * MAX_CHUNK_SIZE) return this.readAcross(start, end, signal);
    const content = await this.chunkContent(first, signal);
    return copyBytes(content.subarray(start - first * MAX_CHUNK_SIZE, end - first * MAX_CHUNK_SIZE));
  }

  /**
   * The bytes of a range as a web stream, in pieces of up to 5 MiB, at the pace of whoever reads it. Pieces of more than 64 KiB belong to the
   * reader alone, who may transfer them to another thread. Cancelling it, or the signal, ends all
   * requests. Ranges as in {@link FileReader.read}, their ArgumentError at once; other errors come out of the stream, after the bytes before
   * them.
   */
  stream(options: StreamOptions = {}): ReadableStream<Uint8Array<ArrayBuffer>> {
    assertObject('options', options);
    const { onProgress } = options;
    if (onProgress !== undefined) assertFunction('onProgress', onProgress);
    const { start, end } = this.range(options.start, options.end);
    const stop = new AbortController();
    const pieces = this.pieces({ ...options, start, end }, stop);
    return new ReadableStream<Uint8Array<ArrayBuffer>>(
      {
        pull: async (controller) => {
          const { done, value } = await pieces.next();
          if (done === true) controller.close();
          else controller.enqueue(value);
        },
        cancel: () => {
          stop.abort();
          // Not waited for: what is under way may not hear the signal.
          pieces.return().catch(() => undefined);
        },
      },
      { highWaterMark: 0 },
    );
  }

  /** {@link FileReader.stream} as an async iterable. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
    yield* this.pieces({ start: 0, end: this.size }, new AbortController());
  }

  private async chunkContent(index: number, signal: AbortSignal | undefined): Promise<Uint8Array> {
    try {
      return await this.kept.run(index, signal, async (shared) => this.chunks.content(await this.chunks.chunk(index, shared), shared));
    } catch (error) {
      throw this.told(error);
    }
  }

  private async readAcross(start: number, end: number, signal: AbortSignal | undefined): Promise<Uint8Array<ArrayBuffer>> {
    const pieces: Uint8Array[] = [];
    for await (const piece of this.pieces({ start, end, signal }, new AbortController())) pieces.push(piece);
    // Allocated at the end: a file that claims more than it has must not cost memory.
    const out = new Uint8Array(end - start);
    let offset = 0;
    for (const piece of pieces) {
      out.set(piece, offset);
      offset += piece.length;
    }
    return out;
  }

  /** The bytes of a range, chunk by chunk. `stop` ends what is under way; it is aborted at the end. */
  private async *pieces(
    options: StreamOptions & { readonly start: number; readonly end: number },
    stop: AbortController,
  ): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
    const { start, end, onProgress } = options;
    const outer = options.signal ?? this.view.signal;
    throwIfAborted(outer, 'reading a file');
    if (start === end) return;
    const stopListening = whenAborted(outer, () => stop.abort(outer?.reason));
    const first = Math.floor(start / MAX_CHUNK_SIZE);
    const last = Math.floor((end - 1) / MAX_CHUNK_SIZE);
    const nodes = this.nodes(first, last + 1, stop.signal);
    const running: Promise<Uint8Array>[] = [];
    try {
      for (let index = first; index <= last; index++) {
        while (running.length <= this.prefetch && index + running.length <= last) {
          running.push(this.nextContent(index + running.length, nodes, stop.signal));
        }
        const content = await orAborted(running.shift() as Promise<Uint8Array>, stop.signal, 'reading a file').catch((error: unknown) => {
          throw this.told(error);
        });
        const offset = index * MAX_CHUNK_SIZE;
        // Who gets the piece may move it away, to another thread.
        const { length } = content;
        const piece = content.subarray(Math.max(0, start - offset), Math.min(length, end - offset));
        yield unsharedBytes(piece);
        onProgress?.({ done: Math.min(end, offset + length) - start, total: end - start, unit: 'bytes' });
      }
    } finally {
      stopListening();
      stop.abort();
      nodes.return().catch(() => undefined);
    }
  }

  private nextContent(index: number, nodes: AsyncGenerator<FoundChunk, void, undefined>, signal: AbortSignal): Promise<Uint8Array> {
    // Asked for in order; a generator answers in order as well.
    const node = nodes.next();
    const content = (async () => this.chunks.content(requireChunk(index, (await node).value ?? undefined), signal))();
    // Its turn comes later; until then nobody may miss its failure.
    content.catch(() => undefined);
    return content;
  }

  /** What is there of the chunks [start, end), fetched 20 at a time. */
  private async *nodes(start: number, end: number, signal: AbortSignal): AsyncGenerator<FoundChunk, void, undefined> {
    const step = this.chunks.isSeekable ? MAX_CHAMP_LOOKUPS : 1;
    for (let index = start; index < end; index += step) yield* await this.chunks.find(index, Math.min(end, index + step), signal);
  }

  /** What a range has of the file. */
  private range(from = 0, to?: number): { readonly start: number; readonly end: number } {
    assertInteger('start', from, 0, Number.MAX_SAFE_INTEGER);
    if (to !== undefined) assertInteger('end', to, from, Number.MAX_SAFE_INTEGER);
    const { size } = this;
    return { start: Math.min(from, size), end: Math.min(to ?? size, size) };
  }
}
