import { callersCodeNow } from './code-of-callers.js';

/** How far a call has come: the same form for every call that tells it. */
export interface Progress {
  /** What is done, in `unit`. Never becomes less, and never more than `total`. */
  readonly done: number;
  /** What `done` will be at the end; undefined while nobody knows it: the length of a stream, the size of a tree. */
  readonly total: number | undefined;
  /** What `done` and `total` count: bytes of content, files and directories, or the fraction of a computation, whose total is 1. */
  readonly unit: 'bytes' | 'items' | 'fraction';
  /** Files and directories that are finished, of calls that deal with many; never becomes less. */
  readonly items?: number;
  /** What is being done, of calls that do one thing after another: with the next one `done` begins anew. */
  readonly phase?: 'key-derivation' | 'proof-of-work';
}

/**
 * Told how far a call has come, at most once for each chunk of 5 MiB, for each file or directory, and for each hundredth of a computation.
 * Nothing may be told of what takes no time. That everything is done does not mean that the call has ended: it may still have to commit. What
 * the listener throws ends the call.
 */
export type ProgressListener = (progress: Progress) => void;

/**
 * Tells a listener of nothing but progress: what a repeated attempt does once more is left out. `total`, where it is given, replaces an
 * unknown one. What the listener throws is an error of the caller ({@link callersCodeNow}).
 */
export function onlyForward(listener: ProgressListener | undefined, total?: number): ProgressListener | undefined {
  if (listener === undefined) return undefined;
  let last: Progress | undefined;
  return (progress) => {
    const before = last?.phase === progress.phase ? last : undefined;
    const done = Math.max(progress.done, before?.done ?? 0);
    const items = progress.items === undefined ? undefined : Math.max(progress.items, before?.items ?? 0);
    if (before !== undefined && done === before.done && items === before.items) return;
    const known = progress.total ?? total;
    const told = {
      ...progress,
      done,
      total: known === undefined ? undefined : Math.max(known, done),
      ...(items === undefined ? {} : { items }),
    };
    last = told;
    callersCodeNow(() => listener(told));
  };
}

/** A listener for a computation that tells its fraction. */
export function fractionListener(
  listener: ProgressListener | undefined,
  phase: Progress['phase'] & string,
): ((fraction: number) => void) | undefined {
  return listener === undefined ? undefined : (fraction) => listener({ phase, done: fraction, total: 1, unit: 'fraction' });
}
