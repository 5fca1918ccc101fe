import type { ConflictError } from '@pyrgos/core/errors';
import type { Item, OperationView } from '../view/index.js';
import type { UploadTransactions } from './upload-transactions.js';

/** A directory of the tree; `conflict.file` where it cannot be, because its path leads through a file. */
export type DirectoryOfTree = Item | ConflictError;

/** What is done in directories of the tree, which come in the order of their paths; `transactions` is where large uploads are recorded. */
export type DirectoriesWork<T> = (
  operation: OperationView,
  directories: readonly DirectoryOfTree[],
  transactions: UploadTransactions | undefined,
) => Promise<T>;

/** How a part of a tree is written. */
export interface TreeRunOptions {
  /** Asked when somebody else was faster; default yes. */
  readonly isRepeatable?: (() => boolean) | undefined;
  /** Whether the server is asked for what is there now; default: what is known may be some seconds old. */
  readonly isFresh?: boolean | undefined;
}

/**
 * Runs `work` in an operation, in the directories at some paths below the target, which are made if they are missing; again when somebody else was
 * faster, if it `isRepeatable`.
 */
export type RunInDirectories = <T>(paths: readonly (readonly string[])[], options: TreeRunOptions, work: DirectoriesWork<T>) => Promise<T>;
