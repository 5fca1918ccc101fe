import { isWellFormed } from '../../bytes.js';
import { ArgumentError, LimitError } from '../../errors.js';
import { MAX_FILE_NAME_LENGTH } from '../../limits.js';

/** What is wrong with a name, or undefined: no `/`, none of ``, `.`, `..`, no unpaired surrogate. The length is not looked at. */
function problemOf(name: string): string | undefined {
  if (name === '') return 'must not be empty';
  if (name === '.' || name === '..') return 'must not be . or ..';
  if (name.includes('/')) return 'must not contain /';
  return isWellFormed(name) ? undefined : 'contains an unpaired surrogate';
}

/** Whether a file or directory may have this name (chapter 04 section 6): see {@link assertLegalName}. */
export function isLegalName(name: string): boolean {
  return typeof name === 'string' && name.length <= MAX_FILE_NAME_LENGTH && problemOf(name) === undefined;
}

/**
 * Requires a name that a file or directory may have (chapter 04 section 6): text without `/`, not empty, `.` or `..`, without unpaired
 * surrogates (ArgumentError), of at most MAX_FILE_NAME_LENGTH UTF-16 code units (LimitError).
 */
export function assertLegalName(name: string, field = 'name'): void {
  if (typeof name !== 'string') throw new ArgumentError(field, 'must be a string');
  if (name.length > MAX_FILE_NAME_LENGTH) throw new LimitError('file name length', name.length, MAX_FILE_NAME_LENGTH);
  const problem = problemOf(name);
  if (problem !== undefined) throw new ArgumentError(field, problem);
}
