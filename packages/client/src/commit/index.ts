export type { BlockBuffer, BufferedBlock, BufferedReach } from './block-buffer.js';
export { type Clock, systemClock } from './clock.js';
export type { Committer } from './committer.js';
export type { PointerReadOptions, PointerState, SeenPointers } from './pointer-reader.js';
export { isConflict } from './retry.js';
export type { CommittedReadOptions } from './synchroniser.js';
export { TreeEdit } from './tree-edit.js';
export { createChildWriter, deleteSubspace, delistWriter, writerDataOf } from './writer-lifecycle.js';
export { type OperationOptions, WriteSession, type WriteSessionOptions } from './write-session.js';
