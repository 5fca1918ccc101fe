import {
  BlindFollowRequest,
  type LoginData,
  ServerMessage,
  ServerMessageType,
  SpaceRequest,
  type UserPublicKeyLink,
} from '@pyrgos/core/accounts';
import { fromHex } from '@pyrgos/core/bytes';
import { Cid, CidCodec, encodeCbor } from '@pyrgos/core/codec';
import { PyrgosError } from '@pyrgos/core/errors';
import { Bat, BatWithId, blockBatList, encodeRawPrefix, ProofOfWork, type Signer, signAttached, SigningKeyPair } from '@pyrgos/core/keys';
import { MAX_BLOCK_SIZE } from '@pyrgos/core/limits';
import { PointerUpdate, WriterData } from '@pyrgos/core/model';
import type { SignedBlock } from '@pyrgos/core/store';
import { seededRandom } from '@pyrgos/testkit/random';
import { type NewAccount, SignUpClient } from '@pyrgos/testkit/server';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import followRequest from '../../../../../vectors/02/follow-request.json' with { type: 'json' };
import { ServerWorld } from '../../../test/server-world.js';
import { RequestCounter } from '../request-counter.js';
import type { HttpNetwork } from './http-network.js';

let world: ServerWorld;
let network: HttpNetwork;
let alice: NewAccount;
const random = seededRandom(11);

async function errorOf(call: Promise<unknown>): Promise<PyrgosError> {
  const error = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof PyrgosError)) throw new Error('no error of the family', { cause: error });
  return error;
}

async function newAccount(username: string): Promise<NewAccount> {
  return new SignUpClient(world.crypto, await network.serverId()).build(username, { now: Date.now() });
}

async function signUp(username: string): Promise<NewAccount> {
  const account = await newAccount(username);
  const result = await network.core.signup(username, account.link, account.log, ProofOfWork.empty(), '');
  expect(result).toEqual({ accepted: true });
  return account;
}

function signed(signer: Signer, bytes: Uint8Array, codec: typeof CidCodec.raw | typeof CidCodec.dagCbor = CidCodec.raw): SignedBlock {
  const digest = world.crypto.sha256(bytes);
  return { cid: Cid.ofSha256(digest, codec), bytes, signature: signAttached(world.crypto, signer.secretKey, digest) };
}

beforeAll(async () => {
  world = await ServerWorld.start({ flags: { 'admin-usernames': 'alice' } });
  network = world.network();
  alice = await signUp('alice');
});
afterAll(async () => world.close());

describe('names and accounts', () => {
  test('who signed up is found', async () => {
    expect(await network.core.getPublicKey('alice')).toEqual(alice.identity.publicKey.hash);
    expect(await network.core.getUsername(alice.identity.publicKey.hash)).toBe('alice');
    expect((await network.core.getChain('alice')).map((link) => link.encode())).toEqual([alice.link.encode()]);
    expect(await network.core.usernames()).toContain('alice');
  });

  test('who did not is not', async () => {
    expect(await network.core.getPublicKey('nobody')).toBeUndefined();
    expect(await network.core.getChain('nobody')).toEqual([]);
    const stranger = SigningKeyPair.generate(world.crypto).publicKey.hash;
    expect((await errorOf(network.core.getUsername(stranger))).code).toBe('not-found.user');
  });

  test('a taken name, a strange chain, what this server does not offer', async () => {
    const second = await newAccount('alice');
    const again = network.core.signup('alice', second.link, second.log, ProofOfWork.empty(), '');
    expect((await errorOf(again)).code).toBe('conflict.exists');
    const links: readonly UserPublicKeyLink[] = [second.link];
    expect((await errorOf(network.core.updateChain('alice', links, ProofOfWork.empty(), ''))).code).toBe('denied.chain');
    expect(await network.core.startPaidSignup('bob', second.link, ProofOfWork.empty())).toEqual({ accepted: false, difficulty: 256 });
    expect(await network.core.startPaidMirror('bob', ProofOfWork.empty(), alice.identity.signer)).toEqual({
      accepted: false,
      difficulty: 256,
    });
    const request = SpaceRequest.of({ username: 'bob', bytes: 1, time: Date.now() });
    const { signer } = alice.identity;
    expect(
      (await errorOf(network.core.completePaidSignup('bob', second.link, second.log, ProofOfWork.empty(), request, signer))).code,
    ).toBe('unsupported');
    expect((await errorOf(network.core.completePaidMirror('bob', alice.mirrorBat, ProofOfWork.empty(), request, signer))).code).toBe(
      'unsupported',
    );
    expect((await errorOf(network.core.mirror('bob', alice.mirrorBat, ProofOfWork.empty(), signer))).code).toBe('quota');
    expect((await errorOf(network.core.getUserSnapshots('', alice.mirrorBat, 0n))).code).toBe('unsupported');
    const migration = {
      username: 'bob',
      links,
      currentServer: await network.serverId(),
      since: -31_557_014_135_596_800n,
      usage: 0,
      commitToPki: false,
    };
    expect((await errorOf(network.core.migrateUser({ ...migration, bat: alice.mirrorBat }))).code).toBe('unsupported');
    expect((await errorOf(network.core.migrateUser(migration))).code).toBe('unsupported');
  });

  test('the server has ids, and a record of them', async () => {
    const ids = await network.serverIds();
    const id = await network.serverId();
    expect(ids.at(-1)).toEqual(id);
    const record = (await network.ipnsRecord(id)).verify(world.crypto, id, Date.now());
    expect(record.sequence).toBeGreaterThanOrEqual(0);
  });
});

describe('blocks', () => {
  test('go up in one call and come down verified; lookups, sizes', async () => {
    const owner = alice.identity.publicKey.hash;
    const { signer } = alice.home;
    const transaction = await network.blocks.startTransaction(owner);
    // More than one request: two blocks of the largest size, and many small ones.
    const raw = [MAX_BLOCK_SIZE, MAX_BLOCK_SIZE - 1, ...Array.from({ length: 1500 }, (_, i) => i)].map((size) =>
      signed(signer, random.randomBytes(size)),
    );
    await network.blocks.putBlocks(owner, signer.publicKeyHash, raw, transaction);
    const cbor = signed(signer, encodeCbor(['hello']), CidCodec.dagCbor);
    await network.blocks.putBlocks(owner, signer.publicKeyHash, [cbor], transaction);
    await network.blocks.closeTransaction(owner, transaction);
    const some = [...raw.slice(0, 2), ...raw.slice(3, 103), cbor];
    const got = await Promise.all(some.map(async ({ cid }) => network.blocks.getBlock(cid, { owner })));
    expect(got.every((bytes, i) => Buffer.compare(bytes, some[i]!.bytes) === 0)).toBe(true);
    expect(await network.blocks.sizeOf(cbor.cid, owner)).toBe(cbor.bytes.length);
    const missing = signed(signer, encodeCbor(['never put']), CidCodec.dagCbor);
    expect((await errorOf(network.blocks.getBlock(missing.cid, { owner }))).code).toBe('not-found.block');
    expect(await network.blocks.sizeOf(missing.cid, owner)).toBe(0);
    expect(await network.blocks.lookUpChamp(missing.cid, [{ key: new Uint8Array(32) }], { owner })).toEqual([]);
    const home = WriterData.decode(await network.blocks.getBlock(alice.targets.home, { owner }));
    const found = await network.blocks.lookUpChamp(home.tree!, [{ key: new Uint8Array(32) }], { owner });
    expect(found.length).toBeGreaterThan(0);
    expect(await network.blocks.lookUpChamp(home.tree!, [], { owner })).toEqual([]);
    expect((await network.blocks.properties()).directWrites).toBe(false);
    expect((await errorOf(network.blocks.authoriseReads(owner, []))).code).toBe('unsupported');
  });

  test('a key that is its own name is not asked for', async () => {
    const counter = new RequestCounter();
    const observed = world.network({ onRequest: counter.onRequest });
    const { hash } = alice.identity.publicKey;
    expect(await observed.blocks.getBlock(hash.cid, { owner: hash })).toEqual(alice.identity.publicKey.encode());
    expect(counter.count()).toBe(0);
  });

  test('gated blocks need their token', async () => {
    const owner = alice.identity.publicKey.hash;
    const { signer } = alice.home;
    const bat = Bat.generate(world.crypto);
    const prefix = encodeRawPrefix(blockBatList(bat, alice.mirrorBat.id));
    const block = signed(signer, Uint8Array.from([...prefix, 1, 2, 3]));
    await network.blocks.putBlocks(owner, signer.publicKeyHash, [block], 't');
    expect(await network.blocks.getBlock(block.cid, { owner, bat: bat.withCalculatedId(world.crypto) })).toEqual(block.bytes);
    expect(await network.blocks.getBlock(block.cid, { owner, bat: alice.mirrorBat })).toEqual(block.bytes);
    expect((await errorOf(network.blocks.getBlock(block.cid, { owner }))).code).toBe('denied.block');
    const wrong = Bat.generate(world.crypto).withCalculatedId(world.crypto);
    expect((await errorOf(network.blocks.getBlock(block.cid, { owner, bat: wrong }))).code).toBe('denied.block');
  });

  test('uploads of strangers, and of the wrong size', async () => {
    const owner = alice.identity.publicKey.hash;
    const stranger = SigningKeyPair.generate(world.crypto);
    const block = signed(stranger.signer, random.randomBytes(MAX_BLOCK_SIZE));
    // Refused before it was received: the answer comes through all the same, however often.
    for (let i = 0; i < 5; i++) {
      expect((await errorOf(network.blocks.putBlocks(owner, stranger.publicKey.hash, [block], 't'))).code).toBe('denied.block');
    }
    const large = signed(alice.home.signer, new Uint8Array(MAX_BLOCK_SIZE + 1));
    expect((await errorOf(network.blocks.putBlocks(owner, alice.home.publicKey.hash, [large], 't'))).code).toBe('limit');
  });
});

describe('pointers', () => {
  test('are read, set, and in conflict', async () => {
    const owner = alice.identity.publicKey.hash;
    const { signer } = alice.home;
    const writer = signer.publicKeyHash;
    const current = PointerUpdate.decodeVerifiedBefore((await network.pointers.getPointer(owner, writer))!);
    const stranger = SigningKeyPair.generate(world.crypto).publicKey.hash;
    expect(await network.pointers.getPointer(owner, stranger)).toBeUndefined();
    const stale = PointerUpdate.of(undefined, current.updated, 100).sign(world.crypto, signer);
    expect(await errorOf(network.pointers.setPointer(owner, writer, stale))).toMatchObject({
      code: 'conflict.pointer',
      data: { existing: current.updated?.toString(), claimed: null },
    });
    const changed = signed(signer, WriterData.of(writer, {}).encode(), CidCodec.dagCbor);
    await network.blocks.putBlocks(owner, writer, [changed], 't');
    const next = PointerUpdate.of(current.updated, changed.cid, (current.sequence ?? 0) + 1).sign(world.crypto, signer);
    expect(await network.pointers.setPointers(owner, [{ writer, signed: next }])).toBe(true);
    expect(await network.pointers.setPointers(owner, [])).toBe(true);
    expect((await errorOf(network.pointers.setPointers(owner, [{ writer, signed: next }]))).code).toBe('conflict.pointer');
  });
});

describe('what belongs to one account', () => {
  test('mirror BATs', async () => {
    const { signer } = alice.identity;
    expect(await network.bats.list('alice', signer)).toEqual([alice.mirrorBat]);
    const another = Bat.generate(world.crypto).withMirrorId(world.crypto);
    await network.bats.add('alice', another, signer);
    await network.bats.add('alice', another, signer);
    expect(await network.bats.list('alice', signer)).toEqual([alice.mirrorBat, another]);
    const mallory = SigningKeyPair.generate(world.crypto).signer;
    expect((await errorOf(network.bats.list('alice', mallory))).code).toMatch(/^denied\./u);
    const odd = BatWithId.of(another.bat, alice.mirrorBat.id);
    expect((await errorOf(network.bats.add('alice', odd, signer))).code).toBe('denied.request');
    await network.bats.add('alice', alice.mirrorBat, signer);
  });

  test('login data', async () => {
    const { login, identity, log } = alice;
    const response = await network.accounts.getLogin({ username: 'alice', loginKey: login });
    expect(response.entryPoints).toBeDefined();
    const wrong = network.accounts.getLogin({ username: 'alice', loginKey: SigningKeyPair.generate(world.crypto) });
    expect(await errorOf(wrong)).toMatchObject({ code: 'denied.login', data: { reason: 'password' } });
    const data = (log as unknown as { readonly login: { readonly data: LoginData } }).login.data;
    expect(await network.accounts.setLogin(data, identity.signer)).toBe(true);
    const mallory = SigningKeyPair.generate(world.crypto).signer;
    expect((await errorOf(network.accounts.setLogin(data, mallory))).code).toMatch(/^denied\./u);
  });

  test('second factors', async () => {
    const { signer } = alice.identity;
    expect(await network.accounts.listMfa('alice', signer)).toEqual([]);
    const { credentialId } = await network.accounts.addTotp('alice', signer);
    expect(await errorOf(network.accounts.enableTotp('alice', credentialId, '12345x', signer))).toMatchObject({
      code: 'denied.login',
      data: { reason: 'code' },
    });
    const mount = await network.accounts.addMount('alice', 'my laptop ä', signer);
    expect((await errorOf(network.accounts.enableMount('alice', mount.credentialId, '000', signer))).code).toBe('denied.login');
    expect((await network.accounts.registerWebauthnStart('alice', signer)).length).toBe(32);
    expect(await network.accounts.deleteMfa('alice', credentialId, signer)).toBe(true);
    expect(await errorOf(network.accounts.genBackupCodes('alice', signer))).toMatchObject({
      code: 'denied.request',
      data: { said: expect.stringContaining('authenticator app') as unknown },
    });
  });

  test('follow requests', async () => {
    const owner = alice.identity;
    const request = BlindFollowRequest.decode(fromHex(followRequest.cbor));
    expect(await network.social.getFollowRequests(owner.signer)).toEqual([]);
    expect(await network.social.sendFollowRequest(owner.publicKey.hash, request)).toBe(true);
    const pending = await network.social.getFollowRequests(owner.signer);
    expect(pending.map((found) => found.encode())).toEqual([request.encode()]);
    expect(await network.social.removeFollowRequest(pending[0]!, owner.signer)).toBe(true);
    expect(await network.social.getFollowRequests(owner.signer)).toEqual([]);
  });

  test('space: asked for by a user, granted by an administrator', async () => {
    const bob = await signUp('bob');
    const [quota, used] = await Promise.all([network.space.quota(bob.identity.signer), network.space.usage(bob.identity.signer)]);
    expect(quota).toBe(2 ** 30);
    expect(used).toBeLessThan(quota);
    expect(await network.space.usage(bob.identity.signer, { pending: true })).toBeGreaterThanOrEqual(0);
    expect((await network.space.paymentProperties(bob.identity.signer)).url).toBeUndefined();
    const wanted = SpaceRequest.of({ username: 'bob', bytes: 2 ** 31, time: Date.now() });
    expect((await network.space.requestSpace(wanted, bob.identity.signer)).freeQuota).toBe(quota);
    const instance = await network.serverId();
    expect(await network.admin.pending(bob.identity.signer, instance)).toEqual([]);
    const [pending] = await network.admin.pending(alice.identity.signer, instance);
    expect(pending?.username).toBe('bob');
    expect((await errorOf(network.admin.approve(pending!, bob.identity.signer, instance))).code).toBe('denied.admin');
    expect(await network.admin.approve(pending!, alice.identity.signer, instance)).toBe(true);
    expect(await network.space.quota(bob.identity.signer)).toBe(2 ** 31);
  });

  test('the instance', async () => {
    expect((await network.admin.version()).version).toMatch(/^\d+\.\d+\.\d+/u);
    expect((await network.admin.signups()).paid).toBe(false);
    expect(await network.admin.joinWaitList('a+b@example.org')).toBe(false);
  });

  test('messages to the operator', async () => {
    const message = ServerMessage.of({ id: -1, type: ServerMessageType.fromUser, sent: Date.now(), body: 'hello', dismissed: false });
    await network.messages.send('alice', message, alice.identity.signer);
    expect(await network.messages.retrieve('alice', alice.identity.signer)).toEqual([]);
    const late = ServerMessage.of({ id: -1, type: ServerMessageType.fromUser, sent: 0, body: 'hello', dismissed: false });
    expect((await errorOf(network.messages.send('alice', late, alice.identity.signer))).code).toBe('denied.message');
  });

  test('links', async () => {
    const owner = alice.identity.publicKey.hash;
    expect(await network.links.host(owner)).toBe(new URL(world.url).host);
    expect((await errorOf(network.links.get(owner, 7n))).code).toBe('not-found.link');
    expect(
      (await network.links.counts('alice', -31_557_014_135_596_800n, (await network.bats.list('alice', alice.identity.signer)).at(-1)!))
        .counts,
    ).toEqual([]);
    const wrong = Bat.generate(world.crypto).withMirrorId(world.crypto);
    expect((await errorOf(network.links.counts('alice', 0n, wrong))).code).toBe('denied.link');
    expect((await errorOf(network.publicFiles.capability('alice', 'docs/ä b.txt'))).code).toBe('not-found.file');
  });
});

describe('the connection', () => {
  test('reads as GET: a private server says no once', async () => {
    const { network: other, counter } = world.counted({ isPublic: true });
    await other.serverId();
    await other.serverIds();
    expect(counter.count('server')).toBe(3);
    expect(counter.failed).toBe(1);
  });

  test('a wrong clock is told', async () => {
    const clock = { now: () => Date.now() - 3_600_000, sleep: async () => undefined };
    expect((await errorOf(world.network({ clock }).space.quota(alice.identity.signer))).code).toBe('denied.stale');
  });

  test('many calls at a time over few connections', async () => {
    const { network: other, counter } = world.counted({ maxRequests: 4 });
    const owner = alice.identity.publicKey.hash;
    const writers = Array.from({ length: 200 }, () => alice.home.publicKey.hash);
    const pointers = await Promise.all(writers.map(async (writer) => other.pointers.getPointer(owner, writer)));
    expect(new Set(pointers.map((signedBytes) => Buffer.from(signedBytes!).toString('hex'))).size).toBe(1);
    expect(counter.count('pointers', 'getPointer')).toBe(200);
    expect(counter.storageRequests).toBe(200);
    expect(counter.bytes.received).toBe(pointers.reduce((sum, signedBytes) => sum + signedBytes!.length, 0));
  });

  test('a server that restarts is waited for', async () => {
    const owner = alice.identity.publicKey.hash;
    const other = world.network();
    await other.pointers.getPointer(owner, owner);
    await world.stop();
    const calls = [other.pointers.getPointer(owner, owner), other.blocks.getBlock(alice.targets.home, { owner })];
    await world.restart();
    expect((await Promise.all(calls)).every((bytes) => bytes !== undefined)).toBe(true);
    await world.stop();
    const stranger = await errorOf(world.network().serverId());
    expect(stranger).toMatchObject({ code: 'network', data: { reason: 'unreachable' } });
    await world.restart();
    expect(await other.pointers.getPointer(owner, owner)).toBeDefined();
  });
});

describe('other kinds of server', () => {
  test('a public one is read by GET; one with a password of its own wants it', async () => {
    const other = await ServerWorld.start({
      flags: { 'public-server': 'true', 'public-domain': 'pyrgos.example', 'basic-auth': 'käthe:pass:word' },
    });
    try {
      const server = `http://127.0.0.1:${new URL(other.url).port}`;
      const basicAuth = { user: 'käthe', password: 'pass:word' };
      const { network: known, counter } = other.counted({ server, isPublic: true, basicAuth });
      await known.serverIds();
      expect(counter.failed).toBe(0);
      expect((await errorOf(other.network({ server }).serverIds())).code).toBe('denied.auth');
    } finally {
      await other.close();
    }
  });
});
