import type { Sha256Stream } from './provider.js';

const BLOCK = 64;

/** HMAC-SHA-256 (RFC 2104) over any SHA-256. */
export function hmacFromSha256(createSha256: () => Sha256Stream, key: Uint8Array, data: Uint8Array): Uint8Array {
  const padded = new Uint8Array(BLOCK);
  padded.set(key.length > BLOCK ? createSha256().update(key).digest() : key);
  const inner = padded.map((byte) => byte ^ 0x36);
  const outer = padded.map((byte) => byte ^ 0x5c);
  const hash = createSha256().update(inner).update(data).digest();
  const mac = createSha256().update(outer).update(hash).digest();
  padded.fill(0);
  inner.fill(0);
  outer.fill(0);
  return mac;
}
