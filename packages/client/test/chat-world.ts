import type { ChatState, MessagePayload, PrivateChatState, SignedMessage } from '@pyrgos/core/chat';
import type { Chat } from '../src/messaging/chat.js';
import { findLog, type OwnChat, requireOwnChat } from '../src/messaging/chat-files.js';
import { openLog, readMessages } from '../src/messaging/chat-log.js';
import { MESSAGING, SHARED } from '../src/messaging/shared-chat.js';
import { directoryAt } from '../src/social/own-files.js';
import type { UserSession } from '../src/user-session.js';
import { ownSpaceOf } from './social-world.js';

/** The own copy of a chat as it is on the server. */
export async function ownChat(session: UserSession, id: string): Promise<OwnChat> {
  return ownSpaceOf(session).look(undefined, async (view, home) => requireOwnChat(view, home, id), true);
}

/** Its state. */
export async function stateOf(session: UserSession, { id }: Chat): Promise<ChatState> {
  return (await ownChat(session, id)).state;
}

/** What only the user sees of it. */
export async function privateOf(session: UserSession, { id }: Chat): Promise<PrivateChatState> {
  return (await ownChat(session, id)).privateState;
}

/** All messages of the own log. */
export async function logOf(session: UserSession, { id }: Chat): Promise<readonly SignedMessage[]> {
  return ownSpaceOf(session).look(
    undefined,
    async (view, home) => {
      const shared = await directoryAt(view, home, [MESSAGING, id, SHARED]);
      const files = shared === undefined ? undefined : await findLog(view, shared);
      const messages: SignedMessage[] = [];
      if (files === undefined) return messages;
      for await (const { message, problem } of readMessages(await openLog(view, files), 0, undefined)) {
        if (message === undefined) throw problem;
        messages.push(message);
      }
      return messages;
    },
    true,
  );
}

/** What the messages of the own log are. */
export async function kindsOf(session: UserSession, chat: Chat): Promise<readonly MessagePayload['kind'][]> {
  return (await logOf(session, chat)).map(({ envelope }) => envelope.payload.kind);
}

/** The texts that a user sees, oldest first, all of them. */
export async function textsOf(chat: Chat): Promise<readonly string[]> {
  const texts: string[] = [];
  for (let before: number | undefined; ;) {
    const page = await chat.page({ before, limit: 200 });
    texts.unshift(...page.messages.filter(({ kind }) => kind === 'text').map(({ text }) => text));
    before = page.before;
    if (before === undefined) return texts;
  }
}

/** Who is in a chat and can be reached, as chapter 07 section 6.8 counts. */
export async function memberNames(session: UserSession, chat: Chat): Promise<readonly string[]> {
  const { state, privateState } = await ownChat(session, chat.id);
  const names = [...state.members.values()].filter(({ isRemoved, username }) => !isRemoved && !privateState.deleted.includes(username));
  return names.map(({ username }) => username).sort();
}

/** Joins the chat into which somebody was invited. */
export async function joinNewest(session: UserSession, inviter: UserSession): Promise<Chat> {
  const invitations = await session.chats.invitations();
  const found = invitations.find((one) => one.inviter === inviter.username);
  if (found === undefined) throw new Error(`${session.username} is not invited by ${inviter.username}`);
  return session.chats.join(found);
}
