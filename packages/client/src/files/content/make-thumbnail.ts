import { AbortedError, LimitError, throwIfAborted } from '@pyrgos/core/errors';
import { Thumbnail } from '@pyrgos/core/model';
import { cutIntoChunks, type OpenedSource } from './byte-source.js';
import type { OperationView } from '../view/index.js';
import { readHead } from './prepared-content.js';
import { type Thumbnailer, thumbnailKind, type ThumbnailSource } from './thumbnailer.js';
import { untilAborted } from '../../waiting/until-aborted.js';

/** Content that is no blob already is read into memory for a thumbnail up to this size. */
const MAX_COPIED = 67_108_864;
const PIECE_SIZE = 1_048_576;

/** Makes a thumbnail, or gives the one that it has made before. */
export type ThumbnailOnce = (make: () => Promise<Thumbnail | undefined>) => Promise<Thumbnail | undefined>;

/** For one content: a change of it that is repeated does not ask the thumbnailer again. */
export function thumbnailOnce(): ThumbnailOnce {
  let made: { readonly thumbnail: Thumbnail | undefined } | undefined;
  return async (make) => {
    made ??= { thumbnail: await make() };
    return made.thumbnail;
  };
}

/**
 * {@link makeThumbnail} inside an operation, which lends its turn meanwhile: a thumbnailer is code of somebody else, which may take its time, or make changes of
 * its own. Whoever has read anything before must catch up with them when {@link OperationView.wasLent}.
 */
export async function lentThumbnail(
  operation: OperationView,
  thumbnailer: Thumbnailer | undefined,
  source: OpenedSource | undefined,
  mimeType: string,
  once: ThumbnailOnce = thumbnailOnce(),
): Promise<Thumbnail | undefined> {
  if (!isDue(thumbnailer, source, mimeType)) return undefined;
  return once(async () => (await operation.lend(async () => makeThumbnail(thumbnailer, source, mimeType, operation.signal))).result);
}

function isDue(thumbnailer: Thumbnailer | undefined, source: OpenedSource | undefined, mimeType: string): boolean {
  return thumbnailer !== undefined && source?.size !== undefined && thumbnailKind(mimeType, source.size) !== undefined;
}

/**
 * A thumbnail of content that can be read again, as chapter 04 section 18.2 demands one; undefined when there is none to be had: whatever
 * goes wrong, no upload fails for it. AbortedError.
 */
async function makeThumbnail(
  thumbnailer: Thumbnailer | undefined,
  source: OpenedSource | undefined,
  mimeType: string,
  signal: AbortSignal | undefined,
): Promise<Thumbnail | undefined> {
  if (thumbnailer === undefined || source?.size === undefined || thumbnailKind(mimeType, source.size) === undefined) return undefined;
  const { size } = source;
  const input: ThumbnailSource = {
    mimeType,
    size,
    blob: async () => source.blob ?? copied(source, size, mimeType, signal),
    head: (length) => readHead(source, signal, length),
  };
  try {
    const thumbnail: unknown = await untilAborted(async () => thumbnailer.create(input, signal), signal, 'making a thumbnail');
    return thumbnail instanceof Thumbnail ? thumbnail : undefined;
  } catch (error) {
    throwIfAborted(signal, 'making a thumbnail');
    if (error instanceof AbortedError) throw error;
    return undefined;
  }
}

async function copied(source: OpenedSource, size: number, type: string, signal: AbortSignal | undefined): Promise<Blob> {
  if (size > MAX_COPIED) throw new LimitError('content of a thumbnail', size, MAX_COPIED);
  const parts: Uint8Array<ArrayBuffer>[] = [];
  for await (const part of cutIntoChunks(source.open(0, signal), PIECE_SIZE, signal)) parts.push(part);
  return new Blob(parts, { type });
}
