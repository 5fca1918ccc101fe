import { ConflictError, DeniedError, PyrgosError } from '@pyrgos/core/errors';
import type { SymmetricKey } from '@pyrgos/core/keys';
import { onlyForward, type ProgressListener } from '../waiting/progress.js';
import { checkedOptions } from './call-options.js';
import { Account, type AccountSecrets, contextOf, secretsOf } from './account.js';
import type { ClientContext } from './client-context.js';
import { convertLegacyAccount, type ConversionOptions } from './convert-legacy.js';
import { assertSecondFactorOptions, type SecondFactorOptions } from './fetch-login-data.js';
import { authenticate, computation, type DerivedKeys, logInWith } from './log-in.js';
import { LoginCache } from './login-cache.js';
import { assertLoginCost, assertPassword, deriveLoginKeys, type LoginCost, newLoginAlgorithm } from './login-keys.js';
import { localKeys } from './local-store.js';
import type { Login } from './open-login.js';
import { PasswordPolicy } from './password-policy.js';
import { publishLogin } from './publish-login.js';
import { assertCanStay, keepSession } from './stay-logged-in.js';

/** How a password is changed. */
export interface ChangePasswordOptions extends SecondFactorOptions, ConversionOptions {
  readonly oldPassword: string;
  /** Judged by {@link PasswordPolicy.account}. */
  readonly newPassword: string;
  /** Another cost of the key derivation; default as before. */
  readonly cost?: LoginCost | undefined;
  /** Keeps the session in the local store, as in `logIn`; without it a stored session of this device ends. */
  readonly deviceKey?: SymmetricKey | undefined;
  /** Told how far the key derivations are, of the old password and of the new one. */
  readonly onProgress?: ProgressListener | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Times that login data is fetched, when other devices replace the boxing key meanwhile. */
const MAX_ATTEMPTS = 3;

/**
 * Changes the password of an account (chapter 05 section 13) and gives the account with the new keys; the old one is closed. Identity, keys
 * and friends stay. A legacy account becomes a modern one, with a new identity key.
 *
 * DeniedError `denied.password` for a bad new password, and when the server says yes and keeps the old one, `denied.login` for a wrong old one or second factor, `denied.stale` when the server
 * gives out old login data; ConflictError when somebody else changes the password at the same time. After an error the old password is
 * valid, except that a `network` error leaves it open.
 *
 * Nobody else is thrown out: sessions that are open on other devices go on with the same keys until they are closed. Sessions that are
 * stored there open nothing any more: `restoreSession` finds that the login data has another salt.
 */
export async function changePassword(account: Account, options: ChangePasswordOptions): Promise<Account> {
  checkedOptions(options);
  const { oldPassword, newPassword, signal, onProgress } = options;
  assertSecondFactorOptions(options);
  assertLoginCost(options.cost);
  assertPassword('oldPassword', oldPassword);
  assertPassword('newPassword', newPassword);
  const context = contextOf(account);
  const { username, identity } = account;
  secretsOf(account);
  assertCanStay(context, options.deviceKey);
  PasswordPolicy.account.assertGood(newPassword, username);
  if (newPassword === oldPassword) {
    throw new DeniedError('denied.password', 'You must change to a different password.', { reason: 'unchanged' });
  }
  const told = onlyForward(onProgress);
  let login = await authenticated(account, options, halfOf(told, 0));
  const { logN, r } = login.algorithm;
  const cost = { logN: options.cost?.logN ?? logN, r: options.cost?.r ?? r };
  const derive = async (): Promise<DerivedKeys> => {
    const algorithm = newLoginAlgorithm(context.crypto, cost);
    return {
      algorithm,
      keys: await deriveLoginKeys(context.crypto, username, newPassword, algorithm, computation(signal, halfOf(told, 1))),
    };
  };
  if (account.isLegacy) {
    // One after the other: each takes much memory.
    const first = await derive();
    const derived = await convertLegacyAccount(account, login, [first, await derive()], options);
    account.close();
    return logInWith(context.successor(), { ...options, username, password: newPassword, derived, onProgress: undefined });
  }
  const { algorithm, keys } = await derive();
  const loginKey = keys.login.publicKey;
  for (let attempt = 1; ; attempt++) {
    const sealed = login.entryPoints.seal(context.crypto, keys.rootKey);
    const { inbound } = login.account.writerData;
    if (await publishLogin(context, { username, identity, before: login.algorithm, inbound, algorithm, loginKey, sealed }, signal)) {
      const secrets: AccountSecrets = { rootKey: keys.rootKey, loginKey, algorithm, entryPoints: login.entryPoints, sealed };
      return renewed(context.successor(), account, login, secrets, options.deviceKey);
    }
    if (attempt >= MAX_ATTEMPTS) throw new ConflictError('conflict.snapshot', 'Another device changes the keys of the account. Try again.');
    // Another device has replaced the boxing key: its secret is in the login data that the server has now.
    login = await authenticated(account, options, undefined);
  }
}

/** What tells the first (0) or second (1) half of a work that has two alike. */
function halfOf(listener: ProgressListener | undefined, half: 0 | 1): ProgressListener | undefined {
  return listener && ((progress) => listener({ ...progress, done: (progress.done + half) / 2 }));
}

/** Opens the login data of an account with its old password; whatever is sealed anew must be what the account has now. */
async function authenticated(account: Account, options: ChangePasswordOptions, onProgress: ProgressListener | undefined): Promise<Login> {
  const request = { ...options, username: account.username, password: options.oldPassword, onProgress };
  const login = await authenticate(contextOf(account), request);
  assertSameAccount(login, account);
  return login;
}

/** The same account under its new password; what this device kept under the old one is replaced or deleted. */
async function renewed(
  context: ClientContext,
  account: Account,
  login: Login,
  secrets: AccountSecrets,
  deviceKey: SymmetricKey | undefined,
): Promise<Account> {
  const { store } = context;
  const { username } = account;
  const next = new Account({
    context,
    username,
    chain: login.account.chain,
    identity: login.identity,
    boxing: login.boxing,
    home: account.home,
    homeWriter: account.homeWriter,
    mirrorBat: account.mirrorBat,
    isLegacy: false,
    isBoxingPublished: login.isBoxingPublished,
    secrets,
  });
  account.close();
  try {
    const cache = new LoginCache(context.cache);
    // Login data that needs a second factor was not kept, and is not now.
    const wasKept = (await cache.get(username, login.loginKey)) !== undefined;
    if (wasKept) await cache.set(username, secrets.loginKey, secrets.sealed);
    else await cache.remove(username);
    await store?.delete(localKeys.bats(username));
    await store?.delete(localKeys.session(username));
    if (deviceKey !== undefined) await keepSession(next, deviceKey, undefined);
  } catch (error) {
    // The password is changed. What was stored under the old one opens nothing any more.
    if (!(error instanceof PyrgosError)) throw error;
  }
  return next;
}

/**
 * Login data is rewritten only when it is that of the account as it is: rewriting what a server has kept from before a change of keys would
 * destroy the newer keys.
 */
function assertSameAccount(login: Login, account: Account): void {
  if (!login.identity.equals(account.identity))
    throw new DeniedError('denied.login', 'The account has another identity now. Log in again.');
  if (login.isOutdated) throw new DeniedError('denied.stale', 'The server returned older login data than the account has.');
}
