import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { JobResponse, WorkerEvents, WorkerPort } from './protocol.js';

/** Workers that are worth having: one for each processor but this thread's, at most 4, at least 1. */
export function defaultPoolSize(): number {
  return Math.max(1, Math.min(4, availableParallelism() - 1));
}

/** Starts a worker thread; undefined where threads cannot be had. */
export function spawnWorker(events: WorkerEvents): WorkerPort | undefined {
  // Compiled JavaScript in either case: this file runs from src/ in tests and from dist/ otherwise, both three levels below the package.
  const entry = new URL('../../../dist/crypto/pool/worker.node.js', import.meta.url);
  let worker: Worker;
  try {
    worker = new Worker(entry, { execArgv: [], stdin: false });
  } catch {
    return undefined;
  }
  let ended = false;
  const fail = (reason: string): void => {
    if (ended) return;
    ended = true;
    events.onFailure(reason);
  };
  worker.on('message', (response: JobResponse) => events.onResponse(response));
  worker.on('messageerror', () => fail('a message could not be read'));
  worker.on('error', (error) => fail(error instanceof Error ? error.name : 'unknown error'));
  worker.on('exit', (code) => fail(`exit code ${code}`));
  worker.unref();
  return {
    post: (request, transfer) => worker.postMessage(request, [...transfer]),
    hold: (alive) => {
      if (alive) worker.ref();
      else worker.unref();
    },
    terminate: async () => {
      ended = true;
      await worker.terminate();
    },
  };
}
