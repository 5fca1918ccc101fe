import { ArgumentError, ConflictError } from '@pyrgos/core/errors';
import type { BatId, PublicKeyHash } from '@pyrgos/core/keys';
import { type AbsoluteCapability, assertLegalName, Timestamp } from '@pyrgos/core/model';
import type { BlockStore } from '@pyrgos/core/store';
import type { Clock } from '../commit/index.js';
import { untilAborted } from '../waiting/until-aborted.js';
import {
  appendContent,
  type AppendOptions,
  type ByteSource,
  type ContentPorts,
  type EditOptions,
  overwriteSection,
  truncateFile,
  type FileOutcome,
  type Thumbnailer,
  type TreeDirectory,
  type TreeFile,
  uploadFile,
  type UploadOptions,
  type UploadResult,
  uploadTree,
  type UploadTreeOptions,
  UploadTransactions,
} from './content/index.js';
import { openSource } from './content/byte-source.js';
import { DamagedEntry, dateOf, FileEntry } from './file-entry.js';
import { assertMovable, FileTree, formatPath, type Located } from './file-tree.js';
import {
  copyItem,
  deleteItems,
  getOrMakeDirectories,
  makeDirectory,
  moveItem,
  rename,
  setProperties,
  type TreeProgress,
  writingSpacesOf,
} from './structure/index.js';
import { type FileVerifyOptions, verifyFiles } from './verify-files.js';
import {
  type CommittedView,
  findEntry,
  type Finding,
  Item,
  listChildren,
  listEntries,
  FileReader,
  type FileReaderOptions,
  openItem,
  type Sessions,
  splitPath,
  type StreamOptions,
} from './view/index.js';

/** What a {@link FileSystem} works with. */
export interface FileSystemOptions {
  readonly sessions: Sessions;
  /** The user whose home directory it is. */
  readonly username: string;
  /** The writable capability of the home directory. */
  readonly home: AbsoluteCapability;
  /** The server's blocks. */
  readonly blocks: BlockStore;
  /** The account's mirror BAT id, for what is made in directories that have none. */
  readonly mirrorBatId?: BatId | undefined;
  /** Makes thumbnails of what is uploaded; default: there are none. */
  readonly thumbnailer?: Thumbnailer | undefined;
  /** Chunks of 5 MiB that are encrypted and uploaded at a time; see {@link ContentPorts}. */
  readonly chunksInFlight?: number | undefined;
  readonly clock?: Clock | undefined;
}

/** Cancelling a call. */
export interface FileOptions {
  readonly signal?: AbortSignal | undefined;
}

/** How something is written. */
export interface WriteOptions extends FileOptions, Omit<UploadOptions, 'modified' | 'created' | 'transactions' | 'resume'> {
  /** Default: now. */
  readonly modified?: Date | undefined;
  /**
   * Whether missing directories on the way are made; default false. They appear together with the file; those of a resumable upload when
   * it is begun.
   */
  readonly parents?: boolean | undefined;
}

/** How a tree is written. */
export interface WriteTreeOptions extends Omit<UploadTreeOptions, 'home' | 'onExisting'> {
  /** Asked for each file that is there already with other content; default `skip`. */
  readonly onExisting?: ((file: TreeFile, existing: FileEntry) => Promise<'replace' | 'skip'> | 'replace' | 'skip') | undefined;
}

/** What came of {@link FileSystem.write}. */
export interface Written {
  readonly entry: FileEntry;
  /** `unchanged`: the file had this content already. */
  readonly outcome: UploadResult['outcome'];
}

/** An element of a quick listing. */
export interface ListedName {
  /** Undefined for elements written by very old programs. */
  readonly name: string | undefined;
  readonly isDirectory: boolean;
  readonly mimeType: string;
  readonly created: Date | undefined;
}

/** A change of a tree with progress. */
export interface TreeOptions extends FileOptions {
  readonly onProgress?: ((progress: TreeProgress) => void) | undefined;
}

/**
 * The files of an account, by path: `/username/directory/file`. Reads show what was done through this session at once, and what other
 * devices do some seconds later: a look at the server counts for `ConnectOptions.pointerCacheMilliseconds`, by default 7 seconds, unless
 * something is not found, or {@link FileSystem.refresh} is called. Changes are always made on what is there at that moment; a change is on
 * the server, for good and as a whole, when its promise resolves, and when it rejects nothing of it is visible. Any number of calls may run at a time,
 * here and on other devices: changes of different things are merged, and changes of one directory are repeated on top of each other.
 *
 * Errors of all calls: NotFoundError `not-found.file`; ArgumentError and LimitError for paths that cannot be; ConflictError
 * `conflict.exists`, or another one when somebody else keeps changing the same thing; DeniedError `denied.file`; FormatError and CryptoError
 * for what is damaged; `quota`; `network`; AbortedError.
 */
export class FileSystem {
  /** The user whose files these are: the first name of every path. */
  readonly username: string;
  private readonly tree: FileTree;
  private readonly home: AbsoluteCapability;
  private readonly ports: ContentPorts;

  constructor(options: FileSystemOptions) {
    const { sessions, username, home, blocks, mirrorBatId, thumbnailer, chunksInFlight, clock } = options;
    this.username = username;
    this.home = home;
    this.tree = new FileTree({ sessions, username, home, clock });
    this.ports = { blocks, clock, thumbnailer, mirrorBatId, chunksInFlight };
  }

  /** The path of the home directory. */
  get homePath(): string {
    return formatPath([this.username]);
  }

  /** Forgets how old the last look at the server is: what is read next is what is there then, whoever made it. No request. */
  refresh(): void {
    this.tree.sessions.refresh();
  }

  /** What is at a path; undefined when there is nothing. */
  async find(path: string, { signal }: FileOptions = {}): Promise<FileEntry | undefined> {
    const names = splitPath(path);
    const item = await this.tree.look(signal, async (view) => this.tree.find(view, names));
    return item === undefined ? undefined : new FileEntry(formatPath(names), item);
  }

  /** What is at a path; NotFoundError when there is nothing. */
  async stat(path: string, { signal }: FileOptions = {}): Promise<FileEntry> {
    return entryAt(await this.tree.lookAt(signal, path));
  }

  /**
   * What is in a directory, in no particular order; hidden elements too. What cannot be opened is a {@link DamagedEntry}. `/` holds the home
   * directory. When a part of the list itself is damaged, everything else comes first and then its error.
   */
  async *list(path: string, { signal }: FileOptions = {}): AsyncGenerator<FileEntry | DamagedEntry, void, undefined> {
    if (splitPath(path).length === 0) {
      yield entryAt(await this.tree.lookAt(signal, this.homePath));
      return;
    }
    const { view, names, item } = await this.tree.lookAt(signal, path);
    const directory = formatPath(names);
    for await (const child of listChildren(view, requireDirectory(item))) {
      yield child.isDangling ? new DamagedEntry(directory, child) : new FileEntry(`${directory}/${child.name}`, child);
    }
  }

  /** The names in a directory with what the list says of them, without opening each: two requests per 500. */
  async *names(path: string, { signal }: FileOptions = {}): AsyncGenerator<ListedName, void, undefined> {
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

  /** Opens a file for reading anywhere in it. It shows the file as it is now, whatever happens to it later. */
  async open(path: string, { signal, ...options }: FileOptions & FileReaderOptions = {}): Promise<FileReader> {
    // The reader outlives this call, and so must its view: the signal is for finding the file only.
    const { view, item } = await untilAborted(async () => this.tree.lookAt(undefined, path), signal, 'opening a file');
    return new FileReader(view, requireFile(item), options);
  }

  /** The bytes [start, end) of a file, by default all; LimitError for more than MAX_READ_SIZE: stream those. */
  async read(path: string, { start = 0, end, signal }: Pick<StreamOptions, 'start' | 'end' | 'signal'> = {}): Promise<Uint8Array> {
    const reader = await this.open(path, { signal });
    return reader.read(start, end ?? reader.size, { signal });
  }

  /** The bytes of a file, or a range of them, as a stream with back pressure and bounded memory. */
  async stream(path: string, options: StreamOptions = {}): Promise<ReadableStream<Uint8Array>> {
    return (await this.open(path, { signal: options.signal })).stream(options);
  }

  /**
   * Looks at everything below a path, on the server, and reports what is damaged or missing there; siblings of what is damaged are looked at
   * all the same. See {@link FileVerifyOptions}.
   */
  verify(path: string, options: FileVerifyOptions = {}): AsyncGenerator<Finding, void, undefined> {
    return verifyFiles(this.tree, path, options);
  }

  /**
   * Makes a directory. With `parents` also those on the way to it, and it is fine when it is there already; otherwise that is a ConflictError
   * `conflict.exists`.
   */
  async makeDirectory(
    path: string,
    { parents = false, isHidden, signal }: FileOptions & { readonly parents?: boolean; readonly isHidden?: boolean } = {},
  ): Promise<FileEntry> {
    const names = splitPath(path);
    const options = { isHidden, mirrorBatId: this.ports.mirrorBatId, clock: this.ports.clock };
    if (!parents) {
      const made = await this.tree.change(
        { signal },
        async (view) => reserve((await this.tree.locateParent(view, path)).parent.item),
        async (operation, { item }) => makeDirectory(operation, requireDirectory(item), names.at(-1) ?? '', options),
      );
      return new FileEntry(formatPath(names), made);
    }
    const existing = await this.tree.find(this.tree.view(signal), names);
    if (existing?.isDirectory === true) return new FileEntry(formatPath(names), existing);
    for (const name of names) assertLegalName(name, 'path');
    if (names[0] !== this.username) throw new ArgumentError('path', 'must be inside a home directory');
    const made = await this.tree.change(
      { signal },
      async (view) => this.deepest(view, names),
      async (operation, { item, depth }) => getOrMakeDirectories(operation, item, names.slice(depth), options),
    );
    return new FileEntry(formatPath(names), made);
  }

  /**
   * Writes a file: `source` becomes its whole content. By default an existing file is replaced and keeps its shares; see
   * {@link UploadOptions.onExisting}. Large content that can be read again (bytes, a blob, a file on disk; not a stream) is resumed by the next call
   * with the same content and path when the upload is cut off.
   */
  async write(path: string, source: ByteSource, options: WriteOptions = {}): Promise<Written> {
    const { signal, parents = false, modified, onExisting = 'replace', ...rest } = options;
    const names = splitPath(path);
    const name = names.at(-1) ?? '';
    assertLegalName(name, 'path');
    const above = names.slice(0, -1);
    if (above.length === 0 || (parents && above[0] !== this.username)) throw new ArgumentError('path', 'must be inside a home directory');
    for (const directory of parents ? above : []) assertLegalName(directory, 'path');
    const upload = { ...rest, onExisting, modified: modified === undefined ? undefined : Timestamp.fromMilliseconds(modified.getTime()) };
    const { isRepeatable } = openSource(source);
    const { item, outcome } = await this.tree.change(
      { signal, isRepeatable },
      async (view) => {
        const { item, depth } = parents
          ? await this.deepest(view, above)
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

  /**
   * Writes many files and directories below a directory, small ones together in few commits; gives what came of each file when it is stored.
   * Missing directories are made, that one and those on the way to it included. What is there already stays as it is unless `onExisting` says `replace`; writing again what was cut off goes
   * on where it stopped. Ends at the first error unless `onError` says `skip`.
   */
  async *writeTree(
    directory: string,
    entries: Iterable<TreeFile | TreeDirectory> | AsyncIterable<TreeFile | TreeDirectory>,
    options: WriteTreeOptions = {},
  ): AsyncGenerator<FileOutcome<TreeFile>, void, undefined> {
    if ((await this.find(directory, options)) === undefined) await this.makeDirectory(directory, { parents: true, signal: options.signal });
    const view = this.tree.view(options.signal);
    const { names, item } = await this.tree.locate(view, directory);
    const { onExisting, ...rest } = options;
    const ask = async (file: TreeFile, existing: Item): Promise<'replace' | 'skip'> =>
      (await onExisting?.(file, new FileEntry(formatPath([...names, ...file.path]), existing))) ?? 'skip';
    const home = await openItem(view, this.home);
    yield* uploadTree(this.tree.sessions, this.ports, requireDirectory(item), entries, { ...rest, home, onExisting: ask });
  }

  /** Writes bytes into a file from `start` on, which is at most its size. */
  async writeAt(path: string, start: number, source: ByteSource, options: FileOptions & EditOptions = {}): Promise<FileEntry> {
    return this.edit(path, source, options, async (operation, item) =>
      overwriteSection(operation, this.ports, item, start, source, options),
    );
  }

  /** Writes bytes behind the last one of a file. */
  async append(path: string, source: ByteSource, options: FileOptions & AppendOptions = {}): Promise<FileEntry> {
    return this.edit(path, source, options, async (operation, item) => appendContent(operation, this.ports, item, source, options));
  }

  /** Cuts a file off behind `size` bytes; does nothing when it has no more. */
  async truncate(path: string, size: number, options: FileOptions & EditOptions = {}): Promise<FileEntry> {
    return this.edit(path, undefined, options, async (operation, item) => truncateFile(operation, this.ports, item, size, options));
  }

  /** Gives a file or directory another name in its directory. */
  async rename(path: string, name: string, { signal }: FileOptions = {}): Promise<FileEntry> {
    const names = splitPath(path);
    assertMovable(names, this.username);
    const renamed = await this.tree.change(
      { signal },
      async (view) => this.child(view, path),
      async (operation, { parent, item }) => rename(operation, parent, item, name),
    );
    return new FileEntry(formatPath([...names.slice(0, -1), name]), renamed);
  }

  /** Sets when a file or directory was changed or made, or whether it is hidden. */
  async setProperties(
    path: string,
    properties: { readonly modified?: Date; readonly created?: Date; readonly isHidden?: boolean },
    { signal }: FileOptions = {},
  ): Promise<FileEntry> {
    const { modified, created, isHidden } = properties;
    const changes = {
      ...(modified === undefined ? {} : { modified: Timestamp.fromMilliseconds(modified.getTime()) }),
      ...(created === undefined ? {} : { created: Timestamp.fromMilliseconds(created.getTime()) }),
      ...(isHidden === undefined ? {} : { isHidden }),
    };
    return this.edit(path, undefined, { signal }, async (operation, item) => setProperties(operation, item, changes));
  }

  /**
   * Moves a file or directory into another directory, under its name. Within one writing space it keeps its keys, and whoever it is shared with
   * keeps access, unless `keepAccess` is false; between two it is copied and deleted, and shares end.
   */
  async move(path: string, directory: string, options: TreeOptions & { readonly keepAccess?: boolean } = {}): Promise<FileEntry> {
    const { signal, keepAccess = true, onProgress } = options;
    assertMovable(splitPath(path), this.username);
    const moved = await this.tree.change(
      { signal },
      async (view) => {
        const { parent, item, writers: own } = await this.child(view, path);
        const target = await this.tree.locate(view, directory);
        // Otherwise nothing below it changes.
        const isCopied = !keepAccess || !parent.writer.equals(target.item.writer);
        const spaces = isCopied ? await writingSpacesOf(view, [item]) : own;
        return { owner: parent.owner, writers: [...spaces, parent.writer, target.item.writer], parent, item, target };
      },
      async (operation, { parent, item, target }) => ({
        item: await moveItem(operation, this.ports, parent, item, requireDirectory(target.item), { keepAccess, onProgress }),
        target,
      }),
    );
    return new FileEntry(formatPath([...moved.target.names, moved.item.name]), moved.item);
  }

  /** Copies a file or directory into a directory; by default under its name, or `name (copy)` when that is in use. */
  async copy(path: string, directory: string, options: TreeOptions & { readonly name?: string } = {}): Promise<FileEntry> {
    const { signal, name, onProgress } = options;
    const copied = await this.tree.change(
      { signal },
      async (view) => {
        const { item } = await this.tree.locate(view, path);
        const target = await this.tree.locate(view, directory);
        return { owner: target.item.owner, writers: [target.item.writer], view, item, target };
      },
      async (operation, { view, item, target }) => ({
        item: await copyItem(operation, this.ports, { view, item }, requireDirectory(target.item), { name, onProgress }),
        target,
      }),
    );
    return new FileEntry(formatPath([...copied.target.names, copied.item.name]), copied.item);
  }

  /** Deletes a file, or a directory with all below it, for good. */
  async remove(path: string, options: TreeOptions = {}): Promise<void> {
    const names = splitPath(path);
    return this.removeAll(formatPath(names.slice(0, -1)), [names.at(-1) ?? ''], options);
  }

  /**
   * Deletes several children of one directory, with all below them; names that are not there do not matter, unless it is the only one. Also
   * damaged elements are removed.
   */
  async removeAll(directory: string, names: readonly string[], { signal, onProgress }: TreeOptions = {}): Promise<void> {
    for (const name of names) assertMovable([...splitPath(directory), name], this.username);
    await this.tree.change(
      { signal },
      async (view) => {
        const { item } = await this.tree.locate(view, directory);
        const children = await Promise.all(names.map(async (name) => findEntry(view, requireDirectory(item), name)));
        const found = children.filter((child) => child !== undefined);
        if (found.length === 0) await this.tree.locate(view, `${directory}/${names[0] ?? ''}`);
        return { owner: item.owner, writers: [item.writer, ...(await writingSpacesOf(view, found))], item, found };
      },
      async (operation, { item, found }) => deleteItems(operation, item, found, { onProgress }),
    );
  }

  /** Removes what uploads that were begun and not finished have left; returns how many there were. Do not call it while one is running. */
  async clearUnfinishedUploads({ signal }: FileOptions = {}): Promise<number> {
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
    run: (operation: Parameters<typeof setProperties>[0], item: Item) => Promise<Item>,
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

  private async child(view: CommittedView, path: string): Promise<Child> {
    const { parent } = await this.tree.locateParent(view, path);
    const { item } = await this.tree.locate(view, path);
    const writers = [parent.item.writer, item.writer, ...item.links.map(({ writer }) => writer)];
    return { owner: parent.item.owner, writers, parent: parent.item, item };
  }

  /** The deepest directory of a path that exists. */
  private async deepest(
    view: CommittedView,
    names: readonly string[],
  ): Promise<{ readonly owner: PublicKeyHash; readonly writers: readonly PublicKeyHash[]; readonly item: Item; readonly depth: number }> {
    for (let depth = names.length; depth > 0; depth--) {
      const item = await this.tree.find(view, names.slice(0, depth));
      if (item === undefined) continue;
      if (!item.isDirectory) throw new ConflictError('conflict.exists', 'there is a file where a directory is needed');
      return { ...reserve(item), depth };
    }
    return { ...reserve(await openItem(view, this.home)), depth: 1 };
  }
}

/** A child and its directory, and the writers that a change of its entry needs. */
interface Child {
  readonly owner: PublicKeyHash;
  readonly writers: readonly PublicKeyHash[];
  readonly parent: Item;
  readonly item: Item;
}

function entryAt({ names, item }: Located): FileEntry {
  return new FileEntry(formatPath(names), item);
}

function reserve(item: Item): { readonly owner: PublicKeyHash; readonly writers: readonly PublicKeyHash[]; readonly item: Item } {
  return { owner: item.owner, writers: [item.writer, ...item.links.map(({ writer }) => writer)], item };
}

function requireDirectory(item: Item): Item {
  if (!item.isDirectory) throw new ArgumentError('path', 'names a file where a directory is needed');
  return item.requireDirectory();
}

function requireFile(item: Item): Item {
  if (item.isDirectory) throw new ArgumentError('path', 'names a directory where a file is needed');
  return item.requireFile();
}
