import { AbortedError } from '@pyrgos/core/errors';

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
  sleep: (milliseconds, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted === true) {
        reject(new AbortedError('waiting'));
        return;
      }
      const onAbort = (): void => {
        clearTimeout(timer);
        reject(new AbortedError('waiting'));
      };
      const timer = setTimeout(() => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      }, milliseconds);
      signal?.addEventListener('abort', onAbort, { once: true });
    }),
};
