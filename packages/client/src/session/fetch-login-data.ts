import type { LoginResponse, MultiFactorAuthResponse, UserStaticData } from '@pyrgos/core/accounts';
import { assertFunction } from '@pyrgos/core/arguments';
import { assertInteger } from '@pyrgos/core/bytes';
import { AbortedError, DeniedError, PyrgosError, throwIfAborted } from '@pyrgos/core/errors';
import type { SigningKeyPair } from '@pyrgos/core/keys';
import { untilAborted } from '../waiting/until-aborted.js';
import type { ClientContext } from './client-context.js';
import { LoginCache } from './login-cache.js';
import { questionOf, type SecondFactorPrompt } from './second-factor-prompt.js';

/** How a second factor is answered. */
export interface SecondFactorOptions {
  /** Answers a question for a second factor; without it an account that has one is refused. */
  readonly secondFactor?: SecondFactorPrompt | undefined;
  /** Times that the user may answer before the error is final, 1 or more; default 1. */
  readonly secondFactorAttempts?: number | undefined;
}

/** Checks how a second factor is answered, before anything is sent. ArgumentError. */
export function assertSecondFactorOptions({ secondFactor, secondFactorAttempts }: SecondFactorOptions): void {
  if (secondFactor !== undefined) assertFunction('secondFactor', secondFactor);
  if (secondFactorAttempts !== undefined) assertInteger('secondFactorAttempts', secondFactorAttempts, 1, Number.MAX_SAFE_INTEGER);
}

/** What login data is asked for. */
export interface LoginDataRequest extends SecondFactorOptions {
  readonly username: string;
  /** The derived login key. */
  readonly login: SigningKeyPair;
  /** Whether this device may answer instead of a server that cannot be reached. */
  readonly mayUseCache: boolean;
  /** Whether login data may be kept although a second factor was needed for it: the user stays logged in. */
  readonly keepsLogin?: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** Login data, and whether it is this device's copy. */
export interface FetchedLoginData {
  readonly entryPoints: UserStaticData;
  readonly isCached: boolean;
  /** Whether this device may keep it for logging in offline, when it has turned out to be the account's. */
  readonly mayBeKept: boolean;
}

/**
 * Gets the login data of a modern account, with a second factor when the server wants one (chapter 05 sections 10.1 step 6 and 11).
 * DeniedError `denied.login` with the server's text when password or factor are wrong, and when a factor is needed but there is nobody to
 * ask; AbortedError when the user does not answer.
 */
export async function fetchLoginData(context: ClientContext, request: LoginDataRequest): Promise<FetchedLoginData> {
  const { secondFactor, secondFactorAttempts = 1, username, signal } = request;
  let problem: PyrgosError | undefined;
  for (let attempt = 1; ; attempt++) {
    const first = await ask(context, request, undefined);
    if (first.entryPoints !== undefined) return { ...first, entryPoints: first.entryPoints };
    if (secondFactor === undefined || first.question === undefined) {
      throw new DeniedError('denied.login', 'This account needs a second factor.', { needsSecondFactor: true });
    }
    const question = questionOf(first.question, { username, attempt, problem: problem?.message, signal });
    const answer = await untilAborted(async () => secondFactor(question), signal, 'the log-in');
    throwIfAborted(signal, 'the log-in');
    if (answer === undefined) throw new AbortedError('the log-in');
    try {
      const second = await ask(context, request, answer);
      if (second.entryPoints === undefined) throw new DeniedError('denied.login', 'The server does not accept the second factor.');
      return { ...second, entryPoints: second.entryPoints };
    } catch (error) {
      if (attempt >= secondFactorAttempts || !isWrongFactor(error)) throw error;
      problem = error;
    }
  }
}

interface Answer {
  readonly entryPoints: UserStaticData | undefined;
  readonly question: LoginResponse['request'];
  readonly isCached: boolean;
  readonly mayBeKept: boolean;
}

async function ask(context: ClientContext, request: LoginDataRequest, mfa: MultiFactorAuthResponse | undefined): Promise<Answer> {
  const { network, online } = context;
  const { username, login, mayUseCache, keepsLogin = false, signal } = request;
  const cache = new LoginCache(context.cache);
  const cached = async (): Promise<Answer | undefined> => {
    const entryPoints = mayUseCache && mfa === undefined ? await cache.get(username, login.publicKey) : undefined;
    return entryPoints === undefined ? undefined : { entryPoints, question: undefined, isCached: true, mayBeKept: false };
  };
  const asked = async (own: AbortSignal): Promise<Answer> => {
    const response = await network.accounts.getLogin({ username, loginKey: login, mfa }, own);
    const { entryPoints } = response;
    // Kept by whoever has opened it: anybody can answer with something that does not open.
    const mayBeKept = entryPoints !== undefined && (mfa === undefined || keepsLogin);
    if (!mayBeKept) await cache.remove(username);
    return { entryPoints, question: response.request, isCached: false, mayBeKept };
  };
  return online.runOr(asked, cached, signal);
}

function isWrongFactor(error: unknown): error is PyrgosError {
  const { reason } = error instanceof PyrgosError && error.code === 'denied.login' ? error.data : {};
  return reason === 'code' || reason === 'factor';
}
