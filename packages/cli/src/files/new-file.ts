import { open, rm } from 'node:fs/promises';
import { ConflictError } from '@pyrgos/client';
import { printableName } from '../terminal.js';

/**
 * Writes a file of this machine that is not there yet; one that cannot be finished is taken away. ConflictError `conflict.exists` when there is something already; errors of the content and
 * of the system.
 */
export async function writeNewFile(path: string, content: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<void> {
  const file = await open(path, 'wx').catch((error: unknown) => {
    if (!(error instanceof Error) || !('code' in error) || error.code !== 'EEXIST') throw error;
    const text = `there is something at ${printableName(path)} already: take another name, or remove it first`;
    throw new ConflictError('conflict.exists', text, { local: path });
  });
  try {
    for await (const piece of content) await file.writeFile(piece);
  } catch (error) {
    await file.close();
    await rm(path, { force: true });
    // Writing to an open file fails without its name.
    if (error instanceof Error && 'syscall' in error && !('path' in error)) Object.assign(error, { path });
    throw error;
  }
  await file.close();
}
