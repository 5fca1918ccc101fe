import { answerWithCode, answerWithSecurityKey, DeniedError, MfaType, type SecondFactorPrompt, type SecurityKeys } from '@pyrgos/client';
import type { FactorChoice, LogInAnswer, LogInQuestion } from '../calls.js';

/** Wrong codes that a person may type before the call begins again. */
export const SECOND_FACTOR_ATTEMPTS = 5;

/** A call on whose way a second factor may be asked for. */
export interface AskingContext {
  readonly ask: (question: LogInQuestion) => Promise<LogInAnswer | undefined>;
}

const kinds: ReadonlyMap<number, FactorChoice['kind']> = new Map([
  [MfaType.totp, 'totp'],
  [MfaType.webauthn, 'security-key'],
  [MfaType.backupCodes, 'backup-code'],
]);

/** Asks the person at the page for a second factor. */
export function secondFactorPrompt(context: AskingContext): SecondFactorPrompt {
  // The browser shows its dialog for security keys only to pages.
  const keys: SecurityKeys = {
    sign: async (question) => {
      const answer = await context.ask({ kind: 'security-key', question });
      if (answer?.kind !== 'security-key')
        throw new DeniedError('denied.login', 'No security key was touched.', { needsSecondFactor: true });
      return answer.signed;
    },
    create: async () => Promise.reject(new DeniedError('denied.login', 'Logging in creates no keys.')),
  };
  return async (question) => {
    const methods = question.methods.filter(({ type }) => kinds.has(type));
    const factors = methods.map(({ type, name }) => ({ kind: kinds.get(type) ?? 'totp', name }));
    const answer = await context.ask({ kind: 'second-factor', factors, attempt: question.attempt });
    const method = answer?.kind === 'second-factor' ? methods[answer.factor] : undefined;
    if (method === undefined || answer?.kind !== 'second-factor') return undefined;
    return method.type === MfaType.webauthn ? answerWithSecurityKey(question, keys) : answerWithCode(method, answer.code);
  };
}
