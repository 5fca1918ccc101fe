import { assertObject } from '../arguments.js';
import { assertInteger } from '../bytes.js';
import { ArgumentError, LimitError } from '../errors.js';
import { MAX_SCRYPT_LOG_N, MAX_SCRYPT_MEMORY } from '../limits.js';
import type { ComputationOptions, ScryptParameters } from './provider.js';

/** Checks the options of a long computation; the signal is checked when it is first looked at. ArgumentError. */
export function assertComputationOptions(options: ComputationOptions): void {
  assertObject('options', options);
  const { onProgress } = options;
  if (onProgress !== undefined && typeof onProgress !== 'function') throw new ArgumentError('options.onProgress', 'must be a function');
}

/** Checks every parameter and the memory they need; ArgumentError or LimitError. */
export function assertScryptParameters(parameters: ScryptParameters): void {
  assertObject('parameters', parameters);
  assertInteger('parameters.logN', parameters.logN, 1, MAX_SCRYPT_LOG_N);
  assertInteger('parameters.r', parameters.r, 1, 32);
  assertInteger('parameters.p', parameters.p, 1, 16);
  assertInteger('parameters.length', parameters.length, 1, 1024);
  const memory = 128 * 2 ** parameters.logN * parameters.r;
  if (memory > MAX_SCRYPT_MEMORY) throw new LimitError('scrypt memory', memory, MAX_SCRYPT_MEMORY);
}
