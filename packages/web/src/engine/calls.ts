import type { LiveChanges } from '@pyrgos/client';
import type { CreatedCredential, SecurityKeyCreation, SecurityKeyQuestion, SignedChallenge } from '@pyrgos/client/session';
import type { Call } from './call.js';
import type { AttachmentPlace, ChatCalls } from './chat-calls.js';
import type { ItemProblem, ItemsProgress, PasswordJudgement, Row } from './call-types.js';
import type { EngineFault } from './engine-fault.js';
import type { FeedCalls } from './feed-calls.js';
import type { ProfileCalls } from './profile-calls.js';
import type { SharingCalls } from './sharing-calls.js';
import type { SocialCalls } from './social-calls.js';

export type { ItemProblem, ItemsProgress, PasswordJudgement, Row } from './call-types.js';

/**
 * Every call that the page makes of the engine: what it passes, what comes back, what it is told meanwhile, and what it is asked. Plain
 * values only: no key and no class of the SDK crosses the line, except what a person types.
 */
export interface EngineCalls extends SocialCalls, FeedCalls, ChatCalls, ProfileCalls, SharingCalls {
  /** Whether this device holds a session that can be opened without password, and whose it is. */
  'session.kept': Call<undefined, KeptSession | undefined>;
  /** Opens the kept session. */
  'session.restore': Call<undefined, SessionInfo>;
  'session.logIn': Call<LogInArguments, SessionInfo, FractionEvent, LogInQuestion, LogInAnswer>;
  'session.signUp': Call<SignUpArguments, SessionInfo, FractionEvent>;
  /** Ends the session and forgets what this device has kept of it. */
  'session.logOut': Call<undefined, undefined>;
  /** Ends the session of this tab: another one has logged out, and forgotten what the device has kept. */
  'session.leave': Call<undefined, undefined>;
  'account.space': Call<undefined, SpaceState>;
  /** Asks whoever runs the server for more space. */
  'account.requestSpace': Call<{ readonly bytes: number }, undefined>;
  /** The session that goes on afterwards is the same for the page. */
  'account.changePassword': Call<PasswordChange, SessionInfo, FractionEvent, LogInQuestion, LogInAnswer>;
  /** Deletes the account with all files, for good. */
  'account.delete': Call<{ readonly password: string }, undefined, FractionEvent, LogInQuestion, LogInAnswer>;
  /** Whether this device keeps the session from now on. */
  'account.keep': Call<{ readonly keep: boolean }, SessionInfo>;
  /** What the server says it is. */
  'server.version': Call<undefined, string>;
  'factors.list': Call<undefined, readonly FactorRow[]>;
  /** A new authenticator app; it counts when a code of it was confirmed. */
  'factors.addApp': Call<undefined, NewApp>;
  'factors.confirmApp': Call<{ readonly id: string; readonly code: string }, undefined>;
  /** Lets the browser make a security key; the page shows its dialog. */
  'factors.addSecurityKey': Call<{ readonly name: string }, undefined, never, SecurityKeyCreation, CreatedCredential>;
  /** Makes new backup codes in place of the ones before. */
  'factors.makeBackupCodes': Call<undefined, readonly string[]>;
  'factors.remove': Call<{ readonly id: string }, undefined>;
  /** What a new password is worth; for the meter beside the field. */
  'password.judge': Call<{ readonly username: string; readonly password: string }, PasswordJudgement>;
  /** Seven random words. */
  'password.generate': Call<undefined, string>;
  /** Gives the rows of a directory in parts, the first soon. */
  'drive.list': Call<{ readonly path: string }, ListSummary, readonly Row[]>;
  /** What is at a path; undefined when there is nothing. */
  'drive.stat': Call<{ readonly path: string }, Row | undefined>;
  /** All of a small file; `limit` for a large one. */
  'drive.read': Call<{ readonly path: string }, Uint8Array<ArrayBuffer>>;
  /** Writes a small file anew; `conflict.changed` when it is not what `ifVersion` says any more, unless that is undefined. */
  'drive.write': Call<{ readonly path: string; readonly content: string; readonly ifVersion: string | undefined }, Row>;
  /** Makes a directory; `conflict.exists` when there is something of this name. */
  'drive.makeDirectory': Call<{ readonly directory: string; readonly name: string }, Row>;
  /** Makes an empty text file; `conflict.exists` when there is something of this name. */
  'drive.makeTextFile': Call<{ readonly directory: string; readonly name: string }, Row>;
  'drive.rename': Call<{ readonly path: string; readonly name: string }, Row>;
  /**
   * Moves or copies items into a directory, one after the other; what cannot be is told and passed over. What goes to the files of somebody else is copied, and then
   * deleted where it was.
   */
  'drive.transfer': Call<TransferArguments, readonly ItemProblem[], ItemsProgress>;
  /** Deletes items for good. */
  'drive.remove': Call<{ readonly paths: readonly string[] }, readonly ItemProblem[], ItemsProgress>;
  /** Writes a small file under a name that is free beside `path`. */
  'drive.writeBeside': Call<{ readonly path: string; readonly content: string }, Row>;
  /** Counts what there is in directories and files, hidden things too. */
  'drive.measure': Call<{ readonly paths: readonly string[] }, TreeSize, TreeSize>;
  /** Looks for things below a directory and gives them as they are found. */
  'search.run': Call<{ readonly directory: string; readonly query: SearchQuery }, SearchSummary, SearchEvent>;
  /** Offers the page's decoder of videos, as long as the page is there: the engine asks for a frame of a video that is uploaded. */
  'page.frames': Call<undefined, undefined, never, FrameQuestion, ImageBitmap>;
  /**
   * Tells what may have changed, as long as the page wants to know: everything at first, later what was changed meanwhile. Ends by itself when the session does, or is
   * replaced by another one of the account.
   */
  'live.watch': Call<undefined, undefined, LiveChanges>;
  /** Tells whether the server can be reached, each time when that changes, as long as the page is there. */
  'page.connection': Call<undefined, undefined, ConnectionState>;
  /** Puts items of one directory into the trash. */
  'trash.put': Call<{ readonly paths: readonly string[] }, TrashReceipt, ItemsProgress>;
  'trash.list': Call<undefined, readonly TrashedRow[]>;
  /** Puts items back where they were; under another name when theirs is in use. */
  'trash.restore': Call<{ readonly paths: readonly string[] }, readonly ItemProblem[], ItemsProgress>;
  /** Deletes items of the trash for good. */
  'trash.remove': Call<{ readonly paths: readonly string[] }, readonly ItemProblem[], ItemsProgress>;
  /** Deletes all of what was seen in the trash for good, fast: what came into it since then stays. */
  'trash.empty': Call<{ readonly paths: readonly string[] }, readonly ItemProblem[], ItemsProgress>;
  /** Uploads files and folders into a directory. What cannot be stored is told in an event and keeps nothing else from being stored. */
  'upload.run': Call<UploadArguments, undefined, UploadEvent, UploadConflict, ConflictAnswer>;
  /**
   * Gives files to whoever holds the other end of `port`, the service worker, piece by piece as it asks; until the page lets go. One file, or
   * everything below several paths as one zip file.
   */
  'stream.serve': Call<StreamArguments, undefined, StreamEvent>;
}

/** How much the account stores and may store, in bytes. */
export interface SpaceState {
  readonly used: number;
  readonly quota: number;
}

/** See `account.changePassword`. */
export interface PasswordChange {
  readonly oldPassword: string;
  readonly newPassword: string;
}

/** A second factor of the account. */
export interface FactorRow {
  /** For {@link EngineCalls} `factors.remove`. */
  readonly id: string;
  readonly kind: 'totp' | 'security-key' | 'backup-code' | 'other';
  /** As its owner named it; of backup codes how many are left. */
  readonly name: string;
  readonly isEnabled: boolean;
}

/** A new authenticator app; secrets. */
export interface NewApp {
  readonly id: string;
  /** What the app scans as a QR code. */
  readonly uri: string;
}

/** Something to upload: a file with its content, or a directory that may be empty. */
export type UploadItem =
  | { readonly id: number; readonly path: readonly string[]; readonly file: File }
  | { readonly id: number; readonly path: readonly string[]; readonly file: undefined };

/** See `upload.run`. */
export interface UploadArguments {
  readonly directory: string;
  readonly items: readonly UploadItem[];
  /** Whether the page means the tree of the open link; otherwise that of whoever is logged in. Nothing is stored when the engine shows the other one by now. */
  readonly isInLink: boolean;
}

/** What becomes of an upload. */
export type UploadEvent =
  /** Bytes of one item that are stored or known to be there. */
  | { readonly kind: 'progress'; readonly id: number; readonly done: number }
  /** `unchanged`: the same content was there already. `name`: the one that it got because its own was in use. */
  | {
      readonly kind: 'done';
      readonly id: number;
      readonly outcome: 'stored' | 'unchanged' | 'skipped';
      readonly name?: string | undefined;
    }
  | { readonly kind: 'failed'; readonly id: number; readonly fault: EngineFault };

/** The question what to do about a file that is there already with other content. */
export interface UploadConflict {
  readonly id: number;
  /** Where: the path of what is there. */
  readonly path: string;
  readonly existing: { readonly size: number; readonly modified: number };
  readonly incoming: { readonly size: number; readonly modified: number };
}

/** What a person answers. */
export type ConflictAnswer = 'replace' | 'keep-both' | 'skip';

/** See `stream.serve`. */
export interface StreamArguments {
  readonly paths: readonly string[];
  /** In place of `paths`: what a post or a message shows. */
  readonly shown?: ShownFile | undefined;
  /** How a zip file tells what could not be read; undefined for one file as it is. */
  readonly zip: ZipTexts | undefined;
  readonly port: MessagePort;
}

/** A file that a post shows, by the path of the post and its place there, or one that a message of a chat shows. */
export type ShownFile = { readonly path: string; readonly index: number } | { readonly attachment: AttachmentPlace };

/** The words of the text file at the end of a zip file from which something is missing. */
export interface ZipTexts {
  readonly reportName: string;
  /** Before the paths of what is not in it. */
  readonly leftOut: string;
  /** Before the paths of what ends too early. */
  readonly cutOff: string;
}

/** How a stream that is given out goes. */
export type StreamEvent =
  | { readonly kind: 'ready'; readonly size: number | undefined }
  | { readonly kind: 'progress'; readonly done: number }
  /** Everything was given out, once; all but `damaged` things. */
  | { readonly kind: 'complete'; readonly damaged: number }
  /** The browser does not want the rest: somebody has cancelled, or a player is at another place. */
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'failed'; readonly fault: EngineFault };

/** Whether the server can be reached, as far as anybody has noticed. */
export type ConnectionState = 'there' | 'away';

/** See `drive.transfer`. */
export interface TransferArguments {
  readonly paths: readonly string[];
  readonly directory: string;
  readonly how: 'move' | 'copy';
}

/** What came of putting items into the trash. */
export interface TrashReceipt {
  /** Where they are now; for taking them back. */
  readonly trashed: readonly string[];
  readonly problems: readonly ItemProblem[];
}

/** Something in the trash. */
export interface TrashedRow extends Row {
  /** The directory it was in. */
  readonly origin: string;
  /** Milliseconds since 1970. */
  readonly deleted: number;
}

/** What kind of thing is looked for. */
export type SearchKind = 'folder' | 'image' | 'video' | 'audio' | 'text' | 'pdf' | 'other';

/** What is looked for: everything of it has to be so. */
export interface SearchQuery {
  /** Words that are in the name, whatever their order, capitals and accents; `*` and `?` in a word make it a pattern for the whole name. */
  readonly text: string;
  /** Empty: any. */
  readonly kinds: readonly SearchKind[];
  /** Bytes, included. Folders have none, so they are not found by them. */
  readonly minSize: number | undefined;
  readonly maxSize: number | undefined;
  /** Milliseconds since 1970, included. */
  readonly modifiedFrom: number | undefined;
  readonly modifiedTo: number | undefined;
  /** Whether hidden things count, and what is in hidden directories. */
  readonly showsHidden: boolean;
}

/** How far a search is. */
export interface SearchEvent {
  /** Things that were looked at, in all. */
  readonly looked: number;
  /** What was found since the last event. */
  readonly found: readonly Row[];
}

/** How a search ended. */
export interface SearchSummary {
  readonly looked: number;
  /** Things that could not be looked at. */
  readonly damaged: number;
  /** Whether it ended early, because it had found so much. */
  readonly isCut: boolean;
}

/** How much there is below something. */
export interface TreeSize {
  readonly files: number;
  readonly directories: number;
  readonly bytes: number;
  /** Things that could not be looked at. */
  readonly damaged: number;
}

/** A video that a picture is wanted of. */
export interface FrameQuestion {
  readonly video: Blob;
}

/** The name of a call. */
export type EngineCallName = keyof EngineCalls;

/** Who is logged in. */
export interface SessionInfo {
  readonly username: string;
  /** Where the drive begins: `/username`. */
  readonly homePath: string;
  /** Whether this device opens the account again without the password. */
  readonly isKept: boolean;
}

/** Whose session this device keeps. */
export interface KeptSession {
  readonly username: string;
}

/** How far a computation is, 0 to 1. */
export interface FractionEvent {
  readonly phase: string;
  readonly done: number;
}

/** See `logIn` of the SDK. */
export interface LogInArguments {
  readonly username: string;
  readonly password: string;
  /** Whether the device keeps the session. */
  readonly keep: boolean;
}

/** See `signUp` of the SDK. */
export interface SignUpArguments extends LogInArguments {
  /** Of the sign-up link; empty without one. */
  readonly token: string;
}

/** A second factor that would do. */
export interface FactorChoice {
  readonly kind: 'totp' | 'security-key' | 'backup-code';
  /** As its owner named it. */
  readonly name: string;
}

/** What is asked of the person who logs in. */
export type LogInQuestion =
  /** Which factor, and its code. */
  | {
      readonly kind: 'second-factor';
      readonly factors: readonly FactorChoice[];
      /** 1 for the first question; more after a wrong answer. */
      readonly attempt: number;
    }
  /** The browser's dialog for a security key, after somebody chose one. */
  | { readonly kind: 'security-key'; readonly question: SecurityKeyQuestion };

/** What a person answers; undefined: does not want to. */
export type LogInAnswer =
  /** The place of the factor in the question, and for all but security keys the code. */
  | { readonly kind: 'second-factor'; readonly factor: number; readonly code: string }
  | { readonly kind: 'security-key'; readonly signed: SignedChallenge };

/** What was there in all. */
export interface ListSummary {
  readonly count: number;
  /** Whether something can be put into the directory. */
  readonly isWritable: boolean;
}
