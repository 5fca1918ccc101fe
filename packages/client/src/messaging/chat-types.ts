import type { Multihash } from '@pyrgos/core/codec';
import type { PyrgosError } from '@pyrgos/core/errors';
import type { AbsoluteCapability } from '@pyrgos/core/model';
import type { ByteSource } from '../files/content/index.js';
import type { FileReader } from '../files/view/index.js';
import type { CallOptions } from '../session/call-options.js';
import type { ProgressListener } from '../waiting/progress.js';

/** The picture of a chat. Comes from whoever has set it: show it as a picture, never as markup. */
export interface ChatIcon {
  readonly bytes: Uint8Array;
  /** `image/png`, `image/jpeg`, `image/gif` or `image/webp`. */
  readonly mimeType: string;
}

/**
 * Whether messages can be sent in a chat: `removed` by somebody, or `left` by the account itself; `alone` without anybody who could read them; `keys-lost` when
 * the signing key of the account in this chat is not the one that the others know, which a new invitation ends.
 */
export type ChatWritable = 'yes' | 'removed' | 'left' | 'alone' | 'keys-lost';

/** A chat as it is shown in a list. Titles come from others: show them as text, never as markup. */
export interface ChatSummary {
  readonly id: string;
  /** Empty when nobody has set one. */
  readonly title: string;
  readonly icon: ChatIcon | undefined;
  /** Who has joined and is in the chat, the account included; sorted. */
  readonly members: readonly string[];
  /** Who is invited and has not joined yet; sorted. */
  readonly pending: readonly string[];
  /** Who may remove others and say who else may; sorted. */
  readonly admins: readonly string[];
  /** Whether the account is one of them. */
  readonly isAdmin: boolean;
  readonly writable: ChatWritable;
  /** The app to which the chat belongs; undefined for one of the chat app. */
  readonly app: string | undefined;
  /** Messages in the own log, those included that are not shown. */
  readonly messageCount: number;
  /** Messages of others that are shown and were not marked as seen. */
  readonly unread: number;
  /** The newest message that is shown. */
  readonly last: ChatMessage | undefined;
  /** When that was sent, as its author says, or came into the own copy, if that was before. */
  readonly updated: Date | undefined;
}

/** An invitation into a chat. */
export interface ChatInvitation {
  /** Of the chat. */
  readonly id: string;
  /** Who shares the chat with the account. */
  readonly inviter: string;
  /** The title as the inviter has it; empty when nobody has set one. */
  readonly title: string;
  readonly app: string | undefined;
  /** Whether the account has a copy of the chat already, from which it was removed. */
  readonly isKnown: boolean;
  /** Where the inviter shares the chat, `/<inviter>/.messaging/<id>/shared`. */
  readonly path: string;
}

/** A chat that cannot be opened. */
export interface DamagedChat {
  readonly id: string;
  readonly error: PyrgosError;
}

/** The chats of an account. */
export interface ChatList {
  /** Newest message first. */
  readonly chats: readonly ChatSummary[];
  readonly invitations: readonly ChatInvitation[];
  readonly damaged: readonly DamagedChat[];
}

/** What is wrong with the copy of one member. */
export interface ChatProblem {
  readonly username: string;
  readonly error: PyrgosError;
}

/** What looking for new messages has brought. */
export interface ChatRefresh {
  /** Of the chat. */
  readonly id: string;
  /** Messages that were added to the own log, those included that are not shown. */
  readonly added: number;
  /** Messages that were refused: forged ones, and others that no client should have written. */
  readonly refused: number;
  /** Whether there is more than one call takes: the next one goes on from there. */
  readonly more: boolean;
  /**
   * Members whose copies could not be read now, or not to their end; all others were. And authors of whom messages wait: `quota` with the reason `reserve` until the account has room for them, `rate` with
   * the reason `member` until another day.
   */
  readonly problems: readonly ChatProblem[];
}

/** Somebody in a chat. */
export interface ChatMemberInfo {
  readonly username: string;
  /** The place in the tree of invitations, as `0.1`. Who was invited once more has another one. */
  readonly id: string;
  readonly isAdmin: boolean;
  /** `pending`: invited, and has not joined yet. `unreachable`: has joined, and their copy is not there, or not shared any more. */
  readonly state: 'joined' | 'pending' | 'removed' | 'unreachable';
  /** Whether it is the account itself. */
  readonly isSelf: boolean;
}

/** A file that a message shows. */
export interface ChatAttachment {
  /** Where its author has it, `<author>/.messaging/…`; claimed. */
  readonly path: string;
  /** The last part of the path: a random name with the extension of the file. */
  readonly name: string;
  /** Without the dot, in lower case; empty without one. */
  readonly extension: string;
  /** What opens the file as long as its author has it and shares it; a secret. */
  readonly capability: AbsoluteCapability;
  /** SHA-256 of the file, as its author says. */
  readonly hash: Multihash;
}

/** A file that a message shows, for reading. */
export interface OpenedChatAttachment {
  readonly reader: FileReader;
  /** As whoever has uploaded it says. */
  readonly mimeType: string;
  /** Where the own copy is that is read; undefined when the file of the author is. */
  readonly path: string | undefined;
}

/** What a message answers to. */
export interface ChatQuote {
  /** Of the message that is answered to. */
  readonly ref: string;
  /** Its place in the own log; undefined when it is not there. */
  readonly index: number | undefined;
  readonly author: string | undefined;
  /** Empty when it was deleted, or is not there. */
  readonly text: string;
  readonly deleted: boolean;
  readonly hasAttachments: boolean;
}

/** What a message is: something that somebody says, or something that has happened in the chat. */
export type ChatMessageKind = 'text' | 'joined' | 'invited' | 'removed' | 'left' | 'title' | 'icon' | 'admins';

/** A message as it is shown. Texts come from others: show them as text, never as markup. */
export interface ChatMessage {
  /** Its place in the own log; not the same on other accounts. */
  readonly index: number;
  /** Names it for ever, in all logs: answers, edits and deletions take this. */
  readonly ref: string;
  readonly kind: ChatMessageKind;
  /** Verified: the member whose key has signed it. */
  readonly author: string;
  /** Whether it is of the account itself. */
  readonly isOwn: boolean;
  /** When it was sent, as its author says. */
  readonly time: Date;
  /** After all edits; empty when it was deleted. */
  readonly text: string;
  readonly attachments: readonly ChatAttachment[];
  readonly edited: boolean;
  readonly deleted: boolean;
  readonly replyTo: ChatQuote | undefined;
  /** Whom or what it is about: who was invited or removed, who the admins are now, the title. */
  readonly about: readonly string[];
  /** Whether it came after what was marked as seen, and is of somebody else. */
  readonly isNew: boolean;
}

/** A part of a chat. */
export interface ChatPage {
  /** Oldest first. */
  readonly messages: readonly ChatMessage[];
  /** What the page before takes as `before`; undefined at the beginning of the chat. */
  readonly before: number | undefined;
  /** What the page behind takes as `after`; undefined at the end. */
  readonly after: number | undefined;
  /** Messages in the own log. */
  readonly total: number;
  /** What is wrong with the own log: what is behind that place cannot be shown. */
  readonly problem: PyrgosError | undefined;
}

/** Which part of a chat is wanted: by default the newest. At most one of `before`, `after` and `around`. */
export interface ChatPageOptions extends CallOptions {
  /** Only messages before this place in the log. */
  readonly before?: number | undefined;
  /** Only messages from this place on. */
  readonly after?: number | undefined;
  /** Messages before and behind this place, with it in the middle. */
  readonly around?: number | undefined;
  /** Messages of the page, 1 to 200; default 50. */
  readonly limit?: number | undefined;
}

/** Which part of what was found is wanted. */
export interface ChatSearchOptions extends CallOptions {
  /** Only messages before this place in the log. */
  readonly before?: number | undefined;
  /** So many at most. */
  readonly limit?: number | undefined;
}

/** Attachments of a chat, newest first. */
export interface ChatMediaPage {
  readonly items: readonly (ChatAttachment & { readonly message: ChatMessage })[];
  /** What the next page takes as `before`; undefined when there are no older ones. */
  readonly next: number | undefined;
}

/** A file to be sent. */
export interface NewAttachment {
  readonly source: ByteSource;
  /** Of which only the extension is kept. */
  readonly name: string;
  readonly mimeType?: string | undefined;
}

/** A message to be sent: a text, files, or both. */
export interface NewChatMessage {
  readonly text?: string | undefined;
  /** At most MAX_CHAT_ATTACHMENTS. */
  readonly attachments?: readonly NewAttachment[] | undefined;
  /** The `ref` of the message that it answers to. */
  readonly replyTo?: string | undefined;
}

/** One of several attempts to send the same message. */
export interface SendAttempt {
  /**
   * What the message says of when it was sent, in whole milliseconds: the same for each attempt, and another one for every other message of the account in the chat. By this, and by all that is
   * in it, the message is known again.
   */
  readonly time: Date;
  /** Whether another attempt may have sent the message: then it is looked for, and sent only when it is not there. */
  readonly isRepeated: boolean;
}

/** How a message is sent. */
export interface SendOptions extends CallOptions {
  /** For whoever keeps the message until it is certainly sent. */
  readonly attempt?: SendAttempt | undefined;
  /** Told how many bytes of the attachments are uploaded. */
  readonly onProgress?: ProgressListener | undefined;
}

/** How a chat is made. */
export interface CreateChatOptions extends CallOptions {
  readonly title?: string | undefined;
  readonly icon?: ChatIcon | undefined;
  /** Who is invited at once: followers of the account. */
  readonly invite?: readonly string[] | undefined;
}

/** How a chat is deleted. */
export interface DeleteChatOptions extends CallOptions {
  /** Whether the account leaves the chat before; default true. */
  readonly leave?: boolean | undefined;
}
