import { assertList, assertMethods, assertObject } from '@pyrgos/core/arguments';
import {
  MfaType,
  type MultiFactorAuthMethod,
  type MultiFactorAuthRequest,
  MultiFactorAuthResponse,
  normaliseBackupCode,
} from '@pyrgos/core/accounts';
import { ArgumentError } from '@pyrgos/core/errors';
import { type SecurityKeys, signWithSecurityKey } from './security-key.js';

/** A server's question for a second factor, as the user has to answer it. */
export interface SecondFactorQuestion {
  /** Whose second factor is asked for. */
  readonly username: string;
  /** The factors that would do; the server's word, names are the user's own. */
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
 * Asks the user for a second factor. Resolve to an answer, made with {@link answerWithCode} or {@link answerWithSecurityKey}, or to undefined
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

/** The code of an authenticator app, or a backup code, as it was typed. ArgumentError for a factor that takes no code. */
export function answerWithCode(method: MultiFactorAuthMethod, code: string): MultiFactorAuthResponse {
  assertObject('method', method);
  if (typeof code !== 'string') throw new ArgumentError('code', 'must be a string');
  switch (method.type) {
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

/** Lets the user touch a security key. ArgumentError when the question offers none; otherwise what the browser throws. */
export async function answerWithSecurityKey(question: SecondFactorQuestion, keys: SecurityKeys): Promise<MultiFactorAuthResponse> {
  assertObject('question', question);
  assertList('question.methods', question.methods);
  assertMethods('keys', keys, 'create', 'sign');
  const credentials = question.methods.filter(({ type }) => type === MfaType.webauthn).map(({ credentialId }) => credentialId);
  if (credentials.length === 0) throw new ArgumentError('question', 'offers no security key');
  return signWithSecurityKey(keys, question.challenge, credentials, question.signal);
}
