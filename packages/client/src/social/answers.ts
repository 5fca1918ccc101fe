import type { AbsoluteCapability, EntryPoint } from '@pyrgos/core/model';
import { SymmetricKey } from '@pyrgos/core/keys';
import { GroupName } from '@pyrgos/core/social';
import { recipientDirectory } from './capability-store.js';
import { checkEntry, type Verdict } from './entry-check.js';
import { fullInbox, post } from './follow-messages.js';
import { admitToGroups } from './groups.js';
import { type Opened, removeRequests } from './inbox.js';
import { addFriendEntry, changePending, unblock } from './list-changes.js';
import type { OwnSpace } from './own-space.js';
import type { Peers } from './peers.js';
import { getOrMakeRecipient } from './recipient-directories.js';
import { isSameEntry } from './social-facts.js';
import { followedEntries, readBlocked, readFriendEntries } from './social-lists.js';
import type { FromUser } from './sort-inbox.js';

/** How a request is answered: both are independent of each other (chapter 06 section 4.3). */
export interface FollowAnswer {
  /** Whether the other user may follow the account. */
  readonly accept: boolean;
  /** Whether the account follows the other user. */
  readonly reciprocate: boolean;
}

/** A request that stood the check. */
interface CheckedRequest {
  readonly opened: Opened;
  readonly verdict: Extract<Verdict, { readonly kind: 'valid' }>;
}

/** The newest of the requests of a user that is theirs, and what of the others is forged; or why none can be answered now. */
export async function newestValid(
  peers: Peers,
  { all }: FromUser,
  options: { readonly pins: boolean; readonly signal: AbortSignal | undefined },
): Promise<{
  readonly valid?: CheckedRequest;
  readonly forged: readonly Opened[];
  readonly failure?: Exclude<Verdict, { readonly kind: 'valid' | 'forged' }>;
}> {
  const forged: Opened[] = [];
  for (const opened of all.toReversed()) {
    const verdict = await checkEntry(peers, opened.entry, options);
    if (verdict.kind === 'valid') return { valid: { opened, verdict }, forged };
    if (verdict.kind !== 'forged') return { failure: verdict, forged };
    forged.push(opened);
  }
  return { forged };
}

/**
 * Answers a request (chapter 06 section 4.3) and removes it with all others of the same user. The access that the answer brings is committed before it is sent,
 * and what the account gets after it: an answer that is cut off is found unfinished, and the request is shown again.
 */
export async function answerRequest(
  space: OwnSpace,
  peers: Peers,
  from: FromUser,
  { opened, verdict: { entry, peer } }: CheckedRequest,
  { accept, reciprocate }: FollowAnswer,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { account } = space;
  const { username } = from;
  // Whoever cannot be answered is not let in either.
  await peers.boxingKeyOf(peer, signal);
  const { isKnown, isBlocked } = await knownAs(space, entry, signal);
  const directory = accept ? await letIn(space, username, opened.key, reciprocate || (isKnown && !isBlocked), signal) : undefined;
  // Somebody whom the account follows already must not be told that it does not: they would close the directory behind it.
  const follows = reciprocate || isKnown;
  const key = follows ? (entry.capability.isNull ? SymmetricKey.generate(account.crypto) : entry.capability.rBaseKey) : undefined;
  if (!(await post(account, peers, peer, { directory, key }, signal))) throw fullInbox(username);
  if (reciprocate && !entry.capability.isNull) {
    await space.changeHome(signal, async (operation, home) =>
      operation.committer.withoutFlush(async () => {
        await addFriendEntry(operation, space, home, entry);
        await unblock(operation, space, home, username);
      }),
    );
  }
  await removeRequests(
    account,
    from.all.map(({ blind }) => blind),
    signal,
  );
}

/** Sends an answer once more whose sending may have been cut off, though everything here is done. Resolves to whether it could be. */
export async function finishAnswer(space: OwnSpace, peers: Peers, from: FromUser, signal: AbortSignal | undefined): Promise<boolean> {
  const { valid } = await newestValid(peers, from, { pins: false, signal });
  if (valid === undefined) return false;
  const directory = await space.look(signal, async (view, home) => recipientDirectory(view, home, from.username));
  if (directory === undefined) return false;
  // With another key than the first time: who has got that one must not take this one for something unfinished in turn.
  const message = { directory: directory.capability, key: SymmetricKey.generate(space.account.crypto) };
  return post(space.account, peers, valid.verdict.peer, message, signal);
}

/** Makes the directory for a user, with the read key that they have asked for, and a member of the groups of them. */
async function letIn(
  space: OwnSpace,
  username: string,
  key: SymmetricKey | undefined,
  asFriend: boolean,
  signal: AbortSignal | undefined,
): Promise<AbsoluteCapability> {
  return space.changeHome(signal, async (operation, home) =>
    operation.committer.withoutFlush(async () => {
      const { directory } = await getOrMakeRecipient(operation, space, home, username, key);
      // Somebody who was asked and seemed to have refused is a follower from here on.
      await changePending(operation, space, home, (pending) => pending.without(username));
      const groups = asFriend ? [GroupName.followers, GroupName.friends] : [GroupName.followers];
      await admitToGroups(operation, space, home, username, groups);
      return directory.capability;
    }),
  );
}

async function knownAs(
  space: OwnSpace,
  entry: EntryPoint,
  signal: AbortSignal | undefined,
): Promise<{ readonly isKnown: boolean; readonly isBlocked: boolean }> {
  return space.look(signal, async (view, home) => {
    const known = followedEntries(await readFriendEntries(view, home), new Set());
    const blocked = await readBlocked(view, home);
    return { isKnown: isSameEntry(entry, known.get(entry.ownerName)), isBlocked: blocked.has(entry.ownerName) };
  });
}
