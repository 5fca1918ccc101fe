import { assertBoolean, assertInstance, assertList, assertObject, assertString } from '@pyrgos/core/arguments';
import { assertInteger } from '@pyrgos/core/bytes';
import { ChatProperty, type ChatReplica, type MessagePayload, MessageRef, type SignedMessage } from '@pyrgos/core/chat';
import { Multihash } from '@pyrgos/core/codec';
import { ArgumentError, DeniedError, LimitError, NotFoundError, PyrgosError } from '@pyrgos/core/errors';
import { MAX_CHAT_ATTACHMENTS, MAX_CHAT_TITLE_LENGTH } from '@pyrgos/core/limits';
import { AbsoluteCapability } from '@pyrgos/core/model';
import type { FileRef } from '@pyrgos/core/social';
import type { View } from '../files/view/index.js';
import type { CallOptions } from '../session/call-options.js';
import { writeFileIn } from '../social/own-files.js';
import { ChatFile, findOwnChat, noSuchChat, type OwnChat } from './chat-files.js';
import { assertIcon, formatIcon } from './chat-icon.js';
import type { ChatParts } from './chat-parts.js';
import { describeMembers } from './chat-summaries.js';
import type {
  ChatAttachment,
  ChatIcon,
  ChatMediaPage,
  ChatMemberInfo,
  ChatMessage,
  ChatPage,
  ChatPageOptions,
  ChatRefresh,
  ChatSearchOptions,
  ChatSummary,
  NewChatMessage,
  OpenedChatAttachment,
  SendAttempt,
  SendOptions,
} from './chat-types.js';
import { assertInvited, lookUpPeople } from './invited-people.js';
import type { TimelineView } from './reading/timeline.js';
import type { WantedMessage } from './reading/wanted-message.js';
import { encodeSeen, readSeen } from './seen-mark.js';

/**
 * One chat of an account: its own copy of it, and how that is brought up to date and changed. Comes from {@link Chats}. Whatever it shows is what
 * {@link Chat.refresh} has brought last.
 *
 * Errors of all calls: those of {@link FileSystem}; NotFoundError `not-found.chat` once the copy was deleted; FormatError `format.chat` when it is damaged. Of calls that change something:
 * DeniedError `denied.chat` when the account may not (any more); LimitError for what is too long.
 */
export class Chat {
  /** @internal Chats come from {@link Chats}. */
  constructor(
    private readonly parts: ChatParts,
    /** `chat$<creator>$<uuid>`; the same for all members. */
    readonly id: string,
  ) {}

  /** What is shown of the chat in a list. */
  async summary(options: CallOptions = {}): Promise<ChatSummary> {
    const { signal } = this.check(options);
    return this.parts.store.look(this.id, signal, async (view, chat) => this.parts.summaries.of(view, chat));
  }

  /** Everybody who is, or was, in the chat; once for each name. */
  async members(options: CallOptions = {}): Promise<readonly ChatMemberInfo[]> {
    const { signal } = this.check(options);
    return this.parts.store.look(this.id, signal, async (_, chat) => describeMembers(chat, this.parts.mirrors.missingOf(this.id)));
  }

  /**
   * Adds what the other members have written to the own copy: asks every one of them whom the account follows. What it says is added is durable. What is wrong with one member, or one
   * message, keeps the others from nothing; nobody is removed for it.
   */
  async refresh(options: CallOptions = {}): Promise<ChatRefresh> {
    const { signal } = this.check(options);
    const found = await this.parts.pull.run(this.id, { signal });
    await this.parts.queue.run([this.id], signal);
    return found;
  }

  /** A part of the chat; by default its newest messages. */
  async page(options: ChatPageOptions = {}): Promise<ChatPage> {
    const { signal } = this.check(options);
    return this.read(signal, async (timeline) => timeline.page(options));
  }

  /**
   * Sends a message: when this returns it is in the own copy, and the others can read it. Its files are uploaded before. ArgumentError for one that is empty; NotFoundError
   * `not-found.message` for an answer to a message that is not in the chat. An attempt of which nobody knows whether it has sent the message is repeated with `attempt`: then the message is in
   * the chat once, whatever came of the first one.
   */
  async send(message: NewChatMessage, options: SendOptions = {}): Promise<ChatMessage> {
    const { signal, onProgress, attempt } = this.check(options);
    const { time, isRepeated } = attempt === undefined ? NO_ATTEMPT : assertAttempt(attempt);
    assertObject('message', message);
    const { text = '', attachments = [], replyTo } = message;
    assertString('message.text', text);
    assertAttachments(attachments);
    if (text === '' && attachments.length === 0) throw new ArgumentError('message', 'must have a text, or attachments');
    const parent = replyTo === undefined ? undefined : (await this.messageAt('message.replyTo', replyTo, signal)).ref;
    const { media, store, readings } = this.parts;
    if (isRepeated && time !== undefined) {
      const wanted = { time, text, parent, files: attachments.map(() => undefined) };
      const look = async (files: WantedMessage['files']): Promise<MessageRef | undefined> =>
        this.read(signal, async (timeline) => timeline.sent({ ...wanted, files }, signal), true);
      let found = await look(wanted.files);
      // Large files are read for it only when there is something to compare them with.
      if (found !== undefined && attachments.length > 0) found = await look(await media.hashesOf(attachments, signal));
      if (found !== undefined) return this.messageAt('ref', found.toString(), signal);
    }
    // Before much is uploaded in vain.
    if (attachments.length > 0) await this.attempt(signal, async (replica) => replica.post({ kind: 'application', body: [text] }));
    const files = await media.upload(this.id, attachments, { signal, onProgress });
    const body = [text, ...files];
    const payload: MessagePayload =
      parent === undefined ? { kind: 'application', body } : { kind: 'reply', parent: MessageRef.parse(parent), body };
    let ref: MessageRef;
    let isOld = false;
    try {
      ref = await store.update(this.id, signal, async ({ replica, view, chat }) => {
        // The first attempt may come to its end only now: then this is done again, on what it has left.
        const wanted = isRepeated && time !== undefined ? { time, text, parent, files: files.map((file) => file.contentHash) } : undefined;
        const found = wanted === undefined ? undefined : await (await readings.at(view, chat)).sent(wanted, signal);
        isOld = found !== undefined;
        return found ?? (await replica.post(payload, { time })).ref(this.parts.space.account.crypto);
      });
    } catch (error) {
      if (await this.hasNot(files)) await media.discard(files);
      throw error;
    }
    if (isOld) await media.discard(files);
    return this.messageAt('ref', ref.toString(), signal);
  }

  /** Gives an own message another text; its attachments stay. DeniedError `denied.chat` for one of somebody else, or one that was deleted. */
  async edit(ref: string, text: string, options: CallOptions = {}): Promise<ChatMessage> {
    const { signal } = this.check(options);
    assertString('text', text);
    const { ref: original } = await this.ownMessage(ref, signal);
    await this.post({ kind: 'edit', target: MessageRef.parse(original), body: [text] }, signal);
    return this.messageAt('ref', original, signal);
  }

  /** Lets nobody show an own message any more; who has read it may have kept it. DeniedError `denied.chat` for one of somebody else. */
  async deleteMessage(ref: string, options: CallOptions = {}): Promise<void> {
    const { signal } = this.check(options);
    const { ref: original } = await this.ownMessage(ref, signal);
    await this.post({ kind: 'delete', target: MessageRef.parse(original) }, signal);
  }

  /**
   * Invites users, who must follow the account and be followed by it in order to read each other: they get leave to read the chat, all that was written before included. Who is in the chat
   * already is passed over. NotFoundError `not-found.recipient` for somebody who does not follow the account, `not-found.user` for nobody.
   */
  async invite(usernames: readonly string[], options: CallOptions = {}): Promise<void> {
    const { signal } = this.check(options);
    assertInvited('usernames', usernames, this.parts.space.username);
    const people = await lookUpPeople(this.parts.space.account, usernames, signal);
    await this.parts.store.update(this.id, signal, async ({ replica, share }) => {
      const { state } = replica;
      await replica.invite(people.filter(({ username }) => state.memberOf(username)?.isRemoved !== false));
      for (const { username } of people) share(username);
    });
  }

  /**
   * Removes somebody, and ends that they can read the own copy: nothing that is written after it. For admins only: DeniedError `denied.chat`. NotFoundError `not-found.user` for somebody who is not
   * in the chat.
   */
  async remove(username: string, options: CallOptions = {}): Promise<void> {
    const { signal } = this.check(options);
    assertString('username', username);
    if (username === this.parts.space.username)
      throw new ArgumentError('username', 'must be somebody else: leave the chat instead', { reason: 'self' });
    await this.change(signal, async (replica) => replica.removeMember(username));
  }

  /** Leaves the chat: the own copy stays, and can still be read. */
  async leave(options: CallOptions = {}): Promise<void> {
    const { signal } = this.check(options);
    await this.change(signal, async (replica) => replica.leave());
  }

  /** Gives the chat another title; an empty one for none. LimitError beyond MAX_CHAT_TITLE_LENGTH. */
  async setTitle(title: string, options: CallOptions = {}): Promise<void> {
    const { signal } = this.check(options);
    assertTitle('title', title);
    await this.change(signal, async (replica) => replica.setProperty(ChatProperty.title, title));
  }

  /** Gives the chat another picture; undefined for none. LimitError beyond MAX_CHAT_ICON_SIZE. */
  async setIcon(icon: ChatIcon | undefined, options: CallOptions = {}): Promise<void> {
    const { signal } = this.check(options);
    if (icon !== undefined) assertIcon('icon', icon);
    await this.change(signal, async (replica) => replica.setProperty(ChatProperty.icon, icon === undefined ? '' : formatIcon(icon)));
  }

  /** Makes a member an admin. For admins only: DeniedError `denied.chat`. */
  async addAdmin(username: string, options: CallOptions = {}): Promise<void> {
    const { signal } = this.check(options);
    assertString('username', username);
    await this.change(signal, async (replica) => replica.addAdmin(username));
  }

  /** Makes an admin an ordinary member. For admins only, and not for the last one: DeniedError `denied.chat`. */
  async removeAdmin(username: string, options: CallOptions = {}): Promise<void> {
    const { signal } = this.check(options);
    assertString('username', username);
    await this.change(signal, async (replica) => replica.removeAdmin(username));
  }

  /** Marks messages as seen, on all devices: those up to the `index` of one, by default all that are in the own copy. What was seen stays so. */
  async markSeen(upTo?: number, options: CallOptions = {}): Promise<void> {
    const { signal } = this.check(options);
    if (upTo !== undefined) assertInteger('upTo', upTo, 0, Number.MAX_SAFE_INTEGER);
    const { space, store } = this.parts;
    const seenOf = ({ state }: OwnChat, seen: number): number => {
      const length = state.hostMember.mergedUpTo;
      return Math.max(seen, Math.min(length, upTo === undefined ? length : upTo + 1));
    };
    const isSeen = async (view: View, chat: OwnChat): Promise<boolean> => {
      const seen = await readSeen(view, chat.seenFile);
      return seenOf(chat, seen) === seen;
    };
    if (await store.look(this.id, signal, isSeen)) return;
    await space.changeHome(signal, async (operation, home) => {
      const chat = await findOwnChat(operation, home, this.id);
      if (chat === undefined) throw noSuchChat(this.id);
      const seen = seenOf(chat, await readSeen(operation, chat.seenFile));
      await writeFileIn(operation, space, chat.root, ChatFile.seen, encodeSeen(seen));
    });
  }

  /** How many messages of others were not marked as seen, those not counted that were deleted. Asks nobody else. */
  async unread(options: CallOptions = {}): Promise<number> {
    return (await this.summary(options)).unread;
  }

  /** The messages whose text has `query` in it, newest first; capitals and accents make no difference. */
  async *search(query: string, options: ChatSearchOptions = {}): AsyncGenerator<ChatMessage, void, undefined> {
    const { signal } = this.check(options);
    yield* await this.read(signal, async (timeline) => timeline.search(query, options));
  }

  /**
   * The messages with an `index` below `since` that were edited or deleted by what the own copy has from that place on, as they are now, oldest first: what somebody who has read so far, to the
   * `total` of a page or the `messageCount` of a summary, has read and is not so any more. Reads the own copy back to the oldest of them.
   */
  async *changedSince(since: number, options: CallOptions = {}): AsyncGenerator<ChatMessage, void, undefined> {
    const { signal } = this.check(options);
    yield* await this.read(signal, async (timeline) => timeline.changedSince(since, options));
  }

  /** The attachments of the chat, newest first. */
  async media(options: ChatSearchOptions = {}): Promise<ChatMediaPage> {
    const { signal } = this.check(options);
    return this.read(signal, async (timeline) => timeline.media(options));
  }

  /**
   * A file that a message shows, for reading: from the own copy, whose hash is compared with that of the message before it is used first, or else from its author. `path` is where the own copy is;
   * undefined when the file of the author is read. The type is what whoever has uploaded it says. NotFoundError `not-found.file` when nobody has it any more.
   */
  async openAttachment(attachment: ChatAttachment, options: CallOptions = {}): Promise<OpenedChatAttachment> {
    const { signal } = this.check(options);
    assertObject('attachment', attachment);
    assertString('attachment.path', attachment.path);
    assertInstance('attachment.capability', attachment.capability, AbsoluteCapability);
    assertInstance('attachment.hash', attachment.hash, Multihash);
    return this.parts.media.open(this.id, attachment, signal);
  }

  private check<O extends CallOptions>(options: O): O {
    return this.parts.space.check(options);
  }

  private async change(signal: AbortSignal | undefined, change: (replica: ChatReplica) => Promise<unknown>): Promise<void> {
    await this.parts.store.update(this.id, signal, async ({ replica }) => void (await change(replica)));
  }

  /** Whether a change could be made now; makes none. */
  private async attempt(signal: AbortSignal | undefined, change: (replica: ChatReplica) => Promise<unknown>): Promise<void> {
    const { store } = this.parts;
    await store.look(this.id, signal, async (view, chat) => {
      const replica = await store.replicaOf(view, chat, chat.state.hostMember.mergedUpTo);
      await change(replica);
    });
  }

  private async post(payload: MessagePayload, signal: AbortSignal | undefined): Promise<SignedMessage> {
    return this.parts.store.update(this.id, signal, async ({ replica }) => replica.post(payload));
  }

  private async read<T>(signal: AbortSignal | undefined, use: (timeline: TimelineView) => Promise<T> | T, fresh = false): Promise<T> {
    const { store, readings } = this.parts;
    return store.look(this.id, signal, async (view, chat) => use(await readings.at(view, chat)), fresh);
  }

  /** Whether certainly no message shows these files, though nobody may have heard the answer of the server. */
  private async hasNot(files: readonly FileRef[]): Promise<boolean> {
    if (files.length === 0) return false;
    const paths = new Set(files.map(({ path }) => path));
    const { store, readings } = this.parts;
    try {
      const look = async (view: View, chat: OwnChat): Promise<ChatMediaPage> =>
        (await readings.at(view, chat)).media({ limit: paths.size });
      const { items } = await store.look(this.id, undefined, look, true);
      return !items.some(({ path }) => paths.has(path));
    } catch (error) {
      if (error instanceof PyrgosError) return false;
      throw error;
    }
  }

  private async messageAt(field: string, text: string, signal: AbortSignal | undefined): Promise<ChatMessage> {
    const ref = parseRef(field, text);
    const found = await this.read(signal, async (timeline) => timeline.message(ref, signal));
    if (found === undefined) throw new NotFoundError('not-found.message', 'There is no such message in this chat.', { ref: text });
    return found;
  }

  private async ownMessage(text: string, signal: AbortSignal | undefined): Promise<ChatMessage> {
    const message = await this.messageAt('ref', text, signal);
    if (!message.isOwn || message.kind !== 'text') {
      throw new DeniedError('denied.chat', 'Only who has written a message can change or delete it.', { reason: 'author' });
    }
    if (message.deleted) throw new DeniedError('denied.chat', 'This message was deleted.', { reason: 'deleted' });
    return message;
  }
}

const NO_ATTEMPT = { time: undefined, isRepeated: false };

function assertAttempt(attempt: SendAttempt): { readonly time: number; readonly isRepeated: boolean } {
  assertObject('options.attempt', attempt);
  const { time, isRepeated } = attempt;
  assertInstance('options.attempt.time', time, Date);
  const milliseconds = time.getTime();
  assertInteger('options.attempt.time', milliseconds, 0, Number.MAX_SAFE_INTEGER);
  assertBoolean('options.attempt.isRepeated', isRepeated);
  return { time: milliseconds, isRepeated };
}

function assertAttachments(attachments: NonNullable<NewChatMessage['attachments']>): void {
  assertList('message.attachments', attachments);
  if (attachments.length > MAX_CHAT_ATTACHMENTS) throw new LimitError('attachments of a message', attachments.length, MAX_CHAT_ATTACHMENTS);
  for (const [i, attachment] of attachments.entries()) {
    const field = `message.attachments[${i}]`;
    assertObject(field, attachment);
    assertString(`${field}.name`, attachment.name);
    if (attachment.mimeType !== undefined) assertString(`${field}.mimeType`, attachment.mimeType);
  }
}

/** Requires a title. LimitError beyond MAX_CHAT_TITLE_LENGTH. */
export function assertTitle(field: string, title: string): void {
  assertString(field, title);
  if (title.length > MAX_CHAT_TITLE_LENGTH) throw new LimitError('length of the title of a chat', title.length, MAX_CHAT_TITLE_LENGTH);
}

function parseRef(field: string, text: string): MessageRef {
  assertString(field, text);
  try {
    return MessageRef.parse(text);
  } catch (error) {
    if (error instanceof PyrgosError) throw new ArgumentError(field, 'must be the ref of a message');
    throw error;
  }
}
