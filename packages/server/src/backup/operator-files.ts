import { open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { PyrgosError } from '@pyrgos/core/errors';
import { systemCode } from '../system-reason.js';
import { operatorFiles } from '../config/data-paths.js';
import { pathExists } from '../config/path-exists.js';
import { writePrivateFile } from '../config/private-file.js';
import { MAX_BLACKLIST_SIZE, MAX_CONFIG_FILE_SIZE } from '../limits.js';

/** More than the server reads of any of them. */
const MAX_SIZE = Math.max(MAX_BLACKLIST_SIZE, MAX_CONFIG_FILE_SIZE);

/**
 * Copies the files of the operator that are in one folder into another one, for their owner only (0600): the configuration may hold a password. What is in
 * `except` as well is left out. Returns the names. PyrgosError `storage` for one that is too long or no file.
 */
export async function copyOperatorFiles(from: string, to: string, except?: string): Promise<readonly string[]> {
  const copied: string[] = [];
  for (const name of operatorFiles) {
    if (except !== undefined && (await pathExists(join(except, name)))) continue;
    const bytes = await readBounded(join(from, name));
    if (bytes === undefined) continue;
    await writePrivateFile(join(to, name), bytes);
    copied.push(name);
  }
  return copied;
}

async function readBounded(path: string): Promise<Uint8Array | undefined> {
  try {
    if (!(await stat(path)).isFile()) throw new PyrgosError('storage', `${path} is no plain file.`);
    const file = await open(path, 'r');
    try {
      const { size } = await file.stat();
      if (size > MAX_SIZE) throw new PyrgosError('storage', `${path} must not exceed ${MAX_SIZE} bytes.`);
      return await file.readFile();
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof PyrgosError) throw error;
    const system = systemCode(error);
    if (system === 'ENOENT') return undefined;
    if (system === undefined) throw error;
    throw new PyrgosError('storage', `${path} cannot be read (${system}).`, { data: { system }, cause: error });
  }
}
