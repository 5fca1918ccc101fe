import { formatBackupCode, MfaType, type MultiFactorAuthMethod, WebauthnResponse } from '@pyrgos/core/accounts';
import { PyrgosError } from '@pyrgos/core/errors';
import { SymmetricKey } from '@pyrgos/core/keys';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { VirtualAuthenticator } from '../../../server/test/virtual-authenticator.js';
import { changedNetwork, overriding } from '../../test/changed-network.js';
import { ServerWorld } from '../../test/server-world.js';
import type { Account } from './account.js';
import { localKeys, MemoryLocalStore } from './local-store.js';
import { logIn } from './log-in.js';
import { answerAsMount, answerWithCode, answerWithSecurityKey, type SecondFactorPrompt } from './second-factor-prompt.js';
import { secondFactors } from './second-factors.js';
import type { SecurityKeys } from './security-key.js';
import { signUp } from './sign-up.js';
import { restoreSession, stayLoggedIn } from './stay-logged-in.js';
import { totpCode } from './totp.js';

const password = 'violet anchor sleeps beneath copper';
let world: ServerWorld;
let store: MemoryLocalStore;
let deviceKey: SymmetricKey;
let count = 0;
let username: string;
let account: Account;

beforeAll(async () => {
  world = await ServerWorld.start({ flags: { 'webauthn-origins': 'http://localhost:5173' } });
});
afterAll(async () => world.close());
beforeEach(async () => {
  username = `user${count++}`;
  store = new MemoryLocalStore();
  deviceKey = SymmetricKey.generate(world.crypto);
  account = await signUp(world.network(), { crypto: world.quick, username, password, store });
});

const now = (): number => Math.floor(Date.now() / 1000);
const first = (methods: readonly MultiFactorAuthMethod[], type: number): MultiFactorAuthMethod => {
  const method = methods.find((candidate) => candidate.type === type);
  if (method === undefined) throw new Error('the factor is not offered');
  return method;
};
const enter = async (secondFactor?: SecondFactorPrompt): Promise<Account> =>
  logIn(world.network(), { crypto: world.quick, username, password, ...(secondFactor === undefined ? {} : { secondFactor }) });

/** An authenticator in software behind the port that a browser would fill. */
function keysOf(authenticator: VirtualAuthenticator): SecurityKeys {
  const parts = ({ credentialId, response }: ReturnType<VirtualAuthenticator['get']>) => {
    if (!(response instanceof WebauthnResponse)) throw new Error('no security key');
    return { rawId: credentialId, ...response, attestationObject: response.authenticatorData };
  };
  return {
    create: async ({ challenge }) => {
      const { rawId, attestationObject, clientDataJson } = parts(authenticator.create(challenge));
      return { rawId, attestationObject, clientDataJson };
    },
    sign: async ({ challenge }) => {
      const { rawId, authenticatorData, clientDataJson, signature } = parts(authenticator.get(challenge));
      return { rawId, authenticatorData, clientDataJson, signature };
    },
  };
}

async function addApp(): Promise<Uint8Array> {
  const app = await secondFactors(account).addTotp();
  await secondFactors(account).enableTotp(app.credentialId, await totpCode(app.key, now()));
  return app.key;
}

test('a prompt that is never answered is given up when the log-in is cancelled', async () => {
  await addApp();
  const cancel = new AbortController();
  const secondFactor: SecondFactorPrompt = async () => {
    cancel.abort();
    return new Promise(() => undefined);
  };
  const entering = logIn(world.network(), { crypto: world.quick, username, password, secondFactor, signal: cancel.signal });
  await expect(entering).rejects.toMatchObject({ code: 'aborted' });
});

describe('an authenticator app', () => {
  test('counts once it is enabled, and replaces the one before', async () => {
    const factors = secondFactors(account);
    const app = await factors.addTotp();
    expect(app.uri).toMatch(new RegExp(`^otpauth://totp/peergos:${username}@peergos\\?secret=[A-Z2-7]{52}&issuer=peergos$`));
    expect(await factors.list()).toEqual([]);
    await enter();
    await expect(factors.enableTotp(app.credentialId, '000000')).rejects.toMatchObject({ code: 'denied.login', data: { reason: 'code' } });
    await factors.enableTotp(app.credentialId, ` ${await totpCode(app.key, now())} `);
    expect((await factors.list()).map(({ type, enabled }) => [type, enabled])).toEqual([[MfaType.totp, true]]);
    await expect(enter()).rejects.toMatchObject({ code: 'denied.login', data: { needsSecondFactor: true } });
    const byApp: SecondFactorPrompt = async ({ methods }) => {
      const code = await totpCode(app.key, now());
      return answerWithCode(first(methods, MfaType.totp), `${code.slice(0, 3)} ${code.slice(3)}`);
    };
    expect((await enter(byApp)).identity.equals(account.identity)).toBe(true);

    const next = await addApp();
    expect(await factors.list()).toHaveLength(1);
    await expect(enter(byApp)).rejects.toMatchObject({ code: 'denied.login', data: { reason: 'code' } });
    await enter(async ({ methods }) => answerWithCode(first(methods, MfaType.totp), await totpCode(next, now())));
  });

  test('deleted, it is not asked for any more', async () => {
    await addApp();
    const [method] = await secondFactors(account).list();
    await secondFactors(account).delete(method?.credentialId ?? new Uint8Array());
    await secondFactors(account).delete(new Uint8Array(32));
    await enter();
  });
});

describe('a security key', () => {
  test('is registered, and opens the account', async () => {
    const authenticator = new VirtualAuthenticator('ES256', { origin: world.url, rpId: 'localhost' });
    await secondFactors(account).addSecurityKey('the blue one', keysOf(authenticator));
    const [method] = await secondFactors(account).list();
    expect([method?.type, method?.name, method?.enabled]).toEqual([MfaType.webauthn, 'the blue one', true]);
    await expect(enter()).rejects.toMatchObject({ data: { needsSecondFactor: true } });
    const byKey: SecondFactorPrompt = async (question) => answerWithSecurityKey(question, keysOf(authenticator));
    expect((await enter(byKey)).identity.equals(account.identity)).toBe(true);
    await enter(byKey);
  });

  test('works in a page that is developed on this machine, where the server names its address, and in no other one', async () => {
    const authenticator = new VirtualAuthenticator('ES256', { origin: 'http://localhost:5173', rpId: 'localhost' });
    await secondFactors(account).addSecurityKey('key', keysOf(authenticator));
    await enter(async (question) => answerWithSecurityKey(question, keysOf(authenticator)));
    const elsewhere = new VirtualAuthenticator('ES256', { origin: 'http://localhost:4173', rpId: 'localhost' });
    await expect(secondFactors(account).addSecurityKey('other', keysOf(elsewhere))).rejects.toMatchObject({
      code: 'denied.login',
      data: { reason: 'origin' },
    });
  });

  test('another key, another page, and no key at all do not', async () => {
    const authenticator = new VirtualAuthenticator('EdDSA', { origin: world.url, rpId: 'localhost' });
    await secondFactors(account).addSecurityKey('key', keysOf(authenticator));
    const other = new VirtualAuthenticator('EdDSA', { origin: world.url, rpId: 'localhost' });
    await expect(enter(async (question) => answerWithSecurityKey(question, keysOf(other)))).rejects.toMatchObject({ code: 'denied.login' });
    const phished = new VirtualAuthenticator('EdDSA', { origin: 'https://evil.example', rpId: 'evil.example' });
    await expect(enter(async (question) => answerWithSecurityKey(question, keysOf(phished)))).rejects.toMatchObject({
      code: 'denied.login',
      data: { reason: 'origin' },
    });
    await addApp();
    await expect(
      enter(async (question) =>
        answerWithSecurityKey(
          { ...question, methods: question.methods.filter(({ type }) => type === MfaType.totp) },
          keysOf(authenticator),
        ),
      ),
    ).rejects.toMatchObject({ code: 'argument' });
  });

  test('a name must be short, and there', async () => {
    const keys = keysOf(new VirtualAuthenticator());
    await expect(secondFactors(account).addSecurityKey('x'.repeat(33), keys)).rejects.toMatchObject({ code: 'limit' });
    await expect(secondFactors(account).addSecurityKey('', keys)).rejects.toMatchObject({ code: 'argument' });
  });
});

describe('backup codes', () => {
  test('need another factor, open the account once each, and go with the last factor', async () => {
    const factors = secondFactors(account);
    await expect(factors.generateBackupCodes()).rejects.toMatchObject({ code: expect.stringMatching(/^denied\./) });
    await addApp();
    const old = await factors.generateBackupCodes();
    const codes = await factors.generateBackupCodes();
    expect(codes.codes).toHaveLength(10);
    const by =
      (code: string): SecondFactorPrompt =>
      async ({ methods }) =>
        answerWithCode(first(methods, MfaType.backupCodes), code);
    const [one = '', two = ''] = codes.codes;
    await enter(by(formatBackupCode(one).toUpperCase()));
    await expect(enter(by(one))).rejects.toMatchObject({ code: 'denied.login', data: { reason: 'code' } });
    await expect(enter(by(old.codes[0] ?? ''))).rejects.toMatchObject({ code: 'denied.login' });
    await enter(by(two));
    const left = (await factors.list()).find(({ type }) => type === MfaType.backupCodes);
    expect(left?.name).toBe('8');
    const app = first(await factors.list(), MfaType.totp);
    await factors.delete(app.credentialId);
    expect(await factors.list()).toEqual([]);
    await enter();
  });
});

describe('a mount', () => {
  test('answers by itself, and never makes people answer', async () => {
    const factors = secondFactors(account);
    const mount = await factors.addMount('Drive mount - Linux 1');
    expect((await factors.list()).map(({ type, name }) => [type, name])).toEqual([[MfaType.mount, 'Drive mount - Linux 1']]);
    await enter();
    await addApp();
    const byMount: SecondFactorPrompt = async ({ methods }) => {
      expect(methods.map(({ type }) => type)).toEqual([MfaType.totp]);
      const method = (await factors.list()).find(({ type }) => type === MfaType.mount);
      return method === undefined ? undefined : answerWithCode(method, await totpCode(mount.key, now()));
    };
    await enter(byMount);
    // As the guide has it: from what `addMount` gave, or what the program has kept of it.
    await enter(async () => answerWithCode(mount, await totpCode(mount.key, now())));
    await enter(async () => answerAsMount(mount));
    const kept = { credentialId: Uint8Array.from(mount.credentialId), key: Uint8Array.from(mount.key) };
    await enter(async () => answerAsMount(kept));
    await factors.delete(mount.credentialId);
    await expect(enter(async ({ methods }) => answerWithCode(first(methods, MfaType.totp), '123456'))).rejects.toMatchObject({
      data: { reason: 'code' },
    });
    await expect(enter(async () => answerAsMount(mount))).rejects.toMatchObject({ data: { reason: 'factor' } });
  });
});

describe('what is stored on this device', () => {
  const isStored = async (): Promise<readonly boolean[]> =>
    Promise.all([localKeys.session(username), localKeys.login(username)].map(async (key) => (await store.get(key)) !== undefined));

  beforeEach(async () => {
    await stayLoggedIn(account, deviceKey);
    expect(await isStored()).toEqual([true, true]);
  });

  test('is deleted when a second factor is enabled, not when it is refused or a mount is', async () => {
    const factors = secondFactors(account);
    const app = await factors.addTotp();
    await factors.enableTotp(app.credentialId, '000000').catch(() => undefined);
    await factors.addMount('mount');
    expect(await isStored()).toEqual([true, true]);
    await restoreSession(world.network(), { crypto: world.quick, username, store, deviceKey });
    await factors.enableTotp(app.credentialId, await totpCode(app.key, now()));
    expect(await isStored()).toEqual([false, false]);
    await expect(restoreSession(world.network(), { crypto: world.quick, username, store, deviceKey })).rejects.toMatchObject({
      code: 'denied.login',
      data: { expired: true },
    });
  });

  test('is deleted when a security key is registered', async () => {
    await secondFactors(account).addSecurityKey('key', keysOf(new VirtualAuthenticator('ES256', { origin: world.url, rpId: 'localhost' })));
    expect(await isStored()).toEqual([false, false]);
  });

  test('that cannot be deleted is told, and that the factor is enabled', async () => {
    await stayLoggedIn(account, deviceKey);
    const app = await secondFactors(account).addTotp();
    store.delete = async () => {
      throw new PyrgosError('storage', 'read-only');
    };
    const enabling = secondFactors(account).enableTotp(app.credentialId, await totpCode(app.key, now()));
    await expect(enabling).rejects.toMatchObject({ code: 'storage', data: { isEnabled: true } });
    expect((await secondFactors(account).list()).map(({ enabled }) => enabled)).toEqual([true]);
  });

  test('is deleted when it is not known whether the factor was enabled', async () => {
    const network = world.network();
    const broken = changedNetwork(network, {
      accounts: overriding(network.accounts, {
        enableTotp: async () => {
          throw new PyrgosError('network', 'the answer was lost');
        },
      }),
    });
    const other = await logIn(broken, { crypto: world.quick, username, password, store, deviceKey });
    expect(await isStored()).toEqual([true, true]);
    await expect(secondFactors(other).enableTotp(new Uint8Array(32), '123456')).rejects.toMatchObject({ code: 'network' });
    expect(await isStored()).toEqual([false, false]);
  });

  test('is not kept for an account with a second factor, unless its user stays logged in', async () => {
    const key = await addApp();
    const secondFactor: SecondFactorPrompt = async ({ methods }) =>
      answerWithCode(first(methods, MfaType.totp), await totpCode(key, now()));
    await logIn(world.network(), { crypto: world.quick, username, password, store, secondFactor });
    expect(await isStored()).toEqual([false, false]);
    await logIn(world.network(), { crypto: world.quick, username, password, store, secondFactor, deviceKey });
    expect(await isStored()).toEqual([true, true]);
    // The session opens without a code: that is what staying logged in means.
    await restoreSession(world.network(), { crypto: world.quick, username, store, deviceKey });
    await logIn(world.network(), { crypto: world.quick, username, password, store, secondFactor });
    expect(await isStored()).toEqual([true, false]);
  });
});

describe('a server that never is content', () => {
  test('is given up after the second factor', async () => {
    const key = await addApp();
    const network = world.network();
    const never = overriding(network.accounts, {
      getLogin: async (call, signal) => network.accounts.getLogin({ ...call, mfa: undefined }, signal),
    });
    let asked = 0;
    const secondFactor: SecondFactorPrompt = async ({ methods }) => {
      asked++;
      return answerWithCode(first(methods, MfaType.totp), await totpCode(key, now()));
    };
    await expect(
      logIn(changedNetwork(network, { accounts: never }), { crypto: world.quick, username, password, secondFactor }),
    ).rejects.toMatchObject({
      code: 'denied.login',
      message: 'The server does not accept the second factor.',
    });
    expect(asked).toBe(1);
  });
});
