import { SpaceRequest } from '@pyrgos/core/accounts';
import { DeniedError, PyrgosError } from '@pyrgos/core/errors';
import type { Signer } from '@pyrgos/core/keys';
import { isConflict } from '../commit/retry.js';
import { checkedOptions } from './call-options.js';
import { type Account, contextOf } from './account.js';
import type { Network } from '../network/index.js';
import { type ClientContext, createClientContext } from './client-context.js';
import { assertSecondFactorOptions, type SecondFactorOptions } from './fetch-login-data.js';
import { normaliseUsername } from './find-account.js';
import { assertLogInOptions, authenticate, type LogInOptions } from './log-in.js';
import { forgetLogin } from './login-cache.js';
import { assertPassword } from './login-keys.js';
import { logOut } from './stay-logged-in.js';

/** The wish by which a paid server learns that the account ends (chapter 05 section 21). */
const FAREWELL_BYTES = 1_000_000;

/** Times that a writer is deleted, when others change it at the same time. */
const MAX_ATTEMPTS = 5;

/** Who confirms a deletion, and how. */
export interface DeleteAccountOptions extends SecondFactorOptions {
  /** The password, once more. */
  readonly password: string;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Deletes an account for good: its files become garbage, its name stays taken (chapter 05 section 21). The account is closed, and forgotten
 * on this device. DeniedError `denied.login` for a wrong password or second factor; after any other error call it again. A password change of the same session
 * at the same time does not stop it. Closing the session does not either, once the first file is gone; when it was closed and this fails, {@link finishDeletion} goes on.
 */
export async function deleteAccount(account: Account, options: DeleteAccountOptions): Promise<void> {
  const context = contextOf(account);
  checkedOptions(options);
  const { username, identity, homeWriter } = account;
  const { password, signal } = options;
  assertPassword('password', password);
  assertSecondFactorOptions(options);
  const login = await authenticate(context, { ...options, username, password });
  if (!login.identity.equals(identity)) throw new DeniedError('denied.login', 'The account has another identity now. Log in again.');
  context.gate.assertOpen();
  // Nothing that closes the session from here on, such as a password change, may leave half an account behind.
  const own = context.successor();
  try {
    await deleteWriter(own, identity, homeWriter, signal);
    await cancelPlan({ network: own.network, identity, username, clock: own.clock }, signal);
    await deleteWriter(own, identity, identity, signal);
  } finally {
    own.gate.close();
  }
  try {
    await logOut(account);
  } catch (error) {
    // The account is gone; what this device has kept of it opens nothing.
    if (!(error instanceof PyrgosError)) throw error;
  }
}

/**
 * Ends the deletion of an account that was cut off when its files were gone and its identity was not: nobody can log in to such an account,
 * and its home directory is not found. Does nothing to an account that still has its home directory: PyrgosError `unsupported`. Otherwise
 * the errors of {@link deleteAccount}.
 */
export async function finishDeletion(network: Network, options: LogInOptions): Promise<void> {
  checkedOptions(options);
  assertLogInOptions(options);
  const username = normaliseUsername(options.username);
  assertPassword('password', options.password);
  const context = await createClientContext(network, options);
  const { signal } = options;
  const { identity, entryPoints } = await authenticate(context, { ...options, username });
  const owner = identity.publicKeyHash;
  for (const { capability, ownerName } of entryPoints.entries) {
    if (ownerName !== username || !capability.isWritable) continue;
    const snapshot = await context.sessions.of(owner).read(capability.writer, { current: true, signal });
    if (snapshot.get(capability.writer)?.hash !== undefined) {
      throw new PyrgosError('unsupported', 'The deletion of this account has not begun. Log in and delete it.');
    }
  }
  await cancelPlan({ network: context.network, identity, username, clock: context.clock }, signal);
  await deleteWriter(context, identity, identity, signal);
  await forgetLogin(context.cache, username);
}

/** Points a writer at nothing; fine when it does already. What another device changes meanwhile goes with the rest. */
async function deleteWriter(context: ClientContext, identity: Signer, writer: Signer, signal: AbortSignal | undefined): Promise<void> {
  const session = context.sessions.of(identity.publicKeyHash);
  const key = writer.publicKeyHash;
  for (let attempt = 1; ; attempt++) {
    await session.read(key, { current: true, signal });
    try {
      await session.update(
        [key],
        async (snapshot, committer) => (snapshot.get(key)?.hash === undefined ? snapshot : committer.delete(snapshot, writer)),
        { signal },
      );
      return;
    } catch (error) {
      if (!isConflict(error) || attempt >= MAX_ATTEMPTS) throw error;
    }
  }
}

/** A server without payment may refuse the wish; one with payment has to hear it. */
async function cancelPlan(
  { network, identity, username, clock }: Pick<Account, 'network' | 'identity' | 'username' | 'clock'>,
  signal: AbortSignal | undefined,
): Promise<void> {
  const request = SpaceRequest.of({ username, bytes: FAREWELL_BYTES, time: clock.now() });
  try {
    await network.space.requestSpace(request, identity, signal);
  } catch (error) {
    if (!(error instanceof PyrgosError) || error.code === 'aborted' || error.code === 'network') throw error;
    const payment = await network.space.paymentProperties(identity, signal === undefined ? {} : { signal });
    if (payment.url !== undefined) throw error;
  }
}
