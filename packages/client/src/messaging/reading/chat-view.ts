import type { ChatState } from '@pyrgos/core/chat';

/** What a page is made with: the chat as it is known at one moment. */
export interface ChatView {
  readonly state: ChatState;
  /** Messages of the own log that the user has seen. */
  readonly seen: number;
}

/** Whether two members are the same person: who was invited once more has another id. A name alone proves nothing. */
export function isSamePerson({ members }: Pick<ChatState, 'members'>, a: string, b: string): boolean {
  if (a === b) return true;
  const one = members.get(a);
  const other = members.get(b);
  return one !== undefined && other !== undefined && one.username === other.username && one.identity.equals(other.identity);
}
