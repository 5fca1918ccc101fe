import { CanvasThumbnailer, type Thumbnailer } from '@pyrgos/client';
import type { FrameQuestion } from '../calls.js';
import type { Handlers } from '../engine-host.js';

type Source = Parameters<Thumbnailer['create']>[0];
type MadeThumbnail = Awaited<ReturnType<Thumbnailer['create']>>;
type AskForFrame = (question: FrameQuestion) => Promise<ImageBitmap | undefined>;

/** Thumbnails made in the engine, except the frames of videos: browsers decode these in pages only, so the page is asked. */
export class PageThumbnailer implements Thumbnailer {
  private readonly canvas = new CanvasThumbnailer();
  private askForFrame: AskForFrame | undefined;

  /** Answers the call with which the page offers its decoder, until it is cancelled. */
  readonly service: Pick<Handlers, 'page.frames'> = {
    'page.frames': async (_, { signal, ask }) => {
      this.askForFrame = ask;
      await new Promise<void>((resolve) => {
        signal.addEventListener('abort', () => resolve(), { once: true });
      });
      return undefined;
    },
  };

  /** See {@link Thumbnailer.create}. */
  async create(source: Source, signal?: AbortSignal): Promise<MadeThumbnail> {
    if (!source.mimeType.startsWith('video')) return this.canvas.create(source, signal);
    if (this.askForFrame === undefined) return undefined;
    const frame = await this.askForFrame({ video: await source.blob(signal) });
    if (frame === undefined) return undefined;
    const picture = await pictureOf(frame);
    return this.canvas.create(
      {
        mimeType: picture.type,
        size: picture.size,
        blob: async () => picture,
        head: async (length) => new Uint8Array(await picture.slice(0, length).arrayBuffer()),
      },
      signal,
    );
  }
}

async function pictureOf(frame: ImageBitmap): Promise<Blob> {
  try {
    const canvas = new OffscreenCanvas(frame.width, frame.height);
    canvas.getContext('2d')?.drawImage(frame, 0, 0);
    return await canvas.convertToBlob({ type: 'image/png' });
  } finally {
    frame.close();
  }
}
