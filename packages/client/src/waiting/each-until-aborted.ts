import { callersCode } from './code-of-callers.js';
import { untilAborted } from './until-aborted.js';

/**
 * The elements of a caller's iterable, one after the other; AbortedError as soon as the signal fires, also while the iterator hangs: then it is told
 * to end, but not waited for.
 */
export async function* eachUntilAborted<T>(
  elements: Iterable<T> | AsyncIterable<T>,
  signal: AbortSignal | undefined,
  operation: string,
): AsyncGenerator<Awaited<T>, void, undefined> {
  if (!(Symbol.asyncIterator in elements)) {
    for (const element of elements) yield await element;
    return;
  }
  const iterator = elements[Symbol.asyncIterator]();
  let isOpen = true;
  try {
    for (;;) {
      const next = await untilAborted(async () => callersCode(async () => iterator.next()), signal, operation).catch((error: unknown) => {
        // An iterator that has failed is at its end.
        isOpen = signal?.aborted === true;
        throw error;
      });
      isOpen = next.done !== true;
      if (next.done === true) return;
      yield await next.value;
    }
  } finally {
    if (isOpen) {
      const closed = Promise.resolve(callersCode(async () => iterator.return?.()));
      if (signal?.aborted === true) closed.catch(() => undefined);
      else await closed;
    }
  }
}
