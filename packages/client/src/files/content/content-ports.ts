import type { BatId } from '@pyrgos/core/keys';
import type { BlockStore } from '@pyrgos/core/store';
import type { Clock } from '../../commit/index.js';
import type { Thumbnailer } from './thumbnailer.js';

/** How much an account stores and may store, in bytes; `AccountSpace` is one. */
export interface SpaceMeter {
  usage(options?: { readonly signal?: AbortSignal | undefined }): Promise<number>;
  quota(options?: { readonly signal?: AbortSignal | undefined }): Promise<number>;
}

/** What writing content needs besides the view of the operation. */
export interface ContentPorts {
  /**
   * The server's blocks, that of the sessions. Large content is uploaded here, block by block, before the commit that links to it, so that
   * it never is in memory as a whole.
   */
  readonly blocks: BlockStore;
  /** Default: the machine's clock. */
  readonly clock?: Clock | undefined;
  /** Default: files get no thumbnails but those that they are given. */
  readonly thumbnailer?: Thumbnailer | undefined;
  /** The account's current mirror BAT id, for directories that have none of their own (chapter 04 section 5.6). */
  readonly mirrorBatId?: BatId | undefined;
  /** Asked before an upload whether it can fit; default: the server refuses it on the way. */
  readonly space?: SpaceMeter | undefined;
  /** Chunks of 5 MiB that are encrypted and uploaded at a time, 1 to 8; default 3. Each takes about 25 MiB meanwhile. */
  readonly chunksInFlight?: number | undefined;
  /** Chunks between two commits of an upload that can be resumed: what a crash costs at most; default 4, that is 20 MiB. */
  readonly chunksPerCommit?: number | undefined;
}

/** Chunks between two commits unless told otherwise. */
export const DEFAULT_CHUNKS_PER_COMMIT = 4;
/** Chunks in flight unless told otherwise. */
export const DEFAULT_CHUNKS_IN_FLIGHT = 3;
