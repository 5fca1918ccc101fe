import { describe, expect, test } from 'vitest';
import { memoryUsers, type MemoryChat, type MemoryUser } from '../../test/chat-world.js';
import { TreeClock } from './tree-clock.js';
import { MemberId } from './member-id.js';
import { ChatState } from './chat-state.js';
import { ChatMember } from './chat-member.js';
import { loadCrypto } from '../crypto/index.js';
import { PrivateChatState } from './private-chat-state.js';
import { SigningKeyPair } from '../keys/signing-key.js';
import type { SignedMessage } from './signed-message.js';
import { MemoryChat as Chat } from '../../test/chat-world.js';

/** The acceptance scenarios C1 to C5 of chapter 07 section 12. */

const crypto = await loadCrypto();

const say = async (chat: MemoryChat, text: string): Promise<SignedMessage> =>
  (await chat.update(async (replica) => replica.post({ kind: 'application', body: [text] }))).result;
const invite = async (chat: MemoryChat, ...users: readonly MemoryUser[]): Promise<void> => {
  await chat.update(async (replica) => replica.invite(users.map((user) => user.invitee)));
};
const bodyOf = (message: SignedMessage | undefined): unknown => {
  const payload = message?.envelope.payload;
  return payload !== undefined && 'body' in payload ? payload.body : undefined;
};
const length = (chat: MemoryChat): number => chat.state.hostMember.mergedUpTo;

/** Going through a log, each message is news, and each author counts by one (section 9.1, invariants 1 to 4). */
function expectSoundLog(chat: MemoryChat): void {
  let seen = TreeClock.empty;
  for (const { envelope } of chat.messages) {
    expect(envelope.timestamp.isBeforeOrEqual(seen)).toBe(false);
    expect(envelope.counter).toBe((seen.get(envelope.author) ?? 0) + 1);
    seen = seen.merge(envelope.timestamp);
  }
  expect(length(chat)).toBe(chat.log.length);
}

test('C1: a chat of two', async () => {
  const [u1, u2] = memoryUsers(['u1', 'u2']) as [MemoryUser, MemoryUser];
  const one = await u1.create(false);
  await invite(one, u2);
  const two = await one.copyTo(u2);
  await say(one, 'hello');
  await two.pull(one);
  expect(bodyOf(two.messages[3])).toEqual(['hello']);
  await two.update(async (replica) =>
    replica.post({ kind: 'reply', parent: (two.messages[3] as SignedMessage).ref(crypto), body: ['hi'] }),
  );
  await one.pull(two);
  expect(bodyOf(one.messages[4])).toEqual(['hi']);
  expect(one.messages.map((m) => m.ref(crypto).toString()).sort()).toEqual(two.messages.map((m) => m.ref(crypto).toString()).sort());
  for (const chat of [one, two]) expectSoundLog(chat);
  expect(one.state.clock.equals(two.state.clock)).toBe(true);
});

test('C2: two invitations without merging', async () => {
  const [u1, u2, u3] = memoryUsers(['u1', 'u2', 'u3']) as [MemoryUser, MemoryUser, MemoryUser];
  const one = await u1.create();
  await invite(one, u2);
  await invite(one, u3);
  expect([one.state.memberOf('u2')?.id.toString(), one.state.memberOf('u3')?.id.toString()]).toEqual(['0.0', '0.1']);
});

test('C3: a message comes through the member in the middle', async () => {
  const [u1, u2, u3] = memoryUsers(['u1', 'u2', 'u3']) as [MemoryUser, MemoryUser, MemoryUser];
  const one = await u1.create(false);
  await invite(one, u2);
  const two = await one.copyTo(u2);
  await invite(two, u3);
  const three = await two.copyTo(u3);
  await say(three, 'from afar');
  await two.pull(three);
  await one.pull(two);
  expect([bodyOf(two.messages[5]), bodyOf(one.messages[5])]).toEqual([['from afar'], ['from afar']]);
  expect(one.state.clock.equals(two.state.clock)).toBe(true);
  for (const chat of [one, two, three]) expectSoundLog(chat);
});

test('C4: two pairs in isolation, then all', async () => {
  const users = memoryUsers(['u1', 'u2', 'u3', 'u4']);
  const members = users.map((user, i) =>
    ChatMember.of({
      username: user.username,
      id: MemberId.of([i]),
      identity: user.identity.key,
      invited: 0,
      mergedUpTo: 0,
      isRemoved: false,
      proof: undefined,
    }),
  );
  const chats = users.map((user, i) => {
    const state = ChatState.of({
      chatId: 'chat$u1$00000000-0000-4000-8000-000000000000',
      clock: TreeClock.of(members.map(({ id }) => [id, 0] as const)),
      host: MemberId.of([i]),
      members: new Map(members.map((member) => [member.id.toString(), member])),
      properties: new Map(),
      recent: [],
    });
    return new Chat(user, state, PrivateChatState.of(SigningKeyPair.generate(crypto)));
  });
  const [one, two, three, four] = chats as [MemoryChat, MemoryChat, MemoryChat, MemoryChat];
  for (const chat of chats) await chat.update(async (replica) => replica.join());
  const exchange = async (from: MemoryChat, to: MemoryChat, text: string): Promise<void> => {
    const before = from.state.clock;
    const sent = await say(from, text);
    expect(sent.envelope.timestamp.isIncrementOf(before)).toBe(true);
    await to.pull(from);
  };
  for (const [a, b] of [
    [one, two],
    [three, four],
  ] as const) {
    for (const round of ['first', 'second']) {
      await exchange(a, b, `${round} there`);
      await exchange(b, a, `${round} back`);
    }
  }
  expect(chats.map(length)).toEqual([6, 6, 6, 6]);
  await one.pull(four);
  expect(length(one)).toBe(12);
  await two.pull(one);
  expect(length(two)).toBe(12);
  const refs = (chat: MemoryChat): ReadonlySet<string> => new Set(chat.messages.map((message) => message.ref(crypto).toString()));
  expect([...refs(one)].every((ref) => refs(two).has(ref))).toBe(true);
  for (const chat of chats) expectSoundLog(chat);
});

describe('C5', () => {
  test('a clock of a hundred members is small', () => {
    const clock = TreeClock.of(Array.from({ length: 100 }, (_, i) => [MemberId.of([i]), 0] as const));
    expect(clock.encode().length).toBe(378);
  });
});
