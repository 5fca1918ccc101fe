import { PyrgosError } from '@pyrgos/core/errors';
import { seededRandom } from '@pyrgos/testkit/random';
import type { Chat } from '../src/messaging/chat.js';
import type { UserSession } from '../src/user-session.js';
import type { ChatMessage } from '../src/messaging/chat-types.js';
import { logOf, ownChat } from './chat-world.js';

/** Somebody with all devices, and the owners of data that they cannot reach now, by the text of the identity. */
export interface SimulatedPerson {
  readonly devices: readonly UserSession[];
  readonly away: Set<string>;
}

/** Another session of somebody, whose program stops in the middle of a change: `endAt` as of an `EndingNetwork`. */
export interface StoppingSession {
  readonly session: UserSession;
  endAt(step: number, isMade: boolean): void;
}

/** Length of a long text: some of them are more than one look at the others takes. */
const LONG = 1_500_000;

/** What a message must be in the end. */
interface Expected {
  readonly author: string;
  text: string;
  edited: boolean;
  deleted: boolean;
}

/** Somebody in the simulated chat. */
interface Actor extends SimulatedPerson {
  readonly name: string;
  /** Whether the chat says that they are in it; nobody knows at once. */
  isIn: boolean;
  hasJoined: boolean;
  /** References of what the admin has sent since they were removed. */
  readonly forbidden: Set<string>;
  /** Whether they have set a title that the admin may not have heard of. */
  hasNewTitle: boolean;
}

/** What happens, some of it more often. */
const KINDS = [
  ...([
    'send',
    'send',
    'send',
    'send',
    'both',
    'refresh',
    'refresh',
    'refresh',
    'edit',
    'edit',
    'delete',
    'invite',
    'join',
    'join',
  ] as const),
  ...(['remove', 'title', 'admins', 'cheat', 'stop', 'away', 'back'] as const),
];

/**
 * A random history of one chat among real accounts, who are all friends: the first one makes it, and alone removes people and names admins. Now and then somebody cannot reach others, or
 * a program stops in the middle of sending. At the end everybody who is in it looks until nothing is new, and must see the same: whatever was acknowledged, with the last edit, or deleted.
 *
 * Chapter 07 section 9.2 leaves open what becomes of messages, edits and titles of somebody who was removed before the admin had heard of them: some may have them. They are not compared.
 */
export class ChatSimulation {
  private readonly random: ReturnType<typeof seededRandom>;
  private readonly actors: readonly Actor[];
  /** All that was acknowledged, by reference. */
  private readonly expected = new Map<string, Expected>();
  /** References of what was written, or changed, while its author was out and did not know it, or had not told the admin before. */
  private readonly strays = new Set<string>();
  private isTitleOpen = false;
  private hasRemoved = false;
  private readonly done: string[] = [];
  private count = 0;
  private id = '';

  constructor(
    people: readonly SimulatedPerson[],
    private readonly seed: number,
    private readonly stopping: (session: UserSession) => Promise<StoppingSession>,
  ) {
    this.random = seededRandom(seed);
    // Two to all of them.
    const count = 2 + (seed % Math.max(1, people.length - 1));
    this.actors = people.slice(0, count).map(({ devices, away }, i) => ({
      name: devices[0]?.username ?? '',
      devices,
      away,
      isIn: i === 0,
      hasJoined: i === 0,
      forbidden: new Set(),
      hasNewTitle: false,
    }));
  }

  /** Runs it; an Error with the history when a rule is broken. */
  async run(steps: number): Promise<void> {
    try {
      const [admin] = this.actors;
      if (admin === undefined) throw new Error('nobody is there');
      this.id = (await this.deviceOf(admin).chats.create({ title: `seed ${this.seed}` })).id;
      for (const other of this.actors.slice(1)) {
        if (this.random.nextInteger(4) === 0) continue;
        await this.changeMember(admin, other, 'invite');
        await this.join(other, admin);
      }
      for (let step = 0; step < steps; step++) await this.step(admin);
      await this.check();
    } catch (error) {
      throw new Error(`seed ${this.seed}: ${this.done.join('; ')}: ${String(error)}`, { cause: error });
    } finally {
      this.reachAll();
    }
  }

  private async step(admin: Actor): Promise<void> {
    const actor = this.pick(this.actors);
    const others = this.actors.filter((one) => one !== admin);
    const kind = this.pick(KINDS);
    this.done.push(`${actor.name} ${kind}`);
    if (kind === 'away') {
      for (const other of this.actors) if (other !== actor && this.random.nextInteger(2) === 0) actor.away.add(this.keyOf(other));
      return;
    }
    if (kind === 'back') return this.reachAll();
    if (kind === 'invite' || kind === 'remove') return this.changeMember(admin, this.pick(others), kind);
    if (kind === 'admins') return this.changeAdmins(admin, this.pick(others));
    if (kind === 'join') return this.join(actor, admin);
    if (!actor.hasJoined) return;
    const chat = await this.chatOf(this.deviceOf(actor));
    if (kind === 'refresh') await this.refresh(actor, chat);
    else if (kind === 'title') await this.setTitle(actor, chat);
    else if (kind === 'edit' || kind === 'delete') await this.changeMessage(actor, chat, kind);
    else if (kind === 'cheat') await this.cheat(actor, chat, admin);
    else if (kind === 'stop') await this.stop(actor);
    else if (kind === 'send') await this.send(actor, chat);
    else await Promise.all(actor.devices.map(async (device) => this.send(actor, await this.chatOf(device))));
  }

  private async refresh(actor: Actor, chat: Chat): Promise<void> {
    const { problems } = await chat.refresh();
    if (actor === this.actors[0] && problems.length === 0) for (const other of this.actors) other.hasNewTitle = false;
  }

  private async changeMember(admin: Actor, other: Actor, kind: 'invite' | 'remove'): Promise<void> {
    const chat = await this.chatOf(this.deviceOf(admin));
    if (kind === 'invite') {
      await chat.invite([other.name]);
      other.isIn = true;
      // With the log comes what was written in between.
      other.forbidden.clear();
    } else if (other.isIn) {
      // What the admin has not heard of by then, others may have or not (section 9.2).
      const heard = new Map((await messagesOf(chat)).map((message) => [message.ref, message]));
      for (const [ref, one] of this.expected) if (one.author === other.name && !isAs(heard.get(ref), one)) this.strays.add(ref);
      if (other.hasNewTitle) this.isTitleOpen = true;
      await chat.remove(other.name);
      this.hasRemoved = true;
      other.isIn = false;
    }
  }

  private async changeAdmins(admin: Actor, other: Actor): Promise<void> {
    const chat = await this.chatOf(this.deviceOf(admin));
    const isAdmin = (await chat.members()).some(({ username, isAdmin: is }) => username === other.name && is);
    await this.unlessOut(async () => (isAdmin ? chat.removeAdmin(other.name) : chat.addAdmin(other.name)));
  }

  private async setTitle(actor: Actor, chat: Chat): Promise<void> {
    if (!(await this.isCurrent(actor))) this.isTitleOpen = true;
    const isSet = await this.unlessOut(async () => chat.setTitle(`title ${this.count++}`));
    if (isSet && actor !== this.actors[0]) actor.hasNewTitle = true;
  }

  /** What only others may do is denied. */
  private async cheat(actor: Actor, chat: Chat, admin: Actor): Promise<void> {
    const foreign = (await messagesOf(chat)).find(({ isOwn, kind }) => !isOwn && kind === 'text');
    const isAdmin = (await chat.members()).some(({ username, isAdmin: is }) => username === actor.name && is);
    const attempts: (() => Promise<unknown>)[] = [];
    if (foreign !== undefined)
      attempts.push(
        async () => chat.edit(foreign.ref, 'not mine'),
        async () => chat.deleteMessage(foreign.ref),
      );
    if (actor !== admin && !isAdmin)
      attempts.push(
        async () => chat.remove(admin.name),
        async () => chat.addAdmin(actor.name),
      );
    for (const attempt of attempts) if (await this.unlessOut(attempt)) throw new Error(`${actor.name} may do what is for others`);
  }

  /** A program stops while it sends: the message is there, once, or it is not; nothing was acknowledged. */
  private async stop(actor: Actor): Promise<void> {
    const { session, endAt } = await this.stopping(this.deviceOf(actor));
    const chat = await this.chatOf(session);
    endAt(1 + this.random.nextInteger(4), this.random.nextInteger(2) === 0);
    // Whether it was the program that stopped or the chat that denied, nothing was acknowledged.
    await this.send(actor, chat).catch((error: unknown) => this.done.push(`(${error instanceof Error ? error.message : 'stopped'})`));
  }

  /** Connections are there again. */
  private reachAll(): void {
    for (const { away } of this.actors) away.clear();
  }

  private keyOf(actor: Actor): string {
    return actor.devices[0]?.account.identity.publicKeyHash.toString() ?? '';
  }

  private async join(actor: Actor, admin: Actor): Promise<void> {
    const device = this.deviceOf(actor);
    const invitation = (await device.chats.invitations()).find(({ id, inviter }) => id === this.id && inviter === admin.name);
    if (invitation === undefined) return;
    await device.chats.join(invitation);
    actor.hasJoined = true;
  }

  private async send(actor: Actor, chat: Chat): Promise<void> {
    const isLong = this.seed % 3 === 0 && this.random.nextInteger(4) === 0;
    const text = `${actor.name} says ${this.count++}${isLong ? ' much'.repeat(LONG / 5) : ''}`;
    const replyTo =
      this.random.nextInteger(3) === 0 ? (await chat.page({ limit: 20 })).messages.findLast(({ kind }) => kind === 'text')?.ref : undefined;
    const out = this.actors.filter(({ isIn, hasJoined }) => !isIn && hasJoined);
    // Before, because somebody else may be removing them meanwhile; whoever was invited once more writes under the old id until they know it.
    const isStray = !(await this.isCurrent(actor));
    await this.unlessOut(async () => {
      const { ref } = await chat.send({ text, replyTo });
      this.expected.set(ref, { author: actor.name, text, edited: false, deleted: false });
      if (isStray) this.strays.add(ref);
      // What is written by the admin is for nobody who is out at that time.
      if (actor === this.actors[0]) for (const other of out) other.forbidden.add(ref);
    });
  }

  /** Whether the id under which somebody writes is in the chat, as the admin knows it. */
  private async isCurrent(actor: Actor): Promise<boolean> {
    const [admin] = this.actors;
    const [[device], [other]] = [actor.devices, admin?.devices ?? []];
    if (device === undefined || other === undefined) return false;
    const { host } = (await ownChat(device, this.id)).state;
    return (await ownChat(other, this.id)).state.member(host)?.isRemoved === false;
  }

  private async changeMessage(actor: Actor, chat: Chat, kind: 'edit' | 'delete'): Promise<void> {
    const { messages } = await chat.page({ limit: 50 });
    const own = messages.filter((one) => one.isOwn && one.kind === 'text' && !one.deleted && one.text.length < 1000);
    const one = own.length === 0 ? undefined : this.pick(own);
    if (one === undefined) return;
    const isStray = !(await this.isCurrent(actor));
    const text = `${one.text}!`;
    const isDone = await this.unlessOut(async () => (kind === 'edit' ? chat.edit(one.ref, text) : chat.deleteMessage(one.ref)));
    if (!isDone) return;
    if (isStray) this.strays.add(one.ref);
    const after = kind === 'edit' ? { text, edited: true, deleted: false } : { text: '', edited: false, deleted: true };
    this.expected.set(one.ref, { author: actor.name, ...after });
  }

  /** Whether it was made. Whoever is removed cannot write; that they do not know it yet is no fault. */
  private async unlessOut(change: () => Promise<unknown>): Promise<boolean> {
    try {
      await change();
      return true;
    } catch (error) {
      if (!(error instanceof PyrgosError) || error.code !== 'denied.chat') throw error;
      return false;
    }
  }

  private async check(): Promise<void> {
    this.reachAll();
    const present = this.actors.filter(({ hasJoined }) => hasJoined);
    const [admin] = this.actors;
    if (admin === undefined) return;
    for (const actor of present) if (actor !== admin && actor.isIn) await this.join(actor, admin);
    for (let round = 0; round < 4; round++) {
      for (const actor of present) {
        const { problems } = await (await this.chatOf(this.deviceOf(actor))).refresh();
        if (problems.length > 0 && actor.isIn)
          throw new Error(`${actor.name} has problems: ${problems.map(({ error }) => error.code).join(' ')}`);
      }
    }
    const reference = await this.shownTo(admin);
    for (const actor of present) {
      for (const device of actor.devices) await this.checkLog(device);
      const messages = await messagesOf(await this.chatOf(this.deviceOf(actor)));
      const found = new Map(messages.map((message) => [message.ref, message]));
      if (found.size !== messages.length) throw new Error(`${actor.name} sees a message twice`);
      const texts = messages.filter(({ text, edited }) => text !== '' && !edited).map(({ text }) => text);
      if (new Set(texts).size !== texts.length) throw new Error(`a text of ${actor.name} is there twice`);
      for (const ref of found.keys())
        if (actor.forbidden.has(ref)) throw new Error(`${actor.name} reads what was written after the removal`);
      for (const { index, replyTo } of messages)
        if (replyTo?.index !== undefined && replyTo.index >= index) throw new Error(`${actor.name} sees an answer first`);
      if (!actor.isIn) continue;
      for (const [ref, one] of this.expected)
        if (!this.strays.has(ref) && !isAs(found.get(ref), one))
          throw new Error(`${beginningOf(one.text)} of ${one.author} is not so for ${actor.name}`);
      const shown = await this.shownTo(actor);
      if (shown !== reference) throw new Error(`${actor.name} sees ${shown}, and not ${reference}`);
    }
  }

  /** All that somebody sees of the chat and that is the same for all, in any order. */
  private async shownTo(actor: Actor): Promise<string> {
    const chat = await this.chatOf(this.deviceOf(actor));
    const texts = (await messagesOf(chat)).filter(({ ref }) => !this.strays.has(ref) && !this.isStrayOfOut(ref));
    const lines = texts.map(({ ref, author, text, edited, deleted, replyTo }) => {
      const quote =
        replyTo === undefined || this.strays.has(replyTo.ref) ? [] : [replyTo.author, replyTo.text.slice(0, 40), replyTo.deleted];
      return [ref, author, beginningOf(text), text.length, edited, deleted, ...quote].join(' ');
    });
    const members = (await chat.members()).map(({ username, id, isAdmin, state }) => {
      // Whose copy cannot be read is for each member to know.
      return [id, username, isAdmin ? 'admin' : '', state === 'unreachable' ? 'joined' : state].join(' ');
    });
    const { title } = await chat.summary();
    return [...lines.sort(), ...members.sort(), this.isTitleOpen ? '' : title].join('|');
  }

  /** Of what was not acknowledged nobody knows when it was written. */
  private isStrayOfOut(ref: string): boolean {
    return !this.expected.has(ref) && this.hasRemoved;
  }

  /** The rules of section 9.1 for one log. */
  private async checkLog(device: UserSession): Promise<void> {
    const chat = await this.chatOf(device);
    const messages = await logOf(device, chat);
    const { state } = await ownChat(device, chat.id);
    if (state.hostMember.mergedUpTo !== messages.length)
      throw new Error(`the log has ${messages.length} messages, not ${state.hostMember.mergedUpTo}`);
    const counters = new Map<string, number>();
    for (const { envelope } of messages) {
      const author = envelope.author.toString();
      const counter = envelope.counter ?? 0;
      if (counter <= (counters.get(author) ?? 0)) throw new Error(`a message of ${author} is there twice`);
      counters.set(author, counter);
    }
  }

  private deviceOf(actor: Actor): UserSession {
    return this.pick(actor.devices);
  }

  private async chatOf(device: UserSession): Promise<Chat> {
    return device.chats.open(this.id);
  }

  private pick<T>(all: readonly T[]): T {
    return all[this.random.nextInteger(all.length)] as T;
  }
}

/** The messages that somebody sees, oldest first, all of them; not what has happened in the chat. */
async function messagesOf(chat: Chat): Promise<readonly ChatMessage[]> {
  const found: ChatMessage[] = [];
  for (let before: number | undefined; ;) {
    const page = await chat.page({ before, limit: 200 });
    found.unshift(...page.messages.filter(({ kind }) => kind === 'text'));
    before = page.before;
    if (before === undefined) return found;
  }
}

function isAs(message: ChatMessage | undefined, { author, text, edited, deleted }: Expected): boolean {
  return message?.author === author && message.text === text && message.edited === edited && message.deleted === deleted;
}

function beginningOf(text: string): string {
  return text.slice(0, 40);
}
