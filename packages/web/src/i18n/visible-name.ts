/**
 * What nobody sees, or takes for a blank: controls of writing direction, which can make `exe.png` of `gnp.exe`; line breaks and other controls; what has no width; fillers; blanks
 * other than the one of the keyboard and the wide one of East Asia; halves of characters.
 */
const INVISIBLE =
  /[\p{Cc}\p{Cs}\p{Default_Ignorable_Code_Point}\p{Zl}\p{Zp}\u00a0\u1680\u2000-\u200a\u202f\u205f\u2800\ufff9-\ufffb\u{13430}-\u{1343f}]/u;

/** Scripts that are written with joiners. */
const JOINED =
  '\\p{Script=Arabic}\\p{Script=Syriac}\\p{Script=Nko}\\p{Script=Mongolian}\\p{Script=Devanagari}\\p{Script=Bengali}\\p{Script=Gurmukhi}\\p{Script=Gujarati}\\p{Script=Oriya}' +
  '\\p{Script=Tamil}\\p{Script=Telugu}\\p{Script=Kannada}\\p{Script=Malayalam}\\p{Script=Sinhala}\\p{Script=Khmer}\\p{Script=Myanmar}';

/** The invisible where it belongs: in emoji and flags, between the letters of some scripts, at variants of ideographs, and before AM and PM, where systems put it into names. */
const IN_PLACE = [
  '\\u{1f3f4}\\u{e0067}\\u{e0062}(?:\\u{e0065}\\u{e006e}\\u{e0067}|\\u{e0073}\\u{e0063}\\u{e0074}|\\u{e0077}\\u{e006c}\\u{e0073})\\u{e007f}',
  '[#*0-9]\\ufe0f\\u20e3',
  '(?<=\\p{Extended_Pictographic})[\\ufe0e\\ufe0f](?![\\ufe0e\\ufe0f])',
  '(?<=[\\p{Extended_Pictographic}\\p{Emoji_Modifier}\\ufe0f])\\u200d(?=\\p{Extended_Pictographic})',
  `(?<=[${JOINED}])[\\u200c\\u200d](?=[${JOINED}])`,
  '(?<=\\p{Script=Mongolian})[\\u180b-\\u180d\\u180f]',
  '(?<=\\p{Script=Han})[\\u{e0100}-\\u{e01ef}]',
  '(?<=[0-9])[\\u00a0\\u202f](?=[AP]M)',
].join('|');
const EITHER = new RegExp(`(${IN_PLACE})|${INVISIBLE.source}`, 'gu');
const EITHER_IN_VALUE = new RegExp(`(${IN_PLACE}|[\\u00a0\\u202f])|${INVISIBLE.source}`, 'gu');

function written(name: string, either: RegExp): string {
  return name.replaceAll(either, (found: string, inPlace: string | undefined) =>
    inPlace === undefined ? `‹U+${(found.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}›` : found,
  );
}

/** A name as it is shown everywhere: what is invisible in it is written out, so that no name looks like another one. For reading only: it leads to no file. */
export function visibleName(name: string): string {
  return written(name, EITHER);
}

/** {@link visibleName} for what is put into a text: a name, or a number or date whose blanks do not break. */
export function visibleValue(value: string): string {
  return written(value, EITHER_IN_VALUE);
}

/** {@link visibleName} for a text of several lines, which stay lines. */
export function visibleLines(text: string): string {
  return text.split('\n').map(visibleName).join('\n');
}

/** Letters that are written from right to left, by the ranges that Unicode keeps for them. */
const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefe\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;

/** {@link visibleName} for plain text, such as a title of a window or a sentence: the direction in which it is written changes nothing around it, as `<bdi>` does it on a page. */
export class IsolatedText {
  private constructor(readonly text: string) {}

  /** Of a name that somebody has given, or of what somebody has written. */
  static of(name: string): IsolatedText {
    return IsolatedText.ofShown(visibleName(name));
  }

  /** Of what is made of such texts, and has nothing invisible in it but what isolates them. */
  static ofShown(text: string): IsolatedText {
    return new IsolatedText(RIGHT_TO_LEFT.test(text) ? `\u2068${text}\u2069` : text);
  }

  /** The text, to be shown. */
  toString(): string {
    return this.text;
  }

  /** The text, to be shown. */
  toJSON(): string {
    return this.text;
  }
}
