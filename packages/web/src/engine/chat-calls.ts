import type { EngineFault } from './engine-fault.js';

/** A call about chats; see `Call` of calls.ts, which imports this file. */
interface ChatCall<Arguments, Result, Event = never> {
  readonly args: Arguments;
  readonly result: Result;
  readonly event: Event;
  readonly question: never;
  readonly answer: never;
}

/** Names a chat. */
interface InChat {
  readonly id: string;
}

/** Names a message of a chat. */
interface InMessage extends InChat {
  readonly ref: string;
}

/**
 * What the page asks about chats. Chats are named by their ids, messages by their refs, attachments by their message and their place there;
 * what opens them stays in the engine.
 */
export interface ChatCalls {
  /** All chats as they are stored; nobody is asked. One that is damaged keeps no other from being listed. */
  'chat.list': ChatCall<undefined, ChatListing>;
  /** Takes in what others have written. */
  'chat.refresh': ChatCall<ChatsToRefresh, readonly ChatNews[]>;
  /** How many messages of others nobody has seen, and how many invitations wait, in all chats together. Asks nobody. */
  'chat.unread': ChatCall<undefined, number>;
  /** One chat as it is stored. */
  'chat.summary': ChatCall<InChat, ChatRow>;
  'chat.create': ChatCall<NewChat, ChatRow>;
  /** Accepts an invitation. */
  'chat.join': ChatCall<{ readonly id: string; readonly inviter: string }, ChatRow>;
  /** Declines an invitation: nobody is told, and it is not listed any more. */
  'chat.decline': ChatCall<{ readonly id: string; readonly inviter: string }, undefined>;
  /** A part of a chat: the newest, unless one of `before`, `after` and `around` says another one. At most 200 messages. */
  'chat.page': ChatCall<ChatPart, ChatPageOf>;
  /** Sends a message; tells how many bytes of its files are uploaded. */
  'chat.send': ChatCall<OutgoingMessage, ChatLine, { readonly done: number; readonly total: number }>;
  /** Gives an own message another text. */
  'chat.edit': ChatCall<InMessage & { readonly text: string }, ChatLine>;
  /** Deletes an own message, for everybody. */
  'chat.deleteMessage': ChatCall<InMessage, undefined>;
  /** Everything up to a place of the log has been seen; without one, everything that there is. */
  'chat.markSeen': ChatCall<InChat & { readonly upTo: number | undefined }, undefined>;
  'chat.members': ChatCall<InChat, readonly ChatMemberRow[]>;
  'chat.invite': ChatCall<InChat & { readonly usernames: readonly string[] }, undefined>;
  'chat.remove': ChatCall<InChat & { readonly username: string }, undefined>;
  /** Stops taking part; the copy stays. */
  'chat.leave': ChatCall<InChat, undefined>;
  /** Deletes the own copy, and leaves before that where it can. */
  'chat.delete': ChatCall<InChat, undefined>;
  'chat.setTitle': ChatCall<InChat & { readonly title: string }, undefined>;
  /** Undefined takes the picture away. */
  'chat.setIcon': ChatCall<InChat & { readonly icon: ChatPicture | undefined }, undefined>;
  'chat.addAdmin': ChatCall<InChat & { readonly username: string }, undefined>;
  'chat.removeAdmin': ChatCall<InChat & { readonly username: string }, undefined>;
  /** Looks for a text, newest message first, and tells what is found as it is found. Gives what the next search takes as `before`; undefined when there is no more. */
  'chat.search': ChatCall<ChatQuery, number | undefined, ChatLine>;
  /** Attachments of a chat, newest first. */
  'chat.media': ChatCall<ChatMediaPart, ChatMediaPageOf>;
  /** What a message shows; without its bytes when it has more than `most`, or 32 MB: a stream gives them. */
  'chat.attachment': ChatCall<AttachmentPlace & { readonly most?: number | undefined }, ChatFile>;
  /** How large what a message shows is, in bytes, without reading it. */
  'chat.attachmentSize': ChatCall<AttachmentPlace, number>;
  /** What waits to be sent from this device since the page was last open, oldest first; once: it belongs to this page from now on. */
  'chat.waiting': ChatCall<undefined, readonly WaitingMessage[]>;
  /**
   * A message is going to be tried for the first time: gives the time under which that is done, which no other message of this device has, in milliseconds since 1970. A message that is kept has it
   * from now on; one of which that cannot be noted is kept no longer.
   */
  'chat.beginSending': ChatCall<{ readonly key: string }, { readonly triedAt: number; readonly isKept: boolean }>;
  /** Keeps a message that waits, sealed, where this device keeps the session. Says whether it does. */
  'chat.keepWaiting': ChatCall<WaitingMessage, boolean>;
  /** Forgets a message that waits no more. */
  'chat.forgetWaiting': ChatCall<{ readonly key: string }, undefined>;
}

/** A picture; what others have set is shown as a picture, or not at all. */
export interface ChatPicture {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly mimeType: string;
}

/** A chat in a list. Titles come from others. */
export interface ChatRow {
  readonly id: string;
  /** Empty when nobody has set one. */
  readonly title: string;
  readonly icon: ChatPicture | undefined;
  /** Who is in the chat, the account included. */
  readonly members: readonly string[];
  /** Who is invited and has not joined yet. */
  readonly pending: readonly string[];
  readonly admins: readonly string[];
  readonly isAdmin: boolean;
  /** Why nothing can be written any more; `yes` when it can. */
  readonly writable: 'yes' | 'removed' | 'left' | 'alone' | 'keys-lost';
  /** The app to which it belongs; undefined for an ordinary chat. */
  readonly app: string | undefined;
  /** Messages that nobody has seen here. */
  readonly unread: number;
  /** The newest message. */
  readonly last: ChatLine | undefined;
  /** When it was sent or, if that was before, when it came here; milliseconds since 1970. */
  readonly updated: number;
}

/** An invitation into a chat. */
export interface ChatInvite {
  readonly id: string;
  readonly inviter: string;
  /** Empty when nobody has set one. */
  readonly title: string;
  /** The app to which the chat belongs; undefined for an ordinary chat. */
  readonly app: string | undefined;
  /** Whether there is a copy already, of somebody who was removed. */
  readonly isKnown: boolean;
}

/** See `chat.list`. */
export interface ChatListing {
  /** Newest message first. */
  readonly chats: readonly ChatRow[];
  readonly invitations: readonly ChatInvite[];
  readonly damaged: readonly { readonly id: string; readonly fault: EngineFault }[];
}

/** The chats in which others may have written: all of them, or those with these ids and those in which these friends are. */
export type ChatsToRefresh = 'all' | { readonly ids: readonly string[]; readonly friends: readonly string[] };

/** What looking for new messages has brought to one chat. */
export interface ChatNews {
  readonly id: string;
  readonly added: number;
  /** Members whose copies could not be read now. */
  readonly unreachable: readonly string[];
  /** Members of whom long messages wait: until the account has room, or until another day, as more of them were taken than in one. */
  readonly waiting: { readonly forRoom: readonly string[]; readonly forTime: readonly string[] };
}

/** See `chat.create`. */
export interface NewChat {
  /** Empty for none. */
  readonly title: string;
  readonly invite: readonly string[];
  readonly icon: ChatPicture | undefined;
}

/** Something that is said, or has happened, in a chat. Texts come from others. */
export interface ChatLine {
  /** Its place in the own log. */
  readonly index: number;
  readonly ref: string;
  readonly kind: 'text' | 'joined' | 'invited' | 'removed' | 'left' | 'title' | 'icon' | 'admins';
  readonly author: string;
  readonly isOwn: boolean;
  /** Milliseconds since 1970, as its author says; never after now. */
  readonly time: number;
  readonly text: string;
  readonly attachments: readonly ChatAttachmentName[];
  readonly isEdited: boolean;
  readonly isDeleted: boolean;
  readonly quote: ChatQuoteOf | undefined;
  /** Whom or what it is about: who was invited or removed, who the admins are now, the title. */
  readonly about: readonly string[];
  readonly isNew: boolean;
}

/** What is known of an attachment before it is opened. */
export interface ChatAttachmentName {
  /** A random name. */
  readonly name: string;
  /** Small letters, without the dot; empty for none. */
  readonly extension: string;
}

/** What a message answers to. */
export interface ChatQuoteOf {
  readonly ref: string;
  /** Undefined when it is not in the own log. */
  readonly index: number | undefined;
  readonly author: string | undefined;
  readonly text: string;
  readonly isDeleted: boolean;
  readonly hasAttachments: boolean;
}

/** See `chat.page`. */
export interface ChatPart extends InChat {
  readonly before?: number | undefined;
  readonly after?: number | undefined;
  readonly around?: number | undefined;
  readonly limit?: number | undefined;
}

/** A part of a chat. */
export interface ChatPageOf {
  /** Oldest first. */
  readonly lines: readonly ChatLine[];
  /** What the part before takes as `before`; undefined at the beginning of the chat. */
  readonly before: number | undefined;
  /** What the part behind takes as `after`; undefined at the end. */
  readonly after: number | undefined;
  /** Messages of the log. */
  readonly total: number;
  /** What is wrong with the own copy: what is behind that place cannot be shown. */
  readonly problem: EngineFault | undefined;
}

/** A message to be sent. */
export interface OutgoingMessage extends InChat {
  readonly text: string;
  readonly files: readonly File[];
  /** The ref of the message that it answers to. */
  readonly replyTo: string | undefined;
  /** The time of the first attempt, in milliseconds since 1970, by which the message is known again; see `chat.beginSending`. */
  readonly triedAt: number;
  /** Whether another attempt may have sent it: then it is looked for first. */
  readonly isTried: boolean;
}

/** Somebody in a chat. */
export interface ChatMemberRow {
  readonly username: string;
  /** Of several entries with one name each has another one. */
  readonly id: string;
  readonly isAdmin: boolean;
  readonly state: 'joined' | 'pending' | 'removed' | 'unreachable';
  readonly isSelf: boolean;
}

/** See `chat.search`. */
export interface ChatQuery extends InChat {
  readonly query: string;
  readonly before: number | undefined;
  /** So many at most. */
  readonly limit: number;
}

/** See `chat.media`. */
export interface ChatMediaPart extends InChat {
  readonly before: number | undefined;
  readonly limit: number;
}

/** A part of the attachments of a chat. */
export interface ChatMediaPageOf {
  readonly items: readonly ChatMediaItem[];
  /** What the next page takes as `before`; undefined when there is none. */
  readonly next: number | undefined;
}

/** An attachment with its message; `place` is that among the attachments of the message. */
export interface ChatMediaItem extends ChatAttachmentName {
  readonly line: ChatLine;
  readonly place: number;
}

/** Names an attachment of a message that was shown before. */
export interface AttachmentPlace extends InMessage {
  readonly place: number;
}

/** An attachment that was opened. */
export interface ChatFile {
  /** As whoever sent it says. */
  readonly mimeType: string;
  readonly size: number;
  /** Where the own copy is, for viewers; undefined as long as there is none. */
  readonly path: string | undefined;
  readonly bytes: Uint8Array<ArrayBuffer> | undefined;
}

/** A message that waits to be sent. */
export interface WaitingMessage extends Omit<OutgoingMessage, 'files' | 'triedAt' | 'isTried'> {
  /** A random name that no other one has. */
  readonly key: string;
  /** When it was written; milliseconds since 1970. */
  readonly written: number;
  /** The time of the first attempt, in milliseconds since 1970; undefined before that. */
  readonly triedAt: number | undefined;
  readonly files: readonly WaitingFile[];
}

/** A file of a message that waits. */
export interface WaitingFile {
  readonly name: string;
  readonly mimeType: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}
