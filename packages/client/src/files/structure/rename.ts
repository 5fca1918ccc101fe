import { assertLegalName, type FilePropertiesChanges, NamedRelativeCapability, withProperties } from '@pyrgos/core/model';
import { belongsTo, type Item, namesParent, openItem, type OperationView } from '../view/index.js';
import { ChunkChanges } from './chunk-changes.js';
import { DirectoryEdit, relisted } from './directory-edit.js';
import { requireListed } from './listed-children.js';
import { refresh } from './refresh.js';
import { fileToReplace, type ReplaceOptions, stageReplacement } from './replace-file.js';

/** Whether a change of names or places is made only on what was seen. */
export interface ComparedOptions {
  /** Whether the item itself must still be what it is at the commit, also where the change would leave it alone. Default: false. */
  readonly isCompared?: boolean | undefined;
}

/** The properties that can be set without a change of content or place. */
export type SettableProperties = Pick<FilePropertiesChanges, 'isHidden' | 'modified' | 'created' | 'mimeType' | 'thumbnail' | 'treeHash'>;

/**
 * Gives a child of `parent` another name, in one commit (chapter 04 section 19.2): in its properties, in the list, and where there is a
 * link node both in that and in its target, so that sharees do not see the old name. Resolves to the item under its new name.
 *
 * Needs write access to the parent: DeniedError `denied.file`. NotFoundError `not-found.file` when the parent does not list the item (any
 * more). ConflictError `conflict.exists` when the name is in use (see {@link ReplaceOptions}), ArgumentError or
 * LimitError for an illegal one. The share records of the path are up to the caller.
 */
export async function rename(
  operation: OperationView,
  parent: Item,
  item: Item,
  name: string,
  options: ReplaceOptions & ComparedOptions = {},
): Promise<Item> {
  assertLegalName(name);
  const directory = await refresh(operation, parent);
  directory.requireDirectory().requireSigner();
  const current = await requireListed(operation, directory, item);
  if (current.name === name) return current;
  const listed = current.link ?? current;
  const replaced = options.replace === true ? await fileToReplace(operation, directory, name, current, options) : undefined;
  await operation.committer.withoutFlush(async () => {
    const changes = new ChunkChanges(operation);
    const edit = new DirectoryEdit(operation, changes, directory);
    await stageReplacement(operation, changes, edit, replaced);
    edit.relist(listed.capability, { name });
    await edit.apply();
    // What belongs to another directory keeps its name there.
    const isOwn = belongsTo(current, directory);
    const isTargetOwn = listed === current || namesParent(current, listed);
    const renamed = new Set(!isOwn ? [] : isTargetOwn ? [listed, current] : [listed]);
    for (const node of renamed) writeProperties(operation, changes, node, { name });
    if (options.isCompared === true && !renamed.has(current)) compare(operation, changes, directory, current);
    await changes.commit();
  });
  const { entry } = current;
  return openItem(operation, listed.capability, {
    inheritedSigner: listed.signer,
    entry: entry?.link instanceof NamedRelativeCapability ? relisted(entry.link, { name }) : entry,
  });
}

/**
 * Changes properties of a file or directory and commits that (chapter 04 section 19.3); the rest stays byte for byte. Resolves to the item
 * with them. Where a directory lists the type of a file, that stays as it is. DeniedError `denied.file` without write access.
 */
export async function setProperties(operation: OperationView, item: Item, properties: SettableProperties): Promise<Item> {
  const current = await refresh(operation, item);
  const changes = new ChunkChanges(operation);
  writeProperties(operation, changes, current, properties);
  await changes.commit();
  return refresh(operation, item);
}

/**
 * Notes that changes, made in the writing space of `directory`, must not be committed when the first chunk of an item that they leave alone has changed. No commit
 * compares a space in which it changes nothing: in one of its own the chunk is sealed anew.
 */
export function compare(operation: OperationView, changes: ChunkChanges, directory: Item, item: Item): void {
  if (item.writer.equals(directory.writer)) changes.rely(item.requireSigner(), item.capability.mapKey, item.cid);
  else writeProperties(operation, changes, item, {});
}

/** Notes in `changes` that a node gets other properties; the rest of it stays. */
export function writeProperties(operation: OperationView, changes: ChunkChanges, item: Item, properties: FilePropertiesChanges): void {
  const { capability, cid, node, opened } = item;
  const rewritten = withProperties(operation.crypto, node, opened, opened.properties.with(properties));
  changes.put(item.requireSigner(), capability.mapKey, cid, { node: rewritten, fragments: [] });
}
