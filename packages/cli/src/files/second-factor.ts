import { answerWithCode, MfaType, type MultiFactorAuthMethod, type SecondFactorPrompt } from '@pyrgos/client';
import { isInteractive, notify, printable } from '../terminal.js';
import { type FactorCodes, isAppCode, withoutBlanks } from './factor-codes.js';
import { askText } from './prompts.js';

/** Times that a person may type a code. */
const ATTEMPTS = 3;
/** Said where a code is missing that nobody can be asked for. */
export const MORE_CODES =
  'A new password asks twice for the second factor, and a backup code counts once: say --totp twice, with two backup codes, or once with the code that your app shows.';

/** How the question of a server for a second factor is answered. */
export interface FactorAnswers {
  readonly secondFactor?: SecondFactorPrompt;
  readonly secondFactorAttempts?: number;
}

/**
 * Answers with the codes that somebody has given, one for each question, or asks on a terminal; where there is neither, the account is refused. UsageError
 * when the codes are used up.
 */
export function secondFactorOf(
  codes: FactorCodes | undefined,
  ask: () => Promise<string> = async () => askText('Enter TOTP code for login', MORE_CODES),
): FactorAnswers {
  const isAsked = isInteractive();
  if (codes === undefined && !isAsked) return {};
  return {
    secondFactorAttempts: isAsked ? ATTEMPTS : 1,
    secondFactor: async ({ attempt, methods, problem }) => {
      if (problem !== undefined) notify(printable(problem));
      // A code that was refused once is not tried again.
      const given = attempt === 1 ? codes?.next() : undefined;
      return answer(methods, given ?? (await ask()));
    },
  };
}

async function answer(methods: readonly MultiFactorAuthMethod[], code: string): ReturnType<SecondFactorPrompt> {
  const typed = withoutBlanks(code);
  const backup = methods.find(({ type }) => type === MfaType.backupCodes);
  const app = methods.find(({ type }) => type === MfaType.totp);
  const method = isAppCode(typed) ? (app ?? backup) : (backup ?? app);
  if (method === undefined) {
    notify('this account asks for a security key, which only a browser can use: add an authenticator app or backup codes there');
    return undefined;
  }
  return answerWithCode(method, typed);
}
