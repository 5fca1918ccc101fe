import type { PublicKeyHash } from '@pyrgos/core/keys';
import type { OperationView, View } from './view/index.js';

/** What is noted of an item, or of what is below it, and goes with it. */
export interface BookedShares {
  /** Existing writers in which that is noted. */
  readonly writers: readonly PublicKeyHash[];
  /** Whether everybody can read it, because it is published or in a directory that is: in another directory it must not keep its keys. */
  readonly isPublished: boolean;
}

/**
 * What an account notes of whom it shares its files with, of their links, and of what is published, by path (chapter 06 sections 8.4 and 13). Changes of names tell it, in the same commit.
 * Paths are names from the root down.
 */
export interface ShareBook {
  /** What has to be changed when an item gets another path, or none; undefined when nothing is noted. */
  look(view: View, names: readonly string[]): Promise<BookedShares | undefined>;
  /**
   * Lets a change of children of a directory be merged with what other devices commit only if they note nothing new of them meanwhile: that would be about keys, or a path, that
   * they have no more. To be called before the change.
   */
  rely(operation: OperationView, above: readonly string[], names: readonly string[]): Promise<void>;
  /** An item that keeps its keys has another path now; what was noted for that is gone. Commits. */
  moved(operation: OperationView, from: readonly string[], to: readonly string[]): Promise<void>;
  /** An item is going to be deleted, or to lose its keys: nobody has access any more, and its links lead nowhere. Commits. */
  lost(operation: OperationView, names: readonly string[]): Promise<void>;
}
