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

/** Files being written at a time, of all batches: more make it slower on some disks and faster on none that we met. */
const FILES_AT_A_TIME = 32;

/** What uploads are compared with: a file for every block in one folder. */
export class PlainFiles {
  private readonly prefix: string = randomBytes(4).toString('hex');
  private next = 0;
  private free: number = FILES_AT_A_TIME;
  private readonly waiting: (() => void)[] = [];

  constructor(private readonly folder: string) {}

  /** Writes all blocks at once, as far as that is good; resolves when all are on disk. */
  async write(blocks: readonly Uint8Array[]): Promise<void> {
    await Promise.all(blocks.map(async (bytes) => this.writeOne(bytes)));
  }

  /** Writes batches, `inFlight` of them at a time. */
  async writeAll(batches: readonly (readonly Uint8Array[])[], inFlight: number): Promise<void> {
    let next = 0;
    const work = async (): Promise<void> => {
      for (let batch = batches[next++]; batch !== undefined; batch = batches[next++]) await this.write(batch);
    };
    await Promise.all(Array.from({ length: inFlight }, work));
  }

  private async writeOne(bytes: Uint8Array): Promise<void> {
    if (this.free > 0) this.free--;
    else await new Promise<void>((resolve) => this.waiting.push(resolve));
    try {
      await writeDurably(join(this.folder, `${this.prefix}-${this.next++}`), bytes);
    } finally {
      const next = this.waiting.shift();
      if (next === undefined) this.free++;
      else next();
    }
  }
}
