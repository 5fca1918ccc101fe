import type { BlockMirrorCap, BlockStoreProperties, PresignedUrl, WriteAuthRequest } from '@pyrgos/core/api';
import type { Cid } from '@pyrgos/core/codec';
import type { PublicKeyHash } from '@pyrgos/core/keys';
import type { BlockStore } from '@pyrgos/core/store';

/**
 * The block storage of a server (chapter 02 section 5). Blocks are verified: `getBlock` gives the bytes that the CID names, or FormatError
 * `format.block`. What `lookUpChamp` answers is a hint that callers index by hash. `putBlocks` may get any number of blocks of one writer,
 * and cuts them into requests of the size that servers take.
 */
export interface Blocks extends BlockStore {
  /**
   * Always there; otherwise as in `BlockStore`. LimitError beyond MAX_CHAMP_LOOKUPS keys. When the server does not have the root, the
   * answer is empty or NotFoundError `not-found.block`.
   */
  lookUpChamp: NonNullable<BlockStore['lookUpChamp']>;
  /** Bytes of a block, 0 when it is absent. The server's word. */
  sizeOf(cid: Cid, owner: PublicKeyHash, signal?: AbortSignal): Promise<number>;
  /** How the storage behind the server can be used directly (section 5.10). */
  properties(signal?: AbortSignal): Promise<BlockStoreProperties>;
  /** Pre-signed writes of raw blocks, in the order of the request (section 5.11). PyrgosError `unsupported` without S3. */
  authoriseWrites(
    owner: PublicKeyHash,
    writer: PublicKeyHash,
    writes: WriteAuthRequest,
    transaction: string,
    signal?: AbortSignal,
  ): Promise<readonly PresignedUrl[]>;
  /** Pre-signed reads of raw blocks, in order (section 5.12). PyrgosError `unsupported` without S3, DeniedError `denied.block`. */
  authoriseReads(owner: PublicKeyHash, blocks: readonly BlockMirrorCap[], signal?: AbortSignal): Promise<readonly PresignedUrl[]>;
}
