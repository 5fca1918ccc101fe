import { describe, expect, test } from 'vitest';
import { type MemoryChat, type MemoryUser, memoryUsers } from '../../test/chat-world.js';
import { forge } from '../../test/forged-messages.js';
import { MAX_CHAT_REMOVERS } from '../limits.js';
import { MemberId } from './member-id.js';
import { withRemoval } from './member-removals.js';
import { PrivateChatState } from './private-chat-state.js';
import type { TreeClock } from './tree-clock.js';

/** Who was removed has invited himself once more before, or had somebody do it (chapter 07 section 7.3). */

/** Which entries of a user are in the chat, for somebody. */
const entriesOf = (chat: MemoryChat, username: string): readonly string[] =>
  [...chat.state.members.values()].filter((m) => m.username === username && !m.isRemoved).map(({ id }) => id.toString());

async function quartet(): Promise<readonly [ada: MemoryChat, bob: MemoryChat, mallory: MemoryChat, sid: MemoryChat]> {
  const [ada, bob, mallory, sid] = memoryUsers(['ada', 'bob', 'mallory', 'sid']) as [MemoryUser, MemoryUser, MemoryUser, MemoryUser];
  const first = await ada.create();
  await first.update(async (replica) => replica.invite([bob.invitee, mallory.invitee]));
  const own = await first.copyTo(mallory);
  await own.update(async (replica) => replica.invite([sid.invitee]));
  const chats = [first, await first.copyTo(bob), own, await own.copyTo(sid)] as const;
  for (let round = 0; round < 3; round++) for (const chat of chats) await chat.pull(...chats.filter((other) => other !== chat));
  return chats;
}

/** Somebody invites a user who is there already, as no honest program does. */
function inviteAgain(by: MemoryChat, again: MemoryChat): void {
  const { state } = by;
  const payload = { kind: 'invite', ...again.user.invitee, member: state.host.child(state.hostMember.invited) } as const;
  by.log.push(forge(by, { payload }));
}

describe('a second entry of somebody who is removed', () => {
  test('goes with the first one, in whatever order both are heard of', async () => {
    for (const isFirst of [true, false]) {
      const [ada, bob, mallory, sid] = await quartet();
      // By way of sid, who is not removed.
      inviteAgain(sid, mallory);
      if (isFirst) await bob.pull(sid);
      expect(entriesOf(bob, 'mallory')).toEqual(isFirst ? ['0.1', '0.1.0.0'] : ['0.1']);
      const { changes } = await ada.update(async (replica) => replica.removeMember('mallory'));
      expect(changes.revoked).toEqual(['mallory']);
      await bob.pull(ada, sid);
      await ada.pull(sid, bob);
      for (const chat of [ada, bob]) expect(entriesOf(chat, 'mallory')).toEqual([]);
      expect(bob.state.member(MemberId.parse('0.1.0.0'))?.isRemoved).toBe(true);
      // What is removed again later is so for good; sid is in the chat all the time.
      expect([entriesOf(ada, 'sid'), entriesOf(bob, 'sid')]).toEqual([['0.1.0'], ['0.1.0']]);
    }
  });

  test('stays when it was made by somebody who had seen the removal', async () => {
    const [ada, bob, mallory, sid] = await quartet();
    await ada.update(async (replica) => replica.removeMember('mallory'));
    await sid.pull(ada);
    await sid.update(async (replica) => replica.invite([mallory.user.invitee]));
    await ada.pull(sid);
    await bob.pull(ada, sid);
    for (const chat of [ada, bob, sid]) expect(entriesOf(chat, 'mallory')).toEqual(['0.1.0.0']);
  });

  test('the creator can leave, and come back', async () => {
    const [ada, bob, , sid] = await quartet();
    await ada.update(async (replica) => replica.leave());
    await bob.pull(ada);
    await sid.pull(bob);
    await bob.update(async (replica) => replica.invite([ada.user.invitee]));
    await ada.pull(bob);
    await sid.pull(bob, ada);
    expect([ada.open().readOnlyReason, entriesOf(ada, 'ada'), entriesOf(bob, 'ada'), entriesOf(sid, 'ada')]).toEqual([
      undefined,
      ['0.0.0'],
      ['0.0.0'],
      ['0.0.0'],
    ]);
  });

  test('a copy that is made later says the same', async () => {
    const [ada, bob, mallory, sid] = await quartet();
    inviteAgain(sid, mallory);
    await ada.update(async (replica) => replica.removeMember('mallory'));
    await bob.pull(ada);
    const eve = memoryUsers(['a', 'b', 'c', 'd', 'eve'])[4] as MemoryUser;
    await bob.update(async (replica) => replica.invite([eve.invitee]));
    const copy = await bob.copyTo(eve);
    await copy.pull(sid);
    expect([entriesOf(copy, 'mallory'), copy.state.member(MemberId.parse('0.1.0.0'))?.isRemoved]).toEqual([[], true]);
  });
});

describe('what is remembered of removals', () => {
  test('MAX_CHAT_REMOVERS, and each with the last of its messages', () => {
    let known: TreeClock | undefined;
    for (let i = 0; i <= MAX_CHAT_REMOVERS; i++) known = withRemoval(known, MemberId.parse(`0.${i}`), 1);
    expect([known?.size, known?.get(MemberId.parse(`0.${MAX_CHAT_REMOVERS}`))]).toEqual([MAX_CHAT_REMOVERS, undefined]);
    const first = MemberId.parse('0.0');
    expect(withRemoval(known, first, 7).get(first)).toBe(7);
  });

  test('is kept', async () => {
    const [ada] = await quartet();
    await ada.update(async (replica) => replica.removeMember('mallory'));
    const { privateState, user } = ada;
    expect([...privateState.removals].map(([id, clock]) => [id, clock.entries().join()])).toEqual([['0.1', '0,5']]);
    const read = PrivateChatState.decode(user.crypto, privateState.encode());
    expect([read.equals(privateState), read.equals(PrivateChatState.of(privateState.chatKeys))]).toEqual([true, false]);
    expect(read.withDeleted('x').withoutDeleted('x').withKeys(read.chatKeys).merge(read).equals(read)).toBe(true);
  });
});
