import { assertMethods } from '../arguments.js';
import { assertBytes, concatBytes, utf8Encode } from '../bytes.js';
import type { CryptoProvider } from '../crypto/provider.js';

const ZERO_SALT = new Uint8Array(32);
/** The info string and the counter byte of the only output block. */
const EXPAND_INPUT = concatBytes(utf8Encode('peergos'), Uint8Array.of(1));

/** HKDF-SHA-256 with 32 zero bytes of salt and info "peergos": 32 bytes (chapter 01 section 9.3). */
export function hkdfKey(crypto: Pick<CryptoProvider, 'hmacSha256'>, inputKey: Uint8Array): Uint8Array {
  assertMethods('crypto', crypto, 'hmacSha256');
  assertBytes('inputKey', inputKey);
  return crypto.hmacSha256(crypto.hmacSha256(ZERO_SALT, inputKey), EXPAND_INPUT);
}
