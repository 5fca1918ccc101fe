/** A part of a text, and whether it is what was looked for. */
export interface SnippetPart {
  readonly text: string;
  readonly isMatch: boolean;
}

/** Characters before the first match that are shown. */
const BEFORE = 40;
/** Characters that are shown in all. */
const LENGTH = 200;

/** The place in a message where the words of a search are, cut to a length that can be read, with the words marked. Line breaks become blanks. */
export function snippetOf(text: string, query: string): readonly SnippetPart[] {
  const line = text.replaceAll(/\s+/gu, ' ').trim();
  const words = query
    .trim()
    .split(/\s+/u)
    .filter((word) => word !== '');
  const pattern = words.length === 0 ? undefined : new RegExp(words.map(escaped).join('|'), 'giu');
  const first = pattern === undefined ? -1 : line.search(pattern);
  const start = first <= BEFORE ? 0 : startOfWord(line, first - BEFORE);
  const shown = whole(line.slice(start, start + LENGTH));
  const isCut = start + shown.length < line.length;
  const parts: SnippetPart[] = start > 0 ? [{ text: '… ', isMatch: false }] : [];
  let end = 0;
  for (const { index, 0: found } of pattern === undefined ? [] : shown.matchAll(pattern)) {
    if (index > end) parts.push({ text: shown.slice(end, index), isMatch: false });
    parts.push({ text: found, isMatch: true });
    end = index + found.length;
  }
  const rest = `${shown.slice(end)}${isCut ? ' …' : ''}`;
  return rest === '' ? parts : [...parts, { text: rest, isMatch: false }];
}

/** The begin of the next word from a place on, so that no word is cut in front. */
function startOfWord(line: string, from: number): number {
  const blank = line.indexOf(' ', from);
  return blank === -1 || blank >= from + BEFORE ? from : blank + 1;
}

/** Without half a character at either end. */
function whole(text: string): string {
  return text.replace(/^[\udc00-\udfff]/u, '').replace(/[\ud800-\udbff]$/u, '');
}

function escaped(word: string): string {
  return word.replaceAll(/[\\^$.*+?()[\]{}|]/gu, String.raw`\$&`);
}
