import { guestNow } from './guest-store.js';
import { sessionNow } from './session-store.js';

/**
 * Names the files that the page shows: those of an account (by its user name), or those behind a link (see `linkIdOf`). What somebody has begun in one tree belongs to it: nothing
 * of it goes into another one, which may have the same paths.
 */
export type TreeId = string;

/** Whether a tree is that of a link. */
export function isLinkTree(tree: TreeId): boolean {
  return tree.startsWith('link:');
}

/** The tree that the page shows; undefined at the front door. */
export function shownTree(): TreeId | undefined {
  const guest = guestNow();
  if (guest !== undefined) return guest.tree;
  const now = sessionNow();
  return now.state === 'in' ? now.session.username : undefined;
}
