import { PyrgosError } from '@pyrgos/core/errors';
import { SymmetricKey } from '@pyrgos/core/keys';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { changedNetwork, overriding } from '../../test/changed-network.js';
import { signUpOldAccount } from '../../test/old-account.js';
import { ServerWorld } from '../../test/server-world.js';
import type { Network } from '../network/index.js';
import type { Account } from './account.js';
import { changePassword } from './change-password.js';
import { localKeys, MemoryLocalStore } from './local-store.js';
import { logIn } from './log-in.js';
import { signUp } from './sign-up.js';
import { restoreSession, sealSession, stayLoggedIn } from './stay-logged-in.js';

const [oldPassword, newPassword] = ['violet anchor sleeps beneath copper', 'seven lanterns over quiet water'] as const;
let world: ServerWorld;
let deviceKey: SymmetricKey;
let store: MemoryLocalStore;
let count = 0;
let username: string;

beforeAll(async () => {
  world = await ServerWorld.start();
});
afterAll(async () => world.close());
beforeEach(() => {
  username = `user${count++}`;
  store = new MemoryLocalStore();
  deviceKey = SymmetricKey.generate(world.crypto);
});

const up = async (options: object = {}): Promise<Account> =>
  signUp(world.network(), { crypto: world.quick, username, password: oldPassword, ...options });
const enter = async (password: string, options: object = {}): Promise<Account> =>
  logIn(world.network(), { crypto: world.quick, username, password, ...options });
const restore = async (options: object, network: Network = world.network()): Promise<Account> =>
  restoreSession(network, { crypto: world.quick, store, deviceKey, ...options });
const isExpired = { code: 'denied.login', data: { expired: true } };

describe('a session that has ended', () => {
  test('takes nothing with it but itself', async () => {
    const account = await up({ store });
    const ended = sealSession(account, deviceKey);
    await changePassword(account, { oldPassword, newPassword, deviceKey });
    await enter(newPassword, { store });
    const kept = await store.get(localKeys.login(username));
    expect(kept).toBeDefined();
    await expect(restore({ sealed: ended })).rejects.toMatchObject(isExpired);
    expect(await store.get(localKeys.login(username))).toEqual(kept);
    expect((await restore({ username })).username).toBe(username);
    // Stored, it is deleted; also when it is given by hand.
    for (const options of [{ username }, { sealed: ended }]) {
      await store.put(localKeys.session(username), ended);
      await expect(restore(options)).rejects.toMatchObject(isExpired);
      expect(await store.get(localKeys.session(username))).toBeUndefined();
    }
  });

  test('does not take the place of the one that was kept since', async () => {
    const account = await up({ store });
    const tab = await enter(oldPassword, { store });
    await changePassword(account, { oldPassword, newPassword, deviceKey });
    await expect(stayLoggedIn(tab, deviceKey)).rejects.toMatchObject(isExpired);
    expect((await restore({ username })).username).toBe(username);
  });

  test('is not kept after another device has replaced the boxing key', async () => {
    await signUpOldAccount(world.quick, world.network(), { username, password: oldPassword, layout: 'modern' });
    const account = await enter(oldPassword, { store, upgradesBoxingKey: false });
    await stayLoggedIn(account, deviceKey);
    await enter(oldPassword);
    account.sessions.refresh();
    await expect(stayLoggedIn(account, deviceKey)).rejects.toMatchObject(isExpired);
  });

  test('has ended when the server says so, not when this device remembers something older', async () => {
    const account = await up({ store });
    // The password is changed without this device, which then gets a session from elsewhere.
    const elsewhere = await changePassword(await enter(oldPassword), { oldPassword, newPassword });
    await store.put(localKeys.session(username), sealSession(elsewhere, deviceKey));
    account.close();
    const network = world.network();
    const away = async (): Promise<never> => {
      throw new PyrgosError('network', 'nobody there', { retry: 'safe', data: { reason: 'unreachable' } });
    };
    const gone = changedNetwork(network, {
      core: overriding(network.core, { getChain: away }),
      pointers: overriding(network.pointers, { getPointer: away }),
    });
    const clock = { now: () => Date.now(), sleep: async () => undefined };
    await expect(restore({ username, clock }, gone)).rejects.toMatchObject({ code: 'network' });
    expect((await restore({ username })).username).toBe(username);
  });
});
