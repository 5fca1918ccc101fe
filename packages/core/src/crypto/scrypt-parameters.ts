import { assertInteger } from '../bytes.js';
import { ArgumentError, LimitError } from '../errors.js';
import { MAX_SCRYPT_LOG_N, MAX_SCRYPT_MEMORY } from '../limits.js';
import type { ScryptParameters } from './provider.js';

/** Checks every parameter and the memory they need; ArgumentError or LimitError. */
export function assertScryptParameters(parameters: ScryptParameters): void {
  if (typeof parameters !== 'object' || parameters === null) throw new ArgumentError('parameters', 'must be scrypt parameters');
  assertInteger('parameters.logN', parameters.logN, 1, MAX_SCRYPT_LOG_N);
  assertInteger('parameters.r', parameters.r, 1, 32);
  assertInteger('parameters.p', parameters.p, 1, 16);
  assertInteger('parameters.length', parameters.length, 1, 1024);
  const memory = 128 * 2 ** parameters.logN * parameters.r;
  if (memory > MAX_SCRYPT_MEMORY) throw new LimitError('scrypt memory', memory, MAX_SCRYPT_MEMORY);
}
