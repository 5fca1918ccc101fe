import { assertInteger } from '../../bytes.js';
import { HASH_LIST_LENGTH } from '../../containers/hash-tree.js';
import { MAX_CHUNK_SIZE, MAX_FILE_SIZE } from '../../limits.js';

/** Bytes of every chunk of a file but the last (chapter 04 section 7.1). */
export const CHUNK_SIZE: number = MAX_CHUNK_SIZE;

/** Chunks of a file of `size` bytes: at least one, at most MAX_HASH_TREE_LEAVES (chapter 04 section 6). */
export function chunkCount(size: number): number {
  assertInteger('size', size, 0, MAX_FILE_SIZE);
  return Math.max(1, Math.ceil(size / CHUNK_SIZE));
}

/** The index of the chunk that has the byte at `offset` (chapter 04 section 7.2). */
export function chunkIndexOf(offset: number): number {
  assertInteger('offset', offset, 0, MAX_FILE_SIZE);
  return Math.floor(offset / CHUNK_SIZE);
}

/** Bytes of chunk `index` in a file of `size` bytes, 0 beyond its end (chapter 04 section 7.1). */
export function chunkLength(size: number, index: number): number {
  assertInteger('size', size, 0, MAX_FILE_SIZE);
  assertInteger('index', index, 0, MAX_FILE_SIZE / CHUNK_SIZE);
  return Math.max(0, Math.min(CHUNK_SIZE, size - index * CHUNK_SIZE));
}

/** Branches of a content hash tree that a file of `size` bytes stores: one in every 1024th chunk (chapter 04 section 8.3). */
export function hashBranchCount(size: number): number {
  return Math.ceil(chunkCount(size) / HASH_LIST_LENGTH);
}
