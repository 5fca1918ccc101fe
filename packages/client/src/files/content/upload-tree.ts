import { assertFunction, assertInstance, assertList, assertObject, assertOptionalInstance, assertString } from '@pyrgos/core/arguments';
import { ArgumentError, PyrgosError, throwIfAborted } from '@pyrgos/core/errors';
import type { PublicKeyHash } from '@pyrgos/core/keys';
import { getOrMakeDirectories } from '../structure/make-directories.js';
import { CommittedView, findChild, Item, OperationView, Sessions } from '../view/index.js';
import { openSource } from './byte-source.js';
import { assertContentPorts } from './content-arguments.js';
import type { ContentPorts } from './content-ports.js';
import { uploadFile } from './upload-file.js';
import {
  assertFileToUpload,
  type FileOutcome,
  type FileToUpload,
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
  /** Told when files are stored, whatever came of them. */
  readonly onProgress?: ((progress: TreeUploadProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** How far the upload of a tree has come. */
export interface TreeUploadProgress {
  readonly files: number;
  /** Of the files whose size was known beforehand. */
  readonly bytes: number;
}

/** Files that are collected before they are sorted by directory. */
const COLLECTED_FILES = 10_000;
/** Times that a part is tried when others change the same directory meanwhile. */
const ATTEMPTS = 3;
/** What others can cause, and what reading again cures. */
const CURABLE: ReadonlySet<string> = new Set(['conflict.champ', 'conflict.merge', 'conflict.pointer', 'conflict.snapshot']);

/**
 * Uploads files and directories below a directory (chapter 04 section 17); gives what came of each file when it is stored. Small files are
 * committed together, by directory; large ones one by one, resumably. Between the commits other operations get their turn. The directory
 * an entry is in is made when it is missing.
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
  for await (const folder of folders(entries)) yield* upload.uploadFolder(folder);
}

/** Entries of one directory. */
interface Folder {
  readonly path: readonly string[];
  readonly files: TreeFile[];
}

/** Sorts entries by directory, a bounded number at a time. */
async function* folders(
  entries: Iterable<TreeFile | TreeDirectory> | AsyncIterable<TreeFile | TreeDirectory>,
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
  for await (const entry of entries) {
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
  private readonly transactions: UploadTransactions | undefined;

  constructor(
    private readonly sessions: Sessions,
    private readonly ports: ContentPorts,
    private readonly directory: Item,
    private readonly options: UploadTreeOptions,
  ) {
    const { home } = options;
    // Records of another owner could not be committed together with the files.
    this.transactions = home?.owner.equals(directory.owner) === true ? new UploadTransactions(home) : undefined;
  }

  async *uploadFolder({ path, files }: Folder): AsyncGenerator<FileOutcome<TreeFile>, void, undefined> {
    const named = files.map((file) => ({ ...file, file, name: file.path.at(-1) ?? '' }));
    const small = named.filter(({ source }) => groupableSize(source) !== undefined);
    const large = named.filter(({ source }) => groupableSize(source) === undefined);
    const { onExisting, onError } = this.options;
    const wrapped: UploadFilesOptions<NamedFile> = {
      onExisting: onExisting === undefined ? undefined : ({ file }, existing) => onExisting(file, existing),
      onError: onError === undefined ? undefined : ({ file }, error) => onError(file, error),
    };
    if (small.length > 0 || large.length === 0) {
      const outcomes = await this.inFolder(path, (operation, folder) => uploadSmallFiles(operation, this.ports, folder, small, wrapped));
      yield* this.told(outcomes.map(({ file, ...rest }) => ({ ...rest, file: file.file })));
    }
    for (const file of large) yield* this.told([await this.uploadLarge(path, file, wrapped)]);
  }

  private async uploadLarge(
    path: readonly string[],
    file: NamedFile,
    { onExisting, onError }: UploadFilesOptions<NamedFile>,
  ): Promise<FileOutcome<TreeFile>> {
    const { ports, transactions } = this;
    try {
      const ask = async (existing: Item): Promise<'replace' | 'skip'> => (await onExisting?.(file, existing)) ?? 'skip';
      const how = { ...file, transactions, onExisting: ask };
      const { outcome } = await this.inFolder(path, (operation, folder) =>
        uploadFile(operation, ports, folder, file.name, file.source, how),
      );
      return { file: file.file, outcome };
    } catch (error) {
      if (!isOwnFault(error) || onError?.(file, error) !== 'skip') throw error;
      return { file: file.file, outcome: 'failed', error };
    }
  }

  private *told(outcomes: readonly FileOutcome<TreeFile>[]): Generator<FileOutcome<TreeFile>, void, undefined> {
    for (const outcome of outcomes) {
      this.files++;
      this.bytes += outcome.outcome === 'failed' ? 0 : (openSource(outcome.file.source).size ?? 0);
      yield outcome;
    }
    this.options.onProgress?.({ files: this.files, bytes: this.bytes });
  }

  /** Runs an operation in a directory of the tree, which is made if it is missing; again when somebody else was faster. */
  private async inFolder<T>(path: readonly string[], work: (operation: OperationView, folder: Item) => Promise<T>): Promise<T> {
    const { sessions, directory, options, transactions, ports } = this;
    const { signal } = options;
    for (let attempt = 1; ; attempt++) {
      throwIfAborted(signal, 'the upload');
      const { item, depth } = await this.deepestExisting(path);
      const writers: PublicKeyHash[] = [item.writer];
      if (transactions !== undefined && !transactions.writer.equals(item.writer)) writers.push(transactions.writer);
      try {
        const { result } = await sessions.of(directory.owner).compute(
          writers,
          async (snapshot, committer) => {
            const operation = new OperationView(sessions, committer, snapshot);
            const { mirrorBatId, clock } = ports;
            const folder = await getOrMakeDirectories(operation, item, path.slice(depth), { mirrorBatId, clock });
            return { result: await work(operation, folder), snapshot: operation.snapshot };
          },
          { signal },
        );
        return result;
      } catch (error) {
        if (attempt >= ATTEMPTS || !(error instanceof PyrgosError) || !CURABLE.has(error.code)) throw error;
      }
    }
  }

  /** How far a path exists: what is below may be in another writing space, which has to be reserved. */
  private async deepestExisting(path: readonly string[]): Promise<{ readonly item: Item; readonly depth: number }> {
    const view = new CommittedView(this.sessions, { signal: this.options.signal });
    let item = this.directory;
    for (const [depth, name] of path.entries()) {
      const child = await findChild(view, item, name);
      if (child?.isDirectory !== true) return { item, depth };
      item = child;
    }
    return { item, depth: path.length };
  }
}

type NamedFile = FileToUpload & { readonly file: TreeFile };

/** Whether an error says something about one file, not about the server or the directory. */
function isOwnFault(error: unknown): boolean {
  if (!(error instanceof PyrgosError)) return true;
  return ['argument', 'limit', 'conflict.exists', 'conflict.source'].includes(error.code);
}
