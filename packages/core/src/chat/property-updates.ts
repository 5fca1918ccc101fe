import { MAX_CHAT_CONTENDERS } from '../limits.js';
import type { GroupProperty } from './group-property.js';

/** What a property is after an update. */
export interface PropertyOutcome {
  readonly winner: GroupProperty;
  /** Others that the winner has not seen, in ascending order of their authors: each may win again when the winner is overtaken. */
  readonly contenders: readonly GroupProperty[];
}

/**
 * What a property is after one more update, whatever the order in which they come (chapter 07 section 7.3). Among those that no other one has seen, that of the smallest
 * author wins; undefined when the update is overtaken already.
 */
export function updateProperty(
  present: GroupProperty | undefined,
  contenders: readonly GroupProperty[],
  update: GroupProperty,
): PropertyOutcome | undefined {
  const known = present === undefined ? [] : [present, ...contenders];
  if (known.some((property) => property.isAfter(update))) return undefined;
  const left = [...known.filter((property) => !update.isAfter(property)), update].sort((a, b) => a.author.compare(b.author));
  const [winner = update, ...rest] = left;
  return { winner, contenders: rest.slice(0, MAX_CHAT_CONTENDERS) };
}
