import type { AbsoluteCapability } from '@pyrgos/core/model';
import type { ContentPorts } from './content/content-ports.js';
import { FileEntry } from './file-entry.js';
import { type FileTree, formatPath, type Located, type Reservation } from './file-tree.js';
import type { ShareBook } from './share-book.js';
import { otherKind } from './structure/other-kind.js';
import { type CommittedView, type Item, openItem } from './view/index.js';

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

/** The child at a path with its directory. Errors of {@link FileTree.locate}; ArgumentError for what is in no directory. */
export async function reserveChild(tree: FileTree, view: CommittedView, path: string): Promise<ReservedChild> {
  const { parent } = await tree.locateParent(view, path);
  const { item } = await tree.locate(view, path);
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
    return { ...reserve({ names: names.slice(0, depth), item }), depth };
  }
  tree.assertInside(names);
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
