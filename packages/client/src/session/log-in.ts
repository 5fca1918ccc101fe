import { type ScryptSecretGeneration, SymmetricKey } from '@pyrgos/core/keys';
import type { ComputationOptions } from '@pyrgos/core/crypto';
import { assertBoolean, assertOptionalInstance } from '@pyrgos/core/arguments';
import { PyrgosError } from '@pyrgos/core/errors';
import type { Network } from '../network/index.js';
import { fractionListener, onlyForward, type ProgressListener } from '../waiting/progress.js';
import type { Account } from './account.js';
import { checkedOptions } from './call-options.js';
import { buildAccount } from './build-account.js';
import { assertClientOptions, type ClientContext, type ClientOptions, createClientContext } from './client-context.js';
import { assertSecondFactorOptions, fetchLoginData, type SecondFactorOptions } from './fetch-login-data.js';
import { findAccount, normaliseUsername, type PublishedAccount } from './find-account.js';
import { LoginCache } from './login-cache.js';
import { assertLoginAlgorithm, assertNotUsername, assertPassword, deriveLoginKeys, type LoginKeys } from './login-keys.js';
import { keepUnlessForgotten, timesForgotten } from './login-turns.js';
import { checkLogin, type Login, isWrongPassword, openEntryPoints } from './open-login.js';
import { upgradeBoxingKey } from './post-quantum.js';
import { identityOf } from './user-chain.js';
import { restoreSpecialDirectories } from './special-directories.js';
import { assertCanStay, keepSession } from './stay-logged-in.js';

/** How somebody logs in. */
export interface LogInOptions extends ClientOptions, SecondFactorOptions {
  /** Blanks around it and capital letters do not matter. */
  readonly username: string;
  /** Used exactly as it is. */
  readonly password: string;
  /**
   * Keeps the session, sealed with this key, in the local store, so that `restoreSession` opens the account without password and second
   * factor. The key belongs where other programs cannot read it.
   */
  readonly deviceKey?: SymmetricKey | undefined;
  /** Whether an old boxing key is replaced by one that resists quantum computers (chapter 05 section 14); default true. */
  readonly upgradesBoxingKey?: boolean | undefined;
  /** Told how far the key derivation is, which is most of the work. */
  readonly onProgress?: ProgressListener | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Logs in to an account (chapter 05 section 10), modern or legacy, whatever its key derivation. The server learns neither the password nor
 * a key that opens anything, and everything it says is verified.
 *
 * NotFoundError `not-found.user`; DeniedError `denied.login` for a wrong password or second factor, `denied.chain` and `denied.stale` for a
 * server that lies; `network`; AbortedError.
 */
export async function logIn(network: Network, options: LogInOptions): Promise<Account> {
  checkedOptions(options);
  assertLogInOptions(options);
  const username = normaliseUsername(options.username);
  assertPassword('password', options.password);
  assertNotUsername(username, options.password);
  const context = await createClientContext(network, options);
  assertCanStay(context, options.deviceKey);
  return logInWith(context, { ...options, username });
}

/** Checks the options of a log-in beside name and password, before anything is sent. ArgumentError. */
export function assertLogInOptions(options: LogInOptions): void {
  assertClientOptions(options);
  assertSecondFactorOptions(options);
  const { deviceKey, upgradesBoxingKey } = options;
  assertOptionalInstance('deviceKey', deviceKey, SymmetricKey);
  if (upgradesBoxingKey !== undefined) assertBoolean('upgradesBoxingKey', upgradesBoxingKey);
}

/** Who logs in, in a context that exists already. */
export type LogInRequest = Omit<LogInOptions, keyof ClientOptions> & {
  /** Keys that were derived before, and from what. */
  readonly derived?: DerivedKeys | undefined;
};

/** Keys of a password under one algorithm. */
export interface DerivedKeys {
  readonly algorithm: ScryptSecretGeneration;
  readonly keys: LoginKeys;
}

/** {@link logIn} in a context that exists already; `request.username` is normalised. */
export async function logInWith(context: ClientContext, request: LogInRequest): Promise<Account> {
  const { signal, deviceKey, upgradesBoxingKey = true } = request;
  const since = timesForgotten(context.store, request.username);
  const opened = await enter(context, request);
  await restoreSpecialDirectories(opened, signal);
  const account = upgradesBoxingKey ? await upgradeBoxingKey(opened, { signal }) : opened;
  if (deviceKey !== undefined && !account.isLegacy) await keepSession(account, deviceKey, since);
  return account;
}

/** Options of a key derivation. */
export function computation(signal: AbortSignal | undefined, listener: ProgressListener | undefined): ComputationOptions {
  const onProgress = fractionListener(listener, 'key-derivation');
  return { ...(signal === undefined ? {} : { signal }), ...(onProgress === undefined ? {} : { onProgress }) };
}

/** Finds the account and its home directory; once more when the account has got another identity meanwhile (section 10.3 step 2). */
async function enter(context: ClientContext, request: LogInRequest): Promise<Account> {
  const { username, signal } = request;
  const login = await authenticate(context, request);
  try {
    return await buildAccount(context, login, signal);
  } catch (error) {
    if (!(error instanceof PyrgosError) || error.code === 'aborted' || error.code === 'network') throw error;
    const chain = await context.chains.get(username, signal);
    if (identityOf(chain).equals(login.account.identity)) throw error;
    return buildAccount(context, await authenticate(context, request), signal);
  }
}

/** Steps 1 to 8 of section 10.1: finds the account, derives the keys, opens and checks the login data. */
export async function authenticate(context: ClientContext, request: LogInRequest): Promise<Login> {
  const { username, password, signal } = request;
  const onProgress = onlyForward(request.onProgress);
  const derive = async (account: PublishedAccount): Promise<DerivedKeys> => {
    const algorithm = assertLoginAlgorithm(account.writerData.algorithm);
    if (request.derived?.algorithm.equals(algorithm) === true) return request.derived;
    const options = computation(signal, onProgress);
    return { algorithm, keys: await deriveLoginKeys(context.crypto, username, password, algorithm, options) };
  };
  const account = await findAccount(context, username, signal);
  const derived = await derive(account);
  try {
    return await openWith(context, account, derived, request);
  } catch (error) {
    if (!isWrongPassword(error)) throw error;
    // The password may have been changed since the pointer was read (section 25, 11).
    const now = await findAccount(context, username, signal);
    if (derived.algorithm.equals(now.writerData.algorithm)) throw error;
    return openWith(context, now, await derive(now), request);
  }
}

async function openWith(context: ClientContext, account: PublishedAccount, derived: DerivedKeys, request: LogInRequest): Promise<Login> {
  const { username, signal, deviceKey, secondFactor, secondFactorAttempts } = request;
  const { keys } = derived;
  const legacy = account.writerData.static;
  const since = timesForgotten(context.store, username);
  const fetch = async (mayUseCache: boolean): ReturnType<typeof fetchLoginData> =>
    fetchLoginData(context, {
      username,
      login: keys.login,
      mayUseCache,
      keepsLogin: deviceKey !== undefined,
      secondFactor,
      secondFactorAttempts,
      signal,
    });
  const openedBy = async (data: Awaited<ReturnType<typeof fetch>>): Promise<Login> => {
    const entryPoints = openEntryPoints(context, keys.rootKey, data.entryPoints);
    const opened = await checkLogin(context, account, keys, entryPoints, signal);
    if (data.mayBeKept) {
      const keep = async (): Promise<void> => new LoginCache(context.cache).set(username, keys.login.publicKey, data.entryPoints);
      await keepUnlessForgotten(context.store, username, since, keep);
    }
    const { algorithm } = derived;
    return { ...opened, account, algorithm, rootKey: keys.rootKey, loginKey: keys.login.publicKey, sealed: data.entryPoints };
  };
  if (legacy !== undefined) return openedBy({ entryPoints: legacy, isCached: false, mayBeKept: false });
  const data = await fetch(true);
  if (!data.isCached) return openedBy(data);
  try {
    return await openedBy(data);
  } catch (error) {
    if (!isWrongPassword(error)) throw error;
    // What is kept here may be older than the last password change (section 10.1 step 7).
    return openedBy(await fetch(false));
  }
}
