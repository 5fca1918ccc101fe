import type { FriendsState } from '@pyrgos/client';
import { commandName } from '../command-name.js';
import type { FilesContext } from '../files/files-context.js';
import { formatTable, printableName } from '../terminal.js';
import { type LeavingOutOptions, leftOutOf } from './leaving-out.js';
import { nothingToDo, usernameOf } from './recipients.js';

/** How a request is answered (chapter 09 section 5.3). */
export const requestActions = ['accept', 'accept-and-reciprocate', 'reject'] as const;
export type RequestAction = (typeof requestActions)[number];

/** Prints how the account stands to others: one line for each of them. */
export async function listFriends({ output, session, signal }: FilesContext): Promise<void> {
  const state = await session.friends.state({ signal });
  const names = new Set([...state.followers, ...state.following, ...state.outgoing, ...state.blocked, ...state.changed]);
  const people = [...names].sort();
  const width = Math.max(0, ...people.map((name) => printableName(name).length));
  for (const username of people) {
    const facts = factsOf(state, username);
    output.result(`${printableName(username).padEnd(width)}  ${relationText(facts)}`, { username, ...facts });
  }
  if (!output.isJson)
    for (const name of state.removing) {
      const shown = printableName(name);
      output.note(
        `That '${shown}' follows you has not ended yet: ${commandName} remove-follower ${shown} goes on, and says what is in the way.`,
      );
    }
  const waiting = state.incoming.length;
  if (waiting > 0 && !output.isJson)
    output.note(`${waiting} follow ${waiting === 1 ? 'request waits' : 'requests wait'}: ${commandName} requests`);
}

/** What is printed of somebody. */
export interface PersonFacts {
  readonly isFollower: boolean;
  /** Their removal has begun, and is not finished. */
  readonly isBeingRemoved: boolean;
  readonly isFollowed: boolean;
  readonly isAsked: boolean;
  readonly isBlocked: boolean;
  readonly isVerified: boolean;
  readonly isUnreachable: boolean;
  /** The server shows somebody else in their place. */
  readonly isReplaced: boolean;
}

/** How the account stands to somebody. */
export function factsOf(
  { blocked, changed, followers, following, outgoing, removing, unreachable, verified }: FriendsState,
  username: string,
): PersonFacts {
  return {
    isFollower: followers.includes(username),
    isBeingRemoved: removing.includes(username),
    isFollowed: following.includes(username),
    isAsked: outgoing.includes(username),
    isBlocked: blocked.includes(username),
    isVerified: verified.includes(username),
    isUnreachable: unreachable.includes(username),
    isReplaced: changed.includes(username),
  };
}

/** The same in words, empty for a stranger. */
export function relationText(facts: PersonFacts): string {
  const { isAsked, isBeingRemoved, isBlocked, isFollowed, isFollower, isReplaced, isUnreachable, isVerified } = facts;
  const relations = isFollower && isFollowed ? ['friend'] : [isFollower ? 'follows you' : '', isFollowed ? 'you follow' : ''];
  return [
    ...relations,
    isBeingRemoved ? 'being removed' : '',
    isAsked ? 'asked, no answer yet' : '',
    isBlocked ? 'blocked' : '',
    isVerified ? 'verified' : '',
    isUnreachable ? 'server away' : '',
    isReplaced ? 'NOT WHO THEY WERE: the server shows somebody else under this name; you do not follow them any more' : '',
  ]
    .filter((text) => text !== '')
    .join(', ');
}

/** Prints who wants to follow the account, and what a yes would mean. */
export async function listRequests({ output, session, signal }: FilesContext): Promise<void> {
  const { followers, following, incoming } = await session.friends.state({ signal });
  const rows = incoming.map(({ isChecked, username }) => [
    printableName(username),
    following.includes(username) ? 'wants to follow you; you follow them already' : 'wants to follow you, and lets you follow them',
    isChecked ? '' : '(cannot be checked now: their server does not answer)',
  ]);
  const lines = formatTable(rows);
  for (const [i, { isChecked, username }] of incoming.entries()) {
    output.result((lines[i] ?? '').trimEnd(), {
      username,
      isChecked,
      isFollower: followers.includes(username),
      isFollowed: following.includes(username),
    });
  }
  if (incoming.length === 0) output.done('No pending follow requests.', { event: 'summary', requests: 0 });
}

/** Asks somebody whether the account may follow them. Errors of the client. */
export async function follow({ output, session, signal }: FilesContext, user: string): Promise<void> {
  const username = usernameOf(user);
  const outcome = await session.friends.follow(username, { signal });
  const text =
    outcome === 'requested' ? `Sent follow request to '${printableName(username)}'` : `You follow '${printableName(username)}' again.`;
  output.done(text, { event: outcome, username });
}

/** Answers the request of somebody. NotFoundError when they have sent none. */
export async function answerRequest({ output, session, signal }: FilesContext, user: string, action: RequestAction): Promise<void> {
  const username = usernameOf(user);
  const answer = { accept: action !== 'reject', reciprocate: action === 'accept-and-reciprocate' };
  if (!(await session.friends.answer(username, answer, { signal }))) {
    const text = `Could not process request from '${printableName(username)}' - they haven't sent you a follow-request.`;
    throw nothingToDo(text);
  }
  output.done(`Processed follow request from '${printableName(username)}' with ${action} action.`, { event: 'answered', username, action });
}

/** Stops to follow somebody. */
export async function unfollow({ output, session, signal }: FilesContext, user: string): Promise<void> {
  const username = usernameOf(user);
  const isNew = await session.friends.unfollow(username, { signal });
  const name = printableName(username);
  const text = isNew ? `You do not follow '${name}' any more. They are not told.` : `You have blocked '${name}' already.`;
  output.done(text, { event: 'unfollowed', username, changed: isNew });
}

/** Wants nothing to do with somebody any more: sees nothing of them, shows them nothing, denies what they have asked and hears of no more requests. */
export async function block(context: FilesContext, user: string, damaged: LeavingOutOptions = {}): Promise<void> {
  const { output, session, signal } = context;
  const username = usernameOf(user);
  const { friends } = session;
  // First what cannot fail for want of anything of theirs.
  const isNew = await friends.unfollow(username, { signal });
  const wasFollower = await friends.removeFollower(username, { signal, ...leftOutOf(context, damaged) });
  const hadAsked = await friends.deny(username, { signal });
  const name = printableName(username);
  const text = wasFollower ? ` What you shared with them has new keys.` : '';
  output.done(`You have blocked '${name}': neither of you sees anything of the other.${text}`, {
    event: 'blocked',
    username,
    changed: isNew || wasFollower || hadAsked,
  });
}

/** Takes {@link unfollow} back. NotFoundError for somebody who is not blocked. */
export async function unblock({ output, session, signal }: FilesContext, user: string): Promise<void> {
  const username = usernameOf(user);
  const name = printableName(username);
  if (!(await session.friends.unblock(username, { signal })))
    throw nothingToDo(`'${name}' is not blocked: ${commandName} friends lists who is.`);
  output.done(`'${name}' is not blocked any more.`, { event: 'unblocked', username });
}

/** Ends that somebody follows the account. NotFoundError for somebody who does not. */
export async function removeFollower(context: FilesContext, user: string, damaged: LeavingOutOptions = {}): Promise<void> {
  const { output, session, signal } = context;
  const username = usernameOf(user);
  const name = printableName(username);
  if (!(await session.friends.removeFollower(username, { signal, ...leftOutOf(context, damaged) })))
    throw nothingToDo(`'${name}' does not follow you: ${commandName} friends lists who does.`);
  output.done(`'${name}' does not follow you any more. What you shared with them has new keys.`, { event: 'follower-removed', username });
}
