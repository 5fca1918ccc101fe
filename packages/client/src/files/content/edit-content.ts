import { assertInteger, concatBytes } from '@pyrgos/core/bytes';
import { ConflictError, LimitError } from '@pyrgos/core/errors';
import { MAX_FILE_SIZE } from '@pyrgos/core/limits';
import {
  CHUNK_SIZE,
  chunkCount,
  chunkIndexOf,
  chunkLength,
  detectMimeType,
  type FilePropertiesChanges,
  MIME_HEAD_SIZE,
  Timestamp,
} from '@pyrgos/core/model';
import { systemClock } from '../../commit/index.js';
import { refresh } from '../structure/refresh.js';
import { FileChunks, type Item, type OperationView } from '../view/index.js';
import { type ByteSource, cutIntoChunks, openSource } from './byte-source.js';
import { changeFile, isRewriteDue } from './change-file.js';
import { assertContentCall, assertUploadOptions } from './content-arguments.js';
import type { ContentPorts } from './content-ports.js';
import type { ProgressListener } from '../../waiting/progress.js';
import { ProgressMeter } from './content-progress.js';
import { lentSource } from './lent-source.js';
import { sourceChanged } from './prepared-content.js';
import { refreshThumbnail } from './refresh-thumbnail.js';
import type { PlainChunk } from './seal-chunks.js';

/** How a part of a file is changed. */
export interface EditOptions {
  /** Default: now. */
  readonly modified?: Timestamp | undefined;
  readonly onProgress?: ProgressListener | undefined;
}

/** How bytes are appended. */
export interface AppendOptions extends EditOptions {
  /** ConflictError `conflict.file` when the file has another size: somebody else has changed it. */
  readonly expectedSize?: number | undefined;
}

/**
 * Writes bytes into a file from `start` on, over what is there and beyond its end (chapter 04 section 15.1). ConflictError `conflict.file`
 * when that would leave a hole: the file ends before `start`, perhaps only since somebody has cut it. Bytes that tell the type of the file bring it a new one, and a new thumbnail. A change of more than 10 MiB is sent before this
 * returns. DeniedError `denied.file` without write access.
 */
export async function overwriteSection(
  operation: OperationView,
  ports: ContentPorts,
  file: Item,
  start: number,
  source: ByteSource,
  options: EditOptions = {},
): Promise<Item> {
  assertContentCall(operation, ports, 'file', file, options);
  assertUploadOptions(options);
  return overwriteFrom(operation, ports, await refresh(operation, file), start, source, options);
}

/** Writes bytes behind the last one of a file (section 15.2). Otherwise as {@link overwriteSection}. */
export async function appendContent(
  operation: OperationView,
  ports: ContentPorts,
  file: Item,
  source: ByteSource,
  options: AppendOptions = {},
): Promise<Item> {
  assertContentCall(operation, ports, 'file', file, options);
  assertUploadOptions(options);
  const current = await refresh(operation, file);
  const { size } = current.requireFile().opened.properties;
  if (options.expectedSize !== undefined && options.expectedSize !== size) {
    throw new ConflictError('conflict.file', 'The file has another size than expected: somebody else has changed it.', { size });
  }
  return overwriteFrom(operation, ports, current, size, source, options);
}

/**
 * Cuts a file off behind `newSize` bytes; does nothing when it has no more (section 15.3). Chunks and bytes beyond are gone, the rest keeps
 * its place. Otherwise as {@link overwriteSection}.
 */
export async function truncateFile(
  operation: OperationView,
  ports: ContentPorts,
  file: Item,
  newSize: number,
  options: EditOptions = {},
): Promise<Item> {
  assertContentCall(operation, ports, 'file', file, options);
  assertUploadOptions(options);
  assertInteger('newSize', newSize, 0, MAX_FILE_SIZE);
  const current = await refresh(operation, file);
  current.requireFile().requireSigner();
  const { size, name } = current.opened.properties;
  if (newSize >= size) return current;
  const last = chunkIndexOf(newSize);
  const length = newSize - last * CHUNK_SIZE;
  let properties: FilePropertiesChanges = { modified: timeOf(ports, options) };
  const chunks = async function* (signal: AbortSignal): AsyncGenerator<PlainChunk> {
    // A cut between two chunks leaves those before it as they are.
    if (length === 0 && last > 0) return;
    const data = length === 0 ? new Uint8Array() : (await contentOf(operation, current, last, signal)).slice(0, length);
    if (newSize < MIME_HEAD_SIZE) properties = { ...properties, mimeType: detectMimeType(data, name) };
    yield { index: last, data };
  };
  const change = { chunks, size: () => newSize, room: 0, isComplete: last === 0, bytes: length, properties: () => properties };
  return changeFile(operation, ports, current, change, new ProgressMeter(length, options.onProgress));
}

/**
 * Encrypts a file anew under fresh keys when a revocation has made that due (sections 15.4 and 22.5), with exactly the bytes that it has;
 * otherwise does nothing. Nothing else of it changes; capabilities stay valid. Every change of content does this by itself.
 */
export async function cleanFile(
  operation: OperationView,
  ports: ContentPorts,
  file: Item,
  options: Pick<EditOptions, 'onProgress'> = {},
): Promise<Item> {
  assertContentCall(operation, ports, 'file', file, options);
  assertUploadOptions(options);
  const current = await refresh(operation, file);
  current.requireFile().requireSigner();
  const { size } = current.opened.properties;
  if (!isRewriteDue(current)) return current;
  const nothing = async function* (): AsyncGenerator<PlainChunk> {
    // All chunks stay what they are.
  };
  const change = { chunks: nothing, size: () => size, room: 0, isComplete: false, bytes: 0, properties: () => ({}) };
  return changeFile(operation, ports, current, change, new ProgressMeter(size, options.onProgress));
}

async function overwriteFrom(
  operation: OperationView,
  ports: ContentPorts,
  file: Item,
  start: number,
  source: ByteSource,
  options: EditOptions,
): Promise<Item> {
  file.requireFile().requireSigner();
  const { size, name } = file.opened.properties;
  assertInteger('start', start, 0, MAX_FILE_SIZE);
  if (start > size)
    throw new ConflictError('conflict.file', 'The file ends before the place to write at: nothing was written.', { start, size });
  const opened = lentSource(operation, openSource(source));
  if (opened.size === 0) return file;
  const first = chunkIndexOf(start);
  let written = 0;
  let head: Uint8Array | undefined;
  const pieces = async function* (signal: AbortSignal): AsyncGenerator<Uint8Array> {
    const before = start - first * CHUNK_SIZE;
    if (before > 0) yield (await contentOf(operation, file, first, signal)).subarray(0, before);
    for await (const piece of opened.open(0, signal)) {
      written += piece.length;
      if (start + written > MAX_FILE_SIZE) throw new LimitError('file size', start + written, MAX_FILE_SIZE);
      yield piece;
    }
    if (opened.size !== undefined && written !== opened.size) throw sourceChanged();
  };
  const chunks = async function* (signal: AbortSignal): AsyncGenerator<PlainChunk> {
    let index = first;
    for await (const data of cutIntoChunks(pieces(signal), CHUNK_SIZE, signal)) {
      const isWhole = data.length >= chunkLength(size, index);
      const whole = isWhole ? data : concatBytes(data, (await contentOf(operation, file, index, signal)).subarray(data.length));
      if (index === 0 && start < MIME_HEAD_SIZE) head = whole.slice(0, MIME_HEAD_SIZE);
      yield { index, data: whole };
      index++;
    }
  };
  const end = opened.size === undefined ? undefined : start + opened.size;
  const lastTouched = end === undefined ? undefined : chunkIndexOf(end - 1);
  const newSize = end === undefined ? undefined : Math.max(size, end);
  const bytes =
    lastTouched === undefined || newSize === undefined ? undefined : Math.min(newSize, (lastTouched + 1) * CHUNK_SIZE) - first * CHUNK_SIZE;
  const modified = timeOf(ports, options);
  return changeFile(
    operation,
    ports,
    file,
    {
      chunks,
      size: () => Math.max(size, start + written),
      room: bytes,
      isComplete: first === 0 && newSize !== undefined && lastTouched === chunkCount(newSize) - 1,
      bytes,
      properties: () => (head === undefined ? { modified } : { modified, mimeType: detectMimeType(head, name), thumbnail: undefined }),
      alsoCommit: async (changed) => (head === undefined ? changed : refreshThumbnail(operation, ports, changed)),
    },
    new ProgressMeter(opened.size, options.onProgress),
  );
}

/** The bytes that a file has in one of its chunks. */
async function contentOf(operation: OperationView, file: Item, index: number, signal: AbortSignal): Promise<Uint8Array> {
  const chunks = new FileChunks(operation, file);
  return chunks.content(await chunks.chunk(index, signal), signal);
}

function timeOf(ports: ContentPorts, { modified }: EditOptions): Timestamp {
  return modified ?? Timestamp.now(ports.clock ?? systemClock);
}
