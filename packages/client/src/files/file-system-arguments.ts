import { assertBoolean, assertFunction, assertList, assertObject, assertString } from '@pyrgos/core/arguments';
import { ArgumentError, LimitError, throwIfAborted } from '@pyrgos/core/errors';
import { MAX_PATH_LENGTH } from '@pyrgos/core/limits';
import { assertLegalName, Timestamp } from '@pyrgos/core/model';
import type { FileToUpload } from './content/index.js';
import type { ExistingAnswer, WatchedOptions } from './file-system-options.js';

/**
 * What callers in plain JavaScript can get wrong: all of it is an ArgumentError, and is found before anything is changed. What is wrong with
 * options that are passed on is found where they are used.
 */

/** Checks the options that every call has; AbortedError when the call is cancelled already. */
export function assertCall(options: WatchedOptions, operation: string): void {
  assertObject('options', options);
  const { signal, onProgress } = options;
  throwIfAborted(signal, operation);
  if (onProgress !== undefined) assertFunction('options.onProgress', onProgress);
}

/** Checks a flag that may be left out. */
export function assertFlag(field: string, value: unknown): void {
  if (value !== undefined) assertBoolean(field, value);
}

/** Checks a function that may be left out. */
export function assertCallback(field: string, value: unknown): void {
  if (value !== undefined) assertFunction(field, value);
}

/** The time of a Date, of whatever realm; ArgumentError for an invalid one and for anything else. */
export function timestampOf(field: string, date: Date | undefined): Timestamp | undefined {
  if (date === undefined) return undefined;
  let milliseconds = Number.NaN;
  try {
    milliseconds = Date.prototype.getTime.call(date);
  } catch {
    // It is no Date.
  }
  if (Number.isNaN(milliseconds)) throw new ArgumentError(field, 'must be a valid Date');
  return Timestamp.fromMilliseconds(milliseconds);
}

/**
 * Requires a name that may be given to something: a legal one (chapter 04 section 6) without the character NUL, which no disk and no
 * implementation that works with paths of its platform can take. What has such a name already can be read, renamed and deleted.
 */
export function assertNewName(name: string, field = 'name'): void {
  assertLegalName(name, field);
  if (name.includes('\0')) throw new ArgumentError(field, 'must not contain the character NUL');
}

/** Requires that a path, as its names, is not longer than those that calls can name: LimitError beyond MAX_PATH_LENGTH. What is no text does not count. */
export function assertPathLength(names: readonly unknown[]): void {
  const length = names.reduce((sum: number, name) => sum + (typeof name === 'string' ? name.length + 1 : 0), 0);
  if (length > MAX_PATH_LENGTH) throw new LimitError('path length', length, MAX_PATH_LENGTH);
}

/** Requires the names of children, of which none is a path. */
export function assertChildNames(field: string, names: unknown): asserts names is readonly string[] {
  assertList(field, names);
  for (let i = 0; i < names.length; i++) assertLegalName(names[i] as string, `${field}[${i}]`);
}

/** Requires something that gives the entries of a tree one after the other. */
export function assertEntries(entries: unknown): void {
  assertObject('entries', entries);
  const { [Symbol.asyncIterator]: asynchronous, [Symbol.iterator]: synchronous } = entries as Partial<AsyncIterable<unknown>> &
    Partial<Iterable<unknown>>;
  if (typeof (asynchronous ?? synchronous) !== 'function') throw new ArgumentError('entries', 'must be iterable');
}

/** Requires an answer about a file that is there already: whatever else a callback gives must not replace anything. */
export function existingAnswer(answer: unknown): ExistingAnswer {
  if (answer !== 'replace' && answer !== 'skip') throw new ArgumentError('options.onExisting', 'must answer replace or skip');
  return answer;
}

/**
 * The type that a blob claims for itself, which counts when neither bytes nor name tell one; undefined for other sources. ArgumentError `source` for a
 * proxy that was revoked.
 */
export function claimedMimeType(source: FileToUpload['source']): string | undefined {
  if (typeof source === 'object' && source !== null) assertObject('source', source);
  if (typeof Blob !== 'function' || !(source instanceof Blob)) return undefined;
  // Without parameters such as the encoding of a text.
  const [type = ''] = source.type.split(';', 1);
  return type.trim() === '' || type.length > MAX_CLAIMED_TYPE ? undefined : type.trim();
}

/** Longest name of a media type (RFC 6838 section 4.2). */
const MAX_CLAIMED_TYPE = 255;

/** What a type of content looks like: a type, a subtype, and perhaps parameters (RFC 6838 section 4.2). */
const MEDIA_TYPE = /^[a-z0-9][a-z0-9!#$&^_.+-]{0,126}\/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}(\s*;[\x20-\x7e]{0,200})?$/iu;

/** Requires the type of a content, or none. */
export function assertMimeType(field: string, mimeType: unknown): void {
  if (mimeType === undefined) return;
  assertString(field, mimeType);
  if (!MEDIA_TYPE.test(mimeType)) throw new ArgumentError(field, 'must be a type of content, such as text/plain');
}

/** Names the argument of the caller in an ArgumentError about the parameter `inner` of an operation below. */
export async function namingArgument<T>(inner: string, outer: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof ArgumentError) || error.data['field'] !== inner) throw error;
    throw new ArgumentError(outer, error.message.slice(`${inner}: `.length));
  }
}
