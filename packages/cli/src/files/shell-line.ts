/** A line of the shell, taken apart (chapter 09 section 5.2). */
export interface ShellLine {
  readonly command: string;
  /** Tokens that begin with `-` and have more. */
  readonly flags: readonly string[];
  readonly arguments: readonly string[];
}

/** One token, where it begins in the line, and whether its end is still open. */
interface Token {
  readonly text: string;
  readonly start: number;
  readonly isQuoted: boolean;
  readonly isOpen: boolean;
}

/**
 * Takes a line apart: at blanks, but for those in `"…"` and behind a backslash. Undefined for an empty line; null when it cannot be parsed, because a quotation mark or a
 * backslash at the end has no partner. A quoted token is never a flag.
 */
export function parseShellLine(line: string): ShellLine | undefined | null {
  const tokens = tokensOf(line);
  if (tokens.some(({ isOpen }) => isOpen)) return null;
  const [first, ...rest] = tokens;
  if (first === undefined) return undefined;
  const isFlag = ({ isQuoted, text }: Token): boolean => !isQuoted && text.startsWith('-') && text.length > 1;
  return {
    command: first.text === '?' ? 'help' : first.text,
    flags: rest.filter(isFlag).map(({ text }) => text),
    arguments: rest.filter((token) => !isFlag(token)).map(({ text }) => text),
  };
}

/** What is being typed at the end of a line: the tokens before it, and it itself, as text and as it stands in the line. */
export function lastToken(line: string): { readonly before: readonly string[]; readonly text: string; readonly raw: string } {
  const tokens = tokensOf(line);
  const last = tokens.at(-1);
  const isNew = last === undefined || (!last.isOpen && /\s$/.test(line) && !line.endsWith('\\ '));
  const before = (isNew ? tokens : tokens.slice(0, -1)).map(({ text }) => text);
  return isNew ? { before, text: '', raw: '' } : { before, text: last.text, raw: line.slice(last.start) };
}

/** A token as it has to be typed. */
export function quoteToken(text: string): string {
  if (/^-./.test(text)) return `"${text.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
  return text.replaceAll(/[\s"\\]/g, String.raw`\$&`);
}

function tokensOf(line: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  for (;;) {
    while (/\s/.test(line.charAt(at))) at++;
    if (at >= line.length) return tokens;
    const start = at;
    let text = '';
    let isInQuotes = false;
    let isQuoted = false;
    let isCut = false;
    for (; at < line.length; at++) {
      const char = line.charAt(at);
      if (char === '\\') {
        at++;
        isCut = at >= line.length;
        text += line.charAt(at);
      } else if (char === '"') {
        isInQuotes = !isInQuotes;
        isQuoted = true;
      } else if (!isInQuotes && /\s/.test(char)) break;
      else text += char;
    }
    tokens.push({ text, start, isQuoted, isOpen: isInQuotes || isCut });
  }
}
