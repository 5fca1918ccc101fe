import { basename } from 'node:path';
import type { Chat, NewAttachment } from '@pyrgos/client';
import type { FilesContext } from '../files/files-context.js';
import { localEntry, localSource } from '../files/local-tree.js';
import { printableName } from '../terminal.js';
import { UsageError } from '../usage-error.js';
import { messageJson } from './chat-json.js';
import { messageNamed, messageRefOf } from './chat-messages.js';
import { noteUnheard } from './chat-heard.js';
import { openChat } from './chat-name.js';
import { excerptOf } from './chat-text.js';
import { asTyped } from './typed-limit.js';
import { withProgress } from './with-progress.js';

/** What is sent beside, or in place of, a text. */
export interface SendMessageOptions {
  /** Files of this machine. */
  readonly attach?: readonly string[];
  /** The message that is answered, edited or deleted, by its number or reference. */
  readonly reply?: string;
  readonly edit?: string;
  readonly delete?: string;
}

/** Requires options that go together: UsageError. Returns whether a text is needed. */
export function needsText({ attach, delete: deleted, edit, reply }: SendMessageOptions): boolean {
  const given = [reply === undefined ? '' : '--reply', edit === undefined ? '' : '--edit', deleted === undefined ? '' : '--delete'].filter(
    (name) => name !== '',
  );
  if (given.length > 1) throw new UsageError(`Say either ${given.join(' or ')}.`);
  if (attach !== undefined && (edit !== undefined || deleted !== undefined))
    throw new UsageError('A file is attached to a new message: leave out --attach, or --edit and --delete.');
  return deleted === undefined && attach === undefined;
}

/** Sends a message to a chat; with options edits or deletes one of the account. Errors of the client, and of the system for files. */
export async function sendMessage(
  context: FilesContext,
  name: string,
  text: string | undefined,
  options: SendMessageOptions,
): Promise<void> {
  const isTextNeeded = needsText(options);
  if (isTextNeeded && (text ?? '').trim() === '') throw new UsageError('The text is empty: what is to be sent?');
  if (options.delete !== undefined && text !== undefined) throw new UsageError('What is deleted has no text: leave out one of both.');
  // Before anything is asked: a name may be mistyped.
  const attachments = await Promise.all((options.attach ?? []).map(async (path) => attachmentAt(context, path)));
  const chat = await openChat(context, name);
  if (options.delete !== undefined) await deleteMessage(context, chat, options.delete);
  else if (options.edit !== undefined) await editMessage(context, chat, options.edit, text ?? '');
  else await sendNew(context, chat, text, attachments, options.reply);
}

async function sendNew(
  context: FilesContext,
  chat: Chat,
  text: string | undefined,
  attachments: readonly NewAttachment[],
  reply: string | undefined,
): Promise<void> {
  const { output, signal } = context;
  const replyTo = reply === undefined ? undefined : await messageRefOf(chat, reply, signal);
  const names = attachments.map(({ name }) => name).join(', ');
  const message = await withProgress(context, names, async (onProgress) =>
    chat.send({ text, attachments, replyTo }, { signal, onProgress }),
  ).catch(asTyped);
  const heard = await noteUnheard(context, chat);
  output.done(`Sent #${message.index}`, { event: 'sent', chat: chat.id, message: messageJson(message), heard });
}

async function editMessage({ output, signal }: FilesContext, chat: Chat, name: string, text: string): Promise<void> {
  const message = await chat.edit(await messageRefOf(chat, name, signal), text, { signal }).catch(asTyped);
  output.done(`Edited #${message.index}`, { event: 'edited', chat: chat.id, message: messageJson(message) });
}

async function deleteMessage({ output, signal }: FilesContext, chat: Chat, name: string): Promise<void> {
  const message = await messageNamed(chat, name, signal);
  const { ref } = message;
  await chat.deleteMessage(ref, { signal });
  if (!('index' in message)) {
    output.done(`Deleted ${ref}`, { event: 'deleted', chat: chat.id, ref });
    return;
  }
  // Numbers are soon confused: whoever did that knows now what is to be written once more.
  output.done(`Deleted #${message.index}  ${excerptOf(message)}`, {
    event: 'deleted',
    chat: chat.id,
    ref,
    number: message.index,
    text: message.text,
  });
}

async function attachmentAt(context: FilesContext, path: string): Promise<NewAttachment> {
  const local = context.local(path);
  const found = await localEntry(local);
  if (found.isDirectory) throw new UsageError(`${printableName(path)} is a folder: files are attached.`);
  return { source: localSource(local, found, { followsLinks: true }), name: basename(local) };
}
