export { connect, type ConnectOptions, PyrgosServer } from './pyrgos-server.js';
export { type FileSettings, UserSession } from './user-session.js';
export { FileSystem } from './files/file-system.js';
export type {
  AppendFileOptions,
  CopyTreeOptions,
  FileOptions,
  FileSystemOptions,
  ListedName,
  MakeDirectoryAtOptions,
  MoveTreeOptions,
  PropertyChanges,
  RemoveOptions,
  SetPropertiesOptions,
  TreeOptions,
  WriteAtOptions,
  WriteOptions,
  WriteTreeOptions,
  Written,
} from './files/file-system-options.js';
export { DamagedEntry, FileEntry } from './files/file-entry.js';
export type { IfVersion } from './files/file-version.js';
export {
  type AppendOptions,
  type ByteSource,
  CanvasThumbnailer,
  type ContentProgress,
  type EditOptions,
  type FileOutcome,
  type ProgressListener,
  type SizedSource,
  type Thumbnailer,
  type TreeDirectory,
  type TreeFile,
  type TreeUploadProgress,
  type UploadOptions,
} from './files/content/index.js';
export type { TreeProgress } from './files/structure/index.js';
export {
  type BlockCache,
  FileReader,
  type FileReaderOptions,
  type Finding,
  MemoryBlockCache,
  type StreamOptions,
  type VerifyOptions,
} from './files/view/index.js';
// What calls of this package take and give, so that programs need no second package for it.
export { formatBackupCode, MfaType } from '@pyrgos/core/accounts';
export {
  AbortedError,
  ArgumentError,
  ConflictError,
  CryptoError,
  DeniedError,
  type ErrorCode,
  FormatError,
  LimitError,
  NotFoundError,
  PyrgosError,
  type RetryAdvice,
} from '@pyrgos/core/errors';
export { SymmetricKey } from '@pyrgos/core/keys';
