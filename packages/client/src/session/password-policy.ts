import { isWellFormed } from '@pyrgos/core/bytes';
import { ArgumentError, DeniedError } from '@pyrgos/core/errors';
import { MAX_PASSWORD_LENGTH, MIN_ACCOUNT_PASSWORD_LENGTH, MIN_LINK_PASSWORD_LENGTH } from '@pyrgos/core/limits';
import { estimateGuesses, type PasswordPart } from './password-strength.js';

/** Fewest different characters. */
const MIN_DIFFERENT_CHARACTERS = 5;
/** log2 of the guesses that a password of an account has to stand: whoever has the server's disk may guess without being asked. */
const MIN_ACCOUNT_BITS = 36;
/** The same for a password on a secret link, which comes on top of the link itself. */
const MIN_LINK_BITS = 26;
/** Bits from which a password is called good and strong. */
const GOOD_BITS = 50;
const STRONG_BITS = 65;

/**
 * Why a password is not good enough, for programs that say it in other words or languages. `contains-username`, `common`, `sequence` and
 * `repetition` name what most of a password that is too easy to guess consists of; `too-simple` is any other.
 */
export type PasswordProblem =
  | 'malformed'
  | 'too-long'
  | 'equals-username'
  | 'too-short'
  | 'contains-username'
  | 'common'
  | 'sequence'
  | 'repetition'
  | 'too-simple';

const ADVICE = 'Choose another one, for instance several random words.';
const EXPLANATIONS: Readonly<Record<PasswordProblem, string>> = {
  malformed: 'The password contains characters that cannot be stored.',
  'too-long': `The password is longer than ${MAX_PASSWORD_LENGTH} characters.`,
  'equals-username': 'The password must not be the username.',
  'too-short': 'The password is too short. Choose a longer one, for instance several random words.',
  'contains-username': `The password is little more than the username. ${ADVICE}`,
  common: `The password is one that many people use, or nearly. ${ADVICE}`,
  sequence: `The password is a sequence of neighbouring characters or keys. ${ADVICE}`,
  repetition: `The password repeats itself. ${ADVICE}`,
  'too-simple': `The password is too easy to guess. ${ADVICE}`,
};

/** What to call each kind of part when it is most of a weak password. */
const PROBLEM_OF_PART: Readonly<Partial<Record<PasswordPart, PasswordProblem>>> = {
  username: 'contains-username',
  common: 'common',
  sequence: 'sequence',
  repetition: 'repetition',
};

/** How good a password is, for a meter beside the field in which it is chosen. */
export interface PasswordStrength {
  /** `refused` as long as there is a problem. */
  readonly level: 'refused' | 'fair' | 'good' | 'strong';
  /** log2 of the guesses it stands, an estimate; 0 for text that cannot be a password at all. */
  readonly bits: number;
  /** What {@link PasswordPolicy.problemOf} gives. */
  readonly problem: PasswordProblem | undefined;
}

/**
 * What a new secret has to be like: one rule for every path that sets one, sign-up, password change and link passwords (chapter 05
 * section 12.4 demands only that it is not the username): long enough, and not guessed by whoever tries usernames, common passwords, words,
 * sequences, dates and repetitions first. Logging in is not judged: older accounts have what they have.
 */
export class PasswordPolicy {
  /** For passwords of accounts. */
  static readonly account: PasswordPolicy = new PasswordPolicy(MIN_ACCOUNT_PASSWORD_LENGTH, MIN_ACCOUNT_BITS);
  /** For passwords that people put on secret links. */
  static readonly link: PasswordPolicy = new PasswordPolicy(MIN_LINK_PASSWORD_LENGTH, MIN_LINK_BITS);

  private constructor(
    /** Fewest characters (code points); of scripts in which one says as much as several letters, two count as three. */
    readonly minLength: number,
    /** log2 of the fewest guesses that it has to stand. */
    readonly minBits: number,
  ) {}

  /** The first reason to refuse a password, or undefined when it is good enough. `username`: whose it is to be. */
  problemOf(password: string, username: string): PasswordProblem | undefined {
    return this.strengthOf(password, username).problem;
  }

  /** How good a password is; see {@link PasswordStrength}. Cheap enough for every key that is pressed. `username`: whose it is to be. */
  strengthOf(password: string, username: string): PasswordStrength {
    if (typeof password !== 'string') throw new ArgumentError('password', 'must be a string');
    if (typeof username !== 'string') throw new ArgumentError('username', 'must be a string');
    // First, so that no length costs time.
    if (password.length > MAX_PASSWORD_LENGTH) return refused('too-long', 0);
    if (!isWellFormed(password)) return refused('malformed', 0);
    const { bits, characters } = estimateGuesses(password, username);
    if (username.length <= MAX_PASSWORD_LENGTH && password.trim().toLowerCase() === username.toLowerCase())
      return refused('equals-username', bits);
    const codePoints = Array.from(password);
    if (lengthOf(codePoints) < this.minLength) return refused('too-short', bits);
    if (bits < this.minBits) return refused(mainProblem(characters), bits);
    if (new Set(codePoints).size < MIN_DIFFERENT_CHARACTERS) return refused('repetition', bits);
    return { level: bits >= STRONG_BITS ? 'strong' : bits >= GOOD_BITS ? 'good' : 'fair', bits, problem: undefined };
  }

  /** Requires a good password; otherwise a DeniedError `denied.password` for people, whose `data.reason` is a {@link PasswordProblem}. */
  assertGood(password: string, username: string): void {
    const problem = this.problemOf(password, username);
    if (problem === undefined) return;
    throw new DeniedError('denied.password', EXPLANATIONS[problem], { reason: problem, minLength: this.minLength });
  }
}

/** Characters of scripts with thousands of them, or one for each syllable. */
const DENSE = /[\p{Script=Han}\p{Script=Hangul}\p{Script=Hiragana}\p{Script=Katakana}]/u;

function lengthOf(characters: readonly string[]): number {
  return characters.length + characters.filter((character) => DENSE.test(character)).length / 2;
}

function refused(problem: PasswordProblem, bits: number): PasswordStrength {
  return { level: 'refused', bits, problem };
}

/** What most characters of a weak password belong to. */
function mainProblem(characters: ReadonlyMap<PasswordPart, number>): PasswordProblem {
  let most: PasswordPart = 'random';
  for (const [part, count] of characters) if (count > (characters.get(most) ?? 0)) most = part;
  return PROBLEM_OF_PART[most] ?? 'too-simple';
}
