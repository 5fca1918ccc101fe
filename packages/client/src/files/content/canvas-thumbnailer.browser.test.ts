import { concatBytes } from '@pyrgos/core/bytes';
import { MAX_THUMBNAIL_SIZE } from '@pyrgos/core/limits';
import type { Thumbnail } from '@pyrgos/core/model';
import { describe, expect, it } from 'vitest';
import { outcome } from '../../../test/commit-world.js';
import { canDraw, CanvasThumbnailer } from './canvas-thumbnailer.js';
import type { ThumbnailSource } from './thumbnailer.js';

const thumbnailer = new CanvasThumbnailer();

function sourceOf(blob: Blob, mimeType = blob.type): ThumbnailSource {
  return {
    mimeType,
    size: blob.size,
    blob: async () => blob,
    head: async (length) => new Uint8Array(await blob.slice(0, length).arrayBuffer()),
  };
}

/** A picture of one colour, or of noise. */
async function picture(width: number, height: number, colour: string | undefined, type = 'image/png'): Promise<Blob> {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d')!;
  if (colour !== undefined) {
    context.fillStyle = colour;
    context.fillRect(0, 0, width, height);
  } else {
    const image = context.createImageData(width, height);
    for (let i = 0; i < image.data.length; i++) image.data[i] = i % 4 === 3 ? 255 : (Math.imul(i, 2_654_435_761) >>> 13) & 255;
    context.putImageData(image, 0, 0);
  }
  return canvas.convertToBlob({ type });
}

interface Shown {
  readonly width: number;
  readonly height: number;
  /** Of the pixel in the middle. */
  readonly colour: readonly number[];
}

async function shown(thumbnail: Thumbnail | undefined): Promise<Shown> {
  const bitmap = await createImageBitmap(new Blob([new Uint8Array(thumbnail!.bytes)], { type: thumbnail!.mimeType }));
  const { width, height } = bitmap;
  const context = new OffscreenCanvas(width, height).getContext('2d')!;
  context.drawImage(bitmap, 0, 0);
  return { width, height, colour: [...context.getImageData(width >> 1, height >> 1, 1, 1).data].slice(0, 3) };
}

describe('thumbnails of images', () => {
  it('fit into 400 x 400 with their aspect ratio, as webp (section 18.2)', async () => {
    expect(canDraw()).toBe(true);
    for (const [width, height, expected] of [
      [1600, 800, [400, 200]],
      [300, 3000, [40, 400]],
      [200, 100, [200, 100]],
      [5000, 2, [400, 1]],
    ] as const) {
      const thumbnail = await thumbnailer.create(sourceOf(await picture(width, height, 'rgb(200, 40, 40)')));
      expect(thumbnail!.mimeType).toBe('image/webp');
      const { width: shownWidth, height: shownHeight, colour } = await shown(thumbnail);
      expect([shownWidth, shownHeight]).toEqual(expected);
      expect(Math.abs(colour[0]! - 200) + Math.abs(colour[1]! - 40) + Math.abs(colour[2]! - 40)).toBeLessThan(40);
    }
  });

  it('are small enough, whatever they show', async () => {
    const thumbnail = await thumbnailer.create(sourceOf(await picture(1200, 1200, undefined)));
    expect(thumbnail!.bytes.length).toBeLessThanOrEqual(MAX_THUMBNAIL_SIZE);
    expect((await shown(thumbnail)).width).toBeGreaterThanOrEqual(100);
  });

  it('are refused for what is no image', async () => {
    const junk = new Blob([new Uint8Array(1000)], { type: 'image/png' });
    expect(await outcome(thumbnailer.create(sourceOf(junk)))).not.toBe('resolved');
    expect(await thumbnailer.create(sourceOf(await picture(10, 10, 'red'), 'text/plain'))).toBeUndefined();
    expect(await thumbnailer.create(sourceOf(await picture(100, 100, 'red'), 'image/svg+xml'))).toBeUndefined();
  });

  it('come from the cover of an MP3 file', async () => {
    const cover = new Uint8Array(await (await picture(500, 500, 'rgb(0, 0, 250)', 'image/jpeg')).arrayBuffer());
    const ascii = (text: string): Uint8Array => Uint8Array.from(text, (char) => char.charCodeAt(0));
    const body = concatBytes(ascii('\0image/jpeg\0\x03\0'), cover);
    const length = (value: number, bits: number): Uint8Array =>
      Uint8Array.from([3, 2, 1, 0], (i) => Math.floor(value / 2 ** (bits * i)) % 2 ** bits);
    const frame = concatBytes(ascii('APIC'), length(body.length, 8), Uint8Array.of(0, 0), body);
    const tag = concatBytes(ascii('ID3'), Uint8Array.of(3, 0, 0), length(frame.length, 7), frame);
    const file = new Blob([new Uint8Array(tag), new Uint8Array(5000)]);
    const { width, colour } = await shown(await thumbnailer.create(sourceOf(file, 'audio/mpeg')));
    expect(width).toBe(400);
    expect(colour[2]).toBeGreaterThan(200);
    expect(await thumbnailer.create(sourceOf(new Blob([new Uint8Array(5000)]), 'audio/mpeg'))).toBeUndefined();
  });
});

describe('thumbnails of videos', () => {
  /** A video that is black at first and green then. */
  async function video(): Promise<Blob> {
    const canvas = document.createElement('canvas');
    canvas.width = 160;
    canvas.height = 120;
    const context = canvas.getContext('2d')!;
    const recorder = new MediaRecorder(canvas.captureStream(30), { mimeType: 'video/webm' });
    const parts: Blob[] = [];
    recorder.ondataavailable = ({ data }) => void parts.push(data);
    const stopped = new Promise((resolve) => recorder.addEventListener('stop', resolve, { once: true }));
    recorder.start(50);
    for (let frame = 0; frame < 40; frame++) {
      context.fillStyle = frame < 20 ? 'black' : 'rgb(0, 160, 0)';
      context.fillRect(0, 0, 160, 120);
      await new Promise((resolve) => requestAnimationFrame(resolve));
    }
    recorder.stop();
    await stopped;
    return new Blob(parts, { type: 'video/webm' });
  }

  it('show a frame that is not all black', async () => {
    const { width, height, colour } = await shown(await thumbnailer.create(sourceOf(await video(), 'video/webm')));
    expect([width, height]).toEqual([160, 120]);
    expect(colour[1]).toBeGreaterThan(80);
  });

  it('are none for what cannot be played', async () => {
    expect(await thumbnailer.create(sourceOf(new Blob([new Uint8Array(1000)]), 'video/mp4'))).toBeUndefined();
  });
});
