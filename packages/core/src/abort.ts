import { AbortedError, throwIfAborted } from './errors.js';

/** Calls `reject` with an AbortedError when the signal fires; returns how to stop listening. */
export function onAbort(signal: AbortSignal | undefined, operation: string, reject: (error: Error) => void): () => void {
  if (signal === undefined) return () => undefined;
  const listener = (): void => reject(new AbortedError(operation, signal));
  signal.addEventListener('abort', listener, { once: true });
  return () => signal.removeEventListener('abort', listener);
}

/**
 * What `work` gives, or an AbortedError as soon as the signal fires, whether the work notices or not; then it is left to itself and its
 * outcome is ignored.
 */
export async function untilAborted<T>(work: () => Promise<T>, signal: AbortSignal | undefined, operation: string): Promise<T> {
  throwIfAborted(signal, operation);
  let stopListening: () => void = () => undefined;
  try {
    return await new Promise<T>((resolve, reject) => {
      stopListening = onAbort(signal, operation, reject);
      work().then(resolve, reject);
    });
  } finally {
    stopListening();
  }
}
