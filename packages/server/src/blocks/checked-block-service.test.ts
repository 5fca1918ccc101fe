import { concatBytes } from '@pyrgos/core/bytes';
import { BlockStoreProperties } from '@pyrgos/core/api';
import { Cid, CidCodec, decodeCid, encodeCbor, Multihash, MultihashCode } from '@pyrgos/core/codec';
import { Bat, BatWithId, blockBatList, encodeRawPrefix, PublicKeyHash, signAttached, type Signer, SigningKeyPair } from '@pyrgos/core/keys';
import { MAX_BLOCK_SIZE, MAX_CHAMP_LOOKUPS } from '@pyrgos/core/limits';
import { Champ, ChunkMirrorCap, MemoryBlocks } from '@pyrgos/core/model';
import { blockStoreContract } from '@pyrgos/testkit/contracts/block-store';
import type { StoreHarness } from '@pyrgos/testkit/contracts/pointer-store';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type BlockFixture, blockFixture, crypto } from '../../test/block-fixture.js';
import { GIB, TestDirectory } from '../../test/space-world.js';
import { BatTable } from '../bats/bat-table.js';
import { GarbageCollector } from '../gc/garbage-collector.js';
import { DiskRoom } from '../disk/disk-room.js';
import { MAX_BLOCKS_PER_UPLOAD, MIN_ADMITTED_BLOCK_SIZE, SMALL_UPLOAD, UPLOAD_FREE_DISK } from '../limits.js';
import { PointerService } from '../space/pointer-service.js';
import { QuotaTable } from '../space/quota-table.js';
import { spaceSchema } from '../space/schema.js';
import { Space } from '../space/space.js';
import { readBytes } from '../sql/sql-values.js';
import { CheckedBlockService } from './checked-block-service.js';
import { describeUpload } from './upload-checks.js';

/** The whole write path on files: blocks, space, pointers. */
interface Server extends BlockFixture {
  readonly bats: BatTable;
  readonly directory: TestDirectory;
  readonly space: Space;
  readonly pointers: PointerService;
  readonly service: CheckedBlockService;
  readonly instanceBat: Bat;
  readonly addUser: (username: string, quota?: number) => Promise<SigningKeyPair>;
}

async function createServer(): Promise<Server> {
  const fixture = await blockFixture({ schemas: [spaceSchema] });
  const { db, local, clock } = fixture;
  const bats = new BatTable(db);
  const directory = new TestDirectory();
  const quotas = new QuotaTable(db);
  const space = new Space({ db, crypto, local, directory, quotas, clock, uploadWindowSeconds: 86_400 });
  const pointers = new PointerService({ db, crypto, local, space, directory, banned: { isBanned: async () => false } });
  const instanceBat = Bat.of(new Uint8Array(32).fill(0xbb));
  const service = new CheckedBlockService({ crypto, local, space, bats, directory, instanceBat });
  const addUser = async (username: string, quota = GIB): Promise<SigningKeyPair> => {
    const identity = SigningKeyPair.generate(crypto);
    directory.set(username, identity.publicKey.hash);
    quotas.set(username, quota);
    await space.registerUser(username, identity.publicKey.hash);
    return identity;
  };
  return { ...fixture, bats, directory, space, pointers, service, instanceBat, addUser };
}

blockStoreContract('home server on files', async (): Promise<StoreHarness> => {
  const server = await createServer();
  return {
    crypto,
    blocks: server.service,
    pointers: server.pointers,
    owner: await server.addUser('alice'),
    checksBats: true,
    openBlocks: async () =>
      server.db
        .prepare('SELECT cid FROM blocks WHERE put >= (SELECT min(first_put) FROM transactions)')
        .all()
        .map((row) => decodeCid(readBytes(row, 'cid'))),
    collectGarbage: () =>
      new GarbageCollector({
        ...server,
        roots: server.space,
        hasher: crypto,
        logger: { info: () => undefined, warn: () => undefined },
      }).collect(),
    close: server.remove,
  };
});

let server: Server;
let alice: SigningKeyPair;
let owner: PublicKeyHash;
beforeEach(async () => {
  server = await createServer();
  alice = await server.addUser('alice');
  owner = alice.publicKey.hash;
});
afterEach(() => server.remove());

const sign = (bytes: Uint8Array, by: Signer = alice.signer): Uint8Array => signAttached(crypto, by.secretKey, crypto.sha256(bytes));
const put = (blocks: readonly Uint8Array[], raw = true, signatures = blocks.map((block) => sign(block))): Promise<readonly Cid[]> =>
  server.service.putBulk(owner, owner, blocks, signatures, raw, 't');
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const storedRows = (): number => Number(server.db.prepare('SELECT count(*) AS n FROM blocks').get()?.['n']);

describe('a disk without room', () => {
  test('what does not fit is neither stored nor charged; small requests have a lower floor', async () => {
    const total = 8 * UPLOAD_FREE_DISK;
    let free = UPLOAD_FREE_DISK + 100_000;
    const room = new DiskRoom({ measure: async () => ({ free, total }) });
    const service = new CheckedBlockService({ ...server, crypto, room });
    const upload = async (block: Uint8Array): Promise<unknown> => service.putBulk(owner, owner, [block], [sign(block)], true, 't');
    const large = new Uint8Array(SMALL_UPLOAD + 1);
    await expect(upload(large)).rejects.toMatchObject({ code: 'storage', message: expect.stringContaining('disk of this server is full') });
    expect(storedRows()).toBe(0);
    expect(server.space.usageOf('alice')).toMatchObject({ pendingBytes: 0, isErrored: false });
    await upload(bytesOf('small'));
    free = UPLOAD_FREE_DISK + 10 * SMALL_UPLOAD;
    await upload(large);
    expect(storedRows()).toBe(2);
  });
});

describe('block/put/bulk (chapter 02 section 5.4)', () => {
  test('the CID of the example', async () => {
    expect((await put([bytesOf('hello')])).map(String)).toEqual(['zb2rhZfjRh2FHHB2RkHVEvL2vJnCTcu7kwRqgVsf9gpkLgteo']);
  });

  test('CIDs are in order, also of equal blocks', async () => {
    const blocks = ['a', 'b', 'a'].map(bytesOf);
    const cids = await put(blocks);
    expect(cids.map(String)).toEqual(blocks.map((block) => String(Cid.ofSha256(crypto.sha256(block), CidCodec.raw))));
    expect(await server.service.readBlock(owner, cids[1]!)).toEqual(bytesOf('b'));
  });

  test('counts of blocks and signatures', async () => {
    await expect(put([])).rejects.toMatchObject({ code: 'argument' });
    await expect(put([bytesOf('a')], true, [])).rejects.toMatchObject({ code: 'argument' });
    await expect(put([bytesOf('a')], true, [sign(bytesOf('a')), sign(bytesOf('a'))])).rejects.toMatchObject({ code: 'argument' });
    const many = Array.from({ length: MAX_BLOCKS_PER_UPLOAD + 1 }, () => bytesOf('a'));
    await expect(put(many, true, many)).rejects.toMatchObject({ code: 'limit' });
  });

  test('signatures: the text of the protocol, and nothing is stored', async () => {
    const [a, b] = [bytesOf('a'), bytesOf('b')];
    const stranger = SigningKeyPair.generate(crypto);
    const bad: readonly Uint8Array[] = [
      sign(b),
      sign(a, stranger.signer),
      sign(a).subarray(0, 95),
      concatBytes(sign(a), Uint8Array.of(0)),
      sign(a).map((byte, i) => (i === 3 ? byte ^ 1 : byte)),
      sign(a).subarray(0, 64),
      new Uint8Array(0),
      new Uint8Array(96),
    ];
    for (const signature of bad) {
      await expect(put([b, a], true, [sign(b), signature])).rejects.toMatchObject({
        code: 'denied.block',
        message: 'Invalid signature for block!',
      });
    }
    expect(storedRows()).toBe(0);
  });

  test('sizes: checked after signatures', async () => {
    const big = new Uint8Array(MAX_BLOCK_SIZE + 1);
    await expect(put([big])).rejects.toMatchObject({ code: 'limit', message: 'Block too big!' });
    await expect(put([big], true, [sign(bytesOf('a'))])).rejects.toMatchObject({ message: 'Invalid signature for block!' });
    await put([new Uint8Array(MAX_BLOCK_SIZE)]);
  });

  test('unknown writers: before any signature is checked, in the right text', async () => {
    const stranger = SigningKeyPair.generate(crypto);
    let verified = 0;
    const counting = new Proxy(crypto, {
      get: (target, name) => {
        if (name === 'ed25519Verify') verified++;
        const value = Reflect.get(target, name) as unknown;
        return typeof value === 'function' ? (value.bind(target) as unknown) : value;
      },
    });
    const service = new CheckedBlockService({ ...server, crypto: counting });
    const by = (signer: Signer, block: Uint8Array): Promise<unknown> =>
      service.putBulk(owner, signer.publicKeyHash, [block], [sign(block, signer)], true, 't');
    const refusal = { code: 'denied.block', message: 'Unknown writer on this server!' };
    await expect(by(stranger.signer, bytesOf('a'))).rejects.toMatchObject(refusal);
    await expect(by(stranger.signer, new Uint8Array(MAX_BLOCK_SIZE + 1))).rejects.toMatchObject(refusal);
    // Not even when the block is the key itself.
    await expect(by(stranger.signer, stranger.publicKey.encode())).rejects.toMatchObject(refusal);
    await expect(service.assertKnownWriter(owner, stranger.publicKey.hash)).rejects.toMatchObject(refusal);
    expect(verified).toBe(0);
    expect(storedRows()).toBe(0);
    await service.assertKnownWriter(owner, owner);
    await by(alice.signer, bytesOf('a'));
    expect(verified).toBe(1);
  });

  test('dag-cbor must be canonical, and a refused block is not counted as pending', async () => {
    const before = server.space.usageOf('alice')?.pendingBytes;
    for (const bad of [
      new Uint8Array(0),
      Uint8Array.of(0x18, 0x01),
      Uint8Array.of(0xf6, 0xf6),
      Uint8Array.of(0xfb, 0, 0, 0, 0, 0, 0, 0, 0),
    ]) {
      await expect(put([encodeCbor('fine'), bad], false)).rejects.toMatchObject({ code: 'format.cbor' });
    }
    expect(server.space.usageOf('alice')?.pendingBytes).toBe(before);
    expect(storedRows()).toBe(0);
  });

  test('a list of BATs that nobody can read is refused', async () => {
    await expect(put([encodeCbor(new Map([['bats', 'none']]))], false)).rejects.toMatchObject({ code: 'format.block' });
    await expect(put([concatBytes(encodeRawPrefix([]).subarray(0, 8), Uint8Array.of(0xff))])).rejects.toMatchObject({
      code: 'format.block',
    });
  });

  test('quota: the text of the protocol, and nothing is stored', async () => {
    const bob = await server.addUser('bob', 1000);
    const block = new Uint8Array(1001);
    await expect(
      server.service.putBulk(bob.publicKey.hash, bob.publicKey.hash, [block], [sign(block, bob.signer)], true, 't'),
    ).rejects.toMatchObject({
      code: 'quota',
      message: expect.stringContaining('Storage quota reached! \nUsed 0 out of 1000 bytes.') as unknown,
    });
    expect(storedRows()).toBe(0);
  });

  test('tiny blocks are admitted as what they take on a disk', async () => {
    const tiny = Array.from({ length: 10 }, (_, i) => encodeCbor(i));
    const links = tiny.map((block) => Cid.ofSha256(crypto.sha256(block), CidCodec.dagCbor));
    const root = encodeCbor(links);
    const large = new Uint8Array(MIN_ADMITTED_BLOCK_SIZE + 5);
    await put([...tiny, root], false);
    await put([large]);
    expect(server.space.usageOf('alice')).toMatchObject({ totalBytes: 0, pendingBytes: 12 * MIN_ADMITTED_BLOCK_SIZE + 5 });
    const bob = await server.addUser('bob', 20 * MIN_ADMITTED_BLOCK_SIZE);
    const upload = async (n: number): Promise<unknown> => {
      const blocks = Array.from({ length: 11 }, (_, i) => Uint8Array.of(n, i));
      const signatures = blocks.map((block) => sign(block, bob.signer));
      return server.service.putBulk(bob.publicKey.hash, bob.publicKey.hash, blocks, signatures, true, 't');
    };
    await upload(0);
    await expect(upload(1)).rejects.toMatchObject({ code: 'quota' });
  });

  test('blocks of an unknown writer are not decoded', async () => {
    const stranger = SigningKeyPair.generate(crypto);
    const bad = Uint8Array.of(0x18, 0x01);
    await expect(
      server.service.putBulk(owner, stranger.publicKey.hash, [bad], [sign(bad, stranger.signer)], false, 't'),
    ).rejects.toMatchObject({ message: 'Unknown writer on this server!' });
    await expect(put([bad], false)).rejects.toMatchObject({ code: 'format.cbor' });
  });

  test('others have their turn between the blocks of an upload', async () => {
    const blocks = Array.from({ length: 4 }, (_, i) => encodeCbor(Array.from({ length: 20_000 }, () => i)));
    let turns = 0;
    let isDone = false;
    const count = (): void => {
      turns++;
      if (!isDone) setImmediate(count);
    };
    setImmediate(count);
    const digests = blocks.map((block) => crypto.sha256(block));
    await describeUpload(blocks, digests, false);
    isDone = true;
    expect(turns).toBeGreaterThanOrEqual(blocks.length - 1);
  });

  test('transactions whose id is unreasonable', async () => {
    const block = bytesOf('a');
    await expect(server.service.putBulk(owner, owner, [block], [sign(block)], true, 'x'.repeat(10_000))).rejects.toMatchObject({
      code: 'limit',
    });
    expect(storedRows()).toBe(0);
  });

  describe('keys that are blocks of their own (legacy)', () => {
    const legacy = SigningKeyPair.generate(crypto);
    const keyBlock = legacy.publicKey.encode();
    const legacyHash = PublicKeyHash.fromCid(Cid.ofSha256(crypto.sha256(keyBlock), CidCodec.dagCbor));
    const signed = (bytes: Uint8Array): Uint8Array => signAttached(crypto, legacy.secretKey, crypto.sha256(bytes));

    beforeEach(async () => {
      server.directory.set('old', legacyHash);
      await server.space.registerUser('old', legacyHash);
      new QuotaTable(server.db).set('old', GIB);
    });

    test('the first block of a writer may be its own key', async () => {
      const other = encodeCbor('other');
      await expect(server.service.putBulk(legacyHash, legacyHash, [other], [signed(other)], false, 't')).rejects.toMatchObject({
        code: 'not-found.key',
      });
      const [cid] = await server.service.putBulk(legacyHash, legacyHash, [keyBlock], [signed(keyBlock)], false, 't');
      expect(cid?.equals(legacyHash.cid)).toBe(true);
      await server.service.putBulk(legacyHash, legacyHash, [other], [signed(other)], false, 't');
    });

    test('not together with others, and not signed by another', async () => {
      const other = encodeCbor('other');
      const two = server.service.putBulk(legacyHash, legacyHash, [keyBlock, other], [signed(keyBlock), signed(other)], false, 't');
      await expect(two).rejects.toMatchObject({ code: 'not-found.key' });
      await expect(server.service.putBulk(legacyHash, legacyHash, [keyBlock], [sign(keyBlock)], false, 't')).rejects.toMatchObject({
        message: 'Invalid signature for block!',
      });
      const unknown = PublicKeyHash.fromCid(Cid.ofSha256(crypto.sha256(encodeCbor('no key')), CidCodec.dagCbor));
      await expect(server.service.putBulk(owner, unknown, [other], [signed(other)], false, 't')).rejects.toMatchObject({
        message: 'Unknown writer on this server!',
      });
    });

    test('one that is inline may be uploaded as well', async () => {
      const own = alice.publicKey.encode();
      const [cid] = await put([own], false);
      expect(await server.service.readBlock(owner, cid!)).toEqual(own);
    });
  });
});

describe('block/get (chapter 02 section 5.5)', () => {
  const [own, mirror, stranger] = [1, 2, 3].map((byte) => Bat.of(new Uint8Array(32).fill(byte)));
  const ids = blockBatList(own!, mirror!.mirrorId(crypto));
  const gatedRaw = concatBytes(encodeRawPrefix(ids), bytesOf('content'));
  const gatedCbor = encodeCbor(new Map([['bats', ids.map((id) => id.toCbor())]]));
  let cids: readonly Cid[];
  beforeEach(async () => {
    cids = [...(await put([gatedRaw])), ...(await put([gatedCbor], false))];
  });

  const opens = async (bat: BatWithId | undefined): Promise<boolean[]> =>
    Promise.all(
      cids.map(async (cid) => {
        try {
          return (await server.service.readBlock(owner, cid, bat)) !== undefined;
        } catch (error) {
          expect(error).toMatchObject({ code: 'denied.block', message: 'Unauthorised!' });
          return false;
        }
      }),
    );

  test('who may read', async () => {
    // Twice: the second time from the cache, which is checked like the first.
    for (let i = 0; i < 2; i++) {
      expect(await opens(undefined)).toEqual([false, false]);
      expect(await opens(stranger!.withCalculatedId(crypto))).toEqual([false, false]);
      expect(await opens(stranger!.withMirrorId(crypto))).toEqual([false, false]);
      // The right id with the wrong secret.
      expect(await opens(BatWithId.of(stranger!, mirror!.mirrorId(crypto)))).toEqual([false, false]);
      expect(await opens(own!.withCalculatedId(crypto))).toEqual([true, true]);
      expect(await opens(own!.withMirrorId(crypto))).toEqual([true, true]);
      expect(await opens(mirror!.withMirrorId(crypto))).toEqual([true, true]);
      expect(await opens(server.instanceBat.withCalculatedId(crypto))).toEqual([true, true]);
    }
  });

  test('a stored BAT opens under its id, whatever the id was made from', async () => {
    const oddId = stranger!.calculatedId(crypto);
    const odd = encodeCbor(new Map([['bats', [oddId.toCbor()]]]));
    cids = await put([odd], false);
    const presented = BatWithId.of(stranger!, oddId);
    expect(await opens(presented)).toEqual([false]);
    server.bats.add('bob', presented);
    expect(await opens(presented)).toEqual([true]);
    expect(await opens(BatWithId.of(own!, oddId))).toEqual([false]);
    expect(await opens(stranger!.withMirrorId(crypto))).toEqual([false]);
  });

  test('without instance BAT', async () => {
    const { instanceBat, ...rest } = server;
    const service = new CheckedBlockService({ crypto, ...rest });
    await expect(service.readBlock(owner, cids[0]!, instanceBat.withCalculatedId(crypto))).rejects.toMatchObject({
      message: 'Unauthorised!',
    });
  });

  test('absent blocks, unknown owners, other users', async () => {
    const bob = await server.addUser('bob');
    const absent = Cid.ofSha256(crypto.sha256(bytesOf('absent')), CidCodec.raw);
    expect(await server.service.readBlock(owner, absent)).toBeUndefined();
    expect(await server.service.readBlock(bob.publicKey.hash, cids[0]!)).toBeUndefined();
    expect(await server.service.readBlock(SigningKeyPair.generate(crypto).publicKey.hash, cids[0]!)).toBeUndefined();
    await expect(server.service.getBlock(absent, { owner })).rejects.toMatchObject({ code: 'not-found.block' });
  });

  test('identity CIDs are decoded', async () => {
    const identity = Cid.v1(CidCodec.raw, Multihash.create(MultihashCode.identity, bytesOf('inline')));
    expect(await server.service.readBlock(owner, identity)).toEqual(bytesOf('inline'));
  });

  test('block/stat', async () => {
    expect(await server.service.sizeOf(cids[0]!, owner)).toBe(gatedRaw.length);
    expect(await server.service.sizeOf(cids[0]!, undefined)).toBe(gatedRaw.length);
    expect(await server.service.sizeOf(Cid.v1(CidCodec.dagCbor, cids[0]!.multihash), undefined)).toBe(0);
    expect(await server.service.sizeOf(cids[0]!, SigningKeyPair.generate(crypto).publicKey.hash)).toBe(0);
  });

  test('properties', () => {
    expect(server.service.properties().equals(BlockStoreProperties.of({}))).toBe(true);
    expect(Buffer.from(server.service.properties().encode()).toString('hex')).toBe('a36177f4626172f4627072f4');
  });
});

describe('champ/get/bulk (chapter 02 section 5.7)', () => {
  const bat = Bat.of(new Uint8Array(32).fill(9));
  const key = (i: number): Uint8Array => crypto.sha256(bytesOf(`key ${i}`));
  const value = (i: number): Uint8Array =>
    encodeCbor(
      new Map<string, string | readonly Uint8Array[]>([
        ['bats', [bat.inlineId().cid.bytes]],
        ['text', `value ${i}`],
      ]),
    );
  let root: Cid;
  beforeEach(async () => {
    const nodes = new MemoryBlocks(crypto);
    const champ = Champ.empty(nodes, { owner });
    const values = Array.from({ length: 40 }, (_, i) => value(i));
    for (const [i, block] of values.entries()) await champ.put(key(i), undefined, Cid.ofSha256(crypto.sha256(block), CidCodec.dagCbor));
    const written: Uint8Array[] = [];
    root = champ.flush({
      putCbor: (bytes) => {
        written.push(bytes);
        return nodes.putCbor(bytes);
      },
    });
    await put([...values, ...written], false);
  });

  test('path and values, each once', async () => {
    const caps = [0, 7, 7].map((i) => ChunkMirrorCap.of(key(i), bat.withCalculatedId(crypto)));
    const answer = (await server.service.champGet(owner, root, caps)).map(String);
    expect(new Set(answer).size).toBe(answer.length);
    expect(answer).toContain(String(value(0)));
    expect(answer).toContain(String(value(7)));
    expect(answer).not.toContain(String(value(1)));
  });

  test('what exceeds the bound is left out, and what comes after it and fits is not', async () => {
    const caps = [0, 7].map((i) => ChunkMirrorCap.of(key(i), bat.withCalculatedId(crypto)));
    const whole = await server.service.champGet(owner, root, caps);
    const size = whole.reduce((sum, { length }) => sum + length, 0);
    const bounded = await server.service.champGet(owner, root, caps, size - 1);
    expect(bounded.length).toBe(whole.length - 1);
    expect(await server.service.champGet(owner, root, caps, size)).toEqual(whole);
    expect(await server.service.champGet(owner, root, caps, 0)).toEqual([]);
  });

  test('one value that is not opened fails the call, a missing key does not', async () => {
    const opened = ChunkMirrorCap.of(key(0), bat.withCalculatedId(crypto));
    await expect(server.service.champGet(owner, root, [opened, ChunkMirrorCap.of(key(1))])).rejects.toMatchObject({
      message: 'Unauthorised!',
    });
    expect((await server.service.champGet(owner, root, [opened, ChunkMirrorCap.of(key(99))])).length).toBeGreaterThan(1);
    expect(await server.service.champGet(owner, root, [])).toHaveLength(1);
  });

  test('too many caps', async () => {
    const caps = Array.from({ length: MAX_CHAMP_LOOKUPS + 1 }, (_, i) => ChunkMirrorCap.of(key(i)));
    await expect(server.service.champGet(owner, root, caps)).rejects.toMatchObject({
      code: 'limit',
      message: 'Too many caps in bulk champ get call! 21',
    });
  });

  test('a root that is not here: an empty answer', async () => {
    const absent = Cid.ofSha256(crypto.sha256(bytesOf('absent')), CidCodec.dagCbor);
    expect(await server.service.champGet(owner, absent, [ChunkMirrorCap.of(key(0))])).toEqual([]);
    const bob = await server.addUser('bob');
    expect(await server.service.champGet(bob.publicKey.hash, root, [ChunkMirrorCap.of(key(0))])).toEqual([]);
  });
});

test('transactions of unknown owners', async () => {
  const unknown = SigningKeyPair.generate(crypto).publicKey.hash;
  expect(await server.service.startTransaction(unknown)).toMatch(/^[0-9a-f]{32}$/);
  await server.service.closeTransaction(unknown, 'any');
});

test('calls that were cancelled do nothing', async () => {
  const aborted = AbortSignal.abort();
  const block = bytesOf('a');
  const cid = Cid.ofSha256(crypto.sha256(block), CidCodec.raw);
  const denied = { code: 'aborted' };
  await expect(server.service.putBlocks(owner, owner, [{ cid, bytes: block, signature: sign(block) }], 't', aborted)).rejects.toMatchObject(
    denied,
  );
  await expect(server.service.getBlock(cid, { owner, signal: aborted })).rejects.toMatchObject(denied);
  await expect(server.service.startTransaction(owner, aborted)).rejects.toMatchObject(denied);
  await expect(server.service.closeTransaction(owner, 't', aborted)).rejects.toMatchObject(denied);
  await expect(server.service.lookUpChamp(cid, [], { owner, signal: aborted })).rejects.toMatchObject(denied);
  expect(storedRows()).toBe(0);
});
