import type { PublicKeyHash } from '@pyrgos/core/keys';

/** Which writer belongs to which user, and how much each may still write (chapter 08 section 6, chapter 03 section 1.4). */
export interface SpaceControl {
  /**
   * The user that a writer belongs to. An unknown writer is searched once in the ownership tree of `owner`, and what is found is
   * registered (a fruitless search is not repeated for 60 s). Undefined when it stays unknown.
   */
  userOfWriter(owner: PublicKeyHash, writer: PublicKeyHash): Promise<string | undefined>;
  /**
   * Admits the upload of `bytes` in so many blocks by a writer and books them as pending until the writer's next pointer update; returns the user in
   * whose partition the blocks belong. `isMetadata`: all are dag-cbor, so this may be a deletion, for which there is a reserve beyond the rate. DeniedError `denied.block` with `Unknown writer on this server!`; PyrgosError `quota` with the
   * text of chapter 02 section 2.4; PyrgosError `limit` with `Upload bandwidth exceeded please try again tomorrow`, and the seconds after which more is allowed.
   */
  admit(owner: PublicKeyHash, writer: PublicKeyHash, bytes: number, blocks: number, isMetadata?: boolean): Promise<string>;
  /** Makes a user and its identity writer known; safe to repeat. Durable when it resolves. */
  registerUser(username: string, identity: PublicKeyHash): Promise<void>;
  /** The quota of a user in bytes; undefined when it has none here. */
  quotaOf(username: string): Promise<number | undefined>;
  /** Whether a user has deleted its account: its identity points at nothing any more (chapter 05 section 21). */
  isDeletedByOwner(username: string): Promise<boolean>;
}
