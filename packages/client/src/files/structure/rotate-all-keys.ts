import { RelativeCapability } from '@pyrgos/core/model';
import { type Item, openItem, type OperationView } from '../view/index.js';
import { flushNow } from '../content/flush-now.js';
import { BlockStaging, type StagingPorts } from './block-staging.js';
import { ChunkChanges } from './chunk-changes.js';
import { DirectoryEdit, entryOf } from './directory-edit.js';
import { sealLinkNode } from './link-node.js';
import { listingOf } from './listing.js';
import { newCapability, newDirectoryKeys } from './new-directory.js';
import { requireListed } from './listed-children.js';
import { refresh } from './refresh.js';
import { Rotation, type RotationOptions } from './rotation.js';
import { removeWritingSpace } from './writing-space.js';

/** How keys are rotated. */
export interface RotateOptions extends RotationOptions {
  /** The names from the root of the tree down to the item, for what is told of things below it; default its own name. */
  readonly names?: readonly string[] | undefined;
  /** What belongs into the same commit, with the item as it is then: share records, capabilities for those who keep access. */
  readonly alsoCommit?: ((rotated: Item) => Promise<void>) | undefined;
  /** Where the nodes of a large tree go before the commit; default the write buffer, which then holds about 5 KB for each item. */
  readonly staging?: StagingPorts | undefined;
}

/**
 * Gives a child of `parent` and all below it new keys and places, and with `rotateSigner` new writing spaces (chapter 04 section 22.3): the
 * way to grant write access (the item gets a space of its own) and to revoke access. Resolves to the item as it is then. Everybody else
 * who is to keep access needs the new capability.
 *
 * An item with a writing space of its own is reached through a new link node. Its file data is encrypted anew only when it is written next.
 *
 * The tree is before or after, whatever happens in between: new writing spaces are created first and empty, then everything changes in one
 * commit. What does not belong below the item, and what nobody can ever open, is left out, and told to `onLeftOut`; what is damaged and may come back is an error, with its
 * path, unless `leaveOutDamaged`. The operation must have reserved all writing spaces below the parent, and must not run inside `withoutFlush`. ConflictError `conflict.snapshot`, DeniedError
 * `denied.file`, NotFoundError `not-found.file` when the parent does not list the item (any more).
 */
export async function rotateAllKeys(operation: OperationView, parent: Item, item: Item, options: RotateOptions): Promise<Item> {
  const staging = new BlockStaging(operation, options.staging);
  try {
    const rotated = await rotateWith(operation, staging, parent, item, options);
    if (staging.isUsed) await flushNow(operation);
    return rotated;
  } finally {
    staging.close();
  }
}

async function rotateWith(
  operation: OperationView,
  staging: BlockStaging,
  parent: Item,
  item: Item,
  options: RotateOptions,
): Promise<Item> {
  const { crypto, committer } = operation;
  const directory = await refresh(operation, parent);
  const owner = directory.requireDirectory().requireSigner();
  const current = await requireListed(operation, directory, item);
  const changes = new ChunkChanges(operation, staging);
  const rotation = new Rotation(operation, changes, staging, options);
  const oldOwner = current.links.at(-1)?.requireSigner() ?? owner;
  const signer = options.rotateSigner ? await rotation.replaceSpace(current, oldOwner, owner) : current.requireSigner();
  const capability = newCapability(crypto, current.owner, signer.publicKeyHash);
  const holdsSigner = !signer.publicKeyHash.equals(directory.writer);
  const link = holdsSigner ? newDirectoryKeys(crypto, current.owner, directory.writer) : undefined;
  const above = link ?? { capability: directory.capability, parentKey: directory.opened.parentKey };
  const parentLink = RelativeCapability.toParent(above.capability, above.parentKey, signer.publicKeyHash);
  await rotation.rotate(current, { capability, signer, parentLink, holdsSigner }, options.names ?? [current.name]);
  const listing = listingOf(current);
  if (link !== undefined) {
    const sealed = sealLinkNode(crypto, link, {
      properties: current.properties,
      name: current.name,
      child: entryOf(operation, link.capability, { ...listing, capability }),
      parentLink: RelativeCapability.toParent(directory.capability, directory.opened.parentKey, directory.writer),
      mirrorBatId: options.mirrorBatId ?? directory.node.mirrorBatId,
    });
    changes.put(owner, link.capability.mapKey, undefined, sealed);
  }
  for (const old of current.links) changes.remove(old.requireSigner(), old.capability.mapKey);
  const edit = new DirectoryEdit(operation, changes, directory);
  const listed = { ...listing, capability: link?.capability ?? capability };
  const entry = edit.replace(listing.capability, listed);
  await edit.apply();
  await staging.finish();
  return committer.withoutFlush(async () => {
    for (const space of rotation.emptied) changes.discard(space.signer.publicKeyHash);
    await changes.commit();
    for (const space of rotation.emptied.toReversed()) await removeWritingSpace(operation, space.owner, space.signer);
    const rotated = await openItem(operation, listed.capability, { inheritedSigner: owner, entry });
    await options.alsoCommit?.(rotated);
    return rotated;
  });
}
