import { type FileSystem, PyrgosError } from '@pyrgos/client';
import { childOf, nameOf, numberedName } from '../paths.js';

/** Names that are tried before somebody else is asked to choose. */
const MAX_TRIES = 1000;

/** Does something under the first of `name`, `name (2)`, `name (3)` … that is not in use; gives that name. */
export async function withFreeName(name: string, attempt: (free: string) => Promise<void>): Promise<string> {
  for (let number = 1; ; number++) {
    const free = number === 1 ? name : numberedName(name, number);
    try {
      await attempt(free);
      return free;
    } catch (error) {
      if (!(error instanceof PyrgosError) || error.code !== 'conflict.exists' || number >= MAX_TRIES) throw error;
    }
  }
}

/** Moves something into a directory, under another name when its own is in use there; gives the new path. */
export async function moveUnderFreeName(files: FileSystem, path: string, directory: string, signal: AbortSignal): Promise<string> {
  const name = await withFreeName(nameOf(path), async (free) => {
    await files.move(path, directory, { name: free, signal });
  });
  return childOf(directory, name);
}
