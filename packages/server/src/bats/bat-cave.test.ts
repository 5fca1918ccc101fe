import { UserPublicKeyLink } from '@pyrgos/core/accounts';
import { Cid, CidCodec } from '@pyrgos/core/codec';
import { Bat, BatId, BatWithId, PublicKeyHash, SignedRequest, SigningKeyPair } from '@pyrgos/core/keys';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type BlockFixture, blockFixture, crypto } from '../../test/block-fixture.js';
import { MAX_MIRROR_BATS } from '../limits.js';
import { BatCave } from './bat-cave.js';
import { BatTable } from './bat-table.js';

const home = Cid.ofSha256(new Uint8Array(32).fill(1), CidCodec.libp2pKey);
const elsewhere = Cid.ofSha256(new Uint8Array(32).fill(2), CidCodec.libp2pKey);
const ADD = 'peergos/v0/bats/addBat';
const LIST = 'peergos/v0/bats/getUserBats';
const bat = (byte: number): Bat => Bat.of(new Uint8Array(32).fill(byte));
const idOf = (byte: number): Cid => bat(byte).mirrorId(crypto).cid;

interface User {
  readonly keys: SigningKeyPair;
  readonly identity: PublicKeyHash;
  readonly chain: readonly UserPublicKeyLink[];
}

let fixture: BlockFixture;
let table: BatTable;
let cave: BatCave;
let users: Map<string, User>;

const userAt = (username: string, provider: Cid): User => {
  const keys = SigningKeyPair.generate(crypto);
  const link = UserPublicKeyLink.createInitial(crypto, keys.signer, username, '2030-01-01', [provider]);
  return { keys, identity: keys.publicKey.hash, chain: [link] };
};

beforeEach(async () => {
  fixture = await blockFixture();
  table = new BatTable(fixture.db);
  users = new Map([
    ['alice', userAt('alice', home)],
    ['bob', userAt('bob', home)],
    ['far', userAt('far', elsewhere)],
  ]);
  cave = new BatCave({
    crypto,
    db: fixture.db,
    bats: table,
    directory: { identityOf: async (name) => users.get(name)?.identity, chainOf: async (name) => users.get(name)?.chain ?? [] },
    local: fixture.local,
    ids: { isOurs: (provider) => provider.equals(home) },
    clock: fixture.clock,
  });
});
afterEach(() => fixture.remove());

const auth = (path: string, by = 'alice', seconds = 0): Uint8Array =>
  SignedRequest.of(path, fixture.clock.time + seconds * 1000).sign(crypto, users.get(by)!.keys.secretKey);
const list = async (username = 'alice', signed = auth(LIST, username)): Promise<string[]> =>
  (await cave.list(username, signed)).map((entry) => entry.format());
const texts = (...bytes: readonly number[]): string[] => bytes.map((byte) => bat(byte).withMirrorId(crypto).format());

test('what was added is listed, oldest first, once', async () => {
  expect(await list()).toEqual([]);
  for (const byte of [3, 1, 2, 1]) await cave.add('alice', idOf(byte), bat(byte), auth(ADD));
  await cave.add('bob', idOf(1), bat(1), auth(ADD, 'bob'));
  expect(await list()).toEqual(texts(3, 1, 2));
  expect(await list('bob')).toEqual(texts(1));
  expect(table.current('alice')?.format()).toBe(texts(2)[0]);
  expect(table.secretOf(bat(3).mirrorId(crypto))?.equals(bat(3))).toBe(true);
  expect(table.secretOf(bat(9).mirrorId(crypto))).toBeUndefined();
});

describe('authorisation', () => {
  test.each([
    ['another path', () => auth(LIST), 'denied.proof', 'Illegal path for signed request: peergos/v0/bats/getUserBats'],
    ['too old', () => auth(ADD, 'alice', -301), 'denied.stale', 'Stale auth time, is your clock accurate?'],
    ['too new', () => auth(ADD, 'alice', 301), 'denied.stale', 'Stale auth time, is your clock accurate?'],
    ['by another user', () => auth(ADD, 'bob'), 'crypto.signature', undefined],
    ['damaged', () => auth(ADD).map((byte, i) => (i === 5 ? byte ^ 1 : byte)), 'crypto.signature', undefined],
    ['nothing', () => new Uint8Array(0), 'crypto.signature', undefined],
  ])('%s', async (_name, make, code, text) => {
    const expected = text === undefined ? { code } : { code, message: text };
    await expect(cave.add('alice', idOf(1), bat(1), make())).rejects.toMatchObject(expected);
    expect(table.list('alice')).toEqual([]);
  });

  test('at the edge of the window', async () => {
    await cave.add('alice', idOf(1), bat(1), auth(ADD, 'alice', -300));
    expect(await list('alice', auth(LIST, 'alice', 300))).toEqual(texts(1));
    await expect(list('alice', auth(ADD))).rejects.toMatchObject({ code: 'denied.proof' });
    await expect(list('alice', auth(LIST, 'bob'))).rejects.toMatchObject({ code: 'crypto.signature' });
  });

  test('an unknown user', async () => {
    await expect(cave.list('nobody', auth(LIST))).rejects.toMatchObject({ code: 'not-found.user' });
    await expect(cave.add('nobody', idOf(1), bat(1), auth(ADD))).rejects.toMatchObject({ code: 'not-found.user' });
  });

  test('an identity key that is a block of its own (legacy)', async () => {
    const keys = SigningKeyPair.generate(crypto);
    const block = keys.publicKey.encode();
    const identity = PublicKeyHash.fromCid(Cid.ofSha256(crypto.sha256(block), CidCodec.dagCbor));
    users.set('old', { keys, identity, chain: userAt('old', home).chain });
    await expect(cave.list('old', auth(LIST, 'old'))).rejects.toMatchObject({ code: 'not-found.key' });
    await fixture.local.put('old', [{ cid: identity.cid, bytes: block }], 't');
    expect(await list('old')).toEqual([]);
  });
});

test('the id may be the other hash of the BAT, under which the Rust client registers it', async () => {
  const id = bat(1).calculatedId(crypto).cid;
  await cave.add('alice', id, bat(1), auth(ADD));
  expect(table.list('alice').map((added) => added.id.cid.toString())).toEqual([id.toString()]);
});

test('the id must be a hash of the BAT', async () => {
  const wrong = [idOf(2), bat(2).calculatedId(crypto).cid, bat(1).inlineId().cid, Cid.v1(CidCodec.dagCbor, idOf(1).multihash)];
  for (const id of wrong) await expect(cave.add('alice', id, bat(1), auth(ADD))).rejects.toMatchObject({ code: 'format.bat' });
  expect(table.list('alice')).toEqual([]);
});

test('users of other servers keep their BATs there', async () => {
  await expect(cave.add('far', idOf(1), bat(1), auth(ADD, 'far'))).rejects.toMatchObject({ code: 'denied.auth' });
  users.set('none', { ...userAt('none', home), chain: [] });
  await expect(cave.add('none', idOf(1), bat(1), auth(ADD, 'none'))).rejects.toMatchObject({ code: 'denied.auth' });
});

test('there is an end to the BATs of one user', async () => {
  for (let i = 0; i < MAX_MIRROR_BATS; i++) table.add('alice', bat(i).withMirrorId(crypto));
  await cave.add('alice', idOf(5), bat(5), auth(ADD));
  const more = Bat.of(new Uint8Array(32).fill(7).with(0, 8));
  await expect(cave.add('alice', more.mirrorId(crypto).cid, more, auth(ADD))).rejects.toMatchObject({ code: 'limit' });
  expect((await list()).length).toBe(MAX_MIRROR_BATS);
});

test('an id of the other kind, as one client makes it, is kept as it is', async () => {
  const entry = BatWithId.of(bat(1), BatId.fromCid(bat(1).calculatedId(crypto).cid));
  await cave.add('alice', entry.id.cid, entry.bat, auth(ADD));
  expect(table.current('alice')?.equals(entry)).toBe(true);
});
