/**
 * What errors say to programs: their codes, and the facts that each family of codes has. The classes are in errors.ts.
 */

/** What a program may switch on. The part before the dot is the family. */
export type ErrorCode =
  | 'argument'
  | 'format.cbor'
  | 'format.cid'
  | 'format.multihash'
  | 'format.multibase'
  | 'format.varint'
  | 'format.multiaddr'
  | 'format.framing'
  | 'format.car'
  | 'format.key'
  | 'format.container'
  | 'format.bat'
  | 'format.block'
  | 'format.pointer'
  | 'format.writer-data'
  | 'format.champ'
  | 'format.cryptree'
  | 'format.inode'
  | 'format.link'
  | 'format.proof'
  | 'format.account'
  | 'format.social'
  | 'format.chat'
  | 'format.request'
  | 'format.config'
  | 'format.backup'
  | 'crypto.authentication'
  | 'crypto.signature'
  | 'crypto.unavailable'
  | 'crypto.self-test'
  | 'crypto.worker'
  | 'not-found.block'
  | 'not-found.key'
  | 'not-found.pointer'
  | 'not-found.user'
  | 'not-found.link'
  | 'not-found.file'
  | 'not-found.recipient'
  | 'not-found.chat'
  | 'not-found.message'
  | 'conflict.champ'
  | 'conflict.pointer'
  | 'conflict.merge'
  | 'conflict.snapshot'
  | 'conflict.exists'
  | 'conflict.changed'
  | 'conflict.file'
  | 'conflict.source'
  | 'denied.pointer'
  | 'denied.block'
  | 'denied.proof'
  | 'denied.stale'
  | 'denied.auth'
  | 'denied.chain'
  | 'denied.signup'
  | 'denied.login'
  | 'denied.session'
  | 'denied.password'
  | 'denied.link'
  | 'denied.file'
  | 'denied.admin'
  | 'denied.message'
  | 'denied.chat'
  | 'denied.request'
  | 'limit'
  | 'network'
  | 'quota'
  | 'rate'
  | 'storage'
  | 'unsupported'
  | 'aborted'
  | 'internal';

/** Whether trying the same call again can help: `safe` = repeat as is, `after` = re-read first, `never` = do not. */
export type RetryAdvice = 'never' | 'safe' | 'after';

/** Structured, JSON-serialisable facts about an error. Never secrets; which there are depends on the class, see for instance {@link QuotaErrorData}. */
export type ErrorData = Readonly<Record<string, string | number | boolean | null | undefined>>;

/** What an `ArgumentError` knows. */
export type ArgumentErrorData = ErrorData & {
  /** The argument, or the part of it. */
  readonly field: string;
};

/** What a `FormatError` knows. */
export type FormatErrorData = ErrorData & {
  /** The path inside the value. */
  readonly where?: string | undefined;
  readonly problem?: string | undefined;
};

/** What a `NotFoundError` knows. */
export type NotFoundErrorData = ErrorData & {
  /** `not-found.file`: what is missing, the path that the program has given or a directory on the way to it. Text, never markup. */
  readonly path?: string | undefined;
  /** `not-found.user`. */
  readonly username?: string | undefined;
  /** `not-found.user`: there was somebody of this name, whose account was deleted. */
  readonly deleted?: boolean | undefined;
};

/** What a `ConflictError` knows. */
export type ConflictErrorData = ErrorData & {
  /** `conflict.exists`, `conflict.changed`, `conflict.file`: where, as the program has given it. Text, never markup. */
  readonly path?: string | undefined;
  /** `conflict.changed`: the version of the file as it is now. */
  readonly version?: string | undefined;
  /** `conflict.changed`: whether the file is gone. */
  readonly isMissing?: boolean | undefined;
};

/** What a `DeniedError` knows. */
export type DeniedErrorData = ErrorData & {
  /** A word to switch on. */
  readonly reason?: string | undefined;
  /** `denied.login`: there is a second factor, and nobody to answer for it. */
  readonly needsSecondFactor?: boolean | undefined;
  /** `denied.login`: nobody stays logged in on this device, or what was kept here opens the account no longer. */
  readonly expired?: boolean | undefined;
};

/** What a `LimitError` knows; a limit of a server has no numbers. */
export type LimitErrorData = ErrorData & {
  readonly limit?: string | undefined;
  readonly actual?: number | undefined;
  readonly maximum?: number | undefined;
};

/** What an `AbortedError` knows. */
export type AbortedErrorData = ErrorData & { readonly operation?: string | undefined };

/** Why a server did not do what it was asked for, as far as that is known. */
export type NetworkErrorReason =
  /** Nothing was sent. */
  | 'unreachable'
  /** No connection, or a broken one: the platform does not tell (browsers). */
  | 'no-answer'
  /** The connection broke. */
  | 'broken'
  /** A kept connection had ended. */
  | 'stale'
  /** No answer in time. */
  | 'timeout'
  /** A gateway, or the server on its way out, says that there is no server now. */
  | 'unavailable'
  /** What answers is no web server. */
  | 'malformed'
  | 'certificate'
  /** What answers is no Peergos server. */
  | 'not-peergos'
  /** A change whose answer was lost may have been made. */
  | 'unknown-outcome';

/** What a `NetworkError` knows. */
export type NetworkErrorData = ErrorData & {
  /** Absent when something went wrong inside the server. */
  readonly reason?: NetworkErrorReason | undefined;
  /** The call of the server. */
  readonly call?: string | undefined;
  /** What the platform calls the failure, such as `ECONNREFUSED`. */
  readonly detail?: string | undefined;
  /** Of the HTTP answer. */
  readonly status?: number | undefined;
};

/** What a `QuotaError` knows, in bytes; nothing when the server gives no numbers. */
export type QuotaErrorData = ErrorData & {
  readonly used?: number | undefined;
  readonly quota?: number | undefined;
  /** Of what was to be stored. */
  readonly size?: number | undefined;
  /** What is needed beside what is free. */
  readonly missing?: number | undefined;
  /** `reserve`: the account is not full, but what others write unasked leaves some space free. */
  readonly reason?: string | undefined;
};

/** What a `RateError` knows. */
export type RateErrorData = ErrorData & {
  /** Seconds until there is more; absent when the server does not say. */
  readonly retryAfterSeconds?: number | undefined;
  /** `member`: a member of a chat has written more than is taken of one in a day. */
  readonly reason?: string | undefined;
};

/** What a `StorageError` knows. */
export type StorageErrorData = ErrorData & {
  /** A word to switch on, such as `disk-full`. */
  readonly reason?: string | undefined;
};
