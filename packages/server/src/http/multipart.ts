import { FormatError } from '@pyrgos/core/errors';

const blankLine = Buffer.from('\r\n\r\n');

function fail(problem: string): never {
  throw new FormatError('format.request', 'multipart', problem);
}

/** The boundary: the text after the first `=` of the Content-Type, as the reference reads it; quotes are taken off. */
export function multipartBoundary(contentType: string | undefined): string {
  const start = contentType?.indexOf('=') ?? -1;
  const boundary = (contentType ?? '').slice(start + 1).replace(/^"(.*)"$/u, '$1');
  if (start < 0 || !/^[\u0021-\u007e]{1,70}$/u.test(boundary)) return fail('has no boundary');
  return boundary;
}

/**
 * The contents of the parts of a multipart body, in order, as views of it; names and headers of the parts are ignored (chapter 02
 * section 5.4, `legacy: server must accept`). FormatError `format.request`. At most `maxParts`.
 */
export function parseMultipart(body: Uint8Array, boundary: string, maxParts: number): Uint8Array[] {
  const input = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const delimiter = Buffer.from(`\r\n--${boundary}`, 'latin1');
  const parts: Uint8Array[] = [];
  // The first delimiter may stand at the very beginning, without its line break.
  const first = delimiter.subarray(2);
  let position = input.subarray(0, first.length).equals(first) ? first.length : input.indexOf(delimiter) + delimiter.length;
  if (position < delimiter.length && position !== first.length) return fail('does not begin with its boundary');
  for (;;) {
    const ending = input.toString('latin1', position, position + 2);
    if (ending === '--') return parts;
    if (ending !== '\r\n') return fail('has a damaged boundary');
    if (parts.length >= maxParts) return fail(`has more than ${maxParts} parts`);
    // A part without headers begins with the empty line itself.
    const headersEnd = input.indexOf(blankLine, position);
    if (headersEnd < 0) return fail('has a part without an end of headers');
    const start = headersEnd + blankLine.length;
    const end = input.indexOf(delimiter, start - 2);
    if (end < 0) return fail('has a part without end');
    parts.push(body.subarray(start, Math.max(start, end)));
    position = end + delimiter.length;
  }
}
