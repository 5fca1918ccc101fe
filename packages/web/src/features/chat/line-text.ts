import type { ChatLine } from '../../engine/chat-calls.js';
import { formatNames } from '../../i18n/format.js';
import type { TextFunction } from '../../i18n/text.js';

/** Characters of a text that are shown where there is one line for it. */
const MAX_PREVIEW = 200;
/** People who are named. */
const MAX_NAMES = 20;

/** What has happened in a chat, in words. Of what somebody has said see {@link previewText}. */
export function eventText({ kind, author, isOwn, about }: ChatLine, language: string, text: TextFunction): string {
  // What others have written may name anybody, any number of times.
  const names = about.length > MAX_NAMES ? `${about.slice(0, MAX_NAMES).join(', ')} …` : formatNames(about, language);
  switch (kind) {
    case 'joined':
      return text(isOwn ? 'chat.joined.own' : 'chat.joined', { name: author });
    case 'invited':
      return text(isOwn ? 'chat.invited.own' : 'chat.invited', { name: author, other: names });
    case 'removed':
      return text(isOwn ? 'chat.removed.own' : 'chat.removed', { name: author, other: names });
    case 'left':
      return text(isOwn ? 'chat.left.own' : 'chat.left', { name: author });
    case 'title':
      return text(isOwn ? 'chat.titled.own' : 'chat.titled', { name: author, title: oneLine(about[0] ?? '') });
    case 'icon':
      return text(isOwn ? 'chat.icon.own' : 'chat.icon', { name: author });
    default:
      return text(isOwn ? 'chat.admins.own' : 'chat.admins', { name: author, others: names });
  }
}

/** The beginning of a text as one line. */
export function oneLine(text: string): string {
  const line = text
    .slice(0, 2 * MAX_PREVIEW)
    .replaceAll(/\s+/gu, ' ')
    .trim();
  if (line.length <= MAX_PREVIEW) return line;
  // Not in the middle of a character.
  return `${line.slice(0, MAX_PREVIEW).replace(/[\ud800-\udbff]$/u, '')} …`;
}

/** A message in one line, without its author. */
export function previewText(line: ChatLine, language: string, text: TextFunction): string {
  if (line.kind !== 'text') return eventText(line, language, text);
  if (line.isDeleted) return text('chat.deleted');
  const words = oneLine(line.text);
  return words === '' ? text('chat.files', { count: line.attachments.length }) : words;
}
