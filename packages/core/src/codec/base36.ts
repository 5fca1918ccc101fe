import { createRadix, decodeRadix, encodeRadix } from './radix.js';

const BASE36 = createRadix('base36', '0123456789abcdefghijklmnopqrstuvwxyz');

/** Lower-case base36 without prefix (chapter 01 section 6). LimitError when the text would exceed MAX_MULTIBASE_LENGTH. */
export function encodeBase36(bytes: Uint8Array): string {
  return encodeRadix(BASE36, bytes);
}

/** Inverse of {@link encodeBase36}: lower case only. FormatError `format.multibase` for another character, LimitError for a longer text. */
export function decodeBase36(text: string): Uint8Array<ArrayBuffer> {
  return decodeRadix(BASE36, text);
}
