import { ArgumentError } from '@pyrgos/core/errors';
import { asIterable, assertUnlocked, type ByteSource, has, isWebStream } from './byte-source.js';

/**
 * Runs a call that takes a source over, and is given it: whatever comes of it, a stream that it did not read to its end is cancelled, so that what is behind it
 * (a connection, an open file) is let go. ArgumentError `source` for a stream that somebody else is reading; that one is left alone.
 */
export async function takingSource<T>(source: ByteSource, work: (taken: ByteSource) => Promise<T>): Promise<T> {
  assertUnlocked(source);
  if (!isStream(source)) return work(source);
  const taken = new TakenStream(source);
  try {
    return await work(taken);
  } finally {
    taken.letGo();
  }
}

/** A stream that knows who reads it. */
class TakenStream implements AsyncIterable<Uint8Array> {
  private reading: AsyncIterator<Uint8Array> | undefined;

  constructor(private readonly source: ByteSource) {}

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    assertUnlocked(this.source);
    const pieces = asIterable(this.source as object);
    if (pieces === undefined) throw new ArgumentError('source', 'must be a stream');
    return (this.reading = pieces[Symbol.asyncIterator]());
  }

  letGo(): void {
    const { reading, source } = this;
    if (reading !== undefined) void quietly(async () => reading.return?.());
    // What is being read is let go by who reads it, but for a stream of Node, which may be destroyed twice.
    if (reading === undefined || isNodeStream(source)) letGo(source);
  }
}

function isStream(source: unknown): boolean {
  return isWebStream(source) || isIterator(source) || isNodeStream(source);
}

/** Ends a stream that nobody is going to read. Nothing for other sources, and for a stream that has ended or is being read. What it makes of that is not waited for. */
export function letGo(source: unknown): void {
  if (isWebStream(source)) {
    if (!source.locked) void quietly(async () => source.cancel());
  } else if (isIterator(source)) {
    void quietly(async () => source.return());
  } else if (isNodeStream(source)) {
    void quietly(async () => source.destroy());
  }
}

async function quietly(work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch {
    // The caller has a result, or another error.
  }
}

/** A generator that was called, not a thing that can be iterated over again. */
function isIterator(source: unknown): source is { return(): unknown } {
  return has(source, 'next') && has(source, 'return');
}

/** Without an error: that would be one that nobody listens to. */
function isNodeStream(source: unknown): source is { destroy(): unknown } {
  return has(source, 'pipe') && has(source, 'destroy');
}
