import { MessageEnvelope, SignedMessage } from '@pyrgos/core/chat';
import { Multihash } from '@pyrgos/core/codec';
import { NetworkError } from '@pyrgos/core/errors';
import { signDetached } from '@pyrgos/core/keys';
import { MAX_CHAT_ATTACHMENTS } from '@pyrgos/core/limits';
import type { AbsoluteCapability } from '@pyrgos/core/model';
import { FileRef } from '@pyrgos/core/social';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { changedNetwork, overriding } from '../../test/changed-network.js';
import { joinNewest, logOf, ownChat } from '../../test/chat-world.js';
import { befriend, People } from '../../test/people-world.js';
import { ServerWorld } from '../../test/server-world.js';
import { ownSpaceOf } from '../../test/social-world.js';
import type { Chat, ChatAttachment, UserSession } from '../index.js';
import { FriendSpaces } from '../social/friend-spaces.js';
import { ChatFile } from './chat-files.js';
import { ChatParts } from './chat-parts.js';

let world: ServerWorld;
let people: People;
let count = 0;
beforeAll(async () => {
  world = await ServerWorld.start();
  people = new People(world);
});
afterAll(async () => world.close());

interface Chain {
  readonly a: UserSession;
  readonly m: UserSession;
  readonly c: UserSession;
  readonly chatA: Chat;
  readonly chatM: Chat;
  readonly chatC: Chat;
}

/** Ada and Cyd, who do not know each other, with Mallory in the middle. */
async function chain(): Promise<Chain> {
  count++;
  const [a, m, c] = [await people.join(`ada${count}`), await people.join(`mal${count}`), await people.join(`cyd${count}`)];
  await befriend(a, m);
  await befriend(m, c);
  const chatA = await a.chats.create({ invite: [m.username] });
  const chatM = await joinNewest(m, a);
  await chatM.invite([c.username]);
  const chatC = await joinNewest(c, m);
  for (const chat of [chatM, chatA, chatC]) await chat.refresh();
  return { a, m, c, chatA, chatM, chatC };
}

async function capabilityOf(session: UserSession, path: string): Promise<AbsoluteCapability> {
  const { tree } = ownSpaceOf(session);
  const { item } = await tree.locate(tree.view(undefined, true), path);
  return item.capability.toReadOnly();
}

function hashOf(content: string | Uint8Array): Multihash {
  return Multihash.sha256(world.crypto.sha256(typeof content === 'string' ? new TextEncoder().encode(content) : content));
}

/** Adds a message with any files to the own log, as no client does. */
async function publish(session: UserSession, chat: Chat, files: readonly FileRef[], rest: readonly SignedMessage[] = []): Promise<void> {
  const { state, privateState } = await ownChat(session, chat.id);
  const own = (await logOf(session, chat)).filter(({ envelope }) => envelope.author.equals(state.host));
  const counter = Math.max(0, ...own.map(({ envelope }) => envelope.counter ?? 0)) + 1;
  const envelope = MessageEnvelope.of({
    author: state.host,
    payload: { kind: 'application', body: ['files', ...files] },
    previous: [],
    timestamp: state.clock.with(state.host, counter),
    time: Date.now(),
  });
  const message = SignedMessage.of(signDetached(world.crypto, privateState.chatKeys.secretKey, envelope.encode()), envelope);
  const log = `/${session.username}/.messaging/${chat.id}/shared/${ChatFile.log}`;
  for (const one of [message, ...rest]) await session.files.append(log, one.encode());
}

async function shownFiles(chat: Chat): Promise<ReadonlyMap<string, readonly ChatAttachment[]>> {
  const { messages } = await chat.page();
  return new Map(messages.filter(({ attachments }) => attachments.length > 0).map(({ author, attachments }) => [author, attachments]));
}

async function contentOf(
  chat: Chat,
  attachment: ChatAttachment | undefined,
): Promise<{ readonly text: string; readonly path: string | undefined }> {
  if (attachment === undefined) throw new Error('there is no such file');
  const { reader, path } = await chat.openAttachment(attachment);
  return { text: new TextDecoder().decode(await reader.read()), path };
}

async function copiesOf(session: UserSession, chat: Chat, folder: string): Promise<readonly string[]> {
  const names: string[] = [];
  for await (const { name } of session.files.names(`/${session.username}/.messaging/${chat.id}/shared/media/${folder}`))
    names.push(name ?? '');
  return names;
}

describe('copies of what others show', () => {
  test('nobody replaces the file of another member', async () => {
    const { a, m, c, chatA, chatM, chatC } = await chain();
    const sent = await chatA.send({ text: 'the contract', attachments: [{ source: 'pay bob', name: 'c.txt' }] });
    const [real] = sent.attachments;
    const last = (await logOf(a, chatA)).at(-1);
    if (real === undefined || last === undefined) throw new Error('nothing was sent');
    // Mallory has read it, and shows another file under its name, in a message that stands before it.
    await m.files.write(`/${m.username}/x.txt`, 'pay mallory');
    const path = real.path.replace(a.username, m.username);
    const file = FileRef.of(path, await capabilityOf(m, `/${m.username}/x.txt`), hashOf('pay mallory'));
    await publish(m, chatM, [file], [last]);
    await chatC.refresh();
    await c.chats.settled();
    const files = await shownFiles(chatC);
    expect((await contentOf(chatC, files.get(a.username)?.[0])).text).toBe('pay bob');
    expect((await contentOf(chatC, files.get(m.username)?.[0])).text).toBe('pay mallory');
    // Both have own copies, which are read when their authors are gone.
    await a.files.remove(`/${real.path}`);
    await m.files.remove(`/${m.username}/x.txt`);
    const adas = await contentOf(chatC, files.get(a.username)?.[0]);
    expect(adas.text).toBe('pay bob');
    expect(await c.files.readText(adas.path ?? '')).toBe('pay bob');
    expect((await contentOf(chatC, files.get(m.username)?.[0])).text).toBe('pay mallory');
  });

  test('an own copy that has changed is not shown as what its author has sent', async () => {
    const { a, m, chatA, chatM } = await chain();
    await chatA.send({ attachments: [{ source: 'as it was', name: 'c.txt' }] });
    await chatM.refresh();
    await m.chats.settled();
    const [attachment] = (await shownFiles(chatM)).get(a.username) ?? [];
    const first = await contentOf(chatM, attachment);
    expect(first.text).toBe('as it was');
    expect(first.path).toMatch(new RegExp(`^/${m.username}/`, 'u'));
    await m.files.write(first.path ?? '', 'changed', { onExisting: 'replace' });
    expect(await contentOf(chatM, attachment)).toEqual({ text: 'as it was', path: undefined });
  });

  test('one copy of the same content, and no copy in the place of a folder', async () => {
    const { a, m, chatA, chatM } = await chain();
    const bytes = new Uint8Array(300_000).fill(7);
    await m.files.write(`/${m.username}/x.bin`, bytes);
    const capability = await capabilityOf(m, `/${m.username}/x.bin`);
    const media = `${m.username}/.messaging/${chatM.id}/shared/media`;
    const many = Array.from({ length: 255 }, (_, i) => FileRef.of(`${media}/2024/5/${i}.bin`, capability, hashOf(bytes)));
    await publish(m, chatM, many);
    await chatA.refresh();
    await publish(m, chatM, many.slice(1, 5));
    await m.files.write(`/${m.username}/y.bin`, 'y');
    await publish(m, chatM, [FileRef.of(`${media}/2025`, await capabilityOf(m, `/${m.username}/y.bin`), hashOf('y'))]);
    await publish(m, chatM, [FileRef.of(`${media}/2024/5/bad.bin`, capability, hashOf('something else'))]);
    await chatA.refresh();
    await a.chats.settled();
    expect(await copiesOf(a, chatA, '2024/5')).toEqual(['0.bin']);
    expect([...(await copiesOf(a, chatA, ''))].sort()).toEqual(['2024', 'pyrgos']);
    // All of them are read from the one copy.
    const { messages } = await chatA.page();
    const shown = messages.flatMap(({ attachments }) => attachments);
    expect(shown).toHaveLength(MAX_CHAT_ATTACHMENTS + 6);
    const { reader, path } = await chatA.openAttachment(shown[MAX_CHAT_ATTACHMENTS + 2] as ChatAttachment);
    expect([reader.size, path]).toEqual([bytes.length, `/${a.username}/.messaging/${chatA.id}/shared/media/2024/5/0.bin`]);
  }, 60_000);

  test('what is larger than what may be read before a refresh comes back is copied behind its back', async () => {
    const [a, b] = await people.friends('eve', 'fay');
    const chatA = await a.chats.create({ invite: [b.username] });
    const chatB = await joinNewest(b, a);
    const large = { source: new Uint8Array(200_000).fill(1), name: 'large.bin' };
    const small = [1, 2].map((i) => ({ source: new Uint8Array(5000 + i).fill(i), name: 'small.bin' }));
    await chatA.send({ attachments: [large, ...small] });
    const { media, pull } = partsOf(b);
    await pull.run(chatB.id);
    expect(await media.mirror(chatB.id, undefined, 50_000)).toEqual({ bytes: 10_003, hasMore: true });
    expect(await copiedSizes(b, chatB)).toEqual([5001, 5002]);
    // Nothing of it is read as long as it is too large.
    expect(await media.mirror(chatB.id, undefined, 199_999)).toEqual({ bytes: 0, hasMore: true });
    expect(await media.mirror(chatB.id, undefined, 200_000)).toEqual({ bytes: 200_000, hasMore: false });
    expect(await copiedSizes(b, chatB)).toEqual([5001, 5002, 200_000]);
  });

  test('what breaks off on the way counts, and keeps those who wait from nothing', async () => {
    let left = Infinity;
    const authors: UserSession[] = [];
    const base = world.network();
    const network = changedNetwork(base, {
      blocks: overriding(base.blocks, {
        getBlock: async (...call) => {
          const block = await base.blocks.getBlock(...call);
          const isTheirs = authors.some(({ account }) => account.identity.publicKeyHash.equals(call[1].owner));
          const isContent = isTheirs && block.length > 50_000;
          if (isContent && left-- <= 0) throw new NetworkError('the line is dead');
          return block;
        },
      }),
    });
    const [a, b] = await people.friends('gus', { name: 'hal', network });
    const chatA = await a.chats.create({ invite: [b.username] });
    const chatB = await joinNewest(b, a);
    await chatA.send({ attachments: [{ source: new Uint8Array(14_000_000).fill(7), name: 'a.bin' }] });
    await chatA.send({ attachments: [{ source: new Uint8Array(6000), name: 'b.bin' }] });
    const { media, pull } = partsOf(b);
    await pull.run(chatB.id);
    authors.push(a);
    // Most of the three chunks, but not the end of the last one.
    left = 10;
    const first = await media.mirror(chatB.id, undefined, 20_000_000);
    expect(first).toEqual({ bytes: expect.any(Number), hasMore: true });
    expect(first.bytes).toBeGreaterThan(1_000_000);
    expect(first.bytes).toBeLessThan(14_000_000);
    left = Infinity;
    // Not at once once more.
    expect(await media.mirror(chatB.id, undefined, Infinity)).toEqual({ bytes: 6000, hasMore: false });
    expect(await copiedSizes(b, chatB)).toEqual([6000]);
  }, 60_000);
});

/** What the chats of a session work with, in another session of its own. */
function partsOf(session: UserSession): ChatParts {
  const space = ownSpaceOf(session);
  return new ChatParts(space, new FriendSpaces(space), session.files);
}

async function copiedSizes(session: UserSession, chat: Chat): Promise<readonly number[]> {
  const sizes: number[] = [];
  const walk = async (path: string): Promise<void> => {
    for await (const entry of session.files.list(path)) {
      if (!('kind' in entry)) throw entry.error;
      if (entry.kind === 'directory') await walk(entry.path);
      else sizes.push(entry.size);
    }
  };
  await walk(`/${session.username}/.messaging/${chat.id}/shared/media`);
  return sizes.toSorted((one, other) => one - other);
}
