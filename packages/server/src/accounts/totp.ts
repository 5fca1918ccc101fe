import { createHmac, timingSafeEqual } from 'node:crypto';
import { assertBytes, assertInteger } from '@pyrgos/core/bytes';

/** Seconds that one code is current (chapter 05 section 15.3). */
const PERIOD_SECONDS = 30;

const DIGITS = 6;
/** Seconds between 1970 and the largest time of a JavaScript Date. */
const MAX_SECONDS = 8_640_000_000_000;

/** The code of RFC 6238 (HMAC-SHA1, 6 digits, 30 s, T0 = 0) at a time in seconds since the epoch (chapter 05 section 15.3). */
export function totpCode(key: Uint8Array, seconds: number): string {
  assertBytes('key', key);
  const step = Math.floor(seconds / PERIOD_SECONDS);
  assertInteger('seconds', step, 0, MAX_SECONDS);
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const mac = createHmac('sha1', key).update(counter).digest();
  const offset = (mac.at(-1) ?? 0) & 15;
  const value = mac.readUInt32BE(offset) & 0x7fffffff;
  return String(value % 10 ** DIGITS).padStart(DIGITS, '0');
}

function sameText(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a, 'utf8'), Buffer.from(b, 'utf8')];
  return left.length === right.length && timingSafeEqual(left, right);
}

/**
 * Whether `code` is the code of the current or of the previous step; exact text, in a time that does not depend on which digits match.
 * A code is good for every login within its minute: there is no replay memory. Upstream clients send one code several times as a matter
 * of course (the second login after a key upgrade, password change and account deletion, mounts that compute it), and who replays it
 * still needs the login key for a fresh signed time.
 */
export function isTotpCode(key: Uint8Array, code: string, milliseconds: number): boolean {
  const now = Math.max(0, Math.floor(milliseconds / 1000));
  const current = sameText(totpCode(key, now), code);
  const previous = now >= PERIOD_SECONDS && sameText(totpCode(key, now - PERIOD_SECONDS), code);
  return current || previous;
}
