import { ArgumentError } from '@pyrgos/core/errors';
import { belongsTo, findEntry, type Item, type OperationView } from '../view/index.js';
import type { ChunkChanges } from './chunk-changes.js';
import { type DirectoryEdit, nameInUse } from './directory-edit.js';
import { placeKey } from './place.js';
import { TreeRemoval } from './tree-removal.js';

/** Whether something may take the place of a file. */
export interface ReplaceOptions {
  /**
   * Whether a file that has the name already gives way, in the same commit: it is deleted, and what was shared of it is gone. Default false: then a name
   * in use is a ConflictError `conflict.exists`, as it is in any case when one of both is a directory, which is not deleted in one piece.
   */
  readonly replace?: boolean | undefined;
}

/**
 * The file that is to give way to `item` under a name; undefined when there is nothing. ConflictError `conflict.exists` for anything else of this name, unless the
 * options allow it; ArgumentError for the item itself.
 */
export async function fileToReplace(
  operation: OperationView,
  directory: Item,
  name: string,
  item: Item,
  { replace = false }: ReplaceOptions,
): Promise<Item | undefined> {
  const found = await findEntry(operation, directory, name);
  if (found === undefined) return undefined;
  if (!replace || found.isDangling || found.isDirectory || item.isDirectory) throw nameInUse();
  if (placeKey(found.capability) === placeKey(item.capability)) throw new ArgumentError('name', 'must not be that of the file itself');
  return found;
}

/** Notes that a file is deleted to make room for another one of its name, which is to be added to `edit`. Call it inside `withoutFlush`. */
export async function stageReplacement(
  operation: OperationView,
  changes: ChunkChanges,
  edit: DirectoryEdit,
  file: Item | undefined,
): Promise<void> {
  if (file === undefined) return;
  const { directory } = edit;
  // What belongs to another directory stays there.
  if (belongsTo(file, directory)) await new TreeRemoval(operation, changes, undefined).remove(file, directory.requireSigner());
  edit.remove((file.link ?? file).capability);
}
