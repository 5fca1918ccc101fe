import { throwIfAborted } from '@pyrgos/core/errors';
import { MAX_THUMBNAIL_SIZE } from '@pyrgos/core/limits';
import { Thumbnail } from '@pyrgos/core/model';
import { coverPicture, ID3_HEADER_SIZE, id3TagSize } from './id3-cover.js';
import { type Thumbnailer, thumbnailKind, type ThumbnailSource } from './thumbnailer.js';
import { captureFrame } from './video-frame.js';

/** Longest side of a thumbnail, in pixels (chapter 04 section 18.2). */
const MAX_SIDE = 400;
/** Below this side no smaller picture is tried. */
const MIN_SIDE = 25;
/** Larger images are not decoded. */
const MAX_IMAGE_SIZE = 67_108_864;
/** Longer tags are not searched for a cover. */
const MAX_TAG_SIZE = 16_777_216;
const QUALITY = 0.8;

/** Whether this thread can draw: a page or a worker of a browser. */
export function canDraw(): boolean {
  return typeof OffscreenCanvas === 'function' && typeof createImageBitmap === 'function';
}

/**
 * Thumbnails by the browser's own decoders: images, covers of MP3 files, and, on a page (a worker has no video decoder), a frame of videos.
 * Fitted into 400 x 400 pixels with their aspect ratio, webp, or jpeg where the browser cannot write webp; halved until they are small
 * enough (chapter 04 section 18.2).
 */
export class CanvasThumbnailer implements Thumbnailer {
  /** See {@link Thumbnailer.create}; undefined as well when the browser cannot decode the content. */
  async create(source: ThumbnailSource, signal?: AbortSignal): Promise<Thumbnail | undefined> {
    const bitmap = await bitmapOf(source, signal);
    if (bitmap === undefined) return undefined;
    try {
      for (let side = MAX_SIDE; side >= MIN_SIDE; side = Math.floor(side / 2)) {
        throwIfAborted(signal, 'making a thumbnail');
        const blob = await encoded(bitmap, side);
        if (blob !== undefined && blob.size <= MAX_THUMBNAIL_SIZE) {
          return Thumbnail.of(blob.type, new Uint8Array(await blob.arrayBuffer()));
        }
      }
      return undefined;
    } finally {
      bitmap.close();
    }
  }
}

async function bitmapOf(source: ThumbnailSource, signal: AbortSignal | undefined): Promise<ImageBitmap | undefined> {
  switch (thumbnailKind(source.mimeType, source.size)) {
    case 'image':
      return source.size > MAX_IMAGE_SIZE ? undefined : createImageBitmap(await source.blob(signal));
    case 'video':
      return captureFrame(await source.blob(signal), signal);
    case 'cover': {
      const size = id3TagSize(await source.head(ID3_HEADER_SIZE, signal));
      if (size === 0 || size > MAX_TAG_SIZE) return undefined;
      const cover = coverPicture(await source.head(size, signal));
      return cover === undefined ? undefined : createImageBitmap(new Blob([new Uint8Array(cover.bytes)], { type: cover.mimeType }));
    }
    default:
      return undefined;
  }
}

async function encoded(bitmap: ImageBitmap, side: number): Promise<Blob | undefined> {
  const scale = Math.min(1, side / Math.max(bitmap.width, bitmap.height));
  const width = Math.max(1, Math.round(bitmap.width * scale));
  const height = Math.max(1, Math.round(bitmap.height * scale));
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d');
  if (context === null) return undefined;
  context.imageSmoothingQuality = 'high';
  context.drawImage(bitmap, 0, 0, width, height);
  for (const type of ['image/webp', 'image/jpeg']) {
    const blob = await canvas.convertToBlob({ type, quality: QUALITY });
    // A browser that does not know the type answers with a png.
    if (blob.type === type) return blob;
  }
  return undefined;
}
