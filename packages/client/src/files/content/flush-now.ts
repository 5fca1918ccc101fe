import type { OperationView } from '../view/index.js';

/**
 * Sends what the operation has committed so far, and lets it go on from what the server has then: with the changes of others, if it had to
 * merge. Must not run inside `withoutFlush`.
 */
export async function flushNow(operation: OperationView): Promise<void> {
  const { committer } = operation;
  await committer.flush();
  operation.advance(operation.snapshot.overwrite(committer.acknowledged));
}
