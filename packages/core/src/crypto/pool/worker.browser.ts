import type { JobRequest } from './protocol.js';
import { createWorkerLoop } from './worker-loop.js';

/** What we use of a worker's global scope, which the DOM types do not describe. */
interface WorkerScope {
  readonly postMessage: (message: unknown, transfer: readonly ArrayBuffer[]) => void;
  readonly addEventListener: (type: 'message', listener: (event: MessageEvent<JobRequest>) => void) => void;
}

// The entry of a web worker: see spawn.browser.ts.
const scope = globalThis as unknown as WorkerScope;
const handle = createWorkerLoop((response, transfer) => scope.postMessage(response, transfer));
scope.addEventListener('message', (event) => void handle(event.data));
