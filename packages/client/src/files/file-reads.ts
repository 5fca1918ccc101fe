import { ArgumentError, type PyrgosError } from '@pyrgos/core/errors';
import { untilAborted } from '../waiting/until-aborted.js';
import { onlyForward } from '../waiting/progress.js';
import { DamagedEntry, dateOf, FileEntry } from './file-entry.js';
import type { FileOptions, ListedName, VerifyTreeOptions } from './file-system-options.js';
import { errorAt } from './error-at-path.js';
import { type FileTree, formatPath, isOtherKind, type Located } from './file-tree.js';
import { entryAt, type FileSystemParts, requireDirectory, requireFile } from './file-tree-parts.js';
import {
  type CommittedView,
  type DanglingEntry,
  FileReader,
  type FileReaderOptions,
  findEntry,
  type Finding,
  isDamage,
  Item,
  type ItemFacts,
  listEntries,
  listFacts,
  splitPath,
  verifyTree,
} from './view/index.js';

/** The reading half of a {@link FileSystem}; its methods are documented there. */
export class FileReads {
  private readonly tree: FileTree;

  constructor({ tree }: FileSystemParts) {
    this.tree = tree;
  }

  async find(path: string, { signal }: FileOptions): Promise<FileEntry | undefined> {
    const names = splitPath(path);
    if (this.tree.isAbove(names)) return FileEntry.above(formatPath(names), (await this.home(signal)).item);
    const item = await this.tree.look(signal, async (view) => this.tree.find(view, names));
    return item === undefined ? undefined : new FileEntry(formatPath(names), item);
  }

  async stat(path: string, { signal }: FileOptions): Promise<FileEntry> {
    const names = splitPath(path);
    if (this.tree.isAbove(names)) return FileEntry.above(formatPath(names), (await this.home(signal)).item);
    return entryAt(await this.tree.lookAt(signal, path));
  }

  async *list(path: string, { signal }: FileOptions): AsyncGenerator<FileEntry | DamagedEntry, void, undefined> {
    const above = splitPath(path);
    if (above.length === 0 && this.tree.root.length === 1) {
      yield* this.roots(signal);
      return;
    }
    if (this.tree.isAbove(above)) {
      yield await this.below(above, signal);
      return;
    }
    const { view, names, item } = await this.tree.lookAt(signal, path, this.requireListable(path));
    const directory = formatPath(names);
    const others = this.tree.isOwn(names) ? undefined : await this.tree.others?.list(view, { names, item });
    if (others !== undefined) {
      for await (const child of others) {
        yield child.isDangling ? new DamagedEntry(directory, child) : new FileEntry(`${directory}/${child.name}`, child);
      }
      return;
    }
    let now: Promise<Located & { readonly view: CommittedView }> | undefined;
    for await (const listed of listFacts(view, item)) {
      let child: Item | ItemFacts | DanglingEntry | undefined = listed;
      if (child.isDangling && child.error.code === 'not-found.file') {
        now ??= this.fresh(signal, path);
        child = await lookAgain(now, child);
      }
      if (child === undefined) continue;
      yield child.isDangling ? new DamagedEntry(directory, child) : new FileEntry(`${directory}/${child.name}`, child);
    }
  }

  async *names(path: string, { signal }: FileOptions): AsyncGenerator<ListedName, void, undefined> {
    const above = splitPath(path);
    if (above.length === 0 && this.tree.root.length === 1) {
      for await (const root of this.roots(signal)) yield namedFacts(root);
      return;
    }
    if (this.tree.isAbove(above)) {
      yield namedFacts(await this.below(above, signal));
      return;
    }
    const { view, names, item } = await this.tree.lookAt(signal, path, this.requireListable(path));
    const others = this.tree.isOwn(names) ? undefined : await this.tree.others?.list(view, { names, item });
    if (others !== undefined) {
      for await (const child of others) {
        if (child.isDangling) yield { name: child.name, isDirectory: false, mimeType: '', created: undefined };
        else yield namedFacts(new FileEntry(formatPath([...names, child.name]), child));
      }
      return;
    }
    for await (const { name, link } of listEntries(view, item)) {
      const facts = link !== undefined && 'isDirectory' in link ? link : undefined;
      yield {
        name,
        isDirectory: facts?.isDirectory ?? false,
        mimeType: facts?.mimeType ?? '',
        created: facts?.created === undefined ? undefined : dateOf(facts.created),
      };
    }
  }

  async open(path: string, { signal, ...options }: FileOptions & FileReaderOptions): Promise<FileReader> {
    // The reader outlives this call, and so must its view: the signal is for finding the file only.
    const { view, names, item } = await untilAborted(async () => this.tree.lookAt(undefined, path, requireFile), signal, 'opening a file');
    return new FileReader(view, item, options, (error) => errorAt(error, () => formatPath(names)));
  }

  async *verify(path: string, { onProgress, source = 'server', ...options }: VerifyTreeOptions): AsyncGenerator<Finding, void, undefined> {
    if (source !== 'server' && source !== 'caches') throw new ArgumentError('options.source', 'must be server or caches');
    const isRoot = splitPath(path).length === 0;
    const tree = source === 'server' ? this.tree.withEmptyCaches() : this.tree;
    const { view, names, item } = await tree.lookAt(options.signal, isRoot ? formatPath(tree.root) : path);
    const listener = onlyForward(onProgress);
    const before = { items: 0, bytes: 0 };
    for await (const { names: at, item: top } of readableParts(tree, view, { names, item })) {
      if (!(top instanceof Item)) {
        yield { path: formatPath(at), part: 'entry', error: top };
        continue;
      }
      const last = { items: 0, bytes: 0 };
      yield* verifyTree(view, top, {
        ...options,
        path: formatPath(at),
        onProgress: ({ directories, files, bytes }) => {
          last.items = directories + files;
          last.bytes = bytes;
          const items = before.items + last.items;
          const done = options.content === true ? before.bytes + bytes : items;
          listener?.({ done, total: undefined, unit: options.content === true ? 'bytes' : 'items', items });
        },
      });
      before.items += last.items;
      before.bytes += last.bytes;
    }
  }

  /** The home directory, and those of others who share something. */
  private async *roots(signal: AbortSignal | undefined): AsyncGenerator<FileEntry, void, undefined> {
    const home = await this.home(signal);
    yield entryAt(home);
    for (const item of (await this.tree.others?.roots(home.view)) ?? []) yield entryAt({ names: [item.name], item });
  }

  /** Requires a directory; of somebody else it may be one of which only something below is shared. */
  private requireListable(path: string): (item: Item) => Item {
    const isOwn = this.tree.isOwn(splitPath(path));
    return (item) => (isOwn || !item.isDirectory || item.isReadable ? requireDirectory(item) : item);
  }

  /** A directory as it is on the server now. */
  private async fresh(signal: AbortSignal | undefined, path: string): Promise<Located & { readonly view: CommittedView }> {
    const view = this.tree.view(signal, true);
    const { names, item } = await this.tree.locate(view, path);
    return { names, item: requireDirectory(item), view };
  }

  /** The only thing in a directory above the place where the tree begins. */
  private async below(above: readonly string[], signal: AbortSignal | undefined): Promise<FileEntry> {
    const { root } = this.tree;
    const home = await this.home(signal);
    return above.length + 1 === root.length ? entryAt(home) : FileEntry.above(formatPath(root.slice(0, above.length + 1)), home.item);
  }

  private async home(signal: AbortSignal | undefined): Promise<Located & { readonly view: CommittedView }> {
    return this.tree.lookAt(signal, formatPath(this.tree.root));
  }
}

/** What can be read at a place as a whole: that itself, or everything that is shared below it; what is wrong with something is told instead of it. */
async function* readableParts(
  tree: FileTree,
  view: CommittedView,
  top: Located,
): AsyncGenerator<{ readonly names: readonly string[]; readonly item: Item | PyrgosError }, void, undefined> {
  const open = [top];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { names, item } = next;
    const children = item.isReadable || tree.isOwn(names) ? undefined : await tree.others?.list(view, next);
    if (children === undefined) {
      yield next;
      continue;
    }
    for await (const child of children) {
      const at = [...names, child.name];
      if (child.isDangling) yield { names: at, item: child.error };
      else open.push({ names: at, item: child });
    }
  }
}

function namedFacts({ name, isDirectory, mimeType, created }: FileEntry): ListedName {
  return { name, isDirectory, mimeType, created };
}

/**
 * What a directory lists by now under the name of a child that was not found where its list, which may be some seconds old, leads: another
 * device may have given it new keys, and with them another place, or have deleted it. The child itself where that cannot be told.
 */
async function lookAgain(
  now: Promise<Located & { readonly view: CommittedView }>,
  child: DanglingEntry,
): Promise<Item | DanglingEntry | undefined> {
  if (child.name === undefined) return child;
  try {
    const { view, item } = await now;
    return await findEntry(view, item, child.name);
  } catch (error) {
    if (isDamage(error) || isOtherKind(error)) return child;
    throw error;
  }
}
