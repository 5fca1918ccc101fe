import { expect, test } from 'vitest';
import { type MemoryChat, type MemoryUser, memoryUsers } from '../../test/chat-world.js';
import { NotFoundError } from '../errors.js';
import type { SignedMessage } from './signed-message.js';

/** From where on whoever joins reads the logs of others (chapter 07 section 6.5). */

const say = async (chat: MemoryChat, text: string): Promise<SignedMessage> =>
  (await chat.update(async (replica) => replica.post({ kind: 'application', body: [text] }))).result;

const textsOf = (chat: MemoryChat): readonly unknown[] =>
  chat.messages.flatMap(({ envelope: { payload } }) => ('body' in payload ? payload.body : []));

/** Ada's chat, into which mallory has invited dan. */
async function withGuest(): Promise<{
  readonly chats: readonly [ada: MemoryChat, bob: MemoryChat, mallory: MemoryChat];
  readonly dan: MemoryUser;
}> {
  const users = memoryUsers(['ada', 'bob', 'mallory', 'dan']) as [MemoryUser, MemoryUser, MemoryUser, MemoryUser];
  const [ada, bob, mallory, dan] = users;
  const first = await ada.create();
  await first.update(async (replica) => replica.invite([bob.invitee, mallory.invitee]));
  const chats = [first, await first.copyTo(bob), await first.copyTo(mallory)] as const;
  for (let round = 0; round < 2; round++) for (const chat of chats) await chat.pull(...chats.filter((other) => other !== chat));
  await chats[2].update(async (replica) => replica.invite([dan.invitee]));
  for (const chat of chats.slice(0, 2)) await chat.pull(chats[2]);
  return { chats: [...chats], dan };
}

/** What an inviter claims to have read of the others. */
function claim(inviter: MemoryChat, ...others: readonly MemoryChat[]): void {
  for (const { user, log } of others) {
    const member = inviter.state.memberOf(user.username);
    if (member === undefined) throw new Error('is a member');
    inviter.state = inviter.state.withMember(member.with({ mergedUpTo: log.length }));
  }
}

const positionsOf = (chat: MemoryChat, ...others: readonly MemoryChat[]): readonly (number | undefined)[] =>
  others.map(({ user }) => chat.state.memberOf(user.username)?.mergedUpTo);

test('what an inviter who was removed claims to have read hides nothing, that removal least of all', async () => {
  for (const canLook of [true, false]) {
    const { chats, dan } = await withGuest();
    const [ada, bob, mallory] = chats;
    await say(ada, 'mallory is no good');
    await ada.update(async (replica) => replica.removeMember('mallory'));
    await say(ada, 'among ourselves');
    await bob.pull(ada);
    claim(mallory, ada, bob);
    const chat = await mallory.copyTo(dan, undefined, canLook ? [ada, bob] : []);
    await chat.pull(ada, bob);
    expect(textsOf(chat)).toEqual(['mallory is no good', 'among ourselves']);
    expect(chat.state.memberOf('mallory')?.isRemoved).toBe(true);
  }
});

test('nor does it where the removal stands in the log of somebody else, or messages were left out of the copied log', async () => {
  const { chats, dan } = await withGuest();
  const [ada, bob, mallory] = chats;
  await ada.update(async (replica) => replica.removeMember('mallory'));
  const after = await say(ada, 'among ourselves');
  await bob.pull(ada);
  await say(bob, 'of bob');
  // The removal is not in it, and what came after it is.
  mallory.log.push(after, ...bob.messages.slice(-1));
  mallory.state = mallory.state.withMember(mallory.state.hostMember.with({ mergedUpTo: mallory.log.length }));
  claim(mallory, ada, bob);
  const chat = await mallory.copyTo(dan, undefined, [ada, bob]);
  const [ofAda, ofBob] = positionsOf(chat, ada, bob);
  // At the removal.
  expect(ofAda).toBe(ada.log.length - 2);
  expect(ofBob).toBeLessThanOrEqual(bob.log.length - 3);
});

test('what an honest one has read is not read again, but for what comes after the last word of each', async () => {
  const { chats, dan } = await withGuest();
  const [ada, bob, mallory] = chats;
  for (let i = 0; i < 1000; i++) await say(ada, `${i}`);
  for (const chat of [bob, mallory]) await chat.pull(ada);
  await say(bob, 'of bob');
  for (const chat of [ada, mallory]) await chat.pull(bob);
  const chat = await mallory.copyTo(dan, undefined, [ada, bob]);
  // The last word of ada is before that of bob.
  expect(positionsOf(chat, ada, bob)).toEqual([ada.log.length - 2, bob.log.length - 1]);
  await say(ada, 'new');
  expect(await chat.pull(ada, bob)).toMatchObject([
    { outcome: 'end', applied: 1 },
    { outcome: 'end', applied: 0 },
  ]);
  // Further back, and where something cannot be read.
  for (let i = 0; i < 600; i++) await say(mallory, `${i}`);
  await bob.pull(mallory);
  await mallory.pull(bob);
  const place = bob.log.length - 601;
  expect(positionsOf(await mallory.copyTo(dan, undefined, [ada, bob]), bob)).toEqual([place]);
  bob.log[place + 10] = new NotFoundError('not-found.block', 'The server does not have this block.', {});
  expect(positionsOf(await mallory.copyTo(dan, undefined, [ada, bob]), bob)).toEqual([0]);
}, 60_000);
