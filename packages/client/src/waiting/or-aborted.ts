import { untilAborted } from './until-aborted.js';

/** What `promise` gives, or an AbortedError as soon as the signal fires; then the promise is left to itself and its outcome is ignored. */
export async function orAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined, operation: string): Promise<T> {
  if (signal === undefined) return promise;
  // Nobody may miss its failure when the signal wins.
  promise.catch(() => undefined);
  return untilAborted(() => promise, signal, operation);
}
