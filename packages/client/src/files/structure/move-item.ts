import type { Cid } from '@pyrgos/core/codec';
import { ArgumentError } from '@pyrgos/core/errors';
import { equalBytes } from '@pyrgos/core/bytes';
import { assertLegalName, openNode, RelativeCapability, withParentLink, withProperties } from '@pyrgos/core/model';
import { belongsTo, type Item, namesParent, openItem, type OperationView } from '../view/index.js';
import { isWithin } from './ancestors.js';
import { ChunkChanges } from './chunk-changes.js';
import { copyInto, type CopyOptions, type CopyPorts } from './copy-item.js';
import { deleteItems } from './delete-items.js';
import { DirectoryEdit } from './directory-edit.js';
import { listingOf } from './listing.js';
import { requireListed } from './listed-children.js';
import type { Place } from './place.js';
import { refresh } from './refresh.js';
import { compare, type ComparedOptions, rename, writeProperties } from './rename.js';
import { fileToReplace, stageReplacement } from './replace-file.js';

/** How an item is moved. */
export interface MoveOptions extends Omit<CopyOptions, 'name' | 'onDamaged'>, ComparedOptions {
  /** The name in the target; default: the one that it has. */
  readonly name?: string | undefined;
  /**
   * Whether whoever may read or write the item keeps that right. False for what is published; true when nothing in it is shared, because
   * that is faster; otherwise the user decides (chapter 04 section 20.2).
   */
  readonly keepAccess: boolean;
  /** What belongs into the commit in which a copied item is deleted at its old place. */
  readonly alsoCommit?: (() => Promise<void>) | undefined;
}

/**
 * Moves a child of `parent` into the directory `target` of the same owner, under its name or another one (chapter 04 section 20.2); resolves to the item
 * there. With `keepAccess` a move into the directory where it is only renames it (section 19.2). With `keepAccess` and one writing space for both directories the item keeps its keys and is only listed elsewhere, in one commit;
 * a link node moves in its place. Otherwise it is copied and then deleted: existing shares are lost, and the capability is a new one.
 *
 * ConflictError `conflict.exists` when the name is in use, ArgumentError when the target is inside the item, DeniedError `denied.file`
 * without write access to both directories, NotFoundError `not-found.file` when the parent does not list the item (any more); then nothing
 * is changed. Share records are up to the caller.
 */
export async function moveItem(
  operation: OperationView,
  ports: CopyPorts,
  parent: Item,
  item: Item,
  target: Item,
  options: MoveOptions,
): Promise<Item> {
  const from = await refresh(operation, parent);
  const to = await refresh(operation, target);
  from.requireDirectory().requireSigner();
  const current = await requireListed(operation, from, item);
  to.requireDirectory().requireSigner();
  if (!to.owner.equals(from.owner)) throw new ArgumentError('target', 'must have the same owner: copy the item and delete it');
  const name = options.name ?? current.name;
  assertLegalName(name);
  if (options.keepAccess && to.writer.equals(from.writer) && equalBytes(to.capability.mapKey, from.capability.mapKey)) {
    return rename(operation, from, current, name, options);
  }
  const above: { readonly place: Place; readonly cid: Cid }[] = [];
  if (await isWithin(operation, to, current, (place, cid) => void above.push({ place, cid }))) {
    throw new ArgumentError('target', 'must not be inside what is moved');
  }
  if (options.keepAccess && to.writer.equals(from.writer)) {
    const changes = new ChunkChanges(operation);
    // Somebody may move one of them into the item meanwhile; that has no chunk in common with this, and both would lose their way to the root.
    for (const { place, cid } of current.isDirectory ? above : []) {
      if (place.writer.equals(to.writer)) changes.rely(to.requireSigner(), place.mapKey, cid);
    }
    return operation.committer.withoutFlush(async () => relink(operation, changes, from, current, to, options));
  }
  const { maxPerChunk, onProgress, replace } = options;
  return copyInto(operation, ports, { view: operation, item: current }, to, {
    maxPerChunk,
    onProgress,
    name,
    replace,
    isMove: true,
    alsoCommit: async () => {
      await options.alsoCommit?.();
      await deleteItems(operation, from, [current]);
    },
  });
}

/** The fast way: the item, or its link node, gets another parent link, and another list has it. */
async function relink(
  operation: OperationView,
  changes: ChunkChanges,
  from: Item,
  item: Item,
  to: Item,
  options: MoveOptions,
): Promise<Item> {
  const { crypto } = operation;
  const moved = item.link ?? item;
  const { capability, cid, node, opened } = moved;
  const source = new DirectoryEdit(operation, changes, from);
  const destination = new DirectoryEdit(operation, changes, to, options);
  source.remove(capability);
  const { name = item.name } = options;
  const replaced = options.replace === true ? await fileToReplace(operation, to, name, item, options) : undefined;
  await stageReplacement(operation, changes, destination, replaced);
  const entry = destination.add({ ...listingOf(item), name });
  // First the one that may refuse.
  await destination.apply();
  await source.apply();
  let isWritten = false;
  // What belongs to another directory stays there; only the element moves.
  if (belongsTo(item, from)) {
    const parentLink = RelativeCapability.toParent(to.capability, to.opened.parentKey, moved.writer);
    const relinked = withParentLink(crypto, node, opened, parentLink);
    const isRenamed = name !== item.name;
    const renamed = isRenamed
      ? withProperties(crypto, relinked, openNode(crypto, relinked, capability), opened.properties.with({ name }))
      : relinked;
    changes.put(moved.requireSigner(), capability.mapKey, cid, { node: renamed, fragments: [] });
    // Whoever the target of a link node is shared with sees the name that it has itself.
    const isTargetRenamed = isRenamed && moved !== item && namesParent(item, moved);
    if (isTargetRenamed) writeProperties(operation, changes, item, { name });
    isWritten = moved === item || isTargetRenamed;
  }
  if (options.isCompared === true && !isWritten) compare(operation, changes, from, item);
  await changes.commit();
  return openItem(operation, capability, { inheritedSigner: moved.signer, entry });
}
