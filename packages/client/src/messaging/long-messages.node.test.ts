import { afterAll, beforeAll, expect, test } from 'vitest';
import { joinNewest, textsOf } from '../../test/chat-world.js';
import { People } from '../../test/people-world.js';
import { ServerWorld } from '../../test/server-world.js';

const QUOTA = 80_000_000;
const LONG = 4_900_000;

let world: ServerWorld;
let people: People;
beforeAll(async () => {
  world = await ServerWorld.start({ flags: { 'default-quota': String(QUOTA) } });
  people = new People(world);
});
afterAll(async () => world.close());

/** Texts, the long ones by their first letter. */
function short(texts: readonly string[]): readonly string[] {
  return texts.map((text) => (text.length === LONG ? `${text.slice(0, 1)}…` : text));
}

function long(letter: string): { readonly text: string } {
  return { text: letter.repeat(LONG) };
}

test('whoever writes very much keeps neither others from being heard nor anybody from writing', async () => {
  const [a, b, m] = await people.friends('ada', 'bob', 'mal');
  const chatM = await m.chats.create({ invite: [a.username, b.username] });
  const chatA = await joinNewest(a, m);
  const chatB = await joinNewest(b, m);
  for (const chat of [chatM, chatA, chatB]) await chat.refresh();
  for (const letter of ['1', '2', '3', '4', '5']) await chatM.send(long(letter));
  await chatM.send({ text: 'short' });
  const late = { problems: [{ username: m.username, error: { code: 'rate', data: { reason: 'member' } } }] };
  expect(await chatA.refresh()).toMatchObject({ added: 3, more: false, ...late });
  expect(short(await textsOf(chatA))).toEqual(['1…', '2…', '3…']);
  // It is told each time, and nothing is read for it.
  expect(await chatA.refresh()).toMatchObject({ added: 0, more: false, ...late });
  // Bob has taken all of it, and what he writes comes after it.
  expect(await chatB.refresh()).toMatchObject(late);
  const bobs = await (await people.again(b)).chats.open(chatB.id);
  await bobs.refresh();
  expect(await textsOf(bobs)).toHaveLength(6);
  await bobs.send({ text: 'of bob' });
  expect(await chatA.refresh()).toMatchObject({ added: 1, ...late });
  await bobs.send({ text: 'more of bob' });
  expect(await chatA.refresh()).toMatchObject({ added: 1, ...late });
  await chatA.send({ text: 'of ada' });
  await a.files.write(`/${a.username}/photo.jpg`, new Uint8Array(12_000_000).fill(7));
  expect(short(await textsOf(chatA))).toEqual(['1…', '2…', '3…', 'of bob', 'more of bob', 'of ada']);
  // Nothing is lost: another day, or another session, takes the rest.
  const again = await (await people.again(a)).chats.open(chatA.id);
  expect(await again.refresh()).toMatchObject({ added: 3, problems: [] });
  expect(short(await textsOf(again))).toEqual(['1…', '2…', '3…', 'of bob', 'more of bob', 'of ada', '4…', '5…', 'short']);
}, 120_000);

test('what is long waits for room, what is short comes into an account that is nearly full', async () => {
  const [a, m] = await people.friends('eve', 'mal');
  const chatM = await m.chats.create({ invite: [a.username] });
  const chatA = await joinNewest(a, m);
  await a.files.write(`/${a.username}/film.mp4`, new Uint8Array(70_000_000).fill(7));
  await chatM.send({ text: 'short' });
  await chatM.send(long('1'));
  await chatM.send({ text: 'behind' });
  const full = { problems: [{ username: m.username, error: { code: 'quota', data: { reason: 'reserve', quota: QUOTA } } }] };
  await chatA.refresh();
  expect(await chatA.refresh()).toMatchObject({ added: 0, ...full });
  expect(await textsOf(chatA)).toEqual(['short']);
  await chatA.send({ text: 'of eve' });
  await a.files.remove(`/${a.username}/film.mp4`);
  const again = await (await people.again(a)).chats.open(chatA.id);
  expect(await again.refresh()).toMatchObject({ added: 2, problems: [] });
  expect(short(await textsOf(again))).toEqual(['short', 'of eve', '1…', 'behind']);
}, 120_000);
