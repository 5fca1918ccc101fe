import { type FileEntry, type FileSystem, pathOfDamaged } from '@pyrgos/client';
import { isOfSystem } from './system-directories.js';

/** How a tree of the account is walked through. */
export interface WalkOptions {
  readonly signal: AbortSignal;
  /** Told of what cannot be looked at; the rest comes all the same. What it throws ends the walk. */
  readonly onProblem: (path: string, error: unknown) => void;
}

/** Everything below a directory, a directory before what is in it, those that clients keep for themselves left out. Memory grows with the directories that wait. */
export async function* walkRemote(files: FileSystem, path: string, options: WalkOptions): AsyncGenerator<FileEntry, void, undefined> {
  const waiting = [path];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    for await (const child of childrenOf(files, next, options)) {
      if (child.isDirectory) waiting.push(child.path);
      yield child;
    }
  }
}

/** What is in a directory, in no particular order. As {@link walkRemote}. */
export async function* childrenOf(
  files: FileSystem,
  path: string,
  { onProblem, signal }: WalkOptions,
): AsyncGenerator<FileEntry, void, undefined> {
  try {
    for await (const child of files.list(path, { signal })) {
      if (child.isDamaged) onProblem(pathOfDamaged(child), child.error);
      else if (!isOfSystem(child)) yield child;
    }
  } catch (error) {
    onProblem(path, error);
  }
}
