import type { Chat, ChatMessage, UserSession } from '@pyrgos/client';

/** Accepts all invitations, takes in what is new everywhere, and tells what is unread, newest chat first. */
export async function readChats({ chats }: UserSession): Promise<string[]> {
  for (const invitation of await chats.invitations()) await chats.join(invitation);
  await chats.refresh();
  const { chats: all, damaged } = await chats.list();
  const lines = all.map(({ title, members, unread, last }) => {
    const name = title === '' ? members.join(', ') : title;
    return `${name}: ${unread} unread, last ${last?.author}: ${last?.text}`;
  });
  return [...lines, ...damaged.map(({ id, error }) => `${id} cannot be read: ${error.message}`)];
}

/** Begins a chat with friends, and says hello with a picture. */
export async function beginChat({ chats }: UserSession, friends: readonly string[], picture: Blob): Promise<Chat> {
  const chat = await chats.create({ title: 'Holidays', invite: friends });
  await chat.send({ text: 'Hello!', attachments: [{ source: picture, name: 'beach.png', mimeType: picture.type }] });
  return chat;
}

/** Answers the newest message of somebody else, and marks everything as seen. Undefined when there is none on the newest page. */
export async function answerLast(chat: Chat, text: string): Promise<ChatMessage | undefined> {
  await chat.refresh();
  const { messages } = await chat.page({ limit: 50 });
  const newest = messages.findLast(({ kind, isOwn, deleted }) => kind === 'text' && !isOwn && !deleted);
  await chat.markSeen();
  return newest === undefined ? undefined : chat.send({ text, replyTo: newest.ref });
}

/** All pictures of a chat that can be had, newest first. */
export async function pictures(chat: Chat): Promise<Uint8Array[]> {
  const found: Uint8Array[] = [];
  for (let before: number | undefined; ;) {
    const { items, next } = await chat.media({ before });
    for (const attachment of items) {
      const { reader, mimeType } = await chat.openAttachment(attachment);
      if (mimeType.startsWith('image/')) found.push(await reader.read());
    }
    if (next === undefined) return found;
    before = next;
  }
}
