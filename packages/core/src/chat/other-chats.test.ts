import { describe, expect, test } from 'vitest';
import { MemoryChat, type MemoryUser, memoryUsers, type Place } from '../../test/chat-world.js';
import { forge } from '../../test/forged-messages.js';
import { NetworkError } from '../errors.js';
import { loadCrypto } from '../crypto/index.js';
import { SigningKeyPair } from '../keys/signing-key.js';
import { MAX_CHAT_HISTORY, MAX_CHAT_HISTORY_SIZE } from '../limits.js';
import { ChatState } from './chat-state.js';
import { MemberId } from './member-id.js';
import { MessageEnvelope } from './message-envelope.js';
import { MessageRef } from './message-ref.js';
import { OwnHistory } from './own-history.js';
import { PrivateChatState } from './private-chat-state.js';
import type { SignedMessage } from './signed-message.js';
import { TreeClock } from './tree-clock.js';

/** What somebody has said in one chat is repeated in another one: nothing that is signed names the chat (chapter 07 section 9.3). */

const crypto = await loadCrypto();
const say = async (chat: MemoryChat, text: string): Promise<unknown> =>
  chat.update(async (replica) => replica.post({ kind: 'application', body: [text] }));
const textsOf = (chat: MemoryChat): readonly unknown[] =>
  chat.messages.flatMap(({ envelope: { author, payload } }) =>
    'body' in payload ? [`${chat.state.member(author)?.username}: ${payload.body.join('')}`] : [],
  );

/** What bob has said in a chat of mallory's, and another chat of hers, in which bob is invited and ada is. */
async function twoChats(): Promise<{
  two: MemoryChat;
  adas: MemoryChat;
  stolen: readonly SignedMessage[];
  bob: MemoryUser;
  dan: MemoryUser;
}> {
  const [mallory, bob, ada, dan] = memoryUsers(['mallory', 'bob', 'ada', 'dan']) as [MemoryUser, MemoryUser, MemoryUser, MemoryUser];
  const one = await mallory.create();
  await one.update(async (replica) => replica.invite([bob.invitee]));
  const bobs = await one.copyTo(bob, async () => true);
  await say(bobs, 'I agree');
  const stolen = bobs.messages.filter(({ envelope }) => envelope.author.toString() === '0.0');
  const chatId = 'chat$mallory$00000000-0000-4000-8000-00000000000f';
  const state = ChatState.initial({ chatId, username: 'mallory', identity: mallory.identity.key });
  const two = new MemoryChat(mallory, state, PrivateChatState.of(SigningKeyPair.generate(crypto)));
  await two.update(async (replica) => {
    await replica.join();
    await replica.addAdmin('mallory');
    await replica.invite([bob.invitee, ada.invitee, dan.invitee]);
  });
  const adas = await two.copyTo(ada, async () => true);
  await say(two, 'Shall ada pay?');
  return { two, adas, stolen, bob, dan };
}

describe('somebody who has joined another chat', () => {
  test('has not joined this one, and has said nothing in it', async () => {
    const { two, adas, stolen, bob, dan } = await twoChats();
    const honest = await two.copyTo(bob, async () => true);
    two.log.push(...stolen);
    expect(await adas.pull(two)).toMatchObject([{ applied: 1, refused: 2, outcome: 'end' }]);
    expect([textsOf(adas), adas.state.memberOf('bob')?.isPending]).toEqual([['mallory: Shall ada pay?'], true]);
    // Whoever copies the log of mallory is not told either.
    const dans = await two.copyTo(dan, async () => true);
    expect([textsOf(dans), dans.state.memberOf('bob')?.isPending]).toEqual([['mallory: Shall ada pay?'], true]);
    // It does not keep out whoever joins in truth.
    await say(honest, 'I am here');
    await adas.pull(honest);
    expect(textsOf(adas)).toEqual(['mallory: Shall ada pay?', 'bob: I am here']);
  });

  test('also when the log is longer than what the state has of it', async () => {
    const { two, adas, stolen } = await twoChats();
    for (let i = 0; i < 20; i++) await say(adas, `${i}`);
    two.log.push(...stolen);
    await adas.pull(two);
    expect(adas.state.memberOf('bob')?.isPending).toBe(true);
  });

  test('is looked for in the own log again, when that cannot be read now', async () => {
    const { two, adas, stolen } = await twoChats();
    for (let i = 0; i < 20; i++) await say(adas, `${i}`);
    two.log.push(...stolen);
    const { messages } = adas;
    let isAway = true;
    const read = async function* (): AsyncGenerator<SignedMessage> {
      if (isAway) throw new NetworkError('no connection');
      yield* messages;
    };
    const history = new OwnHistory(crypto, false, read, []);
    const [join] = stolen as [SignedMessage];
    await expect(history.isBehind(join.envelope)).rejects.toThrow(NetworkError);
    isAway = false;
    expect(await history.isBehind(join.envelope)).toBe(false);
  });
});

describe('somebody who joins this chat', () => {
  /** Bob, who joins when mallory's log ends with what `last` has added to it; and ada, who has a copy from before. */
  async function joining(last: (one: MemoryChat, carol: MemoryChat, adas: MemoryChat) => Promise<void>): Promise<readonly MemoryChat[]> {
    const [mallory, bob, ada, carol] = memoryUsers(['mallory', 'bob', 'ada', 'carol']) as [MemoryUser, MemoryUser, MemoryUser, MemoryUser];
    const one = await mallory.create();
    await one.update(async (replica) => replica.invite([ada.invitee, carol.invitee]));
    const adas = await one.copyTo(ada, async () => true);
    const carols = await one.copyTo(carol, async () => true);
    await one.pull(adas, carols);
    await adas.pull(one);
    await carols.pull(one);
    await one.update(async (replica) => replica.invite([bob.invitee]));
    await last(one, carols, adas);
    return [one, await one.copyTo(bob, async () => true), adas, carols];
  }

  test.each([0, 30])('is believed with %i messages behind what they had seen', async (more) => {
    const [one, bobs, adas] = (await joining(async (chat) => void (await say(chat, 'the last one')))) as [
      MemoryChat,
      MemoryChat,
      MemoryChat,
    ];
    await adas.pull(one);
    for (let i = 0; i < more; i++) await say(adas, `${i}`);
    await adas.pull(bobs);
    expect(adas.state.memberOf('bob')?.isPending).toBe(false);
  });

  test('is believed when the last message they had seen is lost, or of somebody who was removed', async () => {
    const [, bobs, adas] = (await joining(async (one) => void (await say(one, 'lost')))) as [MemoryChat, MemoryChat, MemoryChat];
    bobs.log = bobs.messages.filter(({ envelope: { payload } }) => !('body' in payload));
    const [join] = bobs.messages.slice(-1);
    expect(join?.envelope.payload.kind).toBe('join');
    for (let i = 0; i < 3; i++) await adas.pull(bobs);
    expect(adas.state.memberOf('bob')?.isPending).toBe(false);

    const [one, others, own] = (await joining(async (chat, carols) => {
      await say(carols, 'too late');
      await chat.pull(carols);
    })) as [MemoryChat, MemoryChat, MemoryChat];
    // Of mallory's log what she had before.
    const before = one.log.slice(0, -1);
    own.state = own.state.withMember(own.state.memberOf('carol')!.with({ isRemoved: true }));
    const log = one.log;
    one.log = before;
    await own.pull(one);
    one.log = log;
    await own.pull(others);
    expect([textsOf(own), own.state.memberOf('bob')?.isPending]).toEqual([[], false]);
  });

  test('is believed when they name no message, as some programs do', async () => {
    const { two, adas, bob } = await twoChats();
    const bobs = await two.copyTo(bob, async () => true);
    const { payload, timestamp } = bobs.messages.at(-1)!.envelope;
    const join = forge(bobs, { payload, timestamp, previous: [] }, bob.keys);
    bobs.log = [...bobs.log.slice(0, -1), join] as Place[];
    await adas.pull(bobs);
    expect(adas.state.memberOf('bob')?.isPending).toBe(false);
  });
});

test('MAX_CHAT_HISTORY and MAX_CHAT_HISTORY_SIZE: of a longer log nothing is told', async () => {
  const author = MemberId.creator;
  const message = (counter: number, text = ''): MessageEnvelope =>
    MessageEnvelope.of({
      author,
      payload: { kind: 'application', body: [text] },
      previous: [],
      timestamp: TreeClock.of([[author, counter]]),
      time: 1,
    });
  const other = MemberId.parse('0.0');
  const stranger = MessageEnvelope.of({
    author: other,
    payload: { kind: 'application', body: [''] },
    previous: [MessageRef.ofEnvelope(crypto, new Uint8Array(1))],
    timestamp: TreeClock.of([
      [author, 1],
      [other, 1],
    ]),
    time: 1,
  });
  const many = new OwnHistory(crypto, true, undefined, []);
  for (let i = 1; i <= MAX_CHAT_HISTORY; i++) many.note(message(i));
  expect(await many.isBehind(stranger)).toBe(false);
  many.note(message(MAX_CHAT_HISTORY + 1));
  expect(await many.isBehind(stranger)).toBe(true);

  const large = new OwnHistory(crypto, true, undefined, []);
  const part = 4_194_304;
  const sized = (counter: number, size: number): MessageEnvelope => {
    const frame = message(counter, 'x'.repeat(part)).encode().length - part;
    return message(counter, 'x'.repeat(size - frame));
  };
  let left = MAX_CHAT_HISTORY_SIZE;
  for (let i = 1; left > 0; i++, left -= part) large.note(sized(i, part));
  expect([left, await large.isBehind(stranger)]).toEqual([0, false]);
  large.note(message(100));
  expect(await large.isBehind(stranger)).toBe(true);
});
