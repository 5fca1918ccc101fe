import { CryptoError } from '../errors.js';

/** Web Crypto refuses more than 65536 bytes at once, which is also our limit. */
export function webRandomBytes(length: number): Uint8Array {
  const source = globalThis.crypto;
  if (typeof source?.getRandomValues !== 'function') {
    throw new CryptoError('crypto.unavailable', 'this JavaScript engine has no secure random source');
  }
  return source.getRandomValues(new Uint8Array(length));
}
