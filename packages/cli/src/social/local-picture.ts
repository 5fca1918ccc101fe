import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { formatSize } from '@pyrgos/server/config';
import type { FilesContext } from '../files/files-context.js';
import { printableName } from '../terminal.js';
import { UsageError } from '../usage-error.js';

/** A picture on this machine. */
export interface LocalPicture {
  readonly bytes: Buffer;
  /** What it is, as its first bytes say. */
  readonly mimeType: string;
}

/** Reads a picture that a command names, for `place`. UsageError for what is no file, has more than `maxSize` bytes, or is not of a kind that is shown everywhere; errors of the system. */
export async function localPicture(context: FilesContext, path: string, place: string, maxSize: number): Promise<LocalPicture> {
  const local = context.local(path);
  const { O_NONBLOCK, O_RDONLY } = constants;
  // A pipe would be waited for, and a device may have no end.
  const file = await open(local, O_RDONLY | O_NONBLOCK);
  try {
    const info = await file.stat();
    if (!info.isFile()) throw new UsageError(`${printableName(path)} is no file: name one with a picture.`);
    const tooLarge = `${printableName(path)} is too large: ${place} has ${formatSize(maxSize)} at most. Make it smaller.`;
    if (info.size > maxSize) throw new UsageError(tooLarge);
    const bytes = await file.readFile();
    if (bytes.length > maxSize) throw new UsageError(tooLarge);
    const mimeType = pictureType(bytes);
    if (mimeType === undefined) throw new UsageError(`${printableName(path)} is no picture: JPEG, PNG, GIF and WebP are shown everywhere.`);
    return { bytes, mimeType };
  } finally {
    await file.close();
  }
}

/** The type of what begins as the pictures do that every browser shows. */
function pictureType(bytes: Buffer): string | undefined {
  const begins = (text: string, at = 0): boolean => bytes.toString('latin1', at, at + text.length) === text;
  if (begins('\u00ff\u00d8\u00ff')) return 'image/jpeg';
  if (begins('\u0089PNG\r\n\u001a\n')) return 'image/png';
  if (begins('GIF8')) return 'image/gif';
  return begins('RIFF') && begins('WEBP', 8) ? 'image/webp' : undefined;
}
