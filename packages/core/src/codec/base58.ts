import { createRadix, decodeRadix, encodeRadix } from './radix.js';

const BASE58 = createRadix('base58', '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz');

/** base58btc without prefix (chapter 01 section 6). LimitError when the text would exceed MAX_MULTIBASE_LENGTH. */
export function encodeBase58(bytes: Uint8Array): string {
  return encodeRadix(BASE58, bytes);
}

/** Inverse of {@link encodeBase58}. FormatError `format.multibase` for another character, LimitError for a longer text. */
export function decodeBase58(text: string): Uint8Array<ArrayBuffer> {
  return decodeRadix(BASE58, text);
}
