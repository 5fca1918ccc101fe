import {
  type Chat,
  type ChatAttachment,
  type ChatMessage,
  NotFoundError,
  type OpenedChatAttachment,
  type UserSession,
} from '@pyrgos/client';
import type { AttachmentPlace } from '../chat-calls.js';

/** Messages whose attachments are at hand; those that were shown longest ago are forgotten. */
const MAX_KNOWN = 5000;

/** What was shown of the chats of a session: the page names attachments by their places, and never sees what opens them. */
class KnownAttachments {
  private readonly byMessage = new Map<string, readonly ChatAttachment[]>();

  note(id: string, { ref, attachments }: ChatMessage): void {
    const key = `${id}/${ref}`;
    this.byMessage.delete(key);
    if (attachments.length === 0) return;
    this.byMessage.set(key, attachments);
    const [oldest] = this.byMessage.keys();
    if (this.byMessage.size > MAX_KNOWN && oldest !== undefined) this.byMessage.delete(oldest);
  }

  get({ id, ref, place }: AttachmentPlace): ChatAttachment {
    const found = this.byMessage.get(`${id}/${ref}`)?.[place];
    if (found === undefined) throw new NotFoundError('not-found.file', 'The message does not show this any more.');
    return found;
  }
}

const known = new WeakMap<UserSession, KnownAttachments>();
const opened = new WeakMap<UserSession, Map<string, Promise<Chat>>>();

/** The attachments that were shown of a session. */
export function attachmentsOf(session: UserSession): KnownAttachments {
  const found = known.get(session) ?? new KnownAttachments();
  known.set(session, found);
  return found;
}

/** A chat of a session; opened once. `again`: what was opened before may be another one by now. */
export async function chatOf(session: UserSession, id: string, again = false): Promise<Chat> {
  const chats = opened.get(session) ?? new Map<string, Promise<Chat>>();
  opened.set(session, chats);
  const before = again ? undefined : chats.get(id);
  const chat = before ?? session.chats.open(id);
  chats.set(id, chat);
  try {
    return await chat;
  } catch (error) {
    if (chats.get(id) === chat) chats.delete(id);
    throw error;
  }
}

/** A chat is gone, or another one. */
export function forgetChat(session: UserSession, id: string): void {
  opened.get(session)?.delete(id);
}

/** Opens what a message shows: the own copy, or else what its author has. NotFoundError when the message was not shown, or shows it no more. */
export async function openAttachment(session: UserSession, place: AttachmentPlace, signal: AbortSignal): Promise<OpenedChatAttachment> {
  const attachment = attachmentsOf(session).get(place);
  const chat = await chatOf(session, place.id);
  return chat.openAttachment(attachment, { signal });
}
