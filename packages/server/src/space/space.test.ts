import { Cid, CidCodec, encodeCbor } from '@pyrgos/core/codec';
import { type PublicKeyHash, signAttached, SigningKeyPair } from '@pyrgos/core/keys';
import { PointerUpdate, WriterData } from '@pyrgos/core/model';
import { seededRandom } from '@pyrgos/testkit/random';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { BlockTable } from '../blocks/block-table.js';
import { Interruption, MIB, SpaceWorld } from '../../test/space-world.js';
import {
  FREE_BLOCKS,
  MAX_NOTED_MISSING_BLOCKS,
  MIN_ADMITTED_BLOCK_SIZE,
  OVER_QUOTA_TOLERANCE,
  PENDING_UPLOAD_LIFE_MS,
  QUOTA_BYTES_PER_BLOCK,
} from '../limits.js';

let world: SpaceWorld;

beforeEach(async () => {
  world = await SpaceWorld.create({ uploadWindowSeconds: 20 });
});
afterEach(async () => world.close());

const newKey = (): SigningKeyPair => SigningKeyPair.generate(world.crypto);
const usage = (username = 'alice') => world.space.usageOf(username)!;
const admit = async (owner: PublicKeyHash, bytes: number, writer = owner): Promise<string> => world.admission(owner, bytes, { writer });
const commitBytes = async (...call: Parameters<SpaceWorld['commitBytes']>): Promise<void> => world.commitBytes(...call);

describe('admission', () => {
  const admitted = 'admitted to alice';
  const quotaText = (used: number, quota: number, size: number): string =>
    `Storage quota reached! \nUsed ${used} out of ${quota} bytes. Rejecting write of size ${size}. \n` +
    'Please delete some files or request more space.';

  test('up to the quota, the last byte included; a refusal names all numbers', async () => {
    const owner = (await world.addUser('alice', 1000)).publicKey.hash;
    expect(await admit(owner, 400)).toBe(admitted);
    expect(await admit(owner, 600)).toBe(admitted);
    expect(usage()).toMatchObject({ totalBytes: 0, pendingBytes: 1000 });
    expect(await admit(owner, 1)).toBe(quotaText(0, 1000, 1001));
  });

  test('a refusal resets what the writer has pending and opens the tolerance', async () => {
    const alice = await world.addUser('alice', 4 * MIB);
    const owner = alice.publicKey.hash;
    await commitBytes('alice', owner, alice.signer, 4 * MIB - 1000);
    const used = usage().totalBytes;
    const space = 4 * MIB - used;
    expect(await admit(owner, space)).toBe(admitted);
    expect(await admit(owner, 1)).toBe(quotaText(used, 4 * MIB, space + 1));
    expect(usage()).toEqual({ totalBytes: used, pendingBytes: 0, detachedBytes: 0, isErrored: true });
    // A little more than the quota is fine now, so that deletions can be written.
    expect(await admit(owner, space + OVER_QUOTA_TOLERANCE)).toBe(admitted);
    expect(await admit(owner, 1)).toBe(quotaText(used, 4 * MIB, space + OVER_QUOTA_TOLERANCE + 1));
    // The next update within the quota ends it.
    await commitBytes('alice', owner, alice.signer, 1000);
    expect(usage().isErrored).toBe(false);
    const left = 4 * MIB - usage().totalBytes;
    expect(await admit(owner, left + 1)).toBe(quotaText(usage().totalBytes, 4 * MIB, left + 1));
  });

  test('the tolerance stays while the user is over its quota', async () => {
    const alice = await world.addUser('alice', MIB);
    const owner = alice.publicKey.hash;
    expect(await admit(owner, 2 * MIB)).toContain('Storage quota reached!');
    await commitBytes('alice', owner, alice.signer, 2 * MIB);
    expect(usage().isErrored).toBe(true);
    world.quotas.set('alice', 3 * MIB);
    await commitBytes('alice', owner, alice.signer, 2 * MIB + 1);
    expect(usage().isErrored).toBe(false);
  });

  test('a pointer update ends what its writer has pending, and only that', async () => {
    const alice = await world.addUser('alice');
    const owner = alice.publicKey.hash;
    const home = newKey();
    const owned = await world.storeOwned('alice', owner, [home.signer]);
    await world.commit('alice', owner, alice.signer, WriterData.of(owner, { owned }));
    await admit(owner, 100);
    await admit(owner, 200, home.publicKey.hash);
    expect(usage().pendingBytes).toBe(300);
    await world.commit('alice', owner, home.signer, WriterData.of(home.publicKey.hash));
    expect(usage().pendingBytes).toBe(100);
    await world.commit('alice', owner, alice.signer, WriterData.of(owner, { owned, tree: owned }));
    expect(usage().pendingBytes).toBe(0);
  });

  test('what a crashed client left pending ends after a day, across restarts', async () => {
    const owner = (await world.addUser('alice', 1000)).publicKey.hash;
    await admit(owner, 900);
    await world.reopen();
    expect(usage().pendingBytes).toBe(900);
    world.clock.time += PENDING_UPLOAD_LIFE_MS;
    expect(await admit(owner, 101)).toContain('Storage quota reached!');
    await admit(owner, 900);
    world.clock.time += PENDING_UPLOAD_LIFE_MS + 1;
    expect(await admit(owner, 900)).toBe(admitted);
    expect(usage().pendingBytes).toBe(900);
  });

  test('data that nobody lists counts, because it is kept', async () => {
    const alice = await world.addUser('alice', 3 * MIB);
    const owner = alice.publicKey.hash;
    const home = newKey();
    const owned = await world.storeOwned('alice', owner, [home.signer]);
    await world.commit('alice', owner, alice.signer, WriterData.of(owner, { owned }));
    await commitBytes('alice', owner, home.signer, 2 * MIB);
    await world.commit('alice', owner, alice.signer, WriterData.of(owner));
    expect(usage().totalBytes).toBeLessThan(1000);
    expect(await admit(owner, MIB)).toContain(`Used ${usage().totalBytes + usage().detachedBytes} out of`);
  });

  test('an account that fills up in a day meets its quota, and not the rate, though every file has lists rewritten', async () => {
    const alice = await world.addUser('alice', 16 * MIB);
    const owner = alice.publicKey.hash;
    const [file, lists] = [MIB, 200_000];
    let answer: string = admitted;
    for (let files = 1; files < 20 && answer === admitted; files++) {
      answer = await admit(owner, file + lists);
      if (answer === admitted) await commitBytes('alice', owner, alice.signer, files * file + lists);
    }
    expect(answer).toBe(quotaText(usage().totalBytes, 16 * MIB, file + lists));
  });

  test('more than one quota and a quarter in a window is refused until tomorrow, across restarts', async () => {
    const alice = await world.addUser('alice', 1_000_000);
    const owner = alice.publicKey.hash;
    for (let i = 0; i < 3; i++) {
      expect(await admit(owner, 600_000)).toBe(admitted);
      await world.commit('alice', owner, alice.signer, WriterData.of(owner, i % 2 === 0 ? {} : { tree: owner.cid }));
    }
    await world.reopen();
    await expect(world.space.admit(owner, owner, 600_000, 1)).rejects.toMatchObject({
      code: 'limit',
      message: expect.stringMatching(
        /^Upload bandwidth exceeded please try again tomorrow\. More is allowed in [0-9]+ seconds\.$/u,
      ) as string,
    });
    expect(usage().pendingBytes).toBe(0);
    world.clock.time += 40_000;
    expect(await admit(owner, 600_000)).toBe(admitted);
  });

  test('nobody without account, writer or quota', async () => {
    const alice = await world.addUser('alice');
    const stranger = newKey().publicKey.hash;
    const unknown = 'Unknown writer on this server!';
    expect(await admit(stranger, 1)).toBe(unknown);
    expect(await admit(alice.publicKey.hash, 1, stranger)).toBe(unknown);
    expect(await admit(stranger, 1, alice.publicKey.hash)).toBe(unknown);
    world.quotas.remove('alice');
    expect(await admit(alice.publicKey.hash, 1)).toBe(unknown);
  });

  test('tiny blocks are bounded by their number, in the words of the quota', async () => {
    const quota = 10 * QUOTA_BYTES_PER_BLOCK;
    const most = 10 + FREE_BLOCKS;
    const alice = await world.addUser('alice', quota);
    const owner = alice.publicKey.hash;
    // As if a pointer reached them: they are charged with their two or three bytes each.
    const tiny = (from: number, count: number): Uint8Array[] => Array.from({ length: count }, (_, i) => encodeCbor(from + i));
    const stored = await world.store('alice', CidCodec.dagCbor, ...tiny(1000, most - 1));
    await world.local.closeTransaction('alice', 'test');
    const put = async (block: Uint8Array): Promise<unknown> => world.upload(owner, alice.signer, block);
    await put(encodeCbor('the last one'));
    const refusal = `Storage quota reached! \nUsed 0 out of ${quota} bytes. Rejecting write of size ${2 * 4096}. \nPlease delete some files or request more space. This account has ${most} blocks, and may have ${most}.`;
    await expect(put(encodeCbor('one more'))).rejects.toMatchObject({ code: 'quota', message: refusal });
    // Now some more, so that the user can delete something.
    await put(encodeCbor('one more'));
    await expect(world.upload(owner, alice.signer, ...tiny(100_000, OVER_QUOTA_TOLERANCE / MIN_ADMITTED_BLOCK_SIZE))).rejects.toMatchObject(
      { code: 'quota' },
    );
    // What is there already, another user's and what is gone count nothing.
    await world.store('alice', CidCodec.dagCbor, ...tiny(1000, 100));
    await world.local.closeTransaction('alice', 'test');
    const partition = new BlockTable(world.db).partition('alice')!;
    const rows = new BlockTable(world.db).page(partition, new Uint8Array(0), 100);
    expect(stored.length).toBe(most - 1);
    await world.local.collect('alice', partition, rows, Number.MAX_SAFE_INTEGER);
    await world.reopen();
    await put(encodeCbor('a new one'));
    const bob = await world.addUser('bob', quota);
    await world.upload(bob.publicKey.hash, bob.signer, encodeCbor('of bob'));
  });

  test('exact when many upload at the same time', async () => {
    const quota = 100_000;
    const alice = await world.addUser('alice', quota);
    const owner = alice.publicKey.hash;
    const children = Array.from({ length: 8 }, () => newKey());
    const owned = await world.storeOwned(
      'alice',
      owner,
      children.map(({ signer }) => signer),
    );
    await world.commit('alice', owner, alice.signer, WriterData.of(owner, { owned }));
    const used = usage().totalBytes;
    const random = seededRandom(1);
    const sizes = Array.from({ length: 999 }, () => random.nextInteger(90));
    sizes.push(quota - used - sizes.reduce((sum, size) => sum + size, 0));
    const results = await Promise.all(sizes.map(async (size, i) => admit(owner, size, children[i % children.length]!.publicKey.hash)));
    expect(new Set(results)).toEqual(new Set([admitted]));
    expect(usage().pendingBytes).toBe(quota - used);
    expect(await admit(owner, 1)).toBe(quotaText(used, quota, quota - used + 1));
  });
});

describe('blocks that arrive after a pointer has reached them', () => {
  const parts = (count: number): Uint8Array[] =>
    Array.from({ length: count }, (_, i) => {
      const bytes = new Uint8Array(MIB);
      bytes.set(encodeCbor(7_000_000 + i));
      return bytes;
    });
  /** Alice with a child that points at these blocks, which are not there. */
  async function withChildOf(blocks: readonly Uint8Array[], quota: number) {
    const alice = await world.addUser('alice', quota);
    const owner = alice.publicKey.hash;
    const child = newKey();
    const owned = await world.storeOwned('alice', owner, [child.signer]);
    await world.commit('alice', owner, alice.signer, WriterData.of(owner, { owned }));
    const links = blocks.map((bytes) => Cid.ofSha256(world.crypto.sha256(bytes), CidCodec.raw));
    const [tree] = await world.store('alice', CidCodec.dagCbor, encodeCbor(links));
    await world.commit('alice', owner, child.signer, WriterData.of(child.publicKey.hash, { tree }));
    let version = 0;
    const touch = async (): Promise<unknown> => {
      const [salt] = await world.store('alice', CidCodec.dagCbor, encodeCbor(version++));
      return world.commit('alice', owner, alice.signer, WriterData.of(owner, { owned, public: salt }));
    };
    const upload = async (...some: readonly Uint8Array[]): Promise<void> => {
      await world.blocks.putBulk(
        owner,
        owner,
        some,
        some.map((bytes) => signAttached(world.crypto, alice.secretKey, world.crypto.sha256(bytes))),
        true,
        'upload',
      );
    };
    return { owner, child, touch, upload, counted: () => world.countedBytes(child.publicKey.hash) };
  }

  test.each([
    ['a few', 3],
    ['more than are noted down', MAX_NOTED_MISSING_BLOCKS + 1],
  ])('are charged to the writer that links them when another one uploads them: %s', async (_, count) => {
    const blocks = parts(count);
    const { counted, touch, upload } = await withChildOf(blocks, 200 * MIB);
    const before = counted();
    await upload(blocks[0]!);
    await upload(blocks[1]!);
    expect(counted()).toBe(before);
    await touch();
    expect(counted()).toBe(before + 2 * MIB);
    expect(usage()).toMatchObject({ pendingBytes: 0 });
    await upload(...blocks.slice(2));
    await touch();
    expect(counted()).toBe(before + count * MIB);
    expect(usage()).toMatchObject({ totalBytes: before + count * MIB + world.countedBytes(world.space.writersOf('alice')[0]!.writer) });
  });

  test('no more of them than the quota, however often the uploader commits', async () => {
    const blocks = parts(12);
    const { touch, upload } = await withChildOf(blocks, 3 * MIB);
    let uploaded = 0;
    for (const block of blocks) {
      const isAdmitted = await upload(block).then(
        () => true,
        () => false,
      );
      if (isAdmitted) uploaded++;
      await touch();
      world.clock.time += 60_000;
    }
    expect(uploaded).toBeLessThanOrEqual(3);
    expect(usage().totalBytes).toBeGreaterThan(uploaded * MIB);
  });

  test('are charged before a refusal or the end of the day forgets the upload', async () => {
    const blocks = parts(6);
    const { counted, owner, upload } = await withChildOf(blocks, 4 * MIB);
    const before = counted();
    await upload(...blocks.slice(0, 2));
    world.clock.time += PENDING_UPLOAD_LIFE_MS + 1;
    expect(usage().pendingBytes).toBe(0);
    await upload(blocks[2]!);
    expect(counted()).toBe(before + 2 * MIB);
    expect(usage().pendingBytes).toBe(MIB);
    expect(await admit(owner, 4 * MIB)).toContain('Storage quota reached!');
    expect(counted()).toBe(before + 3 * MIB);
    expect(usage().pendingBytes).toBe(0);
    await expect(upload(...blocks.slice(3))).rejects.toMatchObject({ code: 'quota' });
  });

  test('what is stored while a version is planned is found by the next update', async () => {
    const blocks = parts(2);
    const { child, counted, owner, touch, upload } = await withChildOf(blocks, 100 * MIB);
    const before = counted();
    const links = blocks.map((bytes) => Cid.ofSha256(world.crypto.sha256(bytes), CidCodec.raw));
    const [tree] = await world.store('alice', CidCodec.dagCbor, encodeCbor([0, ...links]));
    const [target] = await world.store('alice', CidCodec.dagCbor, WriterData.of(child.publicKey.hash, { tree }).encode());
    const interruption = new Interruption();
    const services = world.servicesOn(interruption.wrap(world.local));
    // Its second reading is after the blocks were found missing.
    interruption.arm(async () => interruption.arm(async () => upload(blocks[0]!)));
    const { signed, writer } = world.next(child.signer, target);
    expect(await services.pointers.setPointer(owner, writer, signed)).toBe(true);
    await touch();
    expect(counted()).toBe(before + MIB + 1);
    expect(usage().pendingBytes).toBe(0);
  });

  test('what is more than can be counted is charged with more than anybody has, until it is deleted', async () => {
    await world.close();
    world = await SpaceWorld.create({ counterLimits: { maxBlocks: 4, maxChangeSteps: 3 } });
    const late = encodeCbor(Array.from({ length: 5 }, (_, i) => Cid.ofSha256(world.crypto.sha256(encodeCbor(i)), CidCodec.dagCbor)));
    const alice = await world.addUser('alice');
    const owner = alice.publicKey.hash;
    const child = newKey();
    await world.commit('alice', owner, alice.signer, WriterData.of(owner));
    world.db.transaction(() => world.space.ledger.registerWriter(world.space.ledger.users.find('alice')!.id, child.publicKey.hash));
    const tree = Cid.ofSha256(world.crypto.sha256(late), CidCodec.dagCbor);
    await world.commit('alice', owner, child.signer, WriterData.of(child.publicKey.hash, { tree }));
    await world.store('alice', CidCodec.dagCbor, late);
    await world.commit('alice', owner, alice.signer, undefined);
    expect(usage().detachedBytes).toBe(Number.MAX_SAFE_INTEGER);
    await world.commit('alice', owner, child.signer, undefined);
    expect(usage().detachedBytes).toBe(0);
  });
});

describe('garbage roots', () => {
  test('users are all that ever had something here, sorted', async () => {
    await world.addUser('carol');
    await world.addUser('alice');
    await world.space.removeUser('carol');
    expect(await world.space.users()).toEqual(['alice', 'carol']);
    expect(await world.space.rootsOf('nobody')).toEqual([]);
  });

  test('roots are the targets of all writers, whether listed or not', async () => {
    const alice = await world.addUser('alice');
    const owner = alice.publicKey.hash;
    const home = newKey();
    const owned = await world.storeOwned('alice', owner, [home.signer]);
    await world.commit('alice', owner, alice.signer, WriterData.of(owner, { owned }));
    const kept = await world.commit('alice', owner, home.signer, WriterData.of(home.publicKey.hash));
    const last = await world.commit('alice', owner, alice.signer, WriterData.of(owner));
    expect((await world.space.rootsOf('alice')).map(String).toSorted()).toEqual([String(kept), String(last)].toSorted());
    await world.commit('alice', owner, home.signer, undefined);
    expect((await world.space.rootsOf('alice')).map(String)).toEqual([String(last)]);
  });

  test('after the owner has deleted the account the other writers lose their pointers', async () => {
    const alice = await world.addUser('alice');
    const owner = alice.publicKey.hash;
    const home = newKey();
    const owned = await world.storeOwned('alice', owner, [home.signer]);
    await world.commit('alice', owner, alice.signer, WriterData.of(owner, { owned }));
    await world.commit('alice', owner, home.signer, WriterData.of(home.publicKey.hash));
    await world.space.settleDeletion('alice');
    expect(await world.space.rootsOf('alice')).toHaveLength(2);
    expect(await world.space.isDeletedByOwner('alice')).toBe(false);
    await world.commit('alice', owner, alice.signer, undefined);
    expect([await world.space.isDeletedByOwner('alice'), world.quotas.get('alice')]).toEqual([true, expect.any(Number)]);
    await world.space.settleDeletion('alice');
    expect(await world.space.rootsOf('alice')).toEqual([]);
    expect(world.quotas.get('alice')).toBeUndefined();
    expect([await world.space.isDeletedByOwner('alice'), await world.space.isDeletedByOwner('nobody')]).toEqual([true, false]);
    expect(usage()).toMatchObject({ totalBytes: 0, detachedBytes: 0 });
    const record = await world.pointers.getPointer(owner, owner);
    expect(PointerUpdate.decodeVerifiedBefore(record!).updated).toBeUndefined();
    expect(await world.pointers.getPointer(owner, home.publicKey.hash)).toBeUndefined();
  });

  test('an account whose first pointers arrive in a strange order is not taken for a deleted one', async () => {
    const alice = await world.addUser('alice');
    const owner = alice.publicKey.hash;
    const home = newKey();
    const owned = await world.storeOwned('alice', owner, [home.signer]);
    await world.commit('alice', owner, alice.signer, WriterData.of(owner, { owned }));
    await world.commit('alice', owner, home.signer, WriterData.of(home.publicKey.hash));
    world.space.ledger.pointers.remove(owner);
    await world.space.settleDeletion('alice');
    expect(await world.pointers.getPointer(owner, home.publicKey.hash)).toBeDefined();
  });

  test('an emptied former identity is no deletion while the current one has data, and the other way round', async () => {
    const alice = await world.addUser('alice');
    const owner = alice.publicKey.hash;
    const next = newKey();
    await world.commit('alice', owner, alice.signer, WriterData.of(owner));
    await world.space.registerUser('alice', next.publicKey.hash);
    world.directory.set('alice', next.publicKey.hash);
    const home = newKey();
    const owned = await world.storeOwned('alice', next.publicKey.hash, [home.signer]);
    await world.commit('alice', owner, next.signer, WriterData.of(next.publicKey.hash, { owned }));
    await world.commit('alice', owner, home.signer, WriterData.of(home.publicKey.hash));
    await world.commit('alice', owner, alice.signer, undefined);
    await world.space.settleDeletion('alice');
    expect(await world.space.rootsOf('alice')).toHaveLength(2);
    await world.commit('alice', owner, next.signer, undefined);
    await world.space.settleDeletion('alice');
    expect(await world.space.rootsOf('alice')).toEqual([]);
  });
});

describe('open transactions', () => {
  const protectedFrom = (): unknown => world.db.prepare('SELECT min(first_put) AS first FROM transactions').get()?.['first'];
  /** Uploads something that is never committed. */
  async function upload(): Promise<void> {
    const bytes = new Uint8Array(10);
    await world.local.put('alice', [{ cid: Cid.ofSha256(world.crypto.sha256(bytes), CidCodec.raw), bytes }], 'open');
    expect(protectedFrom()).toEqual(expect.any(Number));
  }

  test('end when the operator deletes the account', async () => {
    await world.addUser('alice');
    await upload();
    await world.space.removeUser('alice');
    expect(protectedFrom()).toBeNull();
  });

  test('end when the owner deletes the account, not before', async () => {
    const alice = await world.addUser('alice');
    const owner = alice.publicKey.hash;
    const home = newKey();
    const owned = await world.storeOwned('alice', owner, [home.signer]);
    await world.commit('alice', owner, alice.signer, WriterData.of(owner, { owned }));
    await world.commit('alice', owner, home.signer, WriterData.of(home.publicKey.hash));
    await upload();
    await world.commit('alice', owner, home.signer, undefined);
    expect(protectedFrom()).toEqual(expect.any(Number));
    await world.commit('alice', owner, alice.signer, undefined);
    expect(protectedFrom()).toBeNull();
    // Whoever begins anew with the same keys is protected again.
    await upload();
    await world.space.settleDeletion('alice');
    expect(protectedFrom()).toEqual(expect.any(Number));
  });

  test('go on when only a former identity is emptied', async () => {
    const alice = await world.addUser('alice');
    const owner = alice.publicKey.hash;
    const next = newKey();
    await world.commit('alice', owner, alice.signer, WriterData.of(owner));
    await world.space.registerUser('alice', next.publicKey.hash);
    world.directory.set('alice', next.publicKey.hash);
    await world.commit('alice', owner, next.signer, WriterData.of(next.publicKey.hash));
    await upload();
    await world.commit('alice', owner, alice.signer, undefined);
    expect(protectedFrom()).toEqual(expect.any(Number));
  });
});

describe('registration', () => {
  test('names that are no folder names and keys of others are refused', async () => {
    const alice = await world.addUser('alice');
    for (const name of ['', '..', 'a/b', 'Alice', 'a b', 'x'.repeat(65)]) {
      await expect(world.space.registerUser(name, newKey().publicKey.hash)).rejects.toMatchObject({ code: 'argument' });
    }
    await expect(world.space.registerUser('bob', alice.publicKey.hash)).rejects.toMatchObject({ code: 'denied.signup' });
    await world.space.registerUser('alice', alice.publicKey.hash);
    expect(world.space.writersOf('alice')).toMatchObject([{ isIdentity: true, isAttached: true, countedBytes: 0 }]);
  });

  test('a local user that the tables lost is found again', async () => {
    const alice = await world.addUser('alice');
    const owner = alice.publicKey.hash;
    await world.space.removeUser('alice');
    expect(await world.space.userOfWriter(owner, owner)).toBeUndefined();
    world.quotas.set('alice', 1000);
    expect(await world.space.userOfWriter(owner, owner)).toBe('alice');
  });

  test('everything is still there after a restart', async () => {
    const alice = await world.addUser('alice');
    const owner = alice.publicKey.hash;
    const home = newKey();
    const owned = await world.storeOwned('alice', owner, [home.signer]);
    await world.commit('alice', owner, alice.signer, WriterData.of(owner, { owned }));
    await commitBytes('alice', owner, home.signer, MIB);
    const before = [usage(), await world.pointers.getPointer(owner, home.publicKey.hash)];
    await world.reopen();
    expect([usage(), await world.pointers.getPointer(owner, home.publicKey.hash)]).toEqual(before);
    await commitBytes('alice', owner, home.signer, 10);
    expect(usage().totalBytes).toBe(world.countedBytes(owner) + world.countedBytes(home.publicKey.hash));
  });
});
