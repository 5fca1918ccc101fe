import { type ErrorCode, PyrgosError, type RetryAdvice } from '@pyrgos/core/errors';

/** An error of the engine as it travels to the page, and as the page throws it: what the texts of the page are chosen by. */
export interface EngineFault {
  readonly code: ErrorCode;
  /** For the log of the page's developer; what people read comes from the catalogue. */
  readonly message: string;
  /** Facts without secrets. */
  readonly data: Readonly<Record<string, unknown>>;
  readonly retry: RetryAdvice;
}

/** What a call of the engine rejects with. */
export class EngineError extends Error implements EngineFault {
  override readonly name = 'EngineError';
  readonly code: ErrorCode;
  readonly data: Readonly<Record<string, unknown>>;
  readonly retry: RetryAdvice;

  constructor({ code, message, data, retry }: EngineFault) {
    super(message);
    this.code = code;
    this.data = data;
    this.retry = retry;
  }

  /** Whether it says that the caller has cancelled. */
  get isCancelled(): boolean {
    return this.code === 'aborted';
  }
}

/** An error as it travels. What is no error of ours is a bug; its text, which may hold anything, stays in the engine. */
export function faultOf(error: unknown): EngineFault {
  if (error instanceof PyrgosError) {
    return { code: error.code, message: error.message, data: plain(error.data), retry: error.retry };
  }
  if (error instanceof EngineError) return { code: error.code, message: error.message, data: error.data, retry: error.retry };
  // A file of the disk that is gone, or that the browser may not read any more, when its turn has come.
  if (error instanceof DOMException && (error.name === 'NotFoundError' || error.name === 'NotReadableError')) {
    return { code: 'conflict.source', message: 'A file on this device cannot be read any more.', data: {}, retry: 'after' };
  }
  return { code: 'internal', message: 'Something went wrong inside Pyrgos.', data: {}, retry: 'never' };
}

/** The facts that can be copied to the page: words, numbers and truth. */
function plain(data: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(data).filter(([, value]) => ['string', 'number', 'boolean', 'bigint', 'undefined'].includes(typeof value)),
  );
}
