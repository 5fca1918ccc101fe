import type { ChatMessage, UserSession } from '@pyrgos/client';

/** Calls `tell` with each message of others that comes, in all chats, until `signal` fires. */
export async function watchMessages(
  session: UserSession,
  tell: (chatId: string, message: ChatMessage) => void,
  signal: AbortSignal,
): Promise<void> {
  const { chats } = session;
  /** Where the next message of each chat will stand. */
  const ends = new Map<string, number>();
  const look = async (): Promise<void> => {
    // Whoever joins a chat is heard of as a friend who has changed something, so all chats are asked: one request a friend when nothing is new.
    await chats.refresh({ signal });
    for (const { id } of (await chats.list({ signal })).chats) {
      const chat = await chats.open(id, { signal });
      let next = ends.get(id);
      if (next === undefined) ends.set(id, (await chat.page({ limit: 1, signal })).total);
      while (next !== undefined) {
        const { messages, after, total } = await chat.page({ after: next, limit: 200, signal });
        for (const message of messages) if (message.kind === 'text' && !message.isOwn) tell(id, message);
        ends.set(id, total);
        next = after;
      }
    }
  };
  let looking = Promise.resolve();
  const watching = session.watch(
    ({ account, friends, chats: changed }) => {
      if (account || friends.length > 0 || changed.length > 0) looking = looking.then(look).catch(() => undefined);
    },
    { signal },
  );
  await watching.closed;
  await looking;
}
