import type { BatId } from '@pyrgos/core/keys';
import type { AbsoluteCapability, Thumbnail } from '@pyrgos/core/model';
import type { BlockStore } from '@pyrgos/core/store';
import type { Clock } from '../commit/index.js';
import type { ProgressListener } from '../waiting/progress.js';
import type { DamagedEntry } from './file-entry.js';
import type {
  AppendOptions as ContentAppendOptions,
  EditOptions as ContentEditOptions,
  FileOutcome,
  FileToUpload,
  SpaceMeter,
  Thumbnailer,
  TreeDirectory,
  UploadOptions,
  UploadResult,
} from './content/index.js';
import type { FileEntry } from './file-entry.js';
import type { FileSystemParts } from './file-tree-parts.js';
import type { IfVersion } from './file-version.js';
import type { OtherRoots } from './other-roots.js';
import type { ShareBook } from './share-book.js';
import type { Sessions, VerifyOptions } from './view/index.js';
import type { LeftOutOptions } from './left-out-options.js';

/** What a {@link FileSystem} works with. */
export interface FileSystemOptions {
  readonly sessions: Sessions;
  /** The user whose home directory it is. */
  readonly username: string;
  /** The writable capability of the home directory, or of what is at `root`. */
  readonly home: AbsoluteCapability;
  /**
   * The names of the path of what a link leads to, when that is all there is: nothing is recorded there, so large uploads are not resumed.
   *
   * @internal
   */
  readonly root?: readonly string[] | undefined;
  /** The server's blocks. */
  readonly blocks: BlockStore;
  /** The account's mirror BAT id, for what is made in directories that have none. */
  readonly mirrorBatId?: BatId | undefined;
  /** Makes thumbnails of what is uploaded; default: there are none. */
  readonly thumbnailer?: Thumbnailer | undefined;
  /** Chunks of 5 MiB that are encrypted and uploaded at a time, 1 to 8; default 3. Each takes about 25 MiB meanwhile. */
  readonly chunksInFlight?: number | undefined;
  readonly clock?: Clock | undefined;
  /** Asked before an upload of more than 1 MiB whether it can fit; default: the server refuses it on the way. */
  readonly space?: SpaceMeter | undefined;
  /**
   * Makes what notes with whom the files are shared; default: nothing is.
   *
   * @internal
   */
  readonly shareBook?: ((parts: Omit<FileSystemParts, 'shareBook' | 'others'>) => ShareBook) | undefined;
  /**
   * Makes the roots beside the home directory; default: there are none.
   *
   * @internal
   */
  readonly others?: ((parts: Omit<FileSystemParts, 'shareBook' | 'others'>) => OtherRoots) | undefined;
}

/** Cancelling a call. */
export interface FileOptions {
  readonly signal?: AbortSignal | undefined;
}

/** A call that can be cancelled and watched. */
export interface WatchedOptions extends FileOptions {
  readonly onProgress?: ProgressListener | undefined;
}

/** What the caller decides about a file that is there already. */
export type ExistingAnswer = 'replace' | 'skip';

/** How something is written. */
export interface WriteOptions
  extends
    WatchedOptions,
    IfVersion,
    Omit<
      UploadOptions,
      | 'modified'
      | 'created'
      | 'onExisting'
      | 'onProgress'
      | 'fallbackMimeType'
      | 'keepsProperties'
      | 'transactions'
      | 'resume'
      | 'thumbnailOnce'
    > {
  /** Default: now. */
  readonly modified?: Date | undefined;
  /** Of a new file; default: as modified. */
  readonly created?: Date | undefined;
  /**
   * What to do when there is a file of this name; default `replace`. A function is asked only when the file has other content than the
   * source. A directory of this name is a ConflictError: with `error` it is `conflict.exists`, otherwise `conflict.file` (`data.isDirectory`).
   */
  readonly onExisting?: 'error' | ExistingAnswer | ((existing: FileEntry) => Promise<ExistingAnswer> | ExistingAnswer) | undefined;
  /**
   * Whether missing directories on the way are made; default false. They appear together with the file; those of a resumable upload when
   * it is begun.
   */
  readonly parents?: boolean | undefined;
}

/** A file to write with {@link FileSystem.writeTree}. */
export interface TreeFile extends Omit<FileToUpload, 'name' | 'modified' | 'created' | 'fallbackMimeType' | 'thumbnailOnce'> {
  /** The names from the directory of the call down; the last one is that of the file. */
  readonly path: readonly string[];
  /** Default: now. */
  readonly modified?: Date | undefined;
  /** Of a new file; default: as modified. */
  readonly created?: Date | undefined;
}

/** Something to write with {@link FileSystem.writeTree}. */
export type TreeEntry = TreeFile | TreeDirectory;

/** What came of one file of {@link FileSystem.writeTree}. */
export type TreeFileOutcome = FileOutcome<TreeFile>;

/** How a tree is written. */
export interface WriteTreeOptions extends WatchedOptions {
  /** What to do about a file that is there already with other content, or who is asked for each; default `skip`: without it nothing is ever replaced. */
  readonly onExisting?: ExistingAnswer | ((file: TreeFile, existing: FileEntry) => Promise<ExistingAnswer> | ExistingAnswer) | undefined;
  /**
   * Asked when a file cannot be written for a reason of its own: its source fails or changes, its name is illegal or that of a directory, or its path
   * leads through a file. Also asked about a directory of the entries, without files, in whose place or on the way to which there is a file. Default: the whole call fails.
   */
  readonly onError?: ((entry: TreeEntry, error: unknown) => 'skip' | 'abort') | undefined;
}

/** What came of {@link FileSystem.write}. */
export interface Written {
  readonly entry: FileEntry;
  /** `unchanged`: the file had this content already; type, time and thumbnail that the call names it got all the same. */
  readonly outcome: UploadResult['outcome'];
}

/** How a part of a file is changed. */
export interface EditOptions extends WatchedOptions, IfVersion, Omit<ContentEditOptions, 'modified' | 'onProgress'> {
  /** Default: now. */
  readonly modified?: Date | undefined;
}

/** How bytes are appended. */
export interface AppendOptions extends EditOptions, Omit<ContentAppendOptions, 'modified' | 'onProgress'> {}

/**
 * An element of a quick listing: what the directory says of it. What only the element itself says (whether it is hidden, size, time of
 * change) is in {@link FileSystem.list}.
 */
export interface ListedName {
  /** Undefined for elements written by very old programs. */
  readonly name: string | undefined;
  readonly isDirectory: boolean;
  readonly mimeType: string;
  readonly created: Date | undefined;
}

/** How {@link FileSystem.verify} looks. */
export interface VerifyTreeOptions extends WatchedOptions, Omit<VerifyOptions, 'signal' | 'onProgress' | 'path'> {
  /**
   * Who is asked. `server`, the default: for every block, whatever this device has in its caches. `caches`: what is in them counts as being
   * there, and the server is asked for the rest; that costs less, and works offline with what was read before.
   */
  readonly source?: 'server' | 'caches' | undefined;
}

/** How a directory is made. */
export interface MakeDirectoryAtOptions extends FileOptions {
  /** Whether missing directories on the way are made, and it is fine when the directory is there already; default false. */
  readonly parents?: boolean | undefined;
  /** User interfaces leave it out; default false. */
  readonly isHidden?: boolean | undefined;
}

/** How something is deleted; `ifVersion` is for files. */
export interface RemoveOptions extends WatchedOptions, IfVersion {}

/** How properties are set. */
export interface SetPropertiesOptions extends FileOptions, IfVersion {}

/** What becomes of a file that has the name already. */
export interface ReplacingOptions {
  /**
   * Whether a file that has the name already is replaced, in the same commit: at no time is there none. It is deleted, and what was shared of it is gone; `write` keeps both. Default
   * false: then a name in use is a ConflictError `conflict.exists`. So it is in any case when one of both is a directory: a directory cannot be deleted in
   * one piece, however large it is; remove it first.
   */
  readonly replace?: boolean | undefined;
}

/** How something is renamed; `ifVersion` is for files. */
export interface RenameOptions extends FileOptions, IfVersion, ReplacingOptions {}

/** How something is moved; `ifVersion` is for files. */
export interface MoveTreeOptions extends WatchedOptions, IfVersion, ReplacingOptions {
  /** Whether whoever it is shared with keeps access; default true. */
  readonly keepAccess?: boolean | undefined;
  /** The name in the other directory; default: the one that it has. */
  readonly name?: string | undefined;
}

/** How something is copied. */
export interface CopyTreeOptions extends WatchedOptions, ReplacingOptions {
  /** The name of the copy; default that of the source, or, without `replace`, `name (copy)` when that is in use. */
  readonly name?: string | undefined;
  /**
   * Told of everything that was left out of the copy because it cannot be opened, once the copy is there. Without it such a thing is an error, whose `data.path`
   * names it, and nothing is copied. A file whose content is damaged, or a list as a whole, is an error in any case.
   */
  readonly onDamaged?: ((damaged: DamagedEntry) => void) | undefined;
}

/** How keys are replaced. */
export interface RotateKeysOptions extends WatchedOptions, LeftOutOptions {
  /**
   * Whether the file or directory gets a writing space of its own, in place of the one that it has or shares with its directory, and so does
   * everything below it that has one: then nobody who could write there before can do so any more. Default false: it stays where it is.
   */
  readonly newWritingSpace?: boolean | undefined;
}

/** What {@link FileSystem.setProperties} can set; what is left out, or undefined, stays as it is. */
export interface PropertyChanges {
  readonly modified?: Date | undefined;
  readonly created?: Date | undefined;
  readonly isHidden?: boolean | undefined;
  /** Of files. A later change of the content decides anew. */
  readonly mimeType?: string | undefined;
  /** Of files; null takes it away. A later change of the content decides anew. */
  readonly thumbnail?: Thumbnail | null | undefined;
}
