import type { ItemProblem, ItemsProgress } from '../calls.js';
import { faultOf } from '../engine-fault.js';

/** How a run over several items is watched and stopped. */
export interface ItemRun {
  readonly signal: AbortSignal;
  readonly emit: (progress: ItemsProgress) => void;
}

/**
 * Does something with each of several items. What cannot be done with one is told in the result and keeps no other from being done; a call that is
 * cancelled ends.
 */
export async function eachItem(
  paths: readonly string[],
  { signal, emit }: ItemRun,
  work: (path: string) => Promise<void>,
): Promise<readonly ItemProblem[]> {
  const problems: ItemProblem[] = [];
  for (const [done, path] of paths.entries()) {
    emit({ done, total: paths.length });
    try {
      await work(path);
    } catch (error) {
      if (signal.aborted) throw error;
      problems.push({ path, fault: faultOf(error) });
    }
  }
  emit({ done: paths.length, total: paths.length });
  return problems;
}
