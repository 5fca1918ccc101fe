import { ArgumentError } from '@pyrgos/core/errors';
import type { FileSystemParts } from './file-tree-parts.js';

/** Keys are file systems. */
const parts = new WeakMap<object, FileSystemParts>();

/** Notes what a file system is made of, for {@link partsOf}. */
export function registerParts(files: object, made: FileSystemParts): void {
  parts.set(files, made);
}

/** What a file system is made of: for the social layer, whose changes of the same directories wait in the same queue. */
export function partsOf(files: object): FileSystemParts {
  const found = parts.get(files);
  if (found === undefined) throw new ArgumentError('files', 'must be a FileSystem');
  return found;
}
