import type { ChatInvite, ChatRow } from '../../engine/chat-calls.js';
import { formatNames } from '../../i18n/format.js';
import type { TextFunction } from '../../i18n/text.js';
import { IsolatedText } from '../../i18n/visible-name.js';
import { oneLine } from './line-text.js';

/** People whose names make the name of a chat that has none. */
const MAX_NAMES = 6;

/** What a chat is called: its title, or whoever is in it beside oneself. */
export function chatName(chat: Pick<ChatRow, 'title' | 'members' | 'pending'>, self: string, language: string, text: TextFunction): string {
  const title = oneLine(chat.title);
  if (title !== '') return title;
  const others = [...chat.members, ...chat.pending].filter((name) => name !== self);
  if (others.length === 0) return text('chats.alone');
  return others.length > MAX_NAMES ? `${others.slice(0, MAX_NAMES).join(', ')} …` : formatNames(others, language);
}

/** What an invitation says. */
export function inviteText({ inviter, title, isKnown }: ChatInvite, text: TextFunction): string {
  const name = IsolatedText.of(inviter);
  const shown = oneLine(title);
  if (shown !== '') return text('chats.invitation.into', { name, title: IsolatedText.of(shown) });
  return text(isKnown ? 'chats.invitation.again' : 'chats.invitation', { name });
}
