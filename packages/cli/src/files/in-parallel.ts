/** Does something with every element, up to `limit` at a time, in order of their arrival. The first error ends it, after what has begun has ended. */
export async function inParallel<T>(
  elements: Iterable<T> | AsyncIterable<T>,
  limit: number,
  work: (element: T) => Promise<void>,
): Promise<void> {
  const running = new Set<Promise<void>>();
  const failure: { error?: { readonly cause: unknown } } = {};
  for await (const element of elements) {
    const task = work(element)
      .catch((cause: unknown) => {
        failure.error ??= { cause };
      })
      .finally(() => running.delete(task));
    running.add(task);
    if (running.size >= limit) await Promise.race(running);
    if (failure.error !== undefined) break;
  }
  await Promise.all(running);
  if (failure.error !== undefined) throw failure.error.cause;
}
