import { assertInstance, assertMethods } from '../arguments.js';
import { toHex, utf8Encode } from '../bytes.js';
import type { ComputationOptions, CryptoProvider, RandomSource } from '../crypto/provider.js';
import { drawRandomBytes } from '../crypto/random.js';
import { ScryptSecretGeneration } from './secret-generation-algorithm.js';

export { hkdfKey } from './hkdf.js';

/** Random bytes in a generated salt. */
const SALT_SIZE = 32;

/** A fresh salt: lower-case hex of 32 random bytes (chapter 01 section 9.6). */
export function generateSalt(random: RandomSource): string {
  return toHex(drawRandomBytes(random, SALT_SIZE));
}

/**
 * Stretches a password: scrypt(SHA-256(UTF-8 password), UTF-8 salt) (chapter 01 section 9.6). `salt` is the whole salt text; what it
 * consists of, including whether the algorithm's extra salt is part of it, is the caller's rule. Passwords are used as they are: no
 * normalisation, no trimming. AbortedError when cancelled.
 */
export async function hashToKeyBytes(
  crypto: CryptoProvider,
  salt: string,
  password: string,
  algorithm: ScryptSecretGeneration,
  options: ComputationOptions = {},
): Promise<Uint8Array> {
  assertMethods('crypto', crypto, 'sha256', 'scrypt');
  assertInstance('algorithm', algorithm, ScryptSecretGeneration);
  const saltBytes = utf8Encode(salt, 'salt');
  const passwordHash = crypto.sha256(utf8Encode(password, 'password'));
  const { logN, r, p, length } = algorithm;
  return crypto.scrypt(passwordHash, saltBytes, { logN, r, p, length }, options);
}
