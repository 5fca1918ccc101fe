import type { Item, OperationView } from '../view/index.js';
import { ChunkChanges } from './chunk-changes.js';
import { DirectoryEdit, type EntryOptions, type NewEntry } from './directory-edit.js';
import type { Place } from './place.js';
import { refresh } from './refresh.js';

/**
 * Lists children in a directory and commits that (chapter 04 section 9.3); resolves to the directory as it is then. The directory is read
 * again first, so an item of an earlier version will do.
 *
 * ConflictError `conflict.exists` when one of the names is in use in any chunk of the directory, and nothing is changed; DeniedError
 * `denied.file` without write access.
 */
export async function addEntries(
  operation: OperationView,
  directory: Item,
  entries: readonly NewEntry[],
  options: EntryOptions = {},
): Promise<Item> {
  return editEntries(
    operation,
    directory,
    (edit) => {
      for (const entry of entries) edit.add(entry);
    },
    options,
  );
}

/**
 * Takes children out of the list of a directory and commits that (chapter 04 section 9.4); what is not listed is passed over. Empty chunks
 * stay. The children themselves are not touched: see `deleteItems`.
 */
export async function removeEntries(operation: OperationView, directory: Item, places: readonly Place[]): Promise<Item> {
  return editEntries(operation, directory, (edit) => {
    for (const place of places) edit.remove(place);
  });
}

/**
 * Changes the list of a directory and commits that: `change` notes what is to change. Resolves to the directory as it is then. Errors of
 * {@link DirectoryEdit.apply}.
 */
export async function editEntries(
  operation: OperationView,
  directory: Item,
  change: (edit: DirectoryEdit) => void,
  options: EntryOptions = {},
): Promise<Item> {
  const changes = new ChunkChanges(operation);
  const edit = new DirectoryEdit(operation, changes, await refresh(operation, directory), options);
  change(edit);
  await edit.apply();
  await changes.commit();
  return edit.directory;
}
