import { ArgumentError } from '@pyrgos/core/errors';
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
  type Item,
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
    if (this.tree.isAbove(above)) {
      yield await this.below(above, signal);
      return;
    }
    const { view, names, item } = await this.tree.lookAt(signal, path, requireDirectory);
    const directory = formatPath(names);
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
    if (this.tree.isAbove(above)) {
      const { name, isDirectory, mimeType, created } = await this.below(above, signal);
      yield { name, isDirectory, mimeType, created };
      return;
    }
    const { view, item } = await this.tree.lookAt(signal, path, requireDirectory);
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
    yield* verifyTree(view, item, {
      ...options,
      path: formatPath(names),
      onProgress: ({ directories, files, bytes }) => {
        const items = directories + files;
        if (options.content === true) listener?.({ done: bytes, total: undefined, unit: 'bytes', items });
        else listener?.({ done: items, total: undefined, unit: 'items', items });
      },
    });
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
