import { untilAborted } from '../waiting/until-aborted.js';
import { DamagedEntry, dateOf, FileEntry } from './file-entry.js';
import type { FileOptions, ListedName } from './file-system-options.js';
import { type FileTree, formatPath } from './file-tree.js';
import { entryAt, type FileSystemParts, requireDirectory, requireFile } from './file-tree-parts.js';
import {
  FileReader,
  type FileReaderOptions,
  type Finding,
  listChildren,
  listEntries,
  splitPath,
  verifyTree,
  type VerifyOptions,
} from './view/index.js';

/** The reading half of a {@link FileSystem}; its methods are documented there. */
export class FileReads {
  private readonly tree: FileTree;

  constructor({ tree }: FileSystemParts) {
    this.tree = tree;
  }

  async find(path: string, { signal }: FileOptions): Promise<FileEntry | undefined> {
    const names = splitPath(path);
    const item = await this.tree.look(signal, async (view) => this.tree.find(view, names));
    return item === undefined ? undefined : new FileEntry(formatPath(names), item);
  }

  async stat(path: string, { signal }: FileOptions): Promise<FileEntry> {
    return entryAt(await this.tree.lookAt(signal, path));
  }

  async *list(path: string, { signal }: FileOptions): AsyncGenerator<FileEntry | DamagedEntry, void, undefined> {
    if (splitPath(path).length === 0) {
      yield entryAt(await this.tree.lookAt(signal, formatPath([this.tree.username])));
      return;
    }
    const { view, names, item } = await this.tree.lookAt(signal, path);
    const directory = formatPath(names);
    for await (const child of listChildren(view, requireDirectory(item))) {
      yield child.isDangling ? new DamagedEntry(directory, child) : new FileEntry(`${directory}/${child.name}`, child);
    }
  }

  async *names(path: string, { signal }: FileOptions): AsyncGenerator<ListedName, void, undefined> {
    const { view, item } = await this.tree.lookAt(signal, path);
    for await (const { name, link } of listEntries(view, requireDirectory(item))) {
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
    const { view, item } = await untilAborted(async () => this.tree.lookAt(undefined, path), signal, 'opening a file');
    return new FileReader(view, requireFile(item), options);
  }

  async *verify(path: string, options: VerifyOptions): AsyncGenerator<Finding, void, undefined> {
    const { view, item } = await this.tree.lookAt(options.signal, path);
    yield* verifyTree(view, item, options);
  }
}
