import type { CryptoProvider } from '../src/crypto/provider.js';
import { NetworkError } from '../src/errors.js';
import type { ChatReplica } from '../src/chat/chat-replica.js';
import type { ChatState } from '../src/chat/chat-state.js';
import type { MemberId } from '../src/chat/member-id.js';
import type { MessagePayload } from '../src/chat/message-payload.js';
import { pullChat } from '../src/chat/pull-chat.js';
import type { ChatLogSource, PulledLog } from '../src/chat/pull-chat.js';
import type { SignedMessage } from '../src/chat/signed-message.js';
import { type MemoryChat, type MemoryUser, memoryUsers } from './chat-world.js';
import { forge } from './forged-messages.js';
import { ReferenceCopy, type ReferenceOptions } from './reference-copy.js';

/** The writes of one update, in the order in which programs make them that have no transactions. */
const WRITES = 3;

/** A member of a simulated chat. */
export class SimulatedMember {
  chat: MemoryChat | undefined;
  /** Who may read the copy. */
  readonly readers = new Set<string>();
  /** The own id after the update with which each message came into the log. */
  readonly hosts: MemberId[] = [];
  /** How much of the log was made of that of an inviter. */
  copied = 0;
  /** What the copy must be, by the log. */
  readonly reference: ReferenceCopy;

  constructor(
    readonly user: MemoryUser,
    options: Omit<ReferenceOptions, 'owner'>,
  ) {
    this.reference = new ReferenceCopy(user.crypto, { ...options, owner: user.username });
  }

  get name(): string {
    return this.user.username;
  }

  get state(): ChatState {
    if (this.chat === undefined) throw new Error(`${this.name} has no copy`);
    return this.chat.state;
  }

  /** Whether the user is in the chat as far as the user knows. */
  get isIn(): boolean {
    return this.chat !== undefined && !this.state.hostMember.isRemoved && this.state.hostMember.proof !== undefined;
  }
}

/** Looks that may be needed until all is read. */
const MAX_LOOKS = 200;

/** What one look takes. */
interface Budget {
  readonly taken: Set<SignedMessage>;
  isCut: boolean;
}

/** How the members of a simulated chat are. */
export interface SimulatedOptions extends Omit<ReferenceOptions, 'owner' | 'isStray'> {
  /** Messages that one look at the others takes, those not counted that are known; what is more comes with the next one. */
  readonly budget: number;
  /** Whether somebody's log says nothing of a message when others read it. */
  readonly isHidden: (owner: SimulatedMember, message: SignedMessage, reader: SimulatedMember) => boolean;
}

/** What somebody has sent. */
export interface Sent {
  readonly message: SignedMessage;
  readonly author: SimulatedMember;
  /** Ids of users who in the eyes of the author were not in the chat any more when it was written, nor invited again. */
  readonly removed: ReadonlySet<string>;
}

/** Several members of one chat with their copies, who may read whose, and connections that break. */
export class SimulatedChats {
  readonly members: readonly SimulatedMember[];
  /** All that was acknowledged, by reference. */
  readonly sent = new Map<string, Sent>();
  /** References of messages of programs that keep to no rule, written after their authors knew that they were removed: they are in their own logs only. */
  readonly strays = new Set<string>();
  private readonly partition = new Map<SimulatedMember, number>();
  /** What the latest pulls have reported. */
  pulled: readonly PulledLog[] = [];

  private constructor(
    readonly crypto: CryptoProvider,
    users: readonly MemoryUser[],
    private readonly options: SimulatedOptions,
  ) {
    const isStray = (ref: string): boolean => this.strays.has(ref);
    this.members = users.map((user) => new SimulatedMember(user, { ...options, isStray }));
  }

  /** Users of whom the first has made a chat. */
  static async begin(crypto: CryptoProvider, names: readonly string[], options: SimulatedOptions): Promise<SimulatedChats> {
    const world = new SimulatedChats(crypto, memoryUsers(names, crypto), options);
    const [first] = world.members;
    if (first !== undefined) {
      first.chat = await first.user.create();
      first.hosts.push(...first.chat.log.map(() => first.state.host));
      for (const message of first.chat.messages) world.note(first, message, new Set());
    }
    return world;
  }

  /** Puts members into groups that cannot reach each other; all into the same one when there is no choice. */
  split(groupOf: (member: SimulatedMember) => number): void {
    for (const member of this.members) this.partition.set(member, groupOf(member));
  }

  /** Whether `reader` can read the copy of `owner` now. */
  canRead(reader: SimulatedMember, owner: SimulatedMember): boolean {
    return reader !== owner && owner.chat !== undefined && owner.readers.has(reader.name);
  }

  /**
   * One update of a copy, in four steps: access is revoked; private state; log; state, and access is given. With `crashAfter` the program stops after so many of them, and nothing is
   * acknowledged.
   */
  async update(member: SimulatedMember, work: (replica: ChatReplica) => Promise<unknown>, crashAfter: number = WRITES): Promise<boolean> {
    const { chat } = member;
    if (chat === undefined) throw new Error('no copy');
    const replica = chat.open();
    const { unrecovered } = replica;
    if (unrecovered !== undefined) await replica.recover(chat.messages.slice(unrecovered.from, unrecovered.to));
    const { members } = replica.state;
    const gone = [...members.values()].filter(({ username }) => replica.state.memberOf(username)?.isRemoved === true);
    const removed = new Set(gone.map(({ id }) => id.toString()));
    await work(replica);
    const { changes } = replica;
    if (changes.appended.length === 0 && !changes.stateChanged && !changes.privateChanged && changes.revoked.length === 0) {
      this.share(member);
      return true;
    }
    for (const name of changes.revoked) member.readers.delete(name);
    if (crashAfter === 0) return false;
    const { state } = chat;
    chat.store({ appended: [], state, privateState: changes.privateState });
    if (crashAfter === 1) return false;
    chat.store({ appended: changes.appended, state, privateState: changes.privateState });
    // Whoever is invited anew may read what was written in the meantime.
    member.hosts.push(...changes.appended.map(() => changes.state.host));
    if (crashAfter === 2) return false;
    chat.store({ appended: [], state: changes.state, privateState: changes.privateState });
    this.share(member);
    for (const message of changes.appended) {
      const { author, payload } = message.envelope;
      // Who was just invited anew writes without having been asked.
      if (author.equals(changes.state.host)) this.note(member, message, payload.kind === 'join' ? new Set() : removed);
    }
    return true;
  }

  /** Reads the copies of others, as often as there is more than one look takes; those who are `away` cannot be read now. */
  async pull(
    reader: SimulatedMember,
    owners: readonly SimulatedMember[],
    { crashAfter, away = [] }: { readonly crashAfter?: number | undefined; readonly away?: readonly SimulatedMember[] } = {},
  ): Promise<boolean> {
    const all: PulledLog[] = [];
    let looks = 0;
    for (let isMore = true; isMore;) {
      const budget: Budget = { taken: new Set(), isCut: false };
      if (++looks > MAX_LOOKS) throw new Error(`${reader.name} never comes to an end`);
      const isDone = await this.update(
        reader,
        async (replica) => {
          const sources = [...owners, ...away].flatMap((owner) => this.source(replica, reader, owner, budget, away.includes(owner)));
          const isAskedNext = (name: string): boolean => this.members.some((owner) => owner.name === name && this.canRead(reader, owner));
          all.push(...(await pullChat(replica, sources, { isAskedNext })));
        },
        crashAfter,
      );
      this.pulled = all;
      if (!isDone) return false;
      isMore = budget.isCut;
    }
    return true;
  }

  /** Takes an invitation: a fresh copy, or the old one learns of the new invitation. */
  async accept(invitee: SimulatedMember, inviter: SimulatedMember): Promise<void> {
    if (inviter.chat === undefined || !this.canRead(invitee, inviter)) return;
    if (invitee.chat === undefined) {
      invitee.chat = await inviter.chat.copyTo(invitee.user);
      invitee.copied = inviter.chat.log.length;
      invitee.hosts.push(...invitee.chat.log.map(() => invitee.state.host));
      const join = invitee.chat.messages.at(-1);
      if (join !== undefined) this.note(invitee, join, new Set());
      this.share(invitee);
      return;
    }
    await this.pull(invitee, [inviter]);
  }

  /** A message of a program that keeps to no rule goes to the end of the own log: whatever it says, also when the user was removed. */
  forge(member: SimulatedMember, payload: MessagePayload): void {
    const { chat } = member;
    if (chat === undefined) return;
    const { host, clock } = member.state;
    const last = chat.messages.findLast(({ envelope }) => envelope.author.equals(host))?.envelope.counter ?? 0;
    const message = forge(chat, { payload, timestamp: clock.with(host, last + 1), time: member.user.now() });
    if (member.isIn) this.note(member, message, new Set());
    else this.strays.add(message.ref(this.crypto).toString());
    chat.store({ appended: [message], state: chat.state, privateState: chat.privateState });
    member.hosts.push(host);
  }

  private source(
    replica: ChatReplica,
    reader: SimulatedMember,
    owner: SimulatedMember,
    budget: Budget,
    isAway: boolean,
  ): readonly ChatLogSource[] {
    const { chat } = owner;
    if (chat === undefined || reader.chat === undefined || !this.canRead(reader, owner)) return [];
    const { member, read: readAll } = reader.chat.sourceOf(replica, chat);
    const { isHidden, budget: budgetSize } = this.options;
    const { crypto } = this;
    const isFailing = isAway || this.partition.get(reader) !== this.partition.get(owner);
    const read: ChatLogSource['read'] = async function* (from) {
      if (isFailing) throw new NetworkError('no connection', { data: { reason: 'unreachable' } });
      for await (const item of readAll(from)) {
        const { message } = item;
        if (message !== undefined && !reader.reference.has(message.ref(crypto).toString())) {
          budget.taken.add(message);
          if (budget.taken.size > budgetSize) budget.isCut = true;
          if (budget.isCut) break;
        }
        yield message !== undefined && isHidden(owner, message, reader) ? { ...item, message: undefined } : item;
      }
      return chat.log.length;
    };
    return [{ member, read }];
  }

  /** Those who have joined may read, and those whom the user has invited or was invited by (section 6.5). */
  private share(member: SimulatedMember): void {
    const { state } = member;
    const { host } = state;
    for (const { username, id, isRemoved, isPending } of state.members.values()) {
      if (isRemoved || username === member.name) continue;
      if (!isPending || id.parent?.equals(host) === true || host.parent?.equals(id) === true) member.readers.add(username);
    }
  }

  private note(author: SimulatedMember, message: SignedMessage, removed: ReadonlySet<string>): void {
    this.sent.set(message.ref(this.crypto).toString(), { message, author, removed });
  }
}
