import type { ChatState } from '../src/chat/chat-state.js';
import { ChatProperty } from '../src/chat/group-property.js';
import type { MemberId } from '../src/chat/member-id.js';
import type { GroupStatePayload, InvitePayload, RemoveMemberPayload } from '../src/chat/message-payload.js';
import type { MessageEnvelope } from '../src/chat/message-envelope.js';
import type { SignedMessage } from '../src/chat/signed-message.js';
import type { CryptoProvider } from '../src/crypto/provider.js';

/** Somebody in the chat, by the log. */
interface ReferenceMember {
  readonly id: MemberId;
  readonly username: string;
  isRemoved: boolean;
  hasJoined: boolean;
}

/** A value of a property that no other one has overtaken. */
interface ReferenceUpdate {
  readonly author: MemberId;
  readonly value: string;
  /** What its author had seen, as far as that is true. */
  readonly seen: ReadonlyMap<string, number>;
}

/** What a log shows of something that was said. */
export interface ReferenceMessage {
  readonly ref: string;
  readonly author: MemberId;
  readonly username: string;
  text: string;
  edited: boolean;
  deleted: boolean;
  /** What it answers to, an edit standing for what it edits; undefined where that is not in the log. */
  readonly parent: ReferenceMessage | undefined;
  readonly answers: boolean;
  /** The edits and deletions that count, in the order of the log. */
  readonly marks: string[];
}

/** What is peculiar about a log. */
export interface ReferenceOptions {
  /** Whose log it is. */
  readonly owner: string;
  /** Whether each message of an author is to be followed by the next one: nothing is lost in this history. */
  readonly isWhole: boolean;
  /** Whether messages that this author had seen may come after its own: see `History.isDisputed`. */
  readonly isDisputed: (author: MemberId) => boolean;
  /** Whether the message was made by a program that keeps to no rule, after its author was removed. */
  readonly isStray: (ref: string) => boolean;
}

/**
 * What a copy of a chat has to be, by its log alone and by the plainest reading of chapter 07 sections 7.3 and 10.2; it shares no code with the product. Takes the log message by message, so that it
 * can be asked after every step, and finds whatever stands before its causes (section 9.1).
 */
export class ReferenceCopy {
  readonly members = new Map<string, ReferenceMember>();
  readonly said: ReferenceMessage[] = [];
  private readonly updates = new Map<string, ReferenceUpdate[]>();
  /** The last message of each author. */
  private readonly counters = new Map<string, number>();
  /** The last message of each author that any message here has seen. */
  private readonly claimed = new Map<string, number>();
  /** What each reference is: something that was said, for an edit the first message; undefined for what shows nothing. */
  private readonly places = new Map<string, ReferenceMessage | undefined>();
  /** By the references of edits that count or do not, what they edit. */
  private readonly edits = new Map<string, string>();
  /** What was answered to, edited or deleted before it was there. */
  private readonly missed = new Set<string>();
  private length = 0;

  constructor(
    private readonly crypto: CryptoProvider,
    private readonly options: ReferenceOptions,
  ) {}

  /** Takes what has come to the log since. `copied`: how much of it was made of the log of an inviter, where one message stands in the place of one that was refused. */
  follow(messages: readonly SignedMessage[], copied: number): void {
    for (; this.length < messages.length; this.length++) {
      const message = messages[this.length];
      if (message !== undefined) this.take(message, this.length < copied);
    }
  }

  /** What is wrong with a state that belongs to the log. */
  faultOf(state: ChatState): string | undefined {
    const members = [...state.members.values()].map(({ id, username, isRemoved, proof }) => describe(id, username, isRemoved, !!proof));
    const expected = [...this.members.values()].map(({ id, username, isRemoved, hasJoined }) =>
      describe(id, username, isRemoved, hasJoined),
    );
    if (members.sort().join() !== expected.sort().join()) return `members are ${members.join()} and not ${expected.join()}`;
    for (const key of new Set([...state.properties.keys(), ...this.updates.keys()])) {
      const found = state.properties.get(key);
      const winner = this.winner(key);
      if (found?.value !== winner?.value || found?.author.toString() !== winner?.author.toString()) {
        return `${key} is ${found?.value ?? 'not there'} and not ${winner?.value ?? 'so'}`;
      }
    }
    for (const { id, isRemoved } of this.members.values()) {
      const counter = this.counters.get(id.toString()) ?? 0;
      if (!isRemoved && state.clock.get(id) !== counter)
        return `the clock says ${state.clock.get(id) ?? -1} of ${String(id)}, not ${counter}`;
    }
    return undefined;
  }

  get admins(): readonly string[] {
    return (this.winner(ChatProperty.admins)?.value ?? '').split(',').filter((name) => name !== '');
  }

  /** The messages of the log that count, by reference. */
  has(ref: string): boolean {
    return this.places.has(ref);
  }

  private take(message: SignedMessage, isCopied: boolean): void {
    const ref = message.ref(this.crypto).toString();
    const { envelope } = message;
    const { author, counter = 0, payload } = envelope;
    if (this.places.has(ref)) return isCopied ? undefined : this.fail(`${ref} is there twice`);
    const creator = payload.kind === 'join' && this.length === 0 ? payload.username : undefined;
    if (creator !== undefined) this.members.set(author.toString(), { id: author, username: creator, isRemoved: false, hasJoined: false });
    const member = this.members.get(author.toString());
    if (member === undefined) return this.fail('is of nobody who was invited');
    if (member.isRemoved) {
      if (member.username !== this.options.owner || !this.options.isStray(ref)) return this.fail('is of somebody who was removed');
      // Everybody may write into the own log; it says so to nobody else.
      this.places.set(ref, this.shownBy(ref, member, envelope));
      return undefined;
    }
    this.checkCauses(ref, envelope);
    this.places.set(ref, this.shownBy(ref, member, envelope));
    this.apply(member, envelope);
    this.counters.set(author.toString(), counter);
    for (const [id, seen] of envelope.timestamp.values()) {
      const key = id.toString();
      if (key !== author.toString()) this.claimed.set(key, Math.max(this.claimed.get(key) ?? 0, seen));
    }
  }

  private checkCauses(ref: string, { author, counter = 0, payload }: MessageEnvelope): void {
    const key = author.toString();
    const before = this.counters.get(key) ?? 0;
    if (counter <= before) this.fail(`is number ${counter} of ${key}, after ${before}`);
    if (this.options.isWhole && counter !== before + 1) this.fail(`is number ${counter} of ${key}, not the one after ${before}`);
    if (!this.options.isDisputed(author)) {
      if (counter <= (this.claimed.get(key) ?? 0)) this.fail('comes after a message that had seen it');
      if (this.missed.has(ref)) this.fail('comes after what answers to it, or changes it');
    }
    const target = targetOf(payload);
    if (target !== undefined && !this.places.has(target)) this.missed.add(target);
  }

  private apply(author: ReferenceMember, { payload, timestamp }: MessageEnvelope): void {
    switch (payload.kind) {
      case 'join':
        author.hasJoined = true;
        break;
      case 'invite':
        this.invite(author, payload);
        break;
      case 'remove-member':
        this.remove(author, payload);
        break;
      case 'group-state':
        this.set(author, payload, new Map([...timestamp.values()].map(([id, seen]) => [id.toString(), this.believed(author, id, seen)])));
        break;
      default:
        break;
    }
  }

  private invite(author: ReferenceMember, { member: id, username }: InvitePayload): void {
    if (this.members.has(id.toString()) || id.parent?.equals(author.id) !== true) this.fail('invites as nobody can');
    this.members.set(id.toString(), { id, username, isRemoved: false, hasJoined: false });
  }

  private remove(author: ReferenceMember, { member }: RemoveMemberPayload): void {
    const removed = this.members.get(member.toString());
    if (removed !== undefined && (removed === author || this.admins.includes(author.username))) removed.isRemoved = true;
  }

  private set(author: ReferenceMember, { key, value }: GroupStatePayload, seen: ReadonlyMap<string, number>): void {
    const known = this.updates.get(key) ?? [];
    if (key === ChatProperty.admins && known.length > 0 && !this.admins.includes(author.username)) return;
    const update: ReferenceUpdate = { author: author.id, value, seen };
    if (known.some((other) => hasSeen(other, update))) return;
    this.updates.set(key, [...known.filter((other) => !hasSeen(update, other)), update]);
  }

  /** Nobody has seen messages of those who are there that are not. */
  private believed(author: ReferenceMember, id: MemberId, seen: number): number {
    const member = this.members.get(id.toString());
    const isClaim = member !== undefined && !member.isRemoved && member !== author;
    return isClaim ? Math.min(seen, this.counters.get(id.toString()) ?? 0) : seen;
  }

  private winner(key: string): ReferenceUpdate | undefined {
    return (this.updates.get(key) ?? []).toSorted((a, b) => a.author.compare(b.author))[0];
  }

  private shownBy(ref: string, member: ReferenceMember, { author, payload }: MessageEnvelope): ReferenceMessage | undefined {
    const target = targetOf(payload);
    if (payload.kind === 'edit' && target !== undefined) this.edits.set(ref, target);
    if (payload.kind === 'application' || payload.kind === 'reply') {
      const parent = target === undefined ? undefined : this.original(target);
      const text = payload.body.join('\n');
      const message: ReferenceMessage = {
        ref,
        author,
        username: member.username,
        text,
        edited: false,
        deleted: false,
        parent,
        answers: target !== undefined,
        marks: [],
      };
      this.said.push(message);
      return message;
    }
    const changed = target === undefined ? undefined : this.places.get(target);
    if (changed === undefined || changed.username !== member.username) return undefined;
    changed.marks.push(ref);
    if (payload.kind === 'delete') [changed.deleted, changed.edited, changed.text] = [true, false, ''];
    if (payload.kind === 'edit' && !changed.deleted) [changed.edited, changed.text] = [true, payload.body.join('\n')];
    return payload.kind === 'edit' ? changed : undefined;
  }

  private original(ref: string): ReferenceMessage | undefined {
    let at = ref;
    for (let next = this.edits.get(at); next !== undefined; next = this.edits.get(at)) at = next;
    return this.places.get(at);
  }

  private fail(what: string): never {
    throw new Error(`message ${this.length} of ${this.options.owner}: ${what}`);
  }
}

function hasSeen(one: ReferenceUpdate, other: ReferenceUpdate): boolean {
  const author = other.author.toString();
  return (one.seen.get(author) ?? -1) >= (other.seen.get(author) ?? 0);
}

function targetOf(payload: MessageEnvelope['payload']): string | undefined {
  if (payload.kind === 'reply') return payload.parent.toString();
  return payload.kind === 'edit' || payload.kind === 'delete' ? payload.target.toString() : undefined;
}

function describe(id: MemberId, username: string, isRemoved: boolean, hasJoined: boolean): string {
  return `${String(id)} ${username}${isRemoved ? ' removed' : hasJoined ? '' : ' invited'}`;
}
