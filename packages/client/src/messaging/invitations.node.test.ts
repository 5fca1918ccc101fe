import { MAX_CHAT_INVITATION_SIZE, MAX_CHAT_INVITATIONS_READ } from '@pyrgos/core/limits';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { People } from '../../test/people-world.js';
import { ServerWorld } from '../../test/server-world.js';
import type { Chat, UserSession } from '../index.js';
import { ChatFile } from './chat-files.js';

let world: ServerWorld;
let people: People;
beforeAll(async () => {
  world = await ServerWorld.start();
  people = new People(world);
});
afterAll(async () => world.close());

/** Somebody whose requests are counted, and a friend. */
async function guest(): Promise<{ readonly a: UserSession; readonly m: UserSession; readonly received: () => number }> {
  const { network, counter } = world.counted();
  const [a, m] = await people.friends({ name: 'ada', network }, 'mal');
  let before = 0;
  const received = (): number => {
    const all = counter.bytes.received;
    const more = all - before;
    before = all;
    return more;
  };
  return { a, m, received };
}

async function spoil(m: UserSession, { id }: Chat, size: number): Promise<void> {
  await m.files.write(`/${m.username}/.messaging/${id}/shared/${ChatFile.state}`, new Uint8Array(size));
}

const titles = async (session: UserSession): Promise<readonly string[]> =>
  (await session.chats.list()).invitations.map(({ title }) => title);

describe('whoever is out of a chat', () => {
  test('and is invited once more joins, or declines; looking at it is neither', async () => {
    const [a, b] = await people.friends('ada', 'bob');
    const chatA = await a.chats.create({ title: 'once more', invite: [b.username] });
    const chatB = await b.chats.join({ id: chatA.id, inviter: a.username });
    const memberOf = async (): Promise<string | undefined> =>
      (await chatA.members()).findLast(({ username }) => username === b.username)?.state;
    for (const answer of ['decline', 'join'] as const) {
      await chatA.refresh();
      await chatB.leave();
      await chatA.refresh();
      await chatA.invite([b.username]);
      for (const chat of [chatB, await (await people.again(b)).chats.open(chatB.id)]) {
        expect(await chat.refresh()).toEqual({ id: chat.id, added: 0, refused: 0, more: false, problems: [] });
        expect((await chat.summary()).writable).toBe('left');
      }
      await b.chats.refresh();
      await chatA.refresh();
      expect(await memberOf()).toBe('pending');
      expect(await titles(b)).toEqual(['once more']);
      await b.chats[answer]({ id: chatA.id, inviter: a.username });
      expect(await titles(b)).toEqual([]);
      if (answer === 'join') break;
      // Taken back, and said anew.
      await chatA.remove(b.username);
      await chatA.invite([b.username]);
      expect(await titles(b)).toEqual(['once more']);
      await b.chats.join({ id: chatA.id, inviter: a.username });
    }
    expect((await chatB.summary()).writable).toBe('yes');
    await chatA.refresh();
    expect(await memberOf()).toBe('joined');
  });

  test('that is deleted before the others have heard anything is not invited by what they think', async () => {
    const [a, b] = await people.friends('ada', 'bob');
    const chatA = await a.chats.create({ title: 'deleted', invite: [b.username] });
    const { id } = await b.chats.join({ id: chatA.id, inviter: a.username });
    await b.chats.delete(id);
    expect(await titles(b)).toEqual([]);
    await chatA.refresh();
    expect(await titles(await people.again(b))).toEqual([]);
    await chatA.remove(b.username);
    await chatA.invite([b.username]);
    expect(await titles(b)).toEqual(['deleted']);
  });
});

describe('invitations that are none', () => {
  test.each([0, 100_000, MAX_CHAT_INVITATION_SIZE, MAX_CHAT_INVITATION_SIZE + 1, 20_000_000])(
    'a state of %i bytes is read once at most, and keeps nobody from the others',
    async (size) => {
      const { a, m, received } = await guest();
      await spoil(m, await m.chats.create({ title: 'bad', invite: [a.username] }), size);
      await m.chats.create({ title: 'good', invite: [a.username] });
      received();
      expect(await titles(a)).toEqual(['good']);
      const first = received();
      if (size > MAX_CHAT_INVITATION_SIZE) expect(first).toBeLessThan(1_000_000);
      else expect(first).toBeGreaterThan(size);
      expect(await titles(a)).toEqual(['good']);
      expect(received()).toBeLessThan(5000);
      // Something else has changed in the space of the friend: the state is still the same.
      await m.files.write(`/${m.username}/note.txt`, 'hello');
      expect(await titles(a)).toEqual(['good']);
      expect(received()).toBeLessThan(60_000);
    },
  );

  test('what is read of one friend at a time is limited, and what is left comes with the next looks', async () => {
    const { a, m, received } = await guest();
    const others = Math.floor(MAX_CHAT_INVITATIONS_READ / MAX_CHAT_INVITATION_SIZE);
    for (let i = 0; i < others + 2; i++) await spoil(m, await m.chats.create({ invite: [a.username] }), MAX_CHAT_INVITATION_SIZE);
    await m.chats.create({ title: 'good', invite: [a.username] });
    received();
    let found = await titles(a);
    expect(received()).toBeLessThan(1.2 * MAX_CHAT_INVITATIONS_READ);
    for (let looks = 1; looks < 3 && found.length === 0; looks++) found = await titles(a);
    expect(found).toEqual(['good']);
    await titles(a);
    received();
    await titles(a);
    expect(received()).toBeLessThan(5000);
  });

  test('what was found of chats that are not shared any more is forgotten', async () => {
    const { a, m } = await guest();
    const remembered = async (): Promise<readonly unknown[]> =>
      (await a.chats.source.places({ signal: new AbortController().signal })).map(({ change }) => change);
    const joined = await m.chats.create({ title: 'joined', invite: [a.username] });
    await a.chats.join({ id: joined.id, inviter: m.username });
    for (let i = 0; i < 3; i++) {
      const chat = await m.chats.create({ title: `${i}`, invite: [a.username] });
      expect(await titles(a)).toEqual([`${i}`]);
      expect(await remembered()).toEqual([{ chat: joined.id }, { chat: chat.id }]);
      await m.chats.delete(chat.id, { leave: false });
      expect(await titles(a)).toEqual([]);
      expect(await remembered()).toEqual([{ chat: joined.id }]);
    }
  });

  test('one that is repaired is found', async () => {
    const { a, m } = await guest();
    const chat = await m.chats.create({ title: 'good', invite: [a.username] });
    const path = `/${m.username}/.messaging/${chat.id}/shared/${ChatFile.state}`;
    const state = await m.files.read(path);
    await spoil(m, chat, 1000);
    expect(await titles(a)).toEqual([]);
    await m.files.write(path, state);
    expect(await titles(a)).toEqual(['good']);
    await a.chats.join({ id: chat.id, inviter: m.username });
    expect(await titles(a)).toEqual([]);
  });
});
