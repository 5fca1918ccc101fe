import { addMonths, LoginResponse, UserPublicKeyLink } from '@pyrgos/core/accounts';
import { PyrgosError } from '@pyrgos/core/errors';
import { ScryptSecretGeneration, type Signer, SigningKeyPair } from '@pyrgos/core/keys';
import { PointerUpdate, WriterData } from '@pyrgos/core/model';
import { seededRandom } from '@pyrgos/testkit/random';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { changedNetwork, overriding } from '../../test/changed-network.js';
import { ManualClock } from '../../test/commit-world.js';
import { signUpOldAccount, withStatic } from '../../test/old-account.js';
import { ServerWorld } from '../../test/server-world.js';
import { HttpNetwork, type Network } from '../network/index.js';
import { type Account, secretsOf } from './account.js';
import { changePassword } from './change-password.js';
import { logIn, type LogInOptions } from './log-in.js';
import { MemoryLocalStore } from './local-store.js';
import { signUp } from './sign-up.js';

const password = 'violet anchor sleeps beneath copper';
const newPassword = 'marble otters juggle distant lanterns';
let world: ServerWorld;
let alice: Account;

beforeAll(async () => {
  world = await ServerWorld.start();
  alice = await signUp(world.network(), { crypto: world.quick, username: 'alice', password });
});
afterAll(async () => world.close());

const enter = async (network: Network, options: Partial<LogInOptions> = {}): Promise<Account> =>
  logIn(network, { crypto: world.quick, username: 'alice', password, upgradesBoxingKey: false, ...options });

/** A server that shows another identity for a user, which it has made itself, and answers everything else truly. */
function imposter(network: Network, username: string, identity: Signer, writerData: WriterData): Network {
  const { crypto } = world;
  const [bytes, hash] = [writerData.encode(), writerData.cid(crypto)];
  const expiry = addMonths(new Date().toISOString().slice(0, 10), 2);
  return changedNetwork(network, {
    core: overriding(network.core, {
      getChain: async () => [UserPublicKeyLink.createInitial(crypto, identity, username, expiry, [await network.serverId()])],
    }),
    pointers: overriding(network.pointers, {
      getPointer: async (owner, writer, signal) =>
        writer.equals(identity.publicKeyHash)
          ? PointerUpdate.of(undefined, hash, 1).sign(crypto, identity)
          : network.pointers.getPointer(owner, writer, signal),
    }),
    blocks: overriding(network.blocks, {
      getBlock: async (cid, context) => (cid.equals(hash) ? bytes : network.blocks.getBlock(cid, context)),
    }),
  });
}

describe('a server that shows another identity', () => {
  const mallory = () => SigningKeyPair.fromSeed(world.crypto, new Uint8Array(32).fill(66)).signer;

  test('is found out, although it asks for the right key derivation and gives out the right login data', async () => {
    const { algorithm } = secretsOf(alice);
    const data = WriterData.of(mallory().publicKeyHash, { algorithm, inbound: alice.boxing.publicKey.hash(world.crypto) });
    await expect(enter(imposter(world.network(), 'alice', mallory(), data))).rejects.toMatchObject({ code: 'denied.chain' });
  });

  test('is found out, although it gives out the login data in the legacy way', async () => {
    const { algorithm, sealed } = secretsOf(alice);
    const data = withStatic(WriterData.of(mallory().publicKeyHash, { algorithm }), sealed.toCbor());
    await expect(enter(imposter(world.network(), 'alice', mallory(), data))).rejects.toMatchObject({ code: 'denied.chain' });
  });

  test('for a legacy account is found out', async () => {
    const identity = await signUpOldAccount(world.quick, world.network(), { username: 'lena', password, layout: 'legacy' });
    const lena = await logIn(world.network(), { crypto: world.quick, username: 'lena', password, upgradesBoxingKey: false });
    expect(lena.identity.equals(identity)).toBe(true);
    const { algorithm, sealed } = secretsOf(lena);
    const data = withStatic(WriterData.of(mallory().publicKeyHash, { algorithm }), sealed.toCbor());
    await expect(
      logIn(imposter(world.network(), 'lena', mallory(), data), { crypto: world.quick, username: 'lena', password }),
    ).rejects.toMatchObject({ code: 'denied.chain' });
  });

  test('gets no cheap guess at the password: what it asks for must cost as much as the protocol demands', async () => {
    const network = world.network();
    let calls = 0;
    const counting = changedNetwork(network, {
      accounts: overriding(network.accounts, {
        getLogin: async (...call) => {
          calls++;
          return network.accounts.getLogin(...call);
        },
      }),
    });
    const noWork = Object.create(world.crypto, { scrypt: { value: () => expect.unreachable() } }) as typeof world.crypto;
    for (const algorithm of [ScryptSecretGeneration.of({ logN: 15 }), ScryptSecretGeneration.of({ logN: 17, r: 1 }), undefined]) {
      const data = WriterData.of(mallory().publicKeyHash, { algorithm });
      await expect(enter(imposter(counting, 'alice', mallory(), data), { crypto: noWork })).rejects.toMatchObject({ code: 'denied.login' });
    }
    expect(calls).toBe(0);
  });

  test('is found out before the password is used by a device that knows the user', async () => {
    const store = new MemoryLocalStore();
    await enter(world.network(), { store });
    const { algorithm } = secretsOf(alice);
    const noWork = Object.create(world.crypto, { scrypt: { value: () => expect.unreachable() } }) as typeof world.crypto;
    const network = imposter(world.network(), 'alice', mallory(), WriterData.of(mallory().publicKeyHash, { algorithm }));
    await expect(enter(network, { store, crypto: noWork })).rejects.toMatchObject({ code: 'denied.chain' });
    const forgetful = changedNetwork(world.network(), { core: overriding(world.network().core, { getChain: async () => [] }) });
    await expect(enter(forgetful, { store, crypto: noWork })).rejects.toMatchObject({ code: 'denied.chain' });
    expect((await enter(world.network(), { store })).identity.equals(alice.identity)).toBe(true);
  });
});

describe('a server that goes back', () => {
  test('to before a password change is found out by a device that has seen the change', async () => {
    const store = new MemoryLocalStore();
    const network = world.network();
    const account = await signUp(network, { crypto: world.quick, username: 'rolf', password });
    const writer = account.identity.publicKeyHash;
    const pointer = await network.pointers.getPointer(writer, writer);
    const old = changedNetwork(network, {
      pointers: overriding(network.pointers, {
        getPointer: async (owner, of, signal) => (of.equals(writer) ? pointer : network.pointers.getPointer(owner, of, signal)),
      }),
    });
    const rolf = { crypto: world.quick, username: 'rolf', store };
    await logIn(old, { ...rolf, password });
    await changePassword(account, { oldPassword: password, newPassword });
    await logIn(network, { ...rolf, password: newPassword });
    for (const word of [password, newPassword]) {
      await expect(logIn(old, { ...rolf, password: word })).rejects.toMatchObject({ code: 'denied.stale' });
    }
  });

  test('to before a change of the identity key gets nowhere', async () => {
    const store = new MemoryLocalStore();
    const network = world.network();
    await signUpOldAccount(world.quick, network, { username: 'lars', password, layout: 'legacy' });
    const lars = { crypto: world.quick, username: 'lars', store };
    const before = await logIn(network, { ...lars, password });
    const chain = await network.core.getChain('lars');
    const after = await changePassword(before, { oldPassword: password, newPassword });
    const old = changedNetwork(network, { core: overriding(network.core, { getChain: async () => chain }) });
    const again = await logIn(old, { ...lars, password: newPassword });
    expect(again.identity.equals(after.identity)).toBe(true);
    expect(again.chain).toHaveLength(2);
  });
});

describe('a server that answers anything', () => {
  /** The n-th answer (from 0) goes through `change`. */
  const damaging = (nth: number, change: (bytes: Uint8Array) => Uint8Array): HttpNetwork => {
    let answers = 0;
    const clock = new ManualClock();
    const network = new HttpNetwork({
      server: world.url,
      crypto: world.crypto,
      // Waits between attempts take no time.
      clock: { now: () => Date.now(), sleep: async (milliseconds) => clock.sleep(milliseconds) },
      fetch: async (url, init) => {
        const response = await fetch(url, init);
        if (answers++ !== nth) return response;
        const bytes = change(new Uint8Array(await response.arrayBuffer()));
        return new Response(bytes.slice(), { status: response.status, headers: { 'content-length': String(bytes.length) } });
      },
    });
    return network;
  };

  const outcome = async (network: HttpNetwork): Promise<'refused' | 'unharmed'> => {
    try {
      const account = await enter(network);
      // What is not noticed must not matter.
      expect(account.identity.equals(alice.identity)).toBe(true);
      expect(account.boxing.equals(alice.boxing)).toBe(true);
      expect(account.home.equals(alice.home)).toBe(true);
      expect(account.homeWriter.equals(alice.homeWriter)).toBe(true);
      return 'unharmed';
    } catch (error) {
      if (!(error instanceof PyrgosError)) throw error;
      expect(`${String(error)}${JSON.stringify(error.data)}`).not.toContain(password);
      return 'refused';
    } finally {
      network.close();
    }
  };

  test('every bit it flips is noticed, or changes nothing: 160 cases', async () => {
    const random = seededRandom(20_261_122);
    const draw = (below: number): number => {
      const [a = 0, b = 0, c = 0] = random.randomBytes(3);
      return (a * 65_536 + b * 256 + c) % below;
    };
    let refused = 0;
    for (let i = 0; i < 160; i++) {
      const nth = i % 8;
      const network = damaging(nth, (bytes) => {
        const changed = bytes.slice();
        if (bytes.length > 0) {
          const at = draw(bytes.length);
          changed[at] = (changed[at] ?? 0) ^ (1 << draw(8));
        }
        return changed;
      });
      if ((await outcome(network)) === 'refused') refused++;
    }
    // Most answers are signed, hashed or encrypted as a whole.
    expect(refused).toBeGreaterThan(80);
  });

  test.each([
    ['nothing', () => new Uint8Array()],
    ['half of it', (bytes: Uint8Array) => bytes.slice(0, bytes.length >> 1)],
    ['more than it', (bytes: Uint8Array) => Uint8Array.of(...bytes, ...bytes)],
    ['zeros', (bytes: Uint8Array) => new Uint8Array(bytes.length)],
    ['a web page', () => new TextEncoder().encode('<!doctype html><title>Welcome</title>')],
  ] as const)('%s instead of any answer is refused, or changes nothing', async (_name, change) => {
    for (let nth = 0; nth < 8; nth++) await outcome(damaging(nth, change));
  });
});

describe('a server that gives out other login data', () => {
  test('does not take away what this device needs for logging in without it', async () => {
    const store = new MemoryLocalStore();
    const network = world.network();
    const bob = await signUp(network, { crypto: world.quick, username: 'bob', password });
    await enter(network, { store });
    const wrong = changedNetwork(network, {
      accounts: overriding(network.accounts, { getLogin: async () => LoginResponse.ofEntryPoints(secretsOf(bob).sealed) }),
    });
    await expect(enter(wrong, { store })).rejects.toMatchObject({ code: 'denied.login' });
    const unreachable = async (): Promise<never> => {
      throw new PyrgosError('network', 'nobody there', { data: { reason: 'unreachable' } });
    };
    const offline = changedNetwork(network, {
      accounts: overriding(network.accounts, { getLogin: unreachable }),
    });
    expect((await enter(offline, { store })).identity.equals(alice.identity)).toBe(true);
  });
});

describe('a server that says yes to a new password and keeps the old one', () => {
  test('is found out: the old password stays the one that people use', async () => {
    const network = world.network();
    const account = await signUp(network, { crypto: world.quick, username: 'yves', password });
    const lying = changedNetwork(network, { accounts: overriding(network.accounts, { setLogin: async () => true }) });
    const yves = { crypto: world.quick, username: 'yves', upgradesBoxingKey: false };
    const deceived = await logIn(lying, { ...yves, password });
    await expect(changePassword(deceived, { oldPassword: password, newPassword })).rejects.toMatchObject({ code: 'denied.password' });
    expect((await logIn(network, { ...yves, password })).identity.equals(account.identity)).toBe(true);
    // What was not changed can be changed.
    await changePassword(await logIn(network, { ...yves, password }), { oldPassword: password, newPassword });
    await logIn(network, { ...yves, password: newPassword });
  });
});
