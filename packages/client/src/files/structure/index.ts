export { BlockStaging, type StagingPorts } from './block-staging.js';
export { ChunkChanges, requireReserved } from './chunk-changes.js';
export { copyItem, type CopyOptions, type CopyPorts } from './copy-item.js';
export type { CopySource } from './copy-file.js';
export { createRoot, type RootParts, SPECIAL_DIRECTORIES } from './create-root.js';
export { deleteItems, type DeleteOptions, deleteWithoutParent } from './delete-items.js';
export { DirectoryEdit, entryOf, type EntryOptions, type NewEntry, type RelistedFacts } from './directory-edit.js';
export {
  existingDirectories,
  type FileInTheWay,
  type FoundDirectories,
  type FoundDirectory,
  getOrMakeDirectoryTrees,
} from './directory-trees.js';
export { addEntries, editEntries, removeEntries } from './directory-entries.js';
export { getOrMakeDirectories, makeDirectory, type MakeDirectoryOptions } from './make-directories.js';
export { moveItem, type MoveOptions } from './move-item.js';
export type { Place } from './place.js';
export { refresh } from './refresh.js';
export type { ReplaceOptions } from './replace-file.js';
export { type ComparedOptions, rename, setProperties, type SettableProperties } from './rename.js';
export { rotateAllKeys, type RotateOptions } from './rotate-all-keys.js';
export { cannotComeAlong, type LeavingOut, type LeftOutListener } from './rotated-entries.js';
export { getOrMakeSpecialDirectory, missingSpecialDirectories } from './special-directories.js';
export {
  createWritingSpace,
  type OwnedSpaces,
  ownedSpaces,
  removeWritingSpace,
  spaceSigner,
  writingSpacesBelow,
  writingSpacesOf,
} from './writing-space.js';
export { addMirrorBat } from './mirror-bat.js';
