import { type FileSystem, Thumbnail } from '@pyrgos/client';

/** Keeps pictures with a preview, one of them hidden. Returns what a gallery shows. */
export async function pictures(files: FileSystem, picture: Uint8Array, preview: Uint8Array): Promise<string[]> {
  const folder = `${files.homePath}/pictures`;
  await files.write(`${folder}/lighthouse.png`, picture, {
    parents: true,
    created: new Date('2024-06-01'),
    thumbnail: Thumbnail.of('image/png', preview),
  });
  await files.write(`${folder}/draft.png`, picture, { isHidden: true });

  // What is said about a file can be changed without its content.
  await files.setProperties(`${folder}/lighthouse.png`, { modified: new Date('2024-06-02') });

  const shown: string[] = [];
  for await (const entry of files.list(folder)) {
    if (entry.isDamaged || entry.isHidden) continue;
    // A picture by somebody else: give it to an image decoder, as a Blob of its `mimeType`, and to nothing else.
    const size = entry.thumbnail?.bytes.length ?? 0;
    shown.push(`${entry.name}: ${entry.type}, ${entry.created.toISOString().slice(0, 10)}, a preview of ${size} bytes`);
  }
  return shown;
}
