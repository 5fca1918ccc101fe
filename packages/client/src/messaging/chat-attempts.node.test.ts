import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { changedNetwork, overriding } from '../../test/changed-network.js';
import { joinNewest, textsOf } from '../../test/chat-world.js';
import { endingNetwork } from '../../test/ending-network.js';
import { befriend, People } from '../../test/people-world.js';
import { ServerWorld } from '../../test/server-world.js';
import type { Chat, ChatMessage, NewChatMessage, UserSession } from '../index.js';
import type { Network } from '../network/index.js';

let world: ServerWorld;
let people: People;
let a: UserSession;
let chatA: Chat;
let time = Date.UTC(2026, 4, 1);
beforeAll(async () => {
  world = await ServerWorld.start();
  people = new People(world);
  a = await people.join('ada');
  const b = await people.join('bob');
  await befriend(a, b);
  chatA = await a.chats.create({ invite: [b.username] });
  await joinNewest(b, a);
});
afterAll(async () => world.close());

/** Something that others wait for. */
class Signal {
  give: () => void = () => undefined;
  readonly given = new Promise<void>((resolve) => (this.give = resolve));
}

const picture = (content: string): NewChatMessage => ({
  attachments: [{ source: new TextEncoder().encode(content), name: 'picture.png', mimeType: 'image/png' }],
});

/** The messages of the chat since a place, as another device sees them. */
async function since(index: number): Promise<readonly ChatMessage[]> {
  const later = await people.again(a);
  const { messages } = await (await later.chats.open(chatA.id)).page({ after: index, limit: 200 });
  return messages.filter(({ kind }) => kind === 'text');
}

/** What the pictures of messages have in them. */
async function contents(messages: readonly ChatMessage[]): Promise<readonly string[]> {
  const all: string[] = [];
  for (const { attachments } of messages) {
    for (const attachment of attachments) {
      const { reader } = await chatA.openAttachment(attachment);
      all.push(new TextDecoder().decode(await reader.read()));
    }
  }
  return all;
}

const end = async (): Promise<number> => (await (await (await people.again(a)).chats.open(chatA.id)).page({ limit: 1 })).total;

describe('a message is sent once, whatever came of the first attempt', () => {
  test.each([
    ['texts', { text: 'ok' }, { text: 'ok' }],
    ['pictures', picture('the same'), picture('the same')],
    ['different pictures', picture('one'), picture('another')],
  ])('%s, with the power off at any moment', async (_, first, second) => {
    for (const isMade of [false, true]) {
      for (let step = 1; ; step++) {
        const before = await end();
        const { network, endAt } = endingNetwork(world.network(), true);
        const session = await people.again(a, network);
        const chat = await session.chats.open(chatA.id);
        const [one, two] = [new Date(++time), new Date(++time)];
        endAt(step, isMade);
        const hasFailed = await chat.send(first, { attempt: { time: one, isRepeated: false } }).then(
          () => false,
          () => true,
        );
        const next = await (await people.again(a)).chats.open(chatA.id);
        const sent = await next.send(first, { attempt: { time: one, isRepeated: true } });
        const other = await next.send(second, { attempt: { time: two, isRepeated: false } });
        const again = await next.send(second, { attempt: { time: two, isRepeated: true } });
        const found = await since(before);
        expect(found.map(({ ref, time: at }) => [ref, at.getTime()])).toEqual([
          [sent.ref, one.getTime()],
          [other.ref, two.getTime()],
        ]);
        expect(again.ref).toBe(other.ref);
        if (first.text === undefined) {
          const decode = ({ attachments }: NewChatMessage): string => new TextDecoder().decode(attachments?.[0]?.source as Uint8Array);
          expect(await contents(found)).toEqual([decode(first), decode(second)]);
        }
        if (!hasFailed) break;
      }
    }
  });

  test('the first attempt comes to its end while the second one is under way', async () => {
    const before = await end();
    const base = world.network();
    /** A network whose changes begin when `begin` says so. */
    const delayed = (begin: () => Promise<unknown>): Network => {
      const after = async <T>(call: () => Promise<T>): Promise<T> => {
        await begin();
        return call();
      };
      return changedNetwork(base, {
        pointers: overriding(base.pointers, {
          setPointer: async (...call) => after(async () => base.pointers.setPointer(...call)),
          setPointers: async (...call) => after(async () => base.pointers.setPointers(...call)),
        }),
      });
    };
    const [isThere, isReleased] = [new Signal(), new Signal()];
    let isHeld = false;
    const slow = delayed(async () => {
      if (!isHeld) return;
      isThere.give();
      await isReleased.given;
    });
    const attempts: Promise<ChatMessage>[] = [];
    // Looks, finds nothing, and is about to commit when the other attempt does.
    const late = delayed(async () => {
      isReleased.give();
      await Promise.all(attempts);
    });
    const one = await (await people.again(a, slow)).chats.open(chatA.id);
    const attempt = new Date(++time);
    isHeld = true;
    attempts.push(one.send({ text: 'slow' }, { attempt: { time: attempt, isRepeated: false } }));
    await isThere.given;
    const two = await (await people.again(a, late)).chats.open(chatA.id);
    const second = await two.send({ text: 'slow' }, { attempt: { time: attempt, isRepeated: true } });
    expect((await Promise.all(attempts)).map(({ ref }) => ref)).toEqual([second.ref]);
    expect((await since(before)).map(({ text }) => text)).toEqual(['slow']);
  });

  test('what was edited, deleted or answered since is known again', async () => {
    const before = await end();
    const [one, two, three] = [new Date(++time), new Date(++time), new Date(++time)];
    const first = await chatA.send({ text: 'draft' }, { attempt: { time: one, isRepeated: false } });
    const second = await chatA.send({ text: 'oops' }, { attempt: { time: two, isRepeated: false } });
    const answer = await chatA.send({ text: 'draft', replyTo: first.ref }, { attempt: { time: three, isRepeated: false } });
    await chatA.edit(first.ref, 'final');
    await chatA.deleteMessage(second.ref);
    const refs = [
      await chatA.send({ text: 'draft' }, { attempt: { time: one, isRepeated: true } }),
      await chatA.send({ text: 'oops' }, { attempt: { time: two, isRepeated: true } }),
      await chatA.send({ text: 'draft', replyTo: first.ref }, { attempt: { time: three, isRepeated: true } }),
    ].map(({ ref }) => ref);
    expect(refs).toEqual([first.ref, second.ref, answer.ref]);
    expect((await since(before)).map(({ text }) => text)).toEqual(['final', '', 'draft']);
  });

  test('equal messages of two devices are two, and so are different ones of one time', async () => {
    const before = await end();
    const other = await (await people.again(a)).chats.open(chatA.id);
    const [one, two] = [new Date(++time), new Date(++time)];
    await chatA.send({ text: 'ok' }, { attempt: { time: one, isRepeated: true } });
    await other.send({ text: 'ok' }, { attempt: { time: two, isRepeated: true } });
    await chatA.send(picture('mine'), { attempt: { time: two, isRepeated: true } });
    await other.send(picture('yours'), { attempt: { time: two, isRepeated: true } });
    const found = await since(before);
    expect(found.map(({ text }) => text)).toEqual(['ok', 'ok', '', '']);
    expect(await contents(found)).toEqual(['mine', 'yours']);
    expect((await textsOf(chatA)).length).toBeGreaterThan(4);
  });
});
