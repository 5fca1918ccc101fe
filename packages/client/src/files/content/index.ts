export type { ByteSource, OpenedSource, SizedSource } from './byte-source.js';
export { canDraw, CanvasThumbnailer } from './canvas-thumbnailer.js';
export type { ContentPorts, SpaceMeter } from './content-ports.js';
export { appendContent, type AppendOptions, cleanFile, type EditOptions, overwriteSection, truncateFile } from './edit-content.js';
export type { PreparedContent } from './prepared-content.js';
export { newFileSecrets } from './file-target.js';
export type { PlainChunk } from './seal-chunks.js';
export { setContent, type SetContentOptions } from './set-content.js';
export { type Thumbnailer, type ThumbnailKind, thumbnailKind, type ThumbnailSource } from './thumbnailer.js';
export { uploadFile } from './upload-file.js';
export type { UploadOptions, UploadResult } from './upload-options.js';
export { type OpenUpload, UploadTransactions } from './upload-transactions.js';
export { type FileOutcome, type FileToUpload, uploadSmallFiles, type UploadFilesOptions } from './upload-small-files.js';
export {
  type DirectoriesWork,
  type RunInDirectories,
  type TreeDirectory,
  type TreeFile,
  type TreeRunOptions,
  type TreeUploadProgress,
  uploadTree,
  type UploadTreeOptions,
} from './upload-tree.js';
