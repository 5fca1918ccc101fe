import { MAX_CHAT_CONTENDERS, MAX_CHAT_CONTENDERS_SIZE, MAX_CHAT_OTHER_CONTENDERS_SIZE } from '../limits.js';
import { ChatProperty, type GroupProperty } from './group-property.js';

/** Properties that mean something. */
const KNOWN_KEYS: readonly string[] = Object.values(ChatProperty);

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
  key: string,
  present: GroupProperty | undefined,
  contenders: readonly GroupProperty[],
  update: GroupProperty,
): PropertyOutcome | undefined {
  const known = present === undefined ? [] : [present, ...contenders];
  if (known.some((property) => property.isAfter(update))) return undefined;
  const left = [...known.filter((property) => !update.isAfter(property)), update].sort((a, b) => a.author.compare(b.author));
  const [winner = update, ...rest] = left;
  return { winner, contenders: withinSize(key, rest.slice(0, MAX_CHAT_CONTENDERS)) };
}

/** As many of them, from the first one on, as may be kept: whatever members set, the private state can be written, and read again. */
function withinSize(key: string, contenders: readonly GroupProperty[]): readonly GroupProperty[] {
  let rest = KNOWN_KEYS.includes(key) ? MAX_CHAT_CONTENDERS_SIZE : MAX_CHAT_OTHER_CONTENDERS_SIZE;
  const end = contenders.findIndex((property) => {
    rest -= property.encode().length;
    return rest < 0;
  });
  return end < 0 ? contenders : contenders.slice(0, end);
}
