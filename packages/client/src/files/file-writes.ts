import { ArgumentError } from '@pyrgos/core/errors';
import { type AbsoluteCapability, assertLegalName, Timestamp } from '@pyrgos/core/model';
import {
  appendContent,
  type AppendOptions,
  type ByteSource,
  type ContentPorts,
  type EditOptions,
  type FileOutcome,
  overwriteSection,
  type TreeDirectory,
  type TreeFile,
  truncateFile,
  uploadFile,
  UploadTransactions,
  uploadTree,
} from './content/index.js';
import { openSource } from './content/byte-source.js';
import { FileEntry } from './file-entry.js';
import type { FileOptions, PropertyChanges, WriteOptions, WriteTreeOptions, Written } from './file-system-options.js';
import { type FileTree, formatPath } from './file-tree.js';
import { type FileSystemParts, requireDirectory, reserve, reserveDeepest } from './file-tree-parts.js';
import { getOrMakeDirectories, setProperties } from './structure/index.js';
import { findEntry, Item, openItem, type OperationView, splitPath } from './view/index.js';

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
    const { signal, parents = false, modified, onExisting = 'replace', ...rest } = options;
    const names = splitPath(path);
    const name = names.at(-1) ?? '';
    assertLegalName(name, 'path');
    const above = names.slice(0, -1);
    if (above.length === 0 || (parents && above[0] !== this.tree.username))
      throw new ArgumentError('path', 'must be inside a home directory');
    for (const directory of parents ? above : []) assertLegalName(directory, 'path');
    const upload = { ...rest, onExisting, modified: modified === undefined ? undefined : Timestamp.fromMilliseconds(modified.getTime()) };
    const { isRepeatable } = openSource(source);
    const { item, outcome } = await this.tree.change(
      { signal, isRepeatable },
      async (view) => {
        const { item, depth } = parents
          ? await reserveDeepest(this.parts, view, above)
          : { item: (await this.tree.locate(view, formatPath(above))).item, depth: above.length };
        const home = await openItem(view, this.home);
        const existing = depth < above.length ? undefined : await findEntry(view, requireDirectory(item), name);
        const writers = [item.writer, home.writer, ...(existing instanceof Item ? [existing.writer] : [])];
        return { owner: item.owner, writers, item, missing: above.slice(depth), home };
      },
      async (operation, { item: deepest, missing, home }) => {
        const { mirrorBatId, clock } = this.ports;
        const parent = missing.length === 0 ? deepest : await getOrMakeDirectories(operation, deepest, missing, { mirrorBatId, clock });
        return uploadFile(operation, this.ports, parent, name, source, { ...upload, transactions: new UploadTransactions(home) });
      },
    );
    return { entry: new FileEntry(formatPath(names), item), outcome };
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

  async writeAt(path: string, start: number, source: ByteSource, options: FileOptions & EditOptions): Promise<FileEntry> {
    return this.edit(path, source, options, async (operation, item) =>
      overwriteSection(operation, this.ports, item, start, source, options),
    );
  }

  async append(path: string, source: ByteSource, options: FileOptions & AppendOptions): Promise<FileEntry> {
    return this.edit(path, source, options, async (operation, item) => appendContent(operation, this.ports, item, source, options));
  }

  async truncate(path: string, size: number, options: FileOptions & EditOptions): Promise<FileEntry> {
    return this.edit(path, undefined, options, async (operation, item) => truncateFile(operation, this.ports, item, size, options));
  }

  async setProperties(path: string, properties: PropertyChanges, { signal }: FileOptions): Promise<FileEntry> {
    const { modified, created, isHidden } = properties;
    const changes = {
      ...(modified === undefined ? {} : { modified: Timestamp.fromMilliseconds(modified.getTime()) }),
      ...(created === undefined ? {} : { created: Timestamp.fromMilliseconds(created.getTime()) }),
      ...(isHidden === undefined ? {} : { isHidden }),
    };
    return this.edit(path, undefined, { signal }, async (operation, item) => setProperties(operation, item, changes));
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
    { signal }: FileOptions,
    run: (operation: OperationView, item: Item) => Promise<Item>,
  ): Promise<FileEntry> {
    const names = splitPath(path);
    const isRepeatable = source === undefined || openSource(source).isRepeatable;
    const item = await this.tree.change(
      { signal, isRepeatable },
      async (view) => reserve((await this.tree.locate(view, path)).item),
      async (operation, prepared) => run(operation, prepared.item),
    );
    return new FileEntry(formatPath(names), item);
  }
}
