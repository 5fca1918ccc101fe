import { assertOptionalInstance } from '@pyrgos/core/arguments';
import { assertInteger } from '@pyrgos/core/bytes';
import { MAX_FILE_SIZE } from '@pyrgos/core/limits';
import { type AbsoluteCapability, Thumbnail } from '@pyrgos/core/model';
import { onlyForward } from '../waiting/progress.js';
import { openSource } from './content/byte-source.js';
import {
  appendContent,
  type ByteSource,
  type EditOptions as ContentEditOptions,
  overwriteSection,
  type RunInDirectories,
  truncateFile,
  UploadTransactions,
  uploadTree,
} from './content/index.js';
import { updateListedType } from './content/upload-file.js';
import { FileEntry } from './file-entry.js';
import { assertFlag, assertMimeType, assertNewName, assertPathLength, existingAnswer, timestampOf } from './file-system-arguments.js';
import type {
  AppendOptions,
  EditOptions,
  FileOptions,
  PropertyChanges,
  SetPropertiesOptions,
  TreeEntry,
  TreeFileOutcome,
  WriteOptions,
  WriteTreeOptions,
  Written,
} from './file-system-options.js';
import { assertNotOfSystem, type FileTree, formatPath } from './file-tree.js';
import {
  assertRoot,
  type FileSystemParts,
  portsOf,
  requireDirectory,
  requireFile,
  reserve,
  reserveChild,
  type Reserved,
  type ReservedChild,
} from './file-tree-parts.js';
import { requireVersion } from './file-version.js';
import { runInTree } from './run-in-tree.js';
import { setProperties, type SettableProperties } from './structure/index.js';
import { TreeEntries, TreeProgressTeller } from './tree-entries.js';
import { assertTreeFits } from './tree-room.js';
import { type CommittedView, type Item, openItem, type OperationView, splitPath } from './view/index.js';
import { assertIfVersion, onlyIfVersion, writeFile } from './write-file.js';

/** What a {@link FileSystem} does with contents and properties; its methods are documented there. */
export class FileWrites {
  private readonly tree: FileTree;
  private readonly home: AbsoluteCapability;

  constructor(private readonly parts: FileSystemParts) {
    const { tree, home } = parts;
    this.tree = tree;
    this.home = home;
  }

  async write(path: string, source: ByteSource, options: WriteOptions): Promise<Written> {
    return writeFile(this.parts, path, source, options);
  }

  async *writeTree(
    directory: string,
    entries: Iterable<TreeEntry> | AsyncIterable<TreeEntry>,
    { signal, onExisting, onError, onProgress }: WriteTreeOptions,
  ): AsyncGenerator<TreeFileOutcome, void, undefined> {
    const { tree } = this;
    const names = splitPath(directory, 'directory');
    assertNotOfSystem(names, tree.username, 'directory');
    const target = await tree.look(signal, async (view) => {
      const found = await tree.find(view, names);
      return found === undefined ? undefined : requireDirectory(found, 'directory');
    });
    if (target === undefined) {
      await assertRoot(tree, tree.view(signal), names, 'directory');
      for (const name of names) assertNewName(name, 'directory');
    }
    const { records } = this.parts;
    const home = await openItem(tree.view(signal), this.home);
    const root = tree.isOwn(names) ? home : await tree.find(tree.view(signal), names.slice(0, 1));
    const ports = portsOf(this.parts, (target ?? root ?? home).owner);
    if (ports.space !== undefined) await assertTreeFits(this.parts, names, entries, signal);
    // That there is one may only be remembered.
    let isMade = false;
    const inTree = runInTree({ tree, names, base: this.home, records, ports, signal });
    const runIn: RunInDirectories = async (paths, how, work) => {
      const result = await inTree(paths, how, work);
      isMade = true;
      return result;
    };
    const progress = new TreeProgressTeller(entries, onlyForward(onProgress));
    const assertPath = (path: readonly string[]): void => {
      assertPathLength([...names, ...path]);
      assertNotOfSystem([...names, ...path], tree.username, 'entry.path');
    };
    const source = new TreeEntries(entries, { onError, progress, assertPath, signal });
    const outcomes = uploadTree(tree.sessions, ports, target ?? home, source, {
      signal,
      home: records === undefined ? undefined : home,
      runIn,
      onProgress: (told) => progress.upload(told),
      onExisting:
        onExisting === undefined
          ? undefined
          : async (file, existing) =>
              existingAnswer(
                typeof onExisting === 'string'
                  ? onExisting
                  : await onExisting(source.originalOf(file), new FileEntry(formatPath([...names, ...file.path]), existing)),
              ),
      pathOf: ({ path }) => formatPath([...names, ...path]),
      onError: onError && ((entry, error) => onError('isDirectory' in entry ? entry : source.originalOf(entry), error)),
    });
    for await (const { file, ...outcome } of outcomes) {
      yield* source.takeRefused();
      yield { ...outcome, file: source.originalOf(file) };
    }
    yield* source.takeRefused();
    const nothing = async (): Promise<void> => undefined;
    if (!isMade) await runIn([[]], {}, nothing);
  }

  async writeAt(path: string, start: number, source: ByteSource, options: EditOptions): Promise<FileEntry> {
    assertInteger('start', start, 0, MAX_FILE_SIZE);
    const how = contentOptions(options);
    return this.edit(path, source, options, async (operation, item) =>
      overwriteSection(operation, portsOf(this.parts, item.owner), requireFile(item), start, source, how),
    );
  }

  async append(path: string, source: ByteSource, options: AppendOptions): Promise<FileEntry> {
    if (options.expectedSize !== undefined) assertInteger('options.expectedSize', options.expectedSize, 0, MAX_FILE_SIZE);
    const how = contentOptions(options);
    return this.edit(path, source, options, async (operation, item) =>
      appendContent(operation, portsOf(this.parts, item.owner), requireFile(item), source, how),
    );
  }

  async truncate(path: string, size: number, options: EditOptions): Promise<FileEntry> {
    assertInteger('size', size, 0, MAX_FILE_SIZE);
    const how = contentOptions(options);
    return this.edit(path, undefined, options, async (operation, item) =>
      truncateFile(operation, portsOf(this.parts, item.owner), requireFile(item), size, how),
    );
  }

  async setProperties(path: string, properties: PropertyChanges, { signal, ifVersion }: SetPropertiesOptions): Promise<FileEntry> {
    assertIfVersion({ ifVersion });
    const { mimeType } = properties;
    const changes = settableProperties(properties);
    const names = splitPath(path);
    assertNotOfSystem(names, this.tree.username);
    const find = async (view: CommittedView): Promise<Reserved & Partial<ReservedChild>> => {
      // The list of its directory says as well of what type a file is.
      const isListed = mimeType !== undefined && !this.tree.isLinked(names) && names.length > 1 && (await this.canList(view, names));
      const reserved = isListed ? await reserveChild(this.tree, view, path) : reserve(await this.tree.locate(view, path));
      if (mimeType !== undefined || properties.thumbnail !== undefined) requireFile(reserved.item);
      return reserved;
    };
    const set = async (operation: OperationView, { item, parent }: Reserved & Partial<ReservedChild>): Promise<Item> => {
      await requireVersion(operation, item, { ifVersion });
      if (Object.keys(changes).length === 0) return item;
      const changed = await setProperties(operation, item, changes);
      return parent === undefined ? changed : updateListedType(operation, parent, changed);
    };
    const item = await onlyIfVersion(this.parts, path, { signal, ifVersion }, async () =>
      this.tree.change({ signal, isFresh: ifVersion !== undefined }, find, set),
    );
    return new FileEntry(formatPath(names), item);
  }

  /** Whether the list of the directory of a path can be changed: not where somebody shares one of its files only. */
  private async canList(view: CommittedView, names: readonly string[]): Promise<boolean> {
    return this.tree.isOwn(names) || (await this.tree.find(view, names.slice(0, -1)))?.isWritable === true;
  }

  async clearUnfinishedUploads({ signal }: FileOptions): Promise<number> {
    const { records } = this.parts;
    if (records === undefined) return 0;
    return this.tree.change(
      { signal, isFresh: true },
      async (view) => {
        const home = await openItem(view, records);
        const open = await new UploadTransactions(home).list(view);
        return { owner: home.owner, writers: [home.writer, ...open.map(({ record }) => record.writer.publicKeyHash)], home };
      },
      async (operation, { home }) => {
        const transactions = new UploadTransactions(home);
        let count = 0;
        // Not those that were there before this had its turn: they may be finished by now.
        for (const upload of await transactions.list(operation)) if (await transactions.clear(operation, upload)) count++;
        return count;
      },
    );
  }

  private async edit(
    path: string,
    source: ByteSource | undefined,
    { signal, ifVersion }: EditOptions,
    run: (operation: OperationView, item: Item) => Promise<Item>,
  ): Promise<FileEntry> {
    assertIfVersion({ ifVersion });
    const names = splitPath(path);
    assertNotOfSystem(names, this.tree.username);
    const isRepeatable = source === undefined || openSource(source).isRepeatable;
    const item = await onlyIfVersion(this.parts, path, { signal, ifVersion }, async () =>
      this.tree.change(
        { signal, isRepeatable: () => isRepeatable, isFresh: ifVersion !== undefined },
        async (view) => {
          const located = await this.tree.locate(view, path);
          requireFile(located.item);
          return reserve(located);
        },
        async (operation, prepared) => {
          await requireVersion(operation, prepared.item, { ifVersion });
          return run(operation, prepared.item);
        },
      ),
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
  assertMimeType('properties.mimeType', mimeType);
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
