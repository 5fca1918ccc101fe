export * from './blocked-usernames.js';
export * from './capability-with-path.js';
export * from './follow-request.js';
export * from './friend-annotation.js';
export * from './friends-groups.js';
export * from './groups.js';
export * from './pending-social-state.js';
export * from './record-stream.js';
