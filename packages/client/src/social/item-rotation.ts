import { rotateAllKeys, type RotateOptions, writingSpacesOf } from '../files/structure/index.js';
import { formatPath } from '../files/file-tree.js';
import { reserveChild, type ReservedChild } from '../files/file-tree-parts.js';
import type { CommittedView, Item, OperationView } from '../files/view/index.js';
import type { OwnSpace } from './own-space.js';
import { isNotedByIdentity } from './resend.js';

/** An item, its directory, and all writers that new keys of it need; the identity when links are to be stored anew. Errors of {@link reserveChild}. */
export async function reserveRotation(space: OwnSpace, view: CommittedView, home: Item, names: readonly string[]): Promise<ReservedChild> {
  const child = await reserveChild(space.tree, view, formatPath(names));
  const identity = space.account.identity.publicKeyHash;
  const index = (await isNotedByIdentity(view, space, home, names)) ? [identity] : [];
  return { ...child, writers: [...child.writers, ...(await writingSpacesOf(view, [child.item])), ...index] };
}

/** New keys for an item of the own space and all below it; `alsoCommit` is part of the same commit. Errors of {@link rotateAllKeys}. */
export async function rotateItem(
  operation: OperationView,
  space: OwnSpace,
  names: readonly string[],
  { parent, item }: Pick<ReservedChild, 'parent' | 'item'>,
  how: RotateOptions,
  alsoCommit: (rotated: Item) => Promise<void>,
): Promise<void> {
  const { ports } = space;
  await rotateAllKeys(operation, parent, item, { ...how, names, mirrorBatId: ports.mirrorBatId, staging: ports, alsoCommit });
}
