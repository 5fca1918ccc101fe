import type { Cid } from '@pyrgos/core/codec';
import type { BatId } from '@pyrgos/core/keys';

/** A block under its CID. */
export interface StoredBlock {
  readonly cid: Cid;
  readonly bytes: Uint8Array;
}

/** What the server remembers of a block, so that usage, garbage collection and access checks need not read it (chapter 08 section 4.4). */
export interface BlockMetadata {
  /** Bytes. */
  readonly size: number;
  /** Links in document order, without identity CIDs; empty for raw blocks. May contain a CID more than once. */
  readonly links: readonly Cid[];
  /** The BATs of which one opens the block; empty for a public block. */
  readonly batIds: readonly BatId[];
}

/**
 * The blocks of the users of this server, for the server's own purposes: no signature, quota or BAT is checked here. Blocks are
 * kept apart by user (chapter 08 section 4.2). Identity CIDs are never stored; reading one decodes it.
 */
export interface LocalBlocks {
  /** The bytes, verified against the CID, or undefined when the block is not stored. Error `storage` when it is damaged or unreadable. */
  get(username: string, cid: Cid): Promise<Uint8Array | undefined>;
  /** Metadata of a stored block, or undefined. */
  metadata(username: string, cid: Cid): Promise<BlockMetadata | undefined>;
  /**
   * Stores blocks and pins them to `transaction`; durable when it resolves. The CIDs are trusted: callers have hashed the bytes.
   * Blocks that are already there are pinned all the same (chapter 08 section 4.8).
   */
  put(username: string, blocks: readonly StoredBlock[], transaction: string): Promise<void>;
  /** Opens a transaction and returns its id: random, opaque. */
  startTransaction(username: string): Promise<string>;
  /** Unpins the blocks of a transaction; unknown ids are fine. */
  closeTransaction(username: string, transaction: string): Promise<void>;
  /** The user in whose partition the block lies, or undefined: for the calls that come without an owner (chapter 02 section 5.6). */
  holderOf(cid: Cid): Promise<string | undefined>;
}
