import type { AbsoluteCapability } from '@pyrgos/core/model';
import type { BatId } from '@pyrgos/core/keys';
import type { BlockStore } from '@pyrgos/core/store';
import type { Clock } from '../commit/index.js';
import type {
  AppendOptions,
  EditOptions,
  SpaceMeter,
  Thumbnailer,
  TreeFile,
  UploadOptions,
  UploadResult,
  UploadTreeOptions,
} from './content/index.js';
import type { FileEntry } from './file-entry.js';
import type { IfVersion } from './file-version.js';
import type { TreeProgress } from './structure/index.js';
import type { Sessions } from './view/index.js';

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
  /** Chunks of 5 MiB that are encrypted and uploaded at a time, 1 to 8; default 3. Each takes about 25 MiB meanwhile. */
  readonly chunksInFlight?: number | undefined;
  readonly clock?: Clock | undefined;
  /** Asked before an upload of more than 1 MiB whether it can fit; default: the server refuses it on the way. */
  readonly space?: SpaceMeter | undefined;
}

/** Cancelling a call. */
export interface FileOptions {
  readonly signal?: AbortSignal | undefined;
}

/** How something is written. */
export interface WriteOptions extends FileOptions, IfVersion, Omit<UploadOptions, 'modified' | 'created' | 'transactions' | 'resume'> {
  /** Default: now. */
  readonly modified?: Date | undefined;
  /**
   * Whether missing directories on the way are made; default false. They appear together with the file; those of a resumable upload when
   * it is begun.
   */
  readonly parents?: boolean | undefined;
}

/** How a tree is written. */
export interface WriteTreeOptions extends Omit<UploadTreeOptions, 'home' | 'onExisting' | 'runIn'> {
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

/** How a directory is made. */
export interface MakeDirectoryAtOptions extends FileOptions {
  /** Whether missing directories on the way are made, and it is fine when the directory is there already; default false. */
  readonly parents?: boolean | undefined;
  /** User interfaces leave it out; default false. */
  readonly isHidden?: boolean | undefined;
}

/** How a part of a content is written. */
export interface WriteAtOptions extends FileOptions, EditOptions, IfVersion {}

/** How something is appended. */
export interface AppendFileOptions extends FileOptions, AppendOptions, IfVersion {}

/** How something is deleted; `ifVersion` is for files. */
export interface RemoveOptions extends TreeOptions, IfVersion {}

/** How properties are set. */
export interface SetPropertiesOptions extends FileOptions, IfVersion {}

/** How something is moved. */
export interface MoveTreeOptions extends TreeOptions {
  /** Whether whoever it is shared with keeps access; default true. */
  readonly keepAccess?: boolean | undefined;
  /** The name in the other directory; default: the one that it has. */
  readonly name?: string | undefined;
}

/** How something is copied. */
export interface CopyTreeOptions extends TreeOptions {
  /** The name of the copy; default that of the source, or `name (copy)` when that is in use. */
  readonly name?: string | undefined;
}

/** What {@link FileSystem.setProperties} can set; what is left out stays as it is. */
export interface PropertyChanges {
  readonly modified?: Date | undefined;
  readonly created?: Date | undefined;
  readonly isHidden?: boolean | undefined;
}
