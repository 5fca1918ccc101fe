import { MAX_CHAT_MESSAGE_SIZE } from '@pyrgos/core/limits';
import type { Command } from 'commander';
import { addSessionOptions } from '../files/session-options.js';
import { parseCount } from '../parse-arguments.js';
import { readTextInput } from '../terminal.js';
import { UsageError } from '../usage-error.js';
import { addChatGroupCommands } from './chat-group-commands.js';
import { listMedia, type MediaOptions } from './chat-media.js';
import { readChat, type ReadOptions } from './chat-messages.js';
import { addPageOptions, addRefreshOption, CHAT_ARGUMENT, withChats } from './chat-options.js';
import { needsText, sendMessage, type SendMessageOptions } from './chat-send.js';
import { watchChats, type WatchOptions } from './chat-watch.js';
import { listChats, type ListChatsOptions } from './chats.js';

/** `pyrgos chat …` */
export function addChatCommand(program: Command): void {
  const chat = program.command('chat').description('encrypted conversations with friends, in pairs and groups');

  const list = chat
    .command('list')
    .description('list your chats, what is new in them, and invitations')
    .option('--all', 'also chats of other programs');
  addSessionOptions(addRefreshOption(list)).action(async (options: ListChatsOptions) =>
    withChats(list, async (context) => listChats(context, options)),
  );

  const read = chat
    .command('read')
    .description('print the newest messages of a chat; they count as read then')
    .argument('<chat>', CHAT_ARGUMENT);
  addPageOptions(read, 'messages')
    .option('--search <text>', 'only messages with this text in them')
    .option('--keep-unread', 'they count as unread as before');
  addSessionOptions(addRefreshOption(read)).action(async (name: string, options: ReadOptions) =>
    withChats(read, async (context) => readChat(context, name, options)),
  );

  const search = chat
    .command('search')
    .description('print the messages of a chat with a text in them')
    .argument('<chat>', CHAT_ARGUMENT)
    .argument('<text>', 'in small or capital letters');
  addSessionOptions(addRefreshOption(addPageOptions(search, 'messages'))).action(async (name: string, text: string, options: ReadOptions) =>
    withChats(search, async (context) => readChat(context, name, { ...options, search: text })),
  );

  addSendCommand(chat);
  addChatGroupCommands(chat);

  const media = chat
    .command('media')
    .description('list the files that were sent in a chat, newest first, or fetch them')
    .argument('<chat>', CHAT_ARGUMENT);
  addPageOptions(media, 'files')
    .option('--message <number>', 'only those of this message')
    .option(
      '--to <folder>',
      'store them in this folder, which is made when it is missing; what is there with the same size is passed over',
    );
  addSessionOptions(addRefreshOption(media)).action(async (name: string, options: MediaOptions) =>
    withChats(media, async (context) => listMedia(context, name, options)),
  );

  const watch = chat
    .command('watch')
    .description('print what is written from now on, as it comes, until Ctrl-C')
    .argument('[chats...]', `which; each: ${CHAT_ARGUMENT} (default: all, and invitations)`)
    .option('--every <seconds>', 'look so often although the server tells nothing (default: 60)', parseCount)
    .option('--mark-read', 'what is printed counts as read');
  addSessionOptions(watch).action(async (names: string[], options: WatchOptions) =>
    withChats(watch, async (context) => watchChats(context, names, options)),
  );
}

function addSendCommand(chat: Command): void {
  const send = chat
    .command('send')
    .description('send a message to a chat; edit or delete one of yours')
    .argument('<chat>', CHAT_ARGUMENT)
    .argument('[text]', 'what to say; - or nothing: the standard input')
    .option('--attach <file>', 'a file of this machine; may stand several times', (path: string, before: readonly string[] | undefined) => [
      ...(before ?? []),
      path,
    ])
    .option('--reply <message>', 'answer this one: its number or reference')
    .option('--edit <message>', 'the text takes the place of what this one says')
    .option('--delete <message>', 'take this one back');
  addSessionOptions(send).action(async (name: string, text: string | undefined, options: SendMessageOptions & { passwordStdin?: true }) =>
    withChats(send, async (context) => {
      const readsInput = text === '-' || (text === undefined && needsText(options));
      if (readsInput && options.passwordStdin === true)
        throw new UsageError('The standard input cannot be both the password and the text.');
      if (text === undefined && readsInput && process.stdin.isTTY) throw new UsageError('What is to be sent? Say it behind the chat.');
      await sendMessage(context, name, readsInput ? await typedText() : text, options);
    }),
  );
}

async function typedText(): Promise<string> {
  const input = await readTextInput(MAX_CHAT_MESSAGE_SIZE);
  if (input === 'binary') throw new UsageError('What the standard input holds is no text (UTF-8): --attach FILE sends a file.');
  if (input === 'too long') throw new UsageError('What the standard input holds is too long for a message: --attach FILE sends a file.');
  return input.text;
}
