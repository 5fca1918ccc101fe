import { assertFunction, assertInstance, assertList, assertObject, assertOptionalInstance, assertString } from '@pyrgos/core/arguments';
import { ArgumentError, ConflictError, PyrgosError, throwIfAborted } from '@pyrgos/core/errors';
import type { PublicKeyHash } from '@pyrgos/core/keys';
import { isCallersError } from '../../waiting/code-of-callers.js';
import { eachUntilAborted } from '../../waiting/each-until-aborted.js';
import { getOrMakeDirectories } from '../structure/make-directories.js';
import { CommittedView, findChild, Item, OperationView, Sessions } from '../view/index.js';
import { openSource } from './byte-source.js';
import { askedOnce } from './asked-once.js';
import { assertContentPorts } from './content-arguments.js';
import type { ContentPorts } from './content-ports.js';
import { CallerSource } from './lent-source.js';
import { prepareContent, readWhole } from './prepared-content.js';
import { uploadFile } from './upload-file.js';
import type { UploadOptions } from './upload-options.js';
import {
  assertFileToUpload,
  failedOutcome,
  type FileOutcome,
  type FileToUpload,
  forEachAtOnce,
  groupableSize,
  uploadSmallFiles,
  type UploadFilesOptions,
} from './upload-small-files.js';
import { UploadTransactions } from './upload-transactions.js';

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
export interface UploadTreeOptions extends UploadFilesOptions<TreeFile> {
  /** The home directory, where uploads of large files are recorded; see {@link UploadOptions.transactions}. */
  readonly home?: Item | undefined;
  /** How a directory of the tree is found; default: below `directory`, whatever becomes of its place. */
  readonly runIn?: RunInDirectory | undefined;
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

/** What is done in a directory of the tree; `transactions` is where large uploads are recorded. */
export type DirectoryWork<T> = (operation: OperationView, folder: Item, transactions: UploadTransactions | undefined) => Promise<T>;

/** How a part of a tree is written. */
export interface DirectoryRunOptions {
  /** Asked when somebody else was faster; default yes. */
  readonly isRepeatable?: (() => boolean) | undefined;
  /** Whether the server is asked for what is there now; default: what is known may be some seconds old. */
  readonly isFresh?: boolean | undefined;
}

/**
 * Runs `work` in an operation, in the directory at a path below the target, which is made if it is missing; again when somebody else was
 * faster, if it `isRepeatable`.
 */
export type RunInDirectory = <T>(path: readonly string[], options: DirectoryRunOptions, work: DirectoryWork<T>) => Promise<T>;

/** Files that are collected before they are sorted by directory. */
const COLLECTED_FILES = 10_000;
/** Files of one directory that are committed together at most (chapter 04 section 17). */
const PART_COUNT = 2000;
/** Bytes of files that are committed together at most, unless it is one: as many as are in memory at a time. */
const PART_SIZE = 8_388_608;
/** Sources that are read at a time. */
const READS_IN_FLIGHT = 8;
/** Times that a part is tried when others change the same directory meanwhile. */
const ATTEMPTS = 3;
/** What others can cause, and what reading again cures. */
const CURABLE: ReadonlySet<string> = new Set(['conflict.champ', 'conflict.merge', 'conflict.pointer', 'conflict.snapshot']);

/**
 * Uploads files and directories below a directory (chapter 04 section 17); gives what came of each file when it is stored. Small files are
 * committed together, by directory, up to 2,000 or 8 MiB; large ones one by one, resumably. Between the commits other operations get their turn. The directory
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
  for await (const folder of folders(entries, options.signal)) yield* upload.uploadFolder(folder);
}

/** Entries of one directory. */
interface Folder {
  readonly path: readonly string[];
  readonly files: TreeFile[];
}

/** Sorts entries by directory, a bounded number at a time. */
async function* folders(
  entries: Iterable<TreeFile | TreeDirectory> | AsyncIterable<TreeFile | TreeDirectory>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Folder, void, undefined> {
  const byPath = new Map<string, Folder>();
  const folderAt = (path: readonly string[]): Folder => {
    // No name contains a slash; if one does, making the directory says so.
    const key = path.join('/');
    const folder = byPath.get(key) ?? { path, files: [] };
    byPath.set(key, folder);
    return folder;
  };
  let count = 0;
  for await (const entry of eachUntilAborted(entries, signal, 'the upload')) {
    assertEntry(entry);
    if ('isDirectory' in entry) folderAt(entry.path);
    else folderAt(entry.path.slice(0, -1)).files.push(entry);
    if (++count % COLLECTED_FILES !== 0) continue;
    yield* byPath.values();
    byPath.clear();
  }
  yield* byPath.values();
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
  private readonly runIn: RunInDirectory;

  constructor(
    private readonly sessions: Sessions,
    private readonly ports: ContentPorts,
    directory: Item,
    private readonly options: UploadTreeOptions,
  ) {
    this.runIn = options.runIn ?? runBelow(sessions, ports, directory, options);
  }

  async *uploadFolder({ path, files }: Folder): AsyncGenerator<FileOutcome<TreeFile>, void, undefined> {
    const named = files.map((file) => ({ ...file, file, name: file.path.at(-1) ?? '' }));
    const small = named.filter(({ source }) => groupableSize(source) !== undefined);
    const large = named.filter(({ source }) => groupableSize(source) === undefined);
    if (named.length === 0) await this.inFolder(path, async () => undefined);
    for (const part of partsOf(small)) yield* this.outcomes(await this.uploadSmall(path, part));
    for (const file of large) yield* this.outcomes([await this.uploadLarge(path, file)]);
  }

  /** Files that are committed together. Their sources are read before it is the turn of the commit: they may make changes of their own. */
  private async uploadSmall(path: readonly string[], part: readonly NamedFile[]): Promise<readonly FileOutcome<TreeFile>[]> {
    const { signal, onExisting, onError } = this.options;
    const failed: FileOutcome<TreeFile>[] = [];
    const readable: NamedFile[] = [];
    const names = new Set<string>();
    await forEachAtOnce(part, READS_IN_FLIGHT, async (file) => {
      const { isCode, size = 0, ...source } = openSource(file.source);
      try {
        // Before it is read: however many have one name, the content of one of them is in memory.
        if (names.has(file.name)) throw new ConflictError('conflict.exists', 'two files of this name are to be uploaded');
        names.add(file.name);
        readable.push(isCode ? { ...file, source: await readWhole({ isCode, size, ...source }, size, signal) } : file);
      } catch (error) {
        failed.push(this.failed(file, error));
      }
    });
    const ask = new Map(part.map((file) => [file.file, onExisting && askedOnce((existing) => onExisting(file.file, existing))]));
    const options: UploadFilesOptions<NamedFile> = {
      onExisting: onExisting && (async ({ file }, existing) => (await ask.get(file)?.(existing)) ?? 'skip'),
      onError: onError === undefined ? undefined : ({ file }, error) => onError(file, error),
    };
    const outcomes = await this.inFolder(path, (operation, folder) => uploadSmallFiles(operation, this.ports, folder, readable, options));
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
        trustsHash: onExisting === undefined ? true : undefined,
        keepsProperties: onExisting === undefined,
        onExisting: askedOnce(async (existing) => (await onExisting?.(file.file, existing)) ?? 'skip'),
        onProgress: size === undefined ? undefined : ({ done }) => this.tell(Math.min(done, size)),
      };
      const { outcome } = await this.inFolder(
        path,
        (operation, folder, transactions) =>
          caller.during(operation, () => uploadFile(operation, ports, folder, file.name, source, { ...how, transactions }, prepared)),
        // What another session has left of it a moment ago is resumed only if it is seen.
        { isRepeatable: () => prepared.isWhole, isFresh: opened.isRepeatable },
      );
      return { file: file.file, outcome };
    } catch (error) {
      if (this.refusal?.error === error) throw error;
      return this.failed(file, error);
    }
  }

  private async inFolder<T>(path: readonly string[], work: DirectoryWork<T>, options: DirectoryRunOptions = {}): Promise<T> {
    throwIfAborted(this.options.signal, 'the upload');
    return this.runIn(path, options, work);
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

/** The way of {@link uploadTree} when nobody says another one: below one directory, which stays where it is. */
function runBelow(sessions: Sessions, ports: ContentPorts, directory: Item, { home, signal }: UploadTreeOptions): RunInDirectory {
  // Records of another owner could not be committed together with the files.
  const transactions = home?.owner.equals(directory.owner) === true ? new UploadTransactions(home) : undefined;
  return async <T>(
    path: readonly string[],
    { isRepeatable = () => true, isFresh }: DirectoryRunOptions,
    work: DirectoryWork<T>,
  ): Promise<T> => {
    for (let attempt = 1; ; attempt++) {
      const { item, depth } = await deepestExisting(
        new CommittedView(sessions, { signal, fresh: isFresh === true || attempt > 1 }),
        directory,
        path,
      );
      const writers: PublicKeyHash[] = [item.writer];
      if (transactions !== undefined && !transactions.writer.equals(item.writer)) writers.push(transactions.writer);
      try {
        const { result } = await sessions.of(directory.owner).compute(
          writers,
          async (snapshot, committer) => {
            const operation = new OperationView(sessions, committer, snapshot);
            const { mirrorBatId, clock } = ports;
            const folder = await getOrMakeDirectories(operation, item, path.slice(depth), { mirrorBatId, clock });
            return { result: await work(operation, folder, transactions), snapshot: operation.snapshot };
          },
          { signal },
        );
        return result;
      } catch (error) {
        if (isCallersError(error) || attempt >= ATTEMPTS || !isRepeatable()) throw error;
        if (!(error instanceof PyrgosError) || !CURABLE.has(error.code)) throw error;
      }
    }
  };
}

/** How far a path exists: what is below may be in another writing space, which has to be reserved. */
async function deepestExisting(
  view: CommittedView,
  directory: Item,
  path: readonly string[],
): Promise<{ readonly item: Item; readonly depth: number }> {
  let item = directory;
  for (const [depth, name] of path.entries()) {
    const child = await findChild(view, item, name);
    if (child?.isDirectory !== true) return { item, depth };
    item = child;
  }
  return { item, depth: path.length };
}

/**
 * Smallest first, so that many become visible soon (section 17); files of one name stay together, where that is noticed. Only the first of
 * them, the smallest, is read and counts.
 */
function* partsOf(files: readonly NamedFile[]): Generator<readonly NamedFile[], void, undefined> {
  const byName = new Map<string, { readonly files: NamedFile[]; readonly size: number }>();
  const sized = files.map((file) => ({ file, size: groupableSize(file.source) ?? 0 })).sort((a, b) => a.size - b.size);
  for (const { file, size } of sized) {
    const same = byName.get(file.name);
    if (same === undefined) byName.set(file.name, { files: [file], size });
    else same.files.push(file);
  }
  let part: NamedFile[] = [];
  let total = 0;
  for (const same of byName.values()) {
    if (part.length > 0 && (total + same.size > PART_SIZE || part.length >= PART_COUNT)) {
      yield part;
      part = [];
      total = 0;
    }
    for (const file of same.files) part.push(file);
    total += same.size;
  }
  if (part.length > 0) yield part;
}

type NamedFile = FileToUpload & { readonly file: TreeFile };
