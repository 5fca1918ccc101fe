import { BlindFollowRequest } from '@pyrgos/core/accounts';
import { cborMap } from '@pyrgos/core/codec';
import { PaddedAsymmetricCipherText, PaddingBlock } from '@pyrgos/core/containers';
import { BoxingKeyPair, SymmetricKey } from '@pyrgos/core/keys';
import { AbsoluteCapability, EntryPoint } from '@pyrgos/core/model';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { changedNetwork, overriding } from '../../test/changed-network.js';
import { befriend, People, seen } from '../../test/people-world.js';
import { ServerWorld } from '../../test/server-world.js';
import type { Network } from '../network/index.js';
import type { UserSession } from '../user-session.js';

// A server that gives the name of a friend to somebody else: no honest one does, for names are never given twice. The newcomer comes from another server, where he could have the name.

const password = 'nine copper kettles in the rain';
let world: ServerWorld;
let elsewhere: ServerWorld;
let people: People;
let users = 0;
let ada: UserSession;
let bob: UserSession;
let newcomer: UserSession;

beforeAll(async () => {
  [world, elsewhere] = [await ServerWorld.start(), await ServerWorld.start()];
  people = new People(world);
});
afterAll(async () => Promise.all([world.close(), elsewhere.close()]));
beforeEach(async () => {
  users += 1;
  [ada, bob, newcomer] = await Promise.all([
    people.join(`ada${users}`),
    people.join(`bob${users}`),
    new People(elsewhere).join(`bob${users}`),
  ]);
  await befriend(ada, bob);
  await ada.files.write(`/${ada.username}/a.txt`, 'for bob');
  await ada.shares.share(`/${ada.username}/a.txt`, [{ user: bob.username }]);
  await bob.files.write(`/${bob.username}/b.txt`, 'by bob');
  await bob.shares.share(`/${bob.username}/b.txt`, [{ user: ada.username }]);
});

/** The server, after it has given the name of bob to the newcomer. */
function lying(): Network {
  const honest = world.network();
  const other = elsewhere.network();
  const isNewcomer = (identity: unknown): boolean =>
    newcomer.account.identity.publicKeyHash.equals(identity as typeof newcomer.account.identity.publicKeyHash);
  return changedNetwork(honest, {
    core: overriding(honest.core, {
      getChain: async (username, signal) => (username === bob.username ? other : honest).core.getChain(username, signal),
      getUsername: async (identity, signal) => (isNewcomer(identity) ? other : honest).core.getUsername(identity, signal),
    }),
    pointers: overriding(honest.pointers, {
      getPointer: async (owner, writer, options) => (isNewcomer(owner) ? other : honest).pointers.getPointer(owner, writer, options),
    }),
  });
}

/** A follow request of the newcomer under the name. */
async function asksInHisName(): Promise<void> {
  const { crypto } = world;
  const { home } = newcomer.account;
  const key = SymmetricKey.generate(crypto);
  const entry = EntryPoint.of(
    AbsoluteCapability.of({ owner: home.owner, writer: home.writer, mapKey: crypto.randomBytes(32), rBaseKey: key }),
    bob.username,
  );
  const content = cborMap([
    ['e', entry.toCbor()],
    ['k', key.toCbor()],
  ]);
  const { boxing, identity } = ada.account;
  const { publicKey, secretKey } = BoxingKeyPair.generateFor(crypto, boxing.publicKey);
  const text = PaddedAsymmetricCipherText.seal(crypto, boxing.publicKey, secretKey, content, PaddingBlock.followRequest);
  expect(await world.network().social.sendFollowRequest(identity.publicKeyHash, BlindFollowRequest.of(text, publicKey))).toBe(true);
}

test('the newcomer is not taken for the friend, gets nothing, and cannot ask in his name', async () => {
  await asksInHisName();
  const later = await people.again(ada, lying());
  expect(await seen(later)).toMatchObject({ followers: [bob.username], following: [bob.username], friends: [bob.username] });
  expect(await later.friends.requests()).toEqual([]);
  expect(await later.friends.accept(bob.username)).toBe(false);
  // What the friend gives is his: it comes from the identity that is pinned.
  expect(await later.files.readText(`/${bob.username}/b.txt`)).toBe('by bob');
  // Asked whether that is still him, the answer is no; comparing shows the keys that are pinned, or says so.
  await expect(later.friends.follow(bob.username)).rejects.toMatchObject({
    code: expect.stringMatching(/^(?:conflict\.exists|denied\.chain)$/) as unknown,
  });
  const number = await later.identities.safetyNumber(bob.username);
  expect(number).toEqual(await ada.identities.safetyNumber(bob.username));
});

test('not after the account of the friend is gone either', async () => {
  await bob.deleteAccount({ password });
  await asksInHisName();
  const later = await people.again(ada, lying());
  const state = await later.friends.state();
  expect(state.incoming).toEqual([]);
  expect(state.followers).toEqual([bob.username]);
  expect(state.following).toEqual([]);
  expect(state.changed).toEqual([bob.username]);
  expect(await later.friends.accept(bob.username)).toBe(false);
  await expect(later.files.readText(`/${bob.username}/b.txt`)).rejects.toMatchObject({
    code: expect.stringMatching(/^(?:not-found|denied)\./) as unknown,
  });
  await expect(later.friends.follow(bob.username)).rejects.toMatchObject({
    code: expect.stringMatching(/^(?:denied\.chain|not-found\.user)$/) as unknown,
  });
  // What is shared with the name goes into a directory that only the old keys open; and it can be ended.
  await later.files.write(`/${ada.username}/c.txt`, 'later');
  await later.shares.share(`/${ada.username}/c.txt`, [{ user: bob.username }]);
  expect(await later.friends.removeFollower(bob.username)).toBe(true);
  expect(await seen(later)).toEqual({});
  await expect(later.shares.share(`/${ada.username}/c.txt`, [{ user: bob.username }])).rejects.toMatchObject({
    code: 'not-found.recipient',
  });
});

test('a replayed request and a replayed answer change nothing', async () => {
  const eve = await people.join(`eve${users}`);
  const posted: BlindFollowRequest[] = [];
  const honest = world.network();
  const recording = changedNetwork(honest, {
    social: overriding(honest.social, {
      sendFollowRequest: async (owner, request, signal) => {
        posted.push(request);
        return honest.social.sendFollowRequest(owner, request, signal);
      },
    }),
  });
  const asking = await people.again(eve, recording);
  const answering = await people.again(ada, recording);
  await asking.friends.follow(ada.username);
  expect(await answering.friends.accept(eve.username)).toBe(true);
  await asking.friends.state();
  const before = [await seen(ada), await seen(eve)];
  expect(posted.length).toBe(2);
  const [request, answer] = posted;
  if (request === undefined || answer === undefined) throw new Error('nothing was posted');
  const replay = async (to: UserSession, message: BlindFollowRequest): Promise<void> => {
    for (let i = 0; i < 3; i++) expect(await honest.social.sendFollowRequest(to.account.identity.publicKeyHash, message)).toBe(true);
  };
  await replay(ada, request);
  await replay(eve, answer);
  // To whom it was not meant nobody can open it.
  await replay(bob, request);
  expect([await seen(await people.again(ada)), await seen(await people.again(eve))]).toEqual(before);
  // Ended by either side it stays ended, whatever is replayed.
  await ada.friends.removeFollower(eve.username);
  await replay(eve, answer);
  expect((await seen(await people.again(eve))).following ?? []).toEqual([]);
  expect((await seen(await people.again(ada))).followers).toEqual([bob.username]);
});
