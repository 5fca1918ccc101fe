import type { Command } from 'commander';
import { addSessionOptions } from '../files/session-options.js';
import { addRefreshOption, CHAT_ARGUMENT, withChats } from './chat-options.js';
import {
  type AdminOptions,
  adminsOfChat,
  createChat,
  type CreateOptions,
  declineChat,
  deleteChat,
  type DeleteOptions,
  iconOfChat,
  type IconOptions,
  inviteToChat,
  joinChat,
  leaveChat,
  listMembers,
  removeFromChat,
  titleOfChat,
} from './chat-group.js';
import type { RefreshOption } from './chats.js';

/** The commands below `chat` about who is in it, and what it is called. */
export function addChatGroupCommands(chat: Command): void {
  const create = chat
    .command('create')
    .description('begin a chat, and print its id')
    .argument('[users...]', 'friends who are invited')
    .option('--title <text>', 'what it is called')
    .option('--icon <file>', 'a small picture on this machine');
  addSessionOptions(create).action(async (users: string[], options: CreateOptions) =>
    withChats(create, async (context) => createChat(context, users, options)),
  );

  const invite = chat.command('invite').description('invite friends into a chat');
  invite.argument('<chat>', CHAT_ARGUMENT).argument('<users...>', 'names');
  addSessionOptions(invite).action(async (name: string, users: string[]) =>
    withChats(invite, async (context) => inviteToChat(context, name, users)),
  );

  const join = chat
    .command('join')
    .description('accept an invitation, also into a chat from which you were removed')
    .argument('<chat>', 'its number or the beginning of it, its title, or who invites');
  addSessionOptions(join).action(async (name: string) => withChats(join, async (context) => joinChat(context, name)));

  const decline = chat
    .command('decline')
    .description('decline an invitation: it is listed no more')
    .argument('<chat>', 'its number or the beginning of it, its title, or who invites');
  addSessionOptions(decline).action(async (name: string) => withChats(decline, async (context) => declineChat(context, name)));

  const leave = chat.command('leave').description('leave a chat; what was written until then stays here').argument('<chat>', CHAT_ARGUMENT);
  addSessionOptions(leave).action(async (name: string) => withChats(leave, async (context) => leaveChat(context, name)));

  const remove = chat
    .command('delete')
    .description('leave a chat and delete your copy of it, for good')
    .argument('<chat>', CHAT_ARGUMENT)
    .option('--yes', 'do not ask')
    .option('--no-leave', 'the others are not told: for a chat that cannot be left any more');
  addSessionOptions(remove).action(async (name: string, options: DeleteOptions) =>
    withChats(remove, async (context) => deleteChat(context, name, options)),
  );

  const exclude = chat.command('remove').description('remove members from a chat, or take invitations back; admins can');
  exclude.argument('<chat>', CHAT_ARGUMENT).argument('<users...>', 'names');
  addSessionOptions(exclude).action(async (name: string, users: string[]) =>
    withChats(exclude, async (context) => removeFromChat(context, name, users)),
  );

  const title = chat
    .command('title')
    .description('print the title of a chat, or set it')
    .argument('<chat>', CHAT_ARGUMENT)
    .argument('[title]', "the new one; '' takes it away");
  addSessionOptions(title).action(async (name: string, text: string | undefined) =>
    withChats(title, async (context) => titleOfChat(context, name, text)),
  );

  const icon = chat
    .command('icon')
    .description('set the picture of a chat, or store it in a new file')
    .argument('<chat>', CHAT_ARGUMENT)
    .argument('[file]', 'a small picture on this machine')
    .option('--clear', 'no picture any more')
    .option('--save <file>', 'store it in this new file');
  addSessionOptions(icon).action(async (name: string, file: string | undefined, options: IconOptions) =>
    withChats(icon, async (context) => iconOfChat(context, name, file, options)),
  );

  const admin = chat
    .command('admin')
    .description('list who may remove others and say who else may; make members admins')
    .argument('<chat>', CHAT_ARGUMENT)
    .argument('[users...]', 'members who are to be admins')
    .option('--revoke', 'they are to be none any more');
  addSessionOptions(admin).action(async (name: string, users: string[], options: AdminOptions) =>
    withChats(admin, async (context) => adminsOfChat(context, name, users, options)),
  );

  const members = chat.command('members').description('list who is in a chat, who is invited, and who was removed');
  addSessionOptions(addRefreshOption(members.argument('<chat>', CHAT_ARGUMENT))).action(async (name: string, options: RefreshOption) =>
    withChats(members, async (context) => listMembers(context, name, options)),
  );
}
