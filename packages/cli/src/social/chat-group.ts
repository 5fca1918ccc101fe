import { type Chat, type ChatMemberInfo, type ChatSummary, NotFoundError, PyrgosError } from '@pyrgos/client';
import { MAX_CHAT_ICON_SIZE } from '@pyrgos/core/limits';
import { commandName } from '../command-name.js';
import type { FilesContext } from '../files/files-context.js';
import { writeNewFile } from '../files/new-file.js';
import { ask, formatTable, isInteractive, printableMessage, printableName } from '../terminal.js';
import { UsageError } from '../usage-error.js';
import { chatJson, refreshProblems } from './chat-json.js';
import { chatSurelyNamed, invitationOf, invitationsNamed, openChat } from './chat-name.js';
import { chatTitle } from './chat-text.js';
import { noteProblems, type RefreshOption } from './chats.js';
import { type LocalPicture, localPicture } from './local-picture.js';
import { usernameOf } from './recipients.js';
import { asTyped } from './typed-limit.js';

export interface CreateOptions {
  readonly title?: string;
  /** A file of this machine. */
  readonly icon?: string;
}

/** Makes a chat, invites users into it, and prints its id. Errors of the client. */
export async function createChat(context: FilesContext, users: readonly string[], { icon, title }: CreateOptions): Promise<void> {
  const { output, session, signal } = context;
  const invite = namesOf(users);
  const picture = icon === undefined ? undefined : await iconAt(context, icon);
  const chat = await session.chats.create({ title, invite, icon: picture, signal }).catch(asTyped);
  output.result(printableName(chat.id), { event: 'created', chat: chatJson(await chat.summary({ signal })) });
}

/** Invites users into a chat. Errors of the client. */
export async function inviteToChat(context: FilesContext, name: string, users: readonly string[]): Promise<void> {
  const { output, signal } = context;
  const chat = await openChat(context, name);
  const names = namesOf(users);
  const before = await chat.members({ signal });
  await chat.invite(names, { signal });
  const isIn = (name: string): boolean =>
    before.some(({ state, username }) => username === name && (state === 'joined' || state === 'unreachable'));
  const present = names.filter(isIn);
  const invited = names.filter((name) => !isIn(name));
  for (const name of present) output.note(`'${printableName(name)}' is in the chat already.`);
  const text = `Invited ${invited.map(printableName).join(', ')}`;
  if (output.isJson || invited.length > 0) output.done(text, { event: 'invited', chat: chat.id, users: invited, present });
}

/** Declines an invitation. NotFoundError `not-found.chat`. Errors of the client. */
export async function declineChat(context: FilesContext, name: string): Promise<void> {
  const { session, output, signal } = context;
  const invitation = await invitationOf(context, name);
  await session.chats.decline(invitation, { signal });
  output.done(`Declined the invitation of ${printableName(invitation.inviter)}`, { event: 'declined', chat: invitation.id });
}

/** Accepts an invitation; where there is none into a chat in which the account is, that is told. Errors of the client. */
export async function joinChat(context: FilesContext, name: string): Promise<void> {
  const { output, session, signal } = context;
  const joined = await joinedBefore(context, name);
  if (joined !== undefined) {
    output.done(`You are in the chat ${chatTitle(joined, session.username)} already.`, { event: 'present', chat: chatJson(joined) });
    return;
  }
  const chat = await session.chats.join(await invitationOf(context, name), { signal });
  const summary = await chat.summary({ signal });
  output.done(`You are in the chat ${chatTitle(summary, session.username)}`, { event: 'joined', chat: chatJson(summary) });
}

/** The chat of a name in which the account is already, unless somebody invites it into one of this name: also anew, after a removal of which the own copy has not heard. */
async function joinedBefore(context: FilesContext, name: string): Promise<ChatSummary | undefined> {
  const { session, signal } = context;
  const named = await chatSurelyNamed(context, name);
  if (named === undefined || !isInChat(named)) return undefined;
  const chat = await session.chats.open(named.id, { signal });
  await chat.refresh({ signal });
  const now = await chat.summary({ signal });
  return isInChat(now) && (await invitationsNamed(context, name)).length === 0 ? now : undefined;
}

function isInChat({ writable }: ChatSummary): boolean {
  return writable === 'yes' || writable === 'alone';
}

/** Leaves a chat; what was written until then stays. Errors of the client. */
export async function leaveChat(context: FilesContext, name: string): Promise<void> {
  const { output, signal } = context;
  const chat = await openChat(context, name, { exactly: true });
  await chat.leave({ signal });
  output.done(`You have left the chat. What was written until now stays here: ${commandName} chat delete deletes it.`, {
    event: 'left',
    chat: chat.id,
  });
}

export interface DeleteOptions {
  readonly yes?: true;
  /** Whether the others are told first. */
  readonly leave?: boolean;
}

/** Deletes the own copy of a chat, for good; leaves the chat first unless that is not wanted. Asks, where somebody can be asked. UsageError; errors of the client. */
export async function deleteChat(context: FilesContext, name: string, { leave = true, yes }: DeleteOptions): Promise<void> {
  const { output, session, signal } = context;
  const chat = await openChat(context, name, { exactly: true });
  if (yes !== true) {
    const title = chatTitle(await chat.summary({ signal }), session.username);
    const what = `Your copy of the chat ${title} will be deleted for good, with all that was written in it.`;
    if (!isInteractive()) throw new UsageError(`${what} Say --yes if that is meant.`);
    if ((await ask(`${printableMessage(what)} Delete it? (y/N) `)).trim().toLowerCase() !== 'y')
      throw new UsageError('Nothing was deleted.');
  }
  await session.chats.delete(chat.id, { leave, signal });
  output.done('The chat is deleted here. What the others have of it stays with them.', { event: 'deleted', chat: chat.id });
}

/** Removes users from a chat: they read nothing that is written from then on. One who cannot be does not keep the others from their turn. */
export async function removeFromChat(context: FilesContext, name: string, users: readonly string[]): Promise<void> {
  const { output, signal } = context;
  const chat = await openChat(context, name);
  await context.each(users, async (user) => {
    const username = usernameOf(user);
    await withNews(context, chat, async () => chat.remove(username, { signal }));
    output.done(`'${printableName(username)}' is removed, and reads nothing new.`, { event: 'removed', chat: chat.id, username });
  });
}

/** Does something; asks the others what is new, and tries once more, where it is refused by what is known of the chat. */
async function withNews<T>({ signal }: FilesContext, chat: Chat, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof PyrgosError) || (error.code !== 'denied.chat' && !error.code.startsWith('not-found.'))) throw error;
    if ((await chat.refresh({ signal })).added === 0) throw error;
    return work();
  }
}

/** Prints the title of a chat, or sets it; an empty one takes it away. */
export async function titleOfChat(context: FilesContext, name: string, title: string | undefined): Promise<void> {
  const { output, signal } = context;
  const chat = await openChat(context, name);
  if (title === undefined) {
    const now = (await chat.summary({ signal })).title;
    output.result(printableName(now), { chat: chat.id, title: now });
    return;
  }
  await chat.setTitle(title, { signal }).catch(asTyped);
  output.done(title === '' ? 'The chat has no title any more.' : `The title is '${printableName(title)}'.`, {
    event: 'title-set',
    chat: chat.id,
    title,
  });
}

export interface IconOptions {
  readonly clear?: true;
  /** Where the picture is stored on this machine, instead of setting another. */
  readonly save?: string;
}

/** Sets the picture of a chat, takes it away, or stores it in a new file. UsageError; NotFoundError when there is none to store; ConflictError when there is something already. */
export async function iconOfChat(
  context: FilesContext,
  name: string,
  file: string | undefined,
  { clear, save }: IconOptions,
): Promise<void> {
  const { output, signal } = context;
  if ([file, clear, save].filter((one) => one !== undefined).length !== 1)
    throw new UsageError('Say one of these: a file with the new picture, --clear, or --save FILE.');
  const picture = file === undefined ? undefined : await iconAt(context, file);
  const chat = await openChat(context, name);
  if (save === undefined) {
    await chat.setIcon(picture, { signal });
    output.done(picture === undefined ? 'The chat has no picture any more.' : 'The picture is set.', { event: 'icon-set', chat: chat.id });
    return;
  }
  const { icon } = await chat.summary({ signal });
  if (icon === undefined) throw new NotFoundError('not-found.file', 'the chat has no picture', { path: 'its picture' });
  const target = context.local(save);
  await writeNewFile(target, [icon.bytes]);
  const text = `The picture is in ${printableMessage(printableName(target))}`;
  output.done(text, { event: 'downloaded', chat: chat.id, local: target, mimeType: icon.mimeType });
}

export interface AdminOptions {
  readonly revoke?: true;
}

/** Prints who the admins of a chat are, or makes members admins, or takes that back. */
export async function adminsOfChat(context: FilesContext, name: string, users: readonly string[], { revoke }: AdminOptions): Promise<void> {
  const { output, signal } = context;
  if (users.length === 0 && revoke === true) throw new UsageError('Who is to be no admin any more?');
  const chat = await openChat(context, name);
  if (users.length === 0) {
    const { admins } = await chat.summary({ signal });
    if (output.isJson) output.result('', { chat: chat.id, admins });
    else for (const admin of admins) output.result(printableName(admin), {});
    return;
  }
  await context.each(users, async (user) => {
    const username = usernameOf(user);
    await withNews(context, chat, async () =>
      revoke === true ? chat.removeAdmin(username, { signal }) : chat.addAdmin(username, { signal }),
    );
    const text = `'${printableName(username)}' is ${revoke === true ? 'no admin any more' : 'an admin now'}.`;
    output.done(text, { event: revoke === true ? 'admin-removed' : 'admin-added', chat: chat.id, username });
  });
}

/** Prints who is in a chat, who is invited, and who was removed. */
export async function listMembers(context: FilesContext, name: string, { refresh = true }: RefreshOption): Promise<void> {
  const { output, signal } = context;
  const chat: Chat = await openChat(context, name);
  const refreshed = refresh ? [await chat.refresh({ signal })] : [];
  const members = await chat.members({ signal });
  if (output.isJson) {
    output.result('', {
      chat: chat.id,
      members: members.map(({ id, isAdmin, isSelf, state, username }) => ({ username, id, state, isAdmin, isSelf })),
      problems: refreshed.flatMap(refreshProblems),
    });
  } else {
    const rows = members.map((member) => [printableName(member.username), stateText(member)]);
    for (const line of formatTable(rows)) output.result(line.trimEnd(), {});
  }
  noteProblems(context, refreshed);
}

function stateText({ isAdmin, isSelf, state }: ChatMemberInfo): string {
  const states = { joined: '', pending: 'invited, not here yet', removed: 'not in it any more', unreachable: 'cannot be read any more' };
  return [states[state], isAdmin ? 'admin' : '', isSelf ? 'you' : ''].filter((text) => text !== '').join(', ');
}

/** Names as accounts have them, each once. */
function namesOf(users: readonly string[]): string[] {
  return [...new Set(users.map(usernameOf))];
}

async function iconAt(context: FilesContext, path: string): Promise<LocalPicture> {
  return localPicture(context, path, 'the picture of a chat', MAX_CHAT_ICON_SIZE);
}
