export { type BlockCache, MemoryBlockCache } from './block-cache.js';
export { type ChildListOptions, type DirectoryNode, readChildList } from './child-list.js';
export { CommittedView, type CommittedViewOptions } from './committed-view.js';
export { type ChunkOptions, type ChunkPosition, type DirectoryChunk, directoryChunks } from './directory-chunks.js';
export { type FileChunk, type FoundChunk, requireChunk } from './file-chunk.js';
export { FileChunks } from './file-chunks.js';
export { FileReader, type FileReaderOptions, type StreamOptions } from './file-reader.js';
export {
  type Ancestry,
  ancestryOf,
  findChild,
  findEntries,
  findEntry,
  findPath,
  namesOf,
  parentOf,
  pathOf,
  resolvePath,
  splitPath,
} from './find-path.js';
export { DanglingEntry, Item, type ItemParts } from './item.js';
export { ItemFacts, versionOf } from './item-facts.js';
export { listChildren, listEntries, openEntries } from './list-children.js';
export { listFacts } from './list-facts.js';
export type { KnownFacts, ListingCache } from './listing-cache.js';
export { isDamage, loadNode, loadNodes, type LoadedNode, type LoadOptions, type NodeResult, type UnreadableNode } from './load-nodes.js';
export { DEFAULT_CACHE_BYTES, memoryCaches } from './memory-caches.js';
export { type KnownLocation, NodeCache } from './node-cache.js';
export { readAheadOfLists } from './read-ahead.js';
export { isSamePlace, openItem, type OpenOptions } from './open-item.js';
export { OperationView } from './operation-view.js';
export { offlinePointerStore, type PointerCache } from './pointer-cache.js';
export { Sessions, type SessionsOptions, type Stores } from './sessions.js';
export { type Finding, type VerifyOptions, type VerifyProgress, verifyTree } from './verify-tree.js';
export type { TreeLookup } from './tree-lookup.js';
export type { ReadOptions, View } from './view.js';
export { belongsTo, namesParent } from './names-parent.js';
