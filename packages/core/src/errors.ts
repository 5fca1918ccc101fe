/**
 * The one error family of Pyrgos.
 *
 * Rules: an error says what happened and what to do; it carries data for programs; it never contains keys, passwords,
 * link fragments or file names of other people. Everything outside this family that escapes a public function is a bug.
 */
import type {
  AbortedErrorData,
  ArgumentErrorData,
  ConflictErrorData,
  DeniedErrorData,
  ErrorCode,
  ErrorData,
  FormatErrorData,
  LimitErrorData,
  NetworkErrorData,
  NotFoundErrorData,
  QuotaErrorData,
  RateErrorData,
  RetryAdvice,
  StorageErrorData,
} from './error-data.js';

export type * from './error-data.js';

/** What is not shown as it is: control, format and unassigned characters, unpaired surrogates, line separators. */
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]/gu;

/**
 * Text that a peer may have chosen, made fit for an error: at most `maxLength` UTF-16 code units and an ellipsis, and nothing in it that a
 * terminal or a log takes for more than text.
 */
export function printable(text: string, maxLength = 64): string {
  // Not String(): it may throw, and errors are made of what is wrong.
  const whole = typeof text === 'string' ? text : `(${typeof text})`;
  const shown = whole.length > maxLength ? `${whole.slice(0, maxLength)}\u2026` : whole;
  return shown.replaceAll(UNPRINTABLE, (char) => `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`);
}

/** Longest place and longest problem that a FormatError shows; both may quote a peer. */
const MAX_WHERE = 256;
const MAX_PROBLEM = 512;

/** The class of each family. Constants: a minifier renames the classes themselves. */
const NAMES: ReadonlyMap<string, string> = new Map([
  ['argument', 'ArgumentError'],
  ['format', 'FormatError'],
  ['crypto', 'CryptoError'],
  ['not-found', 'NotFoundError'],
  ['conflict', 'ConflictError'],
  ['denied', 'DeniedError'],
  ['limit', 'LimitError'],
  ['network', 'NetworkError'],
  ['quota', 'QuotaError'],
  ['rate', 'RateError'],
  ['storage', 'StorageError'],
  ['unsupported', 'UnsupportedError'],
  ['aborted', 'AbortedError'],
]);

/** The part of a code before the dot. */
function familyOf(code: unknown): string {
  return typeof code === 'string' ? (code.split('.', 1)[0] ?? '') : '';
}

/**
 * Whether a value is an error of a family, wherever it was made: what comes from another thread is of no class but the root's. `asked` is the class
 * on the right of `instanceof`: one derived from the class of the family inherits its rule, but has only the instances that it has made.
 */
function isOfFamily(value: unknown, family: string, asked: object, classOfFamily: object): boolean {
  if (asked !== classOfFamily) return Function.prototype[Symbol.hasInstance].call(asked, value);
  return value instanceof PyrgosError && familyOf(value.code) === family;
}

/** What an error may have beside its code and message. */
export interface PyrgosErrorOptions {
  readonly data?: ErrorData | undefined;
  readonly retry?: RetryAdvice | undefined;
  readonly cause?: unknown;
}

/**
 * Root of all errors thrown by Pyrgos. Survives worker borders through {@link serialiseError}. Each family of codes has a class, and the code decides:
 * whatever has the code `quota` is an instance of {@link QuotaError} for `instanceof`. `name` is the name of that class, in minified bundles, too.
 */
export class PyrgosError extends Error {
  override readonly name: string;
  readonly code: ErrorCode;
  readonly data: ErrorData;
  readonly retry: RetryAdvice;

  constructor(code: ErrorCode, message: string, options: PyrgosErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = NAMES.get(familyOf(code)) ?? 'PyrgosError';
    this.code = code;
    this.data = options.data ?? {};
    this.retry = options.retry ?? 'never';
  }

  /**
   * What `JSON.stringify` makes of it, for logs and for other threads: `structuredClone` of an error keeps nothing but name, message and stack. Without
   * `cause` and stack, which may come from anybody's code.
   */
  toJSON(): SerialisedError & { readonly name: string } {
    return { name: this.name, ...serialiseError(this) };
  }
}

/** A caller passed a value of the wrong type, length or range. `data.field` names it. */
export class ArgumentError extends PyrgosError {
  declare readonly code: 'argument';
  declare readonly data: ArgumentErrorData;

  constructor(field: string, problem: string, data: ErrorData = {}) {
    const name = printable(field);
    super('argument', `${name}: ${problem}`, { data: { field: name, ...data } });
  }

  static override [Symbol.hasInstance](value: unknown): value is ArgumentError {
    return isOfFamily(value, 'argument', this, ArgumentError);
  }
}

/**
 * Bytes or text from outside do not have the form the protocol demands. `data.where` is the path inside the value. What peers chose is
 * shown shortened and escaped, see {@link printable}.
 */
export class FormatError extends PyrgosError {
  declare readonly code: Extract<ErrorCode, `format.${string}`>;
  declare readonly data: FormatErrorData;

  constructor(
    code: Extract<ErrorCode, `format.${string}`>,
    where: string,
    problem: string,
    options: { readonly data?: ErrorData | undefined; readonly cause?: unknown } = {},
  ) {
    const place = printable(where, MAX_WHERE);
    const what = printable(problem, MAX_PROBLEM);
    super(code, place === '' ? what : `${place}: ${what}`, {
      data: { where: place, problem: what, ...options.data },
      ...(options.cause === undefined ? {} : { cause: options.cause }),
    });
  }

  static override [Symbol.hasInstance](value: unknown): value is FormatError {
    return isOfFamily(value, 'format', this, FormatError);
  }
}

/** A cryptographic check failed or an engine cannot be used. Says nothing about why a forgery failed. */
export class CryptoError extends PyrgosError {
  declare readonly code: Extract<ErrorCode, `crypto.${string}`>;

  constructor(code: Extract<ErrorCode, `crypto.${string}`>, message: string, data: ErrorData = {}, cause?: unknown) {
    super(code, message, cause === undefined ? { data } : { data, cause });
  }

  static override [Symbol.hasInstance](value: unknown): value is CryptoError {
    return isOfFamily(value, 'crypto', this, CryptoError);
  }
}

/** A block, key or pointer that was asked for does not exist. */
export class NotFoundError extends PyrgosError {
  declare readonly code: Extract<ErrorCode, `not-found.${string}`>;
  declare readonly data: NotFoundErrorData;

  constructor(code: Extract<ErrorCode, `not-found.${string}`>, message: string, data: ErrorData = {}, cause?: unknown) {
    super(code, message, { data, cause });
  }

  static override [Symbol.hasInstance](value: unknown): value is NotFoundError {
    return isOfFamily(value, 'not-found', this, NotFoundError);
  }
}

/**
 * Somebody else changed the same thing; re-read and try again. Not so `conflict.exists`: what is there stays there, and the same call fails
 * again.
 */
export class ConflictError extends PyrgosError {
  declare readonly code: Extract<ErrorCode, `conflict.${string}`>;
  declare readonly data: ConflictErrorData;

  constructor(code: Extract<ErrorCode, `conflict.${string}`>, message: string, data: ErrorData = {}, cause?: unknown) {
    super(code, message, { data, cause, retry: code === 'conflict.exists' ? 'never' : 'after' });
  }

  static override [Symbol.hasInstance](value: unknown): value is ConflictError {
    return isOfFamily(value, 'conflict', this, ConflictError);
  }
}

/** The request was understood and refused. */
export class DeniedError extends PyrgosError {
  declare readonly code: Extract<ErrorCode, `denied.${string}`>;
  declare readonly data: DeniedErrorData;

  constructor(code: Extract<ErrorCode, `denied.${string}`>, message: string, data: ErrorData = {}) {
    super(code, message, { data });
  }

  static override [Symbol.hasInstance](value: unknown): value is DeniedError {
    return isOfFamily(value, 'denied', this, DeniedError);
  }
}

/** A size, depth or count of limits.ts was exceeded. */
export class LimitError extends PyrgosError {
  declare readonly code: 'limit';
  declare readonly data: LimitErrorData;

  constructor(limit: string, actual: number, maximum: number) {
    super('limit', `${limit} is ${actual}; the maximum is ${maximum}`, { data: { limit, actual, maximum } });
  }

  static override [Symbol.hasInstance](value: unknown): value is LimitError {
    return isOfFamily(value, 'limit', this, LimitError);
  }
}

/** The server cannot be reached, or something went wrong inside it. `retry` says whether the same call may be made again. */
export class NetworkError extends PyrgosError {
  declare readonly code: 'network';
  declare readonly data: NetworkErrorData;

  constructor(message: string, options: PyrgosErrorOptions = {}) {
    super('network', message, options);
  }

  static override [Symbol.hasInstance](value: unknown): value is NetworkError {
    return isOfFamily(value, 'network', this, NetworkError);
  }
}

/** The account is full, or has no space. */
export class QuotaError extends PyrgosError {
  declare readonly code: 'quota';
  declare readonly data: QuotaErrorData;

  constructor(message: string, options: PyrgosErrorOptions = {}) {
    super('quota', message, options);
  }

  static override [Symbol.hasInstance](value: unknown): value is QuotaError {
    return isOfFamily(value, 'quota', this, QuotaError);
  }
}

/** Too much for now. */
export class RateError extends PyrgosError {
  declare readonly code: 'rate';
  declare readonly data: RateErrorData;

  constructor(message: string, options: PyrgosErrorOptions = {}) {
    super('rate', message, options);
  }

  static override [Symbol.hasInstance](value: unknown): value is RateError {
    return isOfFamily(value, 'rate', this, RateError);
  }
}

/** A disk, here or at the server, cannot be used. */
export class StorageError extends PyrgosError {
  declare readonly code: 'storage';
  declare readonly data: StorageErrorData;

  constructor(message: string, options: PyrgosErrorOptions = {}) {
    super('storage', message, options);
  }

  static override [Symbol.hasInstance](value: unknown): value is StorageError {
    return isOfFamily(value, 'storage', this, StorageError);
  }
}

/** This platform, server or account does not have what is needed. */
export class UnsupportedError extends PyrgosError {
  declare readonly code: 'unsupported';

  constructor(message: string, options: PyrgosErrorOptions = {}) {
    super('unsupported', message, options);
  }

  static override [Symbol.hasInstance](value: unknown): value is UnsupportedError {
    return isOfFamily(value, 'unsupported', this, UnsupportedError);
  }
}

/**
 * The caller cancelled the operation through its AbortSignal. `code` is `aborted` and `name` is `AbortedError` (a DOMException of the platform
 * is called `AbortError`); `cause` is the `reason` of the signal, where there was one.
 */
export class AbortedError extends PyrgosError {
  declare readonly code: 'aborted';
  declare readonly data: AbortedErrorData;

  constructor(operation: string, signal?: Pick<AbortSignal, 'reason'>) {
    super('aborted', `${operation} was cancelled`, { data: { operation }, cause: signal?.reason as unknown });
  }

  static override [Symbol.hasInstance](value: unknown): value is AbortedError {
    return isOfFamily(value, 'aborted', this, AbortedError);
  }
}

/** Throws {@link AbortedError} when `signal` is aborted, and ArgumentError when it is no AbortSignal. */
export function throwIfAborted(signal: AbortSignal | undefined, operation = 'the call'): void {
  if (signal === undefined) return;
  // Not instanceof: a signal may come from another realm.
  if (typeof signal?.aborted !== 'boolean' || typeof signal.addEventListener !== 'function') {
    throw new ArgumentError('signal', 'must be an AbortSignal');
  }
  if (signal.aborted) throw new AbortedError(operation, signal);
}

/** The form in which an error crosses a worker border, or is written down. */
export interface SerialisedError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly data: ErrorData;
  readonly retry: RetryAdvice;
}

/** Turns any thrown value into plain data; a foreign error becomes code `internal` without its text. */
export function serialiseError(error: unknown): SerialisedError {
  if (error instanceof PyrgosError) {
    return { code: error.code, message: error.message, data: error.data, retry: error.retry };
  }
  const kind = error instanceof Error ? error.name : typeof error;
  return { code: 'internal', message: `unexpected ${kind}`, data: { kind }, retry: 'never' };
}

/** Inverse of {@link serialiseError}. The result is an instance of the class of its code, as far as `instanceof` is concerned. */
export function deserialiseError(error: SerialisedError): PyrgosError {
  if (typeof error?.code !== 'string' || typeof error.message !== 'string') {
    return new PyrgosError('internal', 'unexpected error of another thread', { data: { kind: typeof error } });
  }
  return new PyrgosError(error.code, error.message, { data: error.data, retry: error.retry });
}
