import type { Chat, ChatAttachment, ChatIcon, ChatInvitation, ChatMessage, ChatQuote, ChatSummary, UserSession } from '@pyrgos/client';
import type { ChatAttachmentName, ChatCalls, ChatInvite, ChatLine, ChatNews, ChatPicture, ChatQuoteOf, ChatRow } from '../chat-calls.js';
import { faultOf } from '../engine-fault.js';
import type { Handlers } from '../engine-host.js';
import type { EngineState } from '../engine-state.js';
import { newsOf } from './chat-news.js';
import { attachmentsOf, chatOf, forgetChat, openAttachment } from './known-attachments.js';

/** Bytes of an attachment that the page gets as a whole. */
const MAX_MEDIA = 32_000_000;

type Served = Exclude<keyof ChatCalls, 'chat.waiting' | 'chat.beginSending' | 'chat.keepWaiting' | 'chat.forgetWaiting'>;

/** Chats: lists, messages, members. */
export function chatService(state: Pick<EngineState, 'session'>): Pick<Handlers, Served> {
  /** Does something with a chat. */
  const withChat = async <Result>(id: string, work: (chat: Chat, session: UserSession) => Promise<Result>): Promise<Result> => {
    const { session } = state;
    return work(await chatOf(session, id), session);
  };
  const changed = async (id: string, work: (chat: Chat) => Promise<unknown>): Promise<undefined> => {
    await withChat(id, work);
    return undefined;
  };

  return {
    'chat.list': async (_, { signal }) => {
      const { session } = state;
      const { chats, invitations, damaged } = await session.chats.list({ signal });
      return {
        chats: chats.map((chat) => rowOf(session, chat)),
        invitations: invitations.map(inviteOf),
        damaged: damaged.map(({ id, error }) => ({ id, fault: faultOf(error) })),
      };
    },

    'chat.refresh': async (which, { signal }) => {
      const { session } = state;
      if (which === 'all') return (await session.chats.refresh({ signal })).map(newsOf);
      const members = which.friends.length === 0 ? new Map<string, readonly string[]>() : await membersOf(session, signal);
      const concerned = [...members].filter(([, names]) => which.friends.some((friend) => names.includes(friend))).map(([id]) => id);
      const news: ChatNews[] = [];
      // One after the other: more than a few have seldom changed at once. One that cannot be refreshed is for its own screen to tell.
      for (const id of new Set([...which.ids, ...concerned])) {
        try {
          news.push(newsOf(await (await chatOf(session, id)).refresh({ signal })));
        } catch (error) {
          if (signal.aborted || which.ids.length + which.friends.length === 1 || faultOf(error).code === 'network') throw error;
        }
      }
      return news;
    },

    'chat.unread': async (_, { signal }) => {
      const { chats, invitations } = await state.session.chats.list({ signal });
      return chats.reduce((sum, { unread }) => sum + unread, invitations.length);
    },

    'chat.summary': async ({ id }, { signal }) => withChat(id, async (chat, session) => rowOf(session, await chat.summary({ signal }))),

    'chat.create': async ({ title, invite, icon }, { signal }) => {
      const { session } = state;
      const chat = await session.chats.create({ title: title === '' ? undefined : title, invite, icon, signal });
      return rowOf(session, await chat.summary());
    },

    'chat.join': async ({ id, inviter }, { signal }) => {
      const { session } = state;
      await session.chats.join({ id, inviter }, { signal });
      // Who was in it before has other keys now.
      return rowOf(session, await (await chatOf(session, id, true)).summary());
    },

    'chat.decline': async (invitation, { signal }) => {
      await state.session.chats.decline(invitation, { signal });
      return undefined;
    },

    'chat.page': async ({ id, before, after, around, limit }, { signal }) =>
      withChat(id, async (chat, session) => {
        const page = await chat.page({ before, after, around, limit, signal });
        return {
          lines: page.messages.map((message) => lineOf(session, id, message)),
          before: page.before,
          after: page.after,
          total: page.total,
          problem: page.problem === undefined ? undefined : faultOf(page.problem),
        };
      }),

    'chat.send': async (message, { signal, emit }) =>
      withChat(message.id, async (chat, session) => {
        const { id, text, files, replyTo, triedAt, isTried } = message;
        const total = files.reduce((sum, { size }) => sum + size, 0);
        const line = await chat.send(
          {
            text: text === '' ? undefined : text,
            attachments: files.map((file) => ({ source: file, name: file.name, mimeType: file.type === '' ? undefined : file.type })),
            replyTo,
          },
          {
            signal,
            attempt: { time: new Date(triedAt), isRepeated: isTried },
            onProgress: ({ done }) => {
              emit({ done, total });
            },
          },
        );
        return lineOf(session, id, line);
      }),

    'chat.edit': async ({ id, ref, text }, { signal }) =>
      withChat(id, async (chat, session) => lineOf(session, id, await chat.edit(ref, text, { signal }))),

    'chat.deleteMessage': async ({ id, ref }, { signal }) => changed(id, async (chat) => chat.deleteMessage(ref, { signal })),
    'chat.markSeen': async ({ id, upTo }, { signal }) => changed(id, async (chat) => chat.markSeen(upTo, { signal })),

    'chat.members': async ({ id }, { signal }) =>
      withChat(id, async (chat) =>
        (await chat.members({ signal })).map(({ username, id: place, isAdmin, state: is, isSelf }) => ({
          username,
          id: place,
          isAdmin,
          state: is,
          isSelf,
        })),
      ),

    'chat.invite': async ({ id, usernames }, { signal }) => changed(id, async (chat) => chat.invite(usernames, { signal })),
    'chat.remove': async ({ id, username }, { signal }) => changed(id, async (chat) => chat.remove(username, { signal })),
    'chat.leave': async ({ id }, { signal }) => changed(id, async (chat) => chat.leave({ signal })),

    'chat.delete': async ({ id }, { signal }) => {
      const { session } = state;
      await session.chats.delete(id, { signal });
      forgetChat(session, id);
      members.get(session)?.delete(id);
      return undefined;
    },

    'chat.setTitle': async ({ id, title }, { signal }) => changed(id, async (chat) => chat.setTitle(title, { signal })),
    'chat.setIcon': async ({ id, icon }, { signal }) => changed(id, async (chat) => chat.setIcon(icon, { signal })),
    'chat.addAdmin': async ({ id, username }, { signal }) => changed(id, async (chat) => chat.addAdmin(username, { signal })),
    'chat.removeAdmin': async ({ id, username }, { signal }) => changed(id, async (chat) => chat.removeAdmin(username, { signal })),

    'chat.search': async ({ id, query, before, limit }, { signal, emit }) =>
      withChat(id, async (chat, session) => {
        let last: number | undefined;
        let count = 0;
        for await (const message of chat.search(query, { before, limit, signal })) {
          emit(lineOf(session, id, message));
          last = message.index;
          count++;
        }
        return count < limit ? undefined : last;
      }),

    'chat.media': async ({ id, before, limit }, { signal }) =>
      withChat(id, async (chat, session) => {
        const { items, next } = await chat.media({ before, limit, signal });
        return {
          items: items.map(({ message, ...attachment }) => ({
            ...nameOf(attachment),
            line: lineOf(session, id, message),
            place: Math.max(
              0,
              message.attachments.findIndex(({ path }) => path === attachment.path),
            ),
          })),
          next,
        };
      }),

    'chat.attachmentSize': async (place, { signal }) => (await openAttachment(state.session, place, signal)).reader.size,

    'chat.attachment': async ({ most = MAX_MEDIA, ...place }, { signal }) => {
      const { session } = state;
      const { reader, mimeType, path } = await openAttachment(session, place, signal);
      const { size } = reader;
      return { mimeType, size, path, bytes: size > Math.min(most, MAX_MEDIA) ? undefined : await reader.read(0, size, { signal }) };
    },
  };
}

/** Who was in each chat, or invited, when it was shown last; from the list when none was. */
async function membersOf(session: UserSession, signal: AbortSignal): Promise<ReadonlyMap<string, readonly string[]>> {
  const found = members.get(session) ?? new Map<string, readonly string[]>();
  if (!members.has(session)) for (const chat of (await session.chats.list({ signal })).chats) found.set(chat.id, peopleOf(chat));
  members.set(session, found);
  return found;
}

const members = new WeakMap<UserSession, Map<string, readonly string[]>>();

/** Whoever may have something to say in a chat: those who are invited join in their own copies, of which nobody hears otherwise. */
function peopleOf({ members: names, pending }: ChatSummary): readonly string[] {
  return [...names, ...pending];
}

function rowOf(session: UserSession, chat: ChatSummary): ChatRow {
  const { id, title, icon, members: names, pending, admins, isAdmin, writable, app, unread, last, updated } = chat;
  members.get(session)?.set(id, peopleOf(chat));
  return {
    id,
    title,
    icon: icon === undefined ? undefined : pictureOf(icon),
    members: names,
    pending,
    admins,
    isAdmin,
    writable,
    app,
    unread,
    last: last === undefined ? undefined : lineOf(session, id, last),
    updated: Math.min(updated?.getTime() ?? 0, Date.now()),
  };
}

/** A copy: what goes to the page may be cut out of something larger. */
function pictureOf({ bytes, mimeType }: ChatIcon): ChatPicture {
  return { bytes: new Uint8Array(bytes), mimeType };
}

function inviteOf({ id, inviter, title, app, isKnown }: ChatInvitation): ChatInvite {
  return { id, inviter, title, app, isKnown };
}

function lineOf(session: UserSession, id: string, message: ChatMessage): ChatLine {
  attachmentsOf(session).note(id, message);
  const { index, ref, kind, author, isOwn, time, text, attachments, edited, deleted, replyTo, about, isNew } = message;
  return {
    index,
    ref,
    kind,
    author,
    isOwn,
    time: Math.min(time.getTime(), Date.now()),
    text,
    attachments: attachments.map(nameOf),
    isEdited: edited,
    isDeleted: deleted,
    quote: replyTo === undefined ? undefined : quoteOf(replyTo),
    about,
    isNew,
  };
}

function nameOf({ name, extension }: ChatAttachment): ChatAttachmentName {
  return { name, extension };
}

function quoteOf({ ref, index, author, text, deleted, hasAttachments }: ChatQuote): ChatQuoteOf {
  return { ref, index, author, text, isDeleted: deleted, hasAttachments };
}
