import type { FileSystem } from '@pyrgos/client';

/**
 * Ends every share of a file or directory, whoever made it with whatever client, and encrypts its content anew. Returns how many files that were. Whoever
 * is to keep access must be given it again.
 */
export async function takeBack(files: FileSystem, path: string): Promise<number> {
  // In one piece, and quick: nothing of the contents is uploaded. From here on the old keys find no name, no list, no size, and nothing new.
  await files.rotateKeys(path, { newWritingSpace: true });

  // What is there already could still be read by who has kept its keys and addresses. This downloads and uploads all of it, and may be cut off and called again.
  return files.reencrypt(path);
}
