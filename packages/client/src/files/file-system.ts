import { assertObject } from '@pyrgos/core/arguments';
import type { ByteSource } from './content/index.js';
import { letGo, takingSource } from './content/taken-source.js';
import type { DamagedEntry, FileEntry } from './file-entry.js';
import { FileReads } from './file-reads.js';
import { assertCall, assertCallback, assertEntries, existingAnswer } from './file-system-arguments.js';
import type {
  AppendOptions,
  CopyTreeOptions,
  EditOptions,
  FileOptions,
  FileSystemOptions,
  ListedName,
  MakeDirectoryAtOptions,
  MoveTreeOptions,
  PropertyChanges,
  RemoveOptions,
  RenameOptions,
  RotateKeysOptions,
  SetPropertiesOptions,
  TreeEntry,
  TreeFileOutcome,
  VerifyTreeOptions,
  WatchedOptions,
  WriteOptions,
  WriteTreeOptions,
  Written,
} from './file-system-options.js';
import { FileTree, formatPath } from './file-tree.js';
import { FileWrites } from './file-writes.js';
import { KeyChanges } from './key-changes.js';
import { childPath, lastName, namingPath, namingPathOfEach, siblingPath } from './naming-path.js';
import type { OtherRoots } from './other-roots.js';
import { registerParts } from './parts-of-files.js';
import { TreeChanges } from './tree-changes.js';
import { type FileReader, type FileReaderOptions, type Finding, splitPath, type StreamOptions } from './view/index.js';

/**
 * The files of an account, by path: `/username/directory/file`. Reads show what was done through this session at once, and what other
 * devices do some seconds later: a look at the server counts for `ConnectOptions.pointerCacheMilliseconds`, by default 7 seconds, unless
 * something is not found, or {@link FileSystem.refresh} is called. Changes are always made on what is there at that moment; a change is on
 * the server, for good and as a whole, when its promise resolves, and when it rejects nothing of it is visible. Any number of calls may run at a time,
 * here and on other devices: changes of different things are merged, and changes of one directory are repeated on top of each other; with `ifVersion` a
 * file is changed only if it still is what was looked at. Sources and callbacks may call it, too.
 *
 * Errors of all calls: NotFoundError `not-found.file`; ArgumentError and LimitError for paths that cannot be; ConflictError
 * `conflict.exists`, `conflict.file` for a directory where a file is needed or the other way round, `conflict.changed` with `ifVersion`, or another one when somebody else keeps changing the same thing; DeniedError `denied.file`; FormatError and CryptoError
 * for what is damaged; `quota`; `network`; AbortedError. Wrong arguments are ArgumentErrors and change nothing; what sources and callbacks of
 * the caller throw comes out as it is.
 */
export class FileSystem {
  /** The user whose files these are: the first name of every path. */
  readonly username: string;
  private readonly tree: FileTree;
  private readonly reads: FileReads;
  private readonly writes: FileWrites;
  private readonly changes: TreeChanges;
  private readonly keys: KeyChanges;

  constructor(options: FileSystemOptions) {
    const { sessions, username, home, blocks, mirrorBatId, thumbnailer, chunksInFlight, clock, space, root } = options;
    this.username = username;
    this.tree = new FileTree({ sessions, username, home, root, clock, others: () => others });
    const records = root === undefined ? home : undefined;
    const made = { tree: this.tree, home, records, ports: { blocks, clock, thumbnailer, mirrorBatId, chunksInFlight, space } };
    const others: OtherRoots | undefined = options.others?.(made);
    const parts = { ...made, others, shareBook: options.shareBook?.(made) };
    this.reads = new FileReads(parts);
    this.writes = new FileWrites(parts);
    this.changes = new TreeChanges(parts);
    this.keys = new KeyChanges(parts);
    registerParts(this, parts);
  }

  /** The path of the home directory; of what a link leads to, where that is all there is. */
  get homePath(): string {
    return formatPath(this.tree.root);
  }

  /** Forgets how old the last look at the server is: what is read next is what is there then, whoever made it. No request. */
  refresh(): void {
    this.tree.sessions.refresh();
  }

  /** What is at a path; undefined when there is nothing. `/` is the root, see {@link FileEntry.root}. */
  async find(path: string, options: FileOptions = {}): Promise<FileEntry | undefined> {
    assertCall(options, 'looking for a file');
    return namingPath(path, async () => this.reads.find(path, options));
  }

  /** What is at a path; NotFoundError when there is nothing. `/` is the root, see {@link FileEntry.root}. */
  async stat(path: string, options: FileOptions = {}): Promise<FileEntry> {
    assertCall(options, 'looking for a file');
    return namingPath(path, async () => this.reads.stat(path, options));
  }

  /**
   * What is in a directory, in no particular order; hidden elements too, such as the directories of the system that each home directory has
   * (`shared`, `.transactions`, `.capabilitycache`). What cannot be opened is a {@link DamagedEntry}. `/` holds the home directory. When a
   * part of the list itself is damaged, everything else comes first and then its error.
   */
  async *list(path: string, options: FileOptions = {}): AsyncGenerator<FileEntry | DamagedEntry, void, undefined> {
    assertCall(options, 'listing a directory');
    yield* namingPathOfEach(path, () => this.reads.list(path, options));
  }

  /**
   * The names in a directory with what the list says of them, without opening each: two requests per 500. Whether one is hidden, or damaged,
   * only {@link FileSystem.list} knows.
   */
  async *names(path: string, options: FileOptions = {}): AsyncGenerator<ListedName, void, undefined> {
    assertCall(options, 'listing a directory');
    yield* namingPathOfEach(path, () => this.reads.names(path, options));
  }

  /** Opens a file for reading anywhere in it. It shows the file as it is now, whatever happens to it later. */
  async open(path: string, options: FileOptions & FileReaderOptions = {}): Promise<FileReader> {
    assertCall(options, 'opening a file');
    return namingPath(path, async () => this.reads.open(path, options));
  }

  /**
   * The bytes [start, end) of a file, by default all. A range ends with the file: beyond it there are fewer bytes than asked for, or none.
   * LimitError for more than MAX_READ_SIZE: stream those.
   */
  async read(path: string, options: Pick<StreamOptions, 'start' | 'end' | 'signal'> = {}): Promise<Uint8Array<ArrayBuffer>> {
    assertCall(options, 'reading a file');
    const { start, end, signal } = options;
    return (await this.open(path, { signal })).read(start, end, { signal });
  }

  /** The bytes of a file, or a range of them as in {@link FileSystem.read}, as a stream with back pressure and bounded memory. Progress counts bytes. */
  async stream(path: string, options: StreamOptions = {}): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
    assertCall(options, 'reading a file');
    return (await this.open(path, { signal: options.signal })).stream(options);
  }

  /**
   * All of a file as text. As `Blob.text()` does it: what is no UTF-8 becomes U+FFFD, and a byte order mark at the start is left out. LimitError as
   * {@link FileSystem.read}.
   */
  async readText(path: string, options: FileOptions = {}): Promise<string> {
    assertCall(options, 'reading a file');
    const { signal } = options;
    const reader = await this.open(path, { signal });
    return new TextDecoder().decode(await reader.read(0, reader.size, { signal }));
  }

  /**
   * Looks at everything below a path, on the server, and reports what is damaged or missing there; siblings of what is damaged are looked at
   * all the same. What it finds has the path that other calls take. Without `content` lost and damaged blocks of contents of more than 4 KiB are
   * not noticed, see {@link VerifyTreeOptions.content}. Progress counts files and directories, and with `content` bytes.
   */
  async *verify(path: string, options: VerifyTreeOptions = {}): AsyncGenerator<Finding, void, undefined> {
    assertCall(options, 'verifying a tree');
    yield* namingPathOfEach(path, () => this.reads.verify(path, options));
  }

  /**
   * Makes a directory. With `parents` also those on the way to it, and it is fine when it is there already; otherwise that is a ConflictError
   * `conflict.exists`.
   */
  async makeDirectory(path: string, options: MakeDirectoryAtOptions = {}): Promise<FileEntry> {
    assertCall(options, 'making a directory');
    return namingPath(path, async () => this.changes.makeDirectory(path, options));
  }

  /**
   * Writes a file: `source` becomes its whole content. By default an existing file is replaced and keeps its shares; see
   * {@link WriteOptions.onExisting}. A file that stores the size and hash of the content is read, not believed: nothing is written if it has
   * it already but the type, time and thumbnail that are named; {@link WriteOptions.trustsHash} saves that download. Large content that can be read again (bytes, text, a blob, a file on disk; not a stream) is resumed by the
   * next call with the same content and path when the upload is cut off. Progress counts bytes. Names are kept as they are given, letter
   * by letter (no Unicode normalisation); a new one must not contain the character NUL.
   */
  async write(path: string, source: ByteSource, options: WriteOptions = {}): Promise<Written> {
    return takingSource(source, async (taken) => {
      assertCall(options, 'writing a file');
      return namingPath(path, async () => this.writes.write(path, taken, options));
    });
  }

  /**
   * Writes many files and directories below a directory, small ones together in few commits; gives what came of each file when it is stored.
   * Missing directories are made, that one and those on the way to it included. What is there already stays as it is unless `onExisting` says
   * `replace`; writing again what was cut off goes on where it stopped. Ends at the first error unless `onError`
   * says `skip`, and when the loop is left: then nothing more is sent. The directory is found by its path for each part. Progress counts
   * bytes of sources whose size is known beforehand; their total is known when `entries` is a list of such.
   */
  async *writeTree(
    directory: string,
    entries: Iterable<TreeEntry> | AsyncIterable<TreeEntry>,
    options: WriteTreeOptions = {},
  ): AsyncGenerator<TreeFileOutcome, void, undefined> {
    assertCall(options, 'writing a tree');
    assertEntries(entries);
    const { onExisting, onError } = options;
    if (typeof onExisting === 'string') existingAnswer(onExisting);
    else assertCallback('options.onExisting', onExisting);
    assertCallback('options.onError', onError);
    splitPath(directory, 'directory');
    for await (const outcome of namingPathOfEach(directory, () => this.writes.writeTree(directory, entries, options))) {
      letGo(outcome.file.source);
      yield outcome;
    }
  }

  /**
   * Writes bytes into a file from `start` on, over what is there and beyond its end. `start` is at most its size: no gap is filled, and a file that
   * ends before is a ConflictError `conflict.file` (`data.size`). NotFoundError when there is no file. Progress counts bytes.
   */
  async writeAt(path: string, start: number, source: ByteSource, options: EditOptions = {}): Promise<FileEntry> {
    return takingSource(source, async (taken) => {
      assertCall(options, 'writing into a file');
      return namingPath(path, async () => this.writes.writeAt(path, start, taken, options));
    });
  }

  /** Writes bytes behind the last one of a file. NotFoundError when there is no file: it is not made. Progress counts bytes. */
  async append(path: string, source: ByteSource, options: AppendOptions = {}): Promise<FileEntry> {
    return takingSource(source, async (taken) => {
      assertCall(options, 'appending to a file');
      return namingPath(path, async () => this.writes.append(path, taken, options));
    });
  }

  /** Cuts a file off behind `size` bytes; does nothing when it has no more. NotFoundError when there is no file. */
  async truncate(path: string, size: number, options: EditOptions = {}): Promise<FileEntry> {
    assertCall(options, 'cutting a file');
    return namingPath(path, async () => this.writes.truncate(path, size, options));
  }

  /** Gives a file or directory another name in its directory; see {@link RenameOptions}. */
  async rename(path: string, name: string, options: RenameOptions = {}): Promise<FileEntry> {
    assertCall(options, 'renaming');
    return namingPath(
      path,
      async () => this.changes.rename(path, name, options),
      () => siblingPath(path, name),
    );
  }

  /** Sets when a file or directory was changed or made, whether it is hidden, and the type and thumbnail of a file. */
  async setProperties(path: string, properties: PropertyChanges, options: SetPropertiesOptions = {}): Promise<FileEntry> {
    assertObject('properties', properties);
    assertCall(options, 'setting properties');
    return namingPath(path, async () => this.writes.setProperties(path, properties, options));
  }

  /**
   * Moves a file or directory into another directory, under its name or another one, in one piece; into its own directory under another name
   * is to rename it, and under its own nothing. Within one writing space it keeps its keys, and whoever it is shared with keeps access, unless
   * `keepAccess` is false; between two it is copied and deleted, and shares end: then there is progress, in bytes.
   */
  async move(path: string, directory: string, options: MoveTreeOptions = {}): Promise<FileEntry> {
    assertCall(options, 'moving');
    return namingPath(
      path,
      async () => this.changes.move(path, directory, options),
      () => childPath(directory, options.name ?? lastName(path)),
    );
  }

  /**
   * Copies a file or directory into a directory; by default under its name, or `name (copy)` when that is in use. Progress counts bytes; the
   * total is known for a file.
   */
  async copy(path: string, directory: string, options: CopyTreeOptions = {}): Promise<FileEntry> {
    assertCall(options, 'copying');
    return namingPath(
      path,
      async () => this.changes.copy(path, directory, options),
      () => childPath(directory, options.name ?? lastName(path)),
    );
  }

  /** Deletes a file, or a directory with all below it, for good. Progress counts files and directories. */
  async remove(path: string, options: RemoveOptions = {}): Promise<void> {
    assertCall(options, 'deleting');
    return namingPath(path, async () => this.changes.remove(path, options));
  }

  /**
   * Deletes several children of one directory by their names, with all below them. Names that are not there do not matter, but when all of
   * them are missing it is a NotFoundError. Also damaged elements are removed. Progress counts files and directories.
   */
  async removeAll(directory: string, names: readonly string[], options: WatchedOptions = {}): Promise<void> {
    assertCall(options, 'deleting');
    return namingPath(directory, async () => this.changes.removeAll(directory, names, options));
  }

  /**
   * Gives a file, or a directory with all below it, new keys and new places, in one piece (chapter 04 section 22): whoever has the old keys, from a
   * share or a secret link, finds nothing of it any more, no name, no list, no size, no new content. Who has the whole account finds the new ones. All
   * shares of it end. Content that is there stays encrypted as it is until it is written next, for whoever has kept keys and addresses of it:
   * {@link FileSystem.reencrypt} ends that, too. Nothing is uploaded but a node for each chunk of 5 MiB. A damaged element below is an error, and
   * nothing is changed; so are the home directory and those of the system. Progress counts files and directories.
   */
  async rotateKeys(path: string, options: RotateKeysOptions = {}): Promise<FileEntry> {
    assertCall(options, 'changing keys');
    return namingPath(path, async () => this.keys.rotateKeys(path, options));
  }

  /**
   * Encrypts anew, under fresh keys, the content at a path and below that {@link FileSystem.rotateKeys}, or the end of a share, has left under
   * old keys (chapter 04 section 15.4), as every change of such a file does by itself. Downloads and uploads that content, and nothing of other files. File by file,
   * small ones together: it can be cut off, and the next call goes on. Resolves to the number of files. Progress counts their bytes.
   */
  async reencrypt(path: string, options: WatchedOptions = {}): Promise<number> {
    assertCall(options, 'encrypting files anew');
    return namingPath(path, async () => this.keys.reencrypt(path, options));
  }

  /** Removes what uploads that were begun and not finished have left; returns how many there were. Do not call it while one is running. */
  async clearUnfinishedUploads(options: FileOptions = {}): Promise<number> {
    assertCall(options, 'clearing uploads');
    return this.writes.clearUnfinishedUploads(options);
  }
}
