import { ArgumentError, DeniedError } from '@pyrgos/core/errors';
import type { PublicKeyHash } from '@pyrgos/core/keys';
import type { AbsoluteCapability } from '@pyrgos/core/model';
import type { ContentPorts } from './content/content-ports.js';
import { FileEntry } from './file-entry.js';
import { type FileTree, formatPath, type Located, noSuchFile, type Reservation } from './file-tree.js';
import type { OtherRoots } from './other-roots.js';
import type { ShareBook } from './share-book.js';
import { otherKind } from './structure/other-kind.js';
import { type CommittedView, type Item, openItem, type View } from './view/index.js';

/** What the parts of a file system share. */
export interface FileSystemParts {
  readonly tree: FileTree;
  /** The writable capability of the home directory; of what a link leads to where that is all there is. */
  readonly home: AbsoluteCapability;
  /** The home directory, where large uploads are recorded; undefined where there is none. */
  readonly records: AbsoluteCapability | undefined;
  readonly ports: ContentPorts;
  /** Told of changed names; default: nothing is shared. */
  readonly shareBook?: ShareBook | undefined;
  /** What other users share; default: nothing. */
  readonly others?: OtherRoots | undefined;
}

/** An item that a change is about, and the writers that the change needs. */
export interface Reserved extends Reservation {
  readonly paths: readonly Located[];
  readonly item: Item;
}

/** A child and its directory, and the writers that a change of its entry needs. */
export interface ReservedChild extends Reserved {
  readonly parent: Item;
}

/** What was found at a place, as programs see it. */
export function entryAt({ names, item }: Located): FileEntry {
  return new FileEntry(formatPath(names), item);
}

/** The writers that a change of an item itself needs, which is made where its path leads. */
export function reserve(located: Located): Reserved {
  const { item } = located;
  return { owner: item.owner, writers: [item.writer, ...item.links.map(({ writer }) => writer)], paths: [located], item };
}

/** Where content in the space of an owner goes: what belongs to the account, its quota and its mirror BAT, says nothing about anybody else's. */
export function portsOf({ ports, home }: Pick<FileSystemParts, 'ports' | 'home'>, owner: PublicKeyHash): ContentPorts {
  return owner.equals(home.owner) ? ports : { ...ports, space: undefined, mirrorBatId: undefined };
}

/** ArgumentError for a path that begins with nobody's home directory. */
export async function assertRoot(tree: FileTree, view: View, names: readonly string[], field: string): Promise<void> {
  if (tree.isOwn(names) || (await tree.find(view, names.slice(0, 1))) !== undefined) return;
  throw new ArgumentError(field, 'must be inside a home directory');
}

/** DeniedError `denied.file` for a directory of somebody else that the account may not change, and what is in it with that. */
export function assertChangeable(tree: FileTree, { names, item }: Located): void {
  if (tree.isOwn(names) || item.isWritable) return;
  throw new DeniedError(
    'denied.file',
    'What others share can be renamed, moved, deleted or added to only inside a directory that they have shared for writing.',
  );
}

/** The child at a path with its directory. Errors of {@link FileTree.locate}; ArgumentError for what is in no directory. */
export async function reserveChild(tree: FileTree, view: CommittedView, path: string): Promise<ReservedChild> {
  const { parent } = await tree.locateParent(view, path);
  const { item } = await tree.locate(view, path);
  assertChangeable(tree, parent);
  const writers = [parent.item.writer, item.writer, ...item.links.map(({ writer }) => writer)];
  return { owner: parent.item.owner, writers, paths: [parent], parent: parent.item, item };
}

/** The deepest directory of a path that exists, and of how many names its own path is; ConflictError `conflict.file` where it leads through a file. */
export async function reserveDeepest(
  { tree, home }: Pick<FileSystemParts, 'tree' | 'home'>,
  view: CommittedView,
  names: readonly string[],
  field = 'path',
): Promise<Reserved & { readonly depth: number }> {
  for (let depth = names.length; depth > 0; depth--) {
    const item = await tree.find(view, names.slice(0, depth));
    if (item === undefined) continue;
    if (!item.isDirectory) throw otherKind(false, { field, path: formatPath(names.slice(0, depth)) });
    assertChangeable(tree, { names: names.slice(0, depth), item });
    return { ...reserve({ names: names.slice(0, depth), item }), depth };
  }
  tree.assertInside(names);
  if (!tree.isOwn(names)) throw noSuchFile(names);
  return { ...reserve({ names: tree.root, item: await openItem(view, home) }), depth: tree.root.length };
}

/** Requires that the path in an argument led to a directory; otherwise ConflictError `conflict.file`. `names`: where it led, unless that is the path of the call. */
export function requireDirectory(item: Item, field = 'path', names?: readonly string[]): Item {
  if (!item.isDirectory) throw otherKind(false, { field, ...(names === undefined ? {} : { path: formatPath(names) }) });
  return item.requireDirectory();
}

/** Requires that a path led to a file; otherwise ConflictError `conflict.file`. */
export function requireFile(item: Item): Item {
  if (item.isDirectory) throw otherKind(true, { field: 'path' });
  return item.requireFile();
}
