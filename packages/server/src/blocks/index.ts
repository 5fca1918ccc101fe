export type { BlockStorage, StoredBlockFacts } from './block-storage.js';
export { FileBlockStorage, type FileBlockStorageOptions } from './file-block-storage.js';
export { type FileSystem, type FolderEntry, nodeFileSystem } from './file-system.js';
export { MemoryBlockStorage } from './memory-block-storage.js';
export type { BlockMetadata, LocalBlocks, StoredBlock } from '../ports/local-blocks.js';
