import type { ChatMember } from './chat-member.js';
import type { TreeClock } from './tree-clock.js';

/**
 * Whether an entry has the rights that a name has in a chat, of all entries that go by it (chapter 07 section 7.3). Whoever is removed has none; of the others those who have joined come first, and of
 * these those with the identity that the user has now, then those who had joined when the admins were set (`since`), then the one with the smallest id. Entries with the present identity are all the
 * user. The same at everybody who has the same entries and admins, and knows the same of identities.
 */
export function hasRightsOfName(
  entry: ChatMember,
  members: Iterable<ChatMember>,
  since: TreeClock | undefined,
  isPresent: (member: ChatMember) => boolean,
): boolean {
  if (entry.isRemoved) return false;
  const rank = (member: ChatMember): number => {
    if (member.isPending) return 0;
    if (isPresent(member)) return 3;
    return (since?.get(member.id) ?? 0) > 0 ? 2 : 1;
  };
  const own = rank(entry);
  for (const other of members) {
    if (other.username !== entry.username || other.isRemoved || other.id.equals(entry.id)) continue;
    const theirs = rank(other);
    if (theirs > own || (theirs === own && own !== 3 && other.id.compare(entry.id) < 0)) return false;
  }
  return true;
}
