import { ConflictError, NotFoundError } from '@pyrgos/core/errors';
import { isCallersError } from '../waiting/code-of-callers.js';
import { formatPath } from './file-tree.js';
import { splitPath } from './view/index.js';

/**
 * What `work` gives. An error of it that says that something is missing, in the way, or has changed says in `data.path` where, unless it does already: at
 * `path`, which is the caller's, or what `target` makes of it where a conflict is about another place. What the caller's own code has thrown is left as it is.
 */
export async function namingPath<T>(path: string, work: () => Promise<T>, target: () => string = () => path): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (isCallersError(error)) throw error;
    throw named(error, path, target);
  }
}

function named(error: unknown, path: string, target: () => string): unknown {
  if (error instanceof NotFoundError && error.code === 'not-found.file' && error.data.path === undefined) {
    return new NotFoundError(error.code, error.message, { ...error.data, path: formatPath(splitPath(path)) }, error);
  }
  if (error instanceof ConflictError && ABOUT_A_PATH.has(error.code) && error.data.path === undefined) {
    return new ConflictError(error.code, error.message, { ...error.data, path: formatPath(splitPath(target())) }, error);
  }
  return error;
}

const ABOUT_A_PATH: ReadonlySet<string> = new Set(['conflict.exists', 'conflict.changed', 'conflict.file']);

/** The path of a child. */
export function childPath(directory: string, name: string): string {
  return formatPath([...splitPath(directory), name]);
}

/** The path of what is beside `path` under another name. */
export function siblingPath(path: string, name: string): string {
  return formatPath([...splitPath(path).slice(0, -1), name]);
}

/** The last name of a path; empty for the root. */
export function lastName(path: string): string {
  return splitPath(path).at(-1) ?? '';
}
