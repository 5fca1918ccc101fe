import { assertString } from '@pyrgos/core/arguments';
import { assertInteger } from '@pyrgos/core/bytes';
import { type MessageRef, SignedMessage } from '@pyrgos/core/chat';
import type { Hasher } from '@pyrgos/core/crypto';
import { ArgumentError, LimitError, throwIfAborted } from '@pyrgos/core/errors';
import { MAX_CHAT_PAGE, MAX_CHAT_PAGE_SIZE, MAX_CHAT_SEARCH_LENGTH, MAX_CHAT_UNREAD } from '@pyrgos/core/limits';
import type { CallOptions } from '../../session/call-options.js';
import { takeTurn } from '../../waiting/take-turn.js';
import type { ChatMediaPage, ChatMessage, ChatPage, ChatPageOptions, ChatSearchOptions } from '../chat-types.js';
import { type ChatView, isSamePerson } from './chat-view.js';
import { MessageBuilder } from './message-builder.js';
import type { OwnLog } from './own-log.js';
import { readMessage, ScannedKind, ScannedLog } from './scanned-log.js';
import { foldText } from './search-text.js';
import { isWanted, type WantedMessage } from './wanted-message.js';

/** Messages of a page, unless somebody says how many. */
const PAGE = 50;
/** Messages that a search looks at before it lets others have a turn. */
const SEARCH_STEP = 100;
/** Messages that are passed before others have a turn. */
const MESSAGES_A_TURN = 1000;
/** Where a message is looked for that may have been sent: among so many of the newest, and further back until the own messages are so many milliseconds older. */
const LEAST_LOOKED_THROUGH = 500;
const LONGEST_ON_ITS_WAY = 86_400_000;

/** Some messages that follow each other, and between which places of the log all of them were looked at. */
interface Stretch {
  /** Oldest first. */
  readonly messages: readonly ChatMessage[];
  readonly from: number;
  readonly to: number;
}

/** What a timeline is of. */
export interface TimelineParts {
  readonly hasher: Pick<Hasher, 'sha256'>;
  readonly chatId: string;
}

/**
 * A chat as it is shown, read from the log of the own copy (chapter 07 section 10.2). Remembers of every message that it has passed some bytes, so that nothing is looked through twice; reads going
 * back from the newest message, because edits and deletions stand behind what they change. Messages come in the order of the log, which is that of their causes.
 *
 * Errors of all calls: those of reading the file; AbortedError.
 */
export class Timeline {
  private log: OwnLog | undefined;
  private scanned: ScannedLog | undefined;

  constructor(private readonly parts: TimelineParts) {}

  /** The chat as a log and a view of it are now. What was found in a log before is used further when it has only grown. */
  async at(log: OwnLog, view: ChatView, signal?: AbortSignal): Promise<TimelineView> {
    const known = this.log;
    if (this.scanned === undefined || known === undefined || !log.isSameAs(known)) this.scanned = new ScannedLog(this.parts, log);
    // Of two calls that run at a time one may come with what was before.
    else if (log.length > known.length) await this.scanned.growTo(log, signal);
    else return new TimelineView({ ...this.parts, log: known, scanned: this.scanned, view });
    this.log = log;
    return new TimelineView({ ...this.parts, log, scanned: this.scanned, view });
  }
}

/** A chat as it is shown at one moment. Comes from {@link Timeline}. */
export class TimelineView {
  private readonly log: OwnLog;
  private readonly scanned: ScannedLog;
  private readonly view: ChatView;
  private readonly builder: MessageBuilder;

  constructor(private readonly parts: ConstructorParameters<typeof MessageBuilder>[0]) {
    this.log = parts.log;
    this.scanned = parts.scanned;
    this.view = parts.view;
    this.builder = new MessageBuilder(parts);
  }

  /** A part of the chat; by default the newest messages. Fewer than asked for when they are so long that they have MAX_CHAT_PAGE_SIZE bytes. */
  async page(options: ChatPageOptions = {}): Promise<ChatPage> {
    const { before, after, around, limit = PAGE, signal } = options;
    const given = Object.entries({ before, after, around }).filter(([, value]) => value !== undefined);
    for (const [name, value] of given) assertInteger(`options.${name}`, value, 0, Number.MAX_SAFE_INTEGER);
    if (given.length > 1) throw new ArgumentError(`options.${given[1]?.[0] ?? ''}`, `cannot be together with ${given[0]?.[0] ?? ''}`);
    assertInteger('options.limit', limit, 1, MAX_CHAT_PAGE);
    const { messages, from, to } = await this.stretch(options, limit, signal);
    return {
      messages,
      before: this.hasShown(0, from) ? from : undefined,
      after: this.hasShown(to, this.log.length) ? to : undefined,
      total: this.log.length,
      problem: this.scanned.problem,
    };
  }

  /** The newest message that is shown. */
  async last(signal?: AbortSignal): Promise<ChatMessage | undefined> {
    const { messages } = await this.backwards(this.log.length, 1, signal);
    return messages[0];
  }

  /** The message that a reference means, however far back it is; of an edit what it edits. Undefined when it is not there, or not shown. */
  async message(ref: MessageRef, signal?: AbortSignal): Promise<ChatMessage | undefined> {
    const index = await this.builder.original(ref, this.log.length, Infinity, signal);
    return index === undefined ? undefined : (await this.builder.build([index], true, signal))[0];
  }

  /** The message of the account itself that says this, whatever was made of it since. Undefined when it was not sent. */
  async sent(wanted: WantedMessage, signal?: AbortSignal): Promise<MessageRef | undefined> {
    const { length } = this.log;
    const { state } = this.view;
    for (let index = length - 1; index >= 0; index--) {
      await this.scanned.reach(index, signal);
      const author = this.scanned.author(index);
      if (author === '' || !isSamePerson(state, author, state.host.toString())) continue;
      const time = this.scanned.time(index);
      if (length - index > LEAST_LOOKED_THROUGH && time < wanted.time - LONGEST_ON_ITS_WAY) return undefined;
      if (time !== wanted.time || !this.isSaid(index)) continue;
      for await (const { bytes } of this.log.read(index, index + 1, signal)) {
        const message = bytes === undefined ? undefined : readMessage(bytes);
        if (message instanceof SignedMessage && isWanted(message.envelope, wanted)) return message.ref(this.parts.hasher);
      }
    }
    return undefined;
  }

  /** How many messages others have said that are not seen, not counted those that were deleted; MAX_CHAT_UNREAD for so many and more. */
  async unread(signal?: AbortSignal): Promise<number> {
    const { state, seen } = this.view;
    let count = 0;
    for (let end = this.log.length; end > seen && count < MAX_CHAT_UNREAD;) {
      const from = Math.max(seen, end - MAX_CHAT_UNREAD);
      await this.scanned.reach(from, signal);
      const said: number[] = [];
      for (let i = from; i < end; i++) {
        if (this.isSaid(i) && !isSamePerson(state, this.scanned.author(i), state.host.toString())) said.push(i);
      }
      const changes = this.builder.changes(said);
      count += said.filter((index) => changes.get(index)?.isDeleted !== true).length;
      end = from;
    }
    return Math.min(count, MAX_CHAT_UNREAD);
  }

  /** The messages whose text has `query` in it, after edits, newest first; capitals and accents make no difference. Can be cancelled between any two messages. */
  async *search(query: string, options: ChatSearchOptions = {}): AsyncGenerator<ChatMessage, void, undefined> {
    assertString('query', query);
    if (query.length > MAX_CHAT_SEARCH_LENGTH) throw new LimitError('length of what is looked for', query.length, MAX_CHAT_SEARCH_LENGTH);
    const wanted = foldText(query).trim();
    if (wanted === '') throw new ArgumentError('query', 'must not be empty');
    const { before, limit = Number.MAX_SAFE_INTEGER, signal } = options;
    if (before !== undefined) assertInteger('options.before', before, 0, Number.MAX_SAFE_INTEGER);
    assertInteger('options.limit', limit, 1, Number.MAX_SAFE_INTEGER);
    let found = 0;
    for (let end = Math.min(before ?? Infinity, this.log.length); end > 0;) {
      const { indexes, from } = await this.before(end, SEARCH_STEP, signal);
      const texts = await this.builder.texts(indexes, signal);
      for (const index of indexes) {
        throwIfAborted(signal, 'searching a chat');
        if (!foldText(texts.get(index) ?? '').includes(wanted)) continue;
        const [message] = await this.builder.build([index], true, signal);
        if (message === undefined) continue;
        yield message;
        if (++found === limit) return;
      }
      end = from;
      // Whoever wants to cancel has a turn.
      await takeTurn();
    }
  }

  /** The messages before place `since` that were edited or deleted by what stands from there on, as they are now, oldest first. */
  async *changedSince(since: number, { signal }: CallOptions = {}): AsyncGenerator<ChatMessage, void, undefined> {
    assertInteger('since', since, 0, Number.MAX_SAFE_INTEGER);
    for (const index of await this.builder.changedSince(Math.min(since, this.log.length), signal)) {
      throwIfAborted(signal, 'reading a chat');
      yield* await this.builder.build([index], true, signal);
    }
  }

  /** The files of messages, newest message first, those of one message together: so there may be more of them than asked for. */
  async media(options: ChatSearchOptions = {}): Promise<ChatMediaPage> {
    const { before, limit = PAGE, signal } = options;
    if (before !== undefined) assertInteger('options.before', before, 0, Number.MAX_SAFE_INTEGER);
    assertInteger('options.limit', limit, 1, MAX_CHAT_PAGE);
    const items: ChatMediaPage['items'][number][] = [];
    let index = Math.min(before ?? Infinity, this.log.length);
    const mayHaveFiles = (at: number): boolean => this.isSaid(at) && this.scanned.hasFiles(at);
    while (index > 0 && items.length < limit) {
      const { indexes, from } = await this.before(index, limit - items.length, signal, { mayBeWanted: mayHaveFiles });
      index = from;
      for (const message of await this.builder.build(indexes, true, signal)) {
        items.push(...message.attachments.map((attachment) => ({ ...attachment, message })));
        // The others come with the next page.
        if (items.length >= limit) {
          index = message.index;
          break;
        }
      }
    }
    return { items, next: index > 0 ? index : undefined };
  }

  private async stretch({ before, after, around }: ChatPageOptions, limit: number, signal: AbortSignal | undefined): Promise<Stretch> {
    const { length } = this.log;
    if (after !== undefined) return this.forwards(Math.min(after, length), limit, signal);
    if (around === undefined) return this.backwards(Math.min(before ?? length, length), limit, signal);
    const middle = Math.min(around + 1, length);
    const older = await this.backwards(middle, Math.ceil((limit + 1) / 2), signal);
    const newer = await this.forwards(middle, limit - older.messages.length, signal);
    const messages = [...older.messages, ...newer.messages];
    // Near the end there are more of the older ones.
    const oldest = await this.backwards(older.from, limit - messages.length, signal);
    return { messages: [...oldest.messages, ...messages], from: oldest.from, to: newer.to };
  }

  /** Up to `limit` messages that are shown before a place. */
  private async backwards(to: number, limit: number, signal: AbortSignal | undefined): Promise<Stretch> {
    const newestFirst: ChatMessage[] = [];
    let from = to;
    let size = 0;
    while (from > 0 && newestFirst.length < limit && size < MAX_CHAT_PAGE_SIZE) {
      const step = await this.before(from, limit - newestFirst.length, signal, { size: MAX_CHAT_PAGE_SIZE - size });
      newestFirst.push(...(await this.builder.build(step.indexes, true, signal)));
      size += step.size;
      from = step.from;
    }
    return { messages: newestFirst.reverse(), from, to };
  }

  /** Up to `limit` messages that are shown from a place on. */
  private async forwards(from: number, limit: number, signal: AbortSignal | undefined): Promise<Stretch> {
    const messages: ChatMessage[] = [];
    const { length } = this.log;
    let to = from;
    let size = 0;
    await this.scanned.reach(from, signal);
    while (to < length && messages.length < limit && size < MAX_CHAT_PAGE_SIZE) {
      throwIfAborted(signal, 'reading a chat');
      const indexes: number[] = [];
      for (; to < length && messages.length + indexes.length < limit; to++) if (this.mayBeShown(to)) indexes.push(to);
      const some = this.builder.withinSize(indexes, MAX_CHAT_PAGE_SIZE - size);
      if (some.length < indexes.length) to = (some.at(-1) ?? from) + 1;
      messages.push(...(await this.builder.build(some, true, signal)));
      size += some.length < indexes.length ? MAX_CHAT_PAGE_SIZE : this.sizeOf(some);
    }
    return { messages, from, to };
  }

  /**
   * The places of up to `limit` messages before one, newest first, and the one before which the rest are: of those that may be shown, or of which `mayBeWanted` says so, no more than have `size`
   * bytes.
   */
  private async before(
    to: number,
    limit: number,
    signal: AbortSignal | undefined,
    {
      size = MAX_CHAT_PAGE_SIZE,
      mayBeWanted = (at) => this.mayBeShown(at),
    }: { readonly size?: number; readonly mayBeWanted?: (index: number) => boolean } = {},
  ): Promise<{ readonly indexes: readonly number[]; readonly from: number; readonly size: number }> {
    const indexes: number[] = [];
    let from = to;
    while (from > 0 && indexes.length < limit) {
      throwIfAborted(signal, 'reading a chat');
      await this.scanned.reach(--from, signal);
      if (mayBeWanted(from)) indexes.push(from);
      if ((to - from) % MESSAGES_A_TURN === 0) await takeTurn();
    }
    const some = this.builder.withinSize(indexes, size);
    // What does not fit any more is left to the next call.
    if (some.length < indexes.length) return { indexes: some, from: some.at(-1) ?? to, size };
    return { indexes, from, size: this.sizeOf(indexes) };
  }

  private sizeOf(indexes: readonly number[]): number {
    return indexes.reduce((sum, index) => sum + this.log.sizeOf(index), 0);
  }

  /** Whether there may be something to show among some messages: where nobody has looked, there may. */
  private hasShown(from: number, to: number): boolean {
    for (let i = to - 1; i >= from; i--) if (i < this.scanned.start || this.mayBeShown(i)) return true;
    return false;
  }

  private mayBeShown(index: number): boolean {
    return this.isSaid(index) || this.scanned.kind(index) === ScannedKind.event;
  }

  private isSaid(index: number): boolean {
    const kind = this.scanned.kind(index);
    return kind === ScannedKind.said || kind === ScannedKind.reply;
  }
}
