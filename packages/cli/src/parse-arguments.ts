import { OptionProblem, parseByteCount } from '@pyrgos/server/config';
import { InvalidArgumentError } from 'commander';
import { UsageError } from './usage-error.js';

/** An argument that must be a number from 1 to 1000. */
export function parseCount(text: string): number {
  const count = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (count < 1 || count > 1000) throw new InvalidArgumentError('It must be a number from 1 to 1000.');
  return count;
}

/** Arguments that together are a number of bytes: `500m`, `1.5g`, `5 GiB`. UsageError. */
export function parseSize(words: readonly string[]): number {
  try {
    return parseByteCount(words.join(' '));
  } catch (error) {
    if (error instanceof OptionProblem) throw new UsageError(`The size ${error.message}.`);
    throw error;
  }
}
