import { encodeChain, OpLog, PointerWrite, UserPublicKeyLink } from '@pyrgos/core/accounts';
import { Cid, CidCodec, Multihash } from '@pyrgos/core/codec';
import { ProofOfWork, SigningKeyPair } from '@pyrgos/core/keys';
import { PointerUpdate, walkOwnedWriters, readCommittedWriterData } from '@pyrgos/core/model';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Executioner, type PkiServer, PkiWorld, type PkiWorldOptions } from '../../test/pki-world.js';
import { type NewAccount, SignUpClient } from '@pyrgos/testkit/server';
import { LoginTable } from '../accounts/login-table.js';
import { ZERO_SERVER_ID } from '../identity/server-identity.js';
import type { ChainUpdateResult, CoreService } from '../services.js';
import { localBlockSource } from '../ports/local-source.js';
import { PendingSignUps } from './pending-sign-ups.js';

const EMPTY = ProofOfWork.empty();
const CLOSED = 'This server is not currently accepting new sign ups. Please try again later';
const TAKEN = 'User already exists: Invalid key change attempt!';

let world: PkiWorld;
let server: PkiServer;
let client: SignUpClient;

beforeEach(async () => {
  world = await PkiWorld.create();
  server = await world.start();
  client = new SignUpClient(world.crypto, server.ids.current);
});

afterEach(async () => {
  await server.stop();
  await world.remove();
});

async function restart(options: PkiWorldOptions = {}): Promise<void> {
  await server.stop();
  server = await world.start(options);
}

async function signUp(account: NewAccount, token = '', proof = EMPTY): Promise<ChainUpdateResult> {
  return server.core.signup(account.username, account.link, account.log, proof, token);
}

/** That the account is complete, and can be used. */
async function expectComplete(account: NewAccount): Promise<void> {
  const { username, identity, home, targets } = account;
  const owner = identity.publicKey.hash;
  expect((await server.core.getPublicKey(username))!.equals(owner)).toBe(true);
  expect(await server.core.getUsername(owner)).toBe(username);
  expect((await server.core.getChain(username)).map((link) => link.equals(account.link))).toEqual([true]);
  const lookup = { hasher: world.crypto, blocks: localBlockSource(server.local, username), context: { owner } };
  const read = async (writer: typeof owner): Promise<Awaited<ReturnType<typeof readCommittedWriterData>>> =>
    readCommittedWriterData(world.crypto, server.pointers, owner, writer, lookup);
  expect((await read(owner)).hash!.equals(targets.identity)).toBe(true);
  expect((await read(home.publicKey.hash)).hash!.equals(targets.home)).toBe(true);
  const writers: string[] = [];
  for await (const { writer } of walkOwnedWriters(world.crypto, owner, {
    readWriterData: async (writer) => (await read(writer)).writerData,
    lookup,
  })) {
    writers.push(writer.toString());
    expect(await server.space.userOfWriter(owner, writer)).toBe(username);
  }
  expect(writers).toEqual([owner.toString(), home.publicKey.hash.toString()]);
  for (const cid of account.blocks) expect(await server.local.get(username, cid)).toBeDefined();
  const login = new LoginTable(server.db).find(username)!;
  expect(login.reader).toEqual(account.login.publicKey.encode());
  expect(login.entry).toEqual(account.log.login!.data.entryPoints.encode());
  expect(server.bats.list(username).map((bat) => bat.equals(account.mirrorBat))).toEqual([true]);
  expect(server.quotas.get(username)).toBeGreaterThan(0);
  expect(server.space.usageOf(username)!.totalBytes).toBeGreaterThan(0);
  expect(new PendingSignUps(server.db).find(username)).toBeUndefined();
}

/** That nothing of a name is here. */
async function expectNothing(username: string): Promise<void> {
  expect(await server.core.getPublicKey(username)).toBeUndefined();
  expect(server.quotas.get(username)).toBeUndefined();
  expect(server.space.usageOf(username)).toBeUndefined();
  expect(new LoginTable(server.db).find(username)).toBeUndefined();
  expect(server.bats.list(username)).toEqual([]);
  expect(new PendingSignUps(server.db).find(username)).toBeUndefined();
  expect(await world.partitions()).not.toContain(username);
}

describe('sign-up (chapter 05 section 12.7)', () => {
  test.each(['java', 'rust'] as const)('of a client of the style %s', async (style) => {
    const alice = await client.build('alice', { style });
    expect(await signUp(alice)).toEqual({ accepted: true });
    await expectComplete(alice);
    await restart();
    await expectComplete(alice);
  });

  test('the host must be this one', async () => {
    const other = Cid.v1(CidCodec.libp2pKey, Multihash.sha256(new Uint8Array(32).fill(7)));
    for (const provider of [other, ZERO_SERVER_ID]) {
      const account = await new SignUpClient(world.crypto, provider).build('alice');
      await expect(signUp(account)).rejects.toThrow(`Trying to signup to wrong host! ${provider.toString()}`);
    }
    await expectNothing('alice');
  });

  test('an id of this server in another form is this server', async () => {
    const { multihash } = server.ids.current;
    const account = await new SignUpClient(world.crypto, Cid.v1(CidCodec.raw, multihash)).build('alice');
    expect(await signUp(account)).toEqual({ accepted: true });
    await expectComplete(account);
  });

  test.each(['root', 'A', 'a--b', 'groups', ''])('the name %j is refused', async (name) => {
    const account = await client.build('alice');
    await expect(server.core.signup(name, account.link, account.log, EMPTY, '')).rejects.toThrow('Invalid username');
  });

  test('the claim must be for the name, and signed', async () => {
    const [alice, bob] = [await client.build('alice'), await client.build('bob')];
    await expect(server.core.signup('alice', bob.link, alice.log, EMPTY, '')).rejects.toMatchObject({ code: 'denied.chain' });
    const forged = UserPublicKeyLink.of(bob.identity.publicKey.hash, alice.link.claim);
    await expect(server.core.signup('alice', forged, bob.log, EMPTY, '')).rejects.toMatchObject({ code: 'denied.chain' });
    await expectNothing('alice');
    await expectNothing('bob');
  });

  test('a bad log burns neither the name, nor the token, nor a place', async () => {
    await restart({ maxUsers: 1 });
    const token = await server.tokens.create();
    const alice = await client.build('alice');
    const pointers = alice.log.operations.filter((item) => item instanceof PointerWrite);
    const bad = OpLog.of(pointers, { login: alice.log.login! });
    for (const given of ['', token]) {
      await expect(server.core.signup('alice', alice.link, bad, EMPTY, given)).rejects.toThrow('Invalid signup data!');
      await expectNothing('alice');
    }
    expect(server.tokens.has(token)).toBe(true);
    expect(server.quotas.count()).toBe(0);
    const mallory = await client.build('mallory');
    expect(await signUp(mallory, token)).toEqual({ accepted: true });
    expect(server.tokens.has(token)).toBe(false);
  });

  test('a key that is in use cannot have a second name', async () => {
    const alice = await client.build('alice');
    await signUp(alice);
    const bob = await client.build('bob', { identity: alice.identity });
    await expect(signUp(bob)).rejects.toThrow('A key is in use already');
    await expectNothing('bob');
  });

  test('a writer that is in use cannot be taken along', async () => {
    const alice = await client.build('alice');
    await signUp(alice);
    // The log of alice's own home writer, listed by another identity with a proof that alice's writer did sign.
    const bob = await client.build('bob', { home: alice.home });
    await expect(signUp(bob)).rejects.toThrow('A key is in use already');
    await expectNothing('bob');
    // And the other way round: a home writer that wants to be an identity.
    const carol = await client.build('carol', { identity: alice.home });
    await expect(signUp(carol)).rejects.toThrow('A key is in use already');
    await expectNothing('carol');
  });

  test('of two sign-ups with the same home writer at the same time one wins', async () => {
    const home = SigningKeyPair.generate(world.crypto);
    const accounts = [await client.build('alice', { home }), await client.build('bob', { home })];
    const results = await Promise.allSettled(accounts.map(async (account) => signUp(account)));
    const [won, lost] = results[0]!.status === 'fulfilled' ? accounts : accounts.toReversed();
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    await expectComplete(won!);
    await expectNothing(lost!.username);
  });

  test('data beyond the quota are refused', async () => {
    await restart({ defaultQuota: 1000 });
    await expect(signUp(await client.build('alice'))).rejects.toThrow(
      /^Storage quota reached! \nUsed 0 out of 1000 bytes\. Rejecting write of size \d+\. \n/,
    );
    await expectNothing('alice');
  });

  test('the same request again is fine, another one for the name is not', async () => {
    const alice = await client.build('alice', { style: 'rust' });
    await signUp(alice);
    expect(await signUp(alice)).toEqual({ accepted: true });
    await expect(signUp(await client.build('alice'))).rejects.toThrow(TAKEN);
    const other = await client.build('bob');
    await expect(server.core.signup('alice', alice.link, other.log, EMPTY, '')).rejects.toThrow(TAKEN);
    await expectComplete(alice);
  });

  test('of many sign-ups for one name exactly one wins, and the others leave nothing', async () => {
    const accounts = await Promise.all(Array.from({ length: 6 }, async () => client.build('alice')));
    const results = await Promise.allSettled(accounts.map(async (account) => signUp(account)));
    const winners = accounts.filter((_, i) => results[i]!.status === 'fulfilled');
    expect(winners.length).toBe(1);
    await expectComplete(winners[0]!);
    for (const [i, result] of results.entries()) {
      if (result.status === 'fulfilled') continue;
      expect((result.reason as Error).message).toBe(TAKEN);
      const loser = accounts[i]!;
      expect(await server.pointers.getPointer(loser.identity.publicKey.hash, loser.identity.publicKey.hash)).toBeUndefined();
      expect(await server.local.get('alice', loser.targets.home)).toBeUndefined();
      await expect(server.core.getUsername(loser.identity.publicKey.hash)).rejects.toThrow(/^Unknown identity key: z/);
    }
    expect(server.quotas.list().map(({ name }) => name)).toEqual(['alice']);
  });
});

describe('permission', () => {
  test('places are counted exactly, whatever happens at the same time', async () => {
    await restart({ maxUsers: 2 });
    const accounts = await Promise.all(['a', 'b', 'c', 'd', 'e'].map(async (name) => client.build(name)));
    const results = await Promise.allSettled(accounts.map(async (account) => signUp(account)));
    expect(results.filter(({ status }) => status === 'fulfilled').length).toBe(2);
    for (const result of results) if (result.status === 'rejected') expect((result.reason as Error).message).toBe(CLOSED);
    expect(server.quotas.count()).toBe(2);
  });

  test('one token is for one user, whatever happens at the same time', async () => {
    await restart({ maxUsers: 0 });
    const token = await server.tokens.create();
    const accounts = await Promise.all(['a', 'b', 'c'].map(async (name) => client.build(name)));
    const results = await Promise.allSettled(accounts.map(async (account) => signUp(account, token)));
    const winners = accounts.filter((_, i) => results[i]!.status === 'fulfilled');
    expect(winners.length).toBe(1);
    await expectComplete(winners[0]!);
    for (const result of results) if (result.status === 'rejected') expect((result.reason as Error).message).toBe('Invalid signup token.');
    expect(server.tokens.list()).toEqual([]);
    await expect(signUp(await client.build('zoe'), token)).rejects.toThrow('Invalid signup token.');
    await expect(signUp(await client.build('zoe'))).rejects.toThrow(CLOSED);
    // The winner may send its request again, with the token that is gone.
    expect(await signUp(winners[0]!, token)).toEqual({ accepted: true });
  });

  test('a name whose quota the operator has set needs nothing', async () => {
    await restart({ maxUsers: 0 });
    server.quotas.set('alice', 5_000_000);
    expect(await signUp(await client.build('alice'))).toEqual({ accepted: true });
    expect(server.quotas.get('alice')).toBe(5_000_000);
  });

  test('is asked before the proof of work, which comes before everything else', async () => {
    await restart({ maxUsers: 1, maxDailySignups: 0 });
    const alice = await client.build('alice');
    const nonsense = OpLog.of([]);
    expect(await server.core.signup('alice', alice.link, nonsense, EMPTY, '')).toEqual({ accepted: false, difficulty: 256 });
    await expectNothing('alice');
    await expect(server.core.signup('alice', alice.link, nonsense, EMPTY, 'f'.repeat(64))).resolves.toEqual({
      accepted: false,
      difficulty: 256,
    });
    await restart({ maxUsers: 0, maxDailySignups: 0 });
    await expect(server.core.signup('alice', alice.link, nonsense, EMPTY, '')).rejects.toThrow(CLOSED);
  });

  test('a proof of work is asked for when there are many', async () => {
    await restart({ maxDailySignups: 86_400 });
    await signUp(await client.build('alice'));
    const bob = await client.build('bob');
    const answer = await signUp(bob);
    if (answer.accepted) throw new Error('too easy');
    const proof = await ProofOfWork.search(world.crypto, encodeChain([bob.link]), answer.difficulty);
    expect(await signUp(bob, '', proof)).toEqual({ accepted: true });
    await expectComplete(bob);
  });

  test('nobody can pay', async () => {
    const alice = await client.build('alice');
    const core: CoreService = server.core;
    expect(await core.startPaidSignup('alice', alice.link, EMPTY)).toEqual({ accepted: false, difficulty: 256 });
  });
});

describe('interruptions', () => {
  test.each([
    ['kill', 'java'],
    ['kill', 'rust'],
    ['fail', 'java'],
  ] as const)(
    'a sign-up that meets a %s anywhere (%s) is finished later, or has not happened',
    async (mode, style) => {
      const outcomes = new Set<string>();
      for (let at = 1; ; at++) {
        const executioner = new Executioner(Infinity, mode);
        await restart({ maxUsers: 0, executioner });
        const name = `user${at}`;
        const account = await client.build(name, { style });
        const token = await server.tokens.create();
        executioner.aim(at);
        const answered = await signUp(account, token).then(
          () => true,
          () => false,
        );
        const { struck } = executioner;
        await restart({ maxUsers: 0 });
        expect([...server.problems]).toEqual([]);
        if ((await server.core.getPublicKey(name)) === undefined) {
          expect(answered).toBe(false);
          outcomes.add('nothing');
          expect(server.tokens.list().map((entry) => entry.token)).toEqual([token]);
          await expectNothingStored(account);
          expect(await signUp(account, token)).toEqual({ accepted: true });
        } else if (!answered) {
          outcomes.add('finished');
        }
        await expectComplete(account);
        expect(server.tokens.list()).toEqual([]);
        expect(await signUp(account, token)).toEqual({ accepted: true });
        if (!struck) break;
      }
      expect([...outcomes].sort()).toEqual(['finished', 'nothing']);
    },
    180_000,
  );

  /** As {@link expectNothing}, but after a kill. */
  async function expectNothingStored(account: NewAccount): Promise<void> {
    await expectNothing(account.username);
    for (const { publicKey } of [account.identity, account.home]) {
      expect(await server.pointers.getPointer(account.identity.publicKey.hash, publicKey.hash)).toBeUndefined();
    }
  }

  test('after a failure the client finishes by sending the same again; nobody else can', async () => {
    const outcomes = new Set<string>();
    for (let at = 1; ; at++) {
      const executioner = new Executioner(Infinity, 'fail');
      await restart({ maxUsers: 0, executioner });
      const name = `user${at}`;
      const account = await client.build(name);
      const token = await server.tokens.create();
      executioner.aim(at);
      const answered = await signUp(account, token).then(
        () => true,
        () => false,
      );
      const { struck } = executioner;
      executioner.aim(Infinity);
      if (!answered && (await server.core.getPublicKey(name)) !== undefined) {
        outcomes.add('open');
        await expect(signUp(await client.build(name), token)).rejects.toThrow(TAKEN);
        const other = await client.build(`other${at}`);
        await expect(signUp(other, token)).rejects.toThrow('Invalid signup token.');
      }
      expect(await signUp(account, token)).toEqual({ accepted: true });
      await expectComplete(account);
      expect(server.tokens.list()).toEqual([]);
      if (!struck) break;
    }
    expect(outcomes.has('open')).toBe(true);
  }, 180_000);

  test('what the user has changed before the sign-up is finished stays', async () => {
    const executioner = new Executioner(Infinity, 'fail');
    await restart({ executioner });
    for (let at = 1; ; at++) {
      const account = await client.build(`user${at}`);
      executioner.aim(at);
      const answered = await signUp(account).then(
        () => true,
        () => false,
      );
      executioner.aim(Infinity);
      if (answered) break;
      const owner = account.identity.publicKey.hash;
      if ((await server.pointers.getPointer(owner, owner)) === undefined) continue;
      // All pointers are set, something after them failed: the owner goes on.
      const moved = PointerUpdate.of(account.targets.identity, undefined, 2).sign(world.crypto, account.identity.signer);
      expect(await server.pointers.setPointer(owner, owner, moved)).toBe(true);
      await restart({ executioner });
      expect(await server.pointers.getPointer(owner, owner)).toEqual(moved);
      expect(new PendingSignUps(server.db).find(account.username)).toBeUndefined();
    }
  });

  test('a sign-up that cannot be finished is reported and does not keep the server from starting', async () => {
    const alice = await client.build('alice');
    await signUp(alice);
    new PendingSignUps(server.db).add({ username: 'alice', link: alice.link, log: OpLog.of([]), token: '', hasPlace: false, created: 0 });
    await restart();
    expect([...server.problems.keys()]).toEqual(['alice']);
    expect(await server.core.getPublicKey('alice')).toBeDefined();
  });
});

describe('changes of chains by their users', () => {
  test('a renewal needs no permission', async () => {
    const alice = await client.build('alice');
    await signUp(alice);
    await restart({ maxUsers: 0, maxDailySignups: 0 });
    const renewed = client.claim('alice', alice.identity.signer, '2030-01-01');
    expect(await server.core.updateChain('alice', [renewed], EMPTY, '')).toEqual({ accepted: true });
    expect((await server.core.getChain('alice'))[0]!.claim.expiry).toBe('2030-01-01');
    await expect(server.core.updateChain('alice', [alice.link], EMPTY, '')).rejects.toThrow('New claim chain expiry before existing!');
  });

  test('a new identity may write at once', async () => {
    const alice = await client.build('alice');
    await signUp(alice);
    const next = SigningKeyPair.generate(world.crypto);
    expect(await server.space.userOfWriter(next.publicKey.hash, next.publicKey.hash)).toBeUndefined();
    const links = client.keyChange('alice', alice.identity.signer, next.signer, '2030-01-01');
    expect(await server.core.updateChain('alice', links, EMPTY, '')).toEqual({ accepted: true });
    expect(await server.space.userOfWriter(next.publicKey.hash, next.publicKey.hash)).toBe('alice');
    expect(await server.core.getUsername(alice.identity.publicKey.hash)).toBe('alice');
    expect((await server.core.getPublicKey('alice'))!.equals(next.publicKey.hash)).toBe(true);
  });

  test('an identity that moves away is not made a writer here', async () => {
    const alice = await client.build('alice');
    await signUp(alice);
    const next = SigningKeyPair.generate(world.crypto);
    const elsewhere = Cid.v1(CidCodec.libp2pKey, Multihash.sha256(new Uint8Array(32).fill(7)));
    const links = UserPublicKeyLink.createChain(world.crypto, alice.identity.signer, next.signer, 'alice', '2030-01-01', [elsewhere]);
    expect(await server.core.updateChain('alice', links, EMPTY, '')).toEqual({ accepted: true });
    expect(server.space.writersOf('alice').some(({ writer }) => writer.equals(next.publicKey.hash))).toBe(false);
  });

  test('a name can be claimed without data, by the rules of a sign-up', async () => {
    const alice = await client.build('alice');
    await restart({ maxUsers: 0 });
    await expect(server.core.updateChain('alice', [alice.link], EMPTY, '')).rejects.toThrow(CLOSED);
    await expect(server.core.updateChain('alice', [], EMPTY, '')).rejects.toMatchObject({ code: 'denied.chain' });
    const token = await server.tokens.create();
    expect(await server.core.updateChain('alice', [alice.link], EMPTY, token)).toEqual({ accepted: true });
    expect(server.tokens.list()).toEqual([]);
    expect(await server.space.userOfWriter(alice.identity.publicKey.hash, alice.identity.publicKey.hash)).toBe('alice');
    expect(server.quotas.get('alice')).toBe(2 ** 30);
    expect(await server.core.updateChain('alice', [alice.link], EMPTY, token)).toEqual({ accepted: true });
  });

  test('unlisted names are left out of the list only', async () => {
    await signUp(await client.build('alice'));
    await signUp(await client.build('bob'));
    await restart({ unlisted: ['alice', 'nobody'] });
    const names = await server.core.usernames();
    expect(names).toEqual(['bob', 'peergos']);
    expect(await server.core.usernames()).toBe(names);
    expect(await server.core.getPublicKey('alice')).toBeDefined();
  });
});
