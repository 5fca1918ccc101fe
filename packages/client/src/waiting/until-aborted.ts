import { whenAborted } from '@pyrgos/core/abort';
import { AbortedError, throwIfAborted } from '@pyrgos/core/errors';

/**
 * What `work` gives, or an AbortedError as soon as the signal fires, whether the work notices or not; then its outcome is ignored. For
 * code of callers, which may hang.
 */
export async function untilAborted<T>(work: () => Promise<T>, signal: AbortSignal | undefined, operation: string): Promise<T> {
  throwIfAborted(signal, operation);
  if (signal === undefined) return work();
  let stopListening = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    stopListening = whenAborted(signal, () => reject(new AbortedError(operation, signal)));
  });
  try {
    return await Promise.race([work(), aborted]);
  } finally {
    stopListening();
  }
}
