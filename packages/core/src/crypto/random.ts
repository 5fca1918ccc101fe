import { assertMethods } from '../arguments.js';
import { assertBytes } from '../bytes.js';
import { CryptoError } from '../errors.js';
import type { RandomSource } from './provider.js';

/** `length` fresh bytes. The source may be the caller's own: anything but a byte string of this length is an ArgumentError. */
export function drawRandomBytes(random: RandomSource, length: number): Uint8Array {
  assertMethods('random', random, 'randomBytes');
  const bytes = random.randomBytes(length);
  assertBytes('random.randomBytes()', bytes, length);
  return bytes;
}

/** Web Crypto refuses more than 65536 bytes at once, which is also our limit. */
export function webRandomBytes(length: number): Uint8Array {
  const source = globalThis.crypto;
  if (typeof source?.getRandomValues !== 'function') {
    throw new CryptoError('crypto.unavailable', 'this JavaScript engine has no secure random source');
  }
  return source.getRandomValues(new Uint8Array(length));
}
