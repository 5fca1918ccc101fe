import type { ChatPicture } from '../../engine/chat-calls.js';
import { type Crop, drawCrop } from '../profile/crop-picture.js';

/** Bytes of the largest picture that is made for a chat: it is a part of a message, which every member keeps. */
export const MAX_ICON_BYTES = 20_000;

/** A way to write a picture. */
export interface IconForm {
  /** Pixels of each side. */
  readonly side: number;
  readonly mimeType: 'image/png' | 'image/jpeg';
  /** 0 to 1; of JPEG only. */
  readonly quality: number;
}

/** The ways that are tried, the best first: drawings stay sharp and keep what is transparent, photographs get as much as there is room for. */
const FORMS: readonly IconForm[] = [
  { side: 128, mimeType: 'image/png', quality: 1 },
  ...[0.92, 0.85, 0.75, 0.6].map((quality) => ({ side: 128, mimeType: 'image/jpeg' as const, quality })),
  { side: 64, mimeType: 'image/jpeg', quality: 0.6 },
];

/** Writes a picture in the best form in which it is small enough; undefined when `write` makes none. */
export async function firstSmallEnough(write: (form: IconForm) => Promise<ChatPicture | undefined>): Promise<ChatPicture | undefined> {
  for (const form of FORMS) {
    const picture = await write(form);
    if (picture !== undefined && picture.bytes.length <= MAX_ICON_BYTES) return picture;
  }
  return undefined;
}

/** The square of a picture as the picture of a chat: made anew, so that nothing of the file goes with it but what is seen. Undefined when the browser cannot. */
export async function iconOf(picture: ImageBitmap, crop: Crop): Promise<ChatPicture | undefined> {
  return firstSmallEnough(async ({ side, mimeType, quality }) => {
    const canvas = document.createElement('canvas');
    canvas.width = side;
    canvas.height = side;
    drawCrop(canvas, picture, crop);
    if (mimeType === 'image/jpeg') paintBehind(canvas);
    const blob = await new Promise<Blob | null>((resolve) => {
      canvas.toBlob(resolve, mimeType, quality);
    });
    // A browser that does not know the form takes another one.
    return blob === null ? undefined : { bytes: new Uint8Array(await blob.arrayBuffer()), mimeType: blob.type };
  });
}

/** JPEG has nothing transparent: it would be black. */
function paintBehind(canvas: HTMLCanvasElement): void {
  const context = canvas.getContext('2d');
  if (context === null) return;
  context.globalCompositeOperation = 'destination-over';
  context.fillStyle = 'white';
  context.fillRect(0, 0, canvas.width, canvas.height);
}
