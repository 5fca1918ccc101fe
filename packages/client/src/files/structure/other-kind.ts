import { ConflictError } from '@pyrgos/core/errors';

/** What a path makes that leads to a directory where a file is needed, or the other way round: another device may have put it there. */
export function otherKind(
  isDirectory: boolean,
  where: { readonly field?: string | undefined; readonly path?: string | undefined } = {},
): ConflictError {
  const problem = isDirectory ? 'There is a directory where a file is needed.' : 'There is a file where a directory is needed.';
  return new ConflictError('conflict.file', problem, { ...where, isDirectory });
}
