export { connect, type ConnectOptions, PyrgosServer } from './pyrgos-server.js';
export { type FileSettings, UserSession } from './user-session.js';
export type { Attention, LiveChanges, LiveListener, LiveWatch } from './live/live-changes.js';
export { type CheckedSafetyNumber, Identities, type IdentityClaim } from './identities.js';
export { type AcceptOptions, Friends, type FriendsState, type IncomingRequest } from './social/friends.js';
export type { FollowAnswer } from './social/answers.js';
export type { FollowOutcome } from './social/follow.js';
export type { CreateLinkOptions, LinkChanges, Links } from './social/links.js';
export type { LinkSession } from './social/link-session.js';
export type { OpenLinkOptions } from './social/open-link.js';
export type { OwnLink } from './social/own-link.js';
export type { LeftOutOptions } from './files/left-out-options.js';
export type { RemoveFollowerOptions } from './social/remove-follower.js';
export type { ItemShares, ReceivedShare, Shares, ShareOptions, UnshareOptions } from './social/shares.js';
export type { Group, Recipient } from './social/recipients.js';
export type { Profiles, ProfileTextName, UserProfile } from './social/profile.js';
export type { Feed, FeedItem, Page, PageOptions, UpdateFeedOptions } from './social/feed.js';
export type { FeedContent, FeedOrigin, PostItem, ShareItem, UnavailableItem } from './social/feed-items.js';
export type { FeedUpdate } from './social/feed-update.js';
export type { Audience, CreatePostOptions, FoundPost, NewPost, PostParent, Posts } from './social/posts.js';
export type { PublishedPath, Publishing, UnpublishOptions } from './social/publishing.js';
export type { Chats } from './messaging/chats.js';
export type { Chat } from './messaging/chat.js';
export type {
  ChatAttachment,
  ChatIcon,
  ChatInvitation,
  ChatList,
  ChatMediaPage,
  ChatMemberInfo,
  ChatMessage,
  ChatMessageKind,
  ChatPage,
  ChatPageOptions,
  ChatProblem,
  ChatQuote,
  ChatRefresh,
  ChatSearchOptions,
  ChatSummary,
  ChatWritable,
  CreateChatOptions,
  DamagedChat,
  DeleteChatOptions,
  NewAttachment,
  NewChatMessage,
  OpenedChatAttachment,
  SendAttempt,
  SendOptions,
} from './messaging/chat-types.js';
export { FileSystem } from './files/file-system.js';
export { isOfClients } from './files/folders-of-clients.js';
export type {
  AppendOptions,
  CopyTreeOptions,
  EditOptions,
  ExistingAnswer,
  FileOptions,
  FileSystemOptions,
  ListedName,
  MakeDirectoryAtOptions,
  MoveTreeOptions,
  PropertyChanges,
  RemoveOptions,
  RenameOptions,
  ReplacingOptions,
  RotateKeysOptions,
  SetPropertiesOptions,
  TreeEntry,
  TreeFile,
  TreeFileOutcome,
  VerifyTreeOptions,
  WatchedOptions,
  WriteOptions,
  WriteTreeOptions,
  Written,
} from './files/file-system-options.js';
export { DamagedEntry, FileEntry, pathOfDamaged } from './files/file-entry.js';
export type { IfVersion } from './files/file-version.js';
export {
  type ByteSource,
  CanvasThumbnailer,
  type FileOutcome,
  type SizedSource,
  type Thumbnailer,
  type ThumbnailSource,
  type TreeDirectory,
} from './files/content/index.js';
export {
  type BlockCache,
  FileReader,
  type FileReaderOptions,
  type Finding,
  MemoryBlockCache,
  type StreamOptions,
} from './files/view/index.js';
export type { Progress, ProgressListener } from './waiting/progress.js';
export {
  type AccountSpace,
  answerAsMount,
  answerWithCode,
  answerWithSecurityKey,
  type BrowserCredentials,
  browserSecurityKeys,
  type CallOptions,
  type ChangePasswordOptions,
  type DeleteAccountOptions,
  generatePassphrase,
  IdentityLinkProof,
  IndexedDbLocalStore,
  type LocalStore,
  type LoginCost,
  type LogInOptions,
  MemoryLocalStore,
  type NewFactor,
  type NewTotp,
  PasswordPolicy,
  type PasswordProblem,
  type PasswordStrength,
  type RestoreOptions,
  type SafetyNumber,
  type SecondFactorPrompt,
  type SecondFactorQuestion,
  type SecondFactors,
  type SecurityKeys,
  type SignUpOptions,
  type SpaceWish,
} from './session/index.js';
// What calls of this package take and give, so that programs need no second package for it.
export {
  type BackupCodes,
  formatBackupCode,
  MfaType,
  type MultiFactorAuthMethod,
  type MultiFactorAuthResponse,
  type PaymentProperties,
} from '@pyrgos/core/accounts';
export {
  AbortedError,
  type AbortedErrorData,
  ArgumentError,
  type ArgumentErrorData,
  ConflictError,
  type ConflictErrorData,
  CryptoError,
  DeniedError,
  type DeniedErrorData,
  type ErrorCode,
  type ErrorData,
  FormatError,
  type FormatErrorData,
  LimitError,
  type LimitErrorData,
  NetworkError,
  type NetworkErrorData,
  type NetworkErrorReason,
  NotFoundError,
  type NotFoundErrorData,
  PyrgosError,
  type PyrgosErrorOptions,
  QuotaError,
  type QuotaErrorData,
  RateError,
  type RateErrorData,
  type RetryAdvice,
  type SerialisedError,
  StorageError,
  type StorageErrorData,
  UnsupportedError,
} from '@pyrgos/core/errors';
export { type CryptoBackend, type CryptoProvider, loadCrypto } from '@pyrgos/core/crypto';
export { createCryptoPool, type CryptoPool } from '@pyrgos/core/crypto/pool';
export { FingerprintPair, SymmetricKey } from '@pyrgos/core/keys';
export { type AbsoluteCapability, type FileType, Thumbnail } from '@pyrgos/core/model';
export type { FileRef, PostContent, SocialPost } from '@pyrgos/core/social';
