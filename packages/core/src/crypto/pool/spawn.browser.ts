import type { JobResponse, WorkerEvents, WorkerPort } from './protocol.js';

/**
 * Workers that are worth having: one for each processor but the page's, at most 4, at least 2. Even where there are only two processors: what asks
 * for the work waits for the network most of the time.
 */
export function defaultPoolSize(): number {
  return Math.max(2, Math.min(4, (globalThis.navigator?.hardwareConcurrency ?? 2) - 1));
}

/** Starts a web worker; undefined where there are none, or where the content security policy forbids them. */
export function spawnWorker(events: WorkerEvents): WorkerPort | undefined {
  if (typeof Worker !== 'function') return undefined;
  let worker: Worker;
  try {
    worker = new Worker(new URL('./worker.browser.js', import.meta.url), { type: 'module' });
  } catch {
    return undefined;
  }
  let ended = false;
  const fail = (reason: string): void => {
    if (ended) return;
    ended = true;
    worker.terminate();
    events.onFailure(reason);
  };
  worker.addEventListener('message', (event: MessageEvent<JobResponse>) => events.onResponse(event.data));
  worker.addEventListener('messageerror', () => fail('a message could not be read'));
  worker.addEventListener('error', () => fail('the worker could not be loaded or threw'));
  return {
    post: (request, transfer) => worker.postMessage(request, [...transfer]),
    hold: () => undefined,
    terminate: async () => {
      ended = true;
      worker.terminate();
    },
  };
}
