import { ArgumentError } from '@pyrgos/core/errors';

/**
 * Runs a call that takes a source over: whatever comes of it, a stream that it did not read to its end is cancelled, so that what is behind it (a
 * connection, an open file) is let go. ArgumentError `source` for a stream that somebody else is reading; that one is left alone.
 */
export async function takingSource<T>(source: unknown, work: () => Promise<T>): Promise<T> {
  assertUnlocked(source);
  try {
    return await work();
  } finally {
    letGo(source);
  }
}

/** Requires that nobody reads the source, if it is a stream of the web platform; otherwise an ArgumentError `source`. */
export function assertUnlocked(source: unknown): void {
  if (isWebStream(source) && source.locked) throw new ArgumentError('source', 'is a stream that is being read already: it is locked');
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

function isWebStream(source: unknown): source is ReadableStream {
  return has(source, 'getReader') && has(source, 'cancel') && 'locked' in source;
}

/** A generator that was called, not a thing that can be iterated over again. */
function isIterator(source: unknown): source is { return(): unknown } {
  return has(source, 'next') && has(source, 'return');
}

/** Without an error: that would be one that nobody listens to. */
function isNodeStream(source: unknown): source is { destroy(): unknown } {
  return has(source, 'pipe') && has(source, 'destroy');
}

function has<K extends string>(source: unknown, method: K): source is Record<K, () => unknown> {
  return typeof source === 'object' && source !== null && method in source && typeof (source as Record<K, unknown>)[method] === 'function';
}
