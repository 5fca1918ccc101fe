import type { ChatMessage, ChatSummary } from '@pyrgos/client';
import { timeText } from '../files/entry-text.js';
import { printableMessage, printableName } from '../terminal.js';

/** Characters of a message that are shown where only its beginning is. */
const EXCERPT = 60;
/** Characters of a title, and of the names beside it, that are shown in lists and before messages. */
const SHORT_TITLE = 40;
/** Characters of a title, of names, or of the name of a file, that are shown where there is one on a line. */
const LONG_TITLE = 200;
/** What stands before each further line of a message: nobody can write a line that looks like one of ours. */
const INDENT = '    ';

/** The other members, and those who are invited. */
export function peopleOf({ members, pending }: Pick<ChatSummary, 'members' | 'pending'>, username: string): string[] {
  return [...new Set([...members, ...pending])].filter((name) => name !== username);
}

/** What a chat is called: its title, otherwise who is in it. Only the beginning of what is long, and less of it when it `isShort`. Safe for a terminal. */
export function chatTitle(summary: ChatSummary, username: string, { isShort = false }: { readonly isShort?: boolean } = {}): string {
  const short = (text: string): string => cut(text, isShort ? SHORT_TITLE : LONG_TITLE);
  const names = peopleOf(summary, username).map((name) =>
    summary.members.includes(name) ? printableName(name) : `${printableName(name)} (invited)`,
  );
  const people = short(names.join(', '));
  if (summary.title === '') return people === '' ? '(nobody else)' : people;
  return `${short(printableName(summary.title))}${people === '' ? '' : ` (${people})`}`;
}

/** A message as lines for people; none of them can steer the terminal, or look like the beginning of another message. */
export function messageLines(message: ChatMessage): string[] {
  const { attachments, edited, index, isNew, kind, replyTo, time } = message;
  const head = `#${index}  ${timeText(time)}${isNew ? ' *' : '  '}`;
  if (kind !== 'text') return [`${head} - ${happened(message)}`];
  const [first = '', ...more] = textOf(message);
  return [
    `${head} ${printableName(message.author)}: ${first}${edited ? ' (edited)' : ''}`,
    ...more.map((line) => `${INDENT}${line}`),
    ...(replyTo === undefined ? [] : [`${INDENT}> ${answered(replyTo)}`]),
    ...attachments.map(({ name }) => `${INDENT}[attached: ${cut(printableName(name), LONG_TITLE)}]`),
  ];
}

/** The beginning of what was written, or what happened, on one line. */
export function excerptOf(message: ChatMessage): string {
  if (message.kind !== 'text') return cut(happened(message));
  const text = cut(textOf(message).join(' '));
  const files = message.attachments.length;
  const attached = files === 0 ? '' : files === 1 ? '[a file]' : `[${files} files]`;
  return `${printableName(message.author)}: ${[text, attached].filter((part) => part !== '').join(' ')}`;
}

function textOf({ deleted, text }: Pick<ChatMessage, 'deleted' | 'text'>): string[] {
  if (deleted) return ['(deleted)'];
  return text.split(/\r\n|[\n\r\v\f\u0085\u2028\u2029]/u).map((line) => printableMessage(line.replaceAll('\t', '  ')));
}

function answered({ author, deleted, hasAttachments, index, text }: NonNullable<ChatMessage['replyTo']>): string {
  const number = index === undefined ? '' : `#${index} `;
  const who = author === undefined ? '' : `${printableName(author)}: `;
  const said = cut(textOf({ deleted, text }).join(' '));
  return `${number}${who}${said === '' && hasAttachments ? '[a file]' : said}`.trimEnd();
}

/** The beginning of a text. */
export function cut(text: string, length: number = EXCERPT): string {
  // Not in the middle of a character.
  return text.length <= length ? text : `${text.slice(0, length - 1).replace(/\p{Cs}$/u, '')}…`;
}

function happened({ about, author, kind }: ChatMessage): string {
  const who = printableName(author);
  const whom = cut(about.map(printableName).join(', '), LONG_TITLE);
  switch (kind) {
    case 'joined':
      return `${who} joined`;
    case 'invited':
      return `${who} invited ${whom}`;
    case 'removed':
      return `${who} removed ${whom}`;
    case 'left':
      return `${who} left`;
    case 'title':
      return whom === '' ? `${who} took the title away` : `${who} gave the chat the title '${whom}'`;
    case 'icon':
      return `${who} changed the picture of the chat`;
    case 'admins':
      return `${who} decided who the admins are: ${whom}`;
    default:
      return `${who} changed something`;
  }
}
