import { answerWithCode, MfaType, type MultiFactorAuthMethod, type SecondFactorPrompt } from '@pyrgos/client';
import { isInteractive, notify, printable } from '../terminal.js';
import { askText } from './prompts.js';

/** Times that a person may type a code. */
const ATTEMPTS = 3;
/** What apps show; everything else that is typed is a backup code. */
const APP_CODE = /^\d{6}$/;

/** How the question of a server for a second factor is answered. */
export interface FactorAnswers {
  readonly secondFactor?: SecondFactorPrompt;
  readonly secondFactorAttempts?: number;
}

/** Answers with the code that somebody has given, or asks on a terminal; where there is neither, the account is refused. */
export function secondFactorOf(code: string | undefined): FactorAnswers {
  if (code !== undefined) return { secondFactor: async ({ methods }) => answer(methods, code) };
  if (!isInteractive()) return {};
  return {
    secondFactorAttempts: ATTEMPTS,
    secondFactor: async ({ methods, problem }) => {
      if (problem !== undefined) notify(printable(problem));
      return answer(methods, await askText('Enter TOTP code for login', ''));
    },
  };
}

async function answer(methods: readonly MultiFactorAuthMethod[], code: string): ReturnType<SecondFactorPrompt> {
  const typed = code.replaceAll(/\s/g, '');
  const backup = methods.find(({ type }) => type === MfaType.backupCodes);
  const app = methods.find(({ type }) => type === MfaType.totp);
  const method = APP_CODE.test(typed) ? (app ?? backup) : (backup ?? app);
  if (method === undefined) {
    notify('this account asks for a security key, which only a browser can use: add an authenticator app or backup codes there');
    return undefined;
  }
  return answerWithCode(method, typed);
}
