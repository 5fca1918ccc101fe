import { BlindFollowRequest, LoginData, MfaType } from '@pyrgos/core/accounts';
import { PaddedAsymmetricCipherText } from '@pyrgos/core/containers';
import { PyrgosError } from '@pyrgos/core/errors';
import { BoxingKeyPair, SigningKeyPair, SymmetricKey } from '@pyrgos/core/keys';
import { EntryPoints } from '@pyrgos/core/model';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { changedNetwork, overriding } from '../../test/changed-network.js';
import { signUpOldAccount } from '../../test/old-account.js';
import { ServerWorld } from '../../test/server-world.js';
import { createChildWriter, writerDataOf } from '../commit/index.js';
import { CommittedView, listChildren, openItem } from '../files/view/index.js';
import type { Network } from '../network/index.js';
import type { Progress } from '../waiting/progress.js';
import { type Account, secretsOf } from './account.js';
import { changePassword } from './change-password.js';
import { logIn } from './log-in.js';
import { localKeys, MemoryLocalStore } from './local-store.js';
import { answerWithCode, type SecondFactorPrompt } from './second-factor-prompt.js';
import { secondFactors } from './second-factors.js';
import { signUp } from './sign-up.js';
import { restoreSession, sealSession, stayLoggedIn } from './stay-logged-in.js';
import { totpCode } from './totp.js';

const oldPassword = 'violet anchor sleeps beneath copper';
const newPassword = 'marble otters juggle distant lanterns';
let world: ServerWorld;
let count = 0;
const newName = (): string => `user${count++}`;

beforeAll(async () => {
  world = await ServerWorld.start();
});
afterAll(async () => world.close());

const enter = async (username: string, password: string, network: Network = world.network()): Promise<Account> =>
  logIn(network, { crypto: world.quick, username, password, upgradesBoxingKey: false });
const refused = async (username: string, password: string): Promise<void> =>
  expect(enter(username, password)).rejects.toMatchObject({ code: 'denied.login', data: { reason: 'password' } });
const namesAtHome = async (account: Account): Promise<string[]> => {
  const view = new CommittedView(account.sessions);
  const names: string[] = [];
  for await (const child of listChildren(view, await openItem(view, account.home))) if (child.name !== undefined) names.push(child.name);
  return names.toSorted();
};
const homeNames = ['.capabilitycache', '.transactions', 'shared'];

describe('a password change', () => {
  test('keeps the cost of the key derivation when the new one is given as undefined', async () => {
    const username = newName();
    const cost = { logN: 18 };
    const account = await signUp(world.network(), { crypto: world.quick, username, password: oldPassword, cost });
    const options = { oldPassword, newPassword, cost: { logN: undefined } };
    const changed = await changePassword(account, options);
    expect(secretsOf(changed).algorithm.logN).toBe(18);
  });

  test('tells how far it is, from the beginning of the first key derivation to the end of the second', async () => {
    const account = await signUp(world.network(), { crypto: world.quick, username: newName(), password: oldPassword });
    const told: Progress[] = [];
    await changePassword(account, { oldPassword, newPassword, onProgress: (progress) => void told.push(progress) });
    expect(told.length).toBeGreaterThan(1);
    for (const [i, { done, total, phase }] of told.entries()) {
      expect([total, phase]).toEqual([1, 'key-derivation']);
      expect(done).toBeGreaterThan(told[i - 1]?.done ?? -1);
    }
    expect(told.some(({ done }) => done <= 0.5)).toBe(true);
    expect(told.at(-1)?.done).toBe(1);
  });

  test('keeps the identity, ends the old password, and gives every change a new salt', async () => {
    const username = newName();
    const account = await signUp(world.network(), { crypto: world.quick, username, password: oldPassword });
    const { algorithm } = secretsOf(account);
    const changed = await changePassword(account, { oldPassword, newPassword });
    expect(account.closed).toBe(true);
    await expect(changePassword(account, { oldPassword: newPassword, newPassword: oldPassword })).rejects.toMatchObject({
      code: 'denied.session',
    });
    expect(changed.identity.equals(account.identity)).toBe(true);
    expect(changed.boxing.equals(account.boxing)).toBe(true);
    expect(secretsOf(changed).algorithm.extraSalt).not.toBe(algorithm.extraSalt);
    expect(secretsOf(changed).algorithm.length).toBe(64);
    await refused(username, oldPassword);
    const again = await enter(username, newPassword);
    expect(again.identity.equals(account.identity)).toBe(true);
    expect(await namesAtHome(again)).toEqual(homeNames);
    // An older password may come back later; only the current one is refused.
    const back = await changePassword(changed, { oldPassword: newPassword, newPassword: oldPassword, cost: { logN: 18 } });
    expect(secretsOf(back).algorithm.logN).toBe(18);
    await enter(username, oldPassword);
    // The session that changed the password goes on working with the identity.
    await back.sessions
      .of(back.identity.publicKeyHash)
      .updateWriterData(back.identity, (writerData) => writerData.with({ links: writerData.owned }));
    await enter(username, oldPassword);
  });

  test('a bad new password or a wrong old one changes nothing', async () => {
    const username = newName();
    const account = await signUp(world.network(), { crypto: world.quick, username, password: oldPassword });
    for (const [bad, problem] of [
      [username, 'equals-username'],
      ['short', 'too-short'],
      ['aaaaaaaaaaaaaaaaaa', 'repetition'],
      ['password123456', 'common'],
      [oldPassword, 'unchanged'],
    ] as const) {
      await expect(changePassword(account, { oldPassword, newPassword: bad })).rejects.toMatchObject({
        code: 'denied.password',
        data: { reason: problem },
      });
    }
    await expect(changePassword(account, { oldPassword: 'some wrong password', newPassword })).rejects.toMatchObject({
      code: 'denied.login',
    });
    expect(account.closed).toBe(false);
    await enter(username, oldPassword);
  });

  test('asks for the second factor, and keeps it', async () => {
    const username = newName();
    const account = await signUp(world.network(), { crypto: world.quick, username, password: oldPassword });
    const app = await secondFactors(account).addTotp();
    const code = async (): Promise<string> => totpCode(app.key, Math.floor(Date.now() / 1000));
    await secondFactors(account).enableTotp(app.credentialId, await code());
    await expect(changePassword(account, { oldPassword, newPassword })).rejects.toMatchObject({ data: { needsSecondFactor: true } });
    const secondFactor: SecondFactorPrompt = async ({ methods }) => {
      const method = methods.find(({ type }) => type === MfaType.totp);
      return method === undefined ? undefined : answerWithCode(method, await code());
    };
    const changed = await changePassword(account, { oldPassword, newPassword, secondFactor });
    expect(await secondFactors(changed).list()).toHaveLength(1);
    await expect(enter(username, newPassword)).rejects.toMatchObject({ data: { needsSecondFactor: true } });
  });

  test('a lost answer is found out to be a success; a lost request is a failure, and the old password stays', async () => {
    const username = newName();
    await signUp(world.network(), { crypto: world.quick, username, password: oldPassword });
    const network = world.network();
    const breaks = (isSent: boolean): Network =>
      changedNetwork(network, {
        accounts: overriding(network.accounts, {
          setLogin: async (...call) => {
            if (isSent) await network.accounts.setLogin(...call);
            throw new PyrgosError('network', 'the connection was lost');
          },
        }),
      });
    const failing = await enter(username, oldPassword, breaks(false));
    await expect(changePassword(failing, { oldPassword, newPassword })).rejects.toMatchObject({ code: 'network' });
    expect(failing.closed).toBe(false);
    await enter(username, oldPassword);
    await changePassword(await enter(username, oldPassword, breaks(true)), { oldPassword, newPassword });
    await refused(username, oldPassword);
    await enter(username, newPassword);
  });

  test('of two devices that change it at once, one wins and the other is told', async () => {
    const username = newName();
    await signUp(world.network(), { crypto: world.quick, username, password: oldPassword });
    const network = world.network();
    const passwords = [`${newPassword} 1`, `${newPassword} 2`];
    let waiting = 0;
    let release = (): void => undefined;
    const both = new Promise<void>((resolve) => {
      release = resolve;
    });
    const together = changedNetwork(network, {
      accounts: overriding(network.accounts, {
        setLogin: async (...call) => {
          if (++waiting === 2) release();
          await both;
          return network.accounts.setLogin(...call);
        },
      }),
    });
    const results = await Promise.allSettled(
      passwords.map(async (password) =>
        changePassword(await enter(username, oldPassword, together), { oldPassword, newPassword: password }),
      ),
    );
    expect(results.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    const lost = results.find((result) => result.status === 'rejected');
    expect(lost?.reason).toMatchObject({ code: expect.stringMatching(/^conflict\./) });
    const winner = results.findIndex(({ status }) => status === 'fulfilled');
    await enter(username, passwords[winner] ?? '');
    await refused(username, passwords[1 - winner] ?? '');
    await refused(username, oldPassword);
  });

  test('another commit of the identity in between is no obstacle', async () => {
    const username = newName();
    const other = await signUp(world.network(), { crypto: world.quick, username, password: oldPassword });
    const network = world.network();
    let isFirst = true;
    const raced = changedNetwork(network, {
      accounts: overriding(network.accounts, {
        setLogin: async (...call) => {
          if (isFirst) {
            isFirst = false;
            const child = SigningKeyPair.generate(world.crypto).signer;
            await other.sessions
              .of(other.identity.publicKeyHash)
              .update([other.identity.publicKeyHash], async (snapshot, committer) =>
                createChildWriter(committer, snapshot, other.identity, child),
              );
          }
          return network.accounts.setLogin(...call);
        },
      }),
    });
    await changePassword(await enter(username, oldPassword, raced), { oldPassword, newPassword });
    expect(isFirst).toBe(false);
    await enter(username, newPassword);
  });

  test('ends sessions that other devices have stored, and renews the own one on request', async () => {
    const username = newName();
    const deviceKey = SymmetricKey.generate(world.crypto);
    const [here, there] = [new MemoryLocalStore(), new MemoryLocalStore()];
    const account = await signUp(world.network(), { crypto: world.quick, username, password: oldPassword, store: here, deviceKey });
    const elsewhere = await logIn(world.network(), { crypto: world.quick, username, password: oldPassword, store: there, deviceKey });
    const sealed = sealSession(elsewhere, deviceKey);
    await restoreSession(world.network(), { crypto: world.quick, username, store: there, deviceKey });
    await changePassword(account, { oldPassword, newPassword, deviceKey });
    expect((await restoreSession(world.network(), { crypto: world.quick, username, store: here, deviceKey })).username).toBe(username);
    for (const options of [{ username, store: there }, { sealed }, { username, store: there }]) {
      await expect(restoreSession(world.network(), { crypto: world.quick, ...options, deviceKey })).rejects.toMatchObject({
        code: 'denied.login',
        data: { expired: true },
      });
    }
    expect(await there.get(localKeys.session(username))).toBeUndefined();
    expect(await there.get(localKeys.login(username))).toBeUndefined();
  });
});

describe('a legacy account', () => {
  const legacy = async (salt?: string): Promise<string> => {
    const username = newName();
    await signUpOldAccount(world.quick, world.network(), {
      username,
      password: oldPassword,
      layout: 'legacy',
      ...(salt === undefined ? {} : { extraSalt: salt }),
    });
    return username;
  };

  test.each([undefined, '00'.repeat(32)])('is logged in to with keys from the password alone (extra salt %s)', async (salt) => {
    const username = await legacy(salt);
    const { network, counter } = world.counted();
    const account = await enter(username, oldPassword, network);
    expect(counter.count('accounts')).toBe(0);
    expect(counter.storageRequests).toBeLessThanOrEqual(5);
    expect([account.isLegacy, account.isPostQuantum, account.isBoxingPublished]).toEqual([true, false, true]);
    // It had no mirror BAT.
    expect(account.mirrorBat).toBeDefined();
    expect(await namesAtHome(account)).toEqual(homeNames);
    await refused(username, newPassword);
    const deviceKey = SymmetricKey.generate(world.crypto);
    expect(() => sealSession(account, deviceKey)).toThrow(expect.objectContaining({ code: 'denied.login' }));
    await expect(stayLoggedIn(account, deviceKey)).rejects.toMatchObject({ code: 'unsupported' });
  });

  test('gets a boxing key that resists quantum computers when it is logged in to', async () => {
    const username = await legacy();
    const account = await logIn(world.network(), { crypto: world.quick, username, password: oldPassword });
    expect([account.isLegacy, account.isPostQuantum, account.isBoxingPublished]).toEqual([true, true, true]);
    const again = await logIn(world.network(), { crypto: world.quick, username, password: oldPassword });
    expect(again.boxing.equals(account.boxing)).toBe(true);
    expect(again.identity.equals(account.identity)).toBe(true);
  });

  test.each([true, false])('becomes a modern one with the next password (upgraded before: %s)', async (isUpgraded) => {
    const username = await legacy();
    const before = isUpgraded
      ? await logIn(world.network(), { crypto: world.quick, username, password: oldPassword })
      : await enter(username, oldPassword);
    const after = await changePassword(before, { oldPassword, newPassword });
    expect(before.closed).toBe(true);
    expect([after.isLegacy, after.isPostQuantum, after.isBoxingPublished]).toEqual([false, true, true]);
    expect(after.identity.equals(before.identity)).toBe(false);
    expect(after.boxing.equals(before.boxing)).toBe(isUpgraded);
    expect(after.chain).toHaveLength(2);
    expect(after.chain[0].owner.equals(before.identity.publicKeyHash)).toBe(true);
    expect(await namesAtHome(after)).toEqual(homeNames);
    await refused(username, oldPassword);
    const again = await enter(username, newPassword);
    expect(again.identity.equals(after.identity)).toBe(true);
    expect(again.home.owner.equals(after.identity.publicKeyHash)).toBe(true);
    // And it is like any other account from then on.
    const third = await changePassword(again, { oldPassword: newPassword, newPassword: `${newPassword} 3` });
    expect(third.identity.equals(after.identity)).toBe(true);
    const session = third.sessions.of(third.identity.publicKeyHash);
    const child = SigningKeyPair.generate(world.crypto).signer;
    await session.update([third.identity.publicKeyHash], async (snapshot, committer) =>
      createChildWriter(committer, snapshot, third.identity, child),
    );
    expect(await world.network().core.getUsername(before.identity.publicKeyHash)).toBe(username);
  });

  test.each(['setLogin', 'updateChain'] as const)(
    'a conversion that is cut off before %s leaves the old password valid, and can be repeated',
    async (method) => {
      const username = await legacy();
      const network = world.network();
      const fail = async (): Promise<never> => {
        throw new PyrgosError('network', 'the request was lost');
      };
      const broken = changedNetwork(network, {
        accounts: overriding(network.accounts, method === 'setLogin' ? { setLogin: fail } : {}),
        core: overriding(network.core, method === 'updateChain' ? { updateChain: fail } : {}),
      });
      const account = await enter(username, oldPassword, broken);
      await expect(changePassword(account, { oldPassword, newPassword })).rejects.toMatchObject({ code: 'network' });
      expect(account.closed).toBe(false);
      await refused(username, newPassword);
      const again = await enter(username, oldPassword);
      expect(again.isLegacy).toBe(true);
      expect(await namesAtHome(again)).toEqual(homeNames);
      const converted = await changePassword(again, { oldPassword, newPassword });
      expect(converted.isLegacy).toBe(false);
      // What the first attempt has left behind is not taken along.
      const owned = writerDataOf(
        await converted.sessions.of(converted.identity.publicKeyHash).read(converted.identity.publicKeyHash),
        converted.identity.publicKeyHash,
      );
      expect(owned.owned).toBeDefined();
      await enter(username, newPassword);
    },
  );

  test('a lost answer to the last step is found out to be a success', async () => {
    const username = await legacy();
    const network = world.network();
    const broken = changedNetwork(network, {
      core: overriding(network.core, {
        updateChain: async (...call) => {
          await network.core.updateChain(...call);
          throw new PyrgosError('network', 'the answer was lost');
        },
      }),
    });
    const converted = await changePassword(await enter(username, oldPassword, broken), { oldPassword, newPassword });
    expect(converted.isLegacy).toBe(false);
  });

  test('whose identity owns a writer that nobody has the key of is not converted, and nothing is changed', async () => {
    const username = await legacy();
    const account = await enter(username, oldPassword);
    const child = SigningKeyPair.generate(world.crypto).signer;
    const owner = account.identity.publicKeyHash;
    const session = account.sessions.of(owner);
    await session.update([owner], async (snapshot, committer) => createChildWriter(committer, snapshot, account.identity, child));
    const before = (await session.read(owner, { fresh: true })).get(owner)?.sequence;
    await expect(changePassword(account, { oldPassword, newPassword })).rejects.toMatchObject({ code: 'unsupported' });
    expect((await session.read(owner, { fresh: true })).get(owner)?.sequence).toBe(before);
    await enter(username, oldPassword);
    const converted = await changePassword(account, { oldPassword, newPassword, ownedWriters: [child] });
    expect(converted.isLegacy).toBe(false);
  });
});

describe('an old boxing key of a modern account', () => {
  const old = async (): Promise<string> => {
    const username = newName();
    await signUpOldAccount(world.quick, world.network(), { username, password: oldPassword, layout: 'modern' });
    return username;
  };

  test('is replaced when it is logged in to', async () => {
    const username = await old();
    const account = await logIn(world.network(), { crypto: world.quick, username, password: oldPassword });
    expect([account.isLegacy, account.isPostQuantum, account.isBoxingPublished]).toEqual([false, true, true]);
    const again = await logIn(world.network(), { crypto: world.quick, username, password: oldPassword });
    expect(again.boxing.equals(account.boxing)).toBe(true);
    expect(again.identity.equals(account.identity)).toBe(true);
  });

  test('that was replaced elsewhere ends the stored session', async () => {
    const username = await old();
    const deviceKey = SymmetricKey.generate(world.crypto);
    const store = new MemoryLocalStore();
    const login = { crypto: world.quick, username, password: oldPassword };
    await logIn(world.network(), { ...login, store, deviceKey, upgradesBoxingKey: false });
    await restoreSession(world.network(), { crypto: world.quick, username, store, deviceKey });
    await logIn(world.network(), login);
    const restored = restoreSession(world.network(), { crypto: world.quick, username, store, deviceKey });
    await expect(restored).rejects.toMatchObject({ code: 'denied.login', data: { expired: true } });
    await logIn(world.network(), { ...login, store, deviceKey });
    expect((await restoreSession(world.network(), { crypto: world.quick, username, store, deviceKey })).isPostQuantum).toBe(true);
  });

  test('stays while follow requests are pending that only it opens', async () => {
    const username = await old();
    const account = await enter(username, oldPassword);
    const sender = BoxingKeyPair.generateCurve25519(world.crypto);
    const request = BlindFollowRequest.of(
      PaddedAsymmetricCipherText.seal(world.crypto, account.boxing.publicKey, sender.secretKey, ['hello'], 512),
      sender.publicKey,
    );
    await world.network().social.sendFollowRequest(account.identity.publicKeyHash, request);
    const again = await logIn(world.network(), { crypto: world.quick, username, password: oldPassword });
    expect(again.isPostQuantum).toBe(false);
    await again.network.social.removeFollowRequest(request, again.identity);
    expect((await logIn(world.network(), { crypto: world.quick, username, password: oldPassword })).isPostQuantum).toBe(true);
  });

  test('an upgrade of another client that is cut off after the secret was stored is finished at the next log-in', async () => {
    const username = await old();
    const account = await enter(username, oldPassword);
    const { entryPoints, rootKey, loginKey } = secretsOf(account);
    const boxer = BoxingKeyPair.generateHybrid(world.crypto);
    const next = EntryPoints.of(entryPoints.entries, {
      boxer,
      ...(entryPoints.identity === undefined ? {} : { identity: entryPoints.identity }),
    });
    await account.network.accounts.setLogin(LoginData.of(username, next.seal(world.crypto, rootKey), loginKey), account.identity);
    const between = await enter(username, oldPassword);
    expect([between.isPostQuantum, between.isBoxingPublished]).toEqual([true, false]);
    const again = await logIn(world.network(), { crypto: world.quick, username, password: oldPassword });
    expect([again.isPostQuantum, again.isBoxingPublished]).toEqual([true, true]);
    expect(again.boxing.equals(boxer)).toBe(true);
  });

  test('stays when the server refuses to store the new one', async () => {
    const username = await old();
    const network = world.network();
    const full = changedNetwork(network, {
      blocks: overriding(network.blocks, {
        putBlocks: async () => {
          throw new PyrgosError('quota', 'the account is full');
        },
      }),
    });
    const account = await logIn(full, { crypto: world.quick, username, password: oldPassword });
    expect([account.isPostQuantum, account.isBoxingPublished]).toEqual([false, true]);
    expect((await logIn(world.network(), { crypto: world.quick, username, password: oldPassword })).isPostQuantum).toBe(true);
  });

  test('login data from before the upgrade is not built upon', async () => {
    const username = await old();
    const before = await enter(username, oldPassword);
    const { sealed } = secretsOf(before);
    await logIn(world.network(), { crypto: world.quick, username, password: oldPassword });
    const network = world.network();
    const replaying = changedNetwork(network, {
      accounts: overriding(network.accounts, {
        getLogin: async (...call) => {
          const response = await network.accounts.getLogin(...call);
          return Object.assign(Object.create(response) as typeof response, { entryPoints: sealed });
        },
      }),
    });
    const account = await logIn(replaying, { crypto: world.quick, username, password: oldPassword });
    expect([account.isPostQuantum, account.isBoxingPublished]).toEqual([false, false]);
    await expect(changePassword(account, { oldPassword, newPassword })).rejects.toMatchObject({ code: 'denied.stale' });
    expect((await logIn(world.network(), { crypto: world.quick, username, password: oldPassword })).isPostQuantum).toBe(true);
  });
});
