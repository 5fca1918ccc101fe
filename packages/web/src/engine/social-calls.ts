import type { Call } from './call.js';
import type { LeavingOut } from './sharing-calls.js';

/** The calls about other people: who follows whom, and who they are. */
export interface SocialCalls {
  /** How the account stands to everybody; what others have answered meanwhile is done before. */
  'social.people': Call<undefined, People>;
  /** How many people wait for an answer, those left out whom the account does not want to see. Cheap: for looking now and then. */
  'social.requestCount': Call<undefined, number>;
  /** Asks somebody. `again`: also when they were asked before. Errors: `not-found.user`, `not-found.key`, `denied.request`. */
  'social.follow': Call<{ readonly username: string; readonly again: boolean }, FollowResult>;
  /** Answers a request; whether there was one: another device may have been faster. */
  'social.answer': Call<{ readonly username: string; readonly answer: RequestAnswer }, boolean>;
  /** Sees nothing of somebody any more; they are not told. */
  'social.unfollow': Call<{ readonly username: string }, undefined>;
  /** Takes away what somebody can see of the account. */
  'social.removeFollower': Call<LeavingOut & { readonly username: string }, undefined>;
  /** All of it: sees nothing of somebody, lets them see nothing, denies what they ask, and hears of no request of theirs. */
  'social.block': Call<LeavingOut & { readonly username: string }, undefined>;
  /** Takes `social.unfollow` and the hearing of no requests back; whether they are followed again. */
  'social.unblock': Call<{ readonly username: string }, boolean>;
  /** The number that two people compare to be sure of each other. */
  'social.safetyNumber': Call<{ readonly username: string }, SafetyNumberFacts>;
  /** Whether a number, or the text of a QR code, that somebody else was shown is that of the two. */
  'social.compareNumber': Call<{ readonly username: string; readonly shown: string }, boolean>;
  /** Notes that the number was compared, or that this counts no more. `conflict.changed` when it is not `digits` any more. */
  'social.setVerified': Call<{ readonly username: string; readonly digits: string; readonly isVerified: boolean }, undefined>;
}

/** See `social.people`. All lists are sorted by name. */
export interface People {
  /** Who waits for an answer. */
  readonly requests: readonly PersonAsking[];
  /** Who was asked and has not answered. */
  readonly sent: readonly SomePerson[];
  /** Who was followed, and in whose place the server shows somebody else: see `FriendsState.changed` of the SDK. */
  readonly replaced: readonly ReplacedPerson[];
  /** Followers and followed people. */
  readonly known: readonly KnownPerson[];
  /** Whom the account does not want to see: it has stopped to follow them, or has blocked them. */
  readonly blocked: readonly BlockedPerson[];
}

/** Anybody, by name. */
export interface SomePerson {
  readonly username: string;
  readonly verification: Verification;
}

/** Somebody who wants to follow the account. */
export interface PersonAsking extends SomePerson {
  /** Whether the name is known to be that of the sender; false while the server cannot be asked. */
  readonly isChecked: boolean;
}

/** A friend, a follower, or somebody who is followed. */
export interface KnownPerson extends SomePerson {
  readonly isFollower: boolean;
  readonly isFollowed: boolean;
  /** False while nobody can tell whether they still let the account follow them. */
  readonly isReachable: boolean;
  /** Their removal as a follower has begun and is not finished: see `FriendsState.removing` of the SDK. */
  readonly isBeingRemoved: boolean;
}

/** See {@link People}. */
export interface ReplacedPerson extends SomePerson {
  /** Whether what the account shares with the name is still kept for the old keys. */
  readonly isFollower: boolean;
}

/** See {@link People}. */
export interface BlockedPerson extends SomePerson {
  /** Whether they can still see what the account shares with them. */
  readonly isFollower: boolean;
  /** Whether they have asked to follow the account. */
  readonly hasAsked: boolean;
}

/** What is known of somebody's keys. `changed`: they are not those that were compared; `unknown`: they were compared, and cannot be looked at now. */
export type Verification = 'verified' | 'unverified' | 'changed' | 'unknown';

/** What came of `social.follow`: the first two have happened, the others say why there was nothing to do. */
export type FollowResult = 'requested' | 'following' | 'self' | 'no-name' | 'asked-before' | 'has-asked' | 'known';

/** How a request is answered. */
export type RequestAnswer = 'accept-and-follow' | 'accept' | 'deny' | 'block';

/** See `social.safetyNumber`. */
export interface SafetyNumberFacts {
  /** 60 digits, the same on both sides. */
  readonly digits: string;
  /** The text of the QR code. */
  readonly code: string;
  readonly verification: Exclude<Verification, 'unknown'>;
}
