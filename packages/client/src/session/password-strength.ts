import { BIP39_WORDS } from './bip39-words.js';
import { COMMON_PASSWORDS, COMMON_PASSWORDS_ELSEWHERE, FAMOUS_PASSPHRASES } from './common-passwords.js';

/** What a part of a password is, for whoever guesses it. */
export type PasswordPart = 'username' | 'common' | 'word' | 'sequence' | 'repetition' | 'date' | 'random';

/** How hard a password is to guess. */
export interface GuessEstimate {
  /** log2 of the number of guesses that somebody needs who knows how people choose passwords. */
  readonly bits: number;
  /** Characters (code points) in parts of each kind. */
  readonly characters: ReadonlyMap<PasswordPart, number>;
}

/** Characters that are looked at; more make a password no weaker. */
const MAX_JUDGED = 128;
const SHORTEST_WORD = 2;
const LONGEST_WORD = 20;
const MAX_DISTANCE = 32;
/** What people put between words, or between letters, to make them longer; what cannot be seen is of that kind. */
const SEPARATOR = /[\s\p{Pd}\p{Cf}_.,]/u;
/** That there are separators, and each of them, in bits. */
const SEPARATED_COST = 3;
const SEPARATOR_COST = 1;
/** Letters that do not come apart into a plain one and its marks. */
const PLAIN_LETTERS: ReadonlyMap<string, string> = new Map([
  ['ß', 's'],
  ['ø', 'o'],
  ['ł', 'l'],
  ['đ', 'd'],
  ['ı', 'i'],
  ['ς', 'σ'],
]);
/** Which kind of part comes next, in bits. */
const PART_COST = 1;

const LEET: ReadonlyMap<string, string> = new Map(
  Array.from('@a 4a 8b 3e 9g 1i !i |l 0o $s 5s 7t +t'.split(' '), (pair) => [pair[0] ?? '', pair[1] ?? '']),
);
/** Keys that are neighbours, in the order of the fingers; read backwards as well. */
const KEY_ROWS = [
  '1234567890',
  'qwertyuiop',
  'asdfghjkl',
  'zxcvbnm',
  'qwertzuiop',
  'yxcvbnm',
  'azertyuiop',
  'qsdfghjklm',
  '1qaz2wsx3edc4rfv5tgb',
  '1q2w3e4r5t6y7u8i9o0p',
  'zxcvbnm,./',
  'qazwsxedcrfvtgb',
  'qwertzuiopü',
  'asdfghjklöä',
  'йцукенгшщзхъ',
  'фывапролджэ',
  'ячсмитьбю',
  'ςερτυθιοπ',
  'ασδφγηξκλ',
  'ζχψωβνμ',
];
const keyRows = KEY_ROWS.flatMap((row) => {
  const keys = folded(row);
  return [keys, keys.toReversed()];
});

/** Bits of each word that guessers try; a common password is the more expensive the later it stands in the list. */
const words: ReadonlyMap<string, { readonly bits: number; readonly part: PasswordPart }> = new Map<
  string,
  { readonly bits: number; readonly part: PasswordPart }
>([
  ...BIP39_WORDS.map((word) => [word, { bits: 11, part: 'word' }] as const),
  ...[COMMON_PASSWORDS_ELSEWHERE, COMMON_PASSWORDS].flatMap((list) =>
    list.map((word, rank) => [folded(word).join(''), { bits: 2 + Math.log2(rank + 2) / 1.5, part: 'common' }] as const),
  ),
]);

/** Bits of each famous passphrase: they are few. */
const FAMOUS_COST = 8;
/** Without what stands between the words: a password is judged without it as well. */
const famous: readonly (readonly string[])[] = FAMOUS_PASSPHRASES.map((phrase) => folded(phrase.replaceAll(' ', '')));

/** One way to read what stands at some place. */
interface Reading {
  readonly length: number;
  readonly bits: number;
  readonly part: PasswordPart;
}

/**
 * How many guesses a password takes, by the cheapest way to put it together from what guessers try: the username, common passwords, words,
 * sequences, dates, repetitions, and the rest character by character; once more without the separators, for p-a-s-s-w-o-r-d. An estimate: of
 * other languages than English it knows the commonest passwords only.
 */
export function estimateGuesses(password: string, username: string): GuessEstimate {
  const characters = Array.from(password).slice(0, MAX_JUDGED);
  // A longer name is not part of what is judged.
  const name = username.length > MAX_JUDGED ? '' : username;
  const typed = estimateText(characters, name);
  const joined = characters.filter((character) => !SEPARATOR.test(character));
  if (joined.length === characters.length) return typed;
  const separated = estimateText(joined, name);
  const bits = separated.bits + SEPARATED_COST + SEPARATOR_COST * (characters.length - joined.length);
  return bits < typed.bits ? { ...separated, bits } : typed;
}

/** In lower case, without the marks on letters, wide and narrow forms as the usual ones; one for each character. */
function folded(text: string): string[] {
  return Array.from(text.toLowerCase(), (character) => {
    const parts = Array.from(character.normalize('NFKD').replaceAll(/\p{M}/gu, ''));
    const [letter = character] = parts;
    return parts.length === 1 ? (PLAIN_LETTERS.get(letter) ?? letter) : (PLAIN_LETTERS.get(character) ?? character);
  });
}

function estimateText(characters: readonly string[], username: string): GuessEstimate {
  const lower = characters.map((character) => folded(character)[0] ?? character);
  const plain = lower.map((character) => LEET.get(character) ?? character);
  const text: JudgedText = { characters, lower, plain, username: folded(username) };
  // best[i]: the cheapest reading of the first i characters, and its last part.
  const best: { bits: number; from: number; part: PasswordPart }[] = [{ bits: 0, from: 0, part: 'random' }];
  const reach = (from: number, { length, bits, part }: Reading, start: number): void => {
    const total = start + bits;
    const known = best[from + length];
    if (known === undefined || total < known.bits) best[from + length] = { bits: total, from, part };
  };
  for (let i = 0; i < characters.length; i++) {
    const here = best[i];
    if (here === undefined) continue;
    const change = here.part === 'random' ? 0 : PART_COST;
    reach(i, { length: 1, bits: bitsOfCharacter(characters[i] as string) + change, part: 'random' }, here.bits);
    for (const reading of readingsAt(text, i)) reach(i, { ...reading, bits: reading.bits + PART_COST }, here.bits);
  }
  const counts = new Map<PasswordPart, number>();
  for (let end = characters.length; end > 0;) {
    const last = best[end];
    if (last === undefined) break;
    counts.set(last.part, (counts.get(last.part) ?? 0) + end - last.from);
    end = last.from;
  }
  return { bits: best[characters.length]?.bits ?? 0, characters: counts };
}

/** A password as it was typed, as plain letters in lower case, and with letters for the signs that look like them. */
interface JudgedText {
  readonly characters: readonly string[];
  readonly lower: readonly string[];
  readonly plain: readonly string[];
  readonly username: readonly string[];
}

function* readingsAt(text: JudgedText, start: number): Generator<Reading, void, undefined> {
  yield* wordsAt(text, start);
  yield* famousAt(text, start);
  const { username, lower } = text;
  if (username.length >= 3 && startsWith(lower, start, username)) yield { length: username.length, bits: 1, part: 'username' };
  yield* sequencesAt(text, start);
  yield* datesAt(text, start);
  yield* repetitionsAt(text, start);
}

function* wordsAt({ characters, lower, plain }: JudgedText, start: number): Generator<Reading, void, undefined> {
  for (let length = SHORTEST_WORD; length <= LONGEST_WORD && start + length <= characters.length; length++) {
    const end = start + length;
    const typed = lower.slice(start, end);
    const cased = characters.slice(start, end).some((character) => character !== character.toLowerCase()) ? 1 : 0;
    for (const [candidate, extra] of [
      [typed, 0],
      [plain.slice(start, end), 2],
      [typed.toReversed(), 1],
    ] as const) {
      const word = words.get(candidate.join(''));
      if (word !== undefined) yield { length, bits: word.bits + extra + cased, part: word.part };
    }
  }
}

function* famousAt({ lower, plain }: JudgedText, start: number): Generator<Reading, void, undefined> {
  for (const [text, extra] of [
    [lower, 0],
    [plain, 2],
  ] as const) {
    for (const phrase of famous) {
      if (startsWith(text, start, phrase)) yield { length: phrase.length, bits: FAMOUS_COST + extra, part: 'common' };
    }
  }
}

function* sequencesAt({ characters, lower }: JudgedText, start: number): Generator<Reading, void, undefined> {
  const codes = characters.map((character) => character.codePointAt(0) ?? 0);
  for (const step of [1, -1]) {
    let end = start + 1;
    // Counting in a circle of ten digits is a sequence, too: 7890123.
    while (end < codes.length && isStep(codes[end - 1] ?? 0, codes[end] ?? 0, step)) end++;
    if (end - start >= 3) yield { length: end - start, bits: 4 + Math.log2(end - start), part: 'sequence' };
  }
  for (const row of keyRows) {
    const at = row.indexOf(lower[start] ?? '');
    if (at < 0) continue;
    let length = 1;
    while (start + length < lower.length && at + length < row.length && lower[start + length] === row[at + length]) length++;
    if (length >= 4) yield { length, bits: 5 + Math.log2(length), part: 'sequence' };
  }
}

function isStep(before: number, after: number, step: number): boolean {
  const isDigit = (code: number): boolean => code >= 0x30 && code <= 0x39;
  if (after - before === step) return true;
  return isDigit(before) && isDigit(after) && after - before === -9 * step;
}

function* datesAt({ characters }: JudgedText, start: number): Generator<Reading, void, undefined> {
  const digits = (length: number): string => characters.slice(start, start + length).join('');
  if (/^(?:19|20)\d\d$/u.test(digits(4))) yield { length: 4, bits: 6, part: 'date' };
  const dayOrMonth = '(?:0[1-9]|[12]\\d|3[01])';
  const year = '(?:19|20)\\d\\d';
  if (new RegExp(`^(?:${dayOrMonth}{2}${year}|${year}${dayOrMonth}{2})$`, 'u').test(digits(8))) yield { length: 8, bits: 15, part: 'date' };
  if (new RegExp(`^${dayOrMonth}{2}\\d\\d$`, 'u').test(digits(6))) yield { length: 6, bits: 14, part: 'date' };
}

/** What stood there before once more, also overlapping: aaaa, abcabcabc. */
function* repetitionsAt({ lower }: JudgedText, start: number): Generator<Reading, void, undefined> {
  for (let distance = 1; distance <= Math.min(start, MAX_DISTANCE); distance++) {
    let length = 0;
    while (start + length < lower.length && lower[start + length] === lower[start + length - distance]) length++;
    if (length >= Math.min(distance, 3)) yield { length, bits: 1 + Math.log2(distance) / 2 + Math.log2(length), part: 'repetition' };
  }
}

function startsWith(text: readonly string[], start: number, part: readonly string[]): boolean {
  return part.every((character, i) => text[start + i] === character);
}

function bitsOfCharacter(character: string): number {
  if (/\d/u.test(character)) return 3.3;
  if (/[a-z]/u.test(character)) return 4.7;
  if (/[A-Z]/u.test(character)) return 5.5;
  if (character === ' ' || character === '-') return 3;
  if (/\p{Script=Han}/u.test(character)) return 8;
  if (/\p{Script=Hangul}/u.test(character)) return 7;
  return character < '\u007f' ? 5 : 6;
}
