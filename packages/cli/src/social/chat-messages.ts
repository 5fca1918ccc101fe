import { type Chat, type ChatMessage, type ChatPage, NotFoundError, type PyrgosError } from '@pyrgos/client';
import { MAX_CHAT_PAGE } from '@pyrgos/core/limits';
import type { FilesContext } from '../files/files-context.js';
import { printableName } from '../terminal.js';
import { UsageError } from '../usage-error.js';
import { chatJson, messageJson, problemJson, refreshProblems } from './chat-json.js';
import { noteUnheard } from './chat-heard.js';
import { openChat } from './chat-name.js';
import { messageLines } from './chat-text.js';
import { noteProblems, type RefreshOption } from './chats.js';

/** Messages that are shown where nobody says how many. */
const DEFAULT_LIMIT = 50;

const REFERENCE = /^Qm[1-9A-HJ-NP-Za-km-z]{44}$/u;

export interface ReadOptions extends RefreshOption {
  /** How many messages at most. */
  readonly limit?: number;
  /** Only those with a smaller number. */
  readonly before?: number;
  /** Only those with this text in them. */
  readonly search?: string;
  /** They count as unread as before. */
  readonly keepUnread?: true;
}

/** Some messages in the order of the log, and what there is before them. */
interface MessageList {
  readonly messages: readonly ChatMessage[];
  /** Where older ones end; undefined when there are none. */
  readonly before: number | undefined;
  /** A damaged place in the own copy, which ends what can be read. */
  readonly problem: PyrgosError | undefined;
}

/** Prints the newest messages of a chat, or those before one, or those in which something is found; what was shown is not unread any more. */
export async function readChat(context: FilesContext, name: string, options: ReadOptions): Promise<void> {
  const { output, signal } = context;
  const { before, keepUnread, limit = DEFAULT_LIMIT, refresh = true, search } = options;
  const chat = await openChat(context, name);
  const refreshed = refresh ? [await chat.refresh({ signal })] : [];
  const heard = refresh ? await noteUnheard(context, chat) : undefined;
  const list = search === undefined ? await messagesBefore(chat, before, limit, signal) : await found(chat, search, before, limit, signal);
  if (output.isJson) {
    output.result('', {
      chat: chatJson(await chat.summary({ signal })),
      messages: list.messages.map(messageJson),
      before: list.before,
      heard,
      problems: [
        ...refreshed.flatMap(refreshProblems),
        ...(list.problem === undefined ? [] : [{ id: chat.id, ...problemJson(list.problem) }]),
      ],
    });
  } else {
    for (const message of list.messages) output.result(messageLines(message).join('\n'), {});
    if (search !== undefined && list.messages.length === 0) output.done('Nothing of that was found.', {});
    if (list.before !== undefined) output.note(`There are older ones: --before ${list.before}`);
  }
  noteProblems(context, refreshed);
  if (list.problem !== undefined) output.told(chat.id, list.problem);
  if (search === undefined && before === undefined && keepUnread !== true) await chat.markSeen(undefined, { signal });
}

/** The newest messages with a number below `before`. */
async function messagesBefore(chat: Chat, before: number | undefined, limit: number, signal: AbortSignal): Promise<MessageList> {
  const messages: ChatMessage[] = [];
  let at = before;
  for (;;) {
    const page = await chat.page({ before: at, limit: Math.min(limit - messages.length, MAX_CHAT_PAGE), signal });
    messages.unshift(...page.messages);
    at = page.before;
    if (at === undefined || messages.length >= limit) return { messages, before: at, problem: page.problem };
  }
}

/** All messages from a number on, page by page. */
export async function* messagesFrom(chat: Chat, first: number, signal: AbortSignal): AsyncGenerator<ChatMessage, void, undefined> {
  let at: number | undefined = first;
  while (at !== undefined) {
    const page: ChatPage = await chat.page({ after: at, signal });
    yield* page.messages;
    at = page.after;
  }
}

async function found(chat: Chat, query: string, before: number | undefined, limit: number, signal: AbortSignal): Promise<MessageList> {
  if (query.trim() === '') throw new UsageError('What is to be looked for? The text is empty.');
  const messages: ChatMessage[] = [];
  for await (const message of chat.search(query, { before, limit, signal })) messages.unshift(message);
  return { messages, before: messages.length < limit ? undefined : messages[0]?.index, problem: undefined };
}

/** The reference of the message that is meant by its number or its reference. UsageError for what is neither; NotFoundError where no message has the number. */
export async function messageRefOf(chat: Chat, text: string, signal: AbortSignal): Promise<string> {
  return (await messageNamed(chat, text, signal)).ref;
}

/** The message that is meant by its number, or the reference alone where that is given. Errors as {@link messageRefOf}. */
export async function messageNamed(chat: Chat, text: string, signal: AbortSignal): Promise<ChatMessage | Pick<ChatMessage, 'ref'>> {
  const name = text.trim();
  return REFERENCE.test(name) ? { ref: name } : messageWith(chat, numberIn(name), signal);
}

/** The number of the message that is meant by its number. Errors as {@link messageRefOf}. */
export async function numberOfMessage(chat: Chat, text: string, signal: AbortSignal): Promise<number> {
  return (await messageWith(chat, numberIn(text.trim()), signal)).index;
}

function numberIn(text: string): number {
  const digits = /^#?(\d{1,9})$/u.exec(text)?.[1];
  if (digits !== undefined) return Number(digits);
  throw new UsageError(`'${printableName(text)}' is no message: name it by its number, as chat read shows it, or by its reference.`);
}

async function messageWith(chat: Chat, number: number, signal: AbortSignal): Promise<ChatMessage> {
  const { messages } = await chat.page({ before: number + 1, limit: 1, signal });
  const message = messages.at(-1);
  if (message?.index !== number)
    throw new NotFoundError('not-found.message', `There is no message with the number ${number} in this chat.`, {});
  if (message.kind !== 'text') throw new UsageError(`Number ${number} is no message, but tells what happened.`);
  return message;
}
