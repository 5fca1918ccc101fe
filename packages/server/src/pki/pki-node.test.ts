import { encodeChain, NEVER_EXPIRES, UserPublicKeyLink } from '@pyrgos/core/accounts';
import { Cid, CidCodec, Multihash } from '@pyrgos/core/codec';
import { DeniedError } from '@pyrgos/core/errors';
import { ProofOfWork, SigningKeyPair } from '@pyrgos/core/keys';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Executioner, type PkiServer, PkiWorld } from '../../test/pki-world.js';
import { SignUpClient } from '@pyrgos/testkit/server';
import { ChainIndex } from './chain-index.js';

const EMPTY = ProofOfWork.empty();
const FIRST = '2024-01-14';
const LATER = '2024-03-14';

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

async function restart(executioner?: Executioner): Promise<void> {
  await server.stop();
  server = await world.start(executioner === undefined ? {} : { executioner });
}

function newKey(): SigningKeyPair {
  return SigningKeyPair.generate(world.crypto);
}

/** Registers a name and returns its first link. */
async function register(name: string, key: SigningKeyPair): Promise<UserPublicKeyLink> {
  const link = client.claim(name, key.signer, FIRST);
  expect(await server.pki.updateChain(name, [link], EMPTY)).toEqual({ accepted: true });
  return link;
}

/** The index must say what the tree says: a second one, made anew from the tree, is equal. */
async function expectIndexIsTree(): Promise<void> {
  const before = await everything();
  const index = new ChainIndex(server.db);
  index.reset(index.state()!);
  await server.pki.refresh();
  expect(await everything()).toEqual(before);
}

async function everything(): Promise<Record<string, string>> {
  const entries = await Promise.all(
    (await server.pki.usernames()).map(async (name): Promise<[string, string]> => {
      const chain = await server.pki.chainOf(name);
      for (const { owner } of chain) expect(await server.pki.usernameOf(owner)).toBe(name);
      expect((await server.pki.identityOf(name))!.equals(chain.at(-1)!.owner)).toBe(true);
      return [name, Buffer.from(encodeChain(chain)).toString('hex')];
    }),
  );
  return Object.fromEntries(entries);
}

describe('look-ups', () => {
  test('unknown names and keys', async () => {
    expect(await server.pki.identityOf('nobody')).toBeUndefined();
    expect(await server.pki.usernameOf(newKey().publicKey.hash)).toBeUndefined();
    expect(await server.pki.chainOf('nobody')).toEqual([]);
    for (const name of ['constructor', '__proto__', 'toString', '']) expect(await server.pki.identityOf(name)).toBeUndefined();
  });

  test('the list of names is sorted, and the same array until there is a new name', async () => {
    for (const name of ['zoe', 'adam', 'mia']) await register(name, newKey());
    const names = await server.pki.usernames();
    expect(names).toEqual(['adam', 'mia', 'peergos', 'zoe']);
    expect(await server.pki.usernames()).toBe(names);
    await register('bob', newKey());
    expect(await server.pki.usernames()).toEqual(['adam', 'bob', 'mia', 'peergos', 'zoe']);
  });
});

describe('updates of chains (chapter 05 sections 16.5 and 17.2)', () => {
  test('the cases of the table of merges', async () => {
    const [old, next] = [newKey(), newKey()];
    await register('alice', old);
    const change = client.keyChange('alice', old.signer, next.signer, LATER);
    const update = async (...links: readonly UserPublicKeyLink[]): Promise<unknown> => server.pki.updateChain('alice', links, EMPTY);

    await expect(update(client.claim('alice', old.signer, '2024-01-13'))).rejects.toThrow('New claim chain expiry before existing!');
    await expect(update(client.claim('alice', next.signer, LATER))).rejects.toThrow('User already exists: Invalid key change attempt!');
    await expect(update(...client.keyChange('alice', next.signer, old.signer, LATER))).rejects.toThrow(
      'Different keys in merge chains intersection!',
    );
    const other = Cid.v1(CidCodec.libp2pKey, Multihash.sha256(new Uint8Array(32).fill(5)));
    expect(await update(client.claim('alice', old.signer, FIRST, other))).toEqual({ accepted: true });

    expect(await update(...change)).toEqual({ accepted: true });
    expect(await server.pki.identityOf('alice')).toEqual(next.publicKey.hash);
    expect(await server.pki.usernameOf(old.publicKey.hash)).toBe('alice');
    await expect(update(change[0]!)).rejects.toThrow('Invalid key chain merge!');
    expect(await update(client.claim('alice', next.signer, LATER))).toEqual({ accepted: true });
    await expect(update(...client.keyChange('alice', next.signer, old.signer, NEVER_EXPIRES))).rejects.toThrow(
      'You cannot reuse a previous password!',
    );
    expect((await server.pki.chainOf('alice')).length).toBe(2);
    await expectIndexIsTree();
  });

  test.each(['-a', 'a--b', 'A', 'root', 'constructor', 'a\n', 'a_b', ''])('a new name %j is refused', async (name) => {
    const link = client.claim('alice', newKey().signer, FIRST);
    await expect(server.pki.updateChain(name, [link], EMPTY)).rejects.toThrow('Invalid username');
    await expect(server.pki.merge(name, [link])).rejects.toThrow('Invalid username');
  });

  test('the claim must be valid, and for this name', async () => {
    const key = newKey();
    const forged = UserPublicKeyLink.of(key.publicKey.hash, client.claim('alice', newKey().signer, FIRST).claim);
    await expect(server.pki.merge('alice', [forged])).rejects.toMatchObject({ code: 'denied.chain' });
    await expect(server.pki.merge('alice', [client.claim('bob', key.signer, FIRST)])).rejects.toMatchObject({ code: 'denied.chain' });
    await expect(server.pki.merge('alice', [])).rejects.toMatchObject({ code: 'denied.chain' });
    expect(await server.pki.usernames()).toEqual(['peergos']);
  });

  test('a key has one name', async () => {
    const key = newKey();
    await register('alice', key);
    await expect(server.pki.merge('bob', [client.claim('bob', key.signer, FIRST)])).rejects.toMatchObject({ code: 'denied.chain' });
    expect(await server.pki.usernameOf(key.publicKey.hash)).toBe('alice');
  });

  test('the identity of peergos cannot be changed', async () => {
    const link = client.claim('peergos', newKey().signer, NEVER_EXPIRES);
    await expect(server.pki.merge('peergos', [link])).rejects.toMatchObject({ code: 'denied.chain' });
  });

  test('the same chain again changes nothing', async () => {
    const link = await register('alice', newKey());
    const before = server.space.writersOf('peergos').map(({ signed }) => signed);
    expect(await server.pki.updateChain('alice', [link], EMPTY)).toEqual({ accepted: true });
    expect(server.space.writersOf('peergos').map(({ signed }) => signed)).toEqual(before);
  });

  test('of many claims of one name at the same time exactly one wins', async () => {
    const keys = Array.from({ length: 8 }, newKey);
    const results = await Promise.allSettled(
      keys.map(async (key) => server.pki.updateChain('alice', [client.claim('alice', key.signer, FIRST)], EMPTY)),
    );
    const winners = results.flatMap((result, i) => (result.status === 'fulfilled' ? [keys[i]!] : []));
    expect(winners.length).toBe(1);
    expect(await server.pki.identityOf('alice')).toEqual(winners[0]!.publicKey.hash);
    for (const result of results) {
      if (result.status === 'rejected') expect((result.reason as Error).message).toBe('User already exists: Invalid key change attempt!');
    }
    await expectIndexIsTree();
  });

  test('updates of different names at the same time all get through', async () => {
    await Promise.all(Array.from({ length: 20 }, async (_, i) => register(`user${i}`, newKey())));
    expect((await server.pki.usernames()).length).toBe(21);
    await expectIndexIsTree();
  });

  test('`prepare` is called for what is valid only, and its failure stops the update', async () => {
    const key = newKey();
    let calls = 0;
    const prepare = async (): Promise<void> => void calls++;
    await expect(server.pki.merge('alice', [client.claim('bob', key.signer, FIRST)], prepare)).rejects.toThrow();
    expect(calls).toBe(0);
    const failing = async (): Promise<void> => {
      throw new DeniedError('denied.chain', 'no');
    };
    await expect(server.pki.merge('alice', [client.claim('alice', key.signer, FIRST)], failing)).rejects.toThrow('no');
    expect(await server.pki.identityOf('alice')).toBeUndefined();
    await server.pki.merge('alice', [client.claim('alice', key.signer, FIRST)], prepare);
    expect(calls).toBe(1);
  });
});

describe('proof of work', () => {
  test('is asked of new names when there are many, not of renewals', async () => {
    await server.stop();
    server = await world.start({ maxDailySignups: 86_400 });
    const key = newKey();
    await register('alice', key);
    const link = client.claim('bob', newKey().signer, FIRST);
    const answer = await server.pki.updateChain('bob', [link], EMPTY);
    if (answer.accepted) throw new Error('too easy');
    expect(answer.difficulty).toBeGreaterThan(10);
    expect(await server.pki.identityOf('bob')).toBeUndefined();
    expect(await server.pki.updateChain('alice', [client.claim('alice', key.signer, LATER)], EMPTY)).toEqual({ accepted: true });
    const proof = await ProofOfWork.search(world.crypto, encodeChain([link]), answer.difficulty);
    expect(await server.pki.updateChain('bob', [link], proof)).toEqual({ accepted: true });
    // Another claim cannot use it.
    const other = client.claim('carol', newKey().signer, FIRST);
    expect(await server.pki.updateChain('carol', [other], proof)).toMatchObject({ accepted: false });
    world.now += 86_400_000;
    expect(await server.pki.updateChain('carol', [other], EMPTY)).toEqual({ accepted: true });
  });

  test('is asked of chains with more than ten links', async () => {
    await server.stop();
    server = await world.start({ maxDailySignups: 0 });
    const keys = Array.from({ length: 11 }, newKey);
    const chain = keys.flatMap((key, i) => {
      const next = keys[i + 1];
      return next === undefined ? [] : [client.keyChange('alice', key.signer, next.signer, LATER)];
    });
    await server.pki.merge('alice', [client.claim('alice', keys[0]!.signer, FIRST)]);
    for (const links of chain.slice(0, 9)) expect(await server.pki.updateChain('alice', links, EMPTY)).toEqual({ accepted: true });
    expect((await server.pki.chainOf('alice')).length).toBe(10);
    expect(await server.pki.updateChain('alice', chain[9]!, EMPTY)).toEqual({ accepted: true });
    expect(await server.pki.updateChain('alice', [client.claim('alice', keys[10]!.signer, NEVER_EXPIRES)], EMPTY)).toEqual({
      accepted: false,
      difficulty: 256,
    });
  });
});

describe('restarts', () => {
  test('a second start reads neither the tree nor the secret key, and the first update decrypts it once', async () => {
    for (const name of ['alice', 'bob', 'carol']) await register(name, newKey());
    await server.stop();
    server = await world.open();
    let reads = 0;
    const get = server.local.get.bind(server.local);
    server.local.get = async (...parameters) => {
      reads++;
      return get(...parameters);
    };
    await server.start();
    expect(reads).toBe(1);
    expect(server.keyReads()).toBe(0);
    expect(await server.pki.usernames()).toEqual(['alice', 'bob', 'carol', 'peergos']);
    await Promise.all([register('dave', newKey()), register('erin', newKey())]);
    expect(server.keyReads()).toBe(1);
  });

  test('an index that is behind, incomplete or gone is made good', async () => {
    for (const name of ['alice', 'bob']) await register(name, newKey());
    const index = new ChainIndex(server.db);
    const old = index.state()!;
    const key = newKey();
    await register('carol', key);
    const before = await everything();

    // Behind: only the difference is read.
    server.db.prepare("DELETE FROM pkichains WHERE username = 'carol'").run();
    server.db.prepare('DELETE FROM pkiowners WHERE username = ?').run('carol');
    index.record([], old);
    await restart();
    expect(await everything()).toEqual(before);

    new ChainIndex(server.db).reset(old);
    await restart();
    expect(await everything()).toEqual(before);
    await register('dave', newKey());
    await expectIndexIsTree();
  });

  test('an index whose old version was collected is made anew', async () => {
    await register('alice', newKey());
    const index = new ChainIndex(server.db);
    const state = index.state()!;
    const missing = Cid.ofSha256(new Uint8Array(32).fill(9), CidCodec.dagCbor);
    index.record([], { ...state, shown: { target: missing, root: missing } });
    const before = await everything();
    await restart();
    expect(await everything()).toEqual(before);
  });

  test('a damaged chain costs its own name only, and the name stays taken', async () => {
    await register('alice', newKey());
    await register('bob', newKey());
    // A chain of somebody else under the name: the tree is signed, but the chain is not valid.
    const block = Cid.ofSha256(world.crypto.sha256(encodeChain(await server.pki.chainOf('alice'))), CidCodec.dagCbor);
    const get = server.local.get.bind(server.local);
    const damaged = client.claim('mallory', newKey().signer, FIRST);
    server.local.get = async (username, cid) => (cid.equals(block) ? encodeChain([damaged]) : get(username, cid));
    const index = new ChainIndex(server.db);
    index.reset(index.state()!);
    await server.pki.refresh();
    expect([...server.problems.keys()]).toEqual(['alice']);
    expect(await server.pki.usernames()).toEqual(['bob', 'peergos']);
    await expect(server.pki.merge('alice', [client.claim('alice', newKey().signer, FIRST)])).rejects.toThrow('User already exists');
  });

  test('a node that was closed signs nothing any more', async () => {
    await register('alice', newKey());
    await server.pki.close();
    await expect(server.pki.merge('bob', [client.claim('bob', newKey().signer, FIRST)])).rejects.toMatchObject({ code: 'aborted' });
    expect(await server.pki.identityOf('alice')).toBeDefined();
  });

  test('the files of another PKI cannot sign', async () => {
    const foreign = await PkiWorld.create(2);
    const stranger = await foreign.start();
    const [secrets, sealed] = [(await stranger.files.readSecrets())!, (await stranger.files.readSecretKey())!];
    await stranger.stop();
    await foreign.remove();
    await server.files.writeSecrets(secrets);
    await server.files.writeSecretKey(sealed);
    await restart();
    await expect(server.pki.merge('bob', [client.claim('bob', newKey().signer, FIRST)])).rejects.toMatchObject({ code: 'format.config' });
    expect(await server.pki.identityOf('bob')).toBeUndefined();
  });

  test.each(['kill', 'fail'] as const)('an update that meets a %s anywhere happens wholly or not at all', async (mode) => {
    await register('alice', newKey());
    for (let at = 1, round = 0; ; at++, round++) {
      const executioner = new Executioner(Infinity, mode);
      await restart(executioner);
      const key = newKey();
      const name = `user${round}`;
      executioner.aim(at);
      const result = await server.pki.updateChain(name, [client.claim(name, key.signer, FIRST)], EMPTY).then(
        () => 'done',
        () => 'failed',
      );
      const { struck } = executioner;
      await restart();
      const identity = await server.pki.identityOf(name);
      if (result === 'done') expect(identity).toEqual(key.publicKey.hash);
      else expect(identity === undefined || identity.equals(key.publicKey.hash)).toBe(true);
      await expectIndexIsTree();
      await server.pki.merge(name, [client.claim(name, key.signer, LATER)]);
      if (!struck) {
        expect(round).toBeGreaterThan(3);
        break;
      }
    }
  });
});
