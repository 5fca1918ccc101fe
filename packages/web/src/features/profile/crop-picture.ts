/** Pixels of the small picture of a profile, as other clients make it. */
export const PHOTO_SIZE = 400;

/** Which square of a picture is taken, as shares of the room there is. */
export interface Crop {
  /** 1: as much as fits. */
  readonly zoom: number;
  /** 0: the left edge, 1: the right edge. */
  readonly x: number;
  readonly y: number;
}

/** The whole picture, from its middle. */
export const WHOLE: Crop = { zoom: 1, x: 0.5, y: 0.5 };

/** The square of a picture that is taken, in its own pixels. */
export function squareOf(
  { width, height }: { readonly width: number; readonly height: number },
  { zoom, x, y }: Crop,
): {
  readonly left: number;
  readonly top: number;
  readonly side: number;
} {
  const side = Math.min(width, height) / Math.max(1, zoom);
  return { left: (width - side) * x, top: (height - side) * y, side };
}

/** Draws the square of a picture so that it fills a canvas. */
export function drawCrop(canvas: HTMLCanvasElement, picture: ImageBitmap, crop: Crop): void {
  const context = canvas.getContext('2d');
  if (context === null) return;
  const { left, top, side } = squareOf(picture, crop);
  context.clearRect(0, 0, canvas.width, canvas.height);
  context.imageSmoothingQuality = 'high';
  context.drawImage(picture, left, top, side, side, 0, 0, canvas.width, canvas.height);
}

/** The square of a picture as a small PNG; undefined when the browser cannot make one. */
export async function cropPicture(picture: ImageBitmap, crop: Crop): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const canvas = document.createElement('canvas');
  canvas.width = PHOTO_SIZE;
  canvas.height = PHOTO_SIZE;
  drawCrop(canvas, picture, crop);
  const blob = await new Promise<Blob | null>((resolve) => {
    canvas.toBlob(resolve, 'image/png');
  });
  return blob === null ? undefined : new Uint8Array(await blob.arrayBuffer());
}
