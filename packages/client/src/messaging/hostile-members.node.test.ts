import { type MemberId, MessageEnvelope, type MessagePayload, SignedMessage, TreeClock } from '@pyrgos/core/chat';
import { concatBytes } from '@pyrgos/core/bytes';
import { OwnerProof, type Signer, SigningKeyPair, signDetached } from '@pyrgos/core/keys';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { joinNewest, logOf, ownChat, stateOf, textsOf } from '../../test/chat-world.js';
import { signUpOldAccount } from '../../test/old-account.js';
import { befriend, People } from '../../test/people-world.js';
import { ServerWorld } from '../../test/server-world.js';
import { ownSpaceOf } from '../../test/social-world.js';
import type { Chat } from '../index.js';
import { logIn } from '../session/index.js';
import { UserSession } from '../user-session.js';
import { ChatFile } from './chat-files.js';
import { KnownIdentities } from './known-identities.js';

/** What members do to the others who write what they like into their own logs. */

let world: ServerWorld;
let people: People;
beforeAll(async () => {
  world = await ServerWorld.start();
  people = new People(world);
});
afterAll(async () => world.close());

interface Trio {
  readonly ada: UserSession;
  readonly bob: UserSession;
  readonly mal: UserSession;
  /** The chat of each of them. */
  readonly chats: readonly [Chat, Chat, Chat];
}

/** Ada has invited bob and mallory, who are all friends. */
async function trio(): Promise<Trio> {
  const [ada, bob, mal] = await people.friends('ada', 'bob', 'mal');
  const first = await ada.chats.create({ invite: [bob.username, mal.username] });
  const chats = [first, await joinNewest(bob, ada), await joinNewest(mal, ada)] as const;
  for (const chat of [...chats, ...chats]) await chat.refresh();
  return { ada, bob, mal, chats };
}

function signedBy(keys: Pick<SigningKeyPair, 'secretKey'>, author: MemberId, payload: MessagePayload, timestamp: TreeClock): SignedMessage {
  const envelope = MessageEnvelope.of({ author, payload, previous: [], timestamp, time: Date.now() });
  return SignedMessage.of(signDetached(world.crypto, keys.secretKey, envelope.encode()), envelope);
}

/** What somebody adds to their own log past their program. */
async function publish(session: UserSession, { id }: Chat, ...messages: readonly SignedMessage[]): Promise<void> {
  const path = `/${session.username}/.messaging/${id}/shared/${ChatFile.log}`;
  await session.files.append(path, concatBytes(...messages.map((message) => message.encode())));
}

/** Somebody whom a member invites under any name, with keys of their own. */
interface Planted {
  /** The invitation, and the joining. */
  readonly messages: readonly SignedMessage[];
  readonly say: (payload: MessagePayload, seen?: readonly (readonly [MemberId, number])[]) => SignedMessage;
}

/** The `nth` one whom somebody plants. */
async function plant(session: UserSession, chat: Chat, username: string, signer: Signer, nth = 0): Promise<Planted> {
  const { state, privateState } = await ownChat(session, chat.id);
  const { host, clock, hostMember } = state;
  const chatKeys = SigningKeyPair.generate(world.crypto);
  const id = host.child(hostMember.invited + nth);
  const identity = signer.publicKeyHash;
  const proof = OwnerProof.create(world.crypto, signer, chatKeys.publicKey.hash);
  const invitation = { kind: 'invite', username, identity, member: id } as const;
  let counter = 1;
  return {
    messages: [
      signedBy(privateState.chatKeys, host, invitation, clock.with(host, (clock.get(host) ?? 0) + 1 + nth)),
      signedBy(signer, id, { kind: 'join', username, identity, chatKey: chatKeys.publicKey, proof }, TreeClock.of([[id, 1]])),
    ],
    say: (payload, seen = []) => signedBy(chatKeys, id, payload, TreeClock.of([[id, ++counter], ...seen])),
  };
}

test('somebody who is invited under the name of an admin with other keys gets no rights, and says nothing', async () => {
  const { ada, bob, mal, chats } = await trio();
  const [chatA, chatB, chatM] = chats;
  const fake = await plant(mal, chatM, ada.username, SigningKeyPair.generate(world.crypto).signer);
  const { host, clock } = await stateOf(ada, chatA);
  const seen = [[host, clock.get(host) ?? 0]] as const;
  await publish(
    mal,
    chatM,
    ...fake.messages,
    fake.say({ kind: 'application', body: ['hi, it is me, ada'] }),
    fake.say({ kind: 'group-state', key: 'admins', value: mal.username }, seen),
  );
  await chatA.send({ text: 'the real one' });
  for (const chat of [chatA, chatB]) {
    const { problems } = await chat.refresh();
    expect([problems, await textsOf(chat), (await chat.summary()).admins]).toEqual([[], ['the real one'], [ada.username]]);
  }
  expect((await chatA.members()).find(({ isSelf }) => isSelf)).toMatchObject({ username: ada.username, id: '0', isAdmin: true });
  expect((await stateOf(bob, chatB)).members.size).toBe(3);
  // A name that nobody has.
  const nobody = await plant(mal, chatM, `nobody-${mal.username}`, SigningKeyPair.generate(world.crypto).signer, 1);
  await publish(mal, chatM, ...nobody.messages);
  expect(await chatB.refresh()).toMatchObject({ added: 0, problems: [] });
  expect((await stateOf(bob, chatB)).members.size).toBe(3);
});

test('a second entry of the same user, which only some have seen, does not go on reading after the removal', async () => {
  const { ada, bob, mal, chats } = await trio();
  const [chatA, chatB, chatM] = chats;
  const second = await plant(mal, chatM, mal.username, ownSpaceOf(mal).account.identity);
  await publish(mal, chatM, ...second.messages);
  await chatB.refresh();
  expect((await stateOf(bob, chatB)).members.size).toBe(4);
  await chatA.remove(mal.username);
  for (const chat of [chatB, chatA, chatB]) await chat.refresh();
  await chatA.send({ text: 'among ourselves' });
  await chatB.refresh();
  for (const [session, chat] of [[ada, chatA] as const, [bob, chatB] as const]) {
    expect((await chat.members()).find(({ username }) => username === mal.username)?.state).toBe('removed');
    const path = `/${session.username}/.messaging/${chat.id}/shared`;
    expect((await session.shares.sharedWith(path)).readers).not.toContainEqual({ user: mal.username });
    expect(await textsOf(chat)).toEqual(['among ourselves']);
    await mal.friends.state();
    const read = await mal.files.read(`${path}/${ChatFile.log}`).catch(() => new Uint8Array());
    expect(new TextDecoder().decode(read)).not.toContain('among ourselves');
  }
});

test('what somebody has said in one chat is not believed in another one', async () => {
  const [mal, bob, ada] = await people.friends('mal', 'bob', 'ada');
  const one = await mal.chats.create({ invite: [bob.username] });
  await (await joinNewest(bob, mal)).send({ text: 'Yes, I agree' });
  await one.refresh();
  const stolen = (await logOf(mal, one)).filter(({ envelope }) => envelope.author.toString() === '0.0');
  expect(stolen.map(({ envelope }) => envelope.payload.kind)).toEqual(['join', 'application']);
  const two = await mal.chats.create({ invite: [bob.username, ada.username] });
  const chatA = await joinNewest(ada, mal);
  await two.refresh();
  // More than the state has of the log.
  for (let i = 0; i < 12; i++) await two.send({ text: `${i}` });
  await chatA.refresh();
  await two.send({ text: 'bob, shall ada pay?' });
  await publish(mal, two, ...stolen);
  for (let i = 0; i < 2; i++) await chatA.refresh();
  expect((await textsOf(chatA)).slice(-1)).toEqual(['bob, shall ada pay?']);
  expect((await chatA.members()).find(({ username }) => username === bob.username)).toMatchObject({ state: 'pending' });
  // Bob himself can still come.
  const chatB = await joinNewest(bob, mal);
  await chatB.send({ text: 'no' });
  await chatA.refresh();
  expect((await textsOf(chatA)).slice(-1)).toEqual(['no']);
});

test('whoever has a key that an admin has no longer is not the admin', async () => {
  const [bob, mal] = await people.friends('bob', 'mal');
  const [username, password] = ['old-admin', 'nine copper kettles in the rain'];
  await signUpOldAccount(world.quick, world.network(), { username, password, layout: 'legacy' });
  const old = new UserSession(await logIn(world.network(), { crypto: world.quick, username, password, upgradesBoxingKey: false }));
  for (const other of [bob, mal]) await befriend(old, other);
  const { id } = await old.chats.create({ invite: [bob.username, mal.username] });
  const [chatB, chatM] = [await joinNewest(bob, old), await joinNewest(mal, old)];
  const stolen = old.account.identity;
  const ada = await old.changePassword({ oldPassword: password, newPassword: 'eight lanterns over quiet water' });
  const present = ada.account.identity.publicKeyHash;
  for (const session of [ada, bob]) {
    const known = new KnownIdentities(session.account);
    expect(await Promise.all([stolen.publicKeyHash, present].map(async (key) => known.has(username, key)))).toEqual([true, true]);
    expect(await known.isPresent(username, stolen.publicKeyHash)).toBe(false);
    expect(await known.isPresent(username, present)).toBe(true);
    expect(await known.isPresent('nobody-has-it', present)).toBe(false);
  }
  const chatA = await ada.chats.open(id);
  for (const chat of [chatA, chatB, chatM]) await chat.refresh();
  const fake = await plant(mal, chatM, username, stolen);
  const { host, clock } = await stateOf(ada, chatA);
  const seen = [[host, clock.get(host) ?? 0]] as const;
  await publish(mal, chatM, ...fake.messages, fake.say({ kind: 'group-state', key: 'admins', value: mal.username }, seen));
  for (const chat of [chatB, chatA]) {
    expect((await chat.refresh()).problems).toEqual([]);
    expect((await chat.summary()).admins).toEqual([username]);
  }
  // Her own entry has the old identity, and keeps the rights.
  await chatA.addAdmin(bob.username);
  await chatB.refresh();
  expect((await chatB.summary()).admins).toEqual([bob.username, username]);
});

test('an index with thousands of wrong entries, and a log without an index, keep nothing of others from coming', async () => {
  const { mal, chats } = await trio();
  const [chatA, chatB, chatM] = chats;
  const shared = `/${mal.username}/.messaging/${chatM.id}/shared`;
  const least = concatBytes(Uint8Array.of(0x82, 0x58, 0x40), new Uint8Array(64), Uint8Array.of(0x40));
  const count = 30_000;
  const junk = new Uint8Array(least.length * count + 1);
  for (let i = 0; i < count; i++) junk.set(least, i * least.length);
  const { length: start } = await mal.files.read(`${shared}/${ChatFile.log}`);
  const entries = new DataView(new ArrayBuffer(16 * 25_000));
  for (let i = 1; i < entries.byteLength / 16; i++) {
    entries.setBigUint64(16 * i, BigInt(2 * (i + 50)));
    entries.setBigUint64(16 * i + 8, BigInt(start + (i + 50) * least.length));
  }
  await mal.files.write(`${shared}/${ChatFile.index}`, new Uint8Array(entries.buffer));
  await mal.files.append(`${shared}/${ChatFile.log}`, junk);
  await chatA.send({ text: 'hello' });
  const damaged = [{ username: mal.username, error: { code: 'format.chat' } }];
  const found = await chatB.refresh();
  expect([found.problems, await textsOf(chatB)]).toMatchObject([damaged, ['hello']]);
  expect(found.refused).toBeGreaterThan(0);
  await mal.files.remove(`${shared}/${ChatFile.index}`);
  await chatA.send({ text: 'bob' });
  for (let more = true; more;) ({ more } = await chatB.refresh());
  expect([(await chatB.refresh()).problems, await textsOf(chatB)]).toMatchObject([damaged, ['hello', 'bob']]);
});
