import { constants, type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { PyrgosError } from '@pyrgos/core/errors';

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** Makes the names in a folder durable. Nothing where folders cannot be opened (Windows). */
export async function syncFolder(path: string): Promise<void> {
  let folder: FileHandle;
  try {
    folder = await open(path, constants.O_RDONLY);
  } catch (error) {
    if (process.platform === 'win32') return;
    throw error;
  }
  try {
    await folder.sync();
  } catch (error) {
    const code = codeOf(error);
    if (code !== 'EINVAL' && code !== 'EPERM' && code !== 'ENOTSUP') throw error;
  } finally {
    await folder.close();
  }
}

/**
 * The write-ahead log of an open database, synced through a descriptor of our own.
 *
 * Why that is enough: with `synchronous = NORMAL` a commit is appended to this file and not synced. It leaves the file in one way only, a
 * checkpoint, and SQLite syncs the log before it copies pages into the database file, and the database file before it reuses the log. So
 * at any time a commit is in the log or already durable, and one fdatasync of the log covers both. The log keeps its inode for as
 * long as a connection is open, hence one descriptor for all that time.
 *
 * Why that is safe: SQLite holds its POSIX locks on the database file and on `-shm`, and closing any descriptor of a file drops all locks
 * that the process has on it. There are never locks on `-wal`, so this class may open and close it; nothing here touches the other two.
 */
export class WalFile {
  private failure: PyrgosError | undefined;
  private closed = false;

  private constructor(private readonly handle: FileHandle) {}

  /** Opens `<database>-wal`, which must exist, and makes its name durable. PyrgosError `storage`. */
  static async open(database: string): Promise<WalFile> {
    // Windows flushes only what was opened for writing.
    let handle: FileHandle | undefined;
    try {
      handle = await open(`${database}-wal`, process.platform === 'win32' ? constants.O_RDWR : constants.O_RDONLY);
      await syncFolder(dirname(database));
      return new WalFile(handle);
    } catch (error) {
      await handle?.close();
      throw new PyrgosError('storage', 'The log of the database cannot be opened or synced. Check the disk of the data directory.', {
        data: { system: codeOf(error) ?? 'unknown' },
      });
    }
  }

  /**
   * Makes the log durable. After one failure every later call fails too: the kernel may have dropped the pages that it could not write
   * and report success next time, so only a restart, which reads the log from disk, knows what is there.
   */
  async sync(): Promise<void> {
    if (this.failure !== undefined) throw this.failure;
    try {
      await this.handle.datasync();
    } catch (error) {
      this.failure ??= new PyrgosError(
        'storage',
        'The disk refused to write the latest changes; they may be lost. Check the disk and free space, then restart the server.',
        { data: { system: codeOf(error) ?? 'unknown' } },
      );
      throw this.failure;
    }
  }

  /** Closes the descriptor; safe to repeat. */
  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    await this.handle.close();
  }
}
