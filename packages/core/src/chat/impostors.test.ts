import { describe, expect, test } from 'vitest';
import { type MemoryChat, type MemoryUser, memoryUsers } from '../../test/chat-world.js';
import { clockOf, forge } from '../../test/forged-messages.js';
import { PlantedMember } from '../../test/planted-member.js';
import { DeniedError, FormatError, NetworkError } from '../errors.js';
import type { PublicKeyHash } from '../keys/public-key-hash.js';
import { SigningKeyPair } from '../keys/signing-key.js';
import { MAX_CHAT_STRANGERS } from '../limits.js';
import type { IdentityCheck } from './chat-working-copy.js';
import { MemberId } from './member-id.js';
import type { SignedMessage } from './signed-message.js';

/** Members who invite somebody with keys of their own under the name of somebody else (chapter 07 section 7.3). */

async function trio(): Promise<readonly [ada: MemoryChat, bob: MemoryChat, mallory: MemoryChat, asked: string[]]> {
  const users = memoryUsers(['ada', 'bob', 'mallory']) as [MemoryUser, MemoryUser, MemoryUser];
  const [ada, bob, mallory] = users;
  const first = await ada.create();
  await first.update(async (replica) => replica.invite([bob.invitee, mallory.invitee]));
  const chats = [first, await first.copyTo(bob), await first.copyTo(mallory)] as const;
  for (let round = 0; round < 2; round++) for (const chat of chats) await chat.pull(...chats.filter((other) => other !== chat));
  const asked: string[] = [];
  for (const chat of chats) chat.isIdentityOf = checkOf(users, asked);
  return [...chats, asked];
}

/** Somebody who knows whose names are whose. */
function checkOf(users: readonly MemoryUser[], asked: string[] = []): IdentityCheck {
  return async (username: string, identity: PublicKeyHash) => {
    asked.push(username);
    return users.some((user) => user.username === username && user.identity.key.equals(identity));
  };
}

const say = async (chat: MemoryChat, text: string): Promise<SignedMessage> =>
  (await chat.update(async (replica) => replica.post({ kind: 'application', body: [text] }))).result;

const textsOf = (chat: MemoryChat): readonly unknown[] =>
  chat.messages.flatMap(({ envelope: { payload } }) => ('body' in payload ? payload.body : []));

describe('somebody who goes by the name of an admin', () => {
  test('is refused, and with it all that it says; what its inviter and others say is taken', async () => {
    const [ada, bob, mallory] = await trio();
    const fake = new PlantedMember('ada', MemberId.parse('0.1.0'), mallory);
    mallory.log.push(
      fake.invite(2),
      fake.join(),
      fake.say({ kind: 'group-state', key: 'admins', value: 'mallory' }, [[MemberId.creator, 4]]),
      fake.say({ kind: 'remove-member', chatId: mallory.state.chatId, member: MemberId.creator }),
      fake.say({ kind: 'application', body: ['I am ada'] }),
      forge(mallory, { payload: { kind: 'application', body: ['mine'] }, timestamp: clockOf(mallory, new Map([['0.1', 3]])) }),
    );
    expect(await bob.pull(mallory)).toMatchObject([{ applied: 1, refused: 4, outcome: 'end' }]);
    await say(ada, 'the real one');
    await bob.pull(ada, mallory);
    expect(textsOf(bob)).toEqual(['mine', 'the real one']);
    expect(bob.state.admins).toEqual(['ada']);
    expect([...bob.state.members.values()].map(({ username, isRemoved }) => [username, isRemoved])).toEqual([
      ['ada', false],
      ['bob', false],
      ['mallory', false],
    ]);
    // Also for herself, who asks nobody about her own name.
    ada.isIdentityOf = undefined;
    await ada.pull(mallory);
    expect([ada.state.admins, ada.state.members.size, textsOf(ada)]).toEqual([['ada'], 3, ['the real one', 'mine']]);
  });

  test('who knows both, and who is here already, is not asked about', async () => {
    const [ada, bob, , asked] = await trio();
    await ada.update(async (replica) => replica.removeMember('mallory'));
    const mallory = memoryUsers(['a', 'b', 'mallory'])[2] as MemoryUser;
    await ada.update(async (replica) => replica.invite([mallory.invitee]));
    expect(await bob.pull(ada)).toMatchObject([{ applied: 2, refused: 0 }]);
    expect(asked).toEqual([]);
    const dan = memoryUsers(['a', 'b', 'c', 'dan'])[3] as MemoryUser;
    bob.isIdentityOf = checkOf([dan], asked);
    await ada.update(async (replica) => replica.invite([dan.invitee]));
    expect(await bob.pull(ada)).toMatchObject([{ applied: 1, refused: 0 }]);
    expect(asked).toEqual(['dan']);
  });

  test('as long as nobody can tell, it waits, and is judged again', async () => {
    const [, bob, mallory] = await trio();
    const dan = memoryUsers(['a', 'b', 'c', 'dan'])[3] as MemoryUser;
    await mallory.update(async (replica) => replica.invite([dan.invitee]));
    await say(mallory, 'behind it');
    const position = bob.state.memberOf('mallory')?.mergedUpTo;
    bob.isIdentityOf = async () => {
      throw new NetworkError('no connection');
    };
    expect(await bob.pull(mallory)).toMatchObject([{ applied: 0, refused: 0, outcome: 'failed', error: { code: 'network' } }]);
    expect(bob.state.memberOf('mallory')?.mergedUpTo).toBe(position);
    bob.isIdentityOf = checkOf([dan]);
    expect(await bob.pull(mallory)).toMatchObject([{ applied: 2, refused: 0, outcome: 'end' }]);
    expect([bob.state.memberOf('dan')?.isPending, textsOf(bob)]).toEqual([true, ['behind it']]);
  });
});

describe('a copy that an inviter offers', () => {
  test('has nobody under a name that is not theirs', async () => {
    const [ada, bob, mallory] = await trio();
    const dan = memoryUsers(['a', 'b', 'c', 'dan'])[3] as MemoryUser;
    const users = [ada.user, bob.user, mallory.user, dan];
    await mallory.update(async (replica) => replica.invite([dan.invitee]));
    const fake = new PlantedMember('bob', MemberId.parse('0.1.1'), mallory);
    mallory.log.push(fake.invite(3), fake.join(), fake.say({ kind: 'application', body: ['I am bob'] }));
    const copy = await mallory.copyTo(dan, checkOf(users));
    expect([textsOf(copy), [...copy.state.members.keys()]]).toEqual([[], ['0', '0.0', '0.1', '0.1.0']]);
    await expect(mallory.copyTo(dan, checkOf([bob.user, mallory.user, dan]))).rejects.toThrow(FormatError);
    await expect(
      mallory.copyTo(dan, async () => {
        throw new NetworkError('no connection');
      }),
    ).rejects.toThrow(NetworkError);
    await expect(mallory.copyTo(dan, checkOf([ada.user, bob.user, mallory.user]))).rejects.toThrow(DeniedError);
  });
});

describe('names that two have, as other programs take them', () => {
  test('the user finds the own entry, and rights stay with the one who had joined when the admins were set', async () => {
    const [ada, bob, mallory] = await trio();
    for (const chat of [bob, mallory]) chat.isIdentityOf = undefined;
    const fake = new PlantedMember('bob', MemberId.parse('0.1.0'), mallory);
    const state = ada.state;
    const member = bob.state.hostMember.with({ id: fake.id, identity: fake.keys.publicKey.hash });
    expect(bob.state.withMember(member).memberOf('bob')?.id.toString()).toBe('0.0');
    expect(state.withMember(member).memberOf('bob')?.id.toString()).toBe('0.1.0');
    ada.state = state.withMember(state.memberOf('bob')!.with({ id: fake.id, identity: fake.keys.publicKey.hash }));
    await ada.update(async (replica) => replica.addAdmin('bob'));
    // The other one was not there for all that ada's messages say.
    await bob.pull(ada);
    await bob.update(async (replica) => replica.removeMember('mallory'));
    await ada.pull(bob);
    expect(ada.state.memberOf('mallory')?.isRemoved).toBe(true);
  });
});

describe('how many names are looked up', () => {
  /** Mallory invites so many whom nobody knows, under these ids. */
  function inviteStrangers(mallory: MemoryChat, count: number, idOf: (i: number) => MemberId): void {
    const { host } = mallory.state;
    const identity = SigningKeyPair.generate(mallory.user.crypto).publicKey.hash;
    for (let i = 0; i < count; i++) {
      const payload = { kind: 'invite', username: `stranger${i}`, identity, member: idOf(i) } as const;
      mallory.log.push(forge(mallory, { payload, timestamp: clockOf(mallory, new Map([[host.toString(), 2 + i]])) }));
    }
  }

  test('none for an invitation that has no effect, whosever name it is', async () => {
    const [, bob, mallory, asked] = await trio();
    const { host } = mallory.state;
    // Taken, and those of somebody else's guests.
    inviteStrangers(mallory, 200, (i) => (i % 2 === 0 ? MemberId.creator : MemberId.creator.child(100 + i)));
    expect(await bob.pull(mallory)).toMatchObject([{ outcome: 'end', refused: 200 }]);
    expect(asked).toEqual([]);
    // Nor behind a gap, as long as it is not taken.
    const dan = memoryUsers(['a', 'b', 'c', 'dan'])[3] as MemoryUser;
    const payload = { kind: 'invite', username: 'dan', identity: dan.identity.key, member: host.child(0) } as const;
    mallory.log.push(forge(mallory, { payload, timestamp: clockOf(mallory, new Map([[host.toString(), 300]])) }));
    const { changes } = await bob.update(async (replica) => {
      expect(await replica.merge(host, mallory.messages.at(-1) as SignedMessage)).toBe('gap');
    });
    expect([asked, changes.appended]).toEqual([[], []]);
  });

  test('MAX_CHAT_STRANGERS of one author in one pull, and the others with the next ones; nobody waits for that', async () => {
    for (const [count, outcome] of [
      [MAX_CHAT_STRANGERS, 'end'],
      [MAX_CHAT_STRANGERS + 1, 'waiting'],
    ] as const) {
      const [ada, bob, mallory, asked] = await trio();
      const { host } = mallory.state;
      inviteStrangers(mallory, count, (i) => host.child(i));
      const last = clockOf(mallory, new Map([[host.toString(), 2 + count]]));
      mallory.log.push(forge(mallory, { payload: { kind: 'application', body: ['mine'] }, timestamp: last }));
      await say(ada, 'of ada');
      expect(await bob.pull(mallory, ada)).toMatchObject([{ outcome, refused: MAX_CHAT_STRANGERS }, { outcome: 'end' }]);
      expect(asked).toHaveLength(MAX_CHAT_STRANGERS);
      expect(textsOf(bob)).toEqual(outcome === 'end' ? ['mine', 'of ada'] : ['of ada']);
      expect(await bob.pull(mallory)).toMatchObject([{ outcome: 'end' }]);
      expect(asked).toHaveLength(count);
      expect(new Set(textsOf(bob))).toEqual(new Set(['mine', 'of ada']));
      // Somebody who has taken it already, and goes on.
      await say(bob, 'of bob');
      expect(await ada.pull(mallory, bob)).toMatchObject([{ outcome }, { outcome: 'end' }]);
      expect(textsOf(ada)).toEqual(['of ada', 'mine', 'of bob']);
    }
  }, 60_000);
});
