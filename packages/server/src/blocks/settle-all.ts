/** Waits for all of it, and fails with the first failure then: nothing goes on in the background when somebody hears of it. */
export async function settleAll(work: readonly Promise<void>[]): Promise<void> {
  for (const result of await Promise.allSettled(work)) if (result.status === 'rejected') throw result.reason;
}
