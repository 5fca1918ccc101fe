import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { assertMethods, assertObject } from '@pyrgos/core/arguments';
import { assertBytes } from '@pyrgos/core/bytes';
import { ArgumentError, LimitError, PyrgosError } from '@pyrgos/core/errors';
import { MAX_LOCAL_VALUE_SIZE } from '@pyrgos/core/limits';
import { type Clock, systemClock } from '../commit/clock.js';
import {
  collectTemporaryFiles,
  openPrivateFolder,
  type PrivateFolder,
  readPrivateFile,
  reasonOf,
  replacePrivateFile,
} from '../disk/private-folder.node.js';
import { assertLocalKey, type LocalStore } from './local-store.js';

/** How a {@link FileLocalStore} is opened. */
export interface FileLocalStoreOptions {
  /** Tells how old is what other programs have left; default the machine's clock. */
  readonly clock?: Clock | undefined;
}

/**
 * A {@link LocalStore} in a folder of its own (Node). Every value is a file that only the user may read, named by the hash of its key, so
 * that no name of anybody is a file name; it is replaced atomically. What is no ordinary file counts as absent. Several processes may share
 * a folder. PyrgosError `storage` when the folder cannot be used.
 */
export class FileLocalStore implements LocalStore {
  private constructor(private readonly folder: PrivateFolder) {}

  /**
   * Uses `folder`, and creates it for the user only. PyrgosError `storage` when that fails, and when other users own it, or may change it or what is on
   * the way to it (`data.reason` `foreign-owner`, `writable-by-others`). Deletes what programs that were killed in the middle of a write have left.
   */
  static async open(folder: string, options: FileLocalStoreOptions = {}): Promise<FileLocalStore> {
    if (typeof folder !== 'string' || folder === '') throw new ArgumentError('folder', 'must be a path');
    assertObject('options', options);
    const { clock = systemClock } = options;
    assertMethods('clock', clock, 'now');
    const opened = await openPrivateFolder('The local store', folder);
    await collectTemporaryFiles(opened.path, clock);
    return new FileLocalStore(opened);
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    const path = this.pathOf(key);
    return attempt('read', async () => {
      await this.folder.check();
      return readPrivateFile(path, MAX_LOCAL_VALUE_SIZE);
    });
  }

  async put(key: string, value: Uint8Array): Promise<void> {
    const path = this.pathOf(key);
    assertBytes('value', value);
    if (value.length > MAX_LOCAL_VALUE_SIZE) throw new LimitError('value of a local store', value.length, MAX_LOCAL_VALUE_SIZE);
    await attempt('written', async () => {
      await this.folder.check();
      await replacePrivateFile(path, this.folder.path, value, true);
    });
  }

  async delete(key: string): Promise<void> {
    const path = this.pathOf(key);
    await attempt('written', async () => {
      await this.folder.check();
      await rm(path, { force: true });
    });
  }

  private pathOf(key: string): string {
    assertLocalKey(key);
    return join(this.folder.path, createHash('sha256').update(key, 'utf8').digest('hex'));
  }
}

/** Errors of the file system, without their paths, become `storage`. */
async function attempt<T>(what: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (error instanceof PyrgosError) throw error;
    const reason = reasonOf(error);
    throw new PyrgosError('storage', `The local store cannot be ${what} (${reason}).`, { data: { reason } });
  }
}
