import type { PyrgosError } from '@pyrgos/core/errors';
import type { Item, View } from './view/index.js';

/** An element of a directory of somebody else that is known and cannot be opened. */
export interface DamagedChild {
  /** Tells it from an {@link Item}. */
  readonly isDangling: true;
  readonly name: string;
  readonly error: PyrgosError;
}

/**
 * The roots beside the home directory of the account: what other users share with it. The social layer makes them; nothing of them is asked for before
 * somebody looks at `/` or below one of them. Paths are names from the root down.
 */
export interface OtherRoots {
  /** The roots that lead somewhere now; what is wrong with one is no error. */
  roots(view: View): Promise<readonly Item[]>;
  /** What is at a path, as writable as it may be; undefined for nothing. A directory of which only something below is shared is not readable. */
  find(view: View, names: readonly string[]): Promise<Item | undefined>;
  /**
   * What is in a directory that was found: undefined when its own list says it, as in directories that are shared as a whole.
   */
  list(
    view: View,
    directory: { readonly names: readonly string[]; readonly item: Item },
  ): Promise<AsyncIterable<Item | DamagedChild> | undefined>;
  /** Everything that others share with the account, item by item; whoever asks must not have the turn of an operation. */
  shared(view: View): AsyncIterable<SharedItem>;
}

/** Something that others share with the account: the item, or what is wrong with it. */
export interface SharedItem {
  readonly names: readonly string[];
  /** Who has shared it. */
  readonly sharers: readonly string[];
  readonly access: 'read' | 'write';
  readonly found: Item | PyrgosError;
}
