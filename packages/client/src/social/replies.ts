import type { EntryPoint } from '@pyrgos/core/model';
import { GroupName } from '@pyrgos/core/social';
import { PyrgosError } from '@pyrgos/core/errors';
import { isDamage, type Item, type OperationView } from '../files/view/index.js';
import { forEachAtOnce } from '../waiting/for-each-at-once.js';
import { checkEntry } from './entry-check.js';
import { admitToGroups, hasRecipient } from './groups.js';
import { type Opened, removeRequests } from './inbox.js';
import { addFriendEntry, changePending } from './list-changes.js';
import type { OwnSpace } from './own-space.js';
import type { Peers } from './peers.js';
import { deleteRecipient } from './recipient-directories.js';
import { readPending } from './social-lists.js';
import type { ReplyFrom } from './sort-inbox.js';

/** Users who are looked up at a time. */
const CHECKS_IN_FLIGHT = 8;

/** An answer that counts. */
interface Reply {
  readonly opened: Opened;
  readonly username: string;
  /** Lets the account follow them. */
  readonly entry: EntryPoint | undefined;
  /** Whether they follow the account. */
  readonly isFollower: boolean;
}

/** Whether an error is about one answer, so that the others can be dealt with. */
function isAboutOne(error: unknown): boolean {
  return error instanceof PyrgosError && (error.code === 'limit' || error.code.startsWith('not-found.') || isDamage(error));
}

/**
 * Does what answers say (chapter 06 section 4.4), all in one commit, and removes them from the inbox then; what is forged is removed as well. Resolves to
 * everything that is done with; what cannot be checked or done now is not in it, and stays there.
 */
export async function processReplies(
  space: OwnSpace,
  peers: Peers,
  replies: readonly ReplyFrom[],
  signal: AbortSignal | undefined,
): Promise<ReadonlySet<Opened>> {
  const valid: Reply[] = [];
  const done = new Set<Opened>();
  await forEachAtOnce(replies, CHECKS_IN_FLIGHT, async ({ username, reply }) => {
    const isFollower = reply.key !== undefined;
    if (reply.entry.capability.isNull) {
      valid.push({ opened: reply, username, entry: undefined, isFollower });
      return;
    }
    const verdict = await checkEntry(peers, reply.entry, { pins: true, signal });
    if (verdict.kind === 'valid') valid.push({ opened: reply, username, entry: verdict.entry, isFollower });
    else if (verdict.kind === 'forged') done.add(reply);
  });
  for (const { opened } of await applyAll(space, valid, signal)) done.add(opened);
  await removeRequests(
    space.account,
    [...done].map(({ blind }) => blind),
    signal,
  );
  return done;
}

/** Applies them together; one by one when one of them cannot be. Resolves to those that were. */
async function applyAll(space: OwnSpace, replies: readonly Reply[], signal: AbortSignal | undefined): Promise<readonly Reply[]> {
  if (replies.length === 0) return [];
  try {
    await space.changeHome(signal, async (operation, home) =>
      operation.committer.withoutFlush(async () => {
        for (const reply of replies) await apply(operation, space, home, reply);
      }),
    );
    return replies;
  } catch (error) {
    if (!isAboutOne(error)) throw error;
    if (replies.length === 1) return [];
    const applied: Reply[] = [];
    for (const reply of replies) applied.push(...(await applyAll(space, [reply], signal)));
    return applied;
  }
}

async function apply(operation: OperationView, space: OwnSpace, home: Item, { username, entry, isFollower }: Reply): Promise<void> {
  // Another session was faster.
  if (!(await readPending(operation, home)).pendingOutgoing.has(username)) return;
  await changePending(operation, space, home, (pending) => pending.without(username));
  if (entry !== undefined) await addFriendEntry(operation, space, home, entry);
  if (!isFollower) {
    await deleteRecipient(operation, home, username);
    return;
  }
  // Without a directory nothing can be given; it was deleted by somebody else.
  if (!(await hasRecipient(operation, home, username))) return;
  const groups = entry === undefined ? [GroupName.followers] : [GroupName.followers, GroupName.friends];
  await admitToGroups(operation, space, home, username, groups);
}
