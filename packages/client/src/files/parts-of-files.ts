import { ArgumentError } from '@pyrgos/core/errors';
import type { FileSystem } from './file-system.js';
import type { FileSystemParts } from './file-tree-parts.js';

const parts = new WeakMap<FileSystem, FileSystemParts>();

/** Notes what a file system is made of, for {@link partsOf}. */
export function registerParts(files: FileSystem, made: FileSystemParts): void {
  parts.set(files, made);
}

/** What a file system is made of: for the social layer, whose changes of the same directories wait in the same queue. */
export function partsOf(files: FileSystem): FileSystemParts {
  const found = parts.get(files);
  if (found === undefined) throw new ArgumentError('files', 'must be a FileSystem');
  return found;
}
