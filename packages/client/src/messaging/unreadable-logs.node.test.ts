import { MessageEnvelope, SignedMessage } from '@pyrgos/core/chat';
import { DeniedError, NotFoundError, type PyrgosError, StorageError } from '@pyrgos/core/errors';
import { type PublicKeyHash, signDetached } from '@pyrgos/core/keys';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { changedNetwork, overriding } from '../../test/changed-network.js';
import { joinNewest, ownChat, textsOf } from '../../test/chat-world.js';
import { later } from '../../test/later.js';
import { befriend, People } from '../../test/people-world.js';
import { ServerWorld } from '../../test/server-world.js';
import type { Chat } from '../index.js';
import type { Network } from '../network/index.js';
import { ChatFile } from './chat-files.js';

/** What one member cannot read, or not find out, and others have: it keeps their logs from nothing for ever. */

const HOUR = 3_600_000;

let world: ServerWorld;
let people: People;
beforeAll(async () => {
  world = await ServerWorld.start();
  people = new People(world);
});
afterAll(async () => world.close());

/** A network on which the content of files of one user cannot be read. */
function networkWithout(error: PyrgosError, isGone: (owner: PublicKeyHash) => boolean): Network {
  const base = world.network();
  return changedNetwork(base, {
    blocks: overriding(base.blocks, {
      getBlock: async (...call) => {
        if (call[0].codec === 0x55 && isGone(call[1].owner)) throw error;
        return base.blocks.getBlock(...call);
      },
    }),
  });
}

/**
 * Ada, bob and mallory are friends in a chat. Mallory leaves out a message for ever; bob, who takes what comes after it, has said something since. Ada, on a network of her own, has read
 * nothing of that.
 */
async function withGap(networkOf: (isGone: (owner: PublicKeyHash) => boolean) => Network): Promise<Chat> {
  const gone: PublicKeyHash[] = [];
  const network = networkOf((owner) => gone.some((one) => one.equals(owner)));
  const [ada, bob, mal] = await people.friends({ name: 'ada', network }, 'bob', 'mal');
  const chatA = await ada.chats.create({ invite: [bob.username, mal.username] });
  const chatB = await joinNewest(bob, ada);
  const chatM = await joinNewest(mal, ada);
  for (const chat of [chatA, chatB, chatM, chatA, chatB, chatM]) await chat.refresh();
  const { state, privateState } = await ownChat(mal, chatM.id);
  const envelope = MessageEnvelope.of({
    author: state.host,
    payload: { kind: 'application', body: ['x'.repeat(20_000)] },
    previous: [],
    timestamp: state.clock.with(state.host, (state.clock.get(state.host) ?? 0) + 2),
    time: Date.now(),
  });
  const message = SignedMessage.of(signDetached(world.crypto, privateState.chatKeys.secretKey, envelope.encode()), envelope);
  await mal.files.append(`/${mal.username}/.messaging/${chatM.id}/shared/${ChatFile.log}`, message.encode());
  await chatB.refresh();
  await chatB.send({ text: 'honest' });
  gone.push(mal.account.identity.publicKeyHash);
  return chatA;
}

const shortTexts = async (chat: Chat): Promise<readonly string[]> => (await textsOf(chat)).map((text) => text.slice(0, 6));

test('a log of which a block is gone does not stop the log of somebody who has read it before', async () => {
  const chat = await withGap((isGone) =>
    networkWithout(new NotFoundError('not-found.block', 'The server does not have this block.', {}), isGone),
  );
  expect((await chat.refresh()).problems).toMatchObject([{ error: { code: 'not-found.block' } }]);
  expect(await shortTexts(chat)).toEqual(['xxxxxx', 'honest']);
});

test('a log that cannot be read for other reasons is waited for, but not for ever', async () => {
  const chat = await withGap((isGone) => networkWithout(new StorageError('The disk of the server is out of order.'), isGone));
  for (const [after, texts] of [
    [0, []],
    [0.9 * HOUR, []],
    [1.1 * HOUR, ['honest']],
    [23 * HOUR, ['honest']],
    [25 * HOUR, ['honest', 'xxxxxx']],
  ] as const) {
    const { problems } = await later(after, async () => chat.refresh());
    expect(problems).toMatchObject([{ error: { code: 'storage' } }]);
    expect(await shortTexts(chat)).toEqual(texts);
  }
});

test('somebody who cannot be looked up keeps no log from being read for ever', async () => {
  const base = world.network();
  const refused = new Set<string>();
  const core = overriding(base.core, {
    getChain: async (...call) => {
      if (refused.has(call[0])) throw new DeniedError('denied.chain', 'The server shows another identity.', {});
      return base.core.getChain(...call);
    },
  });
  const [ada, bob, mal] = await people.friends({ name: 'ada', network: changedNetwork(base, { core }) }, 'bob', 'mal');
  const dan = await people.join('dan');
  await befriend(mal, dan);
  const chatA = await ada.chats.create({ invite: [bob.username, mal.username] });
  const chatB = await joinNewest(bob, ada);
  const chatM = await joinNewest(mal, ada);
  for (const chat of [chatA, chatB, chatM, chatA, chatB, chatM]) await chat.refresh();
  refused.add(dan.username);
  await chatM.invite([dan.username]);
  await chatB.refresh();
  await chatB.send({ text: 'honest' });
  for (const after of [0, 0.9 * HOUR]) {
    const { problems } = await later(after, async () => chatA.refresh());
    expect(problems).toMatchObject([{ error: { code: 'denied.chain' } }, { error: { code: 'denied.chain' } }]);
    expect(await textsOf(chatA)).toEqual([]);
  }
  expect(await later(1.1 * HOUR, async () => chatA.refresh())).toMatchObject({ problems: [] });
  expect(await textsOf(chatA)).toEqual(['honest']);
  expect((await chatA.members()).map(({ username }) => username)).not.toContain(dan.username);
});
