import type { Cid } from '../codec/cid.js';
import type { BatWithId } from '../keys/bat.js';
import type { PublicKeyHash } from '../keys/public-key-hash.js';

/** Whose data is read, with which access token. */
export interface BlockReadContext {
  readonly owner: PublicKeyHash;
  /** The BAT for a gated block (chapter 01 section 18). */
  readonly bat?: BatWithId | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Where blocks are read from. */
export interface BlockSource {
  /**
   * The bytes of a block. Implementations that talk to an untrusted party verify the hash before they return. NotFoundError
   * `not-found.block` when the block does not exist, DeniedError `denied.block` when the BAT does not open it.
   */
  getBlock(cid: Cid, context: BlockReadContext): Promise<Uint8Array>;
}

/** Where new dag-cbor blocks of a computation go. Synchronous: it buffers; nothing is durable yet. */
export interface BlockSink {
  /** Takes a dag-cbor block and returns its CID. */
  putCbor(bytes: Uint8Array): Cid;
}

/** One block as it is uploaded. */
export interface SignedBlock {
  readonly cid: Cid;
  readonly bytes: Uint8Array;
  /** The attached signature over SHA-256(bytes): 96 bytes (chapter 01 section 10.3). */
  readonly signature: Uint8Array;
}

/** A store of blocks (chapter 03 section 9). The server, a remote server and memory implement it; one contract suite tests all. */
export interface BlockStore extends BlockSource {
  /** Opens a transaction that protects new blocks from garbage collection for at most 24 h; returns its opaque id. */
  startTransaction(owner: PublicKeyHash, signal?: AbortSignal): Promise<string>;
  /** Ends a transaction. Unknown ids are fine. */
  closeTransaction(owner: PublicKeyHash, transaction: string, signal?: AbortSignal): Promise<void>;
  /**
   * Stores blocks of one writer, all raw or all dag-cbor, durably before it returns. The CID of every block is checked against its
   * bytes, and its signature against the writer; the writer must be known (chapter 03 section 1.4), else DeniedError `denied.block`.
   */
  putBlocks(
    owner: PublicKeyHash,
    writer: PublicKeyHash,
    blocks: readonly SignedBlock[],
    transaction: string,
    signal?: AbortSignal,
  ): Promise<void>;
  /**
   * Optional fast path: blocks touched when looking up `keys` in the filesystem CHAMP at `root` (chapter 03 section 10). The answer is
   * a hint, never trusted: callers index it by hash and fetch what is missing.
   */
  lookUpChamp?(
    root: Cid,
    lookups: readonly { readonly key: Uint8Array; readonly bat?: BatWithId | undefined }[],
    context: BlockReadContext,
  ): Promise<readonly Uint8Array[]>;
}
