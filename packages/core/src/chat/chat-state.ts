import { assertInstance, assertObject } from '../arguments.js';
import { assertBytes } from '../bytes.js';
import { decodeCbor } from '../codec/cbor-decode.js';
import { encodeCbor } from '../codec/cbor-encode.js';
import type { CborFields } from '../codec/cbor-fields.js';
import { cborMap, type CborValue, type ToCbor } from '../codec/cbor-value.js';
import { ArgumentError, LimitError, PyrgosError } from '../errors.js';
import type { PublicKeyHash } from '../keys/public-key-hash.js';
import { MAX_CHAT_RECENT, MAX_CHAT_STATE_SIZE } from '../limits.js';
import { isFriendName } from '../social/social-fields.js';
import { chatList, chatMap } from './chat-fields.js';
import { isChatId, parseChatId } from './chat-id.js';
import { ChatMember } from './chat-member.js';
import { ChatProperty, GroupProperty } from './group-property.js';
import { MemberId } from './member-id.js';
import { isBetter } from './member-of-name.js';
import { MessageEnvelope } from './message-envelope.js';
import { TreeClock } from './tree-clock.js';

/** The parts of a {@link ChatState}. */
export interface ChatStateParts {
  readonly chatId: string;
  /** What was seen of everybody. */
  readonly clock: TreeClock;
  /** Whose copy this is. */
  readonly host: MemberId;
  /** All members ever, by the text of their ids. */
  readonly members: ReadonlyMap<string, ChatMember>;
  readonly properties: ReadonlyMap<string, GroupProperty>;
  /** The newest messages, oldest first. */
  readonly recent: readonly MessageEnvelope[];
}

/** What one member's copy of a chat amounts to: `peergos-chat-state.cbor` (chapter 07 section 3.7). Immutable. */
export class ChatState implements ToCbor, ChatStateParts {
  private cachedUsernames: ReadonlyMap<string, ChatMember> | undefined;

  private constructor(
    readonly chatId: string,
    readonly clock: TreeClock,
    readonly host: MemberId,
    readonly members: ReadonlyMap<string, ChatMember>,
    readonly properties: ReadonlyMap<string, GroupProperty>,
    readonly recent: readonly MessageEnvelope[],
  ) {}

  /** Builds a state. ArgumentError when the host is no member. */
  static of(parts: ChatStateParts): ChatState {
    assertObject('parts', parts);
    const { chatId, clock, host, members, properties, recent } = parts;
    parseChatId(chatId);
    assertInstance('clock', clock, TreeClock);
    assertInstance('host', host, MemberId);
    if (!(members instanceof Map) || !(properties instanceof Map)) throw new ArgumentError('members', 'and properties must be Maps');
    if (!members.has(host.toString())) throw new ArgumentError('host', 'must be a member');
    if (!Array.isArray(recent)) throw new ArgumentError('recent', 'must be a list');
    return new ChatState(chatId, clock, host, members, properties, recent);
  }

  /** The state of a chat that its creator has not even joined yet (section 6.1). */
  static initial(args: { readonly chatId: string; readonly username: string; readonly identity: PublicKeyHash }): ChatState {
    assertObject('args', args);
    const { chatId, username, identity } = args;
    const creator = ChatMember.of({
      username,
      id: MemberId.creator,
      identity,
      invited: 0,
      mergedUpTo: 0,
      isRemoved: false,
      proof: undefined,
    });
    return ChatState.of({
      chatId,
      clock: TreeClock.of([[MemberId.creator, 0]]),
      host: MemberId.creator,
      members: new Map([[MemberId.creator.toString(), creator]]),
      properties: new Map(),
      recent: [],
    });
  }

  /** Reads the map `{"c", "g", "h", "i", "m", "r", "v"}`. A recent message that is not understood is left out: it is in the log. */
  static fromCbor(value: CborValue, where = 'ChatState'): ChatState {
    const fields = chatMap(where, value);
    const chatId = fields.text('i');
    if (!isChatId(chatId)) return fields.fail('i', 'must be the id of a chat');
    const host = MemberId.fromCbor(fields.list('h'), fields.path('h'));
    const members = membersField(fields, 'm');
    if (!members.has(host.toString())) return fields.fail('h', 'must be a member');
    const properties = new Map<string, GroupProperty>();
    for (const [key, item] of fields.optionalMap('g') ?? new Map<string, CborValue>()) {
      properties.set(key, GroupProperty.fromCbor(item, `${fields.path('g')}[${key}]`));
    }
    const recent = (fields.optionalList('r') ?? []).slice(-MAX_CHAT_RECENT).flatMap((item) => readRecent(item));
    return new ChatState(chatId, TreeClock.fromCbor(fields.list('c'), fields.path('c')), host, members, properties, recent);
  }

  /** Reads the file; anything after the item is an error. LimitError beyond MAX_CHAT_STATE_SIZE. */
  static decode(bytes: Uint8Array): ChatState {
    assertBytes('bytes', bytes);
    if (bytes.length > MAX_CHAT_STATE_SIZE) throw new LimitError('chat state', bytes.length, MAX_CHAT_STATE_SIZE);
    return ChatState.fromCbor(decodeCbor(bytes));
  }

  /** The same with other values in some places. */
  with(changes: Partial<ChatStateParts>): ChatState {
    const { chatId, clock, host, members, properties, recent } = this;
    return ChatState.of({ chatId, clock, host, members, properties, recent, ...changes });
  }

  /** The same with one member replaced or added. */
  withMember(member: ChatMember): ChatState {
    assertInstance('member', member, ChatMember);
    return this.with({ members: new Map(this.members).set(member.id.toString(), member) });
  }

  /** The member with this id, or undefined. */
  member(id: MemberId): ChatMember | undefined {
    assertInstance('id', id, MemberId);
    return this.members.get(id.toString());
  }

  /**
   * The member of this name: one that was not removed if there is one, and of several one that has joined (section 3.6). Of the user whose copy it is one with the same identity, whoever else goes
   * by that name.
   */
  memberOf(username: string): ChatMember | undefined {
    this.cachedUsernames ??= byUsername(this.members.values(), this.hostMember);
    return this.cachedUsernames.get(username);
  }

  /** Whose copy this is. */
  get hostMember(): ChatMember {
    return this.members.get(this.host.toString()) as ChatMember;
  }

  /** `''` when it was never set. Text of members; never markup. */
  get title(): string {
    return this.properties.get(ChatProperty.title)?.value ?? '';
  }

  /** The picture as a member has set it, which may be anything; undefined when there is none. */
  get icon(): string | undefined {
    const value = this.properties.get(ChatProperty.icon)?.value;
    return value === '' ? undefined : value;
  }

  /** The usernames of the admins, removed members among them. */
  get admins(): readonly string[] {
    return adminNames(this.properties.get(ChatProperty.admins)?.value ?? '');
  }

  /** Value equality. */
  equals(other: ChatState | undefined): boolean {
    return (
      other instanceof ChatState &&
      this.chatId === other.chatId &&
      this.clock.equals(other.clock) &&
      this.host.equals(other.host) &&
      sameMap(this.members, other.members) &&
      sameMap(this.properties, other.properties) &&
      this.recent.length === other.recent.length &&
      this.recent.every((envelope, i) => envelope.equals(other.recent[i]))
    );
  }

  /** The map `{"c", "g", "h", "i", "m", "r", "v"}`, the members in ascending order of their ids. */
  toCbor(): CborValue {
    const members = [...this.members.values()].sort((a, b) => a.id.compare(b.id));
    return cborMap([
      ['c', this.clock.toCbor()],
      ['g', new Map([...this.properties].map(([key, property]) => [key, property.toCbor()]))],
      ['h', this.host.toCbor()],
      ['i', this.chatId],
      ['m', members.flatMap((member) => [member.id.toCbor(), member.toCbor()])],
      ['r', this.recent.map((envelope) => envelope.toCbor())],
      ['v', 0],
    ]);
  }

  /** The bytes of the file. */
  encode(): Uint8Array {
    return encodeCbor(this.toCbor());
  }
}

/** The names in the value of the property `admins`; what is no username is left out. */
export function adminNames(value: string): readonly string[] {
  return [...new Set(value.split(',').filter(isFriendName))];
}

function membersField(fields: CborFields, key: string): ReadonlyMap<string, ChatMember> {
  const list = chatList(fields.path(key), fields.list(key));
  if (list.size % 2 !== 0) return fields.fail(key, 'must be pairs of an id and a member');
  const members = new Map<string, ChatMember>();
  for (let i = 0; i < list.size; i += 2) {
    const id = MemberId.fromCbor(list.list(i), list.path(i));
    const member = ChatMember.fromCbor(list.map(i + 1), list.path(i + 1));
    if (!member.id.equals(id)) return list.fail(i, 'must be the id of the member after it');
    if (members.has(id.toString())) return list.fail(i, 'is an id that was there before');
    members.set(id.toString(), member);
  }
  return members;
}

function readRecent(value: CborValue): readonly MessageEnvelope[] {
  try {
    return [MessageEnvelope.fromCbor(value)];
  } catch (error) {
    if (error instanceof PyrgosError && error.code !== 'internal') return [];
    throw error;
  }
}

function byUsername(members: Iterable<ChatMember>, { username, identity }: ChatMember): ReadonlyMap<string, ChatMember> {
  const found = new Map<string, ChatMember>();
  for (const member of members) {
    if (member.username === username && !member.identity.equals(identity)) continue;
    const known = found.get(member.username);
    if (known === undefined || isBetter(member, known)) found.set(member.username, member);
  }
  return found;
}

function sameMap<T extends { equals(other: T | undefined): boolean }>(a: ReadonlyMap<string, T>, b: ReadonlyMap<string, T>): boolean {
  return a.size === b.size && [...a].every(([key, value]) => value.equals(b.get(key)));
}
