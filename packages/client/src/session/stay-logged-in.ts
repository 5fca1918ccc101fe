import { equalBytes } from '@pyrgos/core/bytes';
import { ArgumentError, CryptoError, DeniedError, PyrgosError } from '@pyrgos/core/errors';
import { SymmetricKey } from '@pyrgos/core/keys';
import { writerDataOf } from '../commit/index.js';
import type { Network } from '../network/index.js';
import { checkedOptions } from './call-options.js';
import { type Account, contextOf, secretsOf } from './account.js';
import { buildAccount } from './build-account.js';
import { type ClientContext, type ClientOptions, createClientContext } from './client-context.js';
import { findAccount, normaliseUsername, type PublishedAccount } from './find-account.js';
import { localKeys, type LocalStore } from './local-store.js';
import { inTurn, timesForgotten } from './login-turns.js';
import { forgetLogin, LoginCache } from './login-cache.js';
import { checkLogin, openEntryPoints } from './open-login.js';
import { StoredSession } from './sealed-session.js';
import { isPublishedBoxing } from './store-login.js';

/**
 * What opens the account again without password and second factor, sealed with a key of the device (chapter 05 section 10.2). Only for users
 * who have asked to stay logged in. DeniedError `denied.login` for legacy accounts.
 */
export function sealSession(account: Account, deviceKey: SymmetricKey): Uint8Array {
  assertDeviceKey(deviceKey);
  if (account.isLegacy) {
    throw new DeniedError('denied.login', "Legacy accounts can't stay logged in. Change your password to upgrade your account.");
  }
  const { rootKey, sealed, loginKey, algorithm } = secretsOf(account);
  return StoredSession.of({
    username: account.username,
    rootKey,
    entryPoints: sealed,
    loginKey,
    algorithm,
    identity: account.identity.publicKeyHash,
  }).seal(account.crypto, deviceKey);
}

/**
 * Keeps {@link sealSession} in the local store of the account. PyrgosError `unsupported` without a store; DeniedError `denied.session` when
 * the account is closed, also while this runs: then nothing is left in the store; DeniedError `denied.login` with `data.expired`, and what is stored
 * stays, when the password or the boxing key was changed since the account was opened: what would be kept opens nothing.
 */
export async function stayLoggedIn(account: Account, deviceKey: SymmetricKey): Promise<void> {
  const { algorithm } = secretsOf(account);
  const context = contextOf(account);
  assertCanStay(context, deviceKey);
  if (!account.isLegacy) {
    const writer = account.identity.publicKeyHash;
    const current = writerDataOf(await context.sessions.of(writer).read(writer, { current: true }), writer);
    if (!algorithm.equals(current.algorithm)) throw expired('password');
    if (account.isBoxingPublished && !isPublishedBoxing(current, account)) throw expired('keys');
  }
  await keepSession(account, deviceKey, undefined);
}

/**
 * {@link stayLoggedIn} for a log-in that began when the user was forgotten `since` times here: when a second factor was enabled meanwhile
 * nothing is kept (section 15.8).
 */
export async function keepSession(account: Account, deviceKey: SymmetricKey, since: number | undefined): Promise<void> {
  const context = contextOf(account);
  assertCanStay(context, deviceKey);
  const { store } = context;
  const sealed = sealSession(account, deviceKey);
  const { loginKey, sealed: entryPoints } = secretsOf(account);
  await inTurn(store, async () => {
    secretsOf(account);
    if (since !== undefined && timesForgotten(store, account.username) !== since) return;
    await new LoginCache(context.cache).set(account.username, loginKey, entryPoints);
    secretsOf(account);
    await store?.put(localKeys.session(account.username), sealed);
  });
  // What was deleted while it waited for its turn is deleted after it.
  secretsOf(account);
}

/** Requires what staying logged in needs, when a device key says that it is wanted: a store. PyrgosError `unsupported`, ArgumentError. */
export function assertCanStay({ store }: ClientContext, deviceKey: SymmetricKey | undefined): void {
  if (deviceKey === undefined) return;
  assertDeviceKey(deviceKey);
  if (store === undefined) throw new PyrgosError('unsupported', 'Staying logged in needs a local store.');
}

/** Logs out: closes the account and forgets what could open it again on this device. Pins of other users' keys stay. */
export async function logOut(account: Account): Promise<void> {
  const { store } = contextOf(account);
  account.close();
  await inTurn(store, async () => {
    await forgetLogin(store, account.username);
    await store?.delete(localKeys.bats(account.username));
  });
}

/** How a session is opened again. */
export interface RestoreOptions extends ClientOptions {
  /** The key that the session was sealed with. */
  readonly deviceKey: SymmetricKey;
  /** The session; without it the one in the local store of `username`. */
  readonly sealed?: Uint8Array | undefined;
  /** Whose session is taken from the local store. */
  readonly username?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Opens a stored session (chapter 05 section 10.2). No second factor is asked for. DeniedError `denied.login` with `data.expired` when the
 * password or the boxing key was changed since, and it is deleted then, where it is what the local store has; and when there is none; PyrgosError `unsupported` without a store to look in;
 * CryptoError `crypto.authentication` for another key; otherwise the errors of `logIn`.
 */
export async function restoreSession(network: Network, options: RestoreOptions): Promise<Account> {
  checkedOptions(options);
  assertDeviceKey(options.deviceKey);
  const context = await createClientContext(network, options);
  const { crypto, store } = context;
  const sealed = options.sealed ?? (await storedBytes(store, options.username));
  const session = StoredSession.open(crypto, options.deviceKey, sealed);
  const { username, rootKey, loginKey, algorithm } = session;
  if (options.username !== undefined && normaliseUsername(options.username) !== username) {
    throw new CryptoError('crypto.authentication', 'This is the session of another user.');
  }
  const isLeft = ({ identity, writerData }: PublishedAccount): boolean =>
    !identity.equals(session.identity) || !algorithm.equals(writerData.algorithm);
  let account = await findAccount(context, username, options.signal);
  // What this device remembers may be older than the session: only the server can say that it has ended.
  if (isLeft(account)) account = await findAccount(context, username, options.signal, { current: true });
  if (isLeft(account)) {
    await forgetSession(store, session, sealed);
    throw expired('password');
  }
  const entryPoints = openEntryPoints(context, rootKey, session.entryPoints);
  const opened = await checkLogin(context, account, undefined, entryPoints, options.signal);
  if (opened.isOutdated) {
    await forgetSession(store, session, sealed);
    throw expired('keys');
  }
  return buildAccount(context, { ...opened, account, algorithm, rootKey, loginKey, sealed: session.entryPoints }, options.signal);
}

function expired(what: 'password' | 'keys'): DeniedError {
  return new DeniedError('denied.login', `The ${what} of this account ${what === 'keys' ? 'were' : 'was'} changed. Log in again.`, {
    expired: true,
  });
}

/** Forgets a session that has ended and its login data, unless something else was stored since, or all along. */
async function forgetSession(
  store: LocalStore | undefined,
  { username, loginKey, entryPoints }: StoredSession,
  sealed: Uint8Array,
): Promise<void> {
  await inTurn(store, async () => {
    const stored = await store?.get(localKeys.session(username));
    if (stored !== undefined && equalBytes(stored, sealed)) await store?.delete(localKeys.session(username));
    const cache = new LoginCache(store);
    if (entryPoints.equals(await cache.get(username, loginKey))) await cache.remove(username);
  });
}

async function storedBytes(store: LocalStore | undefined, username: string | undefined): Promise<Uint8Array> {
  if (username === undefined) throw new ArgumentError('username', 'or sealed must be given');
  const key = localKeys.session(normaliseUsername(username));
  if (store === undefined) throw new PyrgosError('unsupported', 'Restoring a session needs a local store, or the sealed session itself.');
  const bytes = await store.get(key);
  if (bytes === undefined) throw new DeniedError('denied.login', 'Nobody stays logged in here. Log in again.', { expired: true });
  return bytes;
}

function assertDeviceKey(key: unknown): asserts key is SymmetricKey {
  if (!(key instanceof SymmetricKey)) throw new ArgumentError('deviceKey', 'must be a SymmetricKey');
}
