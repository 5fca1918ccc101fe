import { whenAborted } from '@pyrgos/core/abort';
import type { SetTimer } from '../waiting/timer.js';

/** Milliseconds between two looks at the clock. */
const LOOK = 10_000;
/** Milliseconds by which a look that comes later means that the machine has slept: its connections have most likely ended, and nobody has been told. */
const SLEPT = 20_000;

/** What {@link whileAwake} works with. */
export interface AwakeOptions {
  readonly now: () => number;
  readonly timer: SetTimer;
  readonly signal: AbortSignal;
}

/** Runs `work` with a signal that fires when the machine turns out to have slept meanwhile, and when `signal` does. */
export async function whileAwake<T>({ now, timer, signal }: AwakeOptions, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const stopListening = whenAborted(signal, () => controller.abort(signal.reason));
  if (signal.aborted) controller.abort(signal.reason);
  let stopTimer = (): void => undefined;
  const look = (before: number): void => {
    stopTimer = timer(LOOK, () => {
      const at = now();
      if (at - before > LOOK + SLEPT) controller.abort();
      else look(at);
    });
  };
  look(now());
  try {
    return await work(controller.signal);
  } finally {
    stopTimer();
    stopListening();
  }
}
