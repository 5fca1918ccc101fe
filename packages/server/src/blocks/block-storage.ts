import type { Cid } from '@pyrgos/core/codec';
import type { StoredBlock } from '../ports/local-blocks.js';

/** What the storage knows of a block without reading it. */
export interface StoredBlockFacts {
  /** Bytes. */
  readonly size: number;
  /** When it was written, in milliseconds since the epoch. */
  readonly modified: number;
}

/** A block to be stored. */
export interface BlockToStore extends StoredBlock {
  /** What the caller knows: that nothing is stored under this CID. It saves looking. */
  readonly isNew?: boolean;
}

/** What a caller of `get` can know or bring along. */
export interface GetOptions {
  /** The size of the block, if known; it saves a call. */
  readonly size?: number | undefined;
  /** Gives memory of at least `size` bytes for the result, which then is a view of it; undefined leaves it to the storage. */
  readonly memory?: ((size: number) => Uint8Array | undefined) | undefined;
}

/**
 * Where the bytes of blocks are kept, apart for each user (chapter 08 section 4.3): files today. It knows nothing of links, BATs or
 * transactions. One contract suite (`testkit/contracts/block-storage`) judges every implementation.
 *
 * Only sha2-256 blocks with codec raw or dag-cbor are stored: other CIDs are an ArgumentError in `putMany` and absent everywhere else.
 * A user name that is not `[a-z0-9_-]{1,64}` is an ArgumentError everywhere. Any failure of the medium is a PyrgosError `storage`.
 */
export interface BlockStorage {
  /**
   * Stores blocks; durable when it resolves. The CIDs are trusted: callers have hashed the bytes. After an error any of them may be
   * stored, but none in part. A block that is there already is not written again unless it is known to be damaged.
   */
  putMany(username: string, blocks: readonly BlockToStore[]): Promise<void>;
  /**
   * The bytes, verified against the CID, as an array that is fresh or a view of the caller's memory; undefined when the block is not
   * stored. PyrgosError `storage`, never wrong bytes, when it is damaged.
   */
  get(username: string, cid: Cid, options?: GetOptions): Promise<Uint8Array | undefined>;
  /** Whether something is stored under the CID, without reading it. */
  has(username: string, cid: Cid): Promise<boolean>;
  /** Size and time of a stored block, without reading it; undefined when there is none. */
  stat(username: string, cid: Cid): Promise<StoredBlockFacts | undefined>;
  /** Deletes blocks; absent ones are fine. All are tried before the first error is thrown. Must not overlap with a put of the same block. */
  deleteMany(username: string, cids: readonly Cid[]): Promise<void>;
  /** All stored blocks of a user in no particular order, in bounded memory. Blocks that come or go meanwhile may or may not be seen. */
  list(username: string): AsyncIterable<Cid>;
  /** Ends what goes on in the background. What was acknowledged stays so. Nothing may be in use any more. */
  close(): Promise<void>;
}
