import { constants, copyFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { PyrgosError } from '@pyrgos/core/errors';
import { systemCode, systemReason } from '../system-reason.js';

/**
 * Copies a database on a disk that cannot be written, with its log, into a folder: SQLite reads a log only where it may write. Nobody may have
 * it open. Returns the path of the copy. PyrgosError `storage`.
 */
export async function copyDatabase(source: string, folder: string): Promise<string> {
  const target = join(folder, basename(source));
  try {
    await copyFile(source, target, constants.COPYFILE_EXCL);
    await copyFile(`${source}-wal`, `${target}-wal`, constants.COPYFILE_EXCL).catch((error: unknown) => {
      if (systemCode(error) !== 'ENOENT') throw error;
    });
    return target;
  } catch (error) {
    throw new PyrgosError(
      'storage',
      `The database cannot be copied into a temporary folder: ${systemReason(error)}. The variable TMPDIR names another place for such folders.`,
      { data: { system: systemCode(error) ?? 'unknown' }, cause: error },
    );
  }
}
