import { seededRandom } from '@pyrgos/testkit/random';
import { expect } from 'vitest';
import type { ChatReplica } from '../src/chat/chat-replica.js';
import { ChatProperty } from '../src/chat/group-property.js';
import type { MemberId } from '../src/chat/member-id.js';
import type { MessagePayload } from '../src/chat/message-payload.js';
import type { SignedMessage } from '../src/chat/signed-message.js';
import type { CryptoProvider } from '../src/crypto/provider.js';
import { withRandomSource } from '../src/crypto/index.js';
import { SimulatedChats, type SimulatedMember } from './simulated-chats.js';

const NAMES = ['ada', 'bob', 'carol', 'dan', 'eve', 'finn'];

/**
 * What a history may hold. `orderly`: before membership or admins change everybody has read everything, so that all must agree in the end. `removals`: members are removed, and leave, at
 * any time, by an admin who stays one. `wild`: admins change at any time as well, about which members may disagree for ever (chapter 07 section 9.2).
 */
const MODES = ['orderly', 'removals', 'wild'] as const;

/** Of how many seeds one has members who write more in one go than others read in one look, and one a member who passes on the log with holes, where admins do not change. */
const FLOOD = 10;
const HOLES = 2;
/** Messages of one look, where members write much. */
const FLOOD_BUDGET = 12;

/** A random history of a chat in memory. After every step every copy is what its log says, and stands in the order of causes; what must hold in the end is checked by others. */
export class ChatHistory {
  private readonly random: ReturnType<typeof seededRandom>;
  readonly mode: (typeof MODES)[number];
  private readonly isFlooded: boolean;
  /** Who lets others read the log with holes. */
  private readonly sieve: string | undefined;
  /** What has happened. */
  readonly log: string[] = [];
  world!: SimulatedChats;
  /** How much of each log was looked at. */
  private readonly read = new Map<SimulatedMember, number>();

  constructor(
    private readonly engine: CryptoProvider,
    readonly seed: number,
  ) {
    this.random = seededRandom(seed);
    this.mode = MODES[seed % MODES.length] ?? 'wild';
    this.isFlooded = seed % FLOOD === 3;
    this.sieve = seed % HOLES === 1 ? NAMES[this.random.nextInteger(2)] : undefined;
  }

  /** Runs so many steps, and lets everybody read everything. */
  async run(steps: number): Promise<void> {
    const crypto = withRandomSource(this.engine, this.random);
    this.world = await SimulatedChats.begin(crypto, NAMES.slice(0, 2 + this.random.nextInteger(5)), {
      budget: this.isFlooded ? FLOOD_BUDGET : Infinity,
      isWhole: this.mode === 'orderly',
      isDisputed: (author) => this.mode === 'wild' && this.isDisputed(author),
      isHidden: (owner, message, reader) => owner.name === this.sieve && this.isHole(owner, message, reader),
    });
    for (let i = 0; i < steps; i++) {
      await this.step();
      this.observe();
    }
    this.world.split(() => 0);
    await this.settle();
  }

  get members(): readonly SimulatedMember[] {
    return this.world.members;
  }

  private chance(percent: number): boolean {
    return this.random.nextInteger(100) < percent;
  }

  private pick<T>(list: readonly T[]): T | undefined {
    return list[this.random.nextInteger(Math.max(1, list.length))];
  }

  /** In any order. */
  private shuffled<T>(list: readonly T[]): readonly T[] {
    const numbered = list.map((one) => [this.random.nextInteger(1_000_000), one] as const);
    return numbered.sort(([a], [b]) => a - b).map(([, one]) => one);
  }

  private crash(): number | undefined {
    return this.chance(8) ? this.random.nextInteger(3) : undefined;
  }

  private async step(): Promise<void> {
    const member = this.pick(this.members.filter(({ chat }) => chat !== undefined));
    if (member === undefined) return;
    // As a program does when it starts.
    await this.world.pull(member, []);
    if (this.chance(10)) return this.cheat(member);
    const dice = this.random.nextInteger(100);
    if (dice < 8) {
      const groups = 1 + this.random.nextInteger(3);
      this.world.split(() => this.random.nextInteger(groups));
    } else if (dice < 35) {
      await this.pull(member);
    } else if (dice < 65) {
      if (member.isIn) await this.say(member);
    } else if (dice < 72) {
      await this.send(member, 'title', async (replica) =>
        replica.setProperty(ChatProperty.title, `title ${this.random.nextInteger(1000)}`),
      );
    } else if (dice < 86) {
      await this.invite(member);
    } else if (dice < 92) {
      await this.remove(member);
    } else {
      await this.changeAdmins(member);
    }
  }

  private async pull(member: SimulatedMember): Promise<void> {
    const sources = this.members.filter((owner) => this.isSource(member, owner));
    const owners = this.shuffled(sources.filter(() => this.chance(60)));
    this.log.push(`${member.name} reads ${owners.map(({ name }) => name).join(' ')}`);
    const away = sources.filter((owner) => !owners.includes(owner));
    await this.world.pull(member, owners, { crashAfter: this.crash(), away });
    if (this.mode === 'orderly') this.expectNothingRefused(member);
  }

  /** Whether the member looks at the copy of that user: everybody in the chat, and for one who is not, whoever still shares it. */
  private isSource(member: SimulatedMember, owner: SimulatedMember): boolean {
    const known = member.state.memberOf(owner.name);
    return known !== undefined && (!known.isRemoved || !member.isIn) && this.world.canRead(member, owner);
  }

  private async send(member: SimulatedMember, what: string, work: (replica: ChatReplica) => Promise<unknown>): Promise<void> {
    // What somebody writes who was removed and does not know is for nobody but those who copy that log later on.
    if (!member.isIn || (this.mode === 'orderly' && !this.present.includes(member))) return;
    this.log.push(`${member.name}: ${what}`);
    await this.world.update(member, work, this.crash());
  }

  private async say(member: SimulatedMember): Promise<void> {
    const messages = (member.chat?.messages ?? []).filter(({ envelope }) => 'body' in envelope.payload);
    const own = messages.filter(({ envelope }) => envelope.author.equals(member.state.host));
    const answered = this.pick(messages);
    const changed = this.pick(own);
    const text = `text ${this.random.nextInteger(1_000_000)}`;
    const payload = ((): MessagePayload => {
      const dice = this.random.nextInteger(10);
      if (dice < 3 && answered !== undefined) return { kind: 'reply', parent: answered.ref(this.engine), body: [text] };
      if (dice < 4 && changed !== undefined) return { kind: 'edit', target: changed.ref(this.engine), body: [text] };
      if (dice < 5 && changed !== undefined) return { kind: 'delete', target: changed.ref(this.engine) };
      return { kind: 'application', body: [text] };
    })();
    const count = this.isFlooded && this.chance(20) ? FLOOD_BUDGET + this.random.nextInteger(2 * FLOOD_BUDGET) : 1;
    await this.send(member, `${payload.kind}${count > 1 ? ` of ${count}` : ''}`, async (replica) => {
      await replica.post(payload);
      for (let i = 1; i < count; i++) await replica.post({ kind: 'application', body: [`${text} ${i}`] });
    });
  }

  /** Somebody does what they may not, or what only the author of a message may. Nothing of it counts in any copy, which all know by their logs alone. */
  private cheat(member: SimulatedMember): void {
    const { state, chat } = member;
    const others = [...state.members.values()].filter(({ username, isRemoved }) => username !== member.name && !isRemoved);
    const victim = this.pick(others);
    const target = this.pick(
      (chat?.messages ?? []).filter(
        ({ envelope }) => 'body' in envelope.payload && state.member(envelope.author)?.username !== member.name,
      ),
    );
    const text = `by ${member.name} ${this.random.nextInteger(1_000_000)}`;
    const possible: MessagePayload[] = [];
    if (target !== undefined) {
      possible.push({ kind: 'edit', target: target.ref(this.engine), body: [text] }, { kind: 'delete', target: target.ref(this.engine) });
    }
    if (!state.admins.includes(member.name) || state.hostMember.isRemoved) {
      if (victim !== undefined) possible.push({ kind: 'remove-member', chatId: state.chatId, member: victim.id });
      possible.push({ kind: 'group-state', key: ChatProperty.admins, value: member.name });
    }
    if (state.hostMember.isRemoved) {
      possible.push({ kind: 'application', body: [text] }, { kind: 'group-state', key: ChatProperty.title, value: text });
    }
    const payload = this.pick(possible);
    if (payload === undefined || state.hostMember.proof === undefined) return;
    // As what others send.
    if (this.mode === 'orderly' && member.isIn && !this.present.includes(member)) return;
    this.log.push(`${member.name} cheats: ${payload.kind}`);
    this.world.forge(member, payload);
  }

  private async invite(member: SimulatedMember): Promise<void> {
    const invited = this.members.filter(
      (other) => other !== member && (member.state.memberOf(other.name)?.isRemoved ?? true) && this.chance(60),
    );
    if (!member.isIn || invited.length === 0) return;
    const names = invited.map(({ name }) => name).join(' ');
    await this.send(member, `invites ${names}`, async (replica) => replica.invite(invited.map(({ user }) => user.invitee)));
    for (const other of invited) {
      if (member.state.memberOf(other.name)?.isPending !== true || this.chance(20)) continue;
      this.log.push(`${other.name} accepts ${member.name}`);
      this.world.split(() => 0);
      await this.world.accept(other, member);
    }
  }

  private async remove(member: SimulatedMember): Promise<void> {
    const isAdmin = member.state.admins.includes(member.name);
    const leaves = this.chance(30) && (this.mode === 'wild' || !isAdmin);
    const victim = this.pick(this.members.filter((other) => other !== member && member.state.memberOf(other.name)?.isRemoved === false));
    if (!member.isIn || (!leaves && (!isAdmin || victim === undefined))) return;
    if (this.mode === 'removals' && victim !== undefined && member.state.admins.includes(victim.name)) return;
    if (this.mode === 'orderly') {
      await this.settle();
      if (victim === undefined || !member.isIn || member.state.memberOf(victim.name)?.isRemoved !== false) return;
    }
    if (leaves) await this.send(member, 'leaves', async (replica) => replica.leave());
    else if (victim !== undefined) await this.send(member, `removes ${victim.name}`, async (replica) => replica.removeMember(victim.name));
    if (this.mode === 'orderly') await this.settle();
  }

  private async changeAdmins(member: SimulatedMember): Promise<void> {
    if (this.mode === 'removals' || !member.isIn) return;
    if (this.mode === 'orderly') await this.settle();
    const { admins } = member.state;
    const other = this.pick(this.members.filter(({ name }) => member.state.memberOf(name)?.isRemoved === false));
    if (!member.isIn || other === undefined || !admins.includes(member.name)) return;
    if (!admins.includes(other.name)) await this.send(member, `makes ${other.name} an admin`, async (r) => r.addAdmin(other.name));
    else if (admins.some((name) => name !== other.name && member.state.memberOf(name)?.isRemoved === false)) {
      await this.send(member, `makes ${other.name} none`, async (r) => r.removeAdmin(other.name));
    }
    if (this.mode === 'orderly') await this.settle();
  }

  /** Connections are there, and everybody reads everything until there is nothing new. */
  private async settle(): Promise<void> {
    this.log.push('all read all');
    this.world.split(() => 0);
    for (let isNews = true, round = 0; isNews; round++) {
      expect(round, 'it never ends').toBeLessThan(20);
      isNews = false;
      for (const member of this.members) {
        if (member.chat === undefined) continue;
        const before = member.state.encode();
        await this.world.pull(member, this.shuffled(this.members.filter((owner) => this.isSource(member, owner))));
        this.observe();
        if (this.mode === 'orderly') this.expectNothingRefused(member);
        const hasRead = member.state.encode().join() !== before.join();
        // What waits for somebody who has just come in comes with the next round.
        for (const { outcome } of this.world.pulled) expect(hasRead ? ['end', 'more'] : ['end']).toContain(outcome);
        if (hasRead) isNews = true;
      }
    }
  }

  private expectNothingRefused(member: SimulatedMember): void {
    if (this.sieve !== undefined) return;
    expect(
      this.world.pulled.reduce((sum, { refused }) => sum + refused, 0),
      `${member.name} refuses something`,
    ).toBe(0);
  }

  /** Those who take themselves for members, and whom nobody takes for removed: whoever was removed may not be told any more. */
  get present(): readonly SimulatedMember[] {
    const all = this.members.filter(({ isIn }) => isIn);
    return all.filter(({ state }) => !all.some((other) => other.state.member(state.host)?.isRemoved === true));
  }

  /** Those who are in the chat in the eyes of all of them. */
  agreed(): readonly SimulatedMember[] {
    const { present } = this;
    return present.filter(({ state }) => present.every((other) => other.state.member(state.host)?.proof !== undefined));
  }

  /**
   * Whether the member with holes in the log passes over a message: always the same ones, by others. Not for whoever has nobody else to ask, because the others do not know them yet: they can only
   * take what they get. Nor of those who were removed, whom nobody asks any more.
   */
  private isHole(owner: SimulatedMember, message: SignedMessage, reader: SimulatedMember): boolean {
    if ((message.ref(this.engine).hash.digest.at(-1) ?? 0) % 2 !== 0 || !reader.isIn) return false;
    const author = owner.state.member(message.envelope.author);
    if (author === undefined || author.isRemoved || author.username === owner.name) return false;
    const others = this.members.filter((other) => other !== reader && reader.state.memberOf(other.name)?.isRemoved === false);
    return others.every((other) => this.world.canRead(reader, other));
  }

  /** What must hold at any time. */
  private observe(): void {
    for (const member of this.members) {
      const { chat, reference } = member;
      if (chat === undefined) continue;
      const { messages } = chat;
      reference.follow(messages, member.copied);
      for (let i = this.read.get(member) ?? 0; i < messages.length; i++) this.checkReader(member, i);
      this.read.set(member, messages.length);
      // A program has stopped, or keeps to no rule: the state follows the log with the next update.
      if (member.state.hostMember.mergedUpTo === messages.length) expect(reference.faultOf(member.state), member.name).toBeUndefined();
      if (this.mode === 'removals') expect(reference.admins, `admins in the eyes of ${member.name}`).toEqual(NAMES.slice(0, 1));
    }
  }

  /** Whether somebody takes one of those for removed from whom an invitation has come down to this member. */
  private isDisputed(author: MemberId): boolean {
    for (let at = author.parent; at !== undefined; at = at.parent) {
      const inviter = at;
      if (this.members.some(({ chat }) => chat?.state.member(inviter)?.isRemoved === true)) return true;
    }
    return false;
  }

  /** Nobody has what was written by somebody who knew that they were removed, until they are invited anew. */
  checkReader(member: SimulatedMember, place: number): void {
    // Those who disagree about an invitation share with whom others do not.
    if (this.mode === 'wild' || this.members.some(({ chat }) => chat?.state.memberOf(member.name)?.isRemoved === false)) return;
    const host = member.hosts[place]?.toString() ?? '';
    const message = member.chat?.messages[place];
    const sent = message && this.world.sent.get(message.ref(this.engine).toString());
    expect(sent?.removed.has(host) ?? false, `message ${place} of ${member.name} was written after the removal`).toBe(false);
  }
}
