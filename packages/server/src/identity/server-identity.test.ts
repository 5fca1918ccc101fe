import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeLibp2pPrivateKey, IpnsEntry, peerIdOf, publicKeyOfPeerId, ResolutionRecord } from '@pyrgos/core/api';
import { Cid, CidCodec, Multihash, parseCid } from '@pyrgos/core/codec';
import { type CryptoProvider, loadCrypto } from '@pyrgos/core/crypto';
import { SigningKeyPair } from '@pyrgos/core/keys';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { migrate } from '../sql/migrate.js';
import { openDatabase } from '../sql/open-database.js';
import type { SqlDatabase } from '../sql/sql-database.js';
import { identitySchema } from './schema.js';
import { ServerIdTable } from './server-id-table.js';
import { ServerIdentity, type ServerIdentityOptions, ZERO_SERVER_ID } from './server-identity.js';

const DAY = 86_400_000;

let crypto: CryptoProvider;
let folder: string;
let db: SqlDatabase;
let now: number;
let options: ServerIdentityOptions;

beforeEach(async () => {
  crypto = await loadCrypto();
  folder = await mkdtemp(join(tmpdir(), 'pyrgos-identity-'));
  now = 1_700_000_000_000;
  await open();
});

afterEach(async () => {
  await db.close();
  await rm(folder, { recursive: true });
});

async function open(): Promise<void> {
  db = await openDatabase({ path: join(folder, 'pyrgos.sqlite') });
  migrate(db, [identitySchema]);
  options = { db, crypto, clock: { now: () => now } };
}

async function recordOf(identity: ServerIdentity, id: Cid): Promise<ResolutionRecord> {
  const { signature, data } = await identity.get(id);
  return IpnsEntry.of(signature, data).verify(crypto, id, now);
}

/** An id that is the hash of something, like those of the file block store of the reference. */
function hashId(byte: number): Cid {
  return Cid.v1(CidCodec.libp2pKey, Multihash.sha256(new Uint8Array(32).fill(byte)));
}

describe('server identity (chapter 08 section 9)', () => {
  test('the first start makes a key, the later ones keep it', async () => {
    const identity = await ServerIdentity.open(options);
    const { current } = identity;
    expect(current.codec).toBe(CidCodec.libp2pKey);
    expect(publicKeyOfPeerId(current)).toBeDefined();
    expect(identity.all).toEqual([current]);
    expect(await recordOf(identity, current)).toMatchObject({ sequence: 1, moved: false });
    await db.close();
    await open();
    const again = await ServerIdentity.open(options);
    expect(again.current.equals(current)).toBe(true);
    expect(await recordOf(again, current)).toMatchObject({ sequence: 1 });
  });

  test('ids are compared by their multihash; the zero id is everybody’s', async () => {
    const identity = await ServerIdentity.open(options);
    expect(identity.isOurs(identity.current)).toBe(true);
    expect(identity.isOurs(Cid.v1(CidCodec.raw, identity.current.multihash))).toBe(true);
    expect(identity.isOurs(hashId(1))).toBe(false);
    expect(ZERO_SERVER_ID.toString()).toBe('zdvgq1QytJnbSZiAGiduxkd7hnhdnpHqBSfYGiCyG1YQjLEij');
    expect(identity.isOurs(parseCid(ZERO_SERVER_ID.toString()))).toBe(true);
    expect((await recordOf(identity, Cid.v1(CidCodec.raw, identity.current.multihash))).sequence).toBe(1);
  });

  test('a record that expires within six months is signed anew, at the start and when asked for', async () => {
    const identity = await ServerIdentity.open(options);
    const { current } = identity;
    now += 180 * DAY;
    expect((await recordOf(identity, current)).sequence).toBe(1);
    now += 10 * DAY;
    expect((await recordOf(identity, current)).sequence).toBe(2);
    expect((await recordOf(identity, current)).sequence).toBe(2);
    now += 200 * DAY;
    expect((await recordOf(await ServerIdentity.open(options), current)).sequence).toBe(3);
    now += 200 * DAY;
    await identity.renewRecords();
    expect((await recordOf(identity, current)).sequence).toBe(4);
  });

  test('what a record says survives a new signature', async () => {
    const pair = SigningKeyPair.generate(crypto);
    const peerId = peerIdOf(pair.publicKey);
    const record = ResolutionRecord.of({ sequence: 7, host: hashId(4).multihash, moved: true });
    const entry = IpnsEntry.sign(crypto, pair.secretKey, record, now - 300 * DAY);
    await ServerIdentity.importIds(options, [peerId], [{ peerId, privateKey: encodeLibp2pPrivateKey(pair), record: entry.encode() }]);
    const identity = await ServerIdentity.open(options);
    const renewed = await recordOf(identity, peerId);
    expect(renewed.sequence).toBe(8);
    expect(renewed.mayFollow(record)).toBe(true);
  });

  test('the ids of an imported server are kept exactly, with keys, without, and with ids that it does not list', async () => {
    const pair = SigningKeyPair.generate(crypto);
    const [listed, unlisted] = [peerIdOf(pair.publicKey), SigningKeyPair.generate(crypto)];
    const hidden = peerIdOf(unlisted.publicKey);
    const expired = IpnsEntry.sign(crypto, unlisted.secretKey, ResolutionRecord.of({ sequence: 3 }), now - 500 * DAY);
    const ids = [hashId(1), listed, hashId(2)];
    await ServerIdentity.importIds(options, ids, [
      { peerId: hidden, record: expired.encode() },
      { peerId: listed, privateKey: encodeLibp2pPrivateKey(pair) },
    ]);
    const identity = await ServerIdentity.open(options);
    expect(identity.all.map(String)).toEqual(ids.map(String));
    expect(identity.current.toString()).toBe(ids[2]!.toString());
    for (const id of [...ids, hidden]) expect(identity.isOurs(id)).toBe(true);
    // Without its key an old record can only be passed on.
    const { signature, data } = await identity.get(hidden);
    expect(IpnsEntry.of(signature, data).equals(expired)).toBe(true);
    expect((await recordOf(identity, listed)).sequence).toBe(1);
    for (const id of [hashId(1), hashId(2), hashId(9)]) await expect(identity.get(id)).rejects.toMatchObject({ code: 'not-found.key' });
    expect(new ServerIdTable(db).all().map(({ isListed }) => isListed)).toEqual([false, true, true, true]);
  });

  test('keys and records that do not belong to their ids are refused, and nothing is changed', async () => {
    const identity = await ServerIdentity.open(options);
    const [mine, other] = [SigningKeyPair.generate(crypto), SigningKeyPair.generate(crypto)];
    const peerId = peerIdOf(mine.publicKey);
    const foreign = IpnsEntry.sign(crypto, other.secretKey, ResolutionRecord.of({ sequence: 1 }), now).encode();
    const wrong = [
      ServerIdentity.importIds(options, [peerId], [{ peerId, privateKey: encodeLibp2pPrivateKey(other) }]),
      ServerIdentity.importIds(options, [peerId], [{ peerId, record: foreign }]),
      ServerIdentity.importIds(options, [peerId], [{ peerId, record: new Uint8Array(10) }]),
      ServerIdentity.importIds(options, [peerId], [{ peerId, privateKey: new Uint8Array(36) }]),
      ServerIdentity.importIds(options, [], []),
      ServerIdentity.importIds(options, [peerId, peerId], []),
      ServerIdentity.importIds(
        options,
        Array.from({ length: 65 }, (_, i) => hashId(i)),
        [],
      ),
    ];
    for (const result of wrong)
      await expect(result).rejects.toMatchObject({ code: expect.stringMatching(/^(argument|format|crypto)/) as string });
    expect((await ServerIdentity.open(options)).current.equals(identity.current)).toBe(true);
  });

  test('a database without a listed id is told as such', async () => {
    new ServerIdTable(db).add({ peerId: hashId(1), privateKey: undefined, record: undefined, isListed: false });
    await expect(ServerIdentity.open(options)).rejects.toMatchObject({ code: 'storage' });
  });
});
