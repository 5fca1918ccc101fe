import { scryptAsync } from '@noble/hashes/scrypt.js';
import { AbortedError, throwIfAborted } from '../errors.js';
import type { ComputationOptions, ScryptParameters } from './provider.js';

/**
 * scrypt in plain JavaScript on the calling thread, in slices of some milliseconds: for places without workers. Progress and cancel as
 * in CryptoProvider.scrypt; parameters are already checked.
 */
export async function scryptInline(
  password: Uint8Array,
  salt: Uint8Array,
  parameters: ScryptParameters,
  options: ComputationOptions,
): Promise<Uint8Array> {
  const { logN, r, p, length } = parameters;
  const aborted = Symbol('aborted');
  let reported = -1;
  try {
    return await scryptAsync(password, salt, {
      N: 2 ** logN,
      r,
      p,
      dkLen: length,
      // The library counts its own working memory; ours was checked before.
      maxmem: Number.MAX_SAFE_INTEGER,
      onProgress: (fraction) => {
        // Throwing is the library's way to stop: it wipes its memory first.
        if (options.signal?.aborted === true) throw aborted;
        if (fraction - reported < 0.01 && fraction < 1) return;
        reported = fraction;
        options.onProgress?.(fraction);
      },
    });
  } catch (error) {
    if (error === aborted) throw new AbortedError('the key derivation', options.signal);
    throwIfAborted(options.signal, 'the key derivation');
    throw error;
  }
}
