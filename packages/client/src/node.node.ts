/** What only Node has: caches and local stores as files. */
export { FileCache, type FileCacheOptions } from './files/view/file-cache.node.js';
export { FileLocalStore, type FileLocalStoreOptions } from './session/file-local-store.node.js';
