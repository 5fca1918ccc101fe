import { isWellFormed } from '@pyrgos/core/bytes';
import { ArgumentError, DeniedError } from '@pyrgos/core/errors';
import { MAX_PASSWORD_LENGTH, MIN_ACCOUNT_PASSWORD_LENGTH, MIN_LINK_PASSWORD_LENGTH } from '@pyrgos/core/limits';

/** Fewest different characters. */
const MIN_DIFFERENT_CHARACTERS = 5;

/** Why a password is not good enough. */
export type PasswordProblem = 'malformed' | 'too-long' | 'equals-username' | 'too-short' | 'too-simple';

const EXPLANATIONS: Readonly<Record<PasswordProblem, string>> = {
  malformed: 'The password contains characters that cannot be stored.',
  'too-long': `The password is longer than ${MAX_PASSWORD_LENGTH} characters.`,
  'equals-username': 'Your password cannot be the same as your username!',
  'too-short': 'The password is too short. Choose a longer one, for instance several random words.',
  'too-simple': 'The password is too easy to guess. Choose another one, for instance several random words.',
};

/**
 * What a new secret has to be like: one rule for every path that sets one, sign-up, password change and link passwords (chapter 05
 * section 12.4 demands only that it is not the username). Logging in is not judged: older accounts have what they have.
 */
export class PasswordPolicy {
  /** For passwords of accounts. */
  static readonly account: PasswordPolicy = new PasswordPolicy(MIN_ACCOUNT_PASSWORD_LENGTH);
  /** For passwords that people put on secret links. */
  static readonly link: PasswordPolicy = new PasswordPolicy(MIN_LINK_PASSWORD_LENGTH);

  private constructor(
    /** Fewest characters (code points). */
    readonly minLength: number,
  ) {}

  /** The first reason to refuse a password, or undefined when it is good enough. `username`: whose it is to be. */
  problemOf(password: string, username: string): PasswordProblem | undefined {
    if (typeof password !== 'string') throw new ArgumentError('password', 'must be a string');
    if (typeof username !== 'string') throw new ArgumentError('username', 'must be a string');
    if (!isWellFormed(password)) return 'malformed';
    if (password.length > MAX_PASSWORD_LENGTH) return 'too-long';
    if (isUsername(password, username)) return 'equals-username';
    const characters = Array.from(password);
    if (characters.length < this.minLength) return 'too-short';
    return isSimple(characters) || isUsername(shortestUnit(characters), username) ? 'too-simple' : undefined;
  }

  /** Requires a good password; otherwise a DeniedError `denied.password` for people, whose `data.reason` is a {@link PasswordProblem}. */
  assertGood(password: string, username: string): void {
    const problem = this.problemOf(password, username);
    if (problem === undefined) return;
    throw new DeniedError('denied.password', EXPLANATIONS[problem], { reason: problem, minLength: this.minLength });
  }
}

function isUsername(password: string, username: string): boolean {
  return password.trim().toLowerCase() === username.toLowerCase();
}

function isSimple(characters: readonly string[]): boolean {
  return new Set(characters).size < MIN_DIFFERENT_CHARACTERS || isRun(characters);
}

/** Whether all steps from one character to the next are the same: abcdefgh, 98765432. */
function isRun(characters: readonly string[]): boolean {
  const codes = characters.map((character) => character.codePointAt(0) as number);
  const step = (codes[1] ?? 0) - (codes[0] ?? 0);
  // Counting in a circle of ten digits is a run, too: 789012.
  return Math.abs(step) <= 1 && codes.every((code, i) => i === 0 || (code - (codes[i - 1] as number) - step) % 10 === 0);
}

/** The shortest text that gives the password when it is repeated. */
function shortestUnit(characters: readonly string[]): string {
  for (let length = 1; length <= characters.length / 2; length++) {
    if (characters.length % length === 0 && characters.every((character, i) => character === characters[i % length])) {
      return characters.slice(0, length).join('');
    }
  }
  return characters.join('');
}
