import { describe, expect, test } from 'vitest';
import { type MemoryChat, type MemoryUser, memoryUsers } from '../../test/chat-world.js';
import { clockOf, forge } from '../../test/forged-messages.js';
import { loadCrypto } from '../crypto/index.js';
import { DeniedError, FormatError, NetworkError } from '../errors.js';
import { OwnerProof } from '../keys/owner-proof.js';
import { PublicKeyHash } from '../keys/public-key-hash.js';
import { SigningKeyPair } from '../keys/signing-key.js';
import { Cid, CidCodec } from '../codec/cid.js';
import { MAX_CHAT_COPY_FILL, MAX_CHAT_GAP, MAX_CHAT_MEMBERS, MAX_CHAT_UNKNOWN_IDS } from '../limits.js';
import { copyChat } from './chat-copy.js';
import { MemberId } from './member-id.js';
import type { MessagePayload } from './message-payload.js';
import { type ChatLogSource, pullChat } from './pull-chat.js';
import { SignedMessage } from './signed-message.js';
import { TreeClock } from './tree-clock.js';

/** What members do who keep to no rule, and what it must not do to the others (chapter 07 section 9.3). */

const crypto = await loadCrypto();

async function trio(): Promise<readonly [ada: MemoryChat, bob: MemoryChat, mallory: MemoryChat]> {
  const [ada, bob, mallory] = memoryUsers(['ada', 'bob', 'mallory']) as [MemoryUser, MemoryUser, MemoryUser];
  const first = await ada.create();
  await first.update(async (replica) => replica.invite([bob.invitee, mallory.invitee]));
  const chats = [first, await first.copyTo(bob), await first.copyTo(mallory)] as const;
  for (let round = 0; round < 2; round++) for (const chat of chats) await chat.pull(...chats.filter((other) => other !== chat));
  return chats;
}

const say = async (chat: MemoryChat, text: string): Promise<SignedMessage> =>
  (await chat.update(async (replica) => replica.post({ kind: 'application', body: [text] }))).result;

const textsOf = (chat: MemoryChat): readonly unknown[] =>
  chat.messages.flatMap(({ envelope: { payload } }) => ('body' in payload ? payload.body : []));

const clockText = (clock: TreeClock): string => clock.entries().join();

/** What mallory's own log holds after an honest program has written: messages of any kind, in order. */
const publish = (mallory: MemoryChat, ...messages: readonly (SignedMessage | undefined | Error)[]): void => {
  mallory.log.push(...messages);
};

describe('clocks', () => {
  test('claims about the messages of others silence nobody', async () => {
    const [ada, bob, mallory] = await trio();
    publish(mallory, forge(mallory, { timestamp: clockOf(mallory, new Map([['0.0', 1_000_000]])) }));
    expect(await ada.pull(mallory)).toMatchObject([{ applied: 1, refused: 0, outcome: 'end' }]);
    expect(ada.state.clock.get(MemberId.parse('0.0'))).toBe(1);
    await say(bob, 'still heard');
    await ada.pull(mallory, bob);
    expect(textsOf(ada)).toEqual(['forged', 'still heard']);
    await say(ada, 'and mine');
    await bob.pull(ada);
    expect(textsOf(bob)).toEqual(['still heard', 'forged', 'and mine']);
  });

  test('claims about members who are invited later silence nobody', async () => {
    const [ada, bob, mallory] = await trio();
    const { host, clock } = mallory.state;
    publish(
      mallory,
      forge(mallory, {
        timestamp: TreeClock.of([...clock.increment(host).entries(), [MemberId.parse('0.2'), 99], [MemberId.parse('0.1.0'), 99]]),
      }),
    );
    await ada.pull(mallory);
    expect(ada.state.clock.get(MemberId.parse('0.2'))).toBeUndefined();
    const dan = memoryUsers(['a', 'b', 'c', 'dan'])[3] as MemoryUser;
    await ada.update(async (replica) => replica.invite([dan.invitee]));
    const four = await ada.copyTo(dan);
    await say(four, 'new here');
    await bob.pull(ada);
    for (const chat of [ada, bob]) await chat.pull(four);
    for (const chat of [ada, bob]) expect(textsOf(chat)).toContain('new here');
  });

  test('MAX_CHAT_UNKNOWN_IDS: whom removed members have invited', async () => {
    const [ada, bob, mallory] = await trio();
    await ada.update(async (replica) => replica.removeMember('bob'));
    const { host, clock } = mallory.state;
    const many = Array.from({ length: MAX_CHAT_UNKNOWN_IDS + 1 }, (_, i) => [MemberId.parse('0.0').child(i), 1] as const);
    publish(mallory, forge(mallory, { timestamp: TreeClock.of([...clock.increment(host).entries(), ...many]) }));
    await ada.pull(mallory);
    expect(ada.state.clock.size).toBe(3 + MAX_CHAT_UNKNOWN_IDS);
    expect(bob.state.clock.size).toBe(3);
  });

  test('MAX_CHAT_GAP: messages of the author that are missing', async () => {
    for (const [missing, expected] of [
      [MAX_CHAT_GAP, { applied: 1, refused: 0 }],
      [MAX_CHAT_GAP + 1, { applied: 0, refused: 1 }],
    ] as const) {
      const [ada, , mallory] = await trio();
      publish(mallory, forge(mallory, { timestamp: clockOf(mallory, new Map([['0.1', 1 + missing + 1]])) }));
      expect(await ada.pull(mallory)).toMatchObject([{ ...expected, outcome: 'end' }]);
    }
  });

  test('a clock that does not speak of the author, or says 0', async () => {
    const [ada, , mallory] = await trio();
    publish(mallory, forge(mallory, { timestamp: TreeClock.of([[MemberId.creator, 1]]) }));
    publish(mallory, forge(mallory, { timestamp: clockOf(mallory, new Map([['0.1', 0]])) }));
    expect(await ada.pull(mallory)).toMatchObject([{ applied: 0, refused: 2 }]);
  });

  test('a property whose clock is ahead of everything can be set by the others all the same', async () => {
    const [ada, bob, mallory] = await trio();
    const payload: MessagePayload = { kind: 'group-state', key: 'title', value: 'for ever' };
    publish(
      mallory,
      forge(mallory, {
        payload,
        timestamp: clockOf(
          mallory,
          new Map([
            ['0', 1_000_000],
            ['0.0', 1_000_000],
          ]),
        ),
      }),
    );
    await bob.pull(mallory);
    expect(bob.state.title).toBe('for ever');
    await bob.update(async (replica) => replica.setProperty('title', 'no'));
    await ada.pull(bob, mallory);
    expect(ada.state.title).toBe('no');
  });
});

describe('forged and malformed messages', () => {
  test('a wrong signature, an unknown author, content that is not understood: each is passed over, and the rest is read', async () => {
    const [ada, bob, mallory] = await trio();
    const stranger = SigningKeyPair.generate(crypto);
    publish(mallory, forge(mallory, {}, stranger));
    publish(mallory, forge(mallory, { author: bob.state.host, timestamp: clockOf(bob) }));
    publish(mallory, forge(mallory, { author: MemberId.parse('0.9'), timestamp: TreeClock.of([[MemberId.parse('0.9'), 1]]) }));
    publish(mallory, undefined);
    publish(mallory, forge(mallory, { payload: { kind: 'application', body: ['honest again'] } }));
    expect(await ada.pull(mallory)).toMatchObject([{ applied: 1, refused: 4, outcome: 'end' }]);
    expect(ada.state.member(mallory.state.host)?.mergedUpTo).toBe(mallory.log.length);
    await say(bob, 'mine');
    await ada.pull(bob);
    expect(textsOf(ada)).toEqual(['honest again', 'mine']);
    expect(await ada.pull(mallory)).toMatchObject([{ applied: 0, refused: 0, outcome: 'end' }]);
  });

  test('damage ends the reading of one log, is seen, and removes nobody', async () => {
    const [ada, bob, mallory] = await trio();
    await say(mallory, 'before');
    publish(mallory, new FormatError('format.chat', 'SignedMessage', 'is cut off'));
    await say(bob, 'mine');
    expect(await ada.pull(mallory, bob)).toMatchObject([
      { applied: 1, outcome: 'damaged', error: { code: 'format.chat' } },
      { applied: 1, outcome: 'end' },
    ]);
    expect(textsOf(ada)).toEqual(['before', 'mine']);
    expect(ada.state.memberOf('mallory')?.isRemoved).toBe(false);
    // Once it is repaired, reading goes on.
    mallory.log = mallory.log.filter((place) => !(place instanceof Error));
    await say(mallory, 'after');
    await ada.pull(mallory);
    expect(textsOf(ada)).toEqual(['before', 'mine', 'after']);
  });

  test('a message that was refused leaves a gap that its author may cross', async () => {
    const [ada, bob, mallory] = await trio();
    const bad = forge(mallory, {
      payload: { kind: 'invite', username: 'dan', identity: bob.user.identity.key, member: MemberId.parse('0.7') },
    });
    publish(mallory, bad);
    publish(mallory, forge(mallory, { timestamp: clockOf(mallory, new Map([['0.1', 3]])) }));
    expect(await ada.pull(mallory)).toMatchObject([{ applied: 1, refused: 1, outcome: 'end' }]);
    await say(ada, 'x');
    expect(await bob.pull(ada)).toMatchObject([{ applied: 2, refused: 0, outcome: 'end' }]);
    expect(textsOf(bob)).toEqual(['forged', 'x']);
  });
});

describe('a log that leaves messages of others out', () => {
  /** Bob has written two messages, of which mallory passes on the second only. */
  async function withheld(): Promise<{ ada: MemoryChat; bob: MemoryChat; mallory: MemoryChat }> {
    const [ada, bob, mallory] = await trio();
    await say(bob, 'one');
    publish(mallory, await say(bob, 'two'));
    return { ada, bob, mallory };
  }

  test('the other log has them', async () => {
    const { ada, bob, mallory } = await withheld();
    expect(await ada.pull(mallory, bob)).toMatchObject([{ outcome: 'end' }, { outcome: 'end' }]);
    expect(textsOf(ada)).toEqual(['one', 'two']);
  });

  test('the other log cannot be read now: it waits', async () => {
    const { ada, bob, mallory } = await withheld();
    const reports = await ada.update(async (replica) => {
      const mallorys = ada.sourceOf(replica, mallory);
      const unreachable: ChatLogSource = {
        member: bob.state.host,
        // eslint-disable-next-line require-yield -- it fails before it gives anything
        read: async function* () {
          throw new NetworkError('no connection');
        },
      };
      return pullChat(replica, [mallorys, unreachable]);
    });
    expect(reports.result).toMatchObject([
      { applied: 0, outcome: 'waiting' },
      { outcome: 'failed', error: { code: 'network' } },
    ]);
    await ada.pull(mallory, bob);
    expect(textsOf(ada)).toEqual(['one', 'two']);
  });

  /** A log that cannot be read now. */
  function away({ state }: MemoryChat, holds?: ChatLogSource['holds']): ChatLogSource {
    // eslint-disable-next-line require-yield -- it fails before it gives anything
    const read = async function* (): ReturnType<ChatLogSource['read']> {
      throw new NetworkError('no connection');
    };
    return { member: state.host, holds, read };
  }

  for (const isBehindGap of [false, true]) {
    test(`each message waits for whose messages are missing before it, others do not${isBehindGap ? ', also behind another gap' : ''}`, async () => {
      const [ada, bob, mallory] = await trio();
      for (const text of ['one', 'two', 'three']) await say(ada, text);
      await say(bob, 'of bob');
      const [three] = ada.messages.slice(-1);
      const [ofBob] = bob.messages.slice(-1);
      // An invitation that does not exist.
      if (isBehindGap) publish(mallory, forge(mallory, { timestamp: clockOf(mallory, new Map([['0.0', 1_000_000]])) }));
      publish(mallory, three, ofBob);
      const { host } = mallory.state;
      const first = await bob.update(async (replica) => pullChat(replica, [away(ada), bob.sourceOf(replica, mallory)]));
      expect(first.result).toMatchObject([
        { applied: 0, outcome: 'failed' },
        { applied: isBehindGap ? 1 : 0, outcome: 'waiting' },
      ]);
      expect(textsOf(bob)).not.toContain('three');
      expect(bob.state.member(host)?.mergedUpTo).toBe(mallory.log.length - 2);
      await bob.pull(ada, mallory);
      expect(textsOf(bob).filter((text) => text !== 'forged')).toEqual(['of bob', 'one', 'two', 'three']);
      expect(bob.state.member(host)?.mergedUpTo).toBe(mallory.log.length);
    });
  }

  test('what others have written goes on, and after a while also what depends on whoever is away', async () => {
    const [ada, bob, mallory] = await trio();
    const one = await say(bob, 'one');
    await say(bob, 'two');
    await mallory.pull(bob);
    await say(mallory, 'depends');
    const left = mallory.messages.filter((message) => message.ref(crypto).toString() !== one.ref(crypto).toString());
    expect(left).toHaveLength(mallory.log.length - 1);
    mallory.log = [...left];
    const pullAway = async (holds?: ChatLogSource['holds']): Promise<unknown> => {
      const { result } = await ada.update(async (replica) => pullChat(replica, [away(bob, holds), ada.sourceOf(replica, mallory)]));
      return result[1]?.outcome;
    };
    expect([await pullAway(), textsOf(ada)]).toEqual(['waiting', []]);
    expect([await pullAway('own'), textsOf(ada)]).toEqual(['waiting', ['depends']]);
    await ada.pull(bob);
    expect(textsOf(ada)).toEqual(['depends', 'one', 'two']);
  });

  test('what one log has behind a gap is not lost for another one', async () => {
    const [ada, bob, mallory] = await trio();
    await say(bob, 'one');
    const [one] = bob.messages.slice(-1);
    const two = await say(bob, 'two');
    const other = ada.log.length;
    // Both begin with a gap that nobody can close.
    const lie = (counter: number): SignedMessage =>
      forge(mallory, {
        timestamp: clockOf(
          mallory,
          new Map([
            ['0', 1000],
            ['0.1', counter],
          ]),
        ),
      });
    publish(mallory, lie(3), two);
    const places: readonly (SignedMessage | undefined)[] = [lie(5), one];
    const { result } = await ada.update(async (replica) =>
      pullChat(replica, [
        ada.sourceOf(replica, mallory),
        {
          member: undefined,
          async *read(from) {
            for (let i = from; i < places.length; i++) yield { message: places[i], problem: undefined, start: i, end: i + 1 };
            return places.length;
          },
        },
      ]),
    );
    expect(result.map(({ outcome }) => outcome)).toEqual(['end', 'end']);
    expect(textsOf(ada).filter((text) => text !== 'forged')).toEqual(['one', 'two']);
    expect(ada.log.length).toBe(other + 4);
  });

  test('messages that claim to have seen each other are taken in the end', async () => {
    const [ada, bob, mallory] = await trio();
    publish(bob, forge(bob, { timestamp: clockOf(bob, new Map([['0.1', 2]])) }));
    publish(mallory, forge(mallory, { timestamp: clockOf(mallory, new Map([['0.0', 2]])) }));
    expect(await ada.pull(bob, mallory)).toMatchObject([
      { applied: 1, outcome: 'end' },
      { applied: 1, outcome: 'end' },
    ]);
  });

  test('a gap behind any amount of log costs one reading of it from the beginning', async () => {
    const [ada, bob] = await trio();
    for (let i = 0; i < 20; i++) await say(bob, `text ${i}`);
    await ada.pull(bob);
    // One that is not understood, and what comes after it; twice.
    for (let i = 0; i < 2; i++) {
      await say(bob, 'lost');
      bob.log[bob.log.length - 1] = undefined;
      await say(bob, `after ${i}`);
    }
    const reread = new Set<string>();
    const froms: number[] = [];
    const position = ada.state.memberOf('bob')?.mergedUpTo ?? 0;
    for (const outcome of ['more', 'end']) {
      const { result } = await ada.update(async (replica) => {
        const { member, read } = ada.sourceOf(replica, bob);
        const counted: ChatLogSource['read'] = (from) => {
          froms.push(from);
          return read(from);
        };
        return pullChat(replica, [{ member, read: counted }], { maxBytes: 1, reread });
      });
      expect(result).toMatchObject([{ applied: 1, outcome }]);
    }
    expect(froms.slice(0, 2)).toEqual([position, position + 1]);
    expect(froms.filter((from) => from === 0)).toHaveLength(1);
    expect(froms.length).toBeLessThanOrEqual(7);
    expect(textsOf(ada).slice(-2)).toEqual(['after 0', 'after 1']);
    expect(ada.state.memberOf('bob')?.mergedUpTo).toBe(bob.log.length);
  });

  test('there is no other log: what is there is taken', async () => {
    const { ada, mallory } = await withheld();
    expect(await ada.pull(mallory)).toMatchObject([{ applied: 1, outcome: 'end' }]);
    expect(textsOf(ada)).toEqual(['two']);
  });

  test('a position that is too far ahead shows, and the log is read again', async () => {
    const [ada, bob] = await trio();
    await say(bob, 'one');
    await say(bob, 'two');
    const member = ada.state.memberOf('bob');
    if (member === undefined) throw new Error('bob is a member');
    ada.state = ada.state.withMember(member.with({ mergedUpTo: bob.log.length - 1 }));
    await ada.pull(bob);
    expect(textsOf(ada)).toEqual(['one', 'two']);
    ada.state = ada.state.withMember(member.with({ mergedUpTo: 1_000_000 }));
    await say(bob, 'three');
    await ada.pull(bob);
    expect(textsOf(ada)).toEqual(['one', 'two', 'three']);
    expect(ada.state.memberOf('bob')?.mergedUpTo).toBe(bob.log.length);
  });

  test('a log that has become shorter', async () => {
    const [ada, bob] = await trio();
    await say(bob, 'one');
    await ada.pull(bob);
    bob.log.splice(0, 3);
    await say(bob, 'two');
    await ada.pull(bob);
    expect(textsOf(ada)).toEqual(['one', 'two']);
  });

  test('signal', async () => {
    const [ada, bob] = await trio();
    const replica = ada.open();
    await expect(pullChat(replica, [ada.sourceOf(replica, bob)], { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'aborted',
    });
  });
});

describe('members', () => {
  test('rights that somebody takes', async () => {
    const [ada, bob, mallory] = await trio();
    publish(mallory, forge(mallory, { payload: { kind: 'group-state', key: 'admins', value: 'mallory' } }));
    publish(
      mallory,
      forge(mallory, {
        payload: { kind: 'remove-member', chatId: mallory.state.chatId, member: MemberId.creator },
        timestamp: clockOf(mallory, new Map([['0.1', 3]])),
      }),
    );
    publish(
      mallory,
      forge(mallory, {
        payload: { kind: 'remove-member', chatId: 'chat$ada$00000000-0000-4000-8000-000000000001', member: mallory.state.host },
        timestamp: clockOf(mallory, new Map([['0.1', 4]])),
      }),
    );
    expect(await bob.pull(mallory)).toMatchObject([{ applied: 2, refused: 1, outcome: 'end' }]);
    expect([bob.state.admins, bob.state.memberOf('ada')?.isRemoved, bob.state.memberOf('mallory')?.isRemoved]).toEqual([
      ['ada'],
      false,
      false,
    ]);
    expect(bob.state.hostMember.mergedUpTo).toBe(bob.log.length);
    await say(ada, 'y');
    await bob.pull(ada);
    expect(textsOf(bob)).toContain('y');
  });

  test('invitations under the ids of others, under ids that are taken, and MAX_CHAT_MEMBERS', async () => {
    const [ada, , mallory] = await trio();
    const identity = mallory.user.identity.key;
    const invite = (id: string, counter: number): SignedMessage =>
      forge(mallory, {
        payload: { kind: 'invite', username: 'dan', identity, member: MemberId.parse(id) },
        timestamp: clockOf(mallory, new Map([['0.1', counter]])),
      });
    publish(mallory, invite('0.0', 2), invite('0.5', 3), invite('0.1', 4), invite('0.1.0', 5), invite('0.1.0', 6));
    expect(await ada.pull(mallory)).toMatchObject([{ applied: 1, refused: 4, outcome: 'end' }]);
    for (let i = 0; ada.state.members.size + i < MAX_CHAT_MEMBERS + 1; i++) publish(mallory, invite(`0.1.${i + 1}`, i + 7));
    expect(await ada.pull(mallory)).toMatchObject([{ applied: MAX_CHAT_MEMBERS - 4, refused: 1, outcome: 'end' }]);
    expect(ada.state.members.size).toBe(MAX_CHAT_MEMBERS);
    const dan = memoryUsers(['a', 'b', 'c', 'x'])[3] as MemoryUser;
    await expect(ada.open().invite([dan.invitee])).rejects.toMatchObject({ code: 'limit', data: { limit: 'members of the chat' } });
    await say(ada, 'goes on');
  });

  test('a member with an identity that is no key, or that nobody finds, says nothing', async () => {
    const [ada, , mallory] = await trio();
    const odd = [PublicKeyHash.ofInlineKey(Uint8Array.of(0x80)), PublicKeyHash.fromCid(Cid.ofSha256(new Uint8Array(32), CidCodec.dagCbor))];
    for (const [i, identity] of odd.entries()) {
      const member = MemberId.parse(`0.1.${i}`);
      publish(
        mallory,
        forge(mallory, {
          payload: { kind: 'invite', username: 'odd', identity, member },
          timestamp: clockOf(mallory, new Map([['0.1', 2 + 2 * i]])),
        }),
      );
      publish(mallory, forge(mallory, { author: member, timestamp: TreeClock.of([[member, 1]]) }));
      publish(mallory, forge(mallory, { timestamp: clockOf(mallory, new Map([['0.1', 3 + 2 * i]])) }));
    }
    expect(await ada.pull(mallory)).toMatchObject([{ applied: 4, refused: 2, outcome: 'end' }]);
  });

  test('joining with somebody else’s name, identity or proof', async () => {
    const [ada, bob, mallory] = await trio();
    const dan = memoryUsers(['a', 'b', 'c', 'dan'])[3] as MemoryUser;
    const identity = dan.identity.key;
    const member = MemberId.parse('0.1.0');
    publish(mallory, forge(mallory, { payload: { kind: 'invite', username: 'dan', identity, member } }));
    const keys = SigningKeyPair.generate(crypto);
    const proof = OwnerProof.create(crypto, dan.keys.signer, keys.publicKey.hash);
    const right = { kind: 'join', username: 'dan', identity, chatKey: keys.publicKey, proof } as const;
    const foreign = OwnerProof.create(crypto, mallory.user.keys.signer, keys.publicKey.hash);
    const wrong: readonly MessagePayload[] = [
      { ...right, username: 'bob' },
      { ...right, identity: bob.user.identity.key },
      { ...right, chatKey: mallory.privateState.chatKeys.publicKey },
      { ...right, proof: foreign },
    ];
    for (const [i, payload] of [...wrong, right].entries()) {
      publish(mallory, forge(mallory, { author: member, payload, timestamp: TreeClock.of([[member, i + 1]]) }, dan.keys));
    }
    expect(await ada.pull(mallory)).toMatchObject([{ applied: 2, refused: 4, outcome: 'end' }]);
    expect(ada.state.memberOf('dan')?.chatKey?.equals(keys.publicKey)).toBe(true);
  });
});

describe('a copy that an inviter offers', () => {
  test('what is forged in its log, and what its state claims, is not believed', async () => {
    const [ada, bob, mallory] = await trio();
    await say(bob, 'true');
    await mallory.pull(bob);
    const dan = memoryUsers(['a', 'b', 'c', 'dan'])[3] as MemoryUser;
    await mallory.update(async (replica) => replica.invite([dan.invitee]));
    mallory.log.splice(6, 0, forge(mallory, { author: bob.state.host, timestamp: clockOf(bob) }), undefined);
    mallory.state = mallory.state.with({ properties: new Map(), clock: mallory.state.clock.with(bob.state.host, 1000) });
    const { replica, length, replaced } = await copyChat({
      crypto,
      chatId: mallory.state.chatId,
      identity: dan.identity,
      inviter: 'mallory',
      state: mallory.state,
      log: mallory.log as (SignedMessage | undefined)[],
      now: dan.now,
    });
    expect([[...replaced.keys()], length]).toEqual([[6, 7], mallory.log.length]);
    // The smallest one before them.
    const sizes = mallory.log.slice(0, 6).map((place) => (place as SignedMessage).encode().length);
    const smallest = mallory.log[sizes.indexOf(Math.min(...sizes))] as SignedMessage;
    expect([...replaced.values()].map((message) => message.equals(smallest))).toEqual([true, true]);
    expect([replica.state.admins, replica.state.host.toString(), clockText(replica.state.clock)]).toEqual([
      ['ada'],
      '0.1.0',
      '0,4,0.0,2,0.1,2,0.1.0,0',
    ]);
    await replica.join();
    expect(replica.readOnlyReason).toBeUndefined();
    expect(replica.state.memberOf('mallory')?.mergedUpTo).toBe(mallory.log.length);
    await ada.pull(mallory);
    expect(textsOf(ada)).toEqual(['true']);
  });

  test('what is refused does not make the copy larger, and a log with too much of that is not copied', async () => {
    const [, bob, mallory] = await trio();
    const dan = memoryUsers(['a', 'b', 'c', 'dan'])[3] as MemoryUser;
    await mallory.update(async (replica) => replica.invite([dan.invitee]));
    await say(bob, 'x'.repeat(100_000));
    await mallory.pull(bob);
    const honest = mallory.log as SignedMessage[];
    const smallest = Math.min(...honest.map((message) => message.encode().length));
    const copy = async (refused: number): Promise<Awaited<ReturnType<typeof copyChat>>> =>
      copyChat({
        crypto,
        chatId: mallory.state.chatId,
        identity: dan.identity,
        inviter: 'mallory',
        state: undefined,
        log: [...honest, ...Array.from({ length: refused }, () => undefined)],
        now: dan.now,
      });
    const most = Math.floor(MAX_CHAT_COPY_FILL / smallest);
    const { length, replaced } = await copy(most);
    expect(length).toBe(honest.length + most);
    expect([...replaced.values()].reduce((size, message) => size + message.encode().length, 0)).toBe(most * smallest);
    await expect(copy(most + 1)).rejects.toMatchObject({ code: 'format.chat', data: { refused: most + 1 } });
  });

  test('a log that does not begin with the creator', async () => {
    const [ada, , mallory] = await trio();
    const dan = memoryUsers(['a', 'b', 'c', 'dan'])[3] as MemoryUser;
    const copy = async (log: readonly (SignedMessage | undefined)[], chatId = ada.state.chatId): Promise<unknown> =>
      copyChat({ crypto, chatId, identity: dan.identity, inviter: 'mallory', state: undefined, log, now: dan.now });
    const log = mallory.log as SignedMessage[];
    for (const start of [
      [],
      [undefined],
      log.slice(1),
      [forge(mallory)],
      [SignedMessage.of(new Uint8Array(64), (log[0] as SignedMessage).envelope)],
    ]) {
      await expect(copy(start)).rejects.toThrow(FormatError);
    }
    await expect(copy(log, 'chat$mallory$00000000-0000-4000-8000-000000000000')).rejects.toThrow(FormatError);
    await expect(copy(log, '../x')).rejects.toThrow(FormatError);
    await expect(copy(log)).rejects.toThrow(DeniedError);
  });
});
