import { assertBoolean, assertObject } from '@pyrgos/core/arguments';
import { ArgumentError, NotFoundError } from '@pyrgos/core/errors';
import { isFriendName } from '@pyrgos/core/social';
import type { Identities } from '../identities.js';
import type { CallOptions } from '../session/call-options.js';
import { normaliseUsername } from '../session/find-account.js';
import { forEachAtOnce } from '../waiting/for-each-at-once.js';
import { answerRequest, finishAnswer, type FollowAnswer, newestValid } from './answers.js';
import { follow, type FollowOutcome } from './follow.js';
import { followersIn } from './followers.js';
import { type Opened, readInbox, removeRequests } from './inbox.js';
import { block, unblock } from './list-changes.js';
import { checkMount, type MountState } from './mount-check.js';
import type { OwnSpace } from './own-space.js';
import { endsCall, Peers } from './peers.js';
import { recipientKey } from './recipient-directories.js';
import { finishRemovals, removeFollower, type RemoveFollowerOptions } from './remove-follower.js';
import { processReplies } from './replies.js';
import { Shares } from './shares.js';
import { readFacts, type SocialFacts } from './social-facts.js';
import { type FromUser, sortInbox, type SortedInbox } from './sort-inbox.js';

/** Users who are looked up at a time. */
const LOOKUPS_IN_FLIGHT = 8;

/** Somebody who wants to follow the account. */
export interface IncomingRequest {
  readonly username: string;
  /** Whether the name is known to be that of the sender; false while the server cannot be asked. It is checked before anything is answered. */
  readonly isChecked: boolean;
}

/** How an account stands to other users. All lists are sorted by name. */
export interface FriendsState {
  /** Who wants to follow the account and waits for an answer. */
  readonly incoming: readonly IncomingRequest[];
  /** Who was asked and has not answered. Who has refused is not in it; but a refusal may be anybody's, so that a later answer of theirs still counts. */
  readonly outgoing: readonly string[];
  /** Who can see what the account shares with them; those who are asked to let the account follow them as well are in both lists. */
  readonly followers: readonly string[];
  /**
   * Those of `followers` whose removal has begun and could not be finished yet: another device may be doing it, or something that they have got cannot have new keys, which
   * {@link Friends.removeFollower} tells. Some of what is shared they see, some not any more.
   */
  readonly removing: readonly string[];
  /** Whose shared files the account can see. */
  readonly following: readonly string[];
  /** Who is both a follower and followed. */
  readonly friends: readonly string[];
  /** Whom the account has stopped to follow. */
  readonly blocked: readonly string[];
  /**
   * Who was followed and is not there any more, while the server shows somebody else under the name, whose keys do not follow from theirs: an account that was deleted, or a server that
   * lies. They are not followed, nothing of theirs is shown, and what is shared with the name is for the old keys only; `removeFollower` ends that.
   */
  readonly changed: readonly string[];
  /** Those of `following` whose server cannot be asked now whether it is still so. */
  readonly unreachable: readonly string[];
  /** Whose safety number was compared; `Identities.safetyNumber` tells whether their keys are still those. */
  readonly verified: readonly string[];
  /** The names of the groups of the account, by their ids, under which shares are recorded; empty before there are any. */
  readonly groups: ReadonlyMap<string, string>;
}

/** How a request is accepted. */
export interface AcceptOptions extends CallOptions {
  /** Whether the account follows the other user as well; default true. */
  readonly reciprocate?: boolean | undefined;
}

/**
 * Who follows the account and whom it follows (chapter 06 section 4). A follower sees what is shared with them, and nothing else.
 *
 * What a call does lasts: it is the same on all devices, and when it is cut off the next call of {@link Friends.state} finds it and goes on. Errors of all
 * calls: `network`, `quota`, DeniedError `denied.session`, AbortedError.
 */
export class Friends {
  /** @internal Comes from a session. */
  constructor(
    private readonly space: OwnSpace,
    private readonly identities: Identities,
  ) {}

  /** How the account stands to other users, after what they have answered meanwhile was done. */
  async state(options: CallOptions = {}): Promise<FriendsState> {
    const { signal } = this.space.check(options);
    const peers = new Peers(this.space.account);
    const [settled, verified] = await Promise.all([this.settle(peers, signal), this.identities.verifiedUsers({ signal })]);
    const hasFinished = await finishRemovals(this.space, new Shares(this.space), settled.facts, signal);
    const facts = hasFinished ? await this.facts(signal, false) : settled.facts;
    const [incoming, mounts, followers] = await Promise.all([
      this.checked(peers, settled.requests, signal),
      this.mounts(facts, signal),
      this.space.look(signal, async (view, home) => followersIn(view, home, facts)),
    ]);
    const following = [...mounts].flatMap(([name, mount]) => (mount === 'gone' || mount === 'changed' ? [] : [name])).sort();
    return {
      incoming,
      outgoing: [...facts.pending].filter((name) => !facts.refused.has(name)).sort(),
      followers,
      removing: followers.filter((name) => facts.removing.has(name)),
      following,
      friends: following.filter((name) => followers.includes(name)),
      blocked: [...facts.blocked].sort(),
      changed: [...mounts].flatMap(([name, mount]) => (mount === 'changed' ? [name] : [])).sort(),
      unreachable: following.filter((name) => mounts.get(name) === 'unreachable'),
      verified: [...verified].sort(),
      groups: facts.groups?.names ?? new Map(),
    };
  }

  /** Who wants to follow the account and waits for an answer, one entry for each; what others have answered meanwhile is done before. */
  async requests(options: CallOptions = {}): Promise<readonly IncomingRequest[]> {
    const { signal } = this.space.check(options);
    const peers = new Peers(this.space.account);
    return this.checked(peers, (await this.settle(peers, signal)).requests, signal);
  }

  /**
   * Asks a user whether the account may follow them. With the request they get leave to follow the account. Somebody whom the account has stopped to follow, and who
   * still lets it, is followed again at once.
   *
   * ArgumentError for the account itself and for what is no username; ConflictError `conflict.exists` for somebody whom it follows already; NotFoundError `not-found.user`,
   * also for a deleted account (`data.deleted`), and `not-found.key` for an account that cannot receive requests; DeniedError `denied.request` when too many requests
   * are waiting there already (`data.reason` is `inbox`), and PyrgosError `rate` when too many were sent there from this address: nothing has changed then. After a `network` error the request may have been sent: it is among the
   * outgoing ones, and may be sent again.
   */
  async follow(username: string, options: CallOptions = {}): Promise<FollowOutcome> {
    const { signal } = this.space.check(options);
    const name = this.other(username);
    const facts = await this.facts(signal);
    if (!facts.pending.has(name)) return follow(this.space, facts, name, signal);
    // What they have answered to the last request is no answer to this one.
    await this.hear(new Peers(this.space.account), name, signal);
    return follow(this.space, await this.facts(signal, false), name, signal);
  }

  /** Lets somebody who has asked follow the account, and by default follows them, too. Otherwise as {@link Friends.answer}. */
  async accept(request: IncomingRequest | string, options: AcceptOptions = {}): Promise<boolean> {
    const { reciprocate = true, ...call } = this.space.check(options);
    return this.answer(request, { accept: true, reciprocate }, call);
  }

  /** Refuses both. Otherwise as {@link Friends.answer}. */
  async deny(request: IncomingRequest | string, options: CallOptions = {}): Promise<boolean> {
    return this.answer(request, { accept: false, reciprocate: false }, options);
  }

  /**
   * Answers all requests of a user, who may follow the account or not, and be followed by it or not. Resolves to whether there was anything to answer: another device
   * may have been faster. Somebody whom the account has asked meanwhile has answered with their request, and becomes a friend.
   *
   * NotFoundError `not-found.key` for an account that can receive no answer; DeniedError `denied.request` when too much is waiting there
   * already: answer once more later; errors of looking the user up when that cannot be done now.
   */
  async answer(request: IncomingRequest | string, { accept, reciprocate }: FollowAnswer, options: CallOptions = {}): Promise<boolean> {
    const { signal } = this.space.check(options);
    assertBoolean('answer.accept', accept);
    assertBoolean('answer.reciprocate', reciprocate);
    if (typeof request !== 'string') assertObject('request', request);
    const username = this.other(typeof request === 'string' ? request : request.username, 'request');
    const { account } = this.space;
    const peers = new Peers(account);
    const { theirs, sorted, hasAnswered } = await this.hear(peers, username, signal);
    const [from] = sorted.requests;
    if (from === undefined || theirs.length === 0) return hasAnswered;
    const { valid, forged, failure } = await newestValid(peers, from, { pins: true, signal });
    if (failure !== undefined) throw failure.error;
    if (valid === undefined) {
      await removeRequests(
        account,
        forged.map(({ blind }) => blind),
        signal,
      );
      return false;
    }
    await answerRequest(this.space, peers, { username, all: theirs }, valid, { accept, reciprocate }, signal);
    return true;
  }

  /**
   * Stops to follow a user, whom the account does not want to see from now on; they are not told, and go on following. Resolves to whether it was not so
   * already. {@link Friends.unblock} takes it back. ArgumentError for the account itself and for what is no username; NotFoundError `not-found.user` for a name that nobody has or
   * has had: somebody who is followed, asked or a follower is not looked for, so that a deleted account can be left as well.
   */
  async unfollow(username: string, options: CallOptions = {}): Promise<boolean> {
    const { signal } = this.space.check(options);
    const name = this.other(username);
    await this.requireSomebody(name, signal);
    return this.space.changeHome(signal, async (operation, home) => block(operation, this.space, home, name));
  }

  /** Takes {@link Friends.unfollow} back: who still lets the account follow them is followed again. Resolves to whether there was anything to take back. */
  async unblock(username: string, options: CallOptions = {}): Promise<boolean> {
    const { signal } = this.space.check(options);
    const name = this.other(username);
    return this.space.changeHome(signal, async (operation, home) => unblock(operation, this.space, home, name));
  }

  /**
   * Ends that a user follows the account: everything that is shared with them, or with a group of which they are a member, gets new keys, which all others receive. The
   * account goes on following them, and a request to them can still be answered. Resolves to whether they followed. What is cut off, or cancelled, the next {@link Friends.state}
   * finishes. What cannot get new keys is an error, and they follow, as one who is being removed, until a repeated call has ended it.
   */
  async removeFollower(username: string, options: RemoveFollowerOptions = {}): Promise<boolean> {
    this.space.check(options);
    return removeFollower(this.space, new Shares(this.space), this.other(username), options);
  }

  /** Does what one user has answered; what is left of theirs is sorted. */
  private async hear(
    peers: Peers,
    username: string,
    signal: AbortSignal | undefined,
  ): Promise<{ readonly theirs: readonly Opened[]; readonly sorted: SortedInbox; readonly hasAnswered: boolean }> {
    const [facts, inbox] = await Promise.all([this.facts(signal, false), readInbox(this.space.account, signal)]);
    const theirs = inbox.opened.filter(({ sender }) => sender === username);
    const sorted = await this.sort(theirs, facts, signal);
    if (sorted.replies.length === 0) return { theirs, sorted, hasAnswered: false };
    const { done, answered } = await processReplies(this.space, peers, sorted.replies, signal);
    const hasAnswered = answered.size > 0;
    // Behind their answer there may be a request of their own.
    const left = theirs.filter((item) => !done.has(item));
    if (!hasAnswered || left.length === 0) return { theirs: left, sorted, hasAnswered };
    return { theirs: left, sorted: await this.sort(left, await this.facts(signal, false), signal), hasAnswered };
  }

  /** Does everything that can be done without asking anybody; what is left are requests. */
  private async settle(
    peers: Peers,
    signal: AbortSignal | undefined,
  ): Promise<{ readonly facts: SocialFacts; readonly requests: readonly FromUser[] }> {
    const { account } = this.space;
    const [first, inbox] = await Promise.all([this.facts(signal), readInbox(account, signal)]);
    let facts = first;
    let { opened } = inbox;
    const useless = [...inbox.worthless];
    for (;;) {
      const { replies, requests, unfinished, leftovers } = await this.sort(opened, facts, signal);
      const done = replies.length === 0 ? new Set<Opened>() : (await processReplies(this.space, peers, replies, signal)).done;
      if (done.size > 0) {
        opened = opened.filter((item) => !done.has(item));
        facts = await this.facts(signal, false);
        continue;
      }
      useless.push(...leftovers.map(({ blind }) => blind), ...(await this.finish(peers, unfinished, signal)).map(({ blind }) => blind));
      await removeRequests(account, useless, signal);
      return { facts, requests };
    }
  }

  /** Sends answers once more that may not have been sent; resolves to what is done with. */
  private async finish(peers: Peers, unfinished: readonly FromUser[], signal: AbortSignal | undefined): Promise<readonly Opened[]> {
    const done: Opened[] = [];
    for (const from of unfinished) {
      try {
        if (await finishAnswer(this.space, peers, from, signal)) done.push(...from.all);
      } catch (error) {
        if (endsCall(error)) throw error;
      }
    }
    return done;
  }

  /** The requests that stand the check, or cannot be checked now; what is forged is removed. */
  private async checked(peers: Peers, requests: readonly FromUser[], signal: AbortSignal | undefined): Promise<readonly IncomingRequest[]> {
    const incoming: IncomingRequest[] = [];
    const useless: Opened[] = [];
    await forEachAtOnce(requests, LOOKUPS_IN_FLIGHT, async (from) => {
      const { username } = from;
      const { valid, forged, failure } = await newestValid(peers, from, { pins: false, signal });
      useless.push(...forged);
      if (valid !== undefined) incoming.push({ username, isChecked: true });
      else if (failure?.kind === 'unreachable') incoming.push({ username, isChecked: false });
    });
    await removeRequests(
      this.space.account,
      useless.map(({ blind }) => blind),
      signal,
    );
    return incoming.sort((a, b) => (a.username < b.username ? -1 : 1));
  }

  private async mounts({ entries, blocked }: SocialFacts, signal: AbortSignal | undefined): Promise<ReadonlyMap<string, MountState>> {
    const mounts = new Map<string, MountState>();
    await forEachAtOnce(entries, LOOKUPS_IN_FLIGHT, async ([name, entry]) => {
      if (!blocked.has(name)) mounts.set(name, await checkMount(this.space.account, entry, signal));
    });
    return mounts;
  }

  private async sort(opened: readonly Opened[], facts: SocialFacts, signal: AbortSignal | undefined): ReturnType<typeof sortInbox> {
    return this.space.look(signal, async (view, home) => sortInbox(opened, facts, async (name) => recipientKey(view, home, name)));
  }

  private async facts(signal: AbortSignal | undefined, fresh = true): Promise<SocialFacts> {
    return this.space.look(signal, readFacts, fresh);
  }

  /** NotFoundError `not-found.user` for a name of which neither the account nor the server has ever heard. */
  private async requireSomebody(name: string, signal: AbortSignal | undefined): Promise<void> {
    const { blocked, entries, pending, users } = await this.facts(signal, false);
    if ([blocked, entries, pending, users].some((known) => known.has(name))) return;
    try {
      await new Peers(this.space.account).get(name, { pins: false, signal });
    } catch (error) {
      // Whoever was deleted, has other keys or cannot be reached is somebody.
      if (error instanceof NotFoundError && error.code === 'not-found.user' && error.data['deleted'] === undefined) throw error;
    }
  }

  private other(text: string, field = 'username'): string {
    const username = normaliseUsername(text);
    if (!isFriendName(username)) throw new ArgumentError(field, 'must be the name of a user', { reason: 'username' });
    if (username === this.space.username)
      throw new ArgumentError(field, 'must be somebody else: nobody can follow themselves', { reason: 'self' });
    return username;
  }
}
