import { ArgumentError } from '@pyrgos/core/errors';
import type { BatId, SymmetricKey } from '@pyrgos/core/keys';
import { assertLegalName, type ChildEntry, openNode, RelativeCapability, Timestamp } from '@pyrgos/core/model';
import { type Clock, systemClock } from '../../commit/index.js';
import { findEntry, Item, loadNodes, type OperationView } from '../view/index.js';
import { ChunkChanges } from './chunk-changes.js';
import { DirectoryEdit, entryOf, type EntryOptions, type NewEntry } from './directory-edit.js';
import { type DirectoryKeys, newDirectoryKeys, sealNewDirectory } from './new-directory.js';
import { otherKind } from './other-kind.js';
import { refresh } from './refresh.js';

/** How directories are made. */
export interface MakeDirectoryOptions extends EntryOptions {
  /** Hidden in user interfaces; for what the system makes for itself. */
  readonly isHidden?: boolean | undefined;
  /** The current mirror BAT id of the account, for a directory that has none of its own (chapter 04 section 5.6). */
  readonly mirrorBatId?: BatId | undefined;
  /** When it is made; default: the machine's clock. */
  readonly clock?: Pick<Clock, 'now'> | undefined;
  /** A read key that was agreed upon with somebody (chapter 06 section 4.3); of the last directory. */
  readonly rBaseKey?: SymmetricKey | undefined;
}

/**
 * Makes a directory and commits it together with its entry in the parent (chapter 04 section 19.1). ConflictError `conflict.exists` when
 * the parent has a child of this name, ArgumentError or LimitError for an illegal one, DeniedError `denied.file` without write access.
 */
export async function makeDirectory(
  operation: OperationView,
  parent: Item,
  name: string,
  options: MakeDirectoryOptions = {},
): Promise<Item> {
  assertLegalName(name);
  return makeChain(operation, parent, [name], options);
}

/**
 * The directory at a path below `base`; what is missing of it is made and committed in one piece (chapter 04 section 19.1). Look without
 * an operation first: most of the time everything is there. ConflictError `conflict.file` when something on the way is a file, and the
 * errors of {@link makeDirectory}.
 */
export async function getOrMakeDirectories(
  operation: OperationView,
  base: Item,
  names: readonly string[],
  options: MakeDirectoryOptions = {},
): Promise<Item> {
  for (const name of names) assertLegalName(name, 'names');
  let directory = await refresh(operation, base);
  for (const [i, name] of names.entries()) {
    const child = await findEntry(operation, directory.requireDirectory(), name);
    if (child === undefined) return makeChain(operation, directory, names.slice(i), options);
    if (child.isDangling) throw child.error;
    if (!child.isDirectory) throw otherKind(false);
    directory = child;
  }
  return directory;
}

/** Makes directories one inside the other, the first one in `parent`. */
async function makeChain(operation: OperationView, parent: Item, names: readonly string[], options: MakeDirectoryOptions): Promise<Item> {
  const { crypto } = operation;
  const time = Timestamp.now(options.clock ?? systemClock);
  const keys = names.map((_, i) =>
    newDirectoryKeys(crypto, parent.owner, parent.writer, i === names.length - 1 ? options.rBaseKey : undefined),
  );
  const [top] = keys;
  if (top === undefined) throw new ArgumentError('names', 'must not be empty');
  await readAhead(operation, parent, top);
  const directory = await refresh(operation, parent);
  const changes = new ChunkChanges(operation);
  const edit = new DirectoryEdit(operation, changes, directory, options);
  const entry = (i: number): NewEntry => ({
    name: names[i] as string,
    capability: (keys[i] as DirectoryKeys).capability,
    isDirectory: true,
    mimeType: '',
    created: time,
  });
  edit.add(entry(0));
  await edit.apply();
  const signer = directory.requireSigner();
  const mirrorBatId = directory.node.mirrorBatId ?? options.mirrorBatId;
  let made: Item | undefined;
  for (const [i, own] of keys.entries()) {
    const above = keys[i - 1];
    const isLast = i === keys.length - 1;
    const children: ChildEntry[] = isLast ? [] : [entryOf(operation, own.capability, entry(i + 1))];
    const sealed = sealNewDirectory(crypto, own, {
      name: names[i] as string,
      time,
      isHidden: options.isHidden ?? false,
      parentLink: RelativeCapability.toParent(
        above?.capability ?? directory.capability,
        above?.parentKey ?? directory.opened.parentKey,
        own.capability.writer,
      ),
      children,
      mirrorBatId,
    });
    const cid = changes.put(signer, own.capability.mapKey, undefined, sealed);
    if (isLast) {
      const opened = openNode(crypto, sealed.node, own.capability);
      made = new Item({ capability: own.capability, cid, node: sealed.node, opened, properties: opened.properties, signer });
    }
  }
  await changes.commit();
  return made as Item;
}

/** Brings what the change needs into the caches with one request: both chunks of the parent, and the ways to all places in the tree. */
async function readAhead(operation: OperationView, parent: Item, { capability }: DirectoryKeys): Promise<void> {
  const { next } = parent.opened;
  const places = [parent.capability.location, ...(next === undefined ? [] : [next.location]), capability.location];
  await loadNodes(operation, parent.owner, parent.writer, places);
}
