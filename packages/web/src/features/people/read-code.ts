/** What of a picture counts: longer sides are made smaller, since what is held before a camera is large in its picture. */
const MAX_SIDE = 1200;

/** A picture, or a moment of a film. */
interface Drawable {
  readonly source: CanvasImageSource;
  readonly width: number;
  readonly height: number;
}

/** Reads QR codes in pictures; drawing them again and again takes one canvas. */
export class CodeReader {
  private readonly canvas = document.createElement('canvas');

  /** The text of the QR code in a picture; undefined when there is none to be seen. Nothing leaves the page. */
  async read({ source, width, height }: Drawable): Promise<string | undefined> {
    // Nobody needs it who scans nothing.
    const { decodeQR } = await import('qr/decode.js');
    const scale = Math.min(1, MAX_SIDE / Math.max(width, height));
    const size = { width: Math.round(width * scale), height: Math.round(height * scale) };
    if (size.width < 1 || size.height < 1) return undefined;
    Object.assign(this.canvas, size);
    const context = this.canvas.getContext('2d', { willReadFrequently: true });
    if (context === null) return undefined;
    context.drawImage(source, 0, 0, size.width, size.height);
    const { data } = context.getImageData(0, 0, size.width, size.height);
    try {
      return decodeQR({ ...size, data });
    } catch {
      // It throws for every picture without a code, and for each that cannot be read.
      return undefined;
    }
  }

  /** The text of the QR code in a file with a picture; undefined when there is none to be seen, or the file is no picture. */
  async readFile(file: Blob): Promise<string | undefined> {
    let picture: ImageBitmap;
    try {
      picture = await createImageBitmap(file);
    } catch {
      return undefined;
    }
    try {
      return await this.read({ source: picture, width: picture.width, height: picture.height });
    } finally {
      picture.close();
    }
  }
}

/** Whether a text can be that of a safety number: its code, or its digits. Other codes that come before a camera say nothing about anybody. */
export function isSafetyCode(text: string): boolean {
  const bare = text.replaceAll(/\s/gu, '');
  return /^\d{60}$/u.test(bare) || (bare.length % 2 === 0 && bare.length >= 128 && bare.length <= 512 && /^a[0-9a-f]+$/iu.test(bare));
}
