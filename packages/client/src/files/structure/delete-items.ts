import { belongsTo, DanglingEntry, type Item, type OperationView } from '../view/index.js';
import type { ProgressListener } from '../../waiting/progress.js';
import { ChunkChanges } from './chunk-changes.js';
import { DirectoryEdit } from './directory-edit.js';
import { listedChildren } from './listed-children.js';
import type { Place } from './place.js';
import { refresh } from './refresh.js';
import { TreeRemoval } from './tree-removal.js';

/** How items are deleted. */
export interface DeleteOptions {
  readonly onProgress?: ProgressListener | undefined;
}

/**
 * Deletes children of one directory with all below them (chapter 04 section 21.2); resolves to the directory as it is then. What cannot be
 * opened, and what belongs to another directory, is taken out of the list and no more: whoever may write there can list what he must not
 * destroy. What the directory does not list any more, because somebody has moved or deleted it, is left alone. Chunks that
 * nobody here may sign for stay. Secret links and share records are up to the caller, before and after.
 *
 * The operation must have reserved all writing spaces below the directory: ConflictError `conflict.snapshot` otherwise. A large tree is
 * deleted in several commits, bottom-up; when it is cut off, what is left is in order, and deleting it again goes on. DeniedError
 * `denied.file` without write access.
 */
export async function deleteItems(
  operation: OperationView,
  parent: Item,
  items: readonly (Item | DanglingEntry)[],
  options: DeleteOptions = {},
): Promise<Item> {
  const directory = await refresh(operation, parent);
  const signer = directory.requireSigner();
  const changes = new ChunkChanges(operation);
  const removal = new TreeRemoval(operation, changes, options.onProgress);
  const edit = new DirectoryEdit(operation, changes, directory);
  const places = items.flatMap((item): Place[] => {
    const capability = item instanceof DanglingEntry ? item.capability : (item.link ?? item).capability;
    if (item instanceof DanglingEntry && capability === undefined) edit.removeMalformed(item.entry.cbor);
    return capability === undefined ? [] : [capability];
  });
  for (const [i, child] of (await listedChildren(operation, directory, places)).entries()) {
    if (child === undefined) continue;
    if (child instanceof DanglingEntry) await removal.removeDangling(child, directory, signer);
    else if (belongsTo(child, directory)) await removal.remove(child, signer);
    edit.remove(places[i] as Place);
  }
  await edit.apply();
  await changes.commit();
  return edit.directory;
}

/**
 * Deletes an item whose parent cannot be written: somebody else's, shared with write access. Its chunks go; the element in the parent's
 * list stays and leads to nothing (chapter 04 section 21.2). DeniedError `denied.file` without write access to the item.
 */
export async function deleteWithoutParent(operation: OperationView, item: Item, options: DeleteOptions = {}): Promise<void> {
  const changes = new ChunkChanges(operation);
  const current = await refresh(operation, item);
  current.requireSigner();
  await new TreeRemoval(operation, changes, options.onProgress).remove(current, undefined);
  await changes.commit();
}
