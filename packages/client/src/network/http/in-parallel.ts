import { whenAborted } from '@pyrgos/core/abort';
import { throwIfAborted } from '@pyrgos/core/errors';

/**
 * Works on all items, at most `width` at a time, and gives the results in order. When one fails, the others are cancelled and waited for,
 * and its error is thrown. A single item costs nothing extra.
 */
export async function inParallel<T, R>(
  items: readonly T[],
  width: number,
  signal: AbortSignal | undefined,
  work: (item: T, signal: AbortSignal | undefined) => Promise<R>,
): Promise<R[]> {
  const [only] = items;
  if (items.length <= 1) return only === undefined ? [] : [await work(only, signal)];
  const controller = new AbortController();
  const abort = (): void => controller.abort(signal?.reason);
  throwIfAborted(signal);
  const stopListening = whenAborted(signal, abort);
  const results: R[] = [];
  const failures: unknown[] = [];
  const queue = items.entries();
  const worker = async (): Promise<void> => {
    for (const [i, item] of queue) {
      if (failures.length > 0) return;
      try {
        results[i] = await work(item, controller.signal);
      } catch (error) {
        failures.push(error);
        abort();
      }
    }
  };
  try {
    await Promise.all(Array.from({ length: Math.min(width, items.length) }, worker));
  } finally {
    stopListening();
  }
  if (failures.length > 0) throw failures[0];
  return results;
}
