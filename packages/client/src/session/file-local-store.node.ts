import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { assertBytes } from '@pyrgos/core/bytes';
import { ArgumentError, PyrgosError } from '@pyrgos/core/errors';
import { assertLocalKey, type LocalStore } from './local-store.js';

/**
 * A {@link LocalStore} in a folder of its own (Node). Every value is a file that only the user may read, named by the hash of its key, so
 * that no name of anybody is a file name; it is replaced atomically. PyrgosError `storage` when the folder cannot be used.
 */
export class FileLocalStore implements LocalStore {
  private constructor(private readonly folder: string) {}

  /** Uses `folder`, and creates it for the user only. */
  static async open(folder: string): Promise<FileLocalStore> {
    if (typeof folder !== 'string' || folder === '') throw new ArgumentError('folder', 'must be a path');
    await attempt('opened', () => mkdir(folder, { recursive: true, mode: 0o700 }));
    return new FileLocalStore(folder);
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    return attempt('read', async () => {
      try {
        return new Uint8Array(await readFile(this.pathOf(key)));
      } catch (error) {
        if (isMissing(error)) return undefined;
        throw error;
      }
    });
  }

  async put(key: string, value: Uint8Array): Promise<void> {
    const path = this.pathOf(key);
    assertBytes('value', value);
    await attempt('written', async () => {
      const temporary = `${path}.${randomUUID()}.tmp`;
      try {
        const file = await open(temporary, 'wx', 0o600);
        try {
          await file.writeFile(value);
          await file.sync();
        } finally {
          await file.close();
        }
        await rename(temporary, path);
      } catch (error) {
        await rm(temporary, { force: true });
        throw error;
      }
    });
  }

  async delete(key: string): Promise<void> {
    await attempt('written', () => rm(this.pathOf(key), { force: true }));
  }

  private pathOf(key: string): string {
    assertLocalKey(key);
    return join(this.folder, createHash('sha256').update(key, 'utf8').digest('hex'));
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

/** Errors of the file system, without their paths, become `storage`. */
async function attempt<T>(what: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (error instanceof PyrgosError) throw error;
    const reason = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    throw new PyrgosError('storage', `The local store cannot be ${what} (${reason}).`, { data: { reason } });
  }
}
