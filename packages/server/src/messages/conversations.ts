import { ServerMessageType } from '@pyrgos/core/accounts';
import type { MessageFacts } from './message-table.js';

/**
 * The messages of all conversations that the user is to see (chapter 07 section 20.3), ascending by time: those whose last message comes
 * from the server and is not dismissed. `messages` is all of one user, in the order of storing. An answer to an unknown message
 * begins a conversation of its own.
 */
export function displayableMessages(messages: readonly MessageFacts[]): MessageFacts[] {
  const conversations = new Map<number, MessageFacts[]>();
  for (const message of messages) {
    const known = message.replyTo === undefined ? undefined : conversations.get(message.replyTo);
    const conversation = known ?? [];
    conversation.push(message);
    conversations.set(message.id, conversation);
  }
  return [...new Set(conversations.values())]
    .filter((conversation) => {
      const last = conversation.at(-1);
      return last !== undefined && !last.isDismissed && last.type !== ServerMessageType.fromUser;
    })
    .flat()
    .toSorted((a, b) => a.sent - b.sent || a.id - b.id);
}
