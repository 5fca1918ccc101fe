import { describe, expect, test } from 'vitest';
import { type MemoryChat, type MemoryUser, memoryUsers } from '../../test/chat-world.js';
import { forge } from '../../test/forged-messages.js';
import { loadCrypto } from '../crypto/index.js';
import { ArgumentError, DeniedError, LimitError } from '../errors.js';
import { SigningKeyPair } from '../keys/signing-key.js';
import {
  MAX_CHAT_PROPERTIES,
  MAX_CHAT_PROPERTIES_LENGTH,
  MAX_CHAT_RECENT,
  MAX_CHAT_RECENT_SIZE,
  MAX_CHAT_RESERVED_ADMINS,
  MAX_CHAT_RESERVED_ICON,
  MAX_CHAT_RESERVED_TITLE,
} from '../limits.js';
import { ChatReplica } from './chat-replica.js';
import { ChatProperty } from './group-property.js';
import { MemberId } from './member-id.js';
import { PrivateChatState } from './private-chat-state.js';
import type { SignedMessage } from './signed-message.js';

const crypto = await loadCrypto();

/** A chat of these users: the first has made it, and all are in. */
async function chatOf(...names: readonly string[]): Promise<readonly MemoryChat[]> {
  const [creator, ...others] = memoryUsers(names) as [MemoryUser, ...MemoryUser[]];
  const first = await creator.create();
  await first.update(async (replica) => replica.invite(others.map(({ invitee }) => invitee)));
  const chats = [first];
  for (const user of others) chats.push(await first.copyTo(user));
  for (let round = 0; round < 2; round++) for (const chat of chats) await chat.pull(...chats.filter((other) => other !== chat));
  return chats;
}

async function pair(): Promise<readonly [MemoryChat, MemoryChat]> {
  return (await chatOf('ada', 'bob')) as [MemoryChat, MemoryChat];
}

async function trio(): Promise<readonly [MemoryChat, MemoryChat, MemoryChat]> {
  return (await chatOf('ada', 'bob', 'carol')) as [MemoryChat, MemoryChat, MemoryChat];
}

const say = async (chat: MemoryChat, text: string): Promise<SignedMessage> =>
  (await chat.update(async (replica) => replica.post({ kind: 'application', body: [text] }))).result;

const denial = (reason: string): unknown =>
  expect.objectContaining({ constructor: DeniedError, code: 'denied.chat', data: expect.objectContaining({ reason }) });

const textsOf = (chat: MemoryChat): readonly unknown[] =>
  chat.messages.flatMap(({ envelope: { payload } }) => ('body' in payload ? payload.body : []));

describe('members', () => {
  test('who is in, who is invited, who is an admin', async () => {
    const [ada, bob] = await pair();
    expect(ada.state.admins).toEqual(['ada']);
    expect(bob.state.memberOf('ada')?.isPending).toBe(false);
    expect(bob.state.clock.equals(ada.state.clock)).toBe(true);
    const [, , carol] = memoryUsers(['x', 'y', 'carol']) as [MemoryUser, MemoryUser, MemoryUser];
    await ada.update(async (replica) => replica.invite([carol.invitee]));
    expect(ada.state.memberOf('carol')?.isPending).toBe(true);
    await expect(ada.open().invite([carol.invitee])).rejects.toEqual(denial('present'));
    await expect(ada.open().join()).rejects.toEqual(denial('present'));
    await expect(ada.open().invite([carol.invitee, carol.invitee])).rejects.toThrow(ArgumentError);
  });

  test('what the joining of others asks for', async () => {
    const [creator, other] = memoryUsers(['ada', 'bob']) as [MemoryUser, MemoryUser];
    const ada = await creator.create();
    await ada.update(async (replica) => replica.invite([other.invitee]));
    const bob = await ada.copyTo(other);
    const { changes } = await ada.update(async (replica) => replica.merge(MemberId.parse('0.0'), bob.messages.at(-1) as SignedMessage));
    expect([changes.joined, changes.revoked, changes.stateChanged, changes.privateChanged]).toEqual([['bob'], [], true, false]);
    expect(ada.open().changes.stateChanged).toBe(false);
  });

  test('admins', async () => {
    const [ada, bob, carol] = await trio();
    await expect(bob.open().addAdmin('carol')).rejects.toEqual(denial('not-admin'));
    await expect(bob.open().removeMember('carol')).rejects.toEqual(denial('not-admin'));
    await expect(ada.open().addAdmin('dan')).rejects.toEqual(denial('not-member'));
    await expect(ada.open().removeAdmin('ada')).rejects.toEqual(denial('last-admin'));
    expect(await ada.open().addAdmin('ada')).toBeUndefined();
    expect(await ada.open().removeAdmin('bob')).toBeUndefined();
    await ada.update(async (replica) => replica.addAdmin('bob'));
    await bob.pull(ada);
    expect(bob.state.admins).toEqual(['ada', 'bob']);
    await bob.update(async (replica) => replica.removeAdmin('ada'));
    await carol.pull(bob);
    expect(carol.state.admins).toEqual(['bob']);
    await expect(ada.open().setProperty(ChatProperty.admins, 'ada')).rejects.toThrow(ArgumentError);
  });

  test('a member who is removed takes nothing along', async () => {
    const [ada, bob, carol] = await trio();
    await ada.update(async (replica) => replica.addAdmin('bob'));
    const { changes } = await ada.update(async (replica) => replica.removeMember('bob'));
    expect(changes.appended.map(({ envelope }) => envelope.payload.kind)).toEqual(['group-state', 'remove-member']);
    expect([changes.revoked, ada.state.admins]).toEqual([['bob'], ['ada']]);
    await say(bob, 'too late');
    expect(await carol.pull(ada)).toMatchObject([{ applied: 3, refused: 0, outcome: 'end' }]);
    await carol.pull(bob);
    await ada.pull(bob);
    expect([textsOf(carol), textsOf(ada)]).toEqual([[], []]);
    await bob.pull(ada);
    expect(bob.open().readOnlyReason).toBe('removed');
    await expect(say(bob, 'no')).rejects.toEqual(denial('removed'));
    await expect(bob.open().leave()).rejects.toEqual(denial('removed'));
    await expect(ada.open().removeMember('bob')).rejects.toEqual(denial('not-member'));
  });

  test('leaving', async () => {
    const [ada, bob] = await pair();
    const { changes } = await bob.update(async (replica) => replica.removeMember('bob'));
    expect([changes.revoked, bob.open().readOnlyReason]).toEqual([[], 'removed']);
    const { changes: seen } = await ada.update(async (replica) =>
      replica.merge(MemberId.parse('0.0'), bob.messages.at(-1) as SignedMessage),
    );
    expect([seen.revoked, ada.state.memberOf('bob')?.isRemoved]).toEqual([['bob'], true]);
  });

  test('invited anew: a new id and new keys, and everybody hears it again', async () => {
    const [ada, bob, carol] = await trio();
    const oldKey = bob.privateState.chatKeys.publicKey;
    await ada.update(async (replica) => replica.removeMember('bob'));
    await bob.pull(ada);
    await carol.pull(ada);
    await say(ada, 'without bob');
    await ada.update(async (replica) => replica.invite([bob.user.invitee]));
    const length = bob.log.length;
    await bob.pull(ada);
    expect(bob.messages.slice(length).map(({ envelope }) => envelope.payload.kind)).toEqual(['application', 'invite', 'join']);
    expect([bob.state.host.toString(), bob.open().readOnlyReason, bob.state.hostMember.mergedUpTo]).toEqual([
      '0.2',
      undefined,
      bob.log.length,
    ]);
    expect(bob.privateState.chatKeys.publicKey.equals(oldKey)).toBe(false);
    const join = bob.messages.at(-1)?.envelope;
    expect(join?.previous.map(String)).toEqual([bob.messages.at(-2)?.ref(crypto).toString()]);
    await say(bob, 'here again');
    await ada.pull(bob);
    await carol.pull(ada, bob);
    for (const chat of [ada, bob, carol]) expect(textsOf(chat)).toEqual(['without bob', 'here again']);
    expect(carol.state.memberOf('bob')?.id.toString()).toBe('0.2');
    for (const chat of [ada, carol]) expect(chat.state.clock.equals(bob.state.clock)).toBe(true);
  });

  test('invited anew after the copy was deleted', async () => {
    const [ada, bob, carol] = await trio();
    for (let i = 0; i < 5; i++) await say(ada, `text ${i}`);
    await carol.pull(ada);
    await expect(ada.copyTo(bob.user)).rejects.toEqual(denial('keys-lost'));
    await ada.update(async (replica) => replica.removeMember('bob'));
    await expect(ada.copyTo(bob.user)).rejects.toEqual(denial('removed'));
    await expect(ada.copyTo(memoryUsers(['dan'])[0] as MemoryUser)).rejects.toEqual(denial('not-member'));
    await ada.update(async (replica) => replica.invite([bob.user.invitee]));
    const again = await ada.copyTo(bob.user);
    await say(again, 'a new copy');
    await carol.pull(ada, again);
    await ada.pull(again);
    for (const chat of [ada, carol]) expect(textsOf(chat).at(-1)).toBe('a new copy');
  });

  test('both invite the same user at the same time: one place is enough, and both end with the removal', async () => {
    const [ada, bob] = await pair();
    const dan = memoryUsers(['a', 'b', 'c', 'dan'])[3] as MemoryUser;
    await ada.update(async (replica) => replica.invite([dan.invitee]));
    await bob.update(async (replica) => replica.invite([dan.invitee]));
    await bob.pull(ada);
    const four = await bob.copyTo(dan);
    expect(four.state.host.toString()).toBe('0.0.0');
    await ada.pull(bob, four);
    expect(ada.state.memberOf('dan')?.id.toString()).toBe('0.0.0');
    const { changes } = await ada.update(async (replica) => replica.removeMember('dan'));
    expect([changes.appended.length, changes.revoked]).toEqual([2, ['dan']]);
  });

  test('keys that are not those of the member', async () => {
    const [ada] = await pair();
    ada.privateState = PrivateChatState.of(SigningKeyPair.generate(crypto));
    expect(ada.open().readOnlyReason).toBe('keys-lost');
    await expect(say(ada, 'x')).rejects.toEqual(denial('keys-lost'));
  });

  test('a user whose copy is gone', async () => {
    const [ada] = await pair();
    const { changes } = await ada.update(async (replica) => replica.setDeleted('bob', true));
    expect([changes.privateState.deleted, changes.privateChanged, changes.stateChanged]).toEqual([['bob'], true, false]);
    await ada.update(async (replica) => replica.setDeleted('bob', false));
    expect(ada.privateState.deleted).toEqual([]);
  });
});

describe('properties', () => {
  const title = async (chat: MemoryChat, value: string): Promise<unknown> =>
    chat.update(async (replica) => replica.setProperty('title', value));

  test('the later one wins, and of two at the same time that of the smaller id', async () => {
    const [ada, bob] = await pair();
    await title(bob, 'first');
    await ada.pull(bob);
    await title(ada, 'second');
    await bob.pull(ada);
    expect(bob.state.title).toBe('second');
    await title(bob, 'of bob');
    await title(ada, 'of ada');
    await ada.pull(bob);
    await bob.pull(ada);
    expect([ada.state.title, bob.state.title]).toEqual(['of ada', 'of ada']);
  });

  test('in whatever order three come of which two belong together', async () => {
    const chats = await chatOf('ada', 'bob', 'carol', 'dan');
    const [ada, bob, carol, dan] = chats as [MemoryChat, MemoryChat, MemoryChat, MemoryChat];
    await title(bob, 'of bob');
    await dan.pull(bob);
    await title(dan, 'of dan, after bob');
    await title(carol, 'of carol');
    // Of those that nobody has overtaken, carol has the smallest id.
    await ada.pull(bob);
    await ada.pull(carol);
    expect([ada.state.title, ada.privateState.contenders.get('title')?.length]).toEqual(['of bob', 1]);
    await ada.pull(dan);
    await bob.pull(carol);
    await bob.pull(dan);
    await carol.pull(bob, dan);
    await dan.pull(carol);
    expect(chats.map(({ state }) => state.title)).toEqual(Array<string>(4).fill('of carol'));
  });

  test('icon and title', async () => {
    const [ada, bob] = await pair();
    expect([ada.state.title, ada.state.icon]).toEqual(['', undefined]);
    await ada.update(async (replica) => replica.setProperty(ChatProperty.icon, 'data:image/png;base64,AAAA'));
    await bob.pull(ada);
    expect(bob.state.icon).toBe('data:image/png;base64,AAAA');
    await ada.update(async (replica) => replica.setProperty(ChatProperty.icon, ''));
    expect(ada.state.icon).toBeUndefined();
  });

  test('MAX_CHAT_PROPERTIES_LENGTH, MAX_CHAT_RESERVED_ADMINS, MAX_CHAT_RESERVED_TITLE, MAX_CHAT_RESERVED_ICON', async () => {
    const [ada, bob] = await pair();
    const set = async (chat: MemoryChat, key: string, length: number): Promise<unknown> =>
      chat.update(async (replica) => replica.setProperty(key, 'a'.repeat(length - key.length)));
    const rest = MAX_CHAT_PROPERTIES_LENGTH - MAX_CHAT_RESERVED_ADMINS - MAX_CHAT_RESERVED_TITLE - MAX_CHAT_RESERVED_ICON;
    await expect(set(ada, 'x', rest + 1)).rejects.toThrow(LimitError);
    await set(ada, 'x', rest);
    expect(ada.state.properties.get('x')?.value.length).toBe(rest - 1);
    for (const [key, most] of [
      [ChatProperty.title, MAX_CHAT_RESERVED_TITLE],
      [ChatProperty.icon, MAX_CHAT_RESERVED_ICON],
    ] as const) {
      await expect(set(ada, key, most + 1)).rejects.toThrow(LimitError);
      await set(ada, key, most);
    }
    await ada.update(async (replica) => replica.addAdmin('bob'));
    expect(await bob.pull(ada)).toMatchObject([{ applied: 4, refused: 0 }]);
    expect([bob.state.admins, bob.state.title.length]).toEqual([['ada', 'bob'], MAX_CHAT_RESERVED_TITLE - 'title'.length]);
    // What others leave may be used by any of them.
    await set(ada, 'x', 1);
    await expect(set(ada, 'title', rest + MAX_CHAT_RESERVED_TITLE)).rejects.toThrow(LimitError);
    await set(ada, 'title', rest + MAX_CHAT_RESERVED_TITLE - 1);
    // No title leaves the admins without room.
    const names = (length: number): string => `ada,bob,${'c'.repeat(length - 'admins'.length - 'ada,bob,'.length)}`;
    const { host, clock } = ada.state;
    const admins = (length: number): SignedMessage =>
      forge(ada, { payload: { kind: 'group-state', key: 'admins', value: names(length) }, timestamp: clock.increment(host) });
    ada.log.push(admins(MAX_CHAT_RESERVED_ADMINS + 1));
    expect(await bob.pull(ada)).toMatchObject([{ applied: 2, refused: 1 }]);
  });

  test('MAX_CHAT_PROPERTIES: three of them are for what has a meaning', async () => {
    const [ada, bob] = await pair();
    const others = MAX_CHAT_PROPERTIES - 3;
    for (let i = 0; i < others; i++) await bob.update(async (replica) => replica.setProperty(`x${i}`, ''));
    await expect(bob.update(async (replica) => replica.setProperty('y', ''))).rejects.toThrow(LimitError);
    await bob.update(async (replica) => replica.setProperty('x0', 'again'));
    await ada.pull(bob);
    await ada.update(async (replica) => replica.setProperty('title', 'T'));
    await ada.update(async (replica) => replica.setProperty(ChatProperty.icon, 'I'));
    await ada.update(async (replica) => replica.addAdmin('bob'));
    await bob.pull(ada);
    for (const { state } of [ada, bob]) expect([state.title, state.icon, state.admins]).toEqual(['T', 'I', ['ada', 'bob']]);
    expect(ada.state.properties.size).toBe(MAX_CHAT_PROPERTIES);
  });
});

describe('the own log', () => {
  test('a program that stopped between log and state', async () => {
    const [ada, bob] = await pair();
    const { state, privateState } = bob;
    await bob.update(async (replica) => replica.setProperty('title', 'written'));
    await say(ada, 'read before the stop');
    await bob.pull(ada);
    bob.state = state;
    bob.privateState = privateState;
    const replica = bob.open();
    const { from = 0, to = 0 } = replica.unrecovered ?? {};
    expect([from, to]).toEqual([bob.log.length - 2, bob.log.length]);
    await expect(replica.post({ kind: 'application', body: ['no'] })).rejects.toThrow(ArgumentError);
    await expect(replica.recover([])).rejects.toThrow(ArgumentError);
    await replica.recover(bob.messages.slice(from, to));
    expect([replica.unrecovered, replica.state.title, replica.changes.appended]).toEqual([undefined, 'written', []]);
    bob.store(replica.changes);
    await bob.pull(ada);
    await ada.pull(bob);
    expect(bob.state.clock.equals(ada.state.clock)).toBe(true);
    expect([textsOf(bob), ada.state.title]).toEqual([['read before the stop'], 'written']);
  });

  test('a program that stopped while it joined again', async () => {
    const [ada, bob] = await pair();
    await ada.update(async (replica) => replica.removeMember('bob'));
    await bob.pull(ada);
    await ada.update(async (replica) => replica.invite([bob.user.invitee]));
    const { state } = bob;
    const { privateState } = bob;
    await bob.pull(ada);
    const log = [...bob.log];
    for (const keepsJoin of [true, false]) {
      bob.state = state;
      bob.log = keepsJoin ? [...log] : log.slice(0, -1);
      if (!keepsJoin) bob.privateState = privateState;
      const replica = bob.open();
      await replica.recover(bob.messages.slice(replica.unrecovered?.from));
      expect([replica.state.host.toString(), replica.readOnlyReason, replica.changes.appended.length]).toEqual([
        '0.1',
        undefined,
        keepsJoin ? 0 : 1,
      ]);
      bob.store(replica.changes);
      expect(bob.state.hostMember.mergedUpTo).toBe(bob.log.length);
    }
  });

  test('a state that counts more messages than there are', async () => {
    const [ada] = await pair();
    ada.state = ada.state.withMember(ada.state.hostMember.with({ mergedUpTo: 1000 }));
    expect(ada.open().unrecovered).toBeUndefined();
    await say(ada, 'goes on');
    expect(ada.state.hostMember.mergedUpTo).toBe(ada.log.length);
  });

  test('the newest messages, MAX_CHAT_RECENT and MAX_CHAT_RECENT_SIZE', async () => {
    const [ada] = await pair();
    for (let i = 0; i < MAX_CHAT_RECENT + 1; i++) await say(ada, `text ${i}`);
    expect(ada.state.recent.length).toBe(MAX_CHAT_RECENT);
    const overhead = (ada.state.recent.at(-1)?.encode().length ?? 0) - `text ${MAX_CHAT_RECENT}`.length;
    // The head of a long text has two bytes more.
    await say(ada, 'a'.repeat(MAX_CHAT_RECENT_SIZE - overhead - 2));
    expect(ada.state.recent.map((envelope) => envelope.encode().length)).toEqual([MAX_CHAT_RECENT_SIZE]);
    await say(ada, 'a'.repeat(MAX_CHAT_RECENT_SIZE - overhead - 1));
    expect(ada.state.recent.length).toBe(0);
  });

  test('calls that overlap, and arguments that are none', async () => {
    const [ada, bob] = await pair();
    const replica = ada.open();
    const first = replica.post({ kind: 'application', body: ['one'] });
    await expect(replica.post({ kind: 'application', body: ['two'] })).rejects.toThrow(ArgumentError);
    await first;
    await expect(replica.post({ kind: 'group-state', key: 'a', value: 'b' })).rejects.toThrow(ArgumentError);
    await expect(replica.merge(MemberId.creator, bob.messages[0] as SignedMessage)).rejects.toThrow(ArgumentError);
    expect(() => replica.positionOf(MemberId.parse('7'))).toThrow(ArgumentError);
    expect(
      () =>
        new ChatReplica({
          crypto,
          state: ada.state,
          privateState: ada.privateState,
          identity: bob.user.identity,
          now: () => 0,
          logLength: 0,
          last: undefined,
        }),
    ).toThrow(ArgumentError);
  });
});
