import { NotFoundError, printable } from '@pyrgos/core/errors';
import type { AbsoluteCapability } from '@pyrgos/core/model';
import { encodeRecords, type SharedAccess } from '@pyrgos/core/social';
import type { Item, OperationView, View } from '../files/view/index.js';
import { appendToFileIn, directoryAt } from './own-files.js';
import type { OwnSpace } from './own-space.js';

/** Where the directories for followers and groups are, below the home directory (chapter 06 section 1). */
export const SHARED = 'shared';

/** The file of a recipient's directory in which capabilities for reading, or for writing, follow each other (chapter 06 section 8.1). */
export function storeFile(access: SharedAccess): string {
  return access === 'read' ? 'sharing.r' : 'sharing.w';
}

/** The directory `/<user>/shared/<recipient>`, or undefined. */
export async function recipientDirectory(view: View, home: Item, recipient: string): Promise<Item | undefined> {
  return directoryAt(view, home, [SHARED, recipient]);
}

/**
 * Appends capabilities to what a user or group may read or write, and commits that. NotFoundError `not-found.recipient` when nobody of this name
 * follows the account.
 */
export async function giveCapabilities(
  operation: OperationView,
  space: OwnSpace,
  home: Item,
  recipient: string,
  access: SharedAccess,
  capabilities: readonly AbsoluteCapability[],
): Promise<void> {
  if (capabilities.length === 0) return;
  const directory = await recipientDirectory(operation, home, recipient);
  if (directory === undefined) throw unknownRecipient(recipient);
  const records = capabilities.map((capability) => (access === 'read' ? capability.toReadOnly() : capability));
  await appendToFileIn(operation, space, directory, storeFile(access), encodeRecords(records));
}

/** For somebody with whom nothing can be shared. */
export function unknownRecipient(recipient: string): NotFoundError {
  return new NotFoundError(
    'not-found.recipient',
    `nothing can be shared with ${printable(recipient, 64)}, who does not follow this account: send a follow request first, or accept theirs`,
    { recipient },
  );
}
