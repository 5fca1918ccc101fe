import { type AbsoluteCapability, Timestamp } from '@pyrgos/core/model';
import {
  appendContent,
  type ByteSource,
  type ContentPorts,
  type FileOutcome,
  overwriteSection,
  type TreeDirectory,
  type TreeFile,
  truncateFile,
  UploadTransactions,
  uploadTree,
} from './content/index.js';
import { openSource } from './content/byte-source.js';
import { FileEntry } from './file-entry.js';
import type {
  AppendFileOptions,
  FileOptions,
  PropertyChanges,
  SetPropertiesOptions,
  WriteAtOptions,
  WriteOptions,
  WriteTreeOptions,
  Written,
} from './file-system-options.js';
import { type FileTree, formatPath } from './file-tree.js';
import { type FileSystemParts, requireDirectory, reserve } from './file-tree-parts.js';
import { type IfVersion, requireVersion } from './file-version.js';
import { setProperties } from './structure/index.js';
import { type Item, openItem, type OperationView, splitPath } from './view/index.js';
import { assertIfVersion, onlyIfVersion, writeFile } from './write-file.js';

/** What a {@link FileSystem} does with contents and properties; its methods are documented there. */
export class FileWrites {
  private readonly tree: FileTree;
  private readonly home: AbsoluteCapability;
  private readonly ports: ContentPorts;

  constructor(private readonly parts: FileSystemParts) {
    const { tree, home, ports } = parts;
    this.tree = tree;
    this.home = home;
    this.ports = ports;
  }

  async write(path: string, source: ByteSource, options: WriteOptions): Promise<Written> {
    return writeFile(this.parts, path, source, options);
  }

  /** The directory is there. */
  async *writeTree(
    directory: string,
    entries: Iterable<TreeFile | TreeDirectory> | AsyncIterable<TreeFile | TreeDirectory>,
    options: WriteTreeOptions,
  ): AsyncGenerator<FileOutcome<TreeFile>, void, undefined> {
    const view = this.tree.view(options.signal);
    const { names, item } = await this.tree.locate(view, directory);
    const { onExisting, ...rest } = options;
    const ask = async (file: TreeFile, existing: Item): Promise<'replace' | 'skip'> =>
      (await onExisting?.(file, new FileEntry(formatPath([...names, ...file.path]), existing))) ?? 'skip';
    const home = await openItem(view, this.home);
    yield* uploadTree(this.tree.sessions, this.ports, requireDirectory(item), entries, { ...rest, home, onExisting: ask });
  }

  async writeAt(path: string, start: number, source: ByteSource, options: WriteAtOptions): Promise<FileEntry> {
    return this.edit(path, source, options, async (operation, item) =>
      overwriteSection(operation, this.ports, item, start, source, options),
    );
  }

  async append(path: string, source: ByteSource, options: AppendFileOptions): Promise<FileEntry> {
    return this.edit(path, source, options, async (operation, item) => appendContent(operation, this.ports, item, source, options));
  }

  async truncate(path: string, size: number, options: WriteAtOptions): Promise<FileEntry> {
    return this.edit(path, undefined, options, async (operation, item) => truncateFile(operation, this.ports, item, size, options));
  }

  async setProperties(path: string, properties: PropertyChanges, options: SetPropertiesOptions): Promise<FileEntry> {
    const { modified, created, isHidden } = properties;
    const changes = {
      ...(modified === undefined ? {} : { modified: Timestamp.fromMilliseconds(modified.getTime()) }),
      ...(created === undefined ? {} : { created: Timestamp.fromMilliseconds(created.getTime()) }),
      ...(isHidden === undefined ? {} : { isHidden }),
    };
    return this.edit(path, undefined, options, async (operation, item) => setProperties(operation, item, changes));
  }

  async clearUnfinishedUploads({ signal }: FileOptions): Promise<number> {
    return this.tree.change(
      { signal },
      async (view) => {
        const home = await openItem(view, this.home);
        const open = await new UploadTransactions(home).list(view);
        return { owner: home.owner, writers: [home.writer, ...open.map(({ record }) => record.writer.publicKeyHash)], home, open };
      },
      async (operation, { home, open }) => {
        const transactions = new UploadTransactions(home);
        for (const upload of open) await transactions.clear(operation, upload);
        return open.length;
      },
    );
  }

  private async edit(
    path: string,
    source: ByteSource | undefined,
    { signal, ifVersion }: FileOptions & IfVersion,
    run: (operation: OperationView, item: Item) => Promise<Item>,
  ): Promise<FileEntry> {
    assertIfVersion({ ifVersion });
    const names = splitPath(path);
    const isRepeatable = source === undefined || openSource(source).isRepeatable;
    const item = await onlyIfVersion(this.parts, path, { signal, ifVersion }, async () =>
      this.tree.change(
        { signal, isRepeatable: () => isRepeatable, isFresh: ifVersion !== undefined },
        async (view) => reserve((await this.tree.locate(view, path)).item),
        async (operation, prepared) => {
          await requireVersion(operation, prepared.item, { ifVersion });
          return run(operation, prepared.item);
        },
      ),
    );
    return new FileEntry(formatPath(names), item);
  }
}
