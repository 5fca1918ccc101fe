import { seededRandom } from '@pyrgos/testkit/random';
import { expect, test } from 'vitest';
import { SimulatedChats, type SimulatedMember } from '../../test/simulated-chats.js';
import { loadCrypto, withRandomSource } from '../crypto/index.js';
import type { ChatReplica } from './chat-replica.js';
import type { MemberId } from './member-id.js';
import { ChatProperty } from './group-property.js';
import type { MessagePayload } from './message-payload.js';
import type { SignedMessage } from './signed-message.js';
import { TreeClock } from './tree-clock.js';

/** More with `npm run simulate`. */
const SEEDS = Number(process.env['PYRGOS_SIMULATE_SEEDS'] ?? 200);
const FIRST = Number(process.env['PYRGOS_SIMULATE_FIRST'] ?? 1);
/** A step of the other simulations is several of these. */
const STEPS = 5 * Number(process.env['PYRGOS_SIMULATE_STEPS'] ?? 10);

const NAMES = ['ada', 'bob', 'carol', 'dan', 'eve', 'finn'];

const engine = await loadCrypto();

/**
 * What a history may hold. `orderly`: before membership or admins change everybody has read everything, so that all must agree in the end. `removals`: members are removed, and leave, at
 * any time, by an admin who stays one. `wild`: admins change at any time as well, about which members may disagree for ever (chapter 07 section 9.2).
 */
const MODES = ['orderly', 'removals', 'wild'] as const;

class History {
  private readonly random: ReturnType<typeof seededRandom>;
  private readonly mode: (typeof MODES)[number];
  readonly log: string[] = [];
  private world!: SimulatedChats;

  constructor(readonly seed: number) {
    this.random = seededRandom(seed);
    this.mode = MODES[seed % MODES.length] ?? 'wild';
  }

  async run(): Promise<void> {
    const crypto = withRandomSource(engine, this.random);
    this.world = await SimulatedChats.begin(crypto, NAMES.slice(0, 2 + this.random.nextInteger(5)));
    for (let i = 0; i < STEPS; i++) await this.step();
    this.world.split(() => 0);
    await this.settle();
    this.check();
  }

  private get members(): readonly SimulatedMember[] {
    return this.world.members;
  }

  private chance(percent: number): boolean {
    return this.random.nextInteger(100) < percent;
  }

  private pick<T>(list: readonly T[]): T | undefined {
    return list[this.random.nextInteger(Math.max(1, list.length))];
  }

  private crash(): number | undefined {
    return this.chance(8) ? this.random.nextInteger(3) : undefined;
  }

  private async step(): Promise<void> {
    const member = this.pick(this.members.filter(({ chat }) => chat !== undefined));
    if (member === undefined) return;
    // As a program does when it starts.
    await this.world.pull(member, []);
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
    const owners = this.members.filter((owner) => this.chance(60) && this.isSource(member, owner));
    this.log.push(`${member.name} reads ${owners.map(({ name }) => name).join(' ')}`);
    await this.world.pull(member, owners, this.crash());
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
      if (dice < 3 && answered !== undefined) return { kind: 'reply', parent: answered.ref(engine), body: [text] };
      if (dice < 4 && changed !== undefined) return { kind: 'edit', target: changed.ref(engine), body: [text] };
      if (dice < 5 && changed !== undefined) return { kind: 'delete', target: changed.ref(engine) };
      return { kind: 'application', body: [text] };
    })();
    await this.send(member, payload.kind, async (replica) => replica.post(payload));
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
        await this.world.pull(
          member,
          this.members.filter((owner) => this.isSource(member, owner)),
        );
        if (this.mode === 'orderly') this.expectNothingRefused(member);
        for (const { outcome } of this.world.pulled) expect(outcome).toBe('end');
        if (member.state.encode().join() !== before.join()) isNews = true;
      }
    }
  }

  private expectNothingRefused(member: SimulatedMember): void {
    expect(
      this.world.pulled.reduce((sum, { refused }) => sum + refused, 0),
      `${member.name} refuses something`,
    ).toBe(0);
  }

  private check(): void {
    for (const member of this.members) if (member.chat !== undefined) this.checkLog(member);
    const agreed = this.agreed();
    const [first] = agreed;
    if (first === undefined) return;
    const ids = new Set(agreed.map(({ state }) => state.host.toString()));
    const acknowledged = [...this.world.sent].filter(([, { message }]) => ids.has(message.envelope.author.toString())).map(([ref]) => ref);
    const refsOf = (member: SimulatedMember, matters: (message: SignedMessage) => boolean): readonly string[] =>
      (member.chat?.messages ?? [])
        .filter(matters)
        .map((message) => message.ref(engine).toString())
        .sort();
    const byAgreed = refsOf(first, ({ envelope }) => ids.has(envelope.author.toString()));
    const updates = (member: SimulatedMember): string => refsOf(member, ({ envelope }) => envelope.payload.kind === 'group-state').join();
    for (const member of agreed) {
      expect(
        refsOf(member, ({ envelope }) => ids.has(envelope.author.toString())),
        `${member.name} has another log`,
      ).toEqual(byAgreed);
      const refs = new Set(byAgreed);
      expect(
        acknowledged.filter((ref) => !refs.has(ref)),
        `${member.name} has lost something`,
      ).toEqual([]);
      if (updates(member) === updates(first)) expect(member.state.title, `${member.name} has another title`).toBe(first.state.title);
    }
    if (this.mode !== 'orderly') return;
    expect(agreed.length, 'somebody disagrees').toBe(this.present.length);
    const all = refsOf(first, () => true);
    for (const member of agreed) {
      expect(
        refsOf(member, () => true),
        `${member.name} has other messages`,
      ).toEqual(all);
      expect(member.state.clock.equals(first.state.clock), `${member.name} has another clock`).toBe(true);
      expect(membersOf(member), `${member.name} knows other members`).toEqual(membersOf(first));
      expect(propertiesOf(member), `${member.name} has other properties`).toEqual(propertiesOf(first));
    }
  }

  /** Those who take themselves for members, and whom nobody takes for removed: whoever was removed may not be told any more. */
  private get present(): readonly SimulatedMember[] {
    const all = this.members.filter(({ isIn }) => isIn);
    return all.filter(({ state }) => !all.some((other) => other.state.member(state.host)?.isRemoved === true));
  }

  /** Those who are in the chat in the eyes of all of them. */
  private agreed(): readonly SimulatedMember[] {
    const { present } = this;
    return present.filter(({ state }) => present.every((other) => other.state.member(state.host)?.proof !== undefined));
  }

  private checkLog(member: SimulatedMember): void {
    const messages = member.chat?.messages ?? [];
    expect(member.state.hostMember.mergedUpTo, `${member.name} has miscounted`).toBe(messages.length);
    const places = new Map(messages.map((message, i) => [message.ref(engine).toString(), i]));
    expect(places.size, `${member.name} has a message twice`).toBe(messages.length);
    let seen = TreeClock.empty;
    for (const [i, message] of messages.entries()) {
      const { author, counter = 0, timestamp, payload } = message.envelope;
      expect(timestamp.isBeforeOrEqual(seen), `message ${i} of ${member.name} is no news`).toBe(false);
      const expected = (seen.get(author) ?? 0) + 1;
      if (this.mode === 'orderly') expect(counter, `message ${i} of ${member.name} is not the next of ${String(author)}`).toBe(expected);
      else expect(counter).toBeGreaterThanOrEqual(expected);
      seen = seen.with(author, counter);
      this.checkCauses(member, i, message);
      if (payload.kind === 'reply')
        expect(places.get(payload.parent.toString()) ?? -1, `message ${i} of ${member.name} is before its parent`).toBeLessThan(i);
      this.checkReader(member, i, message);
    }
  }

  /**
   * Nothing that the author of a message had seen comes after it. Except where some take the inviter of whoever wrote that for removed: they pass on the message without what it has seen, and nobody
   * can wait for what may never come (chapter 07 section 9.2).
   */
  private checkCauses(member: SimulatedMember, place: number, { envelope }: SignedMessage): void {
    for (const later of member.chat?.messages.slice(place + 1) ?? []) {
      const { author, counter = 0 } = later.envelope;
      if (this.mode === 'wild' && this.isDisputed(author)) continue;
      const saw = envelope.timestamp.get(author) ?? 0;
      expect(counter, `message ${place} of ${member.name} comes before what it has seen`).toBeGreaterThan(saw);
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
  private checkReader(member: SimulatedMember, place: number, message: SignedMessage): void {
    // Those who disagree about an invitation share with whom others do not.
    if (this.mode === 'wild' || this.members.some(({ chat }) => chat?.state.memberOf(member.name)?.isRemoved === false)) return;
    const host = member.hosts[place]?.toString() ?? '';
    const sent = this.world.sent.get(message.ref(engine).toString());
    expect(sent?.removed.has(host) ?? false, `message ${place} of ${member.name} was written after the removal`).toBe(false);
  }
}

function membersOf({ state }: SimulatedMember): unknown {
  return [...state.members.values()]
    .map(({ username, id, isRemoved, invited, proof }) => [id.toString(), username, isRemoved, invited, proof === undefined])
    .sort(([a], [b]) => String(a).localeCompare(String(b)));
}

function propertiesOf({ state }: SimulatedMember): unknown {
  return [...state.properties]
    .map(([key, { value, author }]) => [key, value, author.toString()] as const)
    .sort(([a], [b]) => a.localeCompare(b));
}

test(`${SEEDS} random histories of chats`, async () => {
  const failures: string[] = [];
  for (let seed = FIRST; seed < FIRST + SEEDS && failures.length < 3; seed++) {
    const history = new History(seed);
    await history.run().catch((error: unknown) => {
      failures.push(`seed ${seed}: ${String(error)}\n${history.log.join('\n')}`);
    });
  }
  expect(failures.join('\n\n')).toBe('');
}, 3_600_000);
