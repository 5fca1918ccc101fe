import { PyrgosError } from '@pyrgos/core/errors';
import { systemCode, systemReason } from '../system-reason.js';

const advice: ReadonlyMap<string, string> = new Map([
  ['EACCES', 'this user may not write there: change the owner or permissions, or choose another folder with --data'],
  ['EPERM', 'this user may not write there: change the owner or permissions, or choose another folder with --data'],
  [
    'EROFS',
    'the file system is read-only, as that of a failing disk becomes. A backup can still be made (admin backup), for another disk; or choose another folder with --data',
  ],
  ['ENOSPC', 'the disk is full: free some space and start again'],
  ['EDQUOT', 'the disk quota of this user is used up: free some space and start again'],
  ['ENOENT', 'a part of the path is missing, or a link that leads nowhere: choose another folder with --data'],
  ['ENOTDIR', 'a part of the path is a file: choose another folder with --data'],
  ['EEXIST', 'there is a file of this name: choose another folder with --data'],
  ['ENAMETOOLONG', 'the path is too long: choose another folder with --data'],
  ['EMFILE', 'too many files are open: raise the limit (ulimit -n)'],
]);

/** What to do about a failure with the data directory. */
export function dataDirectoryError(path: string, error: unknown): PyrgosError {
  if (error instanceof PyrgosError) return error;
  const system = systemCode(error) ?? 'unknown';
  return new PyrgosError(
    'storage',
    `The data directory ${path} cannot be used: ${advice.get(system) ?? `${systemReason(error)}. Choose another folder with --data`}.`,
    {
      data: { system },
      cause: error,
    },
  );
}
