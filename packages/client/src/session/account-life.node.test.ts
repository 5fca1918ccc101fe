import { addMonths, UserPublicKeyLink, PaymentProperties } from '@pyrgos/core/accounts';
import { IpnsEntry, peerIdOf, ResolutionRecord } from '@pyrgos/core/api';
import { Cid, CidCodec, Multihash, MultihashCode } from '@pyrgos/core/codec';
import { PyrgosError } from '@pyrgos/core/errors';
import { SigningKeyPair, SymmetricKey } from '@pyrgos/core/keys';
import { PointerUpdate } from '@pyrgos/core/model';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { changedNetwork, overriding } from '../../test/changed-network.js';
import { ManualClock } from '../../test/commit-world.js';
import { ServerWorld } from '../../test/server-world.js';
import { MemoryBlockCache } from '../files/view/index.js';
import type { Network } from '../network/index.js';
import type { Account } from './account.js';
import { approveSpaceRequest, pendingSpaceRequests } from './administration.js';
import { changePassword } from './change-password.js';
import { deleteAccount, finishDeletion } from './delete-account.js';
import { localKeys, type LocalStore, MemoryLocalStore } from './local-store.js';
import { logIn } from './log-in.js';
import { ensureCurrentHost, mirrorLoginData, renewClaim } from './own-claim.js';
import { StoredSession } from './sealed-session.js';
import { secondFactors } from './second-factors.js';
import { signUp } from './sign-up.js';
import { paymentPage, space } from './space.js';
import { logOut, restoreSession, sealSession, stayLoggedIn } from './stay-logged-in.js';
import { totpCode } from './totp.js';
import { today } from './today.js';

const password = 'violet anchor sleeps beneath copper';
let world: ServerWorld;
let count = 0;
let username: string;

beforeAll(async () => {
  world = await ServerWorld.start({ flags: { 'admin-usernames': 'boss' } });
});
afterAll(async () => world.close());
beforeEach(() => {
  username = `user${count++}`;
});

const up = async (name: string, network: Network = world.network(), options: object = {}): Promise<Account> =>
  signUp(network, { crypto: world.quick, username: name, password, ...options });
const enter = async (name: string, network: Network = world.network(), options: object = {}): Promise<Account> =>
  logIn(network, { crypto: world.quick, username: name, password, ...options });

describe('deleting an account', () => {
  test('needs the password, ends the account for good, and keeps the name', async () => {
    const store = new MemoryLocalStore();
    const account = await up(username, world.network(), { store, deviceKey: SymmetricKey.generate(world.crypto) });
    await expect(deleteAccount(account, { password: 'some other password' })).rejects.toMatchObject({ code: 'denied.login' });
    expect(account.closed).toBe(false);
    await enter(username);
    await deleteAccount(account, { password });
    expect(account.closed).toBe(true);
    await expect(enter(username)).rejects.toMatchObject({ code: 'not-found.user', data: { deleted: true } });
    await expect(up(username)).rejects.toMatchObject({ code: 'conflict.exists' });
    for (const key of [localKeys.session(username), localKeys.login(username), localKeys.bats(username)]) {
      expect(await store.get(key)).toBeUndefined();
    }
    const network = world.network();
    for (const { publicKeyHash } of [account.identity, account.homeWriter]) {
      const pointer = await network.pointers.getPointer(account.identity.publicKeyHash, publicKeyHash);
      if (pointer !== undefined) expect(PointerUpdate.decodeVerifiedBefore(pointer)).toMatchObject({ updated: undefined, sequence: 2 });
    }
  });

  test('needs the second factor as well', async () => {
    const account = await up(username);
    const app = await secondFactors(account).addTotp();
    await secondFactors(account).enableTotp(app.credentialId, await totpCode(app.key, Math.floor(Date.now() / 1000)));
    await expect(deleteAccount(account, { password })).rejects.toMatchObject({ data: { needsSecondFactor: true } });
  });

  test('is not stopped half-way by a password change of the same session, nor by closing it', async () => {
    const newPassword = 'seven lanterns over quiet water';
    for (const stop of [
      async (account: Account) => void (await changePassword(account, { oldPassword: password, newPassword })),
      async (account: Account) => account.close(),
    ]) {
      const name = `stopped${count++}`;
      const network = world.network();
      const opened: Account[] = [];
      const stopping = changedNetwork(network, {
        space: overriding(network.space, {
          requestSpace: async (...call) => {
            // The home directory is gone, the identity is not.
            for (const account of opened) await stop(account);
            return network.space.requestSpace(...call);
          },
        }),
      });
      const account = await up(name, stopping);
      opened.push(account);
      await deleteAccount(account, { password });
      expect(account.closed).toBe(true);
      await expect(enter(name)).rejects.toMatchObject({ code: 'not-found.user', data: { deleted: true } });
    }
  });

  test('goes on when another device changes something at the same time', async () => {
    const other = await up(username);
    const network = world.network();
    let left = 2;
    const raced = changedNetwork(network, {
      pointers: overriding(network.pointers, {
        setPointers: async (...call) => {
          if (left-- > 0) {
            const { identity, homeWriter, sessions } = other;
            const signer = call[1][0]?.writer.equals(identity.publicKeyHash) === true ? identity : homeWriter;
            await sessions.of(identity.publicKeyHash).updateWriterData(signer, (data) => data.with({ links: data.owned }));
          }
          return network.pointers.setPointers(...call);
        },
      }),
    });
    await deleteAccount(await enter(username, raced), { password });
    await expect(enter(username)).rejects.toMatchObject({ code: 'not-found.user', data: { deleted: true } });
  });

  test('that is cut off can be repeated', async () => {
    const network = world.network();
    let isBroken = true;
    const broken = changedNetwork(network, {
      space: overriding(network.space, {
        requestSpace: async (...call) => {
          if (isBroken) throw new PyrgosError('network', 'the request was lost');
          return network.space.requestSpace(...call);
        },
      }),
    });
    const account = await up(username, broken);
    await expect(deleteAccount(account, { password })).rejects.toMatchObject({ code: 'network' });
    isBroken = false;
    await deleteAccount(account, { password });
    await expect(enter(username)).rejects.toMatchObject({ code: 'not-found.user' });
  });

  test('that is cut off between its two halves can be finished without a session', async () => {
    const network = world.network();
    const broken = changedNetwork(network, {
      space: overriding(network.space, {
        requestSpace: async () => {
          throw new PyrgosError('network', 'the request was lost');
        },
      }),
    });
    const account = await up(username, broken);
    const request = { crypto: world.quick, username, password };
    await expect(finishDeletion(world.network(), request)).rejects.toMatchObject({ code: 'unsupported' });
    await enter(username);
    await expect(deleteAccount(account, { password })).rejects.toMatchObject({ code: 'network' });
    await expect(enter(username)).rejects.toBeInstanceOf(PyrgosError);
    await expect(finishDeletion(world.network(), { ...request, password: 'some other password' })).rejects.toMatchObject({
      code: 'denied.login',
    });
    await finishDeletion(world.network(), request);
    await expect(enter(username)).rejects.toMatchObject({ code: 'not-found.user', data: { deleted: true } });
  });

  test('that was cut off is finished after a restart of the program, and nothing of the account stays on the device (chapter 05 section 21)', async () => {
    const store = new MemoryLocalStore();
    const deviceKey = SymmetricKey.generate(world.crypto);
    const network = world.network();
    const broken = changedNetwork(network, {
      space: overriding(network.space, {
        requestSpace: async () => {
          throw new PyrgosError('network', 'the program was killed here');
        },
      }),
    });
    const account = await up(username, broken, { store, deviceKey });
    await expect(deleteAccount(account, { password })).rejects.toMatchObject({ code: 'network' });
    expect(await store.get(localKeys.session(username))).toBeDefined();
    // Everything that follows knows only what the store has kept.
    await expect(restoreSession(world.network(), { crypto: world.quick, store, deviceKey, username })).rejects.toBeInstanceOf(PyrgosError);
    await expect(enter(username, world.network(), { store })).rejects.toBeInstanceOf(PyrgosError);
    const request = { crypto: world.quick, username, password, store };
    await finishDeletion(world.network(), request);
    for (const key of [localKeys.session(username), localKeys.login(username)]) expect(await store.get(key)).toBeUndefined();
    for (const again of [
      async () => finishDeletion(world.network(), request),
      async () => enter(username, world.network(), { store }),
      async () => restoreSession(world.network(), { crypto: world.quick, store, deviceKey, username }),
    ]) {
      await expect(again()).rejects.toBeInstanceOf(PyrgosError);
    }
    await expect(enter(username)).rejects.toMatchObject({ code: 'not-found.user', data: { deleted: true } });
    await expect(up(username)).rejects.toMatchObject({ code: 'conflict.exists' });
  });

  test('goes on on a free server that does not hear the farewell, not on a paid one', async () => {
    const network = world.network();
    let url: string | undefined = 'https://pay.example/?x';
    const deaf = changedNetwork(network, {
      space: overriding(network.space, {
        requestSpace: async () => {
          throw new PyrgosError('denied.request', 'no');
        },
        paymentProperties: async (...call) => {
          const payment = await network.space.paymentProperties(...call);
          return Object.assign(Object.create(payment) as typeof payment, { url });
        },
      }),
    });
    const account = await up(username, deaf);
    await expect(deleteAccount(account, { password })).rejects.toMatchObject({ code: 'denied.request' });
    url = undefined;
    await deleteAccount(account, { password });
    expect(account.closed).toBe(true);
  });
});

describe('space', () => {
  test('quota, usage, a request, and its approval by an administrator', async () => {
    const boss = await up('boss');
    const account = await up(username);
    const mine = space(account);
    expect(await mine.quota()).toBe(2 ** 30);
    expect(await mine.usage()).toBeGreaterThan(20_000);
    expect(await mine.usage({ pending: true })).toBeGreaterThanOrEqual(await mine.usage());
    const answer = await mine.request({ bytes: 2 ** 31, annual: true });
    expect(answer.freeQuota).toBe(2 ** 30);
    expect(answer.url).toBeUndefined();
    expect((await mine.payment()).freeQuota).toBe(2 ** 30);
    expect(await pendingSpaceRequests(account)).toEqual([]);
    const pending = (await pendingSpaceRequests(boss)).find(({ request }) => request.username === username);
    if (pending === undefined) throw new Error('the request is not pending');
    expect([pending.request.bytes, pending.request.annual]).toEqual([2 ** 31, true]);
    await expect(approveSpaceRequest(account, pending)).rejects.toMatchObject({ code: 'denied.admin' });
    expect(await approveSpaceRequest(boss, pending)).toBe(true);
    expect(await mine.quota()).toBe(2 ** 31);
    expect((await pendingSpaceRequests(boss)).map(({ request }) => request.username)).not.toContain(username);
    await expect(mine.request({ bytes: -1 })).rejects.toMatchObject({ code: 'argument' });
  });

  test('a payment page must be an https page', async () => {
    const payment = await space(await up(username)).payment();
    const withUrl = (url: string): typeof payment => PaymentProperties.of({ freeQuota: payment.freeQuota, url });
    expect(paymentPage(payment, 'alice')).toBeUndefined();
    for (const url of ['http://pay.example/?x', 'javascript:alert(1)//', 'no url']) {
      expect(() => paymentPage(withUrl(url), 'alice')).toThrow(expect.objectContaining({ code: 'format.account' }));
    }
  });
});

describe('the claim of a name', () => {
  test('is renewed when it is due, or on request', async () => {
    const account = await up(username);
    const date = today({ now: () => Date.now() });
    expect(account.claimExpiry).toBe(addMonths(date, 2));
    expect(await renewClaim(account)).toEqual(account.chain);
    const { network, counter } = world.counted();
    // Two months later: the claim has run out, and everything works all the same.
    const clock = new ManualClock();
    const laterDate = addMonths(date, 3);
    // Not five months after today: at the end of a month that may be another day.
    const renewed = addMonths(laterDate, 2);
    clock.time = Date.parse(`${laterDate}T12:00:00Z`);
    const later = await enter(username, network, { clock });
    const chain = await renewClaim(later);
    expect(chain.at(-1)?.claim.expiry).toBe(renewed);
    expect(counter.count('core', 'updateChain')).toBe(1);
    expect((await enter(username)).claimExpiry).toBe(renewed);
    // Never earlier than it was.
    expect((await renewClaim(await enter(username), { force: true })).at(-1)?.claim.expiry).toBe(renewed);
  });

  test('follows the home server to its new id, if the old id says so, and nothing else', async () => {
    const account = await up(username);
    expect(await ensureCurrentHost(account)).toEqual(account.chain);
    const network = world.network();
    const [oldKey, newKey] = [SigningKeyPair.generate(world.crypto), SigningKeyPair.generate(world.crypto)];
    const [oldId, newId] = [peerIdOf(oldKey.publicKey), peerIdOf(newKey.publicKey)];
    const expiry = account.claimExpiry;
    const chainTo = (provider: Cid) => [UserPublicKeyLink.createInitial(world.crypto, account.identity, username, expiry, [provider])];
    let shown = chainTo(oldId);
    let signedBy = oldKey;
    let isMoved = true;
    const sent: (readonly UserPublicKeyLink[])[] = [];
    const rotated = changedNetwork(network, {
      serverIds: async () => [oldId, newId],
      ipnsRecord: async () =>
        IpnsEntry.sign(
          world.crypto,
          signedBy.secretKey,
          ResolutionRecord.of({ sequence: 2, host: newId.multihash, moved: isMoved }),
          Date.now(),
        ),
      core: overriding(network.core, {
        getChain: async () => shown,
        updateChain: async (_name, links) => {
          sent.push(links);
          return { accepted: true };
        },
      }),
    });
    const moved = await enter(username, rotated);
    signedBy = newKey;
    await expect(ensureCurrentHost(moved)).rejects.toMatchObject({ code: 'crypto.signature' });
    signedBy = oldKey;
    isMoved = false;
    await expect(ensureCurrentHost(moved)).rejects.toMatchObject({ code: 'denied.chain' });
    expect(sent).toEqual([]);
    isMoved = true;
    expect((await ensureCurrentHost(moved)).at(-1)?.claim.storageProviders.map(String)).toEqual([newId.toString()]);
    expect(sent).toHaveLength(1);
    // The home of who has none yet is where they are.
    shown = chainTo(Cid.v1(CidCodec.libp2pKey, Multihash.create(MultihashCode.sha2_256, new Uint8Array(32))));
    expect((await ensureCurrentHost(moved)).at(-1)?.claim.storageProviders.map(String)).toEqual([newId.toString()]);
    // Somebody else's server.
    shown = chainTo(await network.serverId());
    expect(await ensureCurrentHost(moved)).toHaveLength(1);
    expect(sent).toHaveLength(2);
  });

  test('the home server has the login data already: nothing is sent', async () => {
    const { network, counter } = world.counted();
    const account = await up(username, network);
    await mirrorLoginData(account);
    expect(counter.count('accounts', 'setLogin')).toBe(0);
    await enter(username);
  });
});

describe('staying logged in', () => {
  const deviceKey = () => SymmetricKey.of(new Uint8Array(32).fill(7));

  test('opens the account without password, and asks for no login data', async () => {
    const store = new MemoryLocalStore();
    const account = await up(username, world.network(), { store, deviceKey: deviceKey() });
    const { network, counter } = world.counted();
    const restored = await restoreSession(network, { username, store, deviceKey: deviceKey() });
    expect(restored.identity.equals(account.identity)).toBe(true);
    expect(restored.home.equals(account.home)).toBe(true);
    expect(counter.count('accounts')).toBe(0);
    expect(counter.storageRequests).toBeLessThanOrEqual(5);
    await logOut(restored);
    expect(restored.closed).toBe(true);
    expect(() => sealSession(restored, deviceKey())).toThrow(expect.objectContaining({ code: 'denied.session' }));
    await expect(restoreSession(world.network(), { username, store, deviceKey: deviceKey() })).rejects.toMatchObject({
      data: { expired: true },
    });
  });

  test('that is asked for while the user logs out keeps nothing', async () => {
    const store = new MemoryLocalStore();
    let isSlow = false;
    const slow: LocalStore = {
      get: async (key) => store.get(key),
      put: async (key, value) => {
        // Later than what is deleted meanwhile.
        if (isSlow) for (let i = 0; i < 50; i++) await Promise.resolve();
        return store.put(key, value);
      },
      delete: async (key) => store.delete(key),
    };
    const account = await up(username, world.network(), { store: slow });
    isSlow = true;
    const staying = stayLoggedIn(account, deviceKey());
    const results = await Promise.allSettled([staying, logOut(account)]);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
    await expect(staying).rejects.toMatchObject({ code: 'denied.session' });
    for (const key of [localKeys.session(username), localKeys.login(username)]) expect(await store.get(key)).toBeUndefined();
  });

  test('what is stored opens with the key of the device only, and shows nothing', async () => {
    const account = await up(username);
    const sealed = sealSession(account, deviceKey());
    const open = async (options: object): Promise<Account> =>
      restoreSession(world.network(), { sealed, deviceKey: deviceKey(), ...options });
    expect((await open({})).username).toBe(username);
    await expect(open({ deviceKey: SymmetricKey.of(new Uint8Array(32)) })).rejects.toMatchObject({ code: 'crypto.authentication' });
    await expect(open({ username: 'somebody' })).rejects.toMatchObject({ code: 'crypto.authentication' });
    await expect(open({ deviceKey: 'text' })).rejects.toMatchObject({ code: 'argument' });
    await expect(open({ sealed: new Uint8Array(70_000) })).rejects.toMatchObject({ code: 'limit' });
    for (const at of [0, 5, 40, sealed.length - 1]) {
      const changed = sealed.slice();
      changed[at] = (changed[at] ?? 0) ^ 1;
      await expect(open({ sealed: changed })).rejects.toBeInstanceOf(PyrgosError);
    }
    await expect(restoreSession(world.network(), { deviceKey: deviceKey() })).rejects.toMatchObject({ code: 'argument' });
    const session = StoredSession.open(world.crypto, deviceKey(), sealed);
    expect(`${String(session)}${JSON.stringify(session)}`).toBe('StoredSession(redacted)"StoredSession(redacted)"');
  });
});

describe('a device whose disk is full', () => {
  const full = (): MemoryLocalStore =>
    overriding(new MemoryLocalStore(), {
      put: async () => {
        throw new PyrgosError('storage', 'The disk is full.');
      },
    });

  test('keeps nobody from logging in and working', async () => {
    const account = await up(username, world.network(), { store: full() });
    const { publicKeyHash } = account.identity;
    await account.sessions
      .of(publicKeyHash)
      .updateWriterData(account.identity, (writerData) => writerData.with({ links: writerData.owned }));
    await enter(username, world.network(), { store: full() });
  });

  test('tells who wants to stay logged in', async () => {
    await up(username);
    const options = { store: full(), deviceKey: SymmetricKey.generate(world.crypto) };
    await expect(enter(username, world.network(), options)).rejects.toMatchObject({ code: 'storage' });
    await expect(enter(username, world.network(), { deviceKey: options.deviceKey })).rejects.toMatchObject({ code: 'unsupported' });
  });
});

describe('without the server', () => {
  test('who has logged in here before logs in again; who has not, and who has a second factor, does not', async () => {
    const own = await ServerWorld.start();
    try {
      const [store, blockCache, deviceKey] = [new MemoryLocalStore(), new MemoryBlockCache(), SymmetricKey.generate(own.crypto)];
      const options = { crypto: own.quick, store, blockCache };
      const account = await signUp(own.network(), { ...options, username: 'alice', password });
      const guarded = await signUp(own.network(), { ...options, username: 'bob', password, deviceKey });
      const app = await secondFactors(guarded).addTotp();
      await secondFactors(guarded).enableTotp(app.credentialId, await totpCode(app.key, Math.floor(Date.now() / 1000)));
      await signUp(own.network(), { ...options, username: 'carol', password, deviceKey });
      await own.stop();

      const offline = await logIn(own.network(), { ...options, username: 'alice', password });
      expect(offline.identity.equals(account.identity)).toBe(true);
      expect(offline.mirrorBat?.equals(account.mirrorBat)).toBe(true);
      expect((await restoreSession(own.network(), { ...options, username: 'carol', deviceKey })).username).toBe('carol');
      for (const [username, word] of [
        ['alice', 'some other password'],
        ['bob', password],
        ['dora', password],
      ] as const) {
        await expect(logIn(own.network(), { ...options, username, password: word })).rejects.toMatchObject({ code: 'network' });
      }
      await expect(restoreSession(own.network(), { ...options, username: 'bob', deviceKey })).rejects.toMatchObject({
        code: 'denied.login',
      });

      await own.restart();
      const { network, counter } = own.counted();
      await logIn(network, { ...options, username: 'alice', password });
      expect(counter.count('accounts', 'getLogin')).toBe(1);
    } finally {
      await own.close();
    }
  });

  test('an answer of the server, whatever it is, is never replaced by what was kept', async () => {
    const store = new MemoryLocalStore();
    await up(username, world.network(), { store });
    const network = world.network();
    for (const error of [
      new PyrgosError('network', 'Something went wrong inside the server.', { data: { status: 500 } }),
      new PyrgosError('denied.request', 'no'),
      new PyrgosError('rate', 'too much'),
    ]) {
      const broken = changedNetwork(network, {
        accounts: overriding(network.accounts, {
          getLogin: async () => {
            throw error;
          },
        }),
      });
      await expect(enter(username, broken, { store })).rejects.toBe(error);
      expect(await store.get(localKeys.login(username))).toBeDefined();
    }
  });

  test('what was kept and is older than the last password change is asked for anew', async () => {
    const store = new MemoryLocalStore();
    const account = await up(username, world.network(), { store });
    const kept = await store.get(localKeys.login(username));
    if (kept === undefined) throw new Error('nothing was kept');
    const damaged = kept.slice();
    damaged[damaged.length - 100] = (damaged.at(-100) ?? 0) ^ 1;
    await store.put(localKeys.login(username), damaged);
    const network = world.network();
    let calls = 0;
    const flaky = changedNetwork(network, {
      accounts: overriding(network.accounts, {
        getLogin: async (...call) => {
          if (calls++ === 0) throw new PyrgosError('network', 'not reached', { data: { reason: 'unreachable' } });
          return network.accounts.getLogin(...call);
        },
      }),
    });
    expect((await enter(username, flaky, { store })).identity.equals(account.identity)).toBe(true);
    expect(calls).toBe(2);
  });
});
