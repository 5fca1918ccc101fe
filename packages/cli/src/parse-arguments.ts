import { OptionProblem, parseByteCount } from '@pyrgos/server/config';
import { InvalidArgumentError } from 'commander';

/** An argument that must be a number from 1 to 1000. */
export function parseCount(text: string): number {
  const count = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (count < 1 || count > 1000) throw new InvalidArgumentError('It must be a number from 1 to 1000.');
  return count;
}

/** An argument that must be a number of bytes: `500m`, `2g`. */
export function parseBytes(text: string): number {
  try {
    return parseByteCount(text);
  } catch (error) {
    if (error instanceof OptionProblem) throw new InvalidArgumentError(`It ${error.message}.`);
    throw error;
  }
}
