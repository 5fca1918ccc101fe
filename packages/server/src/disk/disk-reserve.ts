import { randomBytes } from 'node:crypto';
import { open, rm, stat } from 'node:fs/promises';

/** Bytes written at a time. */
const PIECE = 1_048_576;

/**
 * A file that only takes room, so that there is some when the disk is full: it is given up for what the server must write in order to start, to delete
 * and to collect garbage, and made again when there is room. Random bytes, so that no file system stores it in less.
 */
export class DiskReserve {
  constructor(private readonly path: string) {}

  /** Whether there is a reserve. */
  async exists(): Promise<boolean> {
    return stat(this.path).then(
      () => true,
      () => false,
    );
  }

  /** Makes the reserve, in a size in bytes, if there is none. Whether there is one now: false when the disk does not take it. */
  async make(size: number): Promise<boolean> {
    if (await this.exists()) return true;
    try {
      const file = await open(this.path, 'wx', 0o600);
      try {
        for (let left = size; left > 0; left -= PIECE) await file.writeFile(randomBytes(Math.min(left, PIECE)));
        await file.sync();
      } finally {
        await file.close();
      }
      return true;
    } catch {
      await this.giveUp();
      return false;
    }
  }

  /** Frees the reserve. Whether that made room: false when there is none, or the disk takes no deletion, either. */
  async giveUp(): Promise<boolean> {
    try {
      await rm(this.path);
      return true;
    } catch {
      return false;
    }
  }
}
