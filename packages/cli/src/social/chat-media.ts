import { lstat, mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Chat, type ChatAttachment, type ChatMessage, ConflictError } from '@pyrgos/client';
import { MAX_CHAT_PAGE } from '@pyrgos/core/limits';
import { timeText } from '../files/entry-text.js';
import type { FilesContext } from '../files/files-context.js';
import { assertLocalName } from '../files/local-name.js';
import { writeNewFile } from '../files/new-file.js';
import { formatTable, printableName } from '../terminal.js';
import { UsageError } from '../usage-error.js';
import { problemJson, refreshProblems } from './chat-json.js';
import { numberOfMessage } from './chat-messages.js';
import { openChat } from './chat-name.js';
import { noteProblems, type RefreshOption } from './chats.js';
import { localMediaName } from './local-media-name.js';
import { withProgress } from './with-progress.js';

const DEFAULT_LIMIT = 50;

export interface MediaOptions extends RefreshOption {
  readonly limit?: number;
  /** Only those of messages with a smaller number. */
  readonly before?: number;
  /** Only those of this message. */
  readonly message?: string;
  /** A folder of this machine into which they are stored. */
  readonly to?: string;
}

type Media = ChatAttachment & { readonly message: ChatMessage };

/** Lists the files that were sent in a chat, newest first, or stores them in a folder. One that cannot be fetched is reported, and the others go on. */
export async function listMedia(context: FilesContext, name: string, options: MediaOptions): Promise<void> {
  const { output, signal } = context;
  const { limit = DEFAULT_LIMIT, message, refresh = true, to } = options;
  const chat = await openChat(context, name);
  const refreshed = refresh ? [await chat.refresh({ signal })] : [];
  const number = message === undefined ? undefined : await numberOfMessage(chat, message, signal);
  const list = number === undefined ? await mediaBefore(chat, options.before, limit, signal) : await mediaOf(chat, number, signal);
  if (to !== undefined && list.items.length > 0) await makeFolder(context.local(to));
  const results: object[] = [];
  for (const item of list.items) {
    const what = { number: item.message.index, ref: item.message.ref, author: item.message.author, time: item.message.time.toISOString() };
    if (to === undefined) results.push({ ...what, name: item.name });
    else results.push({ ...what, name: item.name, ...(await stored(context, chat, item, to)) });
  }
  if (output.isJson) {
    output.result('', { chat: chat.id, media: results, before: list.before, problems: refreshed.flatMap(refreshProblems) });
  } else {
    if (to === undefined) for (const line of linesOf(list.items)) output.result(line, {});
    if (list.items.length === 0) output.done('There are no files.', {});
    if (list.before !== undefined) output.note(`There may be older ones: --before ${list.before}`);
  }
  noteProblems(context, refreshed);
}

interface MediaList {
  readonly items: readonly Media[];
  readonly before: number | undefined;
}

async function mediaBefore(chat: Chat, before: number | undefined, limit: number, signal: AbortSignal): Promise<MediaList> {
  const items: Media[] = [];
  let at = before;
  do {
    const page = await chat.media({ before: at, limit: Math.min(limit - items.length, MAX_CHAT_PAGE), signal });
    items.push(...page.items);
    at = page.next;
  } while (at !== undefined && items.length < limit);
  return { items, before: at };
}

async function mediaOf(chat: Chat, number: number, signal: AbortSignal): Promise<MediaList> {
  const { messages } = await chat.page({ before: number + 1, limit: 1, signal });
  const items = messages.filter(({ index }) => index === number);
  return { items: items.flatMap((message) => message.attachments.map((attachment) => ({ ...attachment, message }))), before: undefined };
}

function linesOf(items: readonly Media[]): string[] {
  const rows = items.map(({ message, name }) => [
    `#${message.index}`,
    timeText(message.time),
    printableName(message.author),
    printableName(name),
  ]);
  return formatTable(rows);
}

/** Makes the folder for files, unless it is there. UsageError for something else in its place; errors of the system, for a missing folder around it for instance. */
async function makeFolder(path: string): Promise<void> {
  const isFolder = async (): Promise<boolean> => (await stat(path)).isDirectory();
  await mkdir(path).catch(async (error: unknown) => {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    if (!(await isFolder())) throw new UsageError(`${printableName(path)} is no folder: files are stored in one.`);
  });
}

/** Stores one file, and says where, or what has gone wrong. What is there already with the same size stays. */
async function stored(context: FilesContext, chat: Chat, item: Media, folder: string): Promise<object> {
  const { output, signal } = context;
  try {
    const name = localMediaName(item);
    assertLocalName(name);
    const target = join(context.local(folder), name);
    const { reader } = await chat.openAttachment(item, { signal });
    if (await isThere(target, reader.size)) return { local: target, isNew: false };
    await withProgress(context, item.name, async (onProgress) => writeNewFile(target, reader.stream({ signal, onProgress })));
    if (!output.isJson) output.done(`Stored ${printableName(target)}`, {});
    return { local: target, isNew: true };
  } catch (error) {
    output.told(item.name, error);
    return { problem: problemJson(error) };
  }
}

async function isThere(path: string, size: number): Promise<boolean> {
  const info = await lstat(path).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (info === undefined) return false;
  if (info.isFile() && info.size === size) return true;
  const text = `there is something at ${printableName(path)} already: take another folder, or remove it first`;
  throw new ConflictError('conflict.exists', text, { local: path });
}
