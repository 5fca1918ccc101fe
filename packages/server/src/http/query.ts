import { utf8Decode } from '@pyrgos/core/bytes';
import { FormatError } from '@pyrgos/core/errors';

function hexDigit(code: number): number {
  if (code >= 48 && code <= 57) return code - 48;
  if (code >= 65 && code <= 70) return code - 55;
  if (code >= 97 && code <= 102) return code - 87;
  return -1;
}

const needsDecoding = /[^\u0020-\u0024\u0026-\u007e]/u;

/**
 * Percent-decodes text of a request line: `%XX` becomes a byte, everything else stays, `+` too; the bytes are UTF-8 (chapter 02
 * section 2.2). Characters from U+0080 to U+00FF are bytes that a client did not escape. FormatError `format.request` for an
 * incomplete escape, for bytes that are no UTF-8, and for characters that no request line has.
 */
export function decodePercent(text: string): string {
  if (!needsDecoding.test(text)) return text;
  const bytes = new Uint8Array(text.length);
  let length = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0xff) throw new FormatError('format.request', '', 'The request line has characters that are no bytes');
    if (code !== 0x25) {
      bytes[length++] = code;
      continue;
    }
    const high = hexDigit(text.charCodeAt(i + 1));
    const low = hexDigit(text.charCodeAt(i + 2));
    if (high < 0 || low < 0) throw new FormatError('format.request', '', 'The request line has an incomplete %XX escape');
    bytes[length++] = (high << 4) | low;
    i += 2;
  }
  const decoded = utf8Decode(bytes.subarray(0, length));
  if (decoded === undefined) throw new FormatError('format.request', '', 'The request line is not UTF-8');
  return decoded;
}

/** The parameters of a query string (chapter 02 section 2.2). Immutable; keyed by a Map, because clients choose the names. */
export class Query {
  private constructor(
    private readonly values: ReadonlyMap<string, string>,
    /** All values of `arg`, in order: the only parameter whose repetition means something. */
    readonly args: readonly string[],
  ) {}

  /**
   * Parses the text after `?`: decoded as a whole first, then split, so that a value can hold `=` but never `&`. Trailing `&` are fine.
   * A part without `=` is a FormatError `format.request`.
   */
  static parse(raw: string): Query {
    const text = decodePercent(raw);
    const values = new Map<string, string>();
    const args: string[] = [];
    let end = text.length;
    while (end > 0 && text.charCodeAt(end - 1) === 0x26) end--;
    for (let start = 0; start < end;) {
      const stop = text.indexOf('&', start);
      const part = text.slice(start, stop < 0 ? end : Math.min(stop, end));
      start += part.length + 1;
      const equals = part.indexOf('=');
      if (equals < 0) throw new FormatError('format.request', '', 'A part of the query has no "="');
      const name = part.slice(0, equals);
      const value = part.slice(equals + 1);
      if (name === 'arg') args.push(value);
      values.set(name, value);
    }
    return new Query(values, args);
  }

  /** The value of a parameter; the last one when it is repeated. */
  get(name: string): string | undefined {
    return this.values.get(name);
  }
}
