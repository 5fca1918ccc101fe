import { MessageEnvelope, SignedMessage } from '@pyrgos/core/chat';
import { signDetached } from '@pyrgos/core/keys';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { joinNewest, ownChat } from '../../test/chat-world.js';
import { befriend, People } from '../../test/people-world.js';
import { ServerWorld } from '../../test/server-world.js';
import { ChatFile } from './chat-files.js';

let world: ServerWorld;
let people: People;
beforeAll(async () => {
  world = await ServerWorld.start();
  people = new People(world);
});
afterAll(async () => world.close());

test('a message from the future keeps no chat above those in which somebody writes later, on no device', async () => {
  const [a, m] = [await people.join('ada'), await people.join('mal')];
  await befriend(a, m);
  const odd = await a.chats.create({ title: 'odd', invite: [m.username] });
  const even = await a.chats.create({ title: 'even' });
  const chatM = await joinNewest(m, a);
  await odd.refresh();
  await chatM.refresh();
  const { state, privateState } = await ownChat(m, chatM.id);
  const envelope = MessageEnvelope.of({
    author: state.host,
    payload: { kind: 'application', body: ['from the end of time'] },
    previous: [],
    timestamp: state.clock.increment(state.host),
    time: 8_640_000_000_000_000,
  });
  const message = SignedMessage.of(signDetached(world.crypto, privateState.chatKeys.secretKey, envelope.encode()), envelope);
  await m.files.append(`/${m.username}/.messaging/${chatM.id}/shared/${ChatFile.log}`, message.encode());
  const titles = async (session: typeof a): Promise<readonly string[]> => (await session.chats.list()).chats.map(({ title }) => title);
  expect(await odd.refresh()).toMatchObject({ added: 1, problems: [] });
  expect(await titles(a)).toEqual(['odd', 'even']);
  await even.send({ text: 'newer' });
  expect(await titles(a)).toEqual(['even', 'odd']);
  const again = await people.again(a);
  expect(await titles(again)).toEqual(['even', 'odd']);
  const { last, updated } = await odd.summary();
  expect(last?.text).toBe('from the end of time');
  expect(updated?.getTime()).toBeLessThanOrEqual(Date.now());
});
