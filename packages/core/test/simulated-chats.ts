import type { CryptoProvider } from '../src/crypto/provider.js';
import { NetworkError } from '../src/errors.js';
import type { ChatReplica } from '../src/chat/chat-replica.js';
import type { ChatState } from '../src/chat/chat-state.js';
import type { MemberId } from '../src/chat/member-id.js';
import { pullChat } from '../src/chat/pull-chat.js';
import type { ChatLogSource, PulledLog } from '../src/chat/pull-chat.js';
import type { SignedMessage } from '../src/chat/signed-message.js';
import { type MemoryChat, type MemoryUser, memoryUsers } from './chat-world.js';

/** The writes of one update, in the order in which programs make them that have no transactions. */
const WRITES = 3;

/** A member of a simulated chat. */
export class SimulatedMember {
  chat: MemoryChat | undefined;
  /** Who may read the copy. */
  readonly readers = new Set<string>();
  /** The own id after the update with which each message came into the log. */
  readonly hosts: MemberId[] = [];

  constructor(readonly user: MemoryUser) {}

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
  private readonly partition = new Map<SimulatedMember, number>();
  /** What the latest pulls have reported. */
  pulled: readonly PulledLog[] = [];

  private constructor(
    readonly crypto: CryptoProvider,
    users: readonly MemoryUser[],
  ) {
    this.members = users.map((user) => new SimulatedMember(user));
  }

  /** Users of whom the first has made a chat. */
  static async begin(crypto: CryptoProvider, names: readonly string[]): Promise<SimulatedChats> {
    const world = new SimulatedChats(crypto, memoryUsers(names, crypto));
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

  /** Reads the copies of others. */
  async pull(reader: SimulatedMember, owners: readonly SimulatedMember[], crashAfter?: number): Promise<boolean> {
    return this.update(
      reader,
      async (replica) => {
        const sources = owners.flatMap((owner) => this.source(replica, reader, owner));
        this.pulled = await pullChat(replica, sources);
      },
      crashAfter,
    );
  }

  /** Takes an invitation: a fresh copy, or the old one learns of the new invitation. */
  async accept(invitee: SimulatedMember, inviter: SimulatedMember): Promise<void> {
    if (inviter.chat === undefined || !this.canRead(invitee, inviter)) return;
    if (invitee.chat === undefined) {
      invitee.chat = await inviter.chat.copyTo(invitee.user);
      invitee.hosts.push(...invitee.chat.log.map(() => invitee.state.host));
      const join = invitee.chat.messages.at(-1);
      if (join !== undefined) this.note(invitee, join, new Set());
      this.share(invitee);
      return;
    }
    await this.pull(invitee, [inviter]);
  }

  private source(replica: ChatReplica, reader: SimulatedMember, owner: SimulatedMember): readonly ChatLogSource[] {
    if (owner.chat === undefined || reader.chat === undefined || !this.canRead(reader, owner)) return [];
    const found = reader.chat.sourceOf(replica, owner.chat);
    if (this.partition.get(reader) === this.partition.get(owner)) return [found];
    // eslint-disable-next-line require-yield -- it fails before it gives anything
    const read: ChatLogSource['read'] = async function* () {
      throw new NetworkError('no connection', { data: { reason: 'unreachable' } });
    };
    return [{ member: found.member, read }];
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
