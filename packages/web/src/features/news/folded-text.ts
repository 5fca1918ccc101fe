/** Lines and UTF-16 code units of a text that are shown before somebody asks for the rest: a text may be millions long, and there are others below it. */
const MAX_LINES = 20;
const MAX_LENGTH = 2000;
/** How far back the end of a word is looked for. */
const MAX_WORD = 100;

/** The beginning of a long text; undefined for one that can be shown as a whole. */
export function foldedText(text: string): string | undefined {
  let end = text.length <= MAX_LENGTH ? text.length : endOfWord(text, MAX_LENGTH);
  let line = -1;
  for (let lines = 0; lines < MAX_LINES; lines++) {
    line = text.indexOf('\n', line + 1);
    if (line < 0 || line >= end) break;
    if (lines === MAX_LINES - 1) end = line;
  }
  return end === text.length ? undefined : text.slice(0, end);
}

function endOfWord(text: string, end: number): number {
  const space = text.slice(end - MAX_WORD, end).search(/\s\S*$/u);
  if (space >= 0) return end - MAX_WORD + space;
  // Not in the middle of a character.
  return /[\ud800-\udbff]/u.test(text.charAt(end - 1)) ? end - 1 : end;
}
