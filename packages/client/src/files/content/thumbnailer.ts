import type { Thumbnail } from '@pyrgos/core/model';

/** Content to make a thumbnail of. */
export interface ThumbnailSource {
  readonly mimeType: string;
  /** Bytes in all. */
  readonly size: number;
  /** All of it. A blob of the browser is passed on as it is; other content is read into memory, so ask only for what will be used. */
  blob(signal?: AbortSignal): Promise<Blob>;
  /** The first `length` bytes, or all when there are fewer. */
  head(length: number, signal?: AbortSignal): Promise<Uint8Array>;
}

/**
 * Makes thumbnails (chapter 04 section 18.2). Browsers: {@link CanvasThumbnailer}. Node has none by default, because no image decoder
 * comes with it; a program can bring one. May fail or take its time: an upload never fails for lack of a thumbnail.
 */
export interface Thumbnailer {
  /** At most MAX_THUMBNAIL_SIZE bytes of webp, jpeg or png, at most 400 x 400; undefined when there is nothing to show. */
  create(source: ThumbnailSource, signal?: AbortSignal): Promise<Thumbnail | undefined>;
}

/** Content of this size or less gets no thumbnail. */
const SMALLEST = 40;

/** What a thumbnail of a type is made from (chapter 04 section 18.2); undefined for types without. */
export type ThumbnailKind = 'image' | 'video' | 'cover';

/** What a thumbnail would be made from, or undefined when the content gets none. */
export function thumbnailKind(mimeType: string, size: number): ThumbnailKind | undefined {
  if (size <= SMALLEST) return undefined;
  if (mimeType.startsWith('image')) return mimeType === 'image/svg+xml' ? undefined : 'image';
  if (mimeType.startsWith('video')) return 'video';
  return mimeType.startsWith('audio/mpeg') ? 'cover' : undefined;
}
