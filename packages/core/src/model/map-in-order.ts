import { assertFunction } from '../arguments.js';
import { assertInteger } from '../bytes.js';
import { ArgumentError } from '../errors.js';

function isIterable(value: unknown): boolean {
  return typeof value === 'object' && value !== null && (Symbol.asyncIterator in value || Symbol.iterator in value);
}

/**
 * Applies `work` to the elements of a sequence, at most `limit` at a time, and gives the results in order; it runs ahead of its reader by
 * no more than that. When the source fails, the results of what it gave before come first. The first failure ends it. When the reader
 * stops early, so does the source, and what is under way is left to itself. ArgumentError.
 */
export async function* mapInOrder<T, R>(
  source: AsyncIterable<T> | Iterable<T>,
  work: (element: T) => Promise<R>,
  limit: number,
): AsyncGenerator<R, void, undefined> {
  if (!isIterable(source)) throw new ArgumentError('source', 'must be iterable');
  assertFunction('work', work);
  assertInteger('limit', limit, 1, Number.MAX_SAFE_INTEGER);
  const running: Promise<R>[] = [];
  const elements = Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
  const next = async (): Promise<IteratorResult<T, unknown> | { readonly failure: unknown }> => {
    try {
      return await elements.next();
    } catch (failure) {
      return { failure };
    }
  };
  let isDone = false;
  let ending: { readonly failure: unknown } | undefined;
  try {
    while (!isDone) {
      const step = await next();
      if ('failure' in step) {
        ending = step;
        isDone = true;
      } else if (step.done === true) {
        isDone = true;
      } else {
        const result = work(step.value);
        // Its turn comes later; until then nobody may miss its failure.
        result.catch(() => undefined);
        running.push(result);
        if (running.length >= limit) yield running.shift() as Promise<R>;
      }
    }
    for (const result of running) yield result;
  } finally {
    if (!isDone) await elements.return?.();
  }
  if (ending !== undefined) throw ending.failure;
}
