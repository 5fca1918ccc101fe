import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import type { FileSystem, SizedSource, TreeEntry } from '@pyrgos/client';

/** A file on the disk as content: it can be read from any place, so an upload that was cut off goes on where it stopped. */
async function fileOnDisk(path: string): Promise<SizedSource> {
  const { size } = await stat(path);
  return { size, open: (offset, signal) => createReadStream(path, { start: offset, signal }) };
}

/** Everything in a folder of the disk, one after the other: nothing is read before its turn. Directories are named for the sake of empty ones. */
async function* entriesBelow(folder: string): AsyncGenerator<TreeEntry> {
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const onDisk = join(entry.parentPath, entry.name);
    const path = relative(folder, onDisk).split(sep);
    if (entry.isDirectory()) yield { path, isDirectory: true };
    // The stored hash is believed: what is there already is not downloaded to be compared.
    else if (entry.isFile()) yield { path, source: await fileOnDisk(onDisk), trustsHash: true };
  }
}

/**
 * Uploads a folder into the home directory. Call it again after it was cut off: what is there already is passed over by its hash, without a
 * download, and the large file that was on its way is resumed. Returns what came of each file, and how many bytes were dealt with.
 */
export async function uploadAFolder(
  files: FileSystem,
  folder: string,
  signal: AbortSignal,
): Promise<{ readonly outcomes: ReadonlyMap<string, string>; readonly bytes: number }> {
  const outcomes = new Map<string, string>();
  let bytes = 0;
  const written = files.writeTree(files.homePath, entriesBelow(folder), {
    signal,
    onProgress: ({ done }) => {
      bytes = done;
    },
    // By default what is there already with other content stays as it is: a backup would never be brought up to date.
    onExisting: 'replace',
    // One file that cannot be read does not keep the others from being stored.
    onError: () => 'skip',
  });
  for await (const { file, outcome } of written) outcomes.set(file.path.join('/'), outcome);
  return { outcomes, bytes };
}

/** Reads a file as a stream, with progress, until somebody does not want any more of it. Returns how many bytes came. */
export async function streamAFile(files: FileSystem, path: string, limit: number): Promise<number> {
  const cancel = new AbortController();
  let bytes = 0;
  try {
    const stream = await files.stream(path, {
      signal: cancel.signal,
      onProgress: ({ done }) => {
        bytes = done;
        if (done >= limit) cancel.abort();
      },
    });
    for await (const piece of stream) if (piece.length === 0) break;
  } catch (error) {
    // What was cancelled ends with an error whose code is `aborted`.
    if (!cancel.signal.aborted) throw error;
  }
  return bytes;
}
