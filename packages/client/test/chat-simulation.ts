import { PyrgosError } from '@pyrgos/core/errors';
import { seededRandom } from '@pyrgos/testkit/random';
import type { Chat } from '../src/messaging/chat.js';
import type { UserSession } from '../src/user-session.js';
import { logOf, ownChat, textsOf } from './chat-world.js';

/** Somebody in the simulated chat, with all devices. */
interface Actor {
  readonly name: string;
  readonly devices: readonly UserSession[];
  /** Whether the chat says that they are in it; nobody knows at once. */
  isIn: boolean;
  hasJoined: boolean;
  /** Texts of the admin since they were removed. */
  readonly forbidden: Set<string>;
  /** Own texts that were written while they were out, and did not know it: others need not have them. */
  readonly strays: Set<string>;
}

/**
 * A random history of one chat among real accounts, who are all friends: the first one makes it and is its only admin. At the end everybody who is in it looks until nothing is new, and must see the same.
 */
export class ChatSimulation {
  private readonly random: ReturnType<typeof seededRandom>;
  private readonly actors: readonly Actor[];
  private readonly acknowledged = new Set<string>();
  private readonly done: string[] = [];
  private count = 0;
  private id = '';

  constructor(
    devices: readonly (readonly UserSession[])[],
    private readonly seed: number,
  ) {
    this.random = seededRandom(seed);
    this.actors = devices.map((all, i) => ({
      name: all[0]?.username ?? '',
      devices: all,
      isIn: i === 0,
      hasJoined: i === 0,
      forbidden: new Set(),
      strays: new Set(),
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
    }
  }

  private async step(admin: Actor): Promise<void> {
    const actor = this.pick(this.actors);
    const others = this.actors.filter((one) => one !== admin);
    const kind = this.pick([
      'send',
      'send',
      'send',
      'both',
      'refresh',
      'refresh',
      'edit',
      'invite',
      'join',
      'join',
      'remove',
      'title',
    ] as const);
    this.done.push(`${actor.name} ${kind}`);
    if (kind === 'invite' || kind === 'remove') return this.changeMember(admin, this.pick(others), kind);
    if (kind === 'join') return this.join(actor, admin);
    if (!actor.hasJoined) return;
    const chat = await this.chatOf(this.deviceOf(actor));
    if (kind === 'refresh') await chat.refresh();
    else if (kind === 'title') await this.unlessOut(async () => chat.setTitle(`title ${this.count++}`));
    else if (kind === 'edit') await this.edit(chat);
    else if (kind === 'send') await this.send(actor, chat);
    else await Promise.all(actor.devices.map(async (device) => this.send(actor, await this.chatOf(device))));
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
      const heard = new Set((await textsOf(chat)).map((text) => text.replaceAll('!', '')));
      for (const text of this.acknowledged) if (text.startsWith(`${other.name} `) && !heard.has(text)) other.strays.add(text);
      await chat.remove(other.name);
      other.isIn = false;
    }
  }

  private async join(actor: Actor, admin: Actor): Promise<void> {
    const device = this.deviceOf(actor);
    const invitation = (await device.chats.invitations()).find(({ id, inviter }) => id === this.id && inviter === admin.name);
    if (invitation === undefined) return;
    await device.chats.join(invitation);
    actor.hasJoined = true;
  }

  private async send(actor: Actor, chat: Chat): Promise<void> {
    const text = `${actor.name} says ${this.count++}`;
    const replyTo =
      this.random.nextInteger(3) === 0 ? (await chat.page({ limit: 20 })).messages.findLast(({ kind }) => kind === 'text')?.ref : undefined;
    // What is written by the admin is for nobody who is out at that time.
    if (actor === this.actors[0]) for (const other of this.actors) if (!other.isIn && other.hasJoined) other.forbidden.add(text);
    // Before, because somebody else may be removing them meanwhile; whoever was invited once more writes under the old id until they know it.
    if (!(await this.isCurrent(actor))) actor.strays.add(text);
    await this.unlessOut(async () => {
      await chat.send({ text, replyTo });
      this.acknowledged.add(text);
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

  private async edit(chat: Chat): Promise<void> {
    const { messages } = await chat.page({ limit: 50 });
    const own = messages.filter(({ isOwn, kind, deleted }) => isOwn && kind === 'text' && !deleted);
    const one = own.length === 0 ? undefined : this.pick(own);
    if (one === undefined) return;
    await this.unlessOut(async () => void (await chat.edit(one.ref, `${one.text}!`)));
  }

  /** Whoever is removed cannot write; that they do not know it yet is no fault. */
  private async unlessOut(change: () => Promise<void>): Promise<void> {
    try {
      await change();
    } catch (error) {
      if (!(error instanceof PyrgosError) || error.code !== 'denied.chat') throw error;
    }
  }

  private async check(): Promise<void> {
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
    const strays = new Set(this.actors.flatMap((actor) => [...actor.strays]));
    const seenBy = async (device: UserSession): Promise<readonly string[]> =>
      (await textsOf(await this.chatOf(device)))
        .map((text) => text.replaceAll('!', ''))
        .filter((text) => !strays.has(text))
        .sort();
    const expected = await seenBy(this.deviceOf(admin));
    if (new Set(expected).size !== expected.length) throw new Error(`a text is there twice: ${expected.join('|')}`);
    for (const text of this.acknowledged) if (!strays.has(text) && !expected.includes(text)) throw new Error(`${text} is lost`);
    for (const actor of present) {
      for (const device of actor.devices) await this.checkLog(device);
      const texts = await seenBy(this.deviceOf(actor));
      for (const text of texts) if (actor.forbidden.has(text)) throw new Error(`${actor.name} reads ${text}`);
      if (actor.isIn && texts.join('|') !== expected.join('|'))
        throw new Error(`${actor.name} sees ${texts.join('|')}, and not ${expected.join('|')}`);
    }
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
