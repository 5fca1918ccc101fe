import { randomBytes } from 'node:crypto';
import { close, fsync, open, write } from 'node:fs';
import { join } from 'node:path';

/** The least that makes bytes durable: a file is created, written, synced and closed. With callbacks, which cost least. */
async function writeDurably(path: string, bytes: Uint8Array): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    open(path, 'wx', 0o600, (openError, descriptor) => {
      if (openError !== null) {
        reject(openError);
        return;
      }
      const end = (error: Error | null): void => {
        close(descriptor, (closeError) => {
          const failure = error ?? closeError;
          if (failure === null || failure === undefined) resolve();
          else reject(failure);
        });
      };
      write(descriptor, bytes, 0, bytes.length, null, (writeError, written) => {
        if (writeError !== null) end(writeError);
        else if (written !== bytes.length) end(new Error('a short write'));
        else fsync(descriptor, end);
      });
    });
  });
}

/** What uploads are compared with: a file for every block in one folder. */
export class PlainFiles {
  private readonly prefix: string = randomBytes(4).toString('hex');
  private next = 0;

  constructor(private readonly folder: string) {}

  /** Writes all at once, as far as Node's threads go; resolves when all are on disk. */
  async write(blocks: readonly Uint8Array[]): Promise<void> {
    await Promise.all(blocks.map(async (bytes) => writeDurably(join(this.folder, `${this.prefix}-${this.next++}`), bytes)));
  }

  /** Writes batches, `inFlight` of them at a time. */
  async writeAll(batches: readonly (readonly Uint8Array[])[], inFlight: number): Promise<void> {
    let next = 0;
    const work = async (): Promise<void> => {
      for (let batch = batches[next++]; batch !== undefined; batch = batches[next++]) await this.write(batch);
    };
    await Promise.all(Array.from({ length: inFlight }, work));
  }
}
