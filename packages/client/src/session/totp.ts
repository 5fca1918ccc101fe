import { assertBytes, assertInteger, copyBytes } from '@pyrgos/core/bytes';
import { encodeBase32 } from '@pyrgos/core/codec';
import { isWireUsername } from '@pyrgos/core/accounts';
import { ArgumentError, PyrgosError } from '@pyrgos/core/errors';

/** Seconds for which a code is current (chapter 05 section 15.3). */
const TOTP_STEP_SECONDS = 30;
const DIGITS = 6;
const COUNTER_SIZE = 8;
const MAX_KEY_SIZE = 1024;

/**
 * The code of an authenticator app at a time in seconds since the epoch: RFC 6238, HMAC-SHA-1, six digits (chapter 05 section 15.3). For
 * mounts, which answer by themselves. PyrgosError `unsupported` in a page that is not served securely, where there is no HMAC-SHA-1.
 */
export async function totpCode(key: Uint8Array, unixSeconds: number): Promise<string> {
  assertBytes('key', key);
  if (key.length === 0 || key.length > MAX_KEY_SIZE) throw new ArgumentError('key', `must be 1 to ${MAX_KEY_SIZE} bytes`);
  assertInteger('unixSeconds', unixSeconds, 0, Number.MAX_SAFE_INTEGER);
  const subtle = globalThis.crypto?.subtle as SubtleCrypto | undefined;
  if (subtle === undefined) throw new PyrgosError('unsupported', 'Codes can be computed only in a page that is served securely.');
  const counter = new DataView(new ArrayBuffer(COUNTER_SIZE));
  counter.setBigUint64(0, BigInt(Math.floor(unixSeconds / TOTP_STEP_SECONDS)));
  const hmacKey = await subtle.importKey('raw', copyBytes(key), { name: 'HMAC', hash: 'SHA-1' }, false, ['sign']);
  const hmac = new DataView(await subtle.sign('HMAC', hmacKey, counter));
  const offset = hmac.getUint8(hmac.byteLength - 1) & 0x0f;
  const number = hmac.getUint32(offset) & 0x7fffffff;
  return String(number % 10 ** DIGITS).padStart(DIGITS, '0');
}

/** The text of the QR code that authenticator apps scan (chapter 05 section 15.3). It contains the secret. */
export function totpUri(username: string, key: Uint8Array): string {
  if (!isWireUsername(username)) throw new ArgumentError('username', 'must be a username');
  assertBytes('key', key);
  return `otpauth://totp/peergos:${encodeURIComponent(username)}@peergos?secret=${encodeBase32(key, 'upper')}&issuer=peergos`;
}
