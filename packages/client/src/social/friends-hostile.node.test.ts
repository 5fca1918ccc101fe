import type { BlindFollowRequest } from '@pyrgos/core/accounts';
import { type CborValue, cborMap } from '@pyrgos/core/codec';
import { NetworkError, PyrgosError } from '@pyrgos/core/errors';
import type { SymmetricKey } from '@pyrgos/core/keys';
import { EntryPoint } from '@pyrgos/core/model';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { changedNetwork, overriding } from '../../test/changed-network.js';
import { itemAt } from '../../test/item-at.js';
import { nullEntry, PostedRequests } from '../../test/posted-requests.js';
import { ServerWorld } from '../../test/server-world.js';
import { befriend, People, seen } from '../../test/people-world.js';
import type { UserSession } from '../user-session.js';

let world: ServerWorld;
let people: People;
let posts: PostedRequests;
let count = 0;
let ada: UserSession;
let bob: UserSession;
let mallory: UserSession;

beforeAll(async () => {
  world = await ServerWorld.start();
  people = new People(world);
  posts = new PostedRequests(world);
});
afterAll(async () => world.close());
beforeEach(async () => {
  const n = count++;
  [ada, bob, mallory] = await Promise.all([people.join(`ada${n}`), people.join(`bob${n}`), people.join(`mallory${n}`)]);
});

const key = (): SymmetricKey => posts.key();
const entry = (of: UserSession, name: string, isWritable = false): EntryPoint => posts.entry(of, name, isWritable);
const request = (point: EntryPoint): CborValue => posts.request(point);
const sealed = (content: CborValue, to: UserSession): BlindFollowRequest => posts.sealed(content, to);
const post = async (blind: BlindFollowRequest, to: UserSession): Promise<boolean> => posts.post(blind, to);
const inbox = async (of: UserSession): Promise<readonly BlindFollowRequest[]> => posts.inbox(of);
const both = (name: string): object => ({ followers: [name], following: [name], friends: [name] });

describe('an inbox that anybody can write to', () => {
  test('shows what is genuine, and is rid of what never will be', async () => {
    const forged = [
      cborMap([['k', key().toCbor()]]),
      'no request at all',
      request(entry(mallory, '.dot')),
      request(entry(mallory, 'no/name')),
      request(entry(ada, ada.username)),
      request(entry(mallory, mallory.username, true)),
      // Somebody else's name: the writing space is not theirs.
      request(entry(mallory, bob.username)),
      // Refusals of what was never asked.
      cborMap([['e', nullEntry(bob.username).toCbor()]]),
    ];
    for (const content of forged) expect(await post(sealed(content, ada), ada)).toBe(true);
    await bob.friends.follow(ada.username);
    // For somebody else, and of a user whom nobody here knows (yet): they stay, and nobody sees them.
    const staying = [sealed(request(entry(mallory, mallory.username)), bob), sealed(request(entry(mallory, `nobody${count}`)), ada)];
    for (const blind of staying) await post(blind, ada);
    for (const content of forged) await post(sealed(content, ada), ada);
    expect(await ada.friends.requests()).toEqual([{ username: bob.username, isChecked: true }]);
    // What is forged and older than a genuine request goes with it when it is answered.
    expect(await inbox(ada)).toHaveLength(2 + staying.length);
    expect(await ada.friends.accept(bob.username)).toBe(true);
    expect((await inbox(ada)).map((blind) => staying.findIndex((one) => one.equals(blind)))).toEqual([0, 1]);
    expect(await seen(ada)).toEqual(both(bob.username));
    expect(await seen(bob)).toEqual(both(ada.username));
  });

  test('a place in any writing space of the sender is genuine, also one inside another', async () => {
    const [outer, inner] = [`/${bob.username}/outer`, `/${bob.username}/outer/inner`];
    await bob.files.makeDirectory(inner, { parents: true });
    for (const path of [outer, inner]) await bob.shares.share(path, [], { access: 'write' });
    const { capability } = await itemAt(bob, inner);
    expect(capability.writer.equals((await itemAt(bob, outer)).capability.writer)).toBe(false);
    await post(sealed(request(EntryPoint.of(capability.toReadOnly(), bob.username)), ada), ada);
    await post(sealed(request(EntryPoint.of(capability.toReadOnly(), mallory.username)), ada), ada);
    expect(await ada.friends.requests()).toEqual([{ username: bob.username, isChecked: true }]);
    expect(await inbox(ada)).toHaveLength(1);
  });

  test('a forged answer does not count, and the true one does', async () => {
    await ada.friends.follow(bob.username);
    await post(sealed(request(entry(mallory, bob.username)), ada), ada);
    expect(await seen(ada)).toEqual({ outgoing: [bob.username] });
    expect(await inbox(ada)).toEqual([]);
    await bob.friends.accept(ada.username);
    await post(sealed(request(entry(mallory, bob.username)), ada), ada);
    // In the name of bob, with a place that is his and does not exist: the answer has the key that was sent with the question.
    await post(sealed(request(entry(bob, bob.username)), ada), ada);
    expect(await seen(ada)).toEqual(both(bob.username));
    expect(await seen(bob)).toEqual(both(ada.username));
  });

  test('a request that comes once more changes nothing', async () => {
    await ada.friends.follow(bob.username);
    const [first] = await inbox(bob);
    await bob.friends.accept(ada.username);
    expect(await seen(ada)).toEqual(both(bob.username));
    for (const _ of [1, 2]) {
      await post(first!, bob);
      expect(await bob.friends.requests()).toEqual([]);
      expect(await inbox(bob)).toEqual([]);
      expect(await seen(ada)).toEqual(both(bob.username));
      expect(await inbox(ada)).toEqual([]);
    }
    expect(await seen(bob)).toEqual(both(ada.username));
  });

  test('several requests of one user are one', async () => {
    for (const _ of [1, 2, 3]) await ada.friends.follow(bob.username);
    expect(await inbox(bob)).toHaveLength(3);
    expect(await bob.friends.requests()).toHaveLength(1);
    await bob.friends.accept(ada.username);
    expect(await inbox(bob)).toEqual([]);
    expect(await bob.friends.accept(ada.username)).toBe(false);
    expect(await seen(ada)).toEqual(both(bob.username));
    expect(await inbox(ada)).toEqual([]);
  });

  test('a sender who cannot be looked up now is shown, and nothing is dropped', async () => {
    await mallory.friends.follow(ada.username);
    await bob.friends.follow(ada.username);
    const network = world.network();
    let isAway = true;
    const flaky = changedNetwork(network, {
      core: overriding(network.core, {
        getChain: async (name, signal) => {
          if (isAway && name === bob.username) throw new NetworkError('away');
          return network.core.getChain(name, signal);
        },
      }),
    });
    const away = await people.again(ada, flaky);
    expect(await away.friends.requests()).toEqual([
      { username: bob.username, isChecked: false },
      { username: mallory.username, isChecked: true },
    ]);
    await expect(away.friends.accept(bob.username)).rejects.toMatchObject({ code: 'network' });
    expect(await inbox(ada)).toHaveLength(2);
    isAway = false;
    expect(await away.friends.accept(bob.username)).toBe(true);
  });

  test('one that is full of what nobody can read is emptied when its owner looks at it', async () => {
    while (await post(sealed(request(entry(mallory, mallory.username)), bob), ada));
    await expect(bob.friends.follow(ada.username)).rejects.toMatchObject({ code: 'denied.request', data: { reason: 'inbox' } });
    expect(await ada.friends.requests()).toEqual([]);
    expect(await inbox(ada)).toEqual([]);
    await bob.friends.follow(ada.username);
    expect(await ada.friends.requests()).toEqual([{ username: bob.username, isChecked: true }]);
  });

  test('but not by a session whose key is not the one with which others encrypt now', async () => {
    while (await post(sealed(request(entry(mallory, mallory.username)), bob), ada));
    const { identity, sessions } = ada.account;
    const session = sessions.of(identity.publicKeyHash);
    const theirs = bob.account.identity.publicKeyHash;
    const other = (await sessions.of(theirs).readCommitted(theirs)).get(theirs)?.writerData;
    await session.updateWriterData(identity, (data) => data.with({ inbound: other?.inbound }));
    const before = (await inbox(ada)).length;
    await ada.friends.requests();
    expect(await inbox(ada)).toHaveLength(before);
  });

  test('a full one refuses, and nothing is left of the request', async () => {
    const junk = sealed('junk', mallory);
    while (await post(junk, bob));
    const refused = await ada.friends.follow(bob.username).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(PyrgosError);
    expect(refused).toMatchObject({ code: 'denied.request', data: { reason: 'inbox', username: bob.username } });
    expect(await seen(ada)).toEqual({});
    expect(await ada.files.find(`/${ada.username}/shared/${bob.username}`)).toBeUndefined();
  });
});

describe('whom nobody can follow', () => {
  test('the account itself, who is followed already, and who does not exist', async () => {
    await expect(ada.friends.follow(ada.username)).rejects.toMatchObject({ code: 'argument', data: { field: 'username' } });
    for (const name of ['', '.group', 'a/b', '..']) await expect(ada.friends.follow(name)).rejects.toMatchObject({ code: 'argument' });
    await expect(ada.friends.follow(`nobody${count}`)).rejects.toMatchObject({ code: 'not-found.user' });
    await befriend(ada, bob);
    await expect(ada.friends.follow(bob.username)).rejects.toMatchObject({ code: 'conflict.exists' });
    await expect(ada.friends.follow(` ${bob.username.toUpperCase()} `)).rejects.toMatchObject({ code: 'conflict.exists' });
  });

  test('an account without public boxing key', async () => {
    const { identity, sessions } = mallory.account;
    await sessions.of(identity.publicKeyHash).updateWriterData(identity, (data) => data.with({ inbound: undefined }));
    await expect(ada.friends.follow(mallory.username)).rejects.toMatchObject({ code: 'not-found.key' });
    expect(await seen(ada)).toEqual({});
  });

  test('a request from an account without boxing key can be seen, not be answered, and lets nobody in', async () => {
    await mallory.friends.follow(ada.username);
    const { identity, sessions } = mallory.account;
    await sessions.of(identity.publicKeyHash).updateWriterData(identity, (data) => data.with({ inbound: undefined }));
    expect(await ada.friends.requests()).toHaveLength(1);
    await expect(ada.friends.accept(mallory.username)).rejects.toMatchObject({ code: 'not-found.key' });
    expect((await ada.friends.state()).followers).toEqual([]);
  });
});
