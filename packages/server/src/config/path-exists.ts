import { stat } from 'node:fs/promises';
import { systemCode } from '../system-reason.js';

/** Whether something is at a path; any other failure to look than its absence is thrown. */
export async function pathExists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return false;
    throw error;
  }
}
