import { assertString } from '../arguments.js';
import { assertBytes } from '../bytes.js';
import { decodeBase32, encodeBase32 } from '../codec/base32.js';
import { FormatError } from '../errors.js';

/** Bytes of the key and of the credential id of a TOTP or mount factor (chapter 05 section 15.3). */
export const TOTP_KEY_SIZE = 32;

const TOTP_KEY_TEXT = /^[A-Z2-7]{52}:[A-Z2-7]{52}$/;

/** A new TOTP or mount factor, shown once to its owner. */
export interface TotpKey {
  readonly credentialId: Uint8Array;
  /** The shared secret. */
  readonly key: Uint8Array;
}

/** The text in which a server hands out a new TOTP key: `BASE32(credential id):BASE32(key)` (chapter 05 section 15.3). A secret. */
export function formatTotpKey(credentialId: Uint8Array, key: Uint8Array): string {
  assertBytes('credentialId', credentialId, TOTP_KEY_SIZE);
  assertBytes('key', key, TOTP_KEY_SIZE);
  return `${encodeBase32(credentialId, 'upper')}:${encodeBase32(key, 'upper')}`;
}

/** Inverse of {@link formatTotpKey}; FormatError `format.account` for anything else. The error does not contain the text. */
export function parseTotpKey(text: string): TotpKey {
  assertString('text', text);
  if (!TOTP_KEY_TEXT.test(text)) throw new FormatError('format.account', 'TotpKey', 'must be two groups of 52 base32 digits');
  try {
    return { credentialId: decodeBase32(text.slice(0, 52), 'upper'), key: decodeBase32(text.slice(53), 'upper') };
  } catch {
    throw new FormatError('format.account', 'TotpKey', 'must be base32 of 32 bytes each');
  }
}
