import { captureFrame } from '@pyrgos/client/files';

/** Videos are looked at one after the other: decoders are few. */
let last: Promise<unknown> = Promise.resolve();

/** A frame of a video that shows something; undefined when the browser cannot play it. */
export async function videoFrame(video: Blob): Promise<ImageBitmap | undefined> {
  const frame = last.then(async () => captureFrame(video, undefined));
  last = frame.catch(() => undefined);
  return frame;
}
