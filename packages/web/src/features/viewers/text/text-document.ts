/** How the characters of a text are stored. What is not in UTF-8 can be read, but no bytes are made of it again. */
export type TextEncoding = 'UTF-8' | 'UTF-16' | 'Windows-1252';

/** A text as an editor needs it; of one in UTF-8 the same bytes come out that went in. */
export interface TextDocument {
  readonly text: string;
  /** What parts its lines. A file that mixes them is parted by line feeds, and keeps the rest as characters. */
  readonly lineSeparator: '\n' | '\r\n';
  readonly encoding: TextEncoding;
}

/** Control characters that are in no text: all but tabs, ends of lines and pages, and what colours the logs of terminals. */
// oxlint-disable-next-line no-control-regex
const NO_TEXT = /[\0-\u0007\u000e-\u001a\u001c-\u001f]/u;

/**
 * Bytes as a text; undefined when they are none. UTF-8 as it is, a mark at the beginning included; UTF-16 where a mark says so; anything else that has no
 * control characters as Windows-1252, which most old files in western languages are.
 */
export function decodeText(bytes: Uint8Array): TextDocument | undefined {
  const [first, second] = bytes;
  const isLittle = first === 0xff && second === 0xfe;
  const isBig = first === 0xfe && second === 0xff;
  if (isLittle || isBig) return documentOf(decode(bytes, isLittle ? 'utf-16le' : 'utf-16be'), 'UTF-16');
  const text = decode(bytes, 'utf-8');
  // Text has no zeros; what has some is of another kind that happens to be well formed.
  if (text !== undefined) return text.includes('\0') ? undefined : documentOf(text, 'UTF-8');
  return documentOf(decode(bytes, 'windows-1252'), 'Windows-1252');
}

function documentOf(text: string | undefined, encoding: TextEncoding): TextDocument | undefined {
  if (text === undefined || (encoding !== 'UTF-8' && NO_TEXT.test(text))) return undefined;
  return { text, lineSeparator: text.includes('\n') && !/(?<!\r)\n|\r(?!\n)/u.test(text) ? '\r\n' : '\n', encoding };
}

function decode(bytes: Uint8Array, label: 'utf-8' | 'utf-16le' | 'utf-16be' | 'windows-1252'): string | undefined {
  try {
    // The mark of UTF-8 is kept, so that it is stored again.
    return new TextDecoder(label, { fatal: true, ignoreBOM: label === 'utf-8' }).decode(bytes);
  } catch {
    return undefined;
  }
}
