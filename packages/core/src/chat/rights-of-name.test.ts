import { describe, expect, test } from 'vitest';
import { type MemoryChat, type MemoryUser, memoryUsers } from '../../test/chat-world.js';
import { PlantedMember } from '../../test/planted-member.js';
import { NetworkError } from '../errors.js';
import type { PublicKeyHash } from '../keys/public-key-hash.js';
import { MemberId } from './member-id.js';

/** Several entries of one name, one of which is that of an admin (chapter 07 section 7.3). */

/** Ada, who is the admin, bob and mallory; everybody knows which identities ada ever had, and which one she has now. */
async function trio(): Promise<{ chats: readonly [ada: MemoryChat, bob: MemoryChat, mallory: MemoryChat]; identities: PublicKeyHash[] }> {
  const users = memoryUsers(['ada', 'bob', 'mallory']) as [MemoryUser, MemoryUser, MemoryUser];
  const [ada, bob, mallory] = users;
  const first = await ada.create();
  await first.update(async (replica) => replica.invite([bob.invitee, mallory.invitee]));
  const chats = [first, await first.copyTo(bob), await first.copyTo(mallory)] as const;
  for (let round = 0; round < 2; round++) for (const chat of chats) await chat.pull(...chats.filter((other) => other !== chat));
  const identities = [ada.identity.key];
  for (const chat of chats) {
    chat.isIdentityOf = async (name, identity) => name === 'ada' && identities.some((known) => known.equals(identity));
    chat.isPresentIdentityOf = async (name, identity) => name === 'ada' && identities.at(-1)?.equals(identity) === true;
  }
  return { chats, identities };
}

/** What whoever has an old key of ada does, by way of mallory. */
function takeOver(mallory: MemoryChat, identities: PublicKeyHash[], isNewest: boolean): PlantedMember {
  const planted = new PlantedMember('ada', mallory.state.host.child(0), mallory);
  if (isNewest) identities.push(planted.keys.publicKey.hash);
  else identities.unshift(planted.keys.publicKey.hash);
  mallory.log.push(planted.invite(2), planted.join());
  return planted;
}

const dismiss = (planted: PlantedMember, mallory: MemoryChat): void =>
  void mallory.log.push(
    planted.say({ kind: 'group-state', key: 'admins', value: 'mallory' }, [[MemberId.creator, 4]]),
    planted.say({ kind: 'remove-member', chatId: mallory.state.chatId, member: MemberId.creator }),
  );
const outcome = ({ state }: MemoryChat): unknown => [state.admins, state.member(MemberId.creator)?.isRemoved];

describe('a former identity of an admin', () => {
  test.each([true, false])('has no rights beside the present one (which is known: %s)', async (isKnown) => {
    const { chats, identities } = await trio();
    const [ada, bob, mallory] = chats;
    if (!isKnown) for (const chat of chats) chat.isPresentIdentityOf = undefined;
    dismiss(takeOver(mallory, identities, false), mallory);
    for (const chat of [ada, bob]) {
      await chat.pull(mallory);
      expect([outcome(chat), chat.state.members.size]).toEqual([[['ada'], false], 4]);
    }
    // Whoever copies the log sees the same, and ada goes on as an admin, also for those who see that later.
    await ada.update(async (replica) => replica.addAdmin('bob'));
    await bob.pull(ada);
    expect(bob.state.admins).toEqual(['ada', 'bob']);
  });

  test('has none either when the admins were set after it had come', async () => {
    const { chats, identities } = await trio();
    const [ada, bob, mallory] = chats;
    const planted = takeOver(mallory, identities, false);
    for (const chat of [ada, bob]) await chat.pull(mallory);
    await ada.update(async (replica) => replica.addAdmin('bob'));
    await bob.pull(ada);
    mallory.log.push(planted.say({ kind: 'remove-member', chatId: mallory.state.chatId, member: MemberId.creator }));
    for (const chat of [ada, bob]) {
      await chat.pull(mallory);
      expect(outcome(chat)).toEqual([['ada', 'bob'], false]);
    }
  });

  test('keeps the rights as long as there is no other, also when the name is invited again', async () => {
    const { chats, identities } = await trio();
    const [ada, bob, mallory] = chats;
    identities.push(new PlantedMember('x', MemberId.creator, mallory).keys.publicKey.hash);
    await ada.update(async (replica) => replica.addAdmin('bob'));
    await bob.pull(ada);
    expect(bob.state.admins).toEqual(['ada', 'bob']);
    // Only invited: the identity is the present one, and nobody has joined with it.
    const planted = new PlantedMember('ada', mallory.state.host.child(0), mallory);
    identities.push(planted.keys.publicKey.hash);
    mallory.log.push(planted.invite(2));
    await bob.pull(mallory);
    await ada.update(async (replica) => replica.removeAdmin('bob'));
    await bob.pull(ada);
    expect(bob.state.admins).toEqual(['ada']);
  });

  test('gives way to the present one once that has joined, in whatever order they are heard of', async () => {
    const { chats, identities } = await trio();
    const [ada, bob, mallory] = chats;
    const planted = takeOver(mallory, identities, true);
    await ada.update(async (replica) => replica.addAdmin('mallory'));
    // Bob hears of the new entry first, so what the old one does has no effect any more.
    await bob.pull(mallory);
    await bob.pull(ada);
    expect(bob.state.admins).toEqual(['ada']);
    mallory.log.push(planted.say({ kind: 'group-state', key: 'admins', value: 'ada,bob' }, [[MemberId.creator, 4]]));
    await bob.pull(mallory);
    expect(bob.state.admins).toEqual(['ada', 'bob']);
  });

  test('of somebody who has left and come back: the entry that is there has the rights', async () => {
    const { chats } = await trio();
    const [ada, bob] = chats;
    await ada.update(async (replica) => replica.leave());
    await bob.pull(ada);
    await bob.update(async (replica) => replica.invite([ada.user.invitee]));
    await ada.pull(bob);
    await ada.update(async (replica) => replica.addAdmin('bob'));
    await bob.pull(ada);
    expect([ada.state.host.toString(), bob.state.admins]).toEqual(['0.0.0', ['ada', 'bob']]);
  });

  test('as long as nobody can tell which one is the present one, what takes rights waits', async () => {
    const { chats, identities } = await trio();
    const [, bob, mallory] = chats;
    const planted = takeOver(mallory, identities, false);
    dismiss(planted, mallory);
    const known = bob.isPresentIdentityOf;
    bob.isPresentIdentityOf = async () => {
      throw new NetworkError('no connection');
    };
    expect(await bob.pull(mallory)).toMatchObject([{ applied: 2, outcome: 'failed', error: { code: 'network' } }]);
    bob.isPresentIdentityOf = known;
    expect(await bob.pull(mallory)).toMatchObject([{ applied: 2, outcome: 'end' }]);
    expect(outcome(bob)).toEqual([['ada'], false]);
  });
});
