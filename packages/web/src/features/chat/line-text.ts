import type { ChatLine } from '../../engine/chat-calls.js';
import { formatNames } from '../../i18n/format.js';
import type { TextFunction } from '../../i18n/text.js';
import { IsolatedText, visibleName } from '../../i18n/visible-name.js';

/** Characters of a text that are shown where there is one line for it. */
const MAX_PREVIEW = 200;
/** People who are named. */
const MAX_NAMES = 20;

/** What has happened in a chat, in words. Of what somebody has said see {@link previewText}. */
export function eventText({ kind, author: by, isOwn, about }: ChatLine, language: string, text: TextFunction): string {
  // What others have written may name anybody, any number of times.
  const some = about.slice(0, MAX_NAMES).map((one) => IsolatedText.of(one).text);
  const names = IsolatedText.ofShown(about.length > MAX_NAMES ? `${some.join(', ')} …` : formatNames(some, language));
  const name = IsolatedText.of(by);
  switch (kind) {
    case 'joined':
      return text(isOwn ? 'chat.joined.own' : 'chat.joined', { name });
    case 'invited':
      return text(isOwn ? 'chat.invited.own' : 'chat.invited', { name, other: names });
    case 'removed':
      return text(isOwn ? 'chat.removed.own' : 'chat.removed', { name, other: names });
    case 'left':
      return text(isOwn ? 'chat.left.own' : 'chat.left', { name });
    case 'title':
      return text(isOwn ? 'chat.titled.own' : 'chat.titled', { name, title: IsolatedText.of(oneLine(about[0] ?? '')) });
    case 'icon':
      return text(isOwn ? 'chat.icon.own' : 'chat.icon', { name });
    default:
      return text(isOwn ? 'chat.admins.own' : 'chat.admins', { name, others: names });
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

/** A message in one line, without its author, as it is shown: what its author has written has nothing invisible in it. */
export function previewText(line: ChatLine, language: string, text: TextFunction): string {
  if (line.kind !== 'text') return eventText(line, language, text);
  if (line.isDeleted) return text('chat.deleted');
  const words = visibleName(oneLine(line.text));
  return words === '' ? text('chat.files', { count: line.attachments.length }) : words;
}
