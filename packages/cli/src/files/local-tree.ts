import { lstat, open, opendir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { PyrgosError, type SizedSource } from '@pyrgos/client';

/** What is known of a file on this machine before it is read. */
export interface LocalFile {
  readonly size: number;
  readonly modified: Date;
}

/** Something in a folder of this machine. */
export interface LocalEntry extends LocalFile {
  readonly name: string;
  readonly path: string;
  readonly isDirectory: boolean;
}

/** A file on this machine as content of the client: it can be read from any place, so an upload that was cut off goes on where it stopped. */
export function localSource(path: string, size: number): SizedSource {
  return {
    size,
    open: async function* (offset, signal) {
      const file = await open(path);
      try {
        const before = await file.stat();
        const range = { start: offset, ...(size === 0 ? {} : { end: Math.max(offset, size - 1) }) };
        yield* file.createReadStream({ ...range, signal, autoClose: false }) as AsyncIterable<Uint8Array>;
        const { size: now, mtimeMs } = await file.stat();
        if (now !== before.size || mtimeMs !== before.mtimeMs) {
          throw new PyrgosError('conflict.source', 'The file was changed while it was read.', { retry: 'safe' });
        }
      } finally {
        await file.close();
      }
    },
  };
}

/** What is at a path; links are followed, because somebody has named it. PyrgosError `unsupported` for what is neither file nor folder; errors of the system. */
export async function localEntry(path: string): Promise<LocalFile & { readonly isDirectory: boolean }> {
  const info = await stat(path);
  if (!info.isFile() && !info.isDirectory()) throw notAFile();
  return { size: info.size, modified: info.mtime, isDirectory: info.isDirectory() };
}

/**
 * What is in a folder, one after the other. Links are not followed, and what is neither file nor folder cannot be stored: `problem` is told of both, and of
 * what cannot be looked at, and the rest comes all the same.
 */
export async function* localChildren(
  folder: string,
  problem: (path: string, error: unknown) => void,
): AsyncGenerator<LocalEntry, void, undefined> {
  const opened = await opendir(folder).catch((error: unknown) => {
    problem(folder, error);
    return [];
  });
  for await (const { name } of opened) {
    const path = join(folder, name);
    try {
      const info = await lstat(path);
      if (info.isSymbolicLink())
        throw new PyrgosError('unsupported', 'it is a link, which is not followed: put what it leads to by itself');
      if (!info.isFile() && !info.isDirectory()) throw notAFile();
      yield { name, path, isDirectory: info.isDirectory(), size: info.size, modified: info.mtime };
    } catch (error) {
      problem(path, name.includes('\uFFFD') ? new PyrgosError('unsupported', 'its name is no UTF-8: rename it') : error);
    }
  }
}

function notAFile(): PyrgosError {
  return new PyrgosError('unsupported', 'it is neither a file nor a folder, but a device, a pipe or a socket');
}
