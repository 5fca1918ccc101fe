import type { BackupSummary } from '../backup/index.js';
import type { ServerHealth } from '../http/health.js';

/** A sign-up token that was not used yet, and the link to use it with. */
export interface InviteLink {
  readonly token: string;
  readonly link: string;
  /** ms since the epoch. */
  readonly created: number;
}

/** A user as the operator sees it. */
export interface UserReport {
  readonly name: string;
  /** Bytes. */
  readonly quota: number;
  /** Bytes; absent when the name is reserved and nobody has signed up under it. */
  readonly used?: number | undefined;
}

/** A request for space that waits for a decision. */
export interface SpaceRequestReport {
  readonly username: string;
  /** Bytes wanted in all. */
  readonly bytes: number;
  /** Bytes that the user may store now. */
  readonly quota: number;
  /** ms since the epoch, by the user's clock. */
  readonly claimedTime: number;
}

/** How an operator gives space. */
export interface GrantOptions {
  /** Even if the user could then store more than the disk has room for, or stores more than that already. Default: false. */
  readonly isSure?: boolean;
}

/** Space that a user got. */
export interface GrantReport {
  /** Bytes that the user may store now. */
  readonly bytes: number;
  /** Bytes that the user had asked for, when a request waited; it does not any more. */
  readonly requested?: number | undefined;
}

/** A line of the conversation between a user and the operator. */
export interface MessageReport {
  readonly id: number;
  readonly from: 'user' | 'server';
  /** ms since the epoch. */
  readonly sent: number;
  readonly body: string;
}

/** What a garbage collection did. */
export interface GarbageSummary {
  readonly users: number;
  /** Blocks that were deleted. */
  readonly blocks: number;
  /** Bytes of these. */
  readonly bytes: number;
  /** Blocks that nothing refers to and that stay for now, because uploads under way may need them. */
  readonly kept: number;
  /** Users of whom not everything could be looked at; nothing of theirs is lost. */
  readonly failed: readonly string[];
}

/** How a server is. */
export interface ServerStatus {
  /** Of the software that answers: of the running server, or of this command. */
  readonly version: string;
  readonly dataDirectory: string;
  /** Where people open it, without slash at the end. */
  readonly url: string;
  /** About the running process; absent when none runs. */
  readonly process?:
    | {
        readonly pid: number;
        /** Where this machine reaches it, without slash at the end. */
        readonly localUrl: string;
        /** ms since the epoch. */
        readonly started: number;
        /** The last garbage collection since the start, if there was one. */
        readonly collection?:
          | {
              /** When it ended, ms since the epoch. */
              readonly ended: number;
              readonly deletedBlocks: number;
              readonly deletedBytes: number;
              /** Users that could not be collected. */
              readonly failures: number;
            }
          | undefined;
      }
    | undefined;
  /** What readiness says, in the same words: whether the database takes writes, the keys of users are known, and uploads find room. */
  readonly health: ServerHealth;
  /** Bytes of the file system on which the data directory lies. `free`: for this user. */
  readonly disk: { readonly free: number; readonly size: number };
  /** Accounts of people. */
  readonly accounts: number;
  /** Bytes that they store. */
  readonly stored: number;
  /** Requests for space that wait. */
  readonly requests: number;
  /** Sign-up links that were not used yet. */
  readonly tokens: number;
}

/** How far a backup is. */
export interface BackupProgress {
  readonly blocks: number;
  readonly bytes: number;
}

/**
 * What the person who runs the server can do, on the machine of the server. Implemented by the running server, by a connection to it, and by a command
 * that opens the data of a server that does not run. Every change is durable when it resolves. Errors are PyrgosErrors.
 */
export interface Operator {
  /** Makes sign-up tokens. At most 1000 at a time. */
  createTokens(count: number): Promise<readonly InviteLink[]>;
  /** Unused tokens, oldest first. */
  listTokens(): Promise<readonly InviteLink[]>;
  /** Whether there was such a token. */
  revokeToken(token: string): Promise<boolean>;
  /** Everybody who has a quota and has not deleted the account, sorted by name. */
  listUsers(): Promise<readonly UserReport[]>;
  /**
   * Sets the quota of a user in bytes, and settles its request for space. NotFoundError `not-found.user`; PyrgosError `storage` when that is more
   * than before and more than the disk has room for, or less than the user stores, unless `isSure`.
   */
  setQuota(name: string, bytes: number, options?: GrantOptions): Promise<GrantReport>;
  /** Deletes an account: login, quota, pointers; its blocks go with the next garbage collection. NotFoundError `not-found.user`. */
  deleteUser(name: string): Promise<void>;
  listRequests(): Promise<readonly SpaceRequestReport[]>;
  /** Like {@link setQuota}, with what the user has asked for unless `bytes` says otherwise. NotFoundError `not-found.user` without a request. */
  approveRequest(name: string, bytes?: number, options?: GrantOptions): Promise<GrantReport>;
  /** Refuses a request; the bytes that it was for. The user is not told. NotFoundError `not-found.user` without a request. */
  rejectRequest(name: string): Promise<number>;
  /** Sends a message to a user. NotFoundError `not-found.user`. */
  sendMessage(name: string, text: string): Promise<void>;
  /** The conversation with a user, oldest first. NotFoundError `not-found.user`. */
  readMessages(name: string): Promise<readonly MessageReport[]>;
  /** Deletes the blocks that nothing needs any more, after a collection that goes on already. */
  collectGarbage(signal?: AbortSignal): Promise<GarbageSummary>;
  /** How the server is, for people and monitors. */
  status(): Promise<ServerStatus>;
  /** Backs everything up into a new folder, an absolute path on the machine of the server. */
  backUp(target: string, onProgress?: (progress: BackupProgress) => void, signal?: AbortSignal): Promise<BackupSummary>;
}
