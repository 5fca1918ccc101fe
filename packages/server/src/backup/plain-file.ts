import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { PyrgosError } from '@pyrgos/core/errors';

/**
 * Opens a file of a backup for reading. A pipe or a device, in whose place nobody knows what is, would be waited for, or has no end: PyrgosError `storage` for everything that is no
 * plain file. Otherwise errors of the system.
 */
export async function openPlain(path: string): Promise<FileHandle> {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    if ((await file.stat()).isFile()) return file;
    throw new PyrgosError('storage', `${path} is no plain file. Name the folder of a backup, or another copy of this one.`);
  } catch (error) {
    await file.close();
    throw error;
  }
}
