import type { MessageEnvelope, MessageRef, SignedMessage } from '@pyrgos/core/chat';
import type { Hasher } from '@pyrgos/core/crypto';
import { throwIfAborted } from '@pyrgos/core/errors';
import { takeTurn } from '../../waiting/take-turn.js';
import type { ChatMessage, ChatQuote } from '../chat-types.js';
import { type ChatView, isSamePerson } from './chat-view.js';
import { attachmentsOf, beginningOf, textOf } from './message-content.js';
import type { OwnLog } from './own-log.js';
import { readMessage, refKey, ScannedKind, type ScannedLog, type ScannedMark } from './scanned-log.js';
import { chatEvent } from './system-message.js';

/** Edits of edits that are followed. Clients name the original (chapter 07 section 4.4). */
const MAX_EDIT_CHAIN = 100;
/** How much of a log, in bytes, is looked through for messages that are answered to, beside what is known of it anyhow. */
const QUOTE_COST = 16_777_216;
/** UTF-16 code units of the text of a message that is answered to. */
const QUOTE_LENGTH = 500;

/** Edits and deletions that name one message, whoever has written them, from which on it is remembered what they have made of it. */
const MANY_MARKS = 32;
/** Edits that are looked at before others have a turn. */
const MARKS_A_TURN = 1000;

/** What later messages have made of one. */
interface Change {
  readonly isDeleted: boolean;
  /** The edit that counts. */
  readonly edit: number | undefined;
}

/** What messages are built from. */
export interface BuilderParts {
  readonly hasher: Pick<Hasher, 'sha256'>;
  readonly chatId: string;
  readonly log: OwnLog;
  /** Knows everything from the messages on that are built. */
  readonly scanned: ScannedLog;
  readonly view: ChatView;
}

/** Makes of messages of a log what is shown of them (chapter 07 section 10.2). */
export class MessageBuilder {
  /** What was made of messages that are named often, as of one length of the log. */
  private readonly known = new Map<number, Change | undefined>();
  private knownEnd = 0;

  constructor(private readonly parts: BuilderParts) {}

  /** The messages at some places of the log, in the same order, those left out that are not shown. `quotes`: with what they answer to. */
  async build(indexes: readonly number[], quotes: boolean, signal?: AbortSignal): Promise<readonly ChatMessage[]> {
    const messages = await this.read(indexes, signal);
    const parents = quotes ? await this.parentsOf(messages, signal) : new Map<number, number>();
    const changes = this.changes([...indexes, ...parents.values()]);
    const edits = await this.editsOf(indexes, changes, signal);
    const built: ChatMessage[] = [];
    for (const index of indexes) {
      const signed = messages.get(index);
      const message = this.message(index, signed, changes.get(index), edits);
      const payload = signed?.envelope.payload;
      if (message === undefined) continue;
      if (payload?.kind !== 'reply' || message.deleted) {
        built.push(message);
        continue;
      }
      const parent = parents.get(index);
      built.push({ ...message, replyTo: await this.quote(payload.parent, parent, changes, signal) });
    }
    return built;
  }

  /** What is shown of those of some messages that somebody has said: their texts after edits, with those of deleted ones left out. */
  async texts(indexes: readonly number[], signal?: AbortSignal): Promise<ReadonlyMap<number, string>> {
    const changes = this.changes(indexes);
    const texts = new Map<number, string>();
    const kept = indexes.filter((index) => changes.get(index)?.isDeleted !== true);
    const edits = await this.editsOf(kept, changes, signal);
    for (const [index, { envelope }] of await this.read(kept, signal)) {
      const edit = changes.get(index)?.edit;
      const { payload } = edit === undefined ? envelope : (edits.get(edit)?.envelope ?? envelope);
      if ('body' in payload) texts.set(index, textOf(payload.body));
    }
    return texts;
  }

  /** As many of these messages, from the first one on, as have no more than `size` bytes with what they were edited to; at least one. */
  withinSize(indexes: readonly number[], size: number): readonly number[] {
    const { log } = this.parts;
    const changes = this.changes(indexes);
    let sum = 0;
    const end = indexes.findIndex((index, i) => {
      const edit = changes.get(index)?.edit;
      sum += log.sizeOf(index) + (edit === undefined ? 0 : log.sizeOf(edit));
      return i > 0 && sum > size;
    });
    return end < 0 ? indexes : indexes.slice(0, end);
  }

  /**
   * Where the message is that a reference before `before` means, an edit standing for what it edits; undefined when there is none. `limit`: no more of the log is looked through than until its
   * cost is that.
   */
  async original(ref: MessageRef, before: number, limit: number, signal?: AbortSignal): Promise<number | undefined> {
    let wanted = ref;
    let end = before;
    for (let hops = 0; hops <= MAX_EDIT_CHAIN; hops++) {
      const found = await this.find(wanted, end, limit, signal);
      if (found === undefined) return undefined;
      const { payload } = found.message.envelope;
      if (payload.kind !== 'edit') return found.index;
      // Always further back: there are no loops.
      wanted = payload.target;
      end = found.index;
    }
    return undefined;
  }

  /** Where the messages before place `before` are that edits and deletions from there on have changed, oldest first; what comes from others than their authors, or after a deletion, changes nothing. */
  async changedSince(before: number, signal?: AbortSignal): Promise<readonly number[]> {
    const { scanned } = this.parts;
    await scanned.reach(before, signal);
    const found = new Set<number>();
    // One for each message that they name, however often somebody edits it.
    const marks = new Map<number, number>();
    for (const { index, target } of scanned.marks(before)) if (!marks.has(target)) marks.set(target, index);
    let passed = 0;
    for (const index of marks.values()) {
      throwIfAborted(signal, 'reading a chat');
      if (++passed % MARKS_A_TURN === 0) await takeTurn();
      const payload = (await this.read([index], signal)).get(index)?.envelope.payload;
      if (payload?.kind !== 'edit' && payload?.kind !== 'delete') continue;
      const original = await this.original(payload.target, index, Infinity, signal);
      if (original !== undefined && original < before) found.add(original);
    }
    const indexes = [...found].sort((a, b) => a - b);
    const [then, now] = [this.changes(indexes, before), this.changes(indexes)];
    return indexes.filter((index) => {
      const [was, is] = [then.get(index), now.get(index)];
      return was?.isDeleted !== true && (is?.isDeleted === true || is?.edit !== was?.edit);
    });
  }

  /** Where the messages are that answers among these answer to. */
  private async parentsOf(
    messages: ReadonlyMap<number, SignedMessage>,
    signal: AbortSignal | undefined,
  ): Promise<ReadonlyMap<number, number>> {
    const parents = new Map<number, number>();
    const limit = this.parts.scanned.cost + QUOTE_COST;
    for (const [index, { envelope }] of messages) {
      if (envelope.payload.kind !== 'reply') continue;
      const parent = await this.original(envelope.payload.parent, index, limit, signal);
      if (parent !== undefined) parents.set(index, parent);
    }
    return parents;
  }

  /** The quote of a message; one at a time, because whole messages may be long. */
  private async quote(
    ref: MessageRef,
    parent: number | undefined,
    changes: ReadonlyMap<number, Change>,
    signal: AbortSignal | undefined,
  ): Promise<ChatQuote> {
    if (parent === undefined) return quoteOf(ref, undefined);
    const messages = await this.read([parent], signal);
    const edits = await this.editsOf([parent], changes, signal);
    return quoteOf(ref, this.message(parent, messages.get(parent), changes.get(parent), edits));
  }

  private async editsOf(
    indexes: readonly number[],
    changes: ReadonlyMap<number, Change>,
    signal: AbortSignal | undefined,
  ): Promise<ReadonlyMap<number, SignedMessage>> {
    const edits = indexes.flatMap((index) => {
      const { edit, isDeleted = false } = changes.get(index) ?? {};
      return edit === undefined || isDeleted ? [] : [edit];
    });
    return this.read(edits, signal);
  }

  private async find(
    ref: MessageRef,
    before: number,
    limit: number,
    signal: AbortSignal | undefined,
  ): Promise<{ readonly index: number; readonly message: SignedMessage } | undefined> {
    const { scanned, hasher } = this.parts;
    const key = refKey(ref);
    let end = before;
    for (;;) {
      const index = scanned.find(key, end);
      if (index !== undefined) {
        const message = (await this.read([index], signal)).get(index);
        if (message?.ref(hasher).equals(ref) === true) return { index, message };
        end = index;
        continue;
      }
      const { start } = scanned;
      if (start === 0 || scanned.cost >= limit) return undefined;
      end = Math.min(end, start);
      await scanned.reach(start - 1, signal);
    }
  }

  /** The messages at these places that are there. */
  private async read(indexes: readonly number[], signal: AbortSignal | undefined): Promise<Map<number, SignedMessage>> {
    const found = new Map<number, SignedMessage>();
    const sorted = [...new Set(indexes)].sort((a, b) => a - b);
    for (let i = 0; i < sorted.length;) {
      const from = sorted[i] ?? 0;
      let to = from + 1;
      i++;
      while (sorted[i] === to) {
        to++;
        i++;
      }
      for await (const { index, bytes } of this.parts.log.read(from, to, signal)) {
        const message = bytes === undefined ? undefined : readMessage(bytes);
        if (message !== undefined && !(message instanceof Error)) found.set(index, message);
      }
    }
    return found;
  }

  /** What was made, before place `end` of the log, of messages that somebody has said by those that wrote them: the last edit counts, and what is deleted stays so. */
  changes(indexes: readonly number[], end: number = Infinity): ReadonlyMap<number, Change> {
    const { scanned } = this.parts;
    const changes = new Map<number, Change>();
    for (const index of indexes) {
      const kind = scanned.kind(index);
      if (changes.has(index) || (kind !== ScannedKind.said && kind !== ScannedKind.reply)) continue;
      const change = this.changeOf(index, end);
      if (change !== undefined) changes.set(index, change);
    }
    return changes;
  }

  private changeOf(root: number, end: number): Change | undefined {
    const { scanned } = this.parts;
    if (this.knownEnd !== scanned.end) this.known.clear();
    this.knownEnd = scanned.end;
    const isAll = end >= scanned.end;
    if (isAll && this.known.has(root)) return this.known.get(root);
    const { marks, passed } = this.marksOf(root, end);
    let change: Change | undefined;
    for (const { index, isDelete } of marks) {
      const { isDeleted, edit } = change ?? { isDeleted: false, edit: undefined };
      change = isDelete ? { isDeleted: true, edit } : { isDeleted, edit: Math.max(edit ?? 0, index) };
    }
    if (isAll && passed >= MANY_MARKS) this.known.set(root, change);
    return change;
  }

  /** The edits and deletions of a message, and of its edits, that count: those of its author; and how many were looked at for that. What names a message is behind it. */
  private marksOf(root: number, end: number): { readonly marks: ReadonlySet<ScannedMark>; readonly passed: number } {
    const { scanned, view } = this.parts;
    const author = scanned.author(root);
    const found = new Set<ScannedMark>();
    let named = [root];
    let passed = 0;
    for (let hops = 0; named.length > 0 && hops <= MAX_EDIT_CHAIN; hops++) {
      const edits: number[] = [];
      for (const one of named) {
        const marks = scanned.marksOf(scanned.key(one));
        passed += marks.length;
        for (const mark of marks) {
          if (mark.index <= one || mark.index >= end || found.has(mark) || !isSamePerson(view.state, mark.author, author)) continue;
          found.add(mark);
          if (!mark.isDelete) edits.push(mark.index);
        }
      }
      named = edits;
    }
    return { marks: found, passed };
  }

  private message(
    index: number,
    signed: SignedMessage | undefined,
    change: Change | undefined,
    edits: ReadonlyMap<number, SignedMessage>,
  ): ChatMessage | undefined {
    const { view, hasher, chatId } = this.parts;
    const { state, seen } = view;
    const author = signed === undefined ? undefined : state.members.get(signed.envelope.author.toString());
    if (signed === undefined || author === undefined) return undefined;
    const { envelope } = signed;
    const isOwn = isSamePerson(state, envelope.author.toString(), state.host.toString());
    const base = {
      index,
      ref: signed.ref(hasher).toString(),
      author: author.username,
      isOwn,
      time: new Date(envelope.time),
      isNew: index >= seen && !isOwn,
      replyTo: undefined,
    };
    const { payload } = envelope;
    if (payload.kind !== 'application' && payload.kind !== 'reply') {
      const event = chatEvent(envelope, state);
      return event && { ...base, ...event, text: '', attachments: [], edited: false, deleted: false };
    }
    const deleted = change?.isDeleted === true;
    const edit = editedBody(change?.edit === undefined ? undefined : edits.get(change.edit)?.envelope);
    return {
      ...base,
      kind: 'text',
      about: [],
      text: deleted ? '' : textOf(edit ?? payload.body),
      attachments: deleted ? [] : attachmentsOf(payload.body, chatId),
      edited: !deleted && edit !== undefined,
      deleted,
    };
  }
}

function editedBody(envelope: MessageEnvelope | undefined): Extract<MessageEnvelope['payload'], { kind: 'edit' }>['body'] | undefined {
  return envelope?.payload.kind === 'edit' ? envelope.payload.body : undefined;
}

function quoteOf(ref: MessageRef, message: ChatMessage | undefined): ChatQuote {
  if (message === undefined) {
    return { ref: ref.toString(), index: undefined, author: undefined, text: '', deleted: false, hasAttachments: false };
  }
  const { index, author, text, deleted, attachments } = message;
  return { ref: message.ref, index, author, text: beginningOf(text, QUOTE_LENGTH), deleted, hasAttachments: attachments.length > 0 };
}
