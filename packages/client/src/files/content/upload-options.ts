import type { HashTree } from '@pyrgos/core/containers';
import type { ResumeUploadProps, Thumbnail, Timestamp } from '@pyrgos/core/model';
import type { Item } from '../view/index.js';
import type { ProgressListener } from '../../waiting/progress.js';
import type { ThumbnailOnce } from './make-thumbnail.js';
import type { UploadTransactions } from './upload-transactions.js';

/** How a file is uploaded. */
export interface UploadOptions {
  /** Default: now. */
  readonly modified?: Timestamp | undefined;
  /** Of a new file; default: as modified. */
  readonly created?: Timestamp | undefined;
  /** Of a new file: user interfaces leave it out. */
  readonly isHidden?: boolean | undefined;
  /**
   * What to do when the directory has a file of this name; default `error`. A function is asked only when the file has other content than
   * the source. A directory of this name is an error in any case: with `error` ConflictError `conflict.exists`, otherwise `conflict.file`.
   */
  readonly onExisting?: 'error' | 'skip' | 'replace' | ((existing: Item) => Promise<'replace' | 'skip'>) | undefined;
  /** Default: what the first bytes and the name say (chapter 04 section 18.1). */
  readonly mimeType?: string | undefined;
  /** The type of content of which neither the first bytes nor the name tell one; default `application/octet-stream`. */
  readonly fallbackMimeType?: string | undefined;
  /** Default: what the thumbnailer makes. */
  readonly thumbnail?: Thumbnail | undefined;
  /**
   * Makes the thumbnail; default: the thumbnailer is asked whenever one is needed.
   *
   * @internal
   */
  readonly thumbnailOnce?: ThumbnailOnce | undefined;
  /** The hash tree of the source, if it is known: saves reading a large one twice where it matters whether a file has the same content. */
  readonly hashTree?: HashTree | undefined;
  /**
   * Whether a file is believed to have the content of the source when it stores its hash: then nothing is written. By default the content
   * that can be read is compared, which downloads a file of the same size and hash once, and writing repairs what is lost. With `true` the
   * hash is enough: only for files that nobody else writes, because other clients may leave it as it was when they change a part of a large
   * file in place (chapter 04 section 8.4), and whoever may write there can claim any. With `false` the content is written in any case.
   */
  readonly trustsHash?: boolean | undefined;
  /**
   * Whether a file that has the content of the source already keeps its type, time and thumbnail, whatever these options name. Default false: it
   * gets what they name.
   */
  readonly keepsProperties?: boolean | undefined;
  readonly onProgress?: ProgressListener | undefined;
  /**
   * Where uploads of more than one chunk are recorded, so that they can be resumed; the operation must have reserved its writer. Without it
   * such an upload becomes visible as a whole at its end or leaves nothing; so do streams, which cannot be read again.
   */
  readonly transactions?: UploadTransactions | undefined;
  /** Secrets that the caller keeps itself instead of a record: the upload goes on where it has stopped (chapter 04 section 16.5). */
  readonly resume?: ResumeUploadProps | undefined;
}

/** What came of an upload. */
export interface UploadResult {
  /** The file as it is now. */
  readonly item: Item;
  /** `unchanged`: the file had this content already. */
  readonly outcome: 'created' | 'replaced' | 'unchanged' | 'skipped';
}
