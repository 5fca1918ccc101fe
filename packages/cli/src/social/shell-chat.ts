import type { Completion, ShellCommand } from '../files/shell-command.js';
import { createChat, declineChat, inviteToChat, joinChat, leaveChat, listMembers } from './chat-group.js';
import { listMedia } from './chat-media.js';
import { readChat } from './chat-messages.js';
import { sendMessage } from './chat-send.js';
import { watchChats } from './chat-watch.js';
import { listChats } from './chats.js';

const command = (
  usage: string,
  description: string,
  counts: readonly [number, number],
  completions: readonly Completion[],
  run: ShellCommand['run'],
): [string, ShellCommand] => [usage.split(' ')[0] ?? usage, { usage, description, counts, flags: [], completions, run }];

/** Users that one line may name. */
const MOST_USERS = 50;
const friends: readonly Completion[] = Array.from({ length: MOST_USERS }, () => 'friend');

/** The commands of the shell about chats. */
export const chatShellCommands: readonly (readonly [string, ShellCommand])[] = [
  command('chats', 'list chats, what is new in them, and invitations', [0, 0], [], async ({ context }) => listChats(context, {})),
  command('chat_read chat', 'print the newest messages of a chat', [1, 1], ['chat'], async ({ context }, [chat = '']) =>
    readChat(context, chat, {}),
  ),
  command(
    'chat_search chat text',
    'print the messages with a text in them',
    [2, 2],
    ['chat'],
    async ({ context }, [chat = '', text = '']) => readChat(context, chat, { search: text }),
  ),
  command(
    'chat_send chat text',
    'send a message; quote a text with blanks',
    [2, 2],
    ['chat'],
    async ({ context }, [chat = '', text = '']) => sendMessage(context, chat, text, {}),
  ),
  command('chat_attach chat local [text]', 'send a file', [2, 3], ['chat', 'local'], async ({ context }, [chat = '', path = '', text]) =>
    sendMessage(context, chat, text, { attach: [path] }),
  ),
  command(
    'chat_media chat [local folder]',
    'list files of a chat, or fetch them',
    [1, 2],
    ['chat', 'local-directory'],
    async ({ context }, [chat = '', to]) => listMedia(context, chat, to === undefined ? {} : { to }),
  ),
  command('chat_create [users]', 'begin a chat', [0, MOST_USERS], friends, async ({ context }, people) => createChat(context, people, {})),
  command(
    'chat_invite chat users',
    'invite friends into a chat',
    [2, MOST_USERS + 1],
    ['chat', ...friends],
    async ({ context }, [chat = '', ...people]) => inviteToChat(context, chat, people),
  ),
  command('chat_join chat', 'accept an invitation', [1, 1], ['invitation'], async ({ context }, [chat = '']) => joinChat(context, chat)),
  command('chat_decline chat', 'decline an invitation', [1, 1], ['invitation'], async ({ context }, [chat = '']) =>
    declineChat(context, chat),
  ),
  command('chat_leave chat', 'leave a chat', [1, 1], ['chat'], async ({ context }, [chat = '']) => leaveChat(context, chat)),
  command('chat_members chat', 'list who is in a chat', [1, 1], ['chat'], async ({ context }, [chat = '']) =>
    listMembers(context, chat, {}),
  ),
  command('chat_watch [chat]', 'print what is written, until Ctrl-C', [0, 1], ['chat'], async ({ context }, [chat]) =>
    watchChats(context, chat === undefined ? [] : [chat], {}),
  ),
];
