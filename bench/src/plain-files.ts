import { close, fsync, open, write } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';

/** The least that makes bytes durable: a file is created, written, synced and closed. With callbacks, which cost least. */
async function writeDurably(path: string, bytes: Uint8Array): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    open(path, 'wx', 0o600, (openError, descriptor) => {
      if (openError !== null) {
        reject(openError);
        return;
      }
      const end = (error: Error | null): void =>
        close(descriptor, (closeError) => ((error ?? closeError) ? reject(error ?? closeError) : resolve()));
      write(descriptor, bytes, 0, bytes.length, null, (writeError, written) => {
        if (writeError !== null) end(writeError);
        else if (written !== bytes.length) end(new Error('a short write'));
        else fsync(descriptor, end);
      });
    });
  });
}

/**
 * What uploads are compared with: a file for every block, in a new folder. `inFlight` batches are under way at a time, and all blocks of
 * a batch at once, as far as Node's threads go: whoever has a batch need not wait for one block before the next.
 */
export async function writePlainFiles(parent: string, batches: readonly (readonly Uint8Array[])[], inFlight: number): Promise<void> {
  const folder = await mkdtemp(join(parent, 'plain-'));
  let next = 0;
  let name = 0;
  const work = async (): Promise<void> => {
    for (let batch = batches[next++]; batch !== undefined; batch = batches[next++]) {
      await Promise.all(batch.map(async (bytes) => writeDurably(join(folder, String(name++)), bytes)));
    }
  };
  await Promise.all(Array.from({ length: inFlight }, work));
}
