import { untilAborted } from '../../waiting/until-aborted.js';

/** Places in a video that are looked at, as fractions of its length, in this order. */
const PLACES = [0.1, 0.25, 0.5, 0.75, 0];
/** Share of near black or near white pixels from which on a frame shows too little (chapter 04 section 18.2). */
const DULL_SHARE = 0.8;
/** Brightness, of 255, below which a pixel is near black, and above 255 minus which it is near white. */
const NEAR = 24;
/** Frames are judged at this size. */
const SAMPLE_SIDE = 32;
/** Milliseconds after which a decoder that says nothing is given up. */
const PATIENCE = 10_000;

/** An `ImageBitmap`; for a program without the types of browsers it is unknown. */
export type CapturedFrame = typeof globalThis extends { readonly createImageBitmap: (...parameters: never[]) => Promise<infer Bitmap> }
  ? Bitmap
  : unknown;

/**
 * A frame of a video that is not nearly all black or white; the best one there is when all are. Undefined on threads without video decoder
 * and for videos that the browser cannot play.
 */
export async function captureFrame(blob: Blob, signal: AbortSignal | undefined): Promise<CapturedFrame | undefined> {
  if (typeof document === 'undefined') return undefined;
  const video = document.createElement('video');
  const url = URL.createObjectURL(blob);
  try {
    video.muted = true;
    video.preload = 'auto';
    const isLoaded = happens(video, 'loadeddata', signal);
    video.src = url;
    if (!(await isLoaded)) return undefined;
    let best: { readonly frame: ImageBitmap; readonly dull: number } | undefined;
    for (const place of PLACES) {
      const frame = await frameAt(video, place, signal);
      if (frame === undefined) continue;
      const dull = dullShare(frame);
      if (best === undefined || dull < best.dull) {
        best?.frame.close();
        best = { frame, dull };
      } else frame.close();
      if (dull <= DULL_SHARE) break;
    }
    return best?.frame;
  } finally {
    video.removeAttribute('src');
    video.load();
    URL.revokeObjectURL(url);
  }
}

async function frameAt(video: HTMLVideoElement, place: number, signal: AbortSignal | undefined): Promise<ImageBitmap | undefined> {
  // A live recording has no length until it was played.
  const time = Number.isFinite(video.duration) ? video.duration * place : place;
  if (video.currentTime !== time) {
    const isThere = happens(video, 'seeked', signal);
    video.currentTime = time;
    if (!(await isThere)) return undefined;
  }
  return createImageBitmap(video);
}

/** Waits for an event of the video; false when it fails or says nothing for too long. */
async function happens(video: HTMLVideoElement, event: string, signal: AbortSignal | undefined): Promise<boolean> {
  const stop = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  try {
    const outcome = new Promise<boolean>((resolve) => {
      video.addEventListener(event, () => resolve(true), { once: true, signal: stop.signal });
      video.addEventListener('error', () => resolve(false), { once: true, signal: stop.signal });
      timer = setTimeout(() => resolve(false), PATIENCE);
    });
    return await untilAborted(async () => outcome, signal, 'making a thumbnail');
  } finally {
    clearTimeout(timer);
    stop.abort();
  }
}

/** The share of pixels that are near black or near white, whichever is larger. */
function dullShare(frame: ImageBitmap): number {
  const canvas = new OffscreenCanvas(SAMPLE_SIDE, SAMPLE_SIDE);
  const context = canvas.getContext('2d');
  if (context === null) return 1;
  context.drawImage(frame, 0, 0, SAMPLE_SIDE, SAMPLE_SIDE);
  const { data } = context.getImageData(0, 0, SAMPLE_SIDE, SAMPLE_SIDE);
  let black = 0;
  let white = 0;
  for (let i = 0; i < data.length; i += 4) {
    const brightness = ((data[i] ?? 0) + (data[i + 1] ?? 0) + (data[i + 2] ?? 0)) / 3;
    if (brightness < NEAR) black++;
    else if (brightness > 255 - NEAR) white++;
  }
  return Math.max(black, white) / (SAMPLE_SIDE * SAMPLE_SIDE);
}
