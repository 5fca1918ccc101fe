/** A text as an editor needs it, from which the same bytes come out that went in. */
export interface TextDocument {
  readonly text: string;
  /** What parts its lines. A file that mixes them is parted by line feeds, and keeps the rest as characters. */
  readonly lineSeparator: '\n' | '\r\n';
}

/** Bytes as a text; undefined when they are none, which an editor would damage. A mark at the beginning stays. */
export function decodeText(bytes: Uint8Array): TextDocument | undefined {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
  // Text has no zeros; what has some is of another kind that happens to be well formed.
  if (text.includes('\0')) return undefined;
  return { text, lineSeparator: text.includes('\n') && !/(?<!\r)\n|\r(?!\n)/u.test(text) ? '\r\n' : '\n' };
}
