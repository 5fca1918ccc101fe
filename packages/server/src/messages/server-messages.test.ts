import { ServerMessage, ServerMessageType } from '@pyrgos/core/accounts';
import { SignedRequest, SigningKeyPair } from '@pyrgos/core/keys';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SpaceWorld, START } from '../../test/space-world.js';
import { MAX_MESSAGES_OF_USER, MAX_MESSAGES_PER_HOUR } from '../limits.js';
import { IdentityKeys } from '../space/identity-keys.js';
import { displayableMessages } from './conversations.js';
import { MessageTable } from './message-table.js';
import { messagesSchema } from './schema.js';
import { ServerMessages } from './server-messages.js';

const HOUR = 3_600_000;
let world: SpaceWorld;
let alice: SigningKeyPair;
let service: ServerMessages;

beforeEach(async () => {
  world = await SpaceWorld.create({ schemas: [messagesSchema] });
  alice = await world.addUser('alice');
  open();
});
afterEach(async () => world.close());

function open(): void {
  service = new ServerMessages({ ...world, identities: new IdentityKeys(world), table: new MessageTable(world.db) });
}

const { dismiss, fromServer, fromUser } = ServerMessageType;
async function retrieve(
  by = alice,
  path = 'peergos/v0/server-message/retrieve',
  time = world.clock.time,
): Promise<readonly ServerMessage[]> {
  return service.retrieve('alice', SignedRequest.of(path, time).sign(world.crypto, by.secretKey));
}
async function send(parts: Partial<Parameters<typeof ServerMessage.of>[0]>, by = alice): Promise<void> {
  const message = ServerMessage.of({ id: -1, type: fromUser, sent: world.clock.time, body: 'hi', dismissed: false, ...parts });
  await service.send('alice', message.sign(world.crypto, by.secretKey));
}
const stored = (): string[] => service.conversationWith('alice').map(({ body }) => body);

describe('messages between operator and user', () => {
  test('the story of chapter 07 section 20.5', async () => {
    const first = await service.sendToUser('alice', 'welcome');
    expect((await retrieve()).map((message) => message.toCbor())).toEqual([
      ServerMessage.of({ id: first, type: fromServer, sent: START, body: 'welcome', dismissed: false }).toCbor(),
    ]);
    await send({ id: first, replyTo: first, dismissed: true, body: 'thanks' });
    expect(await retrieve()).toEqual([]);
    await send({ body: 'feedback' });
    expect(await retrieve()).toEqual([]);
    expect(stored()).toEqual(['welcome', 'thanks', 'feedback']);
    const second = await service.sendToUser('alice', 'news');
    expect((await retrieve()).map(({ id }) => id)).toEqual([second]);
    await world.reopen();
    open();
    await send({ id: second, type: dismiss, body: '', dismissed: true });
    expect(await retrieve()).toEqual([]);
    const more = async (): Promise<void> => {
      for (let i = 0; i < 20; i++) await send({ body: `again ${i}` });
    };
    await expect(more()).rejects.toMatchObject({ message: 'Please wait before sending more messages!' });
  });

  test('an answer of the operator brings a conversation back, whole and in order of time', async () => {
    const first = await service.sendToUser('alice', 'question');
    world.clock.time += 1000;
    await send({ replyTo: first, body: 'answer' });
    const reply = service.conversationWith('alice').at(-1)!.id;
    world.clock.time += 1000;
    await service.sendToUser('alice', 'another matter');
    world.clock.time += 1000;
    await service.sendToUser('alice', 'thanks', reply);
    expect((await retrieve()).map(({ body }) => body)).toEqual(['question', 'answer', 'another matter', 'thanks']);
    await expect(service.sendToUser('alice', 'x', 999)).rejects.toMatchObject({ code: 'argument' });
    await expect(service.sendToUser('nobody', 'x')).rejects.toMatchObject({ code: 'not-found.user' });
    await expect(service.sendToUser('alice', 'x'.repeat(4097))).rejects.toMatchObject({ code: 'argument' });
  });

  test('only the user, for this path, within 300 s', async () => {
    const stranger = SigningKeyPair.generate(world.crypto);
    await expect(retrieve(stranger)).rejects.toMatchObject({ code: 'crypto.signature' });
    await expect(retrieve(alice, 'peergos/v0/bats/getUserBats')).rejects.toMatchObject({
      message: 'Illegal path for signed request: peergos/v0/bats/getUserBats',
    });
    await expect(retrieve(alice, undefined, START - 300_001)).rejects.toMatchObject({
      message: 'Stale auth time, is your clock accurate?',
    });
    await expect(service.retrieve('nobody', new Uint8Array(99))).rejects.toMatchObject({ code: 'not-found.user' });
    await expect(send({}, stranger)).rejects.toMatchObject({ code: 'crypto.signature' });
    expect(stored()).toEqual([]);
  });

  test('what users send', async () => {
    await expect(send({ type: fromServer })).rejects.toMatchObject({ code: 'denied.message' });
    for (const offset of [-HOUR - 1, HOUR + 1]) {
      await expect(send({ sent: START + offset })).rejects.toMatchObject({ message: 'Invalid send time on message!' });
    }
    await send({ sent: START - HOUR, body: 'past', id: 77, dismissed: true });
    await send({ sent: START + HOUR, body: 'future \u0000 \u{1f600}' });
    await send({ sent: START + HOUR, body: 'future \u0000 \u{1f600}' });
    expect(stored()).toEqual(['past', 'future \u0000 \u{1f600}']);
    expect(service.conversationWith('alice').every(({ dismissed, id }) => !dismissed && id > 0 && id < 3)).toBe(true);
  });

  test('the limit in an hour holds whatever times the messages claim', async () => {
    for (let i = 0; i <= MAX_MESSAGES_PER_HOUR; i++) await send({ sent: START - HOUR + i, body: `${i}` });
    world.clock.time += 1000;
    const wait = { message: 'Please wait before sending more messages!' };
    await expect(send({ sent: START - HOUR + 2000 })).rejects.toMatchObject(wait);
    world.clock.time = START + HOUR;
    await send({});
    const { length } = stored();
    await Promise.allSettled(Array.from({ length: 50 }, async (_, i) => send({ body: `at once ${i}` })));
    expect(stored()).toHaveLength(length + MAX_MESSAGES_PER_HOUR);
  });

  test('one user neither dismisses nor answers into the messages of another', async () => {
    await world.addUser('bob');
    const ofBob = await service.sendToUser('bob', 'for bob');
    await send({ id: ofBob, type: dismiss, body: '', dismissed: true });
    await send({ replyTo: ofBob, body: 'hello bob' });
    expect(service.conversationWith('bob')).toMatchObject([{ body: 'for bob', dismissed: false }]);
    expect(await retrieve()).toEqual([]);
  });

  test('a mailbox that is full says so', async () => {
    const table = new MessageTable(world.db);
    world.db.transaction(() => {
      for (let i = 0; i < MAX_MESSAGES_OF_USER; i++) {
        table.add('alice', { type: fromUser, sent: 1, received: 1, body: `${i}`, replyTo: undefined });
      }
    });
    await expect(send({})).rejects.toMatchObject({ code: 'limit' });
  });

  test('the operator sees what came in since a time', async () => {
    await send({ body: 'early' });
    world.clock.time += 5000;
    await send({ body: 'late', sent: START - 1000 });
    await service.sendToUser('alice', 'not from a user');
    expect(service.newMessages(START).map(({ message, username }) => `${username}: ${message.body}`)).toEqual([
      'alice: early',
      'alice: late',
    ]);
    expect(service.newMessages(START + 1).map(({ message }) => message.body)).toEqual(['late']);
  });
});

test('an answer to an answer stays in its conversation, and one to nothing begins a new one', () => {
  const facts = (id: number, type: number, replyTo?: number, isDismissed = false) => ({ id, type, sent: 100 - id, isDismissed, replyTo });
  const ids = (...messages: readonly ReturnType<typeof facts>[]): number[] => displayableMessages(messages).map(({ id }) => id);
  expect(ids(facts(1, fromServer), facts(2, fromUser, 1), facts(3, fromServer, 2))).toEqual([3, 2, 1]);
  expect(ids(facts(1, fromServer), facts(2, fromServer, 1, true))).toEqual([]);
  expect(ids(facts(1, fromServer, undefined, true), facts(2, fromServer, 1))).toEqual([2, 1]);
  expect(ids(facts(5, fromServer, 4), facts(6, fromUser, 4))).toEqual([5]);
});
