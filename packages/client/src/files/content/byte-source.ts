import { assertObject, isRevoked } from '@pyrgos/core/arguments';
import { assertBytes, assertInteger, utf8Encode } from '@pyrgos/core/bytes';
import { ArgumentError, throwIfAborted } from '@pyrgos/core/errors';
import { callersCode, callersCodeNow } from '../../waiting/code-of-callers.js';
import { untilAborted } from '../../waiting/until-aborted.js';

/**
 * Content that can be read from any place, as often as needed: a file on disk, a remote object. What can be iterated over is a stream,
 * whatever else it has.
 */
export interface SizedSource {
  /** Bytes that `open(0)` gives. */
  readonly size: number;
  /** The bytes from `offset` to the end, in pieces of any size. Called again for every pass over the content. */
  open(offset: number, signal?: AbortSignal): AsyncIterable<Uint8Array>;
}

/**
 * Where new content comes from. A string is text, which is stored as UTF-8 (never the name of a file). Byte strings (of typed arrays the bytes in memory), blobs and sized sources can be read repeatedly, so their uploads can be compared with what is
 * there already and can be resumed. A stream is read once; its length is known at its end. Nothing may change what it stands for while it
 * is read. Pieces may be reused by their producer: they are copied at once.
 */
export type ByteSource =
  | string
  | Uint8Array
  | ArrayBuffer
  | ArrayBufferView
  | Blob
  | SizedSource
  | AsyncIterable<Uint8Array>
  | ReadableStream<Uint8Array>;

/** A source as this folder reads it. */
export interface OpenedSource {
  /** Bytes in all; undefined for a stream, whose end tells. */
  readonly size: number | undefined;
  /** Whether `open` may be called again. */
  readonly isRepeatable: boolean;
  /** The blob behind it, when there is one: thumbnailers can read it without copying it. */
  readonly blob: Blob | undefined;
  /** Whether reading runs code of the caller: anything but bytes and blobs. */
  readonly isCode: boolean;
  /** The bytes from `offset` on. */
  open(offset: number, signal: AbortSignal | undefined): AsyncIterable<Uint8Array>;
}

/** Bytes of a byte string that are handed out at once. */
const PIECE_SIZE = 1_048_576;

/** Makes a source readable; ArgumentError `source` when it is none. */
export function openSource(source: ByteSource): OpenedSource {
  if (typeof source === 'object' && source !== null) assertObject('source', source);
  const bytes = asBytes(source);
  if (bytes !== undefined) {
    return { size: bytes.length, isRepeatable: true, blob: undefined, isCode: false, open: (offset) => piecesOfBytes(bytes, offset) };
  }
  if (typeof Blob === 'function' && source instanceof Blob) {
    return {
      size: source.size,
      isRepeatable: true,
      blob: source,
      isCode: false,
      open: (offset, signal) => piecesOfBlob(source, offset, signal),
    };
  }
  if (typeof source !== 'object' || source === null)
    throw new ArgumentError('source', 'must be bytes, text, a blob, a stream, or have a size and a method open');
  const stream = asIterable(source);
  if (stream === undefined) {
    const sized = source as SizedSource;
    if (typeof sized.open !== 'function')
      throw new ArgumentError('source', 'must be bytes, text, a blob, a stream, or have a size and a method open');
    const { size } = sized;
    assertInteger('source.size', size, 0, Number.MAX_SAFE_INTEGER);
    return {
      size,
      isRepeatable: true,
      blob: undefined,
      isCode: true,
      open: (offset, signal) => callersPieces(() => sized.open(offset, signal)),
    };
  }
  let isTaken = false;
  return {
    size: undefined,
    isRepeatable: false,
    blob: undefined,
    isCode: true,
    open: () => {
      if (isTaken) throw new ArgumentError('source', 'is a stream and can be read only once');
      assertUnlocked(source);
      isTaken = true;
      return callersPieces(() => stream);
    },
  };
}

/** The part [start, end) of a repeatable source as a source of its own. */
export function sliceOf(source: OpenedSource, start: number, end: number): OpenedSource {
  return {
    size: end - start,
    isRepeatable: true,
    blob: source.blob?.slice(start, end),
    isCode: source.isCode,
    open: (offset, signal) => firstBytes(source.open(start + offset, signal), end - start - offset),
  };
}

/**
 * Cuts a stream of pieces into chunks of exactly `chunkSize` bytes, the last one shorter (an empty stream gives none). Every chunk has
 * memory of its own, full ones that of `memory`, which gives arrays of that size that nobody uses. Errors of the source go through as they are; ArgumentError for a piece that is no byte string; AbortedError without
 * waiting for a source that does not answer.
 */
export async function* cutIntoChunks(
  pieces: AsyncIterable<Uint8Array>,
  chunkSize: number,
  signal: AbortSignal | undefined,
  memory: () => Uint8Array<ArrayBuffer> = () => new Uint8Array(chunkSize),
): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
  const iterator = pieces[Symbol.asyncIterator]();
  let isFinished = false;
  let chunk: Uint8Array<ArrayBuffer> | undefined;
  let filled = 0;
  try {
    for (;;) {
      const next = await untilAborted(async () => iterator.next(), signal, 'reading the source');
      if (next.done === true) {
        isFinished = true;
        break;
      }
      const piece = plainBytes(next.value);
      for (let offset = 0; offset < piece.length;) {
        chunk ??= memory();
        const count = Math.min(piece.length - offset, chunkSize - filled);
        chunk.set(piece.subarray(offset, offset + count), filled);
        offset += count;
        filled += count;
        if (filled < chunkSize) continue;
        const full = chunk;
        chunk = undefined;
        filled = 0;
        yield full;
      }
    }
    if (chunk !== undefined) yield chunk.slice(0, filled);
  } finally {
    // Not awaited: a source that hangs would hold the caller for ever.
    if (!isFinished) void closeQuietly(iterator);
  }
}

/**
 * Pieces that code of the caller gives; see {@link callersCode}. ArgumentError `source` when it gives something else than an iterator, or that something
 * else than results.
 */
function callersPieces(open: () => AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  return {
    [Symbol.asyncIterator]: () => {
      const inner = iteratorOf(open);
      return {
        next: async () => {
          const result: unknown = await callersCode(async () => inner.next());
          if (!isObject(result)) throw noIteration();
          return callersCodeNow(() => {
            const { done, value } = result as IteratorResult<Uint8Array, undefined>;
            return done === true ? { done, value: undefined } : { done: false, value };
          });
        },
        return: async () => {
          await callersCode(async () => inner.return?.());
          return { done: true, value: undefined };
        },
      };
    },
  };
}

function iteratorOf(open: () => AsyncIterable<Uint8Array>): AsyncIterator<Uint8Array> {
  const pieces: unknown = callersCodeNow(open);
  const stream = isObject(pieces) ? callersCodeNow(() => asIterable(pieces)) : undefined;
  if (stream === undefined) throw noIteration();
  const begin: unknown = callersCodeNow(() => stream[Symbol.asyncIterator]);
  if (typeof begin !== 'function') throw noIteration();
  const iterator: unknown = callersCodeNow(() => stream[Symbol.asyncIterator]());
  if (!isObject(iterator) || callersCodeNow(() => typeof (iterator as { next?: unknown }).next) !== 'function') throw noIteration();
  return iterator as unknown as AsyncIterator<Uint8Array>;
}

/** Whether something has members that can be asked for. */
function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}

function noIteration(): ArgumentError {
  return new ArgumentError('source', 'must give pieces of bytes as an asynchronous iteration');
}

async function closeQuietly(iterator: AsyncIterator<Uint8Array>): Promise<void> {
  try {
    await iterator.return?.();
  } catch {
    // The caller has an error already, or needs no more.
  }
}

async function* piecesOfBytes(bytes: Uint8Array, offset: number): AsyncGenerator<Uint8Array, void, undefined> {
  for (let start = offset; start < bytes.length; start += PIECE_SIZE) yield bytes.subarray(start, start + PIECE_SIZE);
}

/** One stream for all of it: in Chromium each slice that is read by itself costs as much as its bytes. */
async function* piecesOfBlob(blob: Blob, offset: number, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array, void, undefined> {
  if (offset >= blob.size) return;
  for await (const piece of piecesOfStream(blob.slice(offset).stream())) {
    throwIfAborted(signal, 'reading the source');
    yield piece;
  }
}

async function* firstBytes(pieces: AsyncIterable<Uint8Array>, count: number): AsyncGenerator<Uint8Array, void, undefined> {
  let left = count;
  if (left === 0) return;
  for await (const piece of pieces) {
    yield piece.length <= left ? piece : piece.subarray(0, left);
    left -= Math.min(left, piece.length);
    if (left === 0) return;
  }
}

/** The bytes of a text, and those behind a buffer or a view of one; undefined for anything else. */
function asBytes(source: unknown): Uint8Array | undefined {
  if (typeof source === 'string') return utf8Encode(source, 'source');
  if (source instanceof Uint8Array) {
    return plainBytes(source);
  }
  if (source instanceof ArrayBuffer) return bytesOf(source, 0, undefined);
  return ArrayBuffer.isView(source) ? bytesOf(source.buffer, source.byteOffset, source.byteLength) : undefined;
}

/** A byte string without whatever a class derived from it has in the place of its methods; ArgumentError for anything else. */
function plainBytes(value: unknown): Uint8Array {
  assertBytes('source', value);
  return Object.getPrototypeOf(value) === Uint8Array.prototype ? value : bytesOf(value.buffer, value.byteOffset, value.byteLength);
}

function bytesOf(buffer: ArrayBufferLike, offset: number, length: number | undefined): Uint8Array {
  try {
    return new Uint8Array(buffer, offset, length);
  } catch {
    throw new ArgumentError('source', 'has lost its memory: it was given away before');
  }
}

/**
 * Requires that nobody reads the source, if it is a stream of the web platform; otherwise an ArgumentError `source`. So is a proxy that was revoked.
 */
export function assertUnlocked(source: unknown): void {
  if (typeof source === 'object' && source !== null) assertObject('source', source);
  if (isWebStream(source) && source.locked) throw new ArgumentError('source', 'is a stream that is being read already: it is locked');
}

/** Whether something is a stream of the web platform, of whatever realm. */
export function isWebStream(source: unknown): source is ReadableStream {
  return has(source, 'getReader') && has(source, 'cancel') && 'locked' in source;
}

/** Whether something has a method; a proxy that was revoked has none. */
export function has<K extends string>(source: unknown, method: K): source is Record<K, () => unknown> {
  if (typeof source !== 'object' || source === null || isRevoked(source)) return false;
  return method in source && typeof (source as Record<K, unknown>)[method] === 'function';
}

/** A stream of either kind; undefined for what is none. Streams of Node have an `open` as well, but no size. */
export function asIterable(source: object): AsyncIterable<Uint8Array> | undefined {
  if (Symbol.asyncIterator in source) return source as AsyncIterable<Uint8Array>;
  // Not every browser can iterate over a stream.
  if ('getReader' in source && typeof source.getReader === 'function') return piecesOfStream(source as ReadableStream<Uint8Array>);
  return undefined;
}

async function* piecesOfStream(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  const reader = stream.getReader();
  let isFinished = false;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) {
        isFinished = true;
        return;
      }
      yield value;
    }
  } finally {
    if (!isFinished) void reader.cancel().catch(() => undefined);
    reader.releaseLock();
  }
}
