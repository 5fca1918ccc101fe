import type { Call } from './call.js';
import type { ItemProblem, ItemsProgress, PasswordJudgement, Row } from './call-types.js';
import type { EngineFault } from './engine-fault.js';

/** The calls about what is shared: with people, by secret links, and with everybody. */
export interface SharingCalls {
  /** With whom something can be shared. */
  'share.people': Call<undefined, SharePeople>;
  /** Who can see one thing, and how. */
  'share.look': Call<{ readonly path: string }, SharedItem>;
  /** Lets people and groups see things, or change them; one thing after the other, and what cannot be shared is told and passed over. */
  'share.add': Call<ShareArguments & { readonly paths: readonly string[] }, readonly ItemProblem[], ShareProgress>;
  /** Changes what people and groups may do who have one thing already. From `write` to `read` gives it new keys. */
  'share.change': Call<ShareArguments & LeavingOut & { readonly path: string }, undefined, ShareProgress>;
  /** Ends that one thing is shared with people and groups; it gets new keys. */
  'share.remove': Call<LeavingOut & { readonly path: string; readonly with: readonly SharePartner[] }, undefined, ShareProgress>;
  /** Everything that the account shares, its posts and profile left out, as it is found; then once more with what is known of the thing itself. */
  'share.list': Call<undefined, SharedSummary, readonly SharedItem[]>;
  /** Everything that others share with the account, their posts and profiles left out, as it is found. */
  'share.received': Call<undefined, undefined, readonly ReceivedItem[]>;
  /** Makes a secret link. One for writing may give the thing new keys first. */
  'link.create': Call<LinkWishes & { readonly path: string; readonly isWritable: boolean }, LinkRow, ShareProgress>;
  /** Changes a secret link; what is undefined stays. */
  'link.update': Call<Partial<LinkWishes> & { readonly path: string; readonly label: string }, LinkRow>;
  /** Ends a secret link. */
  'link.delete': Call<{ readonly path: string; readonly label: string }, undefined>;
  /** What a password on a link is worth. */
  'link.judge': Call<{ readonly password: string }, PasswordJudgement>;
  /** Lets everybody read something; `asSite`: a folder, which becomes the web site of the account. Gives its address. */
  'publish.add': Call<{ readonly path: string; readonly asSite: boolean }, PublicPlace>;
  /** Ends that everybody can read something; it gets new keys, and its shares and links end as well. */
  'publish.remove': Call<LeavingOut & { readonly path: string }, undefined, ShareProgress>;
  /**
   * Opens a link to something shared, by its text: the tree of the engine is that of the link until it is closed. Counts as one use of the link. Asks for the password when there is one,
   * some times again after a wrong one.
   */
  'link.open': Call<{ readonly link: string }, OpenedLink, never, LinkPasswordQuestion, string>;
  /** The tree of the engine is that of whoever is logged in again. */
  'link.close': Call<undefined, undefined>;
}

/** What is done with what is damaged and cannot get new keys: it is left out, or, by default, the call fails with `data.path` and `data.canLeaveOut`. */
export interface LeavingOut {
  readonly leaveOutDamaged?: boolean;
}

/** What people may do with what is shared with them. */
export type ShareAccess = 'read' | 'write';

/** With whom something is shared: somebody, or all of a group, those who come later included. */
export interface SharePartner {
  readonly kind: 'user' | 'group';
  /** The user name; of groups `friends` or `followers`. */
  readonly name: string;
}

/** See `share.add` and `share.change`. */
export interface ShareArguments {
  readonly with: readonly SharePartner[];
  readonly access: ShareAccess;
}

/** How far a change is: things of several, and of the one that is changed files and folders that have got new keys. */
export interface ShareProgress extends ItemsProgress {
  readonly rotated: number;
}

/** With whom something can be shared. */
export interface SharePeople {
  /** Who follows the account, sorted. */
  readonly followers: readonly string[];
  /** Those of them whom the account follows as well. */
  readonly friends: readonly string[];
}

/** Who has something, and what they may do. */
export interface ShareGrant extends SharePartner {
  readonly access: ShareAccess;
}

/** What the account shares of one thing. */
export interface SharedItem {
  readonly path: string;
  readonly grants: readonly ShareGrant[];
  readonly links: readonly LinkRow[];
  /** Where everybody finds it, when it is published. */
  readonly published: PublicPlace | undefined;
  /** What it is; `missing` when it is not there any more, undefined as long as nobody has looked. */
  readonly kind: Row['kind'] | 'missing' | undefined;
}

/** Something that is published. */
export interface PublicPlace {
  /** Undefined when the server cannot say. */
  readonly address: string | undefined;
  /** Whether it is public only because a folder is in which it lies. */
  readonly isInherited: boolean;
  /** Whether it is the web site of the account. */
  readonly isSite: boolean;
}

/** What could not be looked at of what is shared. */
export interface SharedSummary {
  readonly faults: readonly EngineFault[];
}

/** What the maker of a link wishes. */
export interface LinkWishes {
  /** Empty for none. */
  readonly password: string;
  /** Milliseconds since 1970; null for never. */
  readonly expires: number | null;
  /** Null for any number of times. */
  readonly maxUses: number | null;
}

/** A secret link of the account. Its address is a secret: it opens what it leads to. */
export interface LinkRow {
  readonly path: string;
  /** Names it among the links of the account. */
  readonly label: string;
  readonly address: string;
  readonly isWritable: boolean;
  readonly hasPassword: boolean;
  /** Milliseconds since 1970; null for never. */
  readonly expires: number | null;
  readonly maxUses: number | null;
  /** How often it was opened; undefined when the server does not say. */
  readonly uses: number | undefined;
}

/** Something that others share with the account. */
export interface ReceivedItem {
  readonly path: string;
  readonly owner: string;
  readonly sharers: readonly string[];
  readonly access: ShareAccess;
  readonly kind: Row['kind'];
  readonly size: number;
  /** What is wrong with it, if something is. */
  readonly fault: EngineFault | undefined;
}

/** The password of a link is asked for. */
export interface LinkPasswordQuestion {
  /** 1 for the first time, more after a wrong one. */
  readonly attempt: number;
}

/** What somebody sees who has opened a link. */
export interface OpenedLink {
  readonly owner: string;
  /** What it leads to. */
  readonly path: string;
  readonly isDirectory: boolean;
  readonly isWritable: boolean;
  /** The thing to begin with, below `path` or `path` itself. */
  readonly begin: { readonly path: string; readonly isDirectory: boolean };
}
