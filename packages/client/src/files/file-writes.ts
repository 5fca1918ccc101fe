import { assertOptionalInstance, assertString } from '@pyrgos/core/arguments';
import { assertInteger } from '@pyrgos/core/bytes';
import { ArgumentError } from '@pyrgos/core/errors';
import { MAX_FILE_SIZE } from '@pyrgos/core/limits';
import { type AbsoluteCapability, assertLegalName, Thumbnail } from '@pyrgos/core/model';
import { onlyForward } from '../waiting/progress.js';
import { openSource } from './content/byte-source.js';
import { assertUploadOptions } from './content/content-arguments.js';
import {
  appendContent,
  type ByteSource,
  type ContentPorts,
  type EditOptions as ContentEditOptions,
  overwriteSection,
  truncateFile,
  uploadFile,
  type UploadOptions,
  UploadTransactions,
  uploadTree,
} from './content/index.js';
import { updateListedType } from './content/upload-file.js';
import { FileEntry } from './file-entry.js';
import { assertFlag, assertNewName, claimedMimeType, existingAnswer, timestampOf } from './file-system-arguments.js';
import type {
  AppendOptions,
  EditOptions,
  ExistingAnswer,
  FileOptions,
  PropertyChanges,
  TreeEntry,
  TreeFileOutcome,
  WriteOptions,
  WriteTreeOptions,
  Written,
} from './file-system-options.js';
import { type FileTree, formatPath } from './file-tree.js';
import {
  type FileSystemParts,
  requireDirectory,
  requireFile,
  reserve,
  reserveChild,
  type Reserved,
  type ReservedChild,
  reserveDeepest,
} from './file-tree-parts.js';
import { getOrMakeDirectories, setProperties, type SettableProperties } from './structure/index.js';
import { TreeEntries, treeProgress } from './tree-entries.js';
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
    const { signal, parents = false, modified, created, onExisting = 'replace', onProgress, ...rest } = options;
    const names = splitPath(path);
    const name = names.at(-1) ?? '';
    const above = names.slice(0, -1);
    assertFlag('options.parents', parents);
    if (above.length === 0 || (parents && above[0] !== this.tree.username))
      throw new ArgumentError('path', 'must be inside a home directory');
    for (const part of parents ? names : [name]) assertLegalName(part, 'path');
    const ask = async (existing: Item): Promise<ExistingAnswer> =>
      typeof onExisting === 'function' ? existingAnswer(await onExisting(new FileEntry(formatPath(names), existing))) : 'skip';
    const upload: UploadOptions = {
      ...rest,
      fallbackMimeType: claimedMimeType(source),
      modified: timestampOf('options.modified', modified),
      created: timestampOf('options.created', created),
      onExisting: typeof onExisting === 'function' ? ask : onExisting,
      onProgress: onlyForward(onProgress),
    };
    assertUploadOptions(upload);
    const { isRepeatable } = openSource(source);
    const { item, outcome } = await this.tree.change(
      { signal, isRepeatable },
      async (view) => {
        const { item, depth } = parents
          ? await reserveDeepest(this.parts, view, above)
          : { item: (await this.tree.locate(view, formatPath(above))).item, depth: above.length };
        const home = await openItem(view, this.home);
        const existing = depth < above.length ? undefined : await findEntry(view, requireDirectory(item), name);
        for (const part of [...above.slice(depth), ...(existing === undefined ? [name] : [])]) assertNewName(part, 'path');
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
    entries: Iterable<TreeEntry> | AsyncIterable<TreeEntry>,
    { signal, onExisting, onError, onProgress }: WriteTreeOptions,
  ): AsyncGenerator<TreeFileOutcome, void, undefined> {
    const view = this.tree.view(signal);
    const { names, item } = await this.tree.locate(view, directory, 'directory');
    const home = await openItem(view, this.home);
    const source = new TreeEntries(entries, onError);
    const outcomes = uploadTree(this.tree.sessions, this.ports, requireDirectory(item, 'directory'), source, {
      signal,
      home,
      onProgress: treeProgress(entries, onlyForward(onProgress)),
      onExisting: async (file, existing) =>
        onExisting === undefined
          ? 'skip'
          : existingAnswer(await onExisting(source.originalOf(file), new FileEntry(formatPath([...names, ...file.path]), existing))),
      onError: onError === undefined ? undefined : (file, error) => onError(source.originalOf(file), error),
    });
    for await (const { file, ...outcome } of outcomes) {
      yield* source.takeRefused();
      yield { ...outcome, file: source.originalOf(file) };
    }
    yield* source.takeRefused();
  }

  async writeAt(path: string, start: number, source: ByteSource, options: EditOptions): Promise<FileEntry> {
    assertInteger('start', start, 0, MAX_FILE_SIZE);
    const how = contentOptions(options);
    return this.edit(path, source, options, async (operation, item) =>
      overwriteSection(operation, this.ports, requireFile(item), start, source, how),
    );
  }

  async append(path: string, source: ByteSource, options: AppendOptions): Promise<FileEntry> {
    if (options.expectedSize !== undefined) assertInteger('options.expectedSize', options.expectedSize, 0, MAX_FILE_SIZE);
    const how = contentOptions(options);
    return this.edit(path, source, options, async (operation, item) =>
      appendContent(operation, this.ports, requireFile(item), source, how),
    );
  }

  async truncate(path: string, size: number, options: EditOptions): Promise<FileEntry> {
    assertInteger('size', size, 0, MAX_FILE_SIZE);
    const how = contentOptions(options);
    return this.edit(path, undefined, options, async (operation, item) =>
      truncateFile(operation, this.ports, requireFile(item), size, how),
    );
  }

  async setProperties(path: string, properties: PropertyChanges, { signal }: FileOptions): Promise<FileEntry> {
    const { mimeType } = properties;
    const changes = settableProperties(properties);
    const names = splitPath(path);
    const { item } = await this.tree.change(
      { signal },
      async (view) => {
        // The list of its directory says as well of what type a file is.
        const isListed = mimeType !== undefined && names.length > 1;
        const reserved = isListed ? await reserveChild(this.tree, view, path) : reserve((await this.tree.locate(view, path)).item);
        if (reserved.item.isDirectory && (mimeType !== undefined || properties.thumbnail !== undefined)) {
          throw new ArgumentError('properties', 'must not have a type or thumbnail: the path names a directory');
        }
        return reserved;
      },
      async (operation, reserved: Reserved & Partial<ReservedChild>) => {
        if (Object.keys(changes).length === 0) return { item: reserved.item };
        const changed = await setProperties(operation, reserved.item, changes);
        return { item: reserved.parent === undefined ? changed : await updateListedType(operation, reserved.parent, changed) };
      },
    );
    return new FileEntry(formatPath(names), item);
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
      async (view) => reserve(requireFile((await this.tree.locate(view, path)).item)),
      async (operation, prepared) => run(operation, prepared.item),
    );
    return new FileEntry(formatPath(names), item);
  }
}

/** The options of an edit as the operations below take them. */
function contentOptions<O extends EditOptions>({
  modified,
  onProgress,
  ...rest
}: O): Omit<O, 'modified' | 'onProgress'> & ContentEditOptions {
  return { ...rest, modified: timestampOf('options.modified', modified), onProgress: onlyForward(onProgress) };
}

/** Properties as the operations below take them. */
function settableProperties({ modified, created, isHidden, mimeType, thumbnail }: PropertyChanges): SettableProperties {
  assertFlag('properties.isHidden', isHidden);
  if (mimeType !== undefined) assertString('properties.mimeType', mimeType);
  if (thumbnail !== null) assertOptionalInstance('properties.thumbnail', thumbnail, Thumbnail);
  const changes: SettableProperties = {
    modified: timestampOf('properties.modified', modified),
    created: timestampOf('properties.created', created),
    isHidden,
    mimeType,
  };
  const set = Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined)) as SettableProperties;
  return thumbnail === undefined ? set : { ...set, thumbnail: thumbnail ?? undefined };
}
