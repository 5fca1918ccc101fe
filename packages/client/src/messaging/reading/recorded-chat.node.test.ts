import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { toHex } from '@pyrgos/core/bytes';
import { loadCrypto } from '@pyrgos/core/crypto';
import { AbsoluteCapability } from '@pyrgos/core/model';
import { readRecords } from '@pyrgos/core/social';
import { goldenFolder, goldenMissing } from '@pyrgos/testkit/golden';
import { describe, expect, test } from 'vitest';
import v from '../../../../../vectors/07/recorded-chat.json' with { type: 'json' };
import { joinNewest } from '../../../test/chat-world.js';
import { befriend, People } from '../../../test/people-world.js';
import { RecordedWorld } from '../../../test/recorded-world.js';
import { ServerWorld } from '../../../test/server-world.js';
import { FileReader, findChild, type Item, openItem, type View } from '../../files/view/index.js';
import { readFriendEntries } from '../../social/social-lists.js';
import { findState, readIndex, requireOwnChat } from '../chat-files.js';

const golden = goldenFolder();
const folder = golden === undefined ? undefined : join(golden, '..', 'transcripts');
const isMissing = folder === undefined || !existsSync(folder);

/** What the reference client has asked a server in the transcript `chat-send`, as the parts of a network call it. */
const RECORDED = new Set([
  'blocks transaction/start',
  'blocks block/put/bulk',
  'blocks transaction/close',
  'blocks champ/get/bulk',
  'blocks block/get',
  'pointers getPointer',
  'pointers setPointers',
]);

const hexOf = async (view: View, item: Item): Promise<string> => toHex(await new FileReader(view, item).read());

describe.skipIf(isMissing)(`the transcript chat-send${isMissing ? ` (skipped: ${goldenMissing}, with transcripts beside it)` : ''}`, () => {
  const tessa = { username: 'tessa', password: 'tessa transcript password' };

  test('both copies come out of what the clients have sent, after every change', async () => {
    const world = new RecordedWorld(await loadCrypto(), folder ?? '');
    const steps: string[] = [];
    const counts = world.changesOf('chat-send');
    // The first change with all files; what viktor does in between leaves the copy of tessa as it is.
    for (const count of counts.filter((_, i) => (i >= 7 && i < 13) || i === counts.length - 1)) {
      const { view, home } = await world.after(count, tessa);
      const chat = await requireOwnChat(view, home, v.chatId);
      const log = await hexOf(view, chat.log);
      const found = v.creator.find(({ logSize }) => 2 * logSize === log.length);
      expect(v.log.startsWith(log)).toBe(true);
      expect(await hexOf(view, chat.stateFile)).toBe(found?.state);
      expect(await hexOf(view, chat.privateFile)).toBe(v.privateState);
      expect(toHex(await readIndex(view, chat.index))).toBe(v.index);
      if (steps.at(-1) !== found?.step) steps.push(found?.step ?? '');
    }
    expect(steps).toEqual(v.creator.map(({ step }) => step));
    const { view, home } = await world.after(counts.at(-1) ?? 0, tessa);
    const invitee = await sharedBy(view, home);
    const copy = await findState(view, invitee);
    expect(copy === undefined ? '' : await hexOf(view, copy.log)).toBe(v.log);
    expect(copy?.state.host.toString()).toBe('0.0');
    const stateFile = await findChild(view, invitee, 'peergos-chat-state.cbor');
    expect(stateFile === undefined ? '' : await hexOf(view, stateFile)).toBe(v.invitee.state);
  });

  test('the reference client makes these kinds of requests, and no others', async () => {
    const { exchanges } = new RecordedWorld(await loadCrypto(), folder ?? '');
    const paths = exchanges.filter(({ operation }) => operation === 'chat-send').map(({ path }) => path);
    expect(new Set(paths.map(kindOf))).toEqual(RECORDED);
  });

  /** What a friend of tessa shares with her beside the places of groups. */
  async function sharedBy(view: View, home: Item): Promise<Item> {
    for (const { capability } of await readFriendEntries(view, home)) {
      const file = await findChild(view, await openItem(view, capability), 'sharing.r');
      if (file === undefined) continue;
      for (const { value } of readRecords(await new FileReader(view, file).read(), (item) => AbsoluteCapability.fromCbor(item)).records) {
        const item = await openItem(view, value);
        if (item.name === 'shared') return item;
      }
    }
    throw new Error('nobody shares a chat');
  }
});

test('our client makes the same kinds of requests in a chat, and of those that write no more than the reference client', async () => {
  const world = await ServerWorld.start();
  try {
    const people = new People(world);
    const [first, second] = [world.counted(), world.counted()];
    const ada = await people.join('ada', first.network);
    const bob = await people.join('bob', second.network);
    await befriend(ada, bob);
    for (const { counter } of [first, second]) counter.reset();
    const chat = await ada.chats.create({ invite: ['bob'] });
    await chat.send({ text: 'hello bob' });
    const commits = first.counter.byEndpoint().get('pointers setPointers') ?? 99;
    // The transcript has thirteen, for the same: every file a commit of its own.
    expect(commits).toBeLessThan(13);
    const joined = await joinNewest(bob, ada);
    await joined.refresh();
    await joined.send({ text: 'hello ada' });
    await chat.refresh();
    expect((await chat.page()).messages.map(({ author, text }) => [author, text]).slice(-1)).toEqual([['bob', 'hello ada']]);
    for (const { counter } of [first, second]) {
      const kinds = [...counter.byEndpoint().keys()];
      expect(kinds).toEqual(expect.arrayContaining(['blocks block/put/bulk', 'pointers setPointers']));
      // Who somebody is: the reference client had looked that up before.
      expect(kinds.filter((kind) => !RECORDED.has(kind) && !kind.startsWith('core '))).toEqual([]);
    }
  } finally {
    await world.close();
  }
});

/** The endpoint of a path, with the part of a network that calls it. */
function kindOf(path: string): string {
  return path.startsWith('api/v0/') ? `blocks ${path.slice('api/v0/'.length)}` : `pointers ${path.slice('peergos/v0/mutable/'.length)}`;
}
