import { assertFunction, assertInstance, assertList, assertObject, assertOptionalInstance, assertString } from '@pyrgos/core/arguments';
import { ArgumentError, ConflictError, throwIfAborted } from '@pyrgos/core/errors';
import { eachUntilAborted } from '../../waiting/each-until-aborted.js';
import { forEachAtOnce } from '../../waiting/for-each-at-once.js';
import { FileTree } from '../file-tree.js';
import { runInTree } from '../run-in-tree.js';
import { CommittedView, Item, Sessions } from '../view/index.js';
import { askedOnce } from './asked-once.js';
import { RoomForMany } from './assert-room.js';
import { openSource } from './byte-source.js';
import { assertContentPorts } from './content-arguments.js';
import type { ContentPorts } from './content-ports.js';
import { CallerSource } from './lent-source.js';
import { thumbnailOnce } from './make-thumbnail.js';
import { prepareContent, readWhole } from './prepared-content.js';
import type { DirectoriesWork, DirectoryOfTree, RunInDirectories, TreeRunOptions } from './tree-runs.js';
import { uploadFile } from './upload-file.js';
import type { UploadOptions } from './upload-options.js';
import {
  assertFileToUpload,
  failedOutcome,
  type FileOutcome,
  type FilesOfDirectory,
  type FileToUpload,
  groupableSize,
  uploadIntoDirectories,
  type UploadFilesOptions,
} from './upload-small-files.js';

/** A file of a tree to upload. */
export interface TreeFile extends Omit<FileToUpload, 'name'> {
  /** The names from the target directory down; the last one is that of the file. */
  readonly path: readonly string[];
}

/** A directory of a tree to upload; those that files are in need not be named. */
export interface TreeDirectory {
  readonly path: readonly string[];
  readonly isDirectory: true;
}

/** How a tree is uploaded. */
export interface UploadTreeOptions extends Omit<UploadFilesOptions<TreeFile>, 'onError'> {
  /**
   * {@link UploadFilesOptions.onError}; a path that leads through a file is the fault of the files below that, and of a directory that was named and has no
   * files, which is asked about, too.
   */
  readonly onError?: ((entry: TreeFile | TreeDirectory, error: unknown) => 'skip' | 'abort') | undefined;
  /** The home directory, where uploads of large files are recorded; see {@link UploadOptions.transactions}. */
  readonly home?: Item | undefined;
  /** How directories of the tree are found; default: by their paths below `directory`, whatever becomes of the place of that. */
  readonly runIn?: RunInDirectories | undefined;
  /** Told about each file that is stored, whatever came of it, and while a large one is on its way. */
  readonly onProgress?: ((progress: TreeUploadProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** How far the upload of a tree has come. */
export interface TreeUploadProgress {
  readonly files: number;
  /** Of the files whose size was known beforehand, whatever came of them; never less than before. */
  readonly bytes: number;
}

/** Files that are collected before they are sorted by directory. */
const COLLECTED_FILES = 10_000;
/** Files and directories that are committed together at most (chapter 04 section 17). */
const PART_COUNT = 2000;
/** Bytes of files that are committed together at most, unless it is one: as many as are in memory at a time. */
const PART_SIZE = 8_388_608;
/** Sources that are read at a time. */
const READS_IN_FLIGHT = 8;
/**
 * Uploads files and directories below a directory (chapter 04 section 17); gives what came of each file when it is stored. Small files are
 * committed together, those of many directories, too, up to 2,000 or 8 MiB; large ones one by one, resumably. Between the commits other operations get their turn. The directory
 * an entry is in is made when it is missing. Whoever stops taking results ends the upload: nothing more is sent.
 *
 * `directory` is writable; an earlier version will do. Stops at the first error, but for those that `onError` lets pass: what was given out
 * before it stays. Uploading again then skips what is there already.
 */
export async function* uploadTree(
  sessions: Sessions,
  ports: ContentPorts,
  directory: Item,
  entries: Iterable<TreeFile | TreeDirectory> | AsyncIterable<TreeFile | TreeDirectory>,
  options: UploadTreeOptions = {},
): AsyncGenerator<FileOutcome<TreeFile>, void, undefined> {
  assertInstance('sessions', sessions, Sessions);
  assertContentPorts(ports);
  assertInstance('directory', directory, Item);
  assertObject('options', options);
  assertOptionalInstance('options.home', options.home, Item);
  for (const name of ['onExisting', 'onError', 'onProgress'] as const) {
    if (options[name] !== undefined) assertFunction(`options.${name}`, options[name]);
  }
  const upload = new TreeUpload(sessions, ports, directory, options);
  for await (const some of collected(entries, options.signal)) yield* upload.upload(some);
}

/** Entries of one directory. */
interface Folder<F> {
  readonly path: readonly string[];
  readonly files: F[];
}

/** Sorts entries by directory, a bounded number at a time. */
async function* collected(
  entries: Iterable<TreeFile | TreeDirectory> | AsyncIterable<TreeFile | TreeDirectory>,
  signal: AbortSignal | undefined,
): AsyncGenerator<readonly Folder<TreeFile>[], void, undefined> {
  const byPath = new Map<string, Folder<TreeFile>>();
  const folderAt = (path: readonly string[]): Folder<TreeFile> => {
    // No name contains a slash; if one does, making the directory says so.
    const key = path.join('/');
    const folder: Folder<TreeFile> = byPath.get(key) ?? { path, files: [] };
    byPath.set(key, folder);
    return folder;
  };
  let count = 0;
  for await (const entry of eachUntilAborted(entries, signal, 'the upload')) {
    assertEntry(entry);
    if ('isDirectory' in entry) folderAt(entry.path);
    else folderAt(entry.path.slice(0, -1)).files.push(entry);
    if (++count % COLLECTED_FILES !== 0) continue;
    yield [...byPath.values()];
    byPath.clear();
  }
  yield [...byPath.values()];
}

function assertEntry(entry: TreeFile | TreeDirectory): void {
  assertObject('entry', entry);
  assertList('entry.path', entry.path);
  for (const name of entry.path) assertString('entry.path', name);
  if ('isDirectory' in entry) return;
  if (entry.path.length === 0) throw new ArgumentError('entry.path', 'must name the file');
  assertFileToUpload({ ...entry, name: entry.path.at(-1) ?? '' });
}

class TreeUpload {
  private files = 0;
  private bytes = 0;
  /** The most that was told: a part that is repeated begins anew. */
  private told = 0;
  /** What the listener of progress has thrown: that ends the upload, and is the fault of no file. */
  private refusal: { readonly error: unknown } | undefined;
  private readonly runIn: RunInDirectories;
  private readonly room: RoomForMany;

  constructor(
    private readonly sessions: Sessions,
    private readonly ports: ContentPorts,
    directory: Item,
    private readonly options: UploadTreeOptions,
  ) {
    this.runIn = options.runIn ?? runBelow(sessions, ports, directory, options);
    this.room = new RoomForMany(ports);
  }

  /** Small files first, those of many directories together. */
  async *upload(folders: readonly Folder<TreeFile>[]): AsyncGenerator<FileOutcome<TreeFile>, void, undefined> {
    const named = folders.map(({ path, files }) => ({
      path,
      files: files.map((file): NamedFile => ({ ...file, file, name: file.path.at(-1) ?? '', thumbnailOnce: thumbnailOnce() })),
    }));
    const isSmall = ({ source }: NamedFile): boolean => groupableSize(source) !== undefined;
    const small = named.map(({ path, files }) => ({ path, files: files.filter(isSmall), isEmpty: files.length === 0 }));
    for (const part of partsOf(small)) yield* this.outcomes(await this.uploadSmall(part));
    for (const { path, files } of named) {
      for (const file of files) if (!isSmall(file)) yield* this.outcomes([await this.uploadLarge(path, file)]);
    }
  }

  /** Files that are committed together. Their sources are read before it is the turn of the commit: they may make changes of their own. */
  private async uploadSmall(folders: readonly Folder<NamedFile>[]): Promise<readonly FileOutcome<TreeFile>[]> {
    const { signal, onExisting, onError, pathOf } = this.options;
    const failed: FileOutcome<TreeFile>[] = [];
    const readable = folders.map(({ path }) => ({ path, files: [] as NamedFile[], names: new Set<string>() }));
    const part = folders.flatMap(({ files }, folder) => files.map((file) => ({ file, folder })));
    await forEachAtOnce(part, READS_IN_FLIGHT, async ({ file, folder }) => {
      const { isCode, size = 0, ...source } = openSource(file.source);
      const { files, names } = readable[folder] as (typeof readable)[number];
      try {
        // Before it is read: however many have one name, the content of one of them is in memory.
        if (names.has(file.name)) throw new ConflictError('conflict.exists', 'Two files of this name are to be uploaded.');
        names.add(file.name);
        files.push(isCode ? { ...file, source: await readWhole({ isCode, size, ...source }, size, signal) } : file);
      } catch (error) {
        failed.push(this.failed(file, error));
      }
    });
    const ask = new Map(part.map(({ file }) => [file.file, onExisting && askedOnce((existing) => onExisting(file.file, existing))]));
    const options: UploadFilesOptions<NamedFile> = {
      onExisting: onExisting && (async ({ file }, existing) => (await ask.get(file)?.(existing)) ?? 'skip'),
      onError: onError === undefined ? undefined : ({ file }, error) => onError(file, error),
      pathOf: pathOf && (({ file }) => pathOf(file)),
    };
    const outcomes = await this.inFolders(
      folders.map(({ path }) => path),
      async (operation, directories) => {
        const filled: FilesOfDirectory<NamedFile>[] = [];
        const refused: FileOutcome<NamedFile>[] = [];
        for (const [i, { path, files }] of readable.entries()) {
          const directory = directories[i] as DirectoryOfTree;
          if (!(directory instanceof ConflictError)) {
            filled.push({ directory, files });
            continue;
          }
          for (const file of files) refused.push(failedOutcome(file, directory, options, signal));
          if (folders[i]?.files.length === 0) failedOutcome<TreeDirectory>({ path, isDirectory: true }, directory, { onError }, signal);
        }
        return [...refused, ...(await uploadIntoDirectories(operation, this.ports, filled, options, this.room))];
      },
    );
    return [...failed, ...outcomes.map(({ file, ...rest }) => ({ ...rest, file: file.file }))];
  }

  private async uploadLarge(path: readonly string[], file: NamedFile): Promise<FileOutcome<TreeFile>> {
    const { sessions, ports, options } = this;
    const { signal, onExisting } = options;
    try {
      const opened = openSource(file.source);
      const caller = new CallerSource(opened);
      const source = caller.wrap(file.source);
      const prepared = await prepareContent(new CommittedView(sessions, { signal }), source, file.hashTree);
      const { size } = opened;
      const how: UploadOptions = {
        ...file,
        // When nothing would be replaced, the hash is enough to tell what is there already.
        trustsHash: file.trustsHash ?? (onExisting === undefined ? true : undefined),
        keepsProperties: onExisting === undefined,
        onExisting: askedOnce(async (existing) => (await onExisting?.(file.file, existing)) ?? 'skip'),
        onProgress: size === undefined ? undefined : ({ done }) => this.tell(Math.min(done, size)),
      };
      const { outcome } = await this.inFolders(
        [path],
        async (operation, [folder], transactions) => {
          if (folder instanceof ConflictError) throw folder;
          return caller.during(operation, () =>
            uploadFile(operation, ports, folder as Item, file.name, source, { ...how, transactions }, prepared),
          );
        },
        // What another session has left of it a moment ago is resumed only if it is seen.
        { isRepeatable: () => prepared.isWhole, isFresh: opened.isRepeatable },
      );
      return { file: file.file, outcome };
    } catch (error) {
      if (this.refusal?.error === error) throw error;
      return this.failed(file, error);
    }
  }

  private async inFolders<T>(paths: readonly (readonly string[])[], work: DirectoriesWork<T>, options: TreeRunOptions = {}): Promise<T> {
    throwIfAborted(this.options.signal, 'the upload');
    return this.runIn(paths, options, work);
  }

  private failed({ file }: NamedFile, error: unknown): FileOutcome<TreeFile> {
    return failedOutcome(file, error, this.options, this.options.signal);
  }

  private *outcomes(outcomes: readonly FileOutcome<TreeFile>[]): Generator<FileOutcome<TreeFile>, void, undefined> {
    for (const outcome of outcomes) {
      this.files++;
      this.bytes += openSource(outcome.file.source).size ?? 0;
      this.tell(0);
      yield outcome;
    }
  }

  /** `more`: bytes of the file that is on its way. */
  private tell(more: number): void {
    this.told = Math.max(this.told, this.bytes + more);
    try {
      this.options.onProgress?.({ files: this.files, bytes: this.told });
    } catch (error) {
      this.refusal = { error };
      throw error;
    }
  }
}

/** The way of {@link uploadTree} when nobody says another one: below one directory, wherever that is. */
function runBelow(sessions: Sessions, ports: ContentPorts, directory: Item, { home, signal }: UploadTreeOptions): RunInDirectories {
  const { capability, signer } = directory.link ?? directory;
  const tree = new FileTree({ sessions, username: directory.name, home: capability, signer, clock: ports.clock });
  return runInTree({ tree, names: [directory.name], base: capability, records: home?.capability, ports, signal });
}

/** A directory whose small files are to be uploaded; `isEmpty`: it has no files at all, and is to be made all the same. */
interface SmallFolder extends Folder<NamedFile> {
  readonly isEmpty: boolean;
}

/**
 * Directory by directory, smallest files first, so that many become visible soon (section 17); files of one name stay together, where that is
 * noticed. Only the first of them, the smallest, is read and counts.
 */
function* partsOf(folders: readonly SmallFolder[]): Generator<readonly Folder<NamedFile>[], void, undefined> {
  let part: Folder<NamedFile>[] = [];
  let total = 0;
  let count = 0;
  for (const { path, files, isEmpty } of folders) {
    const same = [...sameNames(files)];
    if (isEmpty) same.push({ files: [], size: 0 });
    for (const { files: named, size } of same) {
      if (part.length > 0 && (total + size > PART_SIZE || count >= PART_COUNT)) {
        yield part;
        part = [];
        total = 0;
        count = 0;
      }
      const last = part.at(-1);
      if (last?.path === path) {
        for (const file of named) last.files.push(file);
      } else {
        // One directory does not count.
        if (part.length > 0) count++;
        part.push({ path, files: [...named] });
      }
      total += size;
      count += named.length;
    }
  }
  if (part.length > 0) yield part;
}

/** Files of one name, and the size of the smallest; smallest first. */
function sameNames(files: readonly NamedFile[]): Iterable<{ readonly files: readonly NamedFile[]; readonly size: number }> {
  const byName = new Map<string, { readonly files: NamedFile[]; readonly size: number }>();
  const sized = files.map((file) => ({ file, size: groupableSize(file.source) ?? 0 })).sort((a, b) => a.size - b.size);
  for (const { file, size } of sized) {
    const same = byName.get(file.name);
    if (same === undefined) byName.set(file.name, { files: [file], size });
    else same.files.push(file);
  }
  return byName.values();
}

type NamedFile = FileToUpload & { readonly file: TreeFile };
