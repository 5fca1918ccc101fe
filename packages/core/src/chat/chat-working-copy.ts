import { FormatError, NotFoundError, PyrgosError } from '../errors.js';
import type { OwnerProof } from '../keys/owner-proof.js';
import type { PublicKeyHash } from '../keys/public-key-hash.js';
import { inlineSigningKey } from '../keys/resolve-signing-key.js';
import type { PublicSigningKey } from '../keys/signing-key.js';
import type { CryptoProvider } from '../crypto/provider.js';
import { MAX_CHAT_GAP, MAX_CHAT_PROPERTIES_LENGTH, MAX_CHAT_RECENT, MAX_CHAT_RECENT_SIZE, MAX_CHAT_UNKNOWN_IDS } from '../limits.js';
import { exceededByMember, exceededByProperty } from './chat-budget.js';
import { ChatMember } from './chat-member.js';
import { adminNames, ChatState } from './chat-state.js';
import { ChatProperty, GroupProperty } from './group-property.js';
import type { MemberId } from './member-id.js';
import { withRemoval } from './member-removals.js';
import type { MessageEnvelope } from './message-envelope.js';
import type { GroupStatePayload, InvitePayload, JoinPayload, RemoveMemberPayload } from './message-payload.js';
import type { OwnHistory } from './own-history.js';
import type { PrivateChatState } from './private-chat-state.js';
import { updateProperty } from './property-updates.js';
import { hasRightsOfName } from './rights-of-name.js';
import type { SignedMessage } from './signed-message.js';
import { TreeClock } from './tree-clock.js';

/** Finds the key that a hash names, which is not part of the hash, among the blocks of a user. */
export type KeyFinder = (hash: PublicKeyHash, username: string) => Promise<PublicSigningKey>;

/** Whether a key is, or once was, the identity key of the user of this name. Errors when nobody can tell now: then what depends on it waits. */
export type IdentityCheck = (username: string, identity: PublicKeyHash) => Promise<boolean>;

/** What is known of the names of people. */
export interface NameChecks {
  readonly isIdentityOf: IdentityCheck;
  /** Whether a key is the identity key that the user of this name has now. Errors as above. */
  readonly isPresentIdentityOf: IdentityCheck;
}

/**
 * What is known of names with what a program knows of those of others. Without anybody who knows: nobody else goes by the name of the user, and of the others nobody's identity is known to be the present
 * one.
 */
export function nameChecks(
  { username, key }: { readonly username: string; readonly key: PublicKeyHash },
  { isIdentityOf, isPresentIdentityOf }: { readonly [K in keyof NameChecks]?: NameChecks[K] | undefined },
): NameChecks {
  return {
    isIdentityOf: isIdentityOf ?? (async (name, identity) => name !== username || identity.equals(key)),
    isPresentIdentityOf: async (name, identity) =>
      name === username ? identity.equals(key) : (await isPresentIdentityOf?.(name, identity)) === true,
  };
}

/** What a message is to a copy of a chat. */
export type Verdict =
  /** New, and everything about it is right. */
  | 'new'
  /** It is in the log already, or another message stands in its place. */
  | 'known'
  /** Its author was removed: nothing that comes now is taken. */
  | 'removed'
  /** It is forged, malformed, or of nobody who is known. */
  | 'refused'
  /** It is genuine, and messages before it are missing. */
  | 'gap'
  /** The message is missing that says by whose key it has to be signed: the invitation of its author, or that the author has joined; or the one that its author, who joins, had seen last. */
  | 'unverifiable'
  /** It invites somebody, and its author has invited too many under names that are not theirs: nobody else is looked up for this author now. */
  | 'later';

/** Messages of a member that are missing: those after number `after`, up to `upTo`. */
export interface MissingMessages {
  readonly author: MemberId;
  readonly after: number;
  readonly upTo: number;
}

/** What a message has done to members. */
export interface MessageEffect {
  readonly joined?: ChatMember | undefined;
  readonly removed?: ChatMember | undefined;
}

/** The state of a chat while messages are applied to it: the rules of chapter 07 sections 7.2 and 7.3. Knows nothing of logs and of whose copy it is. */
export class ChatWorkingCopy {
  clock: TreeClock;
  readonly members: Map<string, ChatMember>;
  readonly properties: Map<string, GroupProperty>;
  readonly contenders: Map<string, readonly GroupProperty[]>;
  readonly removals: Map<string, TreeClock>;
  recent: readonly MessageEnvelope[];
  private recentSize: number;
  private readonly keys = new Map<string, PublicSigningKey>();
  /** Invited names with identities that are not theirs. */
  private readonly impostors = new Set<string>();
  /** Names with several entries, with the identities that are theirs now. */
  private readonly presentIdentities = new Set<string>();
  private readonly lookedUp = new Set<string>();
  /** How many of them each member has invited, by id. */
  private readonly strangers = new Map<string, number>();
  private unknownIds: number;

  constructor(
    private readonly crypto: CryptoProvider,
    readonly chatId: string,
    state: Pick<ChatState, 'clock' | 'members' | 'properties' | 'recent'>,
    memory: Pick<PrivateChatState, 'contenders' | 'removals'>,
    private readonly findKey: KeyFinder | undefined,
    private readonly names: NameChecks,
    private readonly history: OwnHistory,
    private readonly maxStrangers: number = Infinity,
  ) {
    this.clock = state.clock;
    this.members = new Map(state.members);
    this.properties = new Map(state.properties);
    this.contenders = new Map(memory.contenders);
    this.removals = new Map(memory.removals);
    this.recent = state.recent;
    this.recentSize = sizeOf(state.recent);
    this.unknownIds = state.clock.entries().filter(([id]) => !this.members.has(id.toString())).length;
  }

  /** The state as it is now, of the copy of `host`. */
  state(host: MemberId): ChatState {
    const { chatId, clock, recent } = this;
    return ChatState.of({ chatId, clock, host, members: new Map(this.members), properties: new Map(this.properties), recent });
  }

  member(id: MemberId): ChatMember | undefined {
    return this.members.get(id.toString());
  }

  update(member: ChatMember): void {
    this.members.set(member.id.toString(), member);
  }

  /** All entries of a user that were not removed. */
  present(username: string): readonly ChatMember[] {
    return [...this.members.values()].filter((member) => member.username === username && !member.isRemoved);
  }

  get admins(): readonly string[] {
    return adminNames(this.properties.get(ChatProperty.admins)?.value ?? '');
  }

  /** Whether a member has the rights of an admin: its name is that of one, and it is the entry that this name leads to. What is known of names is looked up by {@link lookUpRights}. */
  private isAdmin(member: ChatMember): boolean {
    if (!this.admins.includes(member.username)) return false;
    const isPresent = ({ username, identity }: ChatMember): boolean => this.presentIdentities.has(pairKey(username, identity));
    return hasRightsOfName(member, this.members.values(), this.properties.get(ChatProperty.admins)?.timestamp, isPresent);
  }

  /** Finds out, before a message that takes the rights of an admin is applied, which of several entries has them. Errors of {@link IdentityCheck}. */
  async lookUpRights({ author: id, payload }: Pick<MessageEnvelope, 'author' | 'payload'>): Promise<void> {
    const takesRights =
      payload.kind === 'remove-member' ? !payload.member.equals(id) : payload.kind === 'group-state' && payload.key === ChatProperty.admins;
    const username = this.member(id)?.username;
    if (!takesRights || username === undefined || !this.admins.includes(username)) return;
    const entries = this.present(username);
    if (entries.length < 2) return;
    for (const { identity } of entries) {
      const key = pairKey(username, identity);
      if (this.lookedUp.has(key)) continue;
      if (await this.names.isPresentIdentityOf(username, identity)) this.presentIdentities.add(key);
      this.lookedUp.add(key);
    }
  }

  /**
   * Judges a message without changing anything. A message whose author was removed is not verified. Of an author who is not known the invitation may be missing, unless it came from
   * somebody who was removed at the same time; of one who is invited the message of joining. Whether a name belongs to the identity that is invited under it is looked up here, but for what is
   * in the own log already (`isOwn`), and only when nothing else speaks against the invitation, nor a gap unless that is taken (`acceptGap`). Errors of that: the message is to be judged again.
   */
  async judge(message: SignedMessage, isOwn = false, acceptGap = false): Promise<Verdict> {
    const { author, counter, timestamp, payload } = message.envelope;
    const member = this.member(author);
    if (counter === undefined || counter === 0) return 'refused';
    if (member === undefined) return this.descendsFromRemoved(author) ? 'removed' : 'unverifiable';
    if (member.isRemoved) return 'removed';
    const seen = this.clock.get(author) ?? 0;
    if (counter <= seen) return 'known';
    if (counter > seen + 1 + MAX_CHAT_GAP) return 'refused';
    const key = member.chatKey ?? (await this.identityKey(member));
    if (key === undefined || !message.isSignedBy(this.crypto, key))
      return member.isPending && counter > seen + 1 ? 'unverifiable' : 'refused';
    await this.lookUpRights(message.envelope);
    // Nothing that is signed names the chat: it may have been said in another one.
    if (payload.kind === 'join' && member.isPending && !isOwn && !(await this.history.isBehind(message.envelope))) return 'unverifiable';
    const verdict = counter === seen + 1 && this.hasSeenAllOf(timestamp, author) ? 'new' : 'gap';
    if (payload.kind !== 'invite' || isOwn || (verdict === 'gap' && !acceptGap) || !this.isToBeLookedUp(member, payload)) return verdict;
    const strangers = this.strangers.get(author.toString()) ?? 0;
    if (strangers >= this.maxStrangers) return 'later';
    if (await this.names.isIdentityOf(payload.username, payload.identity)) return verdict;
    this.strangers.set(author.toString(), strangers + 1);
    this.impostors.add(pairKey(payload.username, payload.identity));
    return verdict;
  }

  /** Whether it depends on whose name it is if an invitation has an effect. Who is here with name and identity is believed. */
  private isToBeLookedUp(author: ChatMember, payload: InvitePayload): boolean {
    const { username, identity } = payload;
    if (this.impostors.has(pairKey(username, identity))) return false;
    if ([...this.members.values()].some((member) => member.username === username && member.identity.equals(identity))) return false;
    return this.canInvite(author, payload);
  }

  /** Whether there is nothing wrong with the id of somebody who is invited, and room for one more. */
  private canInvite(author: ChatMember, { member: id, username, identity }: InvitePayload): boolean {
    if (this.member(id) !== undefined || id.parent?.equals(author.id) !== true) return false;
    const member = ChatMember.of({ username, id, identity, invited: 0, mergedUpTo: 0, isRemoved: false, proof: undefined });
    const members = new Map(this.members).set(id.toString(), member);
    return exceededByMember({ members, properties: this.properties, clock: this.clock }) === undefined;
  }

  /** Whether the clock of a message speaks of nothing by other members that is missing here; whatever it says of removed ones and of unknown ones. */
  private hasSeenAllOf(timestamp: TreeClock, author: MemberId): boolean {
    for (const [id, counter] of timestamp.values()) {
      const key = id.toString();
      const member = this.members.get(key);
      if (member === undefined || member.isRemoved || key === author.toString()) continue;
      if (counter > (this.clock.get(id) ?? 0)) return false;
    }
    return true;
  }

  /**
   * What is missing before a message, whoever has written it: messages of its author, and those of others that its clock speaks of. Of an author who is not known those of the nearest one
   * above in the tree of invitations who is: one of them invites.
   */
  missingBefore({ author, counter = 0, timestamp }: MessageEnvelope): readonly MissingMessages[] {
    if (this.member(author) === undefined) {
      let at = author.parent;
      while (at !== undefined && this.member(at) === undefined) at = at.parent;
      return at === undefined ? [] : [{ author: at, after: this.clock.get(at) ?? 0, upTo: Infinity }];
    }
    const missing: MissingMessages[] = [];
    for (const [id, told] of timestamp.values()) {
      const member = this.member(id);
      if (member === undefined || member.isRemoved) continue;
      const after = this.clock.get(id) ?? 0;
      const upTo = id.equals(author) ? counter - 1 : told;
      if (upTo > after) missing.push({ author: id, after, upTo });
    }
    return missing;
  }

  /**
   * Applies a message that is new, or comes after a gap (section 7.3). Undefined when there is something wrong with what it says: it counts, and is not to be kept.
   */
  async apply(envelope: MessageEnvelope): Promise<MessageEffect | undefined> {
    const author = this.member(envelope.author) as ChatMember;
    const effect = await this.applyPayload(author, envelope);
    this.advance(envelope);
    if (effect !== undefined) {
      this.remember(envelope);
      this.history.note(envelope);
    }
    return effect;
  }

  private async applyPayload(author: ChatMember, envelope: MessageEnvelope): Promise<MessageEffect | undefined> {
    const { payload, timestamp, counter = 0 } = envelope;
    switch (payload.kind) {
      case 'invite':
        return this.invite(author, payload, timestamp) ? {} : undefined;
      case 'join':
        return (await this.join(author, payload)) ? { joined: author.proof === undefined ? author : undefined } : undefined;
      case 'group-state':
        return this.setProperty(author, payload, timestamp) ? {} : undefined;
      case 'remove-member':
        return payload.chatId === this.chatId ? { removed: this.remove(author, payload, counter) } : undefined;
      default:
        return {};
    }
  }

  /**
   * The clock after a message: one more of its author, and what it says of those who count no longer. Not what it says of others: a member could claim messages of others that do
   * not exist, and the true ones would pass for known (section 9.3).
   */
  private advance(envelope: MessageEnvelope): void {
    const { author, timestamp } = envelope;
    this.clock = this.clock.mergeIf(timestamp, (id) => {
      if (id.equals(author)) return true;
      const member = this.member(id);
      if (member !== undefined) return member.isRemoved;
      if (this.clock.get(id) !== undefined) return true;
      if (this.unknownIds >= MAX_CHAT_UNKNOWN_IDS || !this.descendsFromRemoved(id)) return false;
      this.unknownIds++;
      return true;
    });
  }

  /** Whether the nearest ancestor that is known was removed: then others may know the member, who was invited at the same time. */
  private descendsFromRemoved(id: MemberId): boolean {
    for (let at = id.parent; at !== undefined; at = at.parent) {
      const member = this.member(at);
      if (member !== undefined) return member.isRemoved;
    }
    return false;
  }

  /** Notes one of the newest messages. */
  private remember(envelope: MessageEnvelope): void {
    const recent = [...this.recent, envelope];
    let size = this.recentSize + envelope.encode().length;
    while (recent.length > MAX_CHAT_RECENT || (recent.length > 0 && size > MAX_CHAT_RECENT_SIZE)) {
      size -= recent.shift()?.encode().length ?? 0;
    }
    this.recent = recent;
    this.recentSize = size;
  }

  /** A new member. False, and nothing has changed, when there is something wrong with the invitation. */
  private invite(author: ChatMember, payload: InvitePayload, timestamp: TreeClock): boolean {
    const { member: id, username, identity } = payload;
    if (!this.canInvite(author, payload) || this.impostors.has(pairKey(username, identity))) return false;
    // Whoever copies the log of the author has what was read of it here. Whoever was here before goes on with the old log, and its beginning is another one.
    const earlier = [...this.members.values()].filter((known) => known.username === username).map((known) => known.mergedUpTo);
    const mergedUpTo = Math.min(author.mergedUpTo, ...earlier);
    const isRemoved = this.isTakenOut(id, username, timestamp);
    const member = ChatMember.of({ username, id, identity, invited: 0, mergedUpTo, isRemoved, proof: undefined });
    this.update(author.with({ invited: author.invited + 1 }));
    this.update(member);
    // Also where somebody claimed to have seen messages of this member before there was one.
    if (this.clock.get(id) !== undefined) this.unknownIds--;
    this.clock = this.clock.withMember(id);
    return true;
  }

  /** Whether a user was removed who has come in again by way of that very member, invited by somebody who had not seen all removals. */
  private isTakenOut(id: MemberId, username: string, timestamp: TreeClock): boolean {
    for (let at = id.parent; at !== undefined; at = at.parent) {
      const removals = this.removals.get(at.toString());
      if (removals !== undefined && this.member(at)?.username === username && !removals.isBeforeOrEqual(timestamp)) return true;
    }
    return false;
  }

  /** The key of an invited member. A further Join has no effect. False, and nothing has changed, when it does not fit the invitation. */
  private async join(author: ChatMember, payload: JoinPayload): Promise<boolean> {
    if (author.proof !== undefined) return true;
    const { username, identity, chatKey, proof } = payload;
    if (username !== author.username || !identity.equals(author.identity) || !proof.ownedKey.equals(identity)) return false;
    const identityKey = await this.identityKey(author);
    if (identityKey === undefined || !opensTo(this.crypto, proof, identityKey, chatKey.hash)) return false;
    this.update(author.with({ proof }));
    return true;
  }

  /** Sets a property. An update that comes too late, or of somebody who may not, has no effect. False when the property would be too large. */
  private setProperty(author: ChatMember, payload: GroupStatePayload, timestamp: TreeClock): boolean {
    const { key, value } = payload;
    const present = this.properties.get(key);
    if (key === ChatProperty.admins && present !== undefined && !this.isAdmin(author)) return true;
    // Also when it would only be kept for later.
    if (key.length + value.length > MAX_CHAT_PROPERTIES_LENGTH) return false;
    const update = GroupProperty.of({ author: author.id, timestamp: this.believed(author, timestamp), value });
    const outcome = updateProperty(key, present, this.contenders.get(key) ?? [], update);
    if (outcome === undefined) return true;
    const properties = new Map(this.properties).set(key, outcome.winner);
    if (exceededByProperty({ members: this.members, properties, clock: this.clock }, key) !== undefined) return false;
    this.properties.set(key, outcome.winner);
    if (outcome.contenders.length === 0) this.contenders.delete(key);
    else this.contenders.set(key, outcome.contenders);
    return true;
  }

  /**
   * A clock without what it claims of messages that are missing here, and of members whom nobody knows. Somebody could otherwise claim to have seen all that others will ever set, and what they set
   * would come too late; and the clocks of properties would be as large as somebody likes.
   */
  private believed(author: ChatMember, timestamp: TreeClock): TreeClock {
    return TreeClock.of(
      timestamp.entries().flatMap(([id, counter]) => {
        const member = this.member(id);
        const seen = this.clock.get(id);
        if (member === undefined && seen === undefined) return [];
        const isClaimed = member !== undefined && !member.isRemoved && !id.equals(author.id);
        return [[id, isClaimed ? Math.min(counter, seen ?? 0) : counter] as const];
      }),
    );
  }

  /**
   * Removes a member, if the author may: the member itself, or an admin. With it goes whatever entry of the same user descends from it: the author had not seen that. Returns the member, or such an
   * entry, when one was there.
   */
  private remove(author: ChatMember, payload: RemoveMemberPayload, counter: number): ChatMember | undefined {
    const member = this.member(payload.member);
    if (member === undefined) return undefined;
    if (!member.id.equals(author.id) && !this.isAdmin(author)) return undefined;
    const key = member.id.toString();
    this.removals.set(key, withRemoval(this.removals.get(key), author.id, counter));
    const entries = this.present(member.username).filter(({ id }) => id.equals(member.id) || id.descendsFrom(member.id));
    for (const entry of entries) this.update(entry.with({ isRemoved: true }));
    return entries[0];
  }

  /** The identity key that an invitation has named; undefined when there is none, or it is no key. */
  private async identityKey({ identity, username }: ChatMember): Promise<PublicSigningKey | undefined> {
    const known = this.keys.get(identity.key);
    if (known !== undefined) return known;
    try {
      const key = inlineSigningKey(identity) ?? (await this.findKey?.(identity, username));
      if (key !== undefined) this.keys.set(identity.key, key);
      return key;
    } catch (error) {
      // Whoever was invited with such a key cannot say anything; the others can.
      if (error instanceof FormatError || error instanceof NotFoundError) return undefined;
      throw error;
    }
  }
}

function pairKey(username: string, identity: PublicKeyHash): string {
  return `${username} ${identity.key}`;
}

/** Whether a proof is genuine and names this key. */
function opensTo(crypto: CryptoProvider, proof: OwnerProof, identity: PublicSigningKey, chatKey: PublicKeyHash): boolean {
  try {
    return proof.open(crypto, identity).equals(chatKey);
  } catch (error) {
    if (error instanceof PyrgosError && error.code !== 'internal') return false;
    throw error;
  }
}

function sizeOf(envelopes: readonly MessageEnvelope[]): number {
  return envelopes.reduce((size, envelope) => size + envelope.encode().length, 0);
}
