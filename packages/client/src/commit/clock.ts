import { whenAborted } from '@pyrgos/core/abort';
import { AbortedError, ArgumentError, throwIfAborted } from '@pyrgos/core/errors';

/** Time as the commit layer sees it; tests inject their own, so nothing waits in real time. */
export interface Clock {
  /** Milliseconds since some fixed moment; may jump. */
  now(): number;
  /** Resolves after `milliseconds`; rejects with AbortedError as soon as `signal` is aborted. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
}

/** The clock of the machine. */
export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: async (milliseconds, signal) => {
    throwIfAborted(signal);
    if (typeof milliseconds !== 'number' || !(milliseconds >= 0)) throw new ArgumentError('milliseconds', 'must not be negative');
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        stopListening();
        resolve();
      }, milliseconds);
      const stopListening = whenAborted(signal, () => {
        clearTimeout(timer);
        reject(new AbortedError('the call', signal));
      });
    });
  },
};
