import type { ChatMember } from './chat-member.js';

/** Those who are there before those who are invited, and these before removed ones; of two of a kind the one with the higher id, whatever the order of the file. */
export function isBetter(a: ChatMember, b: ChatMember): boolean {
  const rank = (member: ChatMember): number => (member.isRemoved ? 0 : member.isPending ? 1 : 2);
  return rank(a) === rank(b) ? a.id.compare(b.id) > 0 : rank(a) > rank(b);
}
