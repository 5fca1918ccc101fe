import { assertList, assertMethods, assertObject } from '@pyrgos/core/arguments';
import {
  MfaType,
  type MultiFactorAuthMethod,
  type MultiFactorAuthRequest,
  MultiFactorAuthResponse,
  normaliseBackupCode,
  type TotpKey,
} from '@pyrgos/core/accounts';
import { assertBytes } from '@pyrgos/core/bytes';
import { ArgumentError } from '@pyrgos/core/errors';
import { type Clock, systemClock } from '../commit/index.js';
import { NewFactor } from './new-factor.js';
import { type SecurityKeys, signWithSecurityKey } from './security-key.js';
import { totpCode } from './totp.js';

/** A server's question for a second factor, as the user has to answer it. */
export interface SecondFactorQuestion {
  /** Whose second factor is asked for. */
  readonly username: string;
  /** The factors that would do, mounts left out: nobody has to answer for them. The server's word; names are the user's own. */
  readonly methods: readonly MultiFactorAuthMethod[];
  /** For security keys; see {@link answerWithSecurityKey}. */
  readonly challenge: Uint8Array;
  /** 1 for the first question, more when an answer was wrong. */
  readonly attempt: number;
  /** Why the last answer was refused, in the server's words. */
  readonly problem: string | undefined;
  readonly signal: AbortSignal | undefined;
}

/**
 * Asks the user for a second factor. Resolve to an answer, made with {@link answerWithCode}, {@link answerWithSecurityKey} or {@link answerAsMount}, or to undefined
 * when the user does not want to.
 */
export type SecondFactorPrompt = (question: SecondFactorQuestion) => Promise<MultiFactorAuthResponse | undefined>;

/** The question of a server, for the user. */
export function questionOf(
  request: MultiFactorAuthRequest,
  details: Pick<SecondFactorQuestion, 'username' | 'attempt' | 'problem' | 'signal'>,
): SecondFactorQuestion {
  return { ...details, methods: request.methods, challenge: request.challenge };
}

/**
 * The code of an authenticator app, or a backup code, as it was typed; also of a factor that was just added. ArgumentError for a factor that takes
 * no code.
 */
export function answerWithCode(method: MultiFactorAuthMethod | NewFactor, code: string): MultiFactorAuthResponse {
  assertObject('method', method);
  if (typeof code !== 'string') throw new ArgumentError('code', 'must be a string');
  switch (method instanceof NewFactor ? MfaType.totp : method.type) {
    case MfaType.backupCodes:
      return MultiFactorAuthResponse.of(method.credentialId, normaliseBackupCode(code));
    case MfaType.totp:
    case MfaType.mount:
      // People type the blank that apps show.
      return MultiFactorAuthResponse.of(method.credentialId, code.replaceAll(/\s/g, ''));
    default:
      throw new ArgumentError('method', 'takes no code');
  }
}

/**
 * The answer of a program that has a factor of its own (chapter 05 section 15.7): `mount` is what `SecondFactors.addMount` gave, or its `credentialId` and
 * `key` as the program has kept them. Questions do not offer such a factor, and the server takes it all the same. `clock` must be right to some
 * seconds. PyrgosError `unsupported` in a page that is not served securely.
 */
export async function answerAsMount(
  mount: TotpKey,
  { clock = systemClock }: { readonly clock?: Clock } = {},
): Promise<MultiFactorAuthResponse> {
  assertObject('mount', mount);
  const { credentialId, key } = mount;
  assertBytes('mount.credentialId', credentialId);
  return MultiFactorAuthResponse.of(credentialId, await totpCode(key, Math.floor(clock.now() / 1000)));
}

/** Lets the user touch a security key. ArgumentError when the question offers none; otherwise what the browser throws. */
export async function answerWithSecurityKey(question: SecondFactorQuestion, keys: SecurityKeys): Promise<MultiFactorAuthResponse> {
  assertObject('question', question);
  assertList('question.methods', question.methods);
  assertMethods('keys', keys, 'create', 'sign');
  const credentials = question.methods.filter(({ type }) => type === MfaType.webauthn).map(({ credentialId }) => credentialId);
  if (credentials.length === 0) throw new ArgumentError('question', 'offers no security key');
  return signWithSecurityKey(keys, question.challenge, credentials, question.signal);
}
