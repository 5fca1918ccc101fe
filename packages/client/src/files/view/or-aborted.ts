import { AbortedError, throwIfAborted } from '@pyrgos/core/errors';

/** What `promise` gives, or an AbortedError as soon as the signal fires; then the promise is left to itself and its outcome is ignored. */
export async function orAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined, operation: string): Promise<T> {
  if (signal === undefined) return promise;
  // Nobody may miss its failure when the signal wins.
  promise.catch(() => undefined);
  throwIfAborted(signal, operation);
  let onAbort = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(new AbortedError(operation));
    signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
