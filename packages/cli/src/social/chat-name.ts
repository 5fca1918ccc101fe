import type { Chat, ChatInvitation, ChatSummary } from '@pyrgos/client';
import { NotFoundError } from '@pyrgos/client';
import { commandName } from '../command-name.js';
import type { FilesContext } from '../files/files-context.js';
import { printableName } from '../terminal.js';
import { UsageError } from '../usage-error.js';
import { chatTitle, peopleOf } from './chat-text.js';

/** Fewest characters of a number that are shown, and that name a chat. */
const SHOWN_DIGITS = 8;
const FEWEST_DIGITS = 4;
/** Fewest characters of a title that name a chat whose title only begins with them. */
const FEWEST_OF_TITLE = 3;
/** Candidates that a message lists. */
const MOST_CANDIDATES = 10;

const CHAT_ID = /^chat(?:-[^$/]+)?\$[^$/]+\$[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/u;
const START_OF_NUMBER = new RegExp(`^[0-9a-f][0-9a-f-]{${FEWEST_DIGITS - 1},35}$`, 'u');

/** What a chat is called by its people: what {@link ChatSummary} and {@link ChatInvitation} have in common. */
interface NamedChat {
  readonly id: string;
  readonly title?: string | undefined;
  /** The only other one in it, or who invites. */
  readonly person: string | undefined;
}

/** How a chat may be named. */
export interface NameOptions {
  /** Not by the beginning of its title alone: for what cannot be undone. */
  readonly exactly?: true;
}

/**
 * Opens the chat that is meant by a text: its id, a unique beginning of the number in it, its title (in small or capital letters), the name of the only other member, or, where that is none of
 * them, the beginning of the title of one chat alone, which is told then. UsageError that names the candidates where several are meant; NotFoundError `not-found.chat` for none.
 */
export async function openChat(context: FilesContext, text: string, options: NameOptions = {}): Promise<Chat> {
  const { session, signal } = context;
  return session.chats.open(await chatIdOf(context, text, options), { signal });
}

/** The id of the chat that is meant by a text: see {@link openChat}. */
export async function chatIdOf(context: FilesContext, text: string, { exactly }: NameOptions = {}): Promise<string> {
  const { session, signal } = context;
  const name = requireName(text);
  if (CHAT_ID.test(name)) return name;
  let { all, named, invited, invitations } = await meantBy(context, name);
  // The title may be new.
  if (named.length === 0 && invited.length === 0) {
    await session.chats.refresh({ signal });
    ({ all, named, invited, invitations } = await meantBy(context, name));
  }
  const isLoose = named.length === 0 && invited.length === 0;
  const found = isLoose ? all.filter((chat) => chat.app === undefined && beginsTitle(chat, name)) : named;
  const [one] = found;
  const numbers = shortNumbers([...all, ...invitations]);
  if (one === undefined || (isLoose && exactly === true)) {
    const invitation = invited[0]?.id;
    const title = one === undefined ? '' : `; the title of one begins so: ${numbers.get(one.id) ?? one.id}`;
    const advice =
      invitation === undefined
        ? `${commandName} chat list shows those that there are${title}`
        : `you are invited, and ${commandName} chat join ${numbers.get(invitation) ?? invitation} lets you in`;
    throw new NotFoundError('not-found.chat', `There is no chat '${printableName(name)}': ${advice}.`, {});
  }
  if (found.length > 1) throw several(name, found, numbers, (chat) => peopleOf(chat, session.username));
  await requireHonestTitle(context, one, name);
  // Titles are chosen by others, and a beginning is soon that of another chat.
  if (isLoose) context.output.note(`'${printableName(name)}' is taken for ${chatTitle(one, session.username, { isShort: true })}`);
  return one.id;
}

interface Meant {
  readonly all: readonly (ChatSummary & NamedChat)[];
  /** Those that are meant. */
  readonly named: readonly (ChatSummary & NamedChat)[];
  readonly invitations: readonly ChatInvitation[];
  /** Those into chats that are meant. */
  readonly invited: readonly ChatInvitation[];
}

async function meantBy({ session, signal }: FilesContext, name: string): Promise<Meant> {
  const { chats, invitations } = await session.chats.list({ signal });
  const all = chats.map((chat) => ({ ...chat, person: onlyOther(chat, session.username) }));
  const named = all.filter((chat) => isMeant(chat, name));
  const invited = invitations.filter((invitation) => isMeant({ ...invitation, person: invitation.inviter }, name));
  return { all, named, invitations, invited };
}

/** A chat of the account that is certainly meant by a text: its id, a unique beginning of the number, or its title. Undefined for none, and for several. */
export async function chatSurelyNamed({ session, signal }: FilesContext, text: string): Promise<ChatSummary | undefined> {
  const name = requireName(text);
  const { chats } = await session.chats.list({ signal });
  const found = chats.filter((chat) => chat.id === name || isNumbered(chat, name) || isTitled(chat, name));
  return found.length === 1 ? found[0] : undefined;
}

/** The invitation that is meant by a text: the id of its chat, a unique beginning of the number, its title, or who invites. Errors as {@link openChat}. */
export async function invitationOf(context: FilesContext, text: string): Promise<ChatInvitation> {
  const name = requireName(text);
  const found = await invitationsNamed(context, name);
  const [one] = found;
  if (one === undefined) {
    const text = `Nobody has invited you to a chat '${printableName(name)}': ${commandName} chat list shows invitations.`;
    throw new NotFoundError('not-found.chat', text, {});
  }
  // Several people may invite to one chat: whoever it is, it is the same.
  if (found.some(({ id }) => id !== one.id))
    throw several(name, found, shortNumbers(await context.session.chats.invitations({ signal: context.signal })), ({ inviter }) => [
      inviter,
    ]);
  return one;
}

/** All invitations that may be meant by a text: see {@link invitationOf}. */
export async function invitationsNamed({ session, signal }: FilesContext, text: string): Promise<readonly (ChatInvitation & NamedChat)[]> {
  const name = requireName(text);
  const all = (await session.chats.invitations({ signal })).map((invitation) => ({ ...invitation, person: invitation.inviter }));
  return all.filter((invitation) => invitation.id === name || isMeant(invitation, name));
}

/** By which beginning of its number each chat can be named among these: at least 8 characters. The whole id where two have one number. */
export function shortNumbers(chats: readonly { readonly id: string }[]): ReadonlyMap<string, string> {
  const numbers = new Map(chats.map(({ id }) => [id, numberOf(id)]));
  const isUnique = (id: string, start: string): boolean =>
    [...numbers].every(([other, number]) => other === id || !number.startsWith(start));
  return new Map(
    [...numbers].map(([id, number]) => {
      for (let length = SHOWN_DIGITS; length <= number.length; length++) {
        const start = number.slice(0, length);
        if (isUnique(id, start)) return [id, start];
      }
      return [id, id];
    }),
  );
}

function numberOf(id: string): string {
  return id.slice(id.lastIndexOf('$') + 1);
}

function onlyOther(chat: ChatSummary, username: string): string | undefined {
  const others = peopleOf(chat, username);
  return others.length === 1 && chat.app === undefined ? others[0] : undefined;
}

function isMeant(chat: NamedChat, name: string): boolean {
  return isNumbered(chat, name) || chat.person === name.toLowerCase() || isTitled(chat, name);
}

function isNumbered({ id }: Pick<NamedChat, 'id'>, name: string): boolean {
  return START_OF_NUMBER.test(name) && numberOf(id).startsWith(name);
}

function beginsTitle({ title = '' }: { readonly title?: string | undefined }, name: string): boolean {
  const start = folded(name);
  return start.length >= FEWEST_OF_TITLE && folded(title).startsWith(start);
}

function isTitled({ title }: Pick<NamedChat, 'title'>, name: string): boolean {
  return title !== undefined && title !== '' && folded(title) === folded(name);
}

/** The same for what people write in different ways. */
function folded(text: string): string {
  return text.normalize('NFC').trim().toLowerCase();
}

/** A title is chosen by others: nobody gets what was meant for somebody else by giving a chat the name of that person. UsageError. */
async function requireHonestTitle({ session, signal }: FilesContext, chat: NamedChat & ChatSummary, name: string): Promise<void> {
  const username = name.toLowerCase();
  if (isNumbered(chat, name) || chat.person === username || chat.members.includes(username)) return;
  const { followers, following } = await session.friends.state({ signal });
  if (!followers.includes(username) && !following.includes(username)) return;
  throw new UsageError(
    `A chat has the title '${printableName(name)}', and '${printableName(username)}', whom you know, is not in it. If you mean it all the same, name it by its number: ${shortNumbers([chat]).get(chat.id) ?? chat.id}`,
  );
}

function requireName(text: string): string {
  const name = text.trim();
  if (name === '') throw new UsageError(`Which chat? Name it by its number, its title, or the only other member: ${commandName} chat list`);
  return name;
}

function several<T extends NamedChat>(
  name: string,
  found: readonly T[],
  numbers: ReadonlyMap<string, string>,
  people: (chat: T) => readonly string[],
): UsageError {
  const shown = found.slice(0, MOST_CANDIDATES).map((chat) => {
    const title = chat.title === undefined || chat.title === '' ? '' : `'${printableName(chat.title)}' `;
    return `${numbers.get(chat.id) ?? chat.id} (${title}with ${people(chat).map(printableName).join(', ')})`;
  });
  const more = found.length > shown.length ? `, and ${found.length - shown.length} more` : '';
  return new UsageError(`'${printableName(name)}' may be one of several chats: name it by its number, ${shown.join(', ')}${more}.`);
}
