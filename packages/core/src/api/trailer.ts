import { assertString } from '../arguments.js';

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

const SPACE = 0x20;
const PLUS = 0x2b;
const PERCENT = 0x25;

/** A-Z a-z 0-9 . - * _ */
function isUnreserved(byte: number): boolean {
  return (
    (byte >= 0x61 && byte <= 0x7a) ||
    (byte >= 0x41 && byte <= 0x5a) ||
    (byte >= 0x30 && byte <= 0x39) ||
    byte === 0x2e ||
    byte === 0x2d ||
    byte === 0x2a ||
    byte === 0x5f
  );
}

/**
 * The form of an error message in the `Trailer` header (chapter 02 section 2.4): form encoding of the UTF-8, a space as `+`, upper-case
 * hex. The result is printable ASCII without line breaks, so it is always a valid header value. Unpaired surrogates become U+FFFD.
 */
export function encodeTrailer(message: string): string {
  assertString('message', message);
  let out = '';
  for (const byte of encoder.encode(message)) {
    if (isUnreserved(byte)) out += String.fromCharCode(byte);
    else if (byte === SPACE) out += '+';
    else out += `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return out;
}

/**
 * Inverse of {@link encodeTrailer}. Never fails, because an error is being reported already: escapes that are none stay as they are, and
 * bytes that are no UTF-8 become U+FFFD. The message is a peer's text: show it as text only.
 */
export function decodeTrailer(text: string): string {
  assertString('text', text);
  const input = encoder.encode(text);
  const out = new Uint8Array(input.length);
  let length = 0;
  for (let i = 0; i < input.length; i++) {
    const byte = input[i] as number;
    const high = hexValue(input[i + 1]);
    const low = hexValue(input[i + 2]);
    if (byte === PERCENT && high >= 0 && low >= 0) {
      out[length++] = high * 16 + low;
      i += 2;
    } else {
      out[length++] = byte === PLUS ? SPACE : byte;
    }
  }
  return decoder.decode(out.subarray(0, length));
}

function hexValue(byte: number | undefined): number {
  if (byte === undefined) return -1;
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}
