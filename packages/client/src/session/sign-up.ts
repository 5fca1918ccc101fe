import { assertOptionalInstance } from '@pyrgos/core/arguments';
import { encodeChain, isNewUsername } from '@pyrgos/core/accounts';
import { ArgumentError, ConflictError, DeniedError, PyrgosError } from '@pyrgos/core/errors';
import { SigningKeyPair, SymmetricKey } from '@pyrgos/core/keys';
import type { Network } from '../network/index.js';
import type { Account } from './account.js';
import { buildSignUp, type BuiltSignUp, type SignUpParts } from './build-sign-up.js';
import { checkedOptions } from './call-options.js';
import { assertClientOptions, type ClientContext, type ClientOptions, createClientContext } from './client-context.js';
import type { ProgressListener } from '../waiting/progress.js';
import { computation, type DerivedKeys, logInWith } from './log-in.js';
import { assertLoginCost, assertPassword, deriveLoginKeys, type LoginCost, newLoginAlgorithm } from './login-keys.js';
import { isAnswerLost } from './online-state.js';
import { PasswordPolicy } from './password-policy.js';
import { withProofOfWork } from './proof-of-work.js';
import { assertCanStay } from './stay-logged-in.js';

/** Longest token that servers read (chapter 05 section 12.7). */
const MAX_TOKEN_LENGTH = 1024;

/** Who signs up. */
export interface SignUpOptions extends ClientOptions {
  /**
   * 1 to 32 letters, digits and single hyphens between them. As in `logIn` blanks around it and capital letters do not matter: the account has
   * the name in lower case, see `Account.username`.
   */
  readonly username: string;
  /** Judged by {@link PasswordPolicy.account}; propose one with `generatePassphrase`. */
  readonly password: string;
  /** The token of the sign-up link, where a server wants one. */
  readonly token?: string | undefined;
  /** Cost of the key derivation; default the protocol's. */
  readonly cost?: LoginCost | undefined;
  /** An identity key that was made for an attempt before; default a new one. */
  readonly identity?: SigningKeyPair | undefined;
  /** Keeps the session in the local store, as in `logIn`. */
  readonly deviceKey?: SymmetricKey | undefined;
  /** Told how far the key derivation is, and then, if the server wants one, the proof of work. */
  readonly onProgress?: ProgressListener | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Makes a new account with the current default, post-quantum keys (chapter 05 section 12), and logs in to it. Everything is built here and
 * sent in one call; nothing of the account exists before it.
 *
 * DeniedError `denied.signup` for a name that cannot be had (`data.reason`: `username`), a wrong token or a closed server, `denied.password`
 * for a bad password; ConflictError `conflict.exists` for a taken name; `rate` when the server is under load; `network`: the account may exist
 * then, so try to log in.
 */
export async function signUp(network: Network, options: SignUpOptions): Promise<Account> {
  checkedOptions(options);
  const { signal, token = '', identity, cost } = options;
  assertClientOptions(options);
  assertOptionalInstance('deviceKey', options.deviceKey, SymmetricKey);
  assertOptionalInstance('identity', identity, SigningKeyPair);
  assertLoginCost(cost);
  if (typeof token !== 'string' || token.length > MAX_TOKEN_LENGTH) throw new ArgumentError('token', 'must be a sign-up token');
  const context = await createClientContext(network, options);
  assertCanStay(context, options.deviceKey);
  const prepared = await prepareSignUp(context, options);
  const built = await buildSignUp(context, prepared, signal);
  await submit(context, prepared, built, token, options);
  return logInAfterSignUp(context, prepared, options);
}

/** What a sign-up is made of, its keys derived. */
export interface PreparedSignUp extends SignUpParts {
  readonly password: string;
}

/** Checks a new name and password, finds out whether the name is free, and derives the keys; nothing is sent but questions. */
export async function prepareSignUp(context: ClientContext, options: SignUpOptions): Promise<PreparedSignUp> {
  const { crypto, network } = context;
  const { password, cost, signal, onProgress } = options;
  assertPassword('password', password);
  const username = newUsername(options.username);
  PasswordPolicy.account.assertGood(password, username);
  if ((await network.core.getChain(username, signal)).length > 0) throw nameTaken(username);
  const algorithm = newLoginAlgorithm(crypto, cost);
  const [server, keys] = await Promise.all([
    network.serverId(signal),
    deriveLoginKeys(crypto, username, password, algorithm, computation(signal, onProgress)),
  ]);
  return { username, password, algorithm, keys, identity: options.identity ?? SigningKeyPair.generate(crypto), server };
}

/** Logs in for the first time, with the keys that were derived for the sign-up (section 12.4 step 11). */
export async function logInAfterSignUp(
  context: ClientContext,
  { username, password, algorithm, keys }: PreparedSignUp,
  { deviceKey, signal }: Pick<SignUpOptions, 'deviceKey' | 'signal'>,
): Promise<Account> {
  const derived: DerivedKeys = { algorithm, keys };
  return logInWith(context, {
    username,
    password,
    derived,
    ...(deviceKey === undefined ? {} : { deviceKey }),
    ...(signal === undefined ? {} : { signal }),
  });
}

/** The error for a name that somebody has. */
function nameTaken(username: string): ConflictError {
  return new ConflictError('conflict.exists', 'There is a user with this name already.', { username });
}

async function submit(
  { crypto, network }: ClientContext,
  { username, identity }: PreparedSignUp,
  { link, log }: BuiltSignUp,
  token: string,
  { signal, onProgress }: SignUpOptions,
): Promise<void> {
  try {
    await withProofOfWork(crypto, encodeChain([link]), async (proof) => network.core.signup(username, link, log, proof, token, signal), {
      signal,
      onProgress,
    });
  } catch (error) {
    // The answer was lost; the name tells whether the request was.
    if (!isAnswerLost(error) || !(await isOurs())) throw error;
  }

  async function isOurs(): Promise<boolean> {
    try {
      const chain = await network.core.getChain(username, signal);
      return chain.at(-1)?.owner.equals(identity.publicKey.hash) === true;
    } catch (error) {
      if (error instanceof PyrgosError) return false;
      throw error;
    }
  }
}

function newUsername(text: string): string {
  const username = typeof text === 'string' ? text.trim().toLowerCase() : '';
  if (isNewUsername(username)) return username;
  throw new DeniedError(
    'denied.signup',
    'A username has 1 to 32 letters from a to z, digits and single hyphens, starts and ends with a letter or digit, and is not a reserved word.',
    { reason: 'username' },
  );
}
