import type { FileSystem } from './file-system.js';

/** Writes all bytes, in as many calls as it takes. */
export async function writeWhole(fileSystem: Pick<FileSystem, 'write'>, descriptor: number, bytes: Uint8Array): Promise<void> {
  for (let offset = 0; offset < bytes.length;) {
    const written = await fileSystem.write(descriptor, bytes, offset);
    if (written <= 0) throw new Error('nothing was written');
    offset += written;
  }
}
