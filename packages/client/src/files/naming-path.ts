import { errorAt } from './error-at-path.js';
import { formatPath } from './file-tree.js';
import { splitPath } from './view/index.js';

/**
 * What `work` gives. An error of it that says that something is missing, damaged, in the way, or has changed says in `data.path` where, unless it does
 * already: at `path`, which is the caller's, or what `target` makes of it where a conflict is about another place. What the caller's own code has thrown
 * is left as it is.
 */
export async function namingPath<T>(path: string, work: () => Promise<T>, target: () => string = () => path): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw errorAt(
      error,
      () => normalPath(path),
      () => normalPath(target()),
    );
  }
}

/** {@link namingPath} for what gives one element after the other. */
export async function* namingPathOfEach<T>(
  path: string,
  work: () => AsyncGenerator<T, void, undefined>,
): AsyncGenerator<T, void, undefined> {
  try {
    yield* work();
  } catch (error) {
    throw errorAt(error, () => normalPath(path));
  }
}

function normalPath(path: string): string {
  return formatPath(splitPath(path));
}

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
