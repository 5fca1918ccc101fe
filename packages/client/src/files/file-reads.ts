import { ArgumentError } from '@pyrgos/core/errors';
import { untilAborted } from '../waiting/until-aborted.js';
import { onlyForward } from '../waiting/progress.js';
import { DamagedEntry, dateOf, FileEntry } from './file-entry.js';
import type { FileOptions, ListedName, VerifyTreeOptions } from './file-system-options.js';
import { type FileTree, formatPath, type Located } from './file-tree.js';
import { entryAt, type FileSystemParts, requireDirectory, requireFile } from './file-tree-parts.js';
import {
  type CommittedView,
  FileReader,
  type FileReaderOptions,
  type Finding,
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
    if (names.length === 0) return FileEntry.root((await this.home(signal)).item);
    const item = await this.tree.look(signal, async (view) => this.tree.find(view, names));
    return item === undefined ? undefined : new FileEntry(formatPath(names), item);
  }

  async stat(path: string, { signal }: FileOptions): Promise<FileEntry> {
    if (splitPath(path).length === 0) return FileEntry.root((await this.home(signal)).item);
    return entryAt(await this.tree.lookAt(signal, path));
  }

  async *list(path: string, { signal }: FileOptions): AsyncGenerator<FileEntry | DamagedEntry, void, undefined> {
    if (splitPath(path).length === 0) {
      yield entryAt(await this.home(signal));
      return;
    }
    const { view, names, item } = await this.tree.lookAt(signal, path);
    const directory = formatPath(names);
    for await (const child of listFacts(view, requireDirectory(item))) {
      yield child.isDangling ? new DamagedEntry(directory, child) : new FileEntry(`${directory}/${child.name}`, child);
    }
  }

  async *names(path: string, { signal }: FileOptions): AsyncGenerator<ListedName, void, undefined> {
    if (splitPath(path).length === 0) {
      const { name, isDirectory, mimeType, created } = entryAt(await this.home(signal));
      yield { name, isDirectory, mimeType, created };
      return;
    }
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

  async *verify(path: string, { onProgress, source = 'server', ...options }: VerifyTreeOptions): AsyncGenerator<Finding, void, undefined> {
    if (source !== 'server' && source !== 'caches') throw new ArgumentError('options.source', 'must be server or caches');
    const isRoot = splitPath(path).length === 0;
    const tree = source === 'server' ? this.tree.withEmptyCaches() : this.tree;
    const { view, item } = await tree.lookAt(options.signal, isRoot ? formatPath([tree.username]) : path);
    const listener = onlyForward(onProgress);
    const findings = verifyTree(view, item, {
      ...options,
      onProgress: ({ directories, files, bytes }) => {
        const items = directories + files;
        if (options.content === true) listener?.({ done: bytes, total: undefined, unit: 'bytes', items });
        else listener?.({ done: items, total: undefined, unit: 'items', items });
      },
    });
    if (!isRoot) yield* findings;
    else for await (const finding of findings) yield { ...finding, path: `/${this.tree.username}${finding.path}` };
  }

  private async home(signal: AbortSignal | undefined): Promise<Located & { readonly view: CommittedView }> {
    return this.tree.lookAt(signal, formatPath([this.tree.username]));
  }
}
