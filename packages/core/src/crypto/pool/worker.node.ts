import { parentPort } from 'node:worker_threads';
import type { JobRequest } from './protocol.js';
import { createWorkerLoop } from './worker-loop.js';

// The entry of a worker thread: see spawn.node.ts.
const port = parentPort;
if (port === null) throw new Error('worker.node.js runs as a worker thread only');
const handle = createWorkerLoop((response, transfer) => port.postMessage(response, [...transfer]));
port.on('message', (request: JobRequest) => void handle(request));
