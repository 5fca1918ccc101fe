import { assertFunction, assertInstance, assertList, assertMethods, assertObject, assertOptionalInstance } from '../arguments.js';
import { assertBytes, assertInteger, concatBytes } from '../bytes.js';
import { cborMap } from '../codec/cbor-value.js';
import type { CryptoProvider } from '../crypto/provider.js';
import { ArgumentError, DeniedError, LimitError } from '../errors.js';
import { OwnerProof } from '../keys/owner-proof.js';
import { PublicKeyHash } from '../keys/public-key-hash.js';
import { SIGNATURE_SIZE, SigningKeyPair, signDetached } from '../keys/signing-key.js';
import { MAX_CHAT_MEMBER_ID_LENGTH, MAX_CHAT_STRANGERS } from '../limits.js';
import type { FileRef } from '../social/file-ref.js';
import { assertFriendName } from '../social/social-fields.js';
import { exceededByMember, exceededByProperty } from './chat-budget.js';
import { ChatMember } from './chat-member.js';
import { ChatState } from './chat-state.js';
import {
  ChatWorkingCopy,
  type IdentityCheck,
  type KeyFinder,
  type MessageEffect,
  type MissingMessages,
  nameChecks,
  type Verdict,
} from './chat-working-copy.js';
import { ChatProperty, GroupProperty } from './group-property.js';
import { MemberId } from './member-id.js';
import { MessageEnvelope } from './message-envelope.js';
import { checkPayload, filesOf, type InvitePayload, type MessagePayload } from './message-payload.js';
import { MessageRef } from './message-ref.js';
import { OwnHistory, type OwnLogReader } from './own-history.js';
import { PrivateChatState } from './private-chat-state.js';
import { SignedMessage } from './signed-message.js';

/** The user whose copy of a chat it is. */
export interface ChatIdentity {
  readonly username: string;
  /** The hash of the identity key. */
  readonly key: PublicKeyHash;
  /** The detached signature, 64 bytes, by the identity key. */
  readonly sign: (bytes: Uint8Array) => Promise<Uint8Array>;
}

/** What a {@link ChatReplica} works with. */
export interface ChatReplicaParts {
  readonly crypto: CryptoProvider;
  readonly state: ChatState;
  readonly privateState: PrivateChatState;
  readonly identity: ChatIdentity;
  /** Unix time in milliseconds. */
  readonly now: () => number;
  /** How many messages the own log has, in the same snapshot as the state. */
  readonly logLength: number;
  /** The last message of the own log; undefined when it is empty. */
  readonly last: MessageRef | undefined;
  /** Reads the own log, where that has to be known to tell whether somebody has joined this chat; without it everybody who says so has. */
  readonly readLog?: OwnLogReader | undefined;
  /** Finds identity keys that are blocks of their own; without it members with such keys are not believed. */
  readonly findKey?: KeyFinder | undefined;
  /** Whose names are whose; without it everybody but the user may go by any name (chapter 07 section 7.3). */
  readonly isIdentityOf?: IdentityCheck | undefined;
  /** Which identities users have now; without it only that of the user is known. */
  readonly isPresentIdentityOf?: IdentityCheck | undefined;
}

/** The files of one message of somebody else. */
export interface MediaToMirror {
  /** Who has sent the message. */
  readonly author: string;
  readonly files: readonly FileRef[];
}

/** What an update has changed, and what belongs to it. */
export interface ChatChanges {
  /** Goes to the end of the own log, in this order. */
  readonly appended: readonly SignedMessage[];
  readonly state: ChatState;
  readonly stateChanged: boolean;
  readonly privateState: PrivateChatState;
  readonly privateChanged: boolean;
  /** Files of others in new messages: to be copied (chapter 07 section 8.3). */
  readonly toMirror: readonly MediaToMirror[];
  /** Users who are no longer in the chat: they may read the own copy no longer. */
  readonly revoked: readonly string[];
  /** Users who have joined. */
  readonly joined: readonly string[];
}

/** What {@link ChatReplica.merge} did: `applied`, or why not; see {@link Verdict}. */
export type MergeResult = 'applied' | Exclude<Verdict, 'new'>;

/** Somebody who is invited. The identity key is what the server of keys says, not what the user says. */
export interface ChatInvitee {
  readonly username: string;
  readonly identity: PublicKeyHash;
}

/** Payloads that show something. */
const CONTENT = new Set<MessagePayload['kind']>(['application', 'reply', 'delete', 'edit']);

/**
 * One member's copy of a chat for the length of one update: messages of the user and of others are applied to it (chapter 07 sections 6 and 7), then
 * {@link ChatReplica.changes} is written in one go. Pure: it reads and writes nothing. Calls must not overlap. What is refused changes nothing but
 * counters.
 */
export class ChatReplica {
  private readonly crypto: CryptoProvider;
  private readonly identity: ChatIdentity;
  private readonly now: () => number;
  private readonly before: { readonly state: ChatState; readonly privateState: PrivateChatState };
  private readonly copy: ChatWorkingCopy;
  private host: MemberId;
  private chatKeys: SigningKeyPair;
  private deleted: readonly string[];
  private logLength: number;
  private last: MessageRef | undefined;
  private lastMessage: SignedMessage | undefined;
  private readonly appended: SignedMessage[] = [];
  private readonly toMirror: MediaToMirror[] = [];
  private readonly removed = new Set<string>();
  private readonly joined = new Set<string>();
  private isBusy = false;

  constructor(parts: ChatReplicaParts) {
    assertObject('parts', parts);
    const { crypto, state, privateState, identity, now, logLength, last, readLog, findKey, isIdentityOf, isPresentIdentityOf } = parts;
    assertMethods('crypto', crypto, 'ed25519Sign', 'ed25519Verify', 'ed25519KeyPair', 'sha256', 'randomBytes');
    assertInstance('state', state, ChatState);
    assertInstance('privateState', privateState, PrivateChatState);
    assertObject('identity', identity);
    assertFriendName('identity.username', identity.username);
    assertInstance('identity.key', identity.key, PublicKeyHash);
    assertFunction('identity.sign', identity.sign);
    assertFunction('now', now);
    assertInteger('logLength', logLength, 0, Number.MAX_SAFE_INTEGER);
    assertOptionalInstance('last', last, MessageRef);
    if (readLog !== undefined) assertFunction('readLog', readLog);
    if (findKey !== undefined) assertFunction('findKey', findKey);
    if (isIdentityOf !== undefined) assertFunction('isIdentityOf', isIdentityOf);
    if (isPresentIdentityOf !== undefined) assertFunction('isPresentIdentityOf', isPresentIdentityOf);
    if (state.hostMember.username !== identity.username) throw new ArgumentError('state', 'must be that of a copy of this user');
    this.crypto = crypto;
    this.identity = identity;
    this.now = now;
    this.before = { state, privateState };
    const names = nameChecks(identity, { isIdentityOf, isPresentIdentityOf });
    const history = new OwnHistory(crypto, logLength === 0, readLog, state.recent);
    this.copy = new ChatWorkingCopy(crypto, state.chatId, state, privateState, findKey, names, history, MAX_CHAT_STRANGERS);
    this.host = state.host;
    this.chatKeys = privateState.chatKeys;
    this.deleted = privateState.deleted;
    this.logLength = logLength;
    this.last = last;
    // Other clients count too much now and then (section 9.3).
    if (this.hostMember.mergedUpTo > logLength) this.countLog();
  }

  /** The state as it is now. */
  get state(): ChatState {
    return this.copy.state(this.host);
  }

  /** The private state as it is now. */
  get privateState(): PrivateChatState {
    return PrivateChatState.of(this.chatKeys, this.deleted, this.copy.contenders, this.copy.removals);
  }

  /** What has changed since the copy was read. */
  get changes(): ChatChanges {
    const { state, privateState } = this;
    return {
      appended: [...this.appended],
      state,
      stateChanged: !state.equals(this.before.state),
      privateState,
      privateChanged: !privateState.equals(this.before.privateState),
      toMirror: [...this.toMirror],
      // Whoever was invited again in the meantime keeps the access.
      revoked: [...this.removed].filter((username) => this.copy.present(username).length === 0),
      joined: [...this.joined].filter((username) => this.copy.present(username).length > 0),
    };
  }

  /**
   * Messages at the end of the own log that the state does not know of, because a program stopped between writing the one and the other: read those from `from` on and give them to
   * {@link ChatReplica.recover} first. Undefined when there are none.
   */
  get unrecovered(): { readonly from: number; readonly to: number } | undefined {
    const from = this.hostMember.mergedUpTo;
    return from < this.logLength ? { from, to: this.logLength } : undefined;
  }

  /** Why the user cannot write, or undefined (section 7.4). */
  get readOnlyReason(): 'removed' | 'pending' | 'keys-lost' | undefined {
    const host = this.hostMember;
    if (host.isRemoved) return 'removed';
    if (host.proof === undefined) return 'pending';
    return host.chatKey?.equals(this.chatKeys.publicKey) === true ? undefined : 'keys-lost';
  }

  /** Applies what the own log has and the state has not; see {@link ChatReplica.unrecovered}. */
  async recover(messages: readonly SignedMessage[]): Promise<void> {
    assertList('messages', messages);
    const missing = this.unrecovered;
    if (missing === undefined || messages.length !== missing.to - missing.from) {
      throw new ArgumentError('messages', 'must be what the own log has more than the state');
    }
    await this.exclusively(async () => {
      const wasRemoved = this.hostMember.isRemoved;
      for (const message of messages) {
        assertInstance('messages', message, SignedMessage);
        const verdict = await this.copy.judge(message, true);
        if (verdict === 'new' || verdict === 'gap') await this.apply(message, 'recover');
        // As it was counted when the message was appended: positions of invited members are made from it.
        const host = this.hostMember;
        this.copy.update(host.with({ mergedUpTo: host.mergedUpTo + 1 }));
      }
      this.countLog();
      // The program stopped before the user had joined again.
      if (wasRemoved && this.hostMember.isPending) await this.sendJoin(SigningKeyPair.generate(this.crypto));
    });
  }

  /**
   * Sends text, files, an answer, an edit or a deletion; `time`, Unix time in milliseconds, is what the message says of when that was, by default now. DeniedError `denied.chat`; LimitError for more
   * than MAX_CHAT_MESSAGE_SIZE.
   */
  async post(payload: MessagePayload, { time }: { readonly time?: number | undefined } = {}): Promise<SignedMessage> {
    const checked = checkPayload(payload);
    if (!CONTENT.has(checked.kind)) throw new ArgumentError('payload.kind', 'has a method of its own');
    return this.exclusively(async () => this.send(checked, time));
  }

  /** Says that the user is there, with the chat keys of the private state (section 6.3). DeniedError `denied.chat` when that was said before. */
  async join(): Promise<SignedMessage> {
    return this.exclusively(async () => {
      if (this.hostMember.proof !== undefined) throw denied('present', 'you have joined the chat before');
      if (this.hostMember.isRemoved) throw denied('removed', 'you were removed from the chat');
      return this.sendJoin(this.chatKeys);
    });
  }

  /** Invites users, each of whom is to be a mutual friend (section 6.4). DeniedError `denied.chat` for one who is a member; then nobody is invited. */
  async invite(people: readonly ChatInvitee[]): Promise<readonly SignedMessage[]> {
    assertList('people', people);
    const names = new Set<string>();
    for (const [i, person] of people.entries()) {
      assertObject(`people[${i}]`, person);
      assertFriendName(`people[${i}].username`, person.username);
      assertInstance(`people[${i}].identity`, person.identity, PublicKeyHash);
      if (names.has(person.username)) throw new ArgumentError(`people[${i}].username`, 'was there before');
      names.add(person.username);
    }
    return this.exclusively(async () => {
      this.assertWritable();
      if (people.some(({ username }) => this.copy.present(username).length > 0)) throw denied('present', 'a user is a member already');
      if (this.host.elements.length >= MAX_CHAT_MEMBER_ID_LENGTH) {
        throw new LimitError('invitations from the creator on', this.host.elements.length + 1, MAX_CHAT_MEMBER_ID_LENGTH);
      }
      const sent: SignedMessage[] = [];
      for (const { username, identity } of people) {
        sent.push(await this.send({ kind: 'invite', username, identity, member: this.nextInvitee() }));
      }
      return sent;
    });
  }

  /** Makes a member an admin (section 6.6). DeniedError `denied.chat`. Undefined when it is one. */
  async addAdmin(username: string): Promise<SignedMessage | undefined> {
    assertFriendName('username', username);
    return this.exclusively(async () => {
      this.assertWritable();
      if (this.copy.properties.has(ChatProperty.admins)) this.assertAdmin();
      if (this.copy.present(username).length === 0) throw denied('not-member', 'only members can be admins');
      const { admins } = this.copy;
      return admins.includes(username) ? undefined : this.sendAdmins([...admins, username]);
    });
  }

  /** Makes an admin a member like others (section 6.6). DeniedError `denied.chat`, also for the last one. Undefined when it is none. */
  async removeAdmin(username: string): Promise<SignedMessage | undefined> {
    assertFriendName('username', username);
    return this.exclusively(async () => {
      this.assertWritable();
      this.assertAdmin();
      const rest = this.copy.admins.filter((name) => name !== username);
      if (rest.length === this.copy.admins.length) return undefined;
      if (!rest.some((name) => this.copy.present(name).length > 0)) throw denied('last-admin', 'a chat needs an admin');
      return this.sendAdmins(rest);
    });
  }

  /** Sets a property other than the admins, such as the title: every member may. DeniedError `denied.chat`; LimitError. */
  async setProperty(key: string, value: string): Promise<SignedMessage> {
    if (key === ChatProperty.admins) throw new ArgumentError('key', 'has methods of its own');
    const payload = checkPayload({ kind: 'group-state', key, value });
    return this.exclusively(async () => this.send(payload));
  }

  /**
   * Removes a member, as an admin (section 6.7), after taking its rights as an admin: a user who is invited again is not to have them. DeniedError `denied.chat`.
   */
  async removeMember(username: string): Promise<readonly SignedMessage[]> {
    assertFriendName('username', username);
    if (username === this.identity.username) return [await this.leave()];
    return this.exclusively(async () => {
      this.assertWritable();
      this.assertAdmin();
      const entries = this.copy.present(username);
      if (entries.length === 0) throw denied('not-member', 'this user is no member of the chat');
      const sent: SignedMessage[] = [];
      if (this.copy.admins.includes(username)) sent.push(await this.sendAdmins(this.copy.admins.filter((name) => name !== username)));
      for (const { id } of entries) sent.push(await this.send({ kind: 'remove-member', chatId: this.copy.chatId, member: id }));
      return sent;
    });
  }

  /** Leaves the chat. DeniedError `denied.chat`. */
  async leave(): Promise<SignedMessage> {
    return this.exclusively(async () => this.send({ kind: 'remove-member', chatId: this.copy.chatId, member: this.host }));
  }

  /** Does not poll a user any more whose copy is gone, or polls it again (section 7.1). */
  setDeleted(username: string, isDeleted: boolean): void {
    assertFriendName('username', username);
    const state = this.privateState;
    this.deleted = (isDeleted ? state.withDeleted(username) : state.withoutDeleted(username)).deleted;
  }

  /** From which message on the log of a member is to be read. ArgumentError for the host, and for nobody who is known. */
  positionOf(source: MemberId): number {
    return this.sourceMember(source).mergedUpTo;
  }

  /** Reads the log of a member from its beginning again: it has become shorter, or the position was wrong. What is known is passed over. */
  rewind(source: MemberId): void {
    this.copy.update(this.sourceMember(source).with({ mergedUpTo: 0 }));
  }

  /** Counts a place in the log of a member where no message is that is understood. */
  skip(source: MemberId): void {
    const member = this.sourceMember(source);
    this.copy.update(member.with({ mergedUpTo: member.mergedUpTo + 1 }));
  }

  /**
   * Takes the next message of the log of a member (section 7.2); always in order. Without a source, of the log of somebody who is not known here yet, from the beginning. It is counted as read, but for what is for `later`, and for a `gap`: messages are missing that this one was written
   * after. They may be in another log. Once they are looked for in vain, `acceptGap` takes the message as it is; what is missing is then lost here.
   */
  async merge(
    source: MemberId | undefined,
    message: SignedMessage,
    options: { readonly acceptGap?: boolean | undefined } = {},
  ): Promise<MergeResult> {
    assertInstance('message', message, SignedMessage);
    assertObject('options', options);
    if (source !== undefined) this.sourceMember(source);
    this.assertRecovered();
    return this.exclusively(async () => {
      const verdict = await this.copy.judge(message, false, options.acceptGap === true);
      if (verdict === 'later') return verdict;
      if ((verdict === 'gap' || verdict === 'unverifiable') && options.acceptGap !== true) return 'gap';
      if (source !== undefined) this.skip(source);
      if (verdict === 'unverifiable') return 'refused';
      if (verdict !== 'new' && verdict !== 'gap') return verdict;
      return (await this.apply(message, 'merge')) ? 'applied' : 'refused';
    });
  }

  /** What is missing before a message that is a `gap`. */
  missingBefore(envelope: MessageEnvelope): readonly MissingMessages[] {
    assertInstance('envelope', envelope, MessageEnvelope);
    return this.copy.missingBefore(envelope);
  }

  private get hostMember(): ChatMember {
    return this.copy.member(this.host) as ChatMember;
  }

  private sourceMember(source: MemberId): ChatMember {
    assertInstance('source', source, MemberId);
    const member = this.copy.member(source);
    if (member === undefined || source.equals(this.host)) throw new ArgumentError('source', 'must be another member');
    return member;
  }

  private async exclusively<T>(work: () => Promise<T>): Promise<T> {
    if (this.isBusy) throw new ArgumentError('this', 'is busy: calls must not overlap');
    this.isBusy = true;
    try {
      return await work();
    } finally {
      this.isBusy = false;
    }
  }

  private assertWritable(): void {
    const reason = this.readOnlyReason;
    if (reason === 'removed') throw denied(reason, 'you are no longer in this chat');
    if (reason === 'pending') throw denied(reason, 'you have not joined this chat yet');
    if (reason !== undefined) throw denied(reason, 'the keys to write to this chat are lost; somebody has to remove and invite you again');
    this.assertRecovered();
  }

  private assertRecovered(): void {
    if (this.unrecovered !== undefined) throw new ArgumentError('state', 'is older than the log; recover first');
  }

  private assertAdmin(): void {
    if (!this.copy.admins.includes(this.identity.username)) throw denied('not-admin', 'only admins of the chat may do this');
  }

  /** The id of the next member that the user invites: one that never was. */
  private nextInvitee(): MemberId {
    let n = this.hostMember.invited;
    while (this.copy.member(this.host.child(n)) !== undefined) n++;
    return this.host.child(n);
  }

  private async sendAdmins(names: readonly string[]): Promise<SignedMessage> {
    return this.send({ kind: 'group-state', key: ChatProperty.admins, value: [...new Set(names)].sort().join(',') });
  }

  private async sendJoin(chatKeys: SigningKeyPair): Promise<SignedMessage> {
    const { username, key: identity } = this.identity;
    const owner = chatKeys.publicKey.hash.encode();
    const proof = concatBytes(await this.identitySignature(owner), owner);
    const payload: MessagePayload = {
      kind: 'join',
      username,
      identity,
      chatKey: chatKeys.publicKey,
      proof: OwnerProof.fromCbor(
        cborMap([
          ['o', identity.toCbor()],
          ['p', proof],
        ]),
      ),
    };
    this.copy.clock = this.copy.clock.withMember(this.host);
    this.chatKeys = chatKeys;
    return this.sign(payload, async (bytes) => this.identitySignature(bytes));
  }

  private async identitySignature(bytes: Uint8Array): Promise<Uint8Array> {
    const signature = await this.identity.sign(bytes);
    assertBytes('identity.sign()', signature, SIGNATURE_SIZE);
    return signature;
  }

  private async send(payload: MessagePayload, time?: number): Promise<SignedMessage> {
    this.assertWritable();
    if (payload.kind === 'invite') this.assertRoomFor(payload);
    if (payload.kind === 'group-state') this.assertRoomForProperty(payload.key, payload.value);
    return this.sign(payload, async (bytes) => signDetached(this.crypto, this.chatKeys.secretKey, bytes), time);
  }

  private async sign(payload: MessagePayload, sign: (bytes: Uint8Array) => Promise<Uint8Array>, time = this.now()): Promise<SignedMessage> {
    const previous = this.lastMessage?.ref(this.crypto) ?? this.last;
    const clock = payload.kind === 'invite' ? this.copy.clock.withMember(payload.member) : this.copy.clock;
    const envelope = MessageEnvelope.of({
      author: this.host,
      payload,
      previous: previous === undefined ? [] : [previous],
      timestamp: clock.with(this.host, (clock.get(this.host) ?? 0) + 1),
      time,
    });
    const message = SignedMessage.of(await sign(envelope.encode()), envelope);
    await this.copy.lookUpRights(envelope);
    if (!(await this.apply(message, 'own'))) throw new ArgumentError('payload', 'has no effect');
    return message;
  }

  private assertRoomFor({ member, username, identity }: InvitePayload): void {
    const { members, properties, clock } = this.copy;
    const parts = { username, id: member, identity, invited: 0, mergedUpTo: 0, isRemoved: false, proof: undefined };
    const exceeded = exceededByMember({ members: new Map(members).set(member.toString(), ChatMember.of(parts)), properties, clock });
    if (exceeded !== undefined) throw new LimitError(exceeded.limit, exceeded.actual, exceeded.maximum);
  }

  private assertRoomForProperty(key: string, value: string): void {
    const { members, properties, clock } = this.copy;
    const property = GroupProperty.of({ author: this.host, timestamp: clock, value });
    const exceeded = exceededByProperty({ members, properties: new Map(properties).set(key, property), clock }, key);
    if (exceeded !== undefined) throw new LimitError(exceeded.limit, exceeded.actual, exceeded.maximum);
  }

  /** Applies a message that was judged (section 7.3). False when there is something wrong with it: it counts, but is not kept. */
  private async apply(message: SignedMessage, from: 'own' | 'merge' | 'recover'): Promise<boolean> {
    const { payload, author } = message.envelope;
    const effect = await this.copy.apply(message.envelope);
    if (effect === undefined) return false;
    this.note(effect);
    if (from !== 'recover') {
      this.append(message);
      this.toMirror.push(...this.filesToMirror(this.copy.member(author), payload));
    }
    // An invitation of a user who was removed is one to this copy (section 7.4).
    if (payload.kind === 'invite' && this.isForRemovedHost(payload)) {
      const { mergedUpTo } = this.hostMember;
      this.host = payload.member;
      this.copy.update(this.hostMember.with({ mergedUpTo }));
      if (from !== 'recover') await this.sendJoin(SigningKeyPair.generate(this.crypto));
    }
    return true;
  }

  private note({ joined, removed }: MessageEffect): void {
    const { username } = this.identity;
    if (joined !== undefined && joined.username !== username) this.joined.add(joined.username);
    if (removed !== undefined && removed.username !== username) this.removed.add(removed.username);
  }

  private isForRemovedHost(payload: InvitePayload): boolean {
    const { username, key } = this.identity;
    const isStanding = this.copy.member(payload.member)?.isRemoved === false;
    return isStanding && this.hostMember.isRemoved && payload.username === username && payload.identity.equals(key);
  }

  private filesToMirror(author: ChatMember | undefined, payload: MessagePayload): readonly MediaToMirror[] {
    if (author === undefined || author.username === this.identity.username) return [];
    if (payload.kind !== 'application' && payload.kind !== 'reply') return [];
    const files = filesOf(payload);
    return files.length === 0 ? [] : [{ author: author.username, files }];
  }

  private append(message: SignedMessage): void {
    this.appended.push(message);
    this.lastMessage = message;
    this.logLength++;
    this.countLog();
  }

  /** The one place where the messages of the own log are counted. */
  private countLog(): void {
    const host = this.hostMember;
    if (host.mergedUpTo !== this.logLength) this.copy.update(host.with({ mergedUpTo: this.logLength }));
  }
}

function denied(reason: string, message: string): DeniedError {
  return new DeniedError('denied.chat', message, { reason });
}
