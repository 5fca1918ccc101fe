import { DanglingEntry, isDamage, type Item, loadNodes, type OperationView } from '../view/index.js';
import { ChunkChanges } from './chunk-changes.js';
import { DirectoryEdit } from './directory-edit.js';
import { refresh } from './refresh.js';
import { type TreeProgress, TreeRemoval } from './tree-removal.js';

/** How items are deleted. */
export interface DeleteOptions {
  readonly onProgress?: ((progress: TreeProgress) => void) | undefined;
}

/**
 * Deletes children of one directory with all below them (chapter 04 section 21.2); resolves to the directory as it is then. What is gone
 * already, and what cannot be opened, is taken out of the list. Secret links and share records are up to the caller, before and after.
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
  await readAhead(operation, directory, items);
  for (const item of items) {
    if (item instanceof DanglingEntry) {
      if (item.capability === undefined) edit.removeMalformed(item.entry.cbor);
      else edit.remove(item.capability);
      removal.removeDangling(item, signer);
      continue;
    }
    const { capability } = item.link ?? item;
    const current = await unlessDamaged(refresh(operation, item));
    if (current !== undefined) {
      (current.link ?? current).requireSigner();
      await removal.remove(current, signer);
    } else if (capability.writer.equals(directory.writer)) {
      changes.remove(signer, capability.mapKey);
    }
    edit.remove(capability);
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

/** Brings the nodes of many items into the cache, in as few requests as possible. */
async function readAhead(operation: OperationView, directory: Item, items: readonly (Item | DanglingEntry)[]): Promise<void> {
  const listed = items.flatMap((item) => (item instanceof DanglingEntry ? [] : [(item.link ?? item).capability]));
  const inDirectory = listed.filter(({ writer }) => writer.equals(directory.writer));
  await loadNodes(
    operation,
    directory.owner,
    directory.writer,
    inDirectory.map(({ location }) => location),
  );
}

/** The item, or undefined when it is gone or can no longer be opened. */
async function unlessDamaged(item: Promise<Item>): Promise<Item | undefined> {
  try {
    return await item;
  } catch (error) {
    if (isDamage(error)) return undefined;
    throw error;
  }
}
