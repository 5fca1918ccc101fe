import type { SymmetricKey } from '@pyrgos/core/keys';
import { deleteItems, getOrMakeDirectories } from '../files/structure/index.js';
import { findEntry, type Item, type OperationView, type View } from '../files/view/index.js';
import { recipientDirectory, SHARED } from './capability-store.js';
import { directoryIn } from './own-files.js';
import type { OwnSpace } from './own-space.js';

/** The directory for a user, and whether it was made now. */
export interface MadeDirectory {
  readonly directory: Item;
  readonly isNew: boolean;
}

/** The directory for a user; what is missing is made, hidden, with `key` as its read key, and committed (chapter 06 sections 4.2 and 4.3). */
export async function getOrMakeRecipient(
  operation: OperationView,
  space: OwnSpace,
  home: Item,
  username: string,
  key?: SymmetricKey,
): Promise<MadeDirectory> {
  const existing = await recipientDirectory(operation, home, username);
  if (existing !== undefined) return { directory: existing, isNew: false };
  const options = { ...space.directoryOptions, isHidden: true, rBaseKey: key };
  return { directory: await getOrMakeDirectories(operation, home, [SHARED, username], options), isNew: true };
}

/** Deletes the directory for a user with all in it, also one that is damaged, and commits that. Resolves to whether there was one. */
export async function deleteRecipient(operation: OperationView, home: Item, username: string): Promise<boolean> {
  const shared = await directoryIn(operation, home, SHARED);
  const found = shared === undefined ? undefined : await findEntry(operation, shared, username);
  if (shared === undefined || found === undefined) return false;
  await deleteItems(operation, shared, [found]);
  return true;
}

/** The read key of the directory for a user; undefined when there is none that could be opened. */
export async function recipientKey(view: View, home: Item, username: string): Promise<SymmetricKey | undefined> {
  const shared = await directoryIn(view, home, SHARED);
  const found = shared === undefined ? undefined : await findEntry(view, shared, username);
  return found === undefined || found.isDangling ? undefined : found.capability.rBaseKey;
}
