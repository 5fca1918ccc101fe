import type { Cid } from '@pyrgos/core/codec';

/** From where the garbage collector marks (chapter 08 section 5). */
export interface GarbageRoots {
  /** All users that have anything stored here, sorted by name. */
  users(): Promise<readonly string[]>;
  /**
   * Settles what a deletion left behind (chapter 05 section 21): when the identity pointer of the user has no target, its quota and the
   * pointers of its other writers are removed. Call it before the blocks are listed.
   */
  settleDeletion(username: string): Promise<void>;
  /**
   * Every target that must survive: the current pointer of each writer of the user, and the last target that usage accounting has seen.
   * Read after the candidates and the open transactions were listed: that order is the safety argument.
   */
  rootsOf(username: string): Promise<readonly Cid[]>;
}
