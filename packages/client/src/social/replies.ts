import type { EntryPoint } from '@pyrgos/core/model';
import { GroupName } from '@pyrgos/core/social';
import { PyrgosError } from '@pyrgos/core/errors';
import { isDamage, type Item, type OperationView } from '../files/view/index.js';
import { forEachAtOnce } from '../waiting/for-each-at-once.js';
import { checkEntry } from './entry-check.js';
import { admitToGroups, hasRecipient, strikeFromGroups } from './groups.js';
import { type Opened, removeRequests } from './inbox.js';
import { addFriendEntry, changePending } from './list-changes.js';
import type { OwnSpace } from './own-space.js';
import type { Peers } from './peers.js';
import { checkPlace } from './place-check.js';
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

/** What has become of answers. */
export interface ProcessedReplies {
  /** Everything that is done with: what counted, what is forged, and refusals. */
  readonly done: ReadonlySet<Opened>;
  /** Whose answers counted. */
  readonly answered: ReadonlySet<string>;
}

/** What the messages of one user come to. */
interface Judged {
  readonly reply?: Reply;
  readonly useless: readonly Opened[];
  /** They say no, or somebody else in their name: nobody can tell. */
  readonly refusals: readonly Opened[];
}

/** Whether an error is about one answer, so that the others can be dealt with. */
function isAboutOne(error: unknown): boolean {
  return error instanceof PyrgosError && (error.code === 'limit' || error.code.startsWith('not-found.') || isDamage(error));
}

/**
 * Does what answers say (chapter 06 sections 4.4 and 4.10), all in one commit, and removes them from the inbox then; what is forged is removed as well. What cannot be checked or
 * done now stays there.
 *
 * Only what is proven to come from the user who was asked counts. A refusal cannot be, so that it ends nothing: a true answer that comes later counts all the same.
 */
export async function processReplies(
  space: OwnSpace,
  peers: Peers,
  replies: readonly ReplyFrom[],
  signal: AbortSignal | undefined,
): Promise<ProcessedReplies> {
  const valid: Reply[] = [];
  const done = new Set<Opened>();
  const refusals: { readonly username: string; readonly opened: Opened }[] = [];
  await forEachAtOnce(replies, CHECKS_IN_FLIGHT, async (from) => {
    const judged = await judge(space, peers, from, signal);
    if (judged.reply !== undefined) valid.push(judged.reply);
    for (const opened of judged.useless) done.add(opened);
    for (const opened of judged.refusals) refusals.push({ username: from.username, opened });
  });
  const applied = await applyAll(space, valid, signal);
  for (const { opened } of applied) done.add(opened);
  if (refusals.length > 0) {
    await space.changeHome(signal, async (operation, home) =>
      changePending(operation, space, home, (pending) => refusals.reduce((state, { username }) => state.refusedBy(username), pending)),
    );
    for (const { opened } of refusals) done.add(opened);
  }
  await removeRequests(
    space.account,
    [...done].map(({ blind }) => blind),
    signal,
  );
  return { done, answered: new Set(applied.map(({ username }) => username)) };
}

/** Finds the answer that counts: the newest that brings the key of the question, else the first that leads to the directory of the user for the account. */
async function judge(
  space: OwnSpace,
  peers: Peers,
  { username, certain, claimed }: ReplyFrom,
  signal: AbortSignal | undefined,
): Promise<Judged> {
  const useless: Opened[] = [];
  const refusals: Opened[] = [];
  let isComplete = true;
  for (const opened of [...certain.toReversed(), ...claimed]) {
    const isFollower = opened.key !== undefined;
    const isCertain = certain.includes(opened);
    if (opened.entry.capability.isNull) {
      if (isCertain) return { reply: { opened, username, entry: undefined, isFollower }, useless, refusals: [] };
      // Whoever follows the account has its key, and does not say so without it.
      (isFollower ? useless : refusals).push(opened);
      continue;
    }
    const verdict = await checkEntry(peers, opened.entry, { pins: true, signal });
    const proof = verdict.kind !== 'valid' || isCertain ? undefined : await checkPlace(space.account, verdict.entry, signal);
    if (verdict.kind === 'valid' && (isCertain || proof === 'proven'))
      return { reply: { opened, username, entry: verdict.entry, isFollower }, useless, refusals: [] };
    if (verdict.kind === 'forged') useless.push(opened);
    // Leads nowhere: taken back since, or made up.
    else if (proof === 'unproven') (isFollower ? useless : refusals).push(opened);
    else isComplete = false;
  }
  return { useless, refusals: isComplete ? refusals : [] };
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
    await strikeFromGroups(operation, space, home, username);
    return;
  }
  // Without a directory nothing can be given; it was deleted by somebody else.
  if (!(await hasRecipient(operation, home, username))) return;
  const groups = entry === undefined ? [GroupName.followers] : [GroupName.followers, GroupName.friends];
  await admitToGroups(operation, space, home, username, groups);
}
