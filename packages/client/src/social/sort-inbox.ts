import type { SymmetricKey } from '@pyrgos/core/keys';
import type { Opened } from './inbox.js';
import { isSameEntry, type SocialFacts } from './social-facts.js';

/** Everything in the inbox from one user. */
export interface FromUser {
  readonly username: string;
  /** Oldest first. */
  readonly all: readonly Opened[];
}

/** What may be an answer: anybody can post it in the name of the user who was asked. */
export interface ReplyFrom {
  readonly username: string;
  /** What brings the key of the directory that was sent with the question, which nobody else knows. Oldest first. */
  readonly certain: readonly Opened[];
  /** What else there is. Oldest first. */
  readonly claimed: readonly Opened[];
}

/** What the inbox of an account means (chapter 06 section 4.4). */
export interface SortedInbox {
  /** From users who were asked. */
  readonly replies: readonly ReplyFrom[];
  /** From users who wait for an answer. */
  readonly requests: readonly FromUser[];
  /** From users to whom a whole answer was written, and perhaps not sent. */
  readonly unfinished: readonly FromUser[];
  /** What was dealt with, and not removed. */
  readonly leftovers: readonly Opened[];
}

/**
 * Sorts the inbox. `ownKey`: the read key of the own directory for a user, if there is one.
 *
 * Whether something is an answer or a request is not in it: it depends on whether its sender was asked. What is neither stays on the server: a follower who
 * asks once more.
 */
export async function sortInbox(
  opened: readonly Opened[],
  facts: SocialFacts,
  ownKey: (username: string) => Promise<SymmetricKey | undefined>,
): Promise<SortedInbox> {
  const bySender = new Map<string, Opened[]>();
  for (const item of opened) bySender.set(item.sender, [...(bySender.get(item.sender) ?? []), item]);
  const replies: ReplyFrom[] = [];
  const requests: FromUser[] = [];
  const unfinished: FromUser[] = [];
  const leftovers: Opened[] = [];
  for (const [username, all] of bySender) {
    const known = facts.entries.get(username);
    if (facts.pending.has(username)) {
      const key = await ownKey(username);
      const isCertain = (item: Opened): boolean => key !== undefined && item.key?.equals(key) === true;
      // After a refusal, which may have been theirs, a request that crosses ours is one to be asked about.
      const isRequest = (item: Opened): boolean =>
        facts.refused.has(username) && !isCertain(item) && item.key !== undefined && !item.entry.capability.isNull;
      const certain = all.filter(isCertain);
      const claimed = all.filter((item) => !isCertain(item) && !isRequest(item));
      if (certain.length + claimed.length > 0) replies.push({ username, certain, claimed });
      const asking = all.filter(isRequest);
      if (asking.length > 0) requests.push({ username, all: asking });
      continue;
    }
    const isKnown = ({ entry }: Opened): boolean => isSameEntry(entry, known);
    if (!facts.users.has(username)) {
      // Answers that were dealt with: refusals, and those that only let the account follow.
      const isDone = (item: Opened): boolean => item.entry.capability.isNull || (item.key === undefined && isKnown(item));
      leftovers.push(...all.filter(isDone));
      const left = all.filter((item) => !isDone(item));
      if (left.length > 0) requests.push({ username, all: left });
      continue;
    }
    const key = await ownKey(username);
    // The directory for the user was made for this very request.
    const begun = all.filter((item) => key !== undefined && item.key?.equals(key) === true && !item.entry.capability.isNull);
    if (begun.some((item) => !isKnown(item))) requests.push({ username, all });
    else if (begun.length > 0) unfinished.push({ username, all });
    else leftovers.push(...all.filter((item) => item.entry.capability.isNull || isKnown(item)));
  }
  return { replies, requests, unfinished, leftovers };
}
