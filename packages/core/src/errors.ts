/**
 * The one error family of Pyrgos.
 *
 * Rules: an error says what happened and what to do; it carries data for programs; it never contains keys, passwords,
 * link fragments or file names of other people. Everything outside this family that escapes a public function is a bug.
 */

/** What a program may switch on. The part before the dot is the family. */
export type ErrorCode =
  | 'argument'
  | 'format.cbor'
  | 'format.cid'
  | 'format.multihash'
  | 'format.multibase'
  | 'format.varint'
  | 'format.multiaddr'
  | 'format.framing'
  | 'format.car'
  | 'format.key'
  | 'format.container'
  | 'format.bat'
  | 'format.block'
  | 'format.pointer'
  | 'format.writer-data'
  | 'format.champ'
  | 'format.cryptree'
  | 'format.inode'
  | 'format.link'
  | 'format.proof'
  | 'format.account'
  | 'format.request'
  | 'format.config'
  | 'format.backup'
  | 'crypto.authentication'
  | 'crypto.signature'
  | 'crypto.unavailable'
  | 'crypto.self-test'
  | 'crypto.worker'
  | 'not-found.block'
  | 'not-found.key'
  | 'not-found.pointer'
  | 'not-found.user'
  | 'not-found.link'
  | 'not-found.file'
  | 'conflict.champ'
  | 'conflict.pointer'
  | 'conflict.merge'
  | 'conflict.snapshot'
  | 'conflict.exists'
  | 'conflict.changed'
  | 'conflict.file'
  | 'conflict.source'
  | 'denied.pointer'
  | 'denied.block'
  | 'denied.proof'
  | 'denied.stale'
  | 'denied.auth'
  | 'denied.chain'
  | 'denied.signup'
  | 'denied.login'
  | 'denied.session'
  | 'denied.password'
  | 'denied.link'
  | 'denied.file'
  | 'denied.admin'
  | 'denied.message'
  | 'denied.request'
  | 'limit'
  | 'network'
  | 'quota'
  | 'rate'
  | 'storage'
  | 'unsupported'
  | 'aborted'
  | 'internal';

/** Whether trying the same call again can help: `safe` = repeat as is, `after` = re-read first, `never` = do not. */
export type RetryAdvice = 'never' | 'safe' | 'after';

/** Structured, JSON-serialisable facts about an error. Never secrets. */
export type ErrorData = Readonly<Record<string, string | number | boolean | null>>;

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

/**
 * Root of all errors thrown by Pyrgos. Survives worker borders through {@link serialiseError}. `name` is the name of the class, in minified
 * bundles, too.
 */
export class PyrgosError extends Error {
  // A constant in each class: a minifier renames the classes themselves.
  override readonly name: string = 'PyrgosError';
  readonly code: ErrorCode;
  readonly data: ErrorData;
  readonly retry: RetryAdvice;

  constructor(
    code: ErrorCode,
    message: string,
    options: { readonly data?: ErrorData; readonly retry?: RetryAdvice; readonly cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.data = options.data ?? {};
    this.retry = options.retry ?? 'never';
  }
}

/** A caller passed a value of the wrong type, length or range. `data.field` names it. */
export class ArgumentError extends PyrgosError {
  override readonly name = 'ArgumentError';

  constructor(field: string, problem: string, data: ErrorData = {}) {
    const name = printable(field);
    super('argument', `${name}: ${problem}`, { data: { field: name, ...data } });
  }
}

/**
 * Bytes or text from outside do not have the form the protocol demands. `data.where` is the path inside the value. What peers chose is
 * shown shortened and escaped, see {@link printable}.
 */
export class FormatError extends PyrgosError {
  override readonly name = 'FormatError';

  constructor(
    code: Extract<ErrorCode, `format.${string}`>,
    where: string,
    problem: string,
    options: { readonly data?: ErrorData; readonly cause?: unknown } = {},
  ) {
    const place = printable(where, MAX_WHERE);
    const what = printable(problem, MAX_PROBLEM);
    super(code, place === '' ? what : `${place}: ${what}`, {
      data: { where: place, problem: what, ...options.data },
      ...(options.cause === undefined ? {} : { cause: options.cause }),
    });
  }
}

/** A cryptographic check failed or an engine cannot be used. Says nothing about why a forgery failed. */
export class CryptoError extends PyrgosError {
  override readonly name = 'CryptoError';

  constructor(code: Extract<ErrorCode, `crypto.${string}`>, message: string, data: ErrorData = {}, cause?: unknown) {
    super(code, message, cause === undefined ? { data } : { data, cause });
  }
}

/** A block, key or pointer that was asked for does not exist. */
export class NotFoundError extends PyrgosError {
  override readonly name = 'NotFoundError';

  constructor(code: Extract<ErrorCode, `not-found.${string}`>, message: string, data: ErrorData = {}) {
    super(code, message, { data });
  }
}

/**
 * Somebody else changed the same thing; re-read and try again. Not so `conflict.exists`: what is there stays there, and the same call fails
 * again.
 */
export class ConflictError extends PyrgosError {
  override readonly name = 'ConflictError';

  constructor(code: Extract<ErrorCode, `conflict.${string}`>, message: string, data: ErrorData = {}) {
    super(code, message, { data, retry: code === 'conflict.exists' ? 'never' : 'after' });
  }
}

/** The request was understood and refused. */
export class DeniedError extends PyrgosError {
  override readonly name = 'DeniedError';

  constructor(code: Extract<ErrorCode, `denied.${string}`>, message: string, data: ErrorData = {}) {
    super(code, message, { data });
  }
}

/** A size, depth or count of limits.ts was exceeded. */
export class LimitError extends PyrgosError {
  override readonly name = 'LimitError';

  constructor(limit: string, actual: number, maximum: number) {
    super('limit', `${limit} is ${actual}; the maximum is ${maximum}`, { data: { limit, actual, maximum } });
  }
}

/**
 * The caller cancelled the operation through its AbortSignal. `code` is `aborted` and `name` is `AbortedError` (a DOMException of the platform
 * is called `AbortError`); `cause` is the `reason` of the signal, where there was one.
 */
export class AbortedError extends PyrgosError {
  override readonly name = 'AbortedError';

  constructor(operation: string, signal?: Pick<AbortSignal, 'reason'>) {
    super('aborted', `${operation} was cancelled`, { data: { operation }, cause: signal?.reason as unknown });
  }
}

/** Throws {@link AbortedError} when `signal` is aborted, and ArgumentError when it is no AbortSignal. */
export function throwIfAborted(signal: AbortSignal | undefined, operation: string): void {
  if (signal === undefined) return;
  // Not instanceof: a signal may come from another realm.
  if (typeof signal?.aborted !== 'boolean' || typeof signal.addEventListener !== 'function') {
    throw new ArgumentError('signal', 'must be an AbortSignal');
  }
  if (signal.aborted) throw new AbortedError(operation, signal);
}

/** The form in which an error crosses a worker border. */
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

/** Inverse of {@link serialiseError}. The result is a {@link PyrgosError}; switch on `code`, not on the class. */
export function deserialiseError(error: SerialisedError): PyrgosError {
  if (typeof error?.code !== 'string' || typeof error.message !== 'string') {
    return new PyrgosError('internal', 'unexpected error of another thread', { data: { kind: typeof error } });
  }
  return new PyrgosError(error.code, error.message, { data: error.data, retry: error.retry });
}
