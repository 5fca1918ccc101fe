import { untilAborted } from '../../waiting/until-aborted.js';
import { cutIntoChunks, type OpenedSource } from './byte-source.js';

/**
 * The bytes of a source from `offset` on in chunks as {@link cutIntoChunks} makes them. Those of a blob are read directly into the memory of the chunks where
 * the platform can: fresh memory for each piece costs a browser more than reading it. That memory may get another buffer meanwhile, so keep nothing of
 * what `memory` gave.
 */
export function chunksOf(
  source: OpenedSource,
  offset: number,
  chunkSize: number,
  signal: AbortSignal | undefined,
  memory: () => Uint8Array<ArrayBuffer>,
): AsyncIterable<Uint8Array<ArrayBuffer>> {
  const { blob } = source;
  const reader = blob === undefined || offset >= blob.size ? undefined : directReader(blob.slice(offset));
  return reader === undefined
    ? cutIntoChunks(source.open(offset, signal), chunkSize, signal, memory)
    : readDirectly(reader, signal, memory);
}

/** Undefined where a blob cannot be read into memory that is given. */
function directReader(blob: Blob): ReadableStreamBYOBReader | undefined {
  try {
    return blob.stream().getReader({ mode: 'byob' });
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}

async function* readDirectly(
  reader: ReadableStreamBYOBReader,
  signal: AbortSignal | undefined,
  memory: () => Uint8Array<ArrayBuffer>,
): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
  let isFinished = false;
  try {
    while (!isFinished) {
      const { byteOffset: start, length, buffer } = memory();
      // The buffer moves into the stream with each call, and back with what was read.
      let chunk = new Uint8Array(buffer, start, 0);
      while (chunk.length < length && !isFinished) {
        const rest = new Uint8Array(chunk.buffer, start + chunk.length, length - chunk.length);
        const { done, value } = await untilAborted(async () => reader.read(rest, { min: rest.length }), signal, 'reading the source');
        isFinished = done;
        if (value !== undefined) chunk = new Uint8Array(value.buffer, start, value.byteOffset - start + value.length);
      }
      if (chunk.length === length) yield chunk;
      else if (chunk.length > 0) yield chunk.slice();
    }
  } finally {
    // Not awaited: a source that hangs would hold the caller for ever.
    if (!isFinished) void reader.cancel().catch(() => undefined);
    else reader.releaseLock();
  }
}
