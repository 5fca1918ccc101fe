export * from './capability-with-path.js';
export * from './follow-request.js';
export * from './record-stream.js';
