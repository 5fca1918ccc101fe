/** Runs `work` on all elements, some at a time; stops taking new ones at the first failure, waits for the others and throws it. */
export async function forEachAtOnce<T>(elements: Iterable<T>, limit: number, work: (element: T) => Promise<void>): Promise<void> {
  const failures: unknown[] = [];
  const queue = elements[Symbol.iterator]();
  const worker = async (): Promise<void> => {
    for (let next = queue.next(); next.done !== true && failures.length === 0; next = queue.next()) {
      try {
        await work(next.value);
      } catch (error) {
        failures.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: limit }, worker));
  if (failures.length > 0) throw failures[0];
}
