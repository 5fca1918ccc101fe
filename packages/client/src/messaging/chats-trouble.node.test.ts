import { concatBytes } from '@pyrgos/core/bytes';
import { Multihash } from '@pyrgos/core/codec';
import { MessageEnvelope, SignedMessage, TreeClock } from '@pyrgos/core/chat';
import { LimitError, NetworkError } from '@pyrgos/core/errors';
import { type PublicKeyHash, signDetached } from '@pyrgos/core/keys';
import { MAX_CHAT_COPY_FILL, MAX_CHAT_COPY_SIZE } from '@pyrgos/core/limits';
import { ChunkLocation } from '@pyrgos/core/model';
import { FileRef } from '@pyrgos/core/social';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { changedNetwork, overriding } from '../../test/changed-network.js';
import { joinNewest, kindsOf, logOf, memberNames, ownChat, privateOf, stateOf, textsOf } from '../../test/chat-world.js';
import { endingNetwork } from '../../test/ending-network.js';
import { People } from '../../test/people-world.js';
import { ServerWorld } from '../../test/server-world.js';
import { ownSpaceOf } from '../../test/social-world.js';
import type { Chat, UserSession } from '../index.js';
import type { Network } from '../network/index.js';
import { writeFileIn } from '../social/own-files.js';
import { ChatFile } from './chat-files.js';
import { assertCopiedSize } from './accept-invitation.js';

interface Pair {
  readonly a: UserSession;
  readonly b: UserSession;
  readonly chatA: Chat;
  readonly chatB: Chat;
}

let world: ServerWorld;
let people: People;
beforeAll(async () => {
  world = await ServerWorld.start();
  people = new People(world);
});
afterAll(async () => world.close());

async function pair(networkA?: Network): Promise<Pair> {
  const [a, b] = await people.friends({ name: 'ada', network: networkA }, 'bob');
  const chatA = await a.chats.create({ invite: [b.username] });
  const chatB = await joinNewest(b, a);
  await chatA.refresh();
  await chatB.refresh();
  return { a, b, chatA, chatB };
}

/** The log file of somebody, for whoever does to it what no client should. */
function logPath({ username }: UserSession, { id }: Chat): string {
  return `/${username}/.messaging/${id}/shared/${ChatFile.log}`;
}

/** A message that a member has signed, or pretends to have. */
async function signed(
  session: UserSession,
  chat: Chat,
  text: string,
  change: { readonly forged?: boolean; readonly counter?: number; readonly clock?: TreeClock; readonly files?: readonly FileRef[] } = {},
): Promise<SignedMessage> {
  const { state, privateState } = await ownChat(session, chat.id);
  const envelope = MessageEnvelope.of({
    author: state.host,
    payload: { kind: 'application', body: [text, ...(change.files ?? [])] },
    previous: [],
    timestamp: (change.clock ?? state.clock).with(state.host, change.counter ?? (state.clock.get(state.host) ?? 0) + 1),
    time: Date.now(),
  });
  const signature = signDetached(world.crypto, privateState.chatKeys.secretKey, envelope.encode());
  return SignedMessage.of(change.forged === true ? new Uint8Array(64).fill(7) : signature, envelope);
}

describe('a change of a chat that is cut off', () => {
  /** Cuts a change off at every one of its steps, before and after that is made. */
  async function cutAll(
    change: (session: UserSession, chat: Chat, pair: Pair) => Promise<unknown>,
    check: (pair: Pair, session: UserSession, chat: Chat, hasFailed: boolean) => Promise<void>,
    makePair: () => Promise<Pair> = pair,
  ): Promise<number> {
    let cuts = 0;
    for (const isMade of [false, true]) {
      for (let step = 1; ; step++) {
        const both = await makePair();
        const { network, endAt } = endingNetwork(world.network(), true);
        const session = await people.again(both.a, network);
        const chat = await session.chats.open(both.chatA.id);
        endAt(step, isMade);
        const hasFailed = await change(session, chat, both).then(
          () => false,
          () => true,
        );
        const later = await people.again(both.a);
        await check(both, later, await later.chats.open(both.chatA.id), hasFailed);
        if (!hasFailed) break;
        cuts++;
      }
    }
    return cuts;
  }

  async function expectSound(session: UserSession, chat: Chat): Promise<void> {
    expect(await logOf(session, chat)).toHaveLength((await stateOf(session, chat)).hostMember.mergedUpTo);
  }

  test('sending: the message is there, or it is not', async () => {
    const both = await pair();
    let round = 0;
    const before: string[] = [];
    const cuts = await cutAll(
      async (_, chat) => chat.send({ text: `once ${round}` }),
      async ({ chatB, b }, session, chat, hasFailed) => {
        await expectSound(session, chat);
        const texts = await textsOf(chat);
        const isThere = texts.length > before.length;
        expect(texts).toEqual([...before, ...(isThere ? [`once ${round}`] : [])]);
        if (!hasFailed) expect(isThere).toBe(true);
        await chat.send({ text: `again ${round}` });
        expect((await chatB.refresh()).problems).toEqual([]);
        before.splice(0, before.length, ...texts, `again ${round++}`);
        expect(await textsOf(chatB)).toEqual(before);
        await expectSound(b, chatB);
      },
      async () => both,
    );
    expect(cuts).toBeGreaterThanOrEqual(4);
  }, 120_000);

  test('removing: whoever is removed cannot read on, and whoever is not can', async () => {
    await cutAll(
      async (_, chat, { b }) => chat.remove(b.username),
      async ({ a, b, chatB }, session, chat) => {
        await expectSound(session, chat);
        const isRemoved = (await stateOf(session, chat)).memberOf(b.username)?.isRemoved === true;
        expect((await session.shares.sharedWith(`/${a.username}/.messaging/${chat.id}/shared`)).readers).toEqual(
          isRemoved ? [] : [{ user: b.username }],
        );
        await chat.send({ text: 'after' });
        await chatB.refresh();
        expect(await textsOf(chatB)).toEqual(isRemoved ? [] : ['after']);
      },
    );
  }, 120_000);

  test('merging: nothing is lost, and nothing is there twice', async () => {
    const both = await pair();
    const sent: string[] = [];
    await cutAll(
      async (_, chat, { chatB }) => {
        for (let i = 0; i < 2; i++) {
          sent.push(`text ${sent.length}`);
          await chatB.send({ text: sent.at(-1) });
        }
        await chat.refresh();
      },
      async (_, session, chat) => {
        await chat.refresh();
        expect(await textsOf(chat)).toEqual(sent);
        await expectSound(session, chat);
      },
      async () => both,
    );
    expect(sent.length).toBeGreaterThan(4);
  }, 120_000);

  test('creating and joining: there is a chat, or none that is damaged', async () => {
    for (const isMade of [false, true]) {
      for (let step = 1, hasFailed = true; hasFailed; step++) {
        const [a, b] = await people.friends('ada', 'bob');
        const first = endingNetwork(world.network(), true);
        const maker = await people.again(a, first.network);
        first.endAt(step, isMade);
        hasFailed = await maker.chats.create({ title: 'first', invite: [b.username] }).then(
          () => false,
          () => true,
        );
        const { chats, damaged } = await (await people.again(a)).chats.list();
        expect(damaged).toEqual([]);
        if (chats.length === 0) await a.chats.create({ title: 'second', invite: [b.username] });
        else expect(chats).toMatchObject([{ title: 'first', pending: [b.username], writable: 'yes' }]);

        const second = endingNetwork(world.network(), true);
        const joiner = await people.again(b, second.network);
        const [invitation] = await joiner.chats.invitations();
        second.endAt(step, isMade);
        await joiner.chats.join(invitation ?? { id: '', inviter: '' }).catch(() => undefined);
        const later = await people.again(b);
        expect((await later.chats.list()).damaged).toEqual([]);
        const [left] = await later.chats.invitations();
        const chatB = left === undefined ? await later.chats.open(invitation?.id ?? '') : await later.chats.join(left);
        await expectSound(later, chatB);
        await chatB.send({ text: 'I am here' });
        const chatA = await a.chats.open(chatB.id);
        await chatA.refresh();
        expect(await textsOf(chatA)).toEqual(['I am here']);
      }
    }
  }, 180_000);

  test('a program that stopped between log and state has lost nothing', async () => {
    const { a, b, chatA, chatB } = await pair();
    const before = await ownChat(a, chatA.id);
    await chatA.send({ text: 'not in the state' });
    await ownSpaceOf(a).changeHome(undefined, async (operation) => {
      await writeFileIn(operation, ownSpaceOf(a), before.shared, ChatFile.state, before.state.encode());
    });
    const later = await people.again(a);
    const chat = await later.chats.open(chatA.id);
    await chat.send({ text: 'next' });
    await expectSound(later, chat);
    await chatB.refresh();
    expect(await textsOf(chatB)).toEqual(['not in the state', 'next']);
    await expectSound(b, chatB);
  });

  test('files of a message that is not sent are taken back', async () => {
    const { a, chatA } = await pair();
    const failing: AsyncIterable<Uint8Array> = {
      async *[Symbol.asyncIterator]() {
        yield new Uint8Array(3);
        throw new Error('the disk is gone');
      },
    };
    const attachments = [
      { source: new Uint8Array(10), name: 'a.txt' },
      { source: failing, name: 'b.txt' },
    ];
    await expect(chatA.send({ attachments })).rejects.toThrow('the disk is gone');
    const media = `/${a.username}/.messaging/${chatA.id}/shared/media`;
    const date = new Date();
    const names: string[] = [];
    for await (const { name } of a.files.names(`${media}/${date.getUTCFullYear()}/${date.getUTCMonth() + 1}`)) names.push(name ?? '');
    expect(names).toEqual([]);
    expect(await textsOf(chatA)).toEqual([]);
  });
});

describe('members whose copies cannot be read, or should not be believed', () => {
  /** A network on which what belongs to some cannot be had; counts what is asked. */
  function brokenNetwork(isAway: (owner: PublicKeyHash) => boolean): { readonly network: Network; readonly asked: () => number } {
    const base = world.network();
    let asked = 0;
    const unlessAway = async <T>(owner: PublicKeyHash, answer: () => Promise<T>): Promise<T> => {
      asked++;
      if (isAway(owner)) throw new NetworkError('the line is dead');
      return answer();
    };
    const network = changedNetwork(base, {
      pointers: overriding(base.pointers, {
        getPointer: async (...call) => unlessAway(call[0], async () => base.pointers.getPointer(...call)),
      }),
      blocks: overriding(base.blocks, {
        getBlock: async (...call) => unlessAway(call[1].owner, async () => base.blocks.getBlock(...call)),
        lookUpChamp: async (...call) => unlessAway(call[2].owner, async () => base.blocks.lookUpChamp(...call)),
      }),
    });
    return { network, asked: () => asked };
  }

  test('messages that are withheld while their author is away are not lost', async () => {
    let gone: PublicKeyHash | undefined;
    const { network } = brokenNetwork((owner) => gone?.equals(owner) === true);
    const [a, b, c] = await people.friends('ada', { name: 'bob', network }, 'cyd');
    const chatA = await a.chats.create({ invite: [b.username, c.username] });
    const chatB = await joinNewest(b, a);
    const chatC = await joinNewest(c, a);
    for (const chat of [chatA, chatB, chatC, chatA, chatB, chatC]) await chat.refresh();
    for (const text of ['one', 'two', 'three']) await chatA.send({ text });
    const [three] = (await logOf(a, chatA)).slice(-1);
    if (three === undefined) throw new Error('there are messages');
    await c.files.append(logPath(c, chatC), three.encode());
    await c.files.append(logPath(c, chatC), (await signed(c, chatC, 'of cyd')).encode());
    gone = a.account.identity.publicKeyHash;
    expect(await chatB.refresh()).toMatchObject({
      added: 1,
      more: false,
      problems: [{ username: a.username, error: { code: 'network' } }],
    });
    expect(await textsOf(chatB)).toEqual(['of cyd']);
    gone = undefined;
    expect(await chatB.refresh()).toMatchObject({ added: 3, problems: [] });
    expect(await textsOf(chatB)).toEqual(['of cyd', 'one', 'two', 'three']);
    expect(await chatB.refresh()).toMatchObject({ added: 0, problems: [] });
  }, 60_000);

  test('what the log of one leaves out of somebody who has just come in is in the own log of that one', async () => {
    const [a, b, c] = await people.friends('ada', 'bob', 'cyd');
    const chatA = await a.chats.create({ invite: [c.username] });
    const chatC = await joinNewest(c, a);
    await chatA.refresh();
    await chatA.invite([b.username]);
    const chatB = await joinNewest(b, a);
    for (const text of ['one', 'two', 'three']) await chatB.send({ text });
    const log = await logOf(b, chatB);
    const left = new Set(log.filter(({ envelope: { payload } }) => payload.kind === 'application').slice(0, 2));
    for (const message of log.slice((await logOf(a, chatA)).length)) {
      if (!left.has(message)) await a.files.append(logPath(a, chatA), message.encode());
    }
    expect(await chatC.refresh()).toMatchObject({ more: false, problems: [] });
    expect(await textsOf(chatC)).toEqual(['one', 'two', 'three']);
  }, 60_000);

  for (const kind of ['a message that is not understood', 'a claim about messages that do not exist']) {
    test(`${kind} behind a log that is larger than one change costs a bounded number of requests, and stops nothing`, async () => {
      const { network, asked } = brokenNetwork(() => false);
      const { a, b, chatA, chatB } = await pair();
      for (let i = 0; i < 5; i++) await chatB.send({ text: String(i).repeat(900_000) });
      await chatA.refresh();
      const { host, clock } = await stateOf(b, chatB);
      const next = (clock.get(host) ?? 0) + 1;
      if (kind.startsWith('a message')) {
        const good = (await signed(b, chatB, 'after it', { counter: next + 1 })).encode();
        await b.files.append(logPath(b, chatB), concatBytes(good.subarray(0, 67), Uint8Array.of(0x43, 1, 2, 3), good));
      } else {
        const seen = clock.with((await stateOf(a, chatA)).host, 50);
        await b.files.append(logPath(b, chatB), (await signed(b, chatB, 'after it', { clock: seen })).encode());
      }
      const session = await people.again(a, network);
      const chat = await session.chats.open(chatA.id);
      const before = asked();
      expect(await chat.refresh()).toMatchObject({ added: 1, more: false, problems: [] });
      // The log once from the beginning, and one change.
      expect(asked() - before).toBeLessThan(100);
      expect((await textsOf(chat)).slice(-1)).toEqual(['after it']);
      const after = asked();
      expect(await chat.refresh()).toMatchObject({ added: 0, more: false, problems: [] });
      expect(asked() - after).toBeLessThan(20);
      expect((await stateOf(a, chatA)).memberOf(b.username)?.mergedUpTo).toBeGreaterThan(next);
    }, 120_000);
  }

  test('nobody is removed because of a network that fails', async () => {
    let own: PublicKeyHash | undefined;
    const { network } = brokenNetwork((owner) => own !== undefined && !owner.equals(own));
    const { a, b, chatA, chatB } = await pair(network);
    await chatB.send({ text: 'hello' });
    own = a.account.identity.publicKeyHash;
    expect(await chatA.refresh()).toMatchObject({ added: 0, problems: [{ username: b.username, error: { code: 'network' } }] });
    expect(await a.chats.refresh()).toMatchObject([{ added: 0, problems: [{ username: b.username, error: { code: 'network' } }] }]);
    await chatA.send({ text: 'I can write' });
    own = undefined;
    expect(await memberNames(a, chatA)).toEqual([a.username, b.username].sort());
    await chatA.refresh();
    expect([...(await textsOf(chatA))].sort()).toEqual(['I can write', 'hello']);
    expect((await privateOf(a, chatA)).deleted).toEqual([]);
  });

  test('nobody is removed who does not let the account follow them for a while', async () => {
    const { a, b, chatA, chatB } = await pair();
    await b.friends.removeFollower(a.username);
    await chatB.send({ text: 'alone' });
    await chatA.refresh();
    expect(await memberNames(a, chatA)).toEqual([a.username, b.username].sort());
    expect((await kindsOf(a, chatA)).includes('remove-member')).toBe(false);
  });

  test('a forged message is left out, and what comes after it is read', async () => {
    const { a, b, chatA, chatB } = await pair();
    await b.files.append(logPath(b, chatB), (await signed(b, chatB, 'forged', { forged: true })).encode());
    await b.files.append(logPath(b, chatB), (await signed(b, chatB, 'from the future', { counter: 2 ** 40 })).encode());
    await b.files.append(logPath(b, chatB), (await signed(b, chatB, 'true')).encode());
    expect(await chatA.refresh()).toMatchObject({ added: 1, refused: 2, problems: [] });
    expect(await textsOf(chatA)).toEqual(['true']);
    expect(await chatA.refresh()).toMatchObject({ added: 0, refused: 0, problems: [] });
    await chatA.send({ text: 'I go on' });
    expect(await memberNames(a, chatA)).toEqual([a.username, b.username].sort());
  });

  test('what is not understood is passed over; where no message begins reading ends, and goes on when that is repaired', async () => {
    const { a, b, chatA, chatB } = await pair();
    const sizeBefore = (await b.files.stat(logPath(b, chatB))).size;
    const good = (await signed(b, chatB, 'good')).encode();
    const strange = concatBytes(good.subarray(0, 67), Uint8Array.of(0x43, 1, 2, 3));
    await b.files.append(logPath(b, chatB), concatBytes(strange, good, new Uint8Array(50)));
    const first = await chatA.refresh();
    expect(first).toMatchObject({ added: 1, refused: 1, problems: [{ username: b.username, error: { code: 'format.chat' } }] });
    expect((await chatA.refresh()).problems).toHaveLength(1);
    expect(await memberNames(a, chatA)).toEqual([a.username, b.username].sort());
    await b.files.truncate(logPath(b, chatB), sizeBefore + strange.length + good.length);
    await b.files.append(
      logPath(b, chatB),
      (
        await signed(b, chatB, 'repaired', { counter: ((await stateOf(a, chatA)).clock.get((await stateOf(b, chatB)).host) ?? 0) + 1 })
      ).encode(),
    );
    expect(await chatA.refresh()).toMatchObject({ added: 1, problems: [] });
    expect(await textsOf(chatA)).toEqual(['good', 'repaired']);
  });

  test('a log that has become shorter is no trouble', async () => {
    const { b, chatA, chatB } = await pair();
    for (const text of ['one', 'two', 'three']) await chatB.send({ text });
    await chatA.refresh();
    await b.files.truncate(logPath(b, chatB), 0);
    expect(await chatA.refresh()).toMatchObject({ added: 0, problems: [] });
    await chatA.send({ text: 'four' });
    expect(await textsOf(chatA)).toEqual(['one', 'two', 'three', 'four']);
  });

  test('who joins believes the messages, and not what the inviter says of them', async () => {
    const [a, b, c] = await people.friends('ada', 'bob', 'cyd');
    const chatA = await a.chats.create({ title: 'true', invite: [b.username] });
    const { shared, state } = await ownChat(a, chatA.id);
    const lying = state.with({ clock: TreeClock.of([[state.host, 5000]]), properties: new Map() });
    await ownSpaceOf(a).changeHome(undefined, async (operation) => {
      await writeFileIn(operation, ownSpaceOf(a), shared, ChatFile.state, lying.encode());
    });
    await a.files.append(logPath(a, chatA), (await signed(c, await c.chats.create(), 'nobody')).encode());
    const invitations = await b.chats.invitations();
    expect(invitations).toHaveLength(1);
    const chatB = await b.chats.join(invitations[0] ?? { id: '', inviter: '' });
    expect((await chatB.summary()).title).toBe('true');
    expect((await chatB.summary()).admins).toEqual([a.username]);
    expect(await textsOf(chatB)).toEqual([]);
    expect((await stateOf(b, chatB)).clock.get(state.host)).toBeLessThan(100);
  });

  test('titles, pictures and names of files from others are data', async () => {
    const { chatA, chatB } = await pair();
    const title = '<img src=x onerror=alert(1)>\u202e';
    await chatB.setTitle(title);
    await chatA.refresh();
    expect((await chatA.summary()).title).toBe(title);
    await expect(chatA.setTitle('x'.repeat(257))).rejects.toMatchObject({ code: 'limit' });
    await chatA.setTitle('x'.repeat(256));
    await expect(chatA.setIcon({ bytes: new Uint8Array(3), mimeType: 'image/svg+xml' })).rejects.toMatchObject({ code: 'argument' });
    await expect(chatA.setIcon({ bytes: new Uint8Array(262_145), mimeType: 'image/png' })).rejects.toMatchObject({ code: 'limit' });
    await chatA.setIcon({ bytes: new Uint8Array(262_144), mimeType: 'image/png' });
    await chatB.refresh();
    expect((await chatB.summary()).icon?.bytes).toHaveLength(262_144);
    await chatA.setIcon(undefined);
    expect((await chatA.summary()).icon).toBeUndefined();
    const attachments = Array.from({ length: 101 }, () => ({ source: '', name: 'a' }));
    await expect(chatA.send({ attachments })).rejects.toMatchObject({ code: 'limit' });
    await expect(chatA.send({ attachments: [{ source: '', name: 'a./../b' }] })).rejects.toMatchObject({ code: 'argument' });
    await expect(chatA.send({ text: 'x'.repeat(5_242_880) })).rejects.toMatchObject({ code: 'limit' });
    await expect(chatA.send({ text: 'x', replyTo: 'nonsense' })).rejects.toMatchObject({ code: 'argument' });
    await expect(chatA.send({ text: 'x', replyTo: 'QmNWaejSjrwP7a2mgZ9E9LSA9gaDM1c5xrwEDDdgKn1GNZ' })).rejects.toMatchObject({
      code: 'not-found.message',
    });
    await expect(chatA.send({})).rejects.toMatchObject({ code: 'argument' });
    await chatA.send({ attachments: attachments.slice(0, 100) });
    await chatB.refresh();
    expect((await chatB.summary()).last?.attachments).toHaveLength(100);
  }, 120_000);

  test('files that are not there, or not where files of the chat are, keep no message from being shown', async () => {
    const { a, b, chatA, chatB } = await pair();
    await b.files.write(`/${b.username}/secret.txt`, 'mine');
    const { item } = await ownSpaceOf(b).tree.locate(ownSpaceOf(b).tree.view(undefined, true), `/${b.username}/secret.txt`);
    const capability = item.capability.toReadOnly();
    const hash = Multihash.sha256(world.crypto.sha256(new TextEncoder().encode('mine')));
    const media = `.messaging/${chatB.id}/shared/media/2024/5`;
    const nowhere = capability.withLocation(ChunkLocation.generate(world.crypto));
    const files = [
      FileRef.of(`${b.username}/secret.txt`, capability, hash),
      FileRef.of(`${b.username}/.messaging/chat$x$y/shared/media/2024/5/x.txt`, capability, hash),
      FileRef.of(`${b.username}/.messaging/${chatB.id}/shared/media`, capability, hash),
      FileRef.of(`/${b.username}/${media}/gone.txt`, nowhere, Multihash.sha256(world.crypto.sha256(new TextEncoder().encode('gone')))),
      FileRef.of(`${b.username}/${media}/here.txt`, capability, hash),
    ];
    await b.files.append(logPath(b, chatB), (await signed(b, chatB, 'files', { files })).encode());
    await chatB.send({ text: 'next' });
    expect(await chatA.refresh()).toMatchObject({ added: 2, refused: 0, problems: [] });
    expect(await textsOf(chatA)).toEqual(['files', 'next']);
    const [shown] = (await chatA.page({ limit: 2 })).messages;
    expect(shown?.attachments.map(({ name }) => name)).toEqual(['gone.txt', 'here.txt']);
    const [gone, here] = shown?.attachments ?? [];
    if (gone === undefined || here === undefined) throw new Error('two are to be shown');
    await expect(chatA.openAttachment(gone)).rejects.toMatchObject({ code: 'not-found.file' });
    expect(await a.files.readText(`/${a.username}/${media}/here.txt`)).toBe('mine');
    expect(await (await chatA.openAttachment(here)).reader.read()).toEqual(new TextEncoder().encode('mine'));
    const names: string[] = [];
    for await (const { name } of a.files.names(`/${a.username}/${media}`)) names.push(name ?? '');
    expect(names).toEqual(['here.txt']);
  });

  test('what is forged in the log of an inviter does not make the copy larger', async () => {
    const [a, b] = await people.friends('ada', 'bob');
    const chatB = await b.chats.create({ invite: [a.username] });
    await chatB.send({ text: 'z'.repeat(300_000) });
    const forged = SignedMessage.of(new Uint8Array(64), (await signed(b, chatB, 'x')).envelope).encode();
    await b.files.append(logPath(b, chatB), concatBytes(...Array.from({ length: 300 }, () => forged)));
    const { size } = await b.files.stat(logPath(b, chatB));
    const chatA = await joinNewest(a, b);
    expect((await a.files.stat(logPath(a, chatA))).size).toBeLessThan(1.5 * size);
    expect(await logOf(a, chatA)).toHaveLength((await stateOf(a, chatA)).hostMember.mergedUpTo);
    expect((await textsOf(chatA)).map((text) => text.length)).toEqual([300_000]);
    await chatB.send({ text: 'heard' });
    await chatA.refresh();
    expect((await textsOf(chatA)).at(-1)).toBe('heard');
  });

  test('more forged messages than are replaced, and a log that is too large, are not joined', async () => {
    const [a, b] = await people.friends('ada', 'bob');
    const chatB = await b.chats.create({ invite: [a.username] });
    const [smallest = 0] = (await logOf(b, chatB)).map((message) => message.encode().length).sort((x, y) => x - y);
    const forged = SignedMessage.of(new Uint8Array(64), (await signed(b, chatB, 'x')).envelope).encode();
    const count = Math.floor(MAX_CHAT_COPY_FILL / smallest) + 1;
    await b.files.append(logPath(b, chatB), concatBytes(...Array.from({ length: count }, () => forged)));
    await expect(joinNewest(a, b)).rejects.toMatchObject({ code: 'format.chat' });
    expect((await a.chats.list()).chats).toEqual([]);
    expect(() => {
      assertCopiedSize(MAX_CHAT_COPY_SIZE);
    }).not.toThrow();
    expect(() => {
      assertCopiedSize(MAX_CHAT_COPY_SIZE + 1);
    }).toThrow(LimitError);
  }, 60_000);

  test('a log of several chunks is joined as a whole', async () => {
    const [a, b] = await people.friends('ada', 'bob');
    const chatA = await a.chats.create();
    for (let i = 0; i < 6; i++) await chatA.send({ text: String(i).repeat(1_048_576) });
    await chatA.invite([b.username]);
    const chatB = await joinNewest(b, a);
    expect((await textsOf(chatB)).map((text) => text.slice(0, 2))).toEqual(['00', '11', '22', '33', '44', '55']);
    await chatB.send({ text: 'read' });
    await chatA.refresh();
    expect((await chatA.summary()).last?.text).toBe('read');
    // New keys for a long log, which is encrypted anew before the next message.
    await chatA.remove(b.username);
    await chatA.send({ text: 'after' });
    expect((await textsOf(chatA)).slice(-2)).toEqual(['read', 'after']);
    expect(await logOf(a, chatA)).toHaveLength((await stateOf(a, chatA)).hostMember.mergedUpTo);
  }, 120_000);

  test('who came in after the account was removed can invite it once more', async () => {
    const [a, b, c] = await people.friends('ada', 'bob', 'cyd');
    const chatA = await a.chats.create({ invite: [b.username] });
    const chatB = await joinNewest(b, a);
    await chatA.refresh();
    await chatB.send({ text: 'one' });
    await chatA.refresh();
    await chatA.remove(b.username);
    await chatB.refresh();
    await chatA.invite([c.username]);
    const chatC = await joinNewest(c, a);
    await chatC.invite([b.username]);
    const [invitation] = await b.chats.invitations();
    expect(invitation).toMatchObject({ id: chatB.id, inviter: c.username, isKnown: true });
    const again = await b.chats.join(invitation ?? { id: '', inviter: '' });
    await again.send({ text: 'back' });
    await chatC.refresh();
    await chatA.refresh();
    for (const chat of [chatA, again, chatC]) expect(await textsOf(chat)).toEqual(['one', 'back']);
  });

  test('a damaged chat is named, and keeps nobody from the others', async () => {
    const [a] = await people.friends('ada');
    const good = await a.chats.create({ title: 'good' });
    const bad = await a.chats.create({ title: 'bad' });
    await a.files.write(`/${a.username}/.messaging/${bad.id}/shared/${ChatFile.state}`, 'nonsense');
    const { chats, damaged } = await a.chats.list();
    expect(chats.map(({ title }) => title)).toEqual(['good']);
    expect(damaged).toMatchObject([{ id: bad.id, error: { code: expect.stringMatching(/^format\./) as unknown } }]);
    expect(await a.chats.refresh()).toMatchObject([{ id: expect.any(String) as unknown }, { id: expect.any(String) as unknown }]);
    await a.chats.delete(bad.id);
    expect((await a.chats.list()).damaged).toEqual([]);
    await good.send({ text: 'still here' });
  });
});
