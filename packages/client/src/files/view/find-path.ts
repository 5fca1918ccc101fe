import { assertInstance, assertString } from '@pyrgos/core/arguments';
import { ArgumentError, FormatError, LimitError, NotFoundError, printable, type PyrgosError } from '@pyrgos/core/errors';
import type { PublicKeyHash } from '@pyrgos/core/keys';
import { MAX_PARENT_LINKS, MAX_PATH_LENGTH } from '@pyrgos/core/limits';
import { openNode } from '@pyrgos/core/model';
import { directoryChunks } from './directory-chunks.js';
import { DanglingEntry, Item } from './item.js';
import { openEntries } from './list-children.js';
import { loadNode } from './load-nodes.js';
import { openItem, requireNode } from './open-item.js';
import { assertRead, type ReadOptions, type View } from './view.js';
import { VisitedLocations } from './visited-locations.js';

/**
 * The names in a path (chapter 04 section 11.1): `/` alone separates them, since a name may contain `\`; empty names do not count.
 * ArgumentError for `.` and `..`, which nothing can be called and which lead nowhere; LimitError beyond MAX_PATH_LENGTH.
 */
export function splitPath(path: string, field = 'path'): readonly string[] {
  assertString(field, path);
  if (path.length > MAX_PATH_LENGTH) throw new LimitError('path length', path.length, MAX_PATH_LENGTH);
  const names = path.split('/').filter((name) => name !== '');
  if (names.some((name) => name === '.' || name === '..')) {
    throw new ArgumentError(field, 'must not contain . or .. as a name: a path begins at the top and leads down only');
  }
  return names;
}

/**
 * The child of a directory with exactly this name, chunk by chunk until it is found; undefined when there is none. It is a
 * {@link DanglingEntry} when it is listed and cannot be opened. When it is in none of the chunks that can be read, the error of the first
 * damaged one is thrown: nobody knows what that one lists.
 */
export async function findEntry(
  view: View,
  directory: Item,
  name: string,
  options: ReadOptions = {},
): Promise<Item | DanglingEntry | undefined> {
  assertString('name', name);
  const damages: PyrgosError[] = [];
  for await (const { entries } of directoryChunks(view, directory, { ...options, onDamage: (error) => void damages.push(error) })) {
    const listed = entries.find((entry) => entry.name === name);
    if (listed !== undefined) return (await openEntries(view, directory, [listed], options))[0];
    // Legacy lists have no names; those of the children decide.
    const nameless = entries.filter((entry) => entry.link !== undefined && entry.name === undefined);
    if (nameless.length === 0) continue;
    const children = await openEntries(view, directory, nameless, options);
    const found = children.find((child): child is Item => !child.isDangling && child.name === name);
    if (found !== undefined) return found;
  }
  if (damages[0] !== undefined) throw damages[0];
  return undefined;
}

/** {@link findEntry} for many names, in one pass over the list; a name that is not there is not in the answer. */
export async function findEntries(
  view: View,
  directory: Item,
  names: ReadonlySet<string>,
  options: ReadOptions = {},
): Promise<ReadonlyMap<string, Item | DanglingEntry>> {
  const found = new Map<string, Item | DanglingEntry>();
  const damages: PyrgosError[] = [];
  for await (const { entries } of directoryChunks(view, directory, { ...options, onDamage: (error) => void damages.push(error) })) {
    // Of legacy lists all are opened: the names of the children decide.
    const wanted = entries.filter(({ name, link }) => (name === undefined ? link !== undefined : names.has(name) && !found.has(name)));
    for (const child of await openEntries(view, directory, wanted, options)) {
      const { name } = child;
      if (name !== undefined && names.has(name) && !found.has(name)) found.set(name, child);
    }
    if (found.size === names.size) return found;
  }
  if (damages[0] !== undefined) throw damages[0];
  return found;
}

/** The child with this name, or undefined; see {@link findEntry}. Throws what is wrong with a child that is listed and cannot be opened. */
export async function findChild(view: View, directory: Item, name: string, options: ReadOptions = {}): Promise<Item | undefined> {
  const found = await findEntry(view, directory, name, options);
  if (found instanceof DanglingEntry) throw found.error;
  return found;
}

/** The item at a path below `root`, or undefined when there is none; the empty path is `root` itself. Errors of {@link findChild}. */
export async function findPath(view: View, root: Item, path: string, options: ReadOptions = {}): Promise<Item | undefined> {
  assertRead(view, options);
  assertInstance('root', root, Item);
  let item = root;
  for (const name of splitPath(path)) {
    if (!item.isDirectory) return undefined;
    const child = await findChild(view, item, name, options);
    if (child === undefined) return undefined;
    item = child;
  }
  return item;
}

/** The item at a path below `root`; NotFoundError `not-found.file` when there is none. Otherwise as {@link findPath}. */
export async function resolvePath(view: View, root: Item, path: string, options: ReadOptions = {}): Promise<Item> {
  const item = await findPath(view, root, path, options);
  if (item !== undefined) return item;
  throw new NotFoundError('not-found.file', `there is no file or directory ${printable(path, 128)}`);
}

/**
 * The path of an item from the root of its tree: {@link namesOf} as text, which starts with `/`.
 */
export async function pathOf(view: View, item: Item, options: ReadOptions = {}): Promise<string> {
  return `/${(await namesOf(view, item, options)).join('/')}`;
}

/**
 * The names on the way to an item from the root of its tree, its own last: parent links up to the directory that has none, link nodes give their
 * name to their target (chapter 04 sections 5.3, 10 and 11.1). It is what the item and its ancestors claim: an item that somebody shares may lie, and
 * a name may be none that is legal.
 * FormatError when the links bite their tail, LimitError beyond MAX_PARENT_LINKS or MAX_PATH_LENGTH; errors of reading the ancestors.
 */
export async function namesOf(view: View, item: Item, options: ReadOptions = {}): Promise<readonly string[]> {
  return (await ancestryOf(view, item, options)).names;
}

/** Where an item says that it is; see {@link namesOf}. */
export interface Ancestry {
  /** The names of its path from the root of its tree. */
  readonly names: readonly string[];
  /** The writers of the item, its link node, and all directories and link nodes above it, upwards; none twice in a row. */
  readonly writers: readonly PublicKeyHash[];
}

/** {@link namesOf} with the writers that were met on the way. Costs one lookup for each directory. */
export async function ancestryOf(view: View, item: Item, options: ReadOptions = {}): Promise<Ancestry> {
  assertRead(view, options);
  assertInstance('item', item, Item);
  const names = [item.name];
  const writers = [item.writer];
  const met = (writer: PublicKeyHash): void => {
    if (writers.at(-1)?.equals(writer) !== true) writers.push(writer);
  };
  for (const link of item.links.toReversed()) met(link.writer);
  const visited = new VisitedLocations();
  let { capability, opened } = item.link ?? item;
  visited.add(capability.writer, capability.mapKey);
  let length = item.name.length + 1;
  for (let links = 0; opened.parentLink !== undefined; links++) {
    if (links >= MAX_PARENT_LINKS) throw new LimitError('parent links', links + 1, MAX_PARENT_LINKS);
    capability = opened.parentLink.toAbsolute(view.crypto, capability);
    if (!visited.add(capability.writer, capability.mapKey)) {
      throw new FormatError('format.cryptree', 'parent link', 'leads back to where it came from');
    }
    const { node } = requireNode(await loadNode(view, capability.owner, capability.writer, capability.location, options));
    opened = openNode(view.crypto, node, capability);
    met(capability.writer);
    const { name, isLink } = opened.properties;
    if (isLink) {
      // The name by which the parent lists what the link node leads to.
      length += name.length - (names[0] ?? '').length;
      names[0] = name;
    } else {
      length += name.length + 1;
      names.unshift(name);
    }
    if (length > MAX_PATH_LENGTH) throw new LimitError('path length', length, MAX_PATH_LENGTH);
  }
  return { names, writers };
}

/**
 * The directory of an item, as whoever has nothing but the item may see it: name, times and the way further up, neither its list nor its content
 * (chapter 04 section 5.4). Link nodes on the way are passed over. Undefined for the root of a tree. Errors of {@link namesOf}.
 */
export async function parentOf(view: View, item: Item, options: ReadOptions = {}): Promise<Item | undefined> {
  assertRead(view, options);
  assertInstance('item', item, Item);
  const visited = new VisitedLocations();
  let above = item.link ?? item;
  visited.add(above.writer, above.capability.mapKey);
  while (above.opened.parentLink !== undefined) {
    const capability = above.opened.parentLink.toAbsolute(view.crypto, above.capability).toReadOnly();
    if (!visited.add(capability.writer, capability.mapKey)) {
      throw new FormatError('format.cryptree', 'parent link', 'leads back to where it came from');
    }
    above = await openItem(view, capability, options);
    if (!above.opened.properties.isLink) return above;
  }
  return undefined;
}
