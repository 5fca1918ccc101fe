import { MAX_CHAT_REMOVERS } from '../limits.js';
import type { MemberId } from './member-id.js';
import { TreeClock } from './tree-clock.js';

/** By whom each member was removed, and as which of their messages; by the text of the id of the removed one. */
export type MemberRemovals = ReadonlyMap<string, TreeClock>;

/** What is remembered of the removals of a member after one more. */
export function withRemoval(before: TreeClock | undefined, author: MemberId, counter: number): TreeClock {
  const known = before ?? TreeClock.empty;
  return known.size < MAX_CHAT_REMOVERS || known.get(author) !== undefined ? known.merge(TreeClock.of([[author, counter]])) : known;
}
