import type { FileSystem } from '@pyrgos/client';

/** Stores a large file, reads a piece out of its middle, and all of it as a stream. Returns how many bytes came back. */
export async function largeFiles(files: FileSystem, content: Uint8Array): Promise<number> {
  const path = `${files.homePath}/film.bin`;
  const cancel = new AbortController();

  // Progress, cancelling, and no more than a few chunks in memory. When the program dies half-way, the same call goes on where it stopped.
  let percent = 0;
  await files.write(path, new Blob([content as Uint8Array<ArrayBuffer>]), {
    signal: cancel.signal,
    onProgress: ({ done, total = done }) => {
      percent = Math.round((100 * done) / total);
    },
  });
  if (percent !== 100) throw new Error('this never happens');

  // Any place in the file costs one chunk of 5 MiB.
  const reader = await files.open(path);
  await reader.read(Math.floor(reader.size / 2), Math.floor(reader.size / 2) + 10);

  let bytes = 0;
  for await (const piece of await files.stream(path)) bytes += piece.length;

  // A look at everything: what is damaged or missing is reported, the rest is looked at all the same.
  for await (const { path: place, error } of files.verify(files.homePath, { content: true })) throw new Error(place, { cause: error });
  return bytes;
}
