import { assertObject } from '@pyrgos/core/arguments';
import { eachUntilAborted } from '../waiting/each-until-aborted.js';
import type { ProgressListener } from '../waiting/progress.js';
import { openSource } from './content/byte-source.js';
import type { TreeDirectory, TreeFile as ContentTreeFile, TreeUploadProgress } from './content/index.js';
import { assertMimeType, assertNewName, claimedMimeType, timestampOf } from './file-system-arguments.js';
import type { TreeEntry, TreeFile, TreeFileOutcome, WriteTreeOptions } from './file-system-options.js';

/** What {@link TreeEntries} need. */
export interface TreeEntriesOptions {
  readonly onError: WriteTreeOptions['onError'];
  readonly progress: TreeProgressTeller;
  /** Throws when nothing may be written at a path below the directory of the call. */
  readonly assertPath: (path: readonly string[]) => void;
  readonly signal: AbortSignal | undefined;
}

/** The entries of a caller, as uploads take them, and the way back. */
export class TreeEntries {
  /** Files that were refused here and that the caller wants to be left out. */
  private readonly refused: TreeFileOutcome[] = [];
  private readonly originals = new WeakMap<ContentTreeFile, TreeFile>();

  constructor(
    private readonly entries: Iterable<TreeEntry> | AsyncIterable<TreeEntry>,
    private readonly options: TreeEntriesOptions,
  ) {}

  /** What an entry was made of. */
  originalOf(file: ContentTreeFile): TreeFile {
    return this.originals.get(file) as TreeFile;
  }

  /** The files that were refused since the last call. */
  takeRefused(): TreeFileOutcome[] {
    return this.refused.splice(0);
  }

  /** The entries one after the other, each when it is asked for. ArgumentError for what is none, unless `onError` lets it pass. */
  async *[Symbol.asyncIterator](): AsyncGenerator<ContentTreeFile | TreeDirectory, void, undefined> {
    const { onError, progress, assertPath, signal } = this.options;
    for await (const entry of eachUntilAborted(this.entries, signal, 'the upload')) {
      assertObject('entry', entry);
      if (isDirectory(entry)) {
        if (Array.isArray(entry.path)) assertPath(entry.path);
        yield { path: entry.path, isDirectory: true };
        continue;
      }
      let file: ContentTreeFile;
      try {
        file = contentFileOf(entry);
        if (Array.isArray(entry.path)) assertPath(entry.path);
      } catch (error) {
        if (onError?.(entry, error) !== 'skip') throw error;
        this.refused.push({ file: entry, outcome: 'failed', error });
        progress.refused(entry);
        continue;
      }
      this.originals.set(file, entry);
      yield file;
    }
  }
}

function isDirectory(entry: TreeEntry): entry is TreeDirectory {
  return 'isDirectory' in entry && entry.isDirectory;
}

function contentFileOf({
  path,
  source,
  isHidden,
  mimeType,
  thumbnail,
  hashTree,
  trustsHash,
  modified,
  created,
}: TreeFile): ContentTreeFile {
  // What is wrong with the path itself is found where it is used.
  if (Array.isArray(path))
    for (const name of path as unknown[]) if (typeof name === 'string' && name !== '') assertNewName(name, 'entry.path');
  assertMimeType('entry.mimeType', mimeType);
  // One by one: whatever else the object of the caller has must not get into the upload.
  return {
    path,
    source,
    isHidden,
    mimeType,
    thumbnail,
    hashTree,
    trustsHash,
    fallbackMimeType: claimedMimeType(source),
    modified: timestampOf('entry.modified', modified),
    created: timestampOf('entry.created', created),
  };
}

/** Bytes of all entries, where it is known before they are read: of a list of sources with a size. */
function bytesOf(entries: Iterable<TreeEntry> | AsyncIterable<TreeEntry>): number | undefined {
  if (!Array.isArray(entries)) return undefined;
  let total = 0;
  try {
    for (const entry of entries as readonly TreeEntry[]) {
      if (isDirectory(entry)) continue;
      const { size } = openSource(entry.source);
      if (size === undefined) return undefined;
      total += size;
    }
  } catch {
    // What is wrong with an entry is told when its turn comes.
    return undefined;
  }
  return total;
}

/** Tells a listener of this SDK how far a tree has come: what uploads say, and the files that never reach them because they were refused. */
export class TreeProgressTeller {
  private readonly total: number | undefined;
  private uploaded: TreeUploadProgress = { files: 0, bytes: 0 };
  private refusedFiles = 0;
  private refusedBytes = 0;

  constructor(
    entries: Iterable<TreeEntry> | AsyncIterable<TreeEntry>,
    private readonly listener: ProgressListener | undefined,
  ) {
    this.total = listener === undefined ? undefined : bytesOf(entries);
  }

  /** How far the upload has come. */
  upload(progress: TreeUploadProgress): void {
    this.uploaded = progress;
    this.tell();
  }

  /** A file is left out. */
  refused({ source }: TreeFile): void {
    this.refusedFiles++;
    // Where the total is not known, sizes are not asked for either: they may be wrong themselves.
    if (this.total !== undefined) this.refusedBytes += openSource(source).size ?? 0;
    this.tell();
  }

  private tell(): void {
    const { uploaded, total } = this;
    this.listener?.({ done: uploaded.bytes + this.refusedBytes, total, unit: 'bytes', items: uploaded.files + this.refusedFiles });
  }
}
